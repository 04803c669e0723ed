"""At a plant's capacity the linear picture stands where the decisions stand."""

from dataclasses import replace

import numpy as np
import pytest

import optimizer.linear_model as linear_model_file
from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.capacity import beyond_capacity_k, outlet_setpoints_c
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import limited
from optimizer.linear_model import (
    LinearModel,
    Task,
    deliverable_c,
    limits_of,
    linear_model,
    missing_k,
    picture_of,
)
from optimizer.model.arrays import FloatArray
from optimizer.model.trace import Trace
from optimizer.plan import PlanOptions, task_for
from optimizer.round import solve_round, solver_session
from optimizer.round_model import NOTHING_TIGHT
from optimizer.search import FIRST_RADIUS, _Trial, _Walk, standing_at, units_of
from optimizer.simulate import simulate
from optimizer.tangents import Lever, linearise, no_functionals, no_rows
from optimizer.trial_run import run_of

# What a run loses that is set to just below what the plant delivers.
SAME_K = 0.01


@pytest.fixture(scope="module")
def task() -> Task:
    """A plant that is too small for the wave."""
    built = city(6, 2, seed=4)
    plants = tuple(replace(one, max_heat_mw=0.6 * one.max_heat_mw) for one in built.network.plants)
    district = replace(built, network=replace(built.network, plants=plants))
    weather = cold_wave(district, 18)
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)
    traces = (simulate(district.network, state, weather, curve),)
    return task_for(district, state, weather, curve, traces, PlanOptions())


@pytest.fixture(scope="module")
def falling(task: Task) -> FloatArray:
    """Outlets that fall as fast as they may from well above what the plant can give."""
    usual = decisions_of(task.levers, task.template)
    wanted = np.where(task.levers.directions.lever == Lever.PLANT, 75.0, usual)
    return limited(task.levers, wanted)


def ran(task: Task, decisions: FloatArray) -> Trace:
    network = task.district.network
    schedule = schedule_of(task.levers, network, decisions, task.template)
    return simulate(network, task.state, task.forecast, schedule)


def test_setpoints_that_fall_are_lacked_as_means_of_the_steps(
    task: Task, falling: FloatArray
) -> None:
    trace = ran(task, falling)
    lacking = beyond_capacity_k(trace)
    assert lacking.max() > 1.0
    capped = lacking > 0.0
    reached = outlet_setpoints_c(trace) - lacking
    assert reached[capped] == pytest.approx(trace.plants.supply_temp_c[capped])


def test_a_run_set_to_what_plants_deliver_is_the_same_run(task: Task, falling: FloatArray) -> None:
    network, trace = task.district.network, ran(task, falling)
    set_to = linearise(
        network,
        task.state,
        task.forecast,
        schedule_of(task.levers, network, falling, task.template),
        task.levers.directions,
        no_rows(),
        no_functionals(network, task.forecast.steps),
        outlet_c=deliverable_c(trace),
    ).trace
    colder = trace.buildings.worst_flat_temp_c - set_to.buildings.worst_flat_temp_c
    assert np.abs(colder).max() < SAME_K


def test_slopes_at_capacity_see_the_setpoint(task: Task, falling: FloatArray) -> None:
    trace = ran(task, falling)
    linear = linear_model(task, falling, trace, limits_of(task, (trace,)))
    plants = task.levers.directions.lever == Lever.PLANT
    last = linear.flats.boundary == task.forecast.steps
    assert last.any()
    assert (np.abs(linear.flats.slope[last][:, plants]).sum(axis=1) > 0.01).all()


def test_as_they_stand_a_picture_foretells_what_more_flow_does(
    task: Task, falling: FloatArray
) -> None:
    """A plant at its capacity gives more water colder; just below it the outlet seems to stay."""
    trace = ran(task, falling)
    limits = limits_of(task, (trace,))
    pumps = np.isin(task.levers.directions.lever, [Lever.PUMP, Lever.PLANT_PUMPS])
    step = np.where(pumps, -1e-3, 0.0)
    moved = missing_k(task, ran(task, falling + step)) - missing_k(task, trace)

    def error_k(picture: LinearModel) -> float:
        flats = picture.flats
        found = moved[flats.boundary, flats.building]
        return float(np.abs(-flats.slope @ step - found).max() / np.abs(found).max())

    standing = linear_model(task, falling, trace, limits, as_they_stand=True)
    below = linear_model(task, falling, trace, limits)
    assert error_k(standing) < 0.02
    assert error_k(below) > 0.1


def unreached(task: Task) -> FloatArray:
    """Outlets that stay far above what the plant can give for as long as their ramps let them."""
    usual = decisions_of(task.levers, task.template)
    highest = np.where(task.levers.directions.lever == Lever.PLANT, 120.0, usual)
    return limited(task.levers, highest)


def test_a_search_starts_from_how_plants_stand_where_setpoints_are_out_of_reach(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear_model_file, "OUT_OF_REACH_K", 0.0)
    assert standing_at(task, unreached(task)).linear.as_they_stand
    monkeypatch.setattr(linear_model_file, "OUT_OF_REACH_K", np.inf)
    assert not standing_at(task, unreached(task)).linear.as_they_stand


def test_slopes_that_are_too_large_are_not_believed(
    task: Task, falling: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = ran(task, falling)
    limits = limits_of(task, (trace,))
    assert picture_of(task, falling, trace, limits, as_they_stand=True).as_they_stand
    monkeypatch.setattr(linear_model_file, "LARGEST_SLOPE", 1e-6)
    assert not picture_of(task, falling, trace, limits, as_they_stand=True).as_they_stand


def test_a_refusal_looks_the_other_way_before_the_radius_shrinks(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = standing_at(task, unreached(task))
    walk = _Walk(task, start, solver_session(), lambda _: None, NOTHING_TIGHT, FIRST_RADIUS)
    refused = _Trial(run=start.run, accepted=False, good=False, idle=False, missed=False)
    monkeypatch.setattr(walk, "_try", lambda _: refused)
    seen = []
    for _ in range(3):
        walk.go()
        seen.append((walk.as_they_stand != start.linear.as_they_stand, walk.radius < FIRST_RADIUS))
    assert seen == [(True, False), (True, True), (False, True)]


def test_outlets_may_fall_below_the_range_that_the_plant_does_not_reach(task: Task) -> None:
    """More flow from a plant at its capacity is colder water, and warms who gets too little."""
    network = task.district.network
    plants = tuple(replace(one, max_heat_mw=0.8 * one.max_heat_mw) for one in network.plants)
    smaller = replace(task.district, network=replace(network, plants=plants))
    task = replace(task, district=smaller)
    least = np.where(task.levers.directions.lever == Lever.PLANT, 0.0, 85.0)
    least[task.levers.directions.lever == Lever.OFFSET] = 0.0
    run = run_of(task, limited(task.levers, least))
    linear = linear_model(task, run.decisions, run.traces[0], limits_of(task, run.traces))
    late = task.levers.directions.profile.argmax(axis=1) > task.forecast.steps // 2
    assert linear.held_back[late & (task.levers.directions.lever == Lever.PLANT)].all()
    reach = 2.0 * units_of(task.levers)
    move = solve_round(task.levers, linear, reach, solver_session())
    moved = run_of(task, limited(task.levers, run.decisions + move.change))
    assert moved.merit.max_shortfall_k < run.merit.max_shortfall_k - 0.02
