"""Levers that a plan may not move stay with the weather curve; one at least has to be left."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from controller.cli import main
from optimizer.baseline import starting_state
from optimizer.levers import EVERY_LEVER, PUMP_LEVERS, build_levers, movable_levers
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.tangents import Lever
from tests.site.sound import SOUND, write_site
from tests.supervisor.conftest import NOW
from tests.supervisor.running_site import weather_csv

KINDS = {
    "supply_temp_c": frozenset({Lever.PLANT}),
    "pump_setpoint": PUMP_LEVERS,
    "secondary_offset_k": frozenset({Lever.OFFSET}),
}


@pytest.mark.parametrize("moved", KINDS)
def test_only_what_may_be_moved_leaves_the_curve(moved: str) -> None:
    district = city(6, 1, seed=1)
    weather = cold_wave(district, 12)
    state = starting_state(district, weather, None)
    options = PlanOptions(movable=KINDS[moved], with_bound=False, max_rounds=2)
    made = plan(district, state, weather, solver_session(), options, lambda _: None, lambda: 0.0)
    assert made.chosen.certificate.certified
    for series in KINDS:
        ours = getattr(made.chosen.schedule, series)
        assert np.array_equal(ours, getattr(made.baseline.schedule, series)) is (series != moved)


def test_a_network_has_the_levers_that_it_is_built_with() -> None:
    built = city(6, 1, seed=1).network
    fixed = replace(
        built, stations=tuple(replace(one, offset_range_k=None) for one in built.stations)
    )
    assert movable_levers(built) == EVERY_LEVER
    assert movable_levers(fixed) == EVERY_LEVER - {Lever.OFFSET}
    weather = cold_wave(city(6, 1, seed=1), 12)
    state = starting_state(city(6, 1, seed=1), weather, None)
    with pytest.raises(ValueError, match="no lever"):
        build_levers(fixed, state, weather.step_s, weather.steps, frozenset({Lever.OFFSET}))


@pytest.mark.parametrize("has_offsets", [True, False])
def test_a_plan_that_may_move_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], has_offsets: bool
) -> None:
    lines = SOUND["points.csv"].splitlines(keepends=True)
    kept = [line for line in lines if has_offsets or ",secondary_offset" not in line]
    site = write_site(tmp_path / "north", {**SOUND, "points.csv": "".join(kept)})
    weather = tmp_path / "days.csv"
    weather.write_text(weather_csv(lambda hour: -5.0, NOW), encoding="utf-8")
    words = ["plan", str(site), "--weather", str(weather), "--start", NOW.isoformat()]
    assert main([*words, "--no-plants", "--no-pumps", "--no-offsets", "--json"]) == 2
    said = capsys.readouterr()
    (error,) = json.loads(said.out)["errors"]
    assert "nothing is left" in error["message"]
    assert "--no-pumps" in error["remedy"]
    assert ("--no-offsets has no effect" in said.err) is not has_offsets
    assert "--no-pumps has" not in said.err
