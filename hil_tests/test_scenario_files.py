"""Scenario files: whatever is wrong is refused before anything runs, with what is allowed."""

from pathlib import Path

import pytest

from controller.cli import main
from controller.problems import InputError
from controller.site import load_site
from hil_tests.bench.assertions import MEASURES, Evidence, Told, judge
from hil_tests.bench.checks import _OPTIONS
from hil_tests.bench.kpi import Kpi
from hil_tests.bench.scenario import read_scenario, scenario_files
from hil_tests.bench.session import site_folder
from hil_tests.bench.site_facts import facts_of
from hil_tests.bench.targets import unknown_targets
from hil_tests.bench.trace import new_trace
from hil_tests.bench.wire.log import Frame
from hil_tests.live import SCENARIO as LIVE

NOTHING = Kpi(
    ener_mwh=0.0, elec_mwh=0.0, makeup_m3=0.0, tdis_kh=0.0, worst_short_k=0.0, mean_indoor_c=0.0,
    stored_mwh=0.0, cost_tot=0.0, currency="CNY",
)  # fmt: skip
SOUND = """\
purpose = "x"
start = 2026-01-16T06:00:00+08:00
hours = 4
[weather]
points = [[0, -4], [4, -6]]
[engine]
cycle_s = 3600
[people]
approves_after_min = 5
[[at]]
h = 1.5
do = "drop field share=0.3 1h"
[[assert]]
name = "a"
what = "writes"
low = 1
"""


