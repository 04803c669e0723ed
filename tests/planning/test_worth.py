"""What more of a limit would buy: the duals say what solving again with more of it finds."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.backoff import first_backoff
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.lever_schedules import decisions_of
from optimizer.levers import build_levers
from optimizer.linear_model import LinearModel, Task, linear_model
from optimizer.model.arrays import frozen
from optimizer.model.outcome import LimitKind, LimitResult
from optimizer.model.policy import District
from optimizer.round import Worth, solve_round, solver_session
from optimizer.search import search, standing_at, units_of
from optimizer.worth import RADIUS, marginal_of, worth_around

MORE_MW = 0.01


def small(capacity_share: float) -> District:
    built = city(20, 2, seed=9)
    plants = tuple(
        replace(one, max_heat_mw=capacity_share * one.max_heat_mw) for one in built.network.plants
    )
    return replace(built, network=replace(built.network, plants=plants))


def searched(district: District) -> tuple[Task, LinearModel]:
    weather = cold_wave(district, 24)
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)
    task = Task(
        district=district,
        state=state,
        forecast=weather,
        levers=build_levers(district.network, state, weather.step_s, weather.steps),
        template=curve,
        backoff=first_backoff(district.network),
        comfort_margin_k=0.0,
        beyond_reach_k=np.zeros((weather.steps + 1, len(district.network.buildings))),
        members=(0,),
    )
    start = standing_at(task, decisions_of(task.levers, curve))
    linear = search(task, start, solver_session(), 6, lambda _: None).linear
    # Just below its capacity, where more of it would buy something.
    return task, linear_model(task, linear.decisions, linear.trace, linear.limits)


@pytest.fixture(scope="module")
def short() -> tuple[Task, LinearModel]:
    """A plant too small for the wave: its capacity is what flats lack."""
    return searched(small(0.62))


def capacity(worth: tuple[Worth, ...]) -> Worth:
    return next(one for one in worth if one.kind is LimitKind.PLANT_HEAT)


def test_capacity_buys_warmth_where_flats_are_short(short: tuple[Task, LinearModel]) -> None:
    found = capacity(worth_around(*short, solver_session()))
    assert found.warmth
    assert found.value > 0.0


def test_more_capacity_warms_the_coldest_flat_by_what_its_worth_says(
    short: tuple[Task, LinearModel],
) -> None:
    task, linear = short
    limits = linear.limits
    own = np.array([kind is LimitKind.PLANT_HEAT for kind in limits.kind])
    more = replace(limits, allowed=frozen(np.where(own, limits.allowed + MORE_MW, limits.allowed)))
    reach = RADIUS * units_of(task.levers)
    coldest = []
    for picture in (linear, replace(linear, limits=more)):
        move = solve_round(task.levers, picture, reach, solver_session())
        flats = picture.flats
        coldest.append(float((flats.missing_k - flats.slope @ move.change)[flats.movable].max()))
    gained = (coldest[0] - coldest[1]) / MORE_MW
    # A later tier may give some of it up again, alike in both.
    assert gained == pytest.approx(capacity(worth_around(*short, solver_session())).value, rel=0.1)


def test_more_of_one_limit_buys_nothing_where_another_binds_as_hard(
    short: tuple[Task, LinearModel],
) -> None:
    """Duals share one price between both; more of either alone is worth nothing."""
    task, linear = short
    kinds = linear.limits.kind
    own = np.array([i for i, kind in enumerate(kinds) if kind is LimitKind.PLANT_HEAT])
    twice = np.concatenate([np.arange(len(kinds)), own])
    limits = linear.limits.chosen(twice)
    index = limits.index.copy()
    index[len(kinds) :, 0] = 1
    doubled = replace(
        linear, limits=replace(limits, index=index), limit_slope=linear.limit_slope[twice]
    )
    found = worth_around(task, doubled, solver_session())
    assert not [one for one in found if one.kind is LimitKind.PLANT_HEAT and one.value > 0.1]


def test_where_nobody_is_short_a_limit_is_worth_money_or_nothing() -> None:
    found = worth_around(*searched(small(1.0)), solver_session())
    assert not any(one.warmth for one in found)


def test_the_entries_of_a_pipe_are_those_at_its_ends(short: tuple[Task, LinearModel]) -> None:
    network = short[0].district.network
    pipe = network.pipes[3]
    first, second = network.node_index[pipe.from_node], network.node_index[pipe.to_node]
    elsewhere = next(i for i in range(len(network.nodes)) if i not in (first, second))
    worth = tuple(
        Worth(kind=LimitKind.PIPE_TEMP, index=index, warmth=True, value=value)
        for index, value in ((first, 0.5), (second, 0.25), (elsewhere, 9.0))
    )
    limit = LimitResult(
        limit=LimitKind.PIPE_TEMP,
        where=pipe.pipe_id,
        time=short[0].forecast.start,
        worst=90.0,
        allowed=90.0,
        margin=0.0,
        unit="degC",
    )
    found = marginal_of(network, limit, worth)
    assert found is not None
    assert found.value == pytest.approx(0.75)
    assert marginal_of(network, replace(limit, limit=LimitKind.VELOCITY), worth) is None
