"""A dear peak boiler beside a cheap base plant: it stands while it is mild, and starts in time."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases.cities import START, STEP_S, city
from controller.cli import main
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.certify import certify
from optimizer.lever_schedules import continued
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind
from optimizer.model.plan import Plan, PlanStatus
from optimizer.model.policy import District
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.standing import loaded_steps, with_running
from tests.site.sound import SOUND, write_site

HOURS = 24
LEAST_MW, START_COST = 0.1, 50.0
ON_H, OFF_H = 3.0, 4.0
# The fall begins here, and is over there.
FALL_FROM_H, FALL_TO_H = 10, 16


def peak_site(base_mw: float) -> District:
    """A city whose first plant is cheap and has pumps for all, and whose second is dear."""
    built = city(8, 2, plants=2, seed=1)
    base, peak = built.network.plants
    pump, other = built.network.pumps
    base = replace(base, max_heat_mw=base_mw)
    peak = replace(
        peak,
        max_heat_mw=0.6,
        min_heat_mw=LEAST_MW,
        heat_price_per_mwh=(420.0,) * 24,
        can_stop=True,
        min_on_h=ON_H,
        min_off_h=OFF_H,
        start_cost=START_COST,
    )
    pumps = (replace(pump, rated_flow_m3_h=2.2 * pump.rated_flow_m3_h), other)
    return replace(built, network=replace(built.network, plants=(base, peak), pumps=pumps))


def weather(district: District, outdoor_c: FloatArray) -> Forecast:
    steps = len(outdoor_c) - 1
    prices = [[plant.heat_price_per_mwh[0]] * steps for plant in district.network.plants]
    return Forecast(
        start=START,
        step_s=STEP_S,
        outdoor_temp_c=frozen(outdoor_c[None, :]),
        wind_m_s=frozen(np.zeros((1, steps))),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(prices),
    )


def hours() -> FloatArray:
    return np.arange(HOURS * 3600 // STEP_S + 1) * STEP_S / 3600.0


MILD = 3.0 - 2.0 * np.sin(2.0 * np.pi * hours() / 24.0)
COLD = np.interp(hours(), [0.0, FALL_FROM_H, FALL_TO_H, 24.0], [3.0, 3.0, -13.0, -14.0])


def planned(base_mw: float, outdoor_c: FloatArray, *, may_stop: bool) -> Plan:
    district = peak_site(base_mw)
    forecast = weather(district, outdoor_c)
    state = starting_state(district, forecast, None)
    options = PlanOptions(with_bound=may_stop, max_rounds=5, may_stop=may_stop)
    return plan(district, state, forecast, solver_session(), options, lambda _: None, lambda: 0.0)


@cache
def mild(may_stop: bool) -> Plan:
    return planned(0.9, MILD, may_stop=may_stop)


@cache
def cold(may_stop: bool) -> Plan:
    return planned(0.65, COLD, may_stop=may_stop)


def test_on_a_mild_day_it_stands_and_money_is_saved() -> None:
    ours, always = mild(True), mild(False)
    runs = ours.chosen.schedule.runs
    assert runs[0].all()
    # It takes an hour to come down to where it may stop.
    assert not runs[1, 4:].any()
    assert ours.status is PlanStatus.CERTIFIED
    assert ours.chosen.certificate.certified
    assert ours.chosen.certificate.cost.total < 0.9 * always.chosen.certificate.cost.total
    assert ours.chosen.trace.plants.heat_power_mw[5:, 1].max() == 0.0
    assert ours.chosen.certificate.comfort.max_shortfall_k < 0.01


def test_before_the_cold_it_starts_in_time_and_nobody_is_colder() -> None:
    ours, always = cold(True).chosen, cold(False).chosen
    runs = ours.schedule.runs[1]
    started = int(np.flatnonzero(runs & ~np.roll(runs, 1))[-1]) * STEP_S / 3600.0
    assert not runs.all()
    assert started < FALL_TO_H
    assert ours.certificate.certified
    warm, as_warm = ours.certificate.comfort, always.certificate.comfort
    assert warm.max_shortfall_k <= as_warm.max_shortfall_k + 1e-3
    assert ours.certificate.cost.total < always.certificate.cost.total
    assert ours.certificate.cost.starts == START_COST


def test_its_least_load_and_least_times_are_kept() -> None:
    ours = cold(True).chosen
    counts = loaded_steps(
        peak_site(0.65).network, ours.schedule.runs, np.array([True, True]), STEP_S
    )
    assert ours.trace.plants.heat_power_mw[counts[1], 1].min() >= LEAST_MW * (1 - 1e-6)
    changes = np.flatnonzero(np.diff(ours.schedule.runs[1].astype(int))) + 1
    assert np.all(np.diff(changes) * STEP_S / 3600.0 >= OFF_H)
    assert (ours.schedule.steps - changes[-1]) * STEP_S / 3600.0 >= ON_H
    least = [one for one in ours.certificate.limits if one.limit is LimitKind.PLANT_HEAT]
    assert min(one.margin for one in least) >= -1e-6


def test_it_runs_on_where_its_heat_is_needed_throughout() -> None:
    ours = planned(0.3, MILD, may_stop=True)
    assert ours.chosen.schedule.runs.all()
    assert ours.chosen.schedule.running is None


def test_levers_of_a_standing_plant_do_not_move() -> None:
    schedule = cold(True).chosen.schedule
    still = ~schedule.runs[1]
    assert set(schedule.pump_setpoint[1, still].tolist()) == {40.0}
    assert len(set(schedule.supply_temp_c[1, still].tolist())) == 1


def test_the_same_inputs_give_the_same_plan() -> None:
    again = planned(0.65, COLD, may_stop=True).chosen.schedule
    ours = cold(True).chosen.schedule
    assert again.running is not None
    assert np.array_equal(again.runs, ours.runs)
    assert np.array_equal(again.supply_temp_c, ours.supply_temp_c)
    assert np.array_equal(again.pump_setpoint, ours.pump_setpoint)


def test_no_bound_is_claimed_where_plants_may_stand_still() -> None:
    assert mild(True).bound is None


def test_the_plan_names_when_it_stops_and_starts() -> None:
    named = {one.code: one.values for one in cold(True).reasons}
    assert named["plant_stands_until"]["plant_id"] == "plant1"
    assert "plant_stands" in {one.code for one in mild(True).reasons}


def test_a_plan_goes_on_later_with_the_same_stops() -> None:
    schedule = cold(True).chosen.schedule
    later = continued(schedule, schedule.start + timedelta(hours=2))
    assert np.array_equal(later.runs[:, :-8], schedule.runs[:, 8:])
    assert np.array_equal(later.runs[:, -8:], np.repeat(schedule.runs[:, -1:], 8, axis=1))


@pytest.mark.parametrize(
    ("plant", "stands", "words"),
    [
        (0, slice(8, 40), "plant0 stands still and may not"),
        (1, slice(8, 16), "plant1 stands still for 2 h, less than 4"),
    ],
)
def test_the_judge_refuses_stops_that_no_plant_can_make(
    plant: int, stands: slice, words: str
) -> None:
    district = peak_site(0.9)
    forecast = weather(district, MILD)
    state = starting_state(district, forecast, None)
    running = np.ones((2, forecast.steps), dtype=np.bool_)
    running[plant, stands] = False
    schedule = with_running(district.network, baseline_schedule(district, forecast, state), running)
    with pytest.raises(ValueError, match=words):
        certify(district, state, forecast, schedule)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound site, whose second plant may stand still, with pumps quick enough for a day."""
    text = SOUND["site.toml"].replace('control = "dp"\n', "")
    text = text.replace("max_speed_ramp_pct_h = 20.0", "max_speed_ramp_pct_h = 60.0")
    made = write_site(tmp_path_factory.mktemp("site"), {**SOUND, "site.toml": text})
    at = [datetime(2026, 1, 12, tzinfo=UTC) + timedelta(hours=hour) for hour in range(-24, 25)]
    rows = [f"{one.isoformat()},4.0" for one in at]
    (made / "mild.csv").write_text("\n".join(["time,outdoor_temp_c", *rows]) + "\n")
    return made