def scenario_file(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in SOUND
    path = folder / "mine.toml"
    path.write_text(SOUND.replace(old, new, 1) if old else SOUND, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "column", "allowed"),
    [
        ("hours = 4", "hours = nan", "hours", "above 0 to 8784"),
        ("hours = 4", "hours = -1", "hours", "above 0 to 8784"),
        ("hours = 4", "hours = 1e9", "hours", "above 0 to 8784"),
        ("hours = 4", 'hours = "four"', "hours", "above 0 to 8784"),
        ("2026-01-16", "1999-12-31", "start", "2000 to 2199"),
        ("2026-01-16T06:00:00+08:00", "2026-01-16", "start", "+08:00"),
        ('what = "writes"', 'what = "warmth"', "assert[0].what", "pipe-pressure-margin"),
        ("low = 1", 'low = "one"', "assert[0].low", "finite"),
        ("low = 1", "high = nan", "assert[0].high", "finite"),
        ("low = 1", f"low = 1{'0' * 400}", "assert[0].low", "finite"),
        ("low = 1", "low = 1\nhigh = 0", "assert[0].low", "no more than high"),
        ("low = 1", "low = 1\nto_h = 9", "assert[0].to_h", "from 0 to 4"),
        ("low = 1", "low = 1\ncolour = 9", "assert[0].colour", "from_h, to_h, point"),
        ('what = "writes"', 'what = "kpi"\nkpi = "joy"', "assert[0].kpi", "tdis_kh"),
        ('what = "writes"', 'what = "trace"\nkind = "moons"', "assert[0].kind", "plants"),
        ("[[0, -4], [4, -6]]", "[]", "weather.points", "hours rising"),
        ("[[0, -4], [4, -6]]", "[[0, nan]]", "weather.points", "hours rising"),
        ("[[0, -4], [4, -6]]", "[[4, -4], [0, -6]]", "weather.points", "hours rising"),
        ("[[0, -4], [4, -6]]", "[[0, -400]]", "weather.points", "from -60 to 60"),
        ("[[0, -4], [4, -6]]", "3", "weather.points", "hours rising"),
        ("points = [[0, -4], [4, -6]]", "", "weather.points", "hours rising"),
        ("h = 1.5", "h = -1", "at[0].h", "from 0 below 4"),
        ("h = 1.5", "h = 5", "at[0].h", "from 0 below 4"),
        ("h = 1.5", "", "at[0]", "h = 1.5"),
        ("share=0.3", "share=3", "at[0].do", "drop plant 30s"),
        ("cycle_s = 3600", "cycle_s = 0", "engine.cycle_s", "from 1 to 86400"),
        ("_min = 5", "_min = -5", "people.approves_after_min", "from 0"),
        ("[engine]\ncycle_s = 3600", "seed = 1\n", "weather.seed", "points"),
        ("hours = 4", "hours = 4\nseed = -1", "seed", "from 0 to"),
        ("hours = 4", "hours = 4\nforecast = 3", "forecast", "[forecast]"),
        ("[[at]]", "[at]", "at", "[[at]]"),
        ("hours = 4", 'hours = 4\nshort = "no"', "short", "true or false"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_where_it_stands(
    tmp_path: Path, old: str, new: str, column: str, allowed: str
) -> None:
    path = scenario_file(tmp_path, old, new)
    with pytest.raises(InputError) as refused:
        read_scenario(path)
    (problem,) = refused.value.problems
    assert (problem.file, problem.column) == (str(path), column)
    assert allowed in problem.remedy


@pytest.mark.parametrize(
    ("old", "new", "value", "there"),
    [
        ("drop field", "drop moon", "moon", "field"),
        ("drop field share=0.3", "power-off plc9", "plc9", "plc1"),
        ("drop field share=0.3", "stuck plc1.joy", "plc1.joy", "plc1.supply_temp"),
        ("drop field share=0.3", "swap plc1.supply_temp", "", "plc1.supply_temp"),
        ("drop field share=0.3", "burst L99", "L99", "L1"),
        ("drop field share=0.3", "panel plc1.joy", "plc1.joy", "plc1.supply_temp_setpoint"),
        ("low = 1", 'low = 1\npoint = "P9.sp"', "P9.sp", "P1.sp"),
        ('what = "writes"', 'what = "alarms"\nalarm = "fire"', "fire", "on_hold"),
        ('what = "writes"', 'what = "alarms"\nalarm = "trip:P9.flow"', "trip:P9.flow", "P1.flow"),
        ('what = "writes"', 'what = "alarms"', None, "on_hold"),
        ("hours = 4", 'hours = 4\nsite = "nix"', "nix", "village"),
    ],
)
def test_what_the_site_does_not_have_is_refused(
    tmp_path: Path, old: str, new: str, value: str | None, there: str
) -> None:
    path = scenario_file(tmp_path, old, new)
    (problem,) = unknown_targets(read_scenario(path), path)
    assert problem.value == value
    assert there in problem.remedy


def test_every_scenario_of_the_bench_finds_what_it_names() -> None:
    paths = [*scenario_files(), LIVE]
    assert [each for path in paths for each in unknown_targets(read_scenario(path), path)] == []


def test_options_are_those_of_measures() -> None:
    assert set(_OPTIONS) <= set(MEASURES)


def test_a_wrong_scenario_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scenario_file(tmp_path, "drop field", "drop moon")
    assert main(["bench", "run", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "drop" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"alarm": "trip"}, 2),
        ({"alarm": "trip:P1.makeup_flow"}, 1),
        ({"alarm": "trip", "from_h": 1.0, "to_h": 1.5}, 1),
        ({"alarm": "tri"}, 0),
        ({"alarm": "on_hold"}, 0),
    ],
)
def test_alarms_are_counted_by_code_or_whole(options: dict[str, object], count: int) -> None:
    told = [Told(second=3600.0, alarm_id="trip:P1.makeup_flow"),
            Told(second=7200.0, alarm_id="trip:P1.supply_pressure")]  # fmt: skip
    site = load_site(site_folder("village"))
    evidence = Evidence(
        trace=new_trace(site.district.network), frames=[], facts=facts_of(site), kpi=NOTHING,
        curve=None, end_h=4.0, told=told,
    )  # fmt: skip
    assert judge("a", "alarms", options, 1, None, evidence).measured == count


def test_a_first_write_is_a_step_from_what_was_read() -> None:
    site = load_site(site_folder("village"))
    bus, unit, address = facts_of(site).setpoints["P1.sp"]

    def frame(second: float, function: int, word: int, *, note: str = "") -> Frame:
        is_reply = function == 3
        return Frame(second, bus, unit, function, address, (word,), is_reply, b"", note)

    evidence = Evidence(
        trace=new_trace(site.district.network), facts=facts_of(site), kpi=NOTHING, curve=None,
        frames=[frame(0, 3, 900), frame(1, 3, 100, note="bits flipped"), frame(2, 6, 954),
                frame(3, 3, 954), frame(4, 6, 960)],
        end_h=4.0,
    )  # fmt: skip
    steps = judge("a", "largest-write-step", {"point": "P1.sp"}, None, 15, evidence)
    assert (steps.measured, steps.passed) == (54, False)


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_no_scenario_is_passed_by_an_engine_that_does_nothing(path: Path) -> None:
    scenario = read_scenario(path)
    site = load_site(site_folder(scenario.site))
    silence = Evidence(
        trace=new_trace(site.district.network), frames=[], facts=facts_of(site), kpi=NOTHING,
        curve=None, end_h=scenario.hours,
    )  # fmt: skip
    of_the_engine = [one for one in scenario.checks if one.what in ("writes", "heartbeat-gap")]
    verdicts = [
        judge(one.name, one.what, one.options, one.low, one.high, silence) for one in of_the_engine
    ]
    assert any(not verdict.passed for verdict in verdicts)
