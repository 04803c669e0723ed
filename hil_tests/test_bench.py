"""The bench itself: an unmodified engine passes, a broken one is caught, the same seed repeats."""

import hashlib
import html
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from controller.problems import InputError
from hil_tests.bench.report import write_report
from hil_tests.bench.runner import Outcome, run_scenario
from hil_tests.bench.scenario import find_scenario, read_scenario, scenario_files
from hil_tests.bench.trace import KINDS
from hil_tests.bench.verbs import VerbError, read_order
from hil_tests.broken_engines import BROKEN
from hil_tests.catch_broken_engines import caught, scenario_for


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    scenario = read_scenario(find_scenario("ordinary-day"))
    return run_scenario(scenario, tmp_path_factory.mktemp("ordinary"))


def until(outcome: Outcome, second: float) -> str:
    """Fingerprint of all that the trace and the wire log have up to an instant."""
    digest = hashlib.sha256()
    samples = sum(at <= second for at in outcome.trace.seconds)
    for kind, quantities in KINDS.items():
        for quantity in quantities:
            digest.update(outcome.trace.of(kind, quantity)[:samples].tobytes())
    for frame in outcome.wire.frames:
        if frame.second <= second:
            digest.update(f"{frame.second} {frame.bus} {frame.note}".encode() + frame.raw)
    return digest.hexdigest()


def test_an_ordinary_day_passes(ordinary: Outcome) -> None:
    failed = [
        f"{one.name}: {one.measured} {one.unit}" for one in ordinary.verdicts if not one.passed
    ]
    assert failed == []
    assert ordinary.wire.reads > 10_000


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_byte_for_byte(ordinary: Outcome, tmp_path: Path) -> None:
    again = run_scenario(replace(ordinary.scenario, hours=1.25), tmp_path)
    # A moment before the end, at which the shorter run takes its engine down.
    assert until(again, 1.24 * 3600.0) == until(ordinary, 1.24 * 3600.0)


def test_the_report_has_every_verdict(ordinary: Outcome, tmp_path: Path) -> None:
    page = write_report(ordinary, tmp_path, as_csv=True)
    names = {one.name for one in ordinary.verdicts}
    cases = ElementTree.parse(tmp_path / "junit.xml").getroot().findall("testcase")
    assert {case.get("name") for case in cases} == names
    shown = html.unescape(page.read_text(encoding="utf-8"))
    assert [name for name in names if name not in shown] == []
    assert shown.count("<svg") == 6
    about = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (about["passed"], about["seed"], about["plant_seed"]) == (True, 1, 1)
    for name in ("plants", "nodes", "pipes", "stations", "buildings", "site", "wire"):
        assert (tmp_path / f"{name}.csv").stat().st_size > 1000


@pytest.mark.slow
def test_an_engine_that_writes_twice_is_caught() -> None:
    (found,) = caught("repeated-write")
    assert found.startswith("no setpoint is written twice")


def test_every_scenario_is_sound() -> None:
    scenarios = [read_scenario(path) for path in scenario_files()]
    assert len(scenarios) >= 15
    assert all(one.checks for one in scenarios)


@pytest.mark.parametrize("name", BROKEN)
def test_every_broken_engine_has_assertions_that_must_catch_it(name: str) -> None:
    scenario = scenario_for(name)
    assert {one.name for one in scenario.checks} == set(BROKEN[name].caught_by)
    assert all(one.options.get("from_h", 0.0) < scenario.hours for one in scenario.checks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fly away", "no such verb"),
        ("drop", "one target"),
        ("approve now", "no target"),
        ("burst L1 bar=3", "takes m3_h"),
        ("drop plant share=much", "no number"),
        ("drop plant share=1.5", "from 0 to 1"),
        ("clock-jump s=inf", "finite"),
        ("drop plant 0s", "more than 0s"),
    ],
)
def test_an_order_that_is_none_says_why(text: str, said: str) -> None:
    with pytest.raises(VerbError, match=said):
        read_order(0.0, text)


def test_an_order_is_read_whole() -> None:
    order = read_order(60.0, "burst L1 m3_h=2.5 30min")
    assert (order.verb, order.target, dict(order.settings), order.lasts_s) == (
        "burst", "L1", {"m3_h": 2.5}, 1800.0
    )  # fmt: skip


def test_everything_wrong_with_a_scenario_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(
        'purpose = "x"\nhours = 1\ncolour = 3\n[weather]\nrain = 1\n[[assert]]\nname = "a"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as refused:
        read_scenario(path)
    assert {one.column for one in refused.value.problems} == {"colour", "weather.rain", "start"}