def called(folder: Path, *words: str) -> int:
    weather = str(folder / "mild.csv")
    start = "2026-01-12T00:00:00+00:00"
    return main([words[0], str(folder), "--weather", weather, "--start", start, *words[1:]])


def test_plan_says_at_the_command_line_when_to_stop_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "plan.html"
    words = ("plan", "--hours", "12", "--rounds", "2", "--report", str(page))
    assert called(folder, *words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    running = {name: one["running"] for name, one in told["plants"].items()}
    assert running["P1"] == [True] * 48
    assert running["P2"][0] is True
    assert running["P2"][-1] is False
    assert told["cost"]["starts"] == 0.0
    stands = [not on for on in running["P2"]]
    assert [at is None for at in told["plants"]["P2"]["supply_temp_c"]] == stands
    assert None not in told["plants"]["P1"]["supply_temp_c"]
    assert sum(stands) in [
        sum(x is None for y in one.values() for x in y) for one in told["pumps"].values()
    ]
    assert all(one["running"] == [True] * 48 for one in told["baseline"]["plants"].values())
    assert "Plant P2 stands still from" in page.read_text("utf-8")
    assert "热源 P2 自" in page.read_text("utf-8")
    assert called(folder, *words[:-2], "--lang", "zh") == 0
    assert "热源 P2 自" in capsys.readouterr().out


def test_simulate_takes_when_a_plant_runs_from_a_schedule(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule = tmp_path / "s.csv"
    schedule.write_text(
        "time,id,quantity,value\n"
        "2026-01-12T02:00:00+00:00,P2,running,0\n2026-01-12T05:00:00+00:00,P2,running,1\n"
        "2026-01-12T00:00:00+00:00,P2,running,1\n"
    )
    out = tmp_path / "run"
    words = ("simulate", "--hours", "8", "--schedule", str(schedule), "--out", str(out), "--csv")
    assert called(folder, *words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cost"]["starts"] == 150.0
    with (out / "plants.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["plant_id"] == "P2"]
    assert [row["running"] for row in rows] == ["true"] * 8 + ["false"] * 12 + ["true"] * 12
    assert {float(row["mass_flow_kg_s"]) for row in rows[8:20]} == {0.0}
    schedule.write_text("time,id,quantity,value\n2026-01-12T00:00:00+00:00,P2,running,0.5\n")
    assert called(folder, *words) == 2
    assert "write 1 from where it runs" in capsys.readouterr().err
