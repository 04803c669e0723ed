"""Flats that no decision warms: what they lack is held against no plan, what they lose is."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.lever_schedules import decisions_of
from optimizer.linear_model import Task, missing_k
from optimizer.merit import merit_of
from optimizer.plan import PlanOptions, task_for, with_reach
from optimizer.search import Standing, standing_at, within_reach
from optimizer.simulate import simulate
from optimizer.trial_run import run_of


@pytest.fixture(scope="module")
def poor() -> tuple[Task, Standing]:
    """A station whose own curve is too low for its buildings, the others warm enough."""
    built = city(6, 1, seed=3)
    network = built.network
    weak = network.stations[0].station_id
    district = replace(
        built,
        network=replace(
            network,
            stations=tuple(replace(one, offset_range_k=None) for one in network.stations),
            buildings=tuple(
                replace(one, ua_kw_k=one.ua_kw_k * 1.3) if one.station_id == weak else one
                for one in network.buildings
            ),
        ),
    )
    weather = cold_wave(district, 12)
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)
    traces = (simulate(district.network, state, weather, curve),)
    task = task_for(district, state, weather, curve, traces, PlanOptions())
    standing = standing_at(task, decisions_of(task.levers, curve))
    return with_reach(task, standing.linear), standing


def test_what_no_decision_moves_is_held_against_no_plan(poor: tuple[Task, Standing]) -> None:
    task, standing = poor
    lacking, trace = task.beyond_reach_k > 0.0, standing.linear.trace
    before = replace(task, beyond_reach_k=np.zeros_like(task.beyond_reach_k))
    assert missing_k(before, trace)[lacking].max() > 1.0
    assert missing_k(task, trace)[lacking] == pytest.approx(0.0, abs=1e-9)
    with_them, without = (merit_of(one, (trace,)).shortfall_k_h for one in (before, task))
    assert without < with_them


def test_flats_that_can_not_be_warmed_count_as_soon_as_they_get_colder(
    poor: tuple[Task, Standing],
) -> None:
    task, standing = poor
    lost = task.beyond_reach_k[-1] > 0.0
    assert lost.any()
    least = np.concatenate([np.full(len(one.knots), one.low) for one in task.levers.ranges])
    starved = run_of(task, least)
    assert missing_k(task, starved.traces[0])[-1, lost].min() > 0.1
    assert starved.merit.max_shortfall_k > 0.1
    flats = within_reach(task, standing).linear.flats
    assert flats.movable[np.isin(flats.building, np.flatnonzero(lost))].all()
