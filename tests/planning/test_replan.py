"""Planning again a quarter of an hour later, from where the last plan stands."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer import certified_search
from optimizer.backoff import carried_backoff, first_backoff
from optimizer.baseline import starting_state
from optimizer.certified_search import GOING_ON_RADIUS
from optimizer.lever_schedules import continued
from optimizer.linear_model import Task
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind
from optimizer.model.plan import Evaluated, LastPlan, Plan
from optimizer.model.policy import District
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.search import FIRST_RADIUS, LEAST_KEPT_RADIUS, Found, search
from optimizer.simulate import simulate
from optimizer.timegrid import first_steps, part_of

HOURS = 18
STEPS = HOURS * 4


@pytest.fixture(scope="module")
def district() -> District:
    return city(16, 2, seed=2)


@pytest.fixture(scope="module")
def weather(district: District) -> Forecast:
    return cold_wave(district, HOURS + 1)


def planned(
    district: District, weather: Forecast, step: int, last: LastPlan | None, before: Plan | None
) -> Plan:
    ahead = part_of(weather, step, STEPS)
    state = starting_state(district, part_of(weather, 0, STEPS), None)
    if before is not None:
        begun = first_steps(before.chosen.schedule, step)
        state = simulate(district.network, state, part_of(weather, 0, step), begun).end_state
    options = PlanOptions(with_bound=False, last=last, max_rounds=6)
    return plan(district, state, ahead, solver_session(), options, lambda _: None, lambda: 0.0)


def test_a_plan_that_goes_on_is_the_earlier_one_a_step_later(
    district: District, weather: Forecast
) -> None:
    first = planned(district, weather, 0, None, None).chosen.schedule
    later = continued(first, first.start + timedelta(seconds=first.step_s))
    assert np.array_equal(later.supply_temp_c[:, :-1], first.supply_temp_c[:, 1:])
    assert np.array_equal(later.supply_temp_c[:, -1], first.supply_temp_c[:, -1])
    assert later.steps == first.steps


def test_a_replan_from_the_last_plan_is_no_worse_than_one_from_the_curve(
    district: District, weather: Forecast
) -> None:
    first = planned(district, weather, 0, None, None)
    again = planned(district, weather, 1, first.to_go_on, first)
    anew = planned(district, weather, 1, None, first)
    assert again.solve.iterations < anew.solve.iterations
    warm, cold = again.chosen.certificate, anew.chosen.certificate
    assert warm.certified
    assert warm.comfort.max_shortfall_k <= cold.comfort.max_shortfall_k + 0.05
    assert warm.comfort.shortfall_k_h <= cold.comfort.shortfall_k_h * 1.005 + 0.1
    assert warm.cost.total <= cold.cost.total * 1.002


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_search_goes_on_after_a_refusal_with_the_radius_that_it_had(
    district: District, weather: Forecast, monkeypatch: pytest.MonkeyPatch, goes_on: bool
) -> None:
    first = planned(district, weather, 0, None, None)
    begun: list[float] = []
    ended: list[float] = []

    def searched(*words: Any, **more: Any) -> Found:
        found = search(*words, **more)
        radius = more["radius"]
        begun.append(radius)
        ended.append(found.radius)
        return found

    def refused_once(task: Task, found: Found) -> Evaluated:
        one = judge(task, found)
        refused = replace(one.certificate, certified=one.certificate.certified and len(begun) > 1)
        return replace(one, certificate=refused)

    judge = certified_search._judge
    monkeypatch.setattr(certified_search, "search", searched)
    monkeypatch.setattr(certified_search, "_judge", refused_once)
    planned(district, weather, 1, first.to_go_on if goes_on else None, first)
    assert begun[0] == (GOING_ON_RADIUS if goes_on else FIRST_RADIUS)
    assert begun[1] == ended[0]
    assert LEAST_KEPT_RADIUS <= ended[0] <= FIRST_RADIUS


def test_a_replan_keeps_most_of_what_the_last_one_had_learned(district: District) -> None:
    first = first_backoff(district.network)
    learned = {**first, LimitKind.PIPE_TEMP: first[LimitKind.PIPE_TEMP] + 1.0}
    carried = carried_backoff(learned, district.network)
    assert carried[LimitKind.PIPE_TEMP] == pytest.approx(first[LimitKind.PIPE_TEMP] + 0.8)
    assert carried[LimitKind.VELOCITY] == first[LimitKind.VELOCITY]


def test_nothing_learned_is_kept_of_pipes_that_have_changed(district: District) -> None:
    network = district.network
    learned = first_backoff(replace(network, pipes=network.pipes[:-1]))
    carried = carried_backoff(learned, network)
    assert len(carried[LimitKind.PIPE_RAMP]) == len(network.pipes)


def test_what_is_kept_of_a_ramp_is_no_more_than_the_pipe_leaves_to_move_in_now(
    district: District,
) -> None:
    first = first_backoff(district.network)
    learned = {**first, LimitKind.PIPE_RAMP: first[LimitKind.PIPE_RAMP] + 9.0}
    pipes = [replace(pipe, max_ramp_k_h=10.0) for pipe in district.network.pipes]
    pipes[0] = replace(pipes[0], max_ramp_k_h=0.2)
    carried = carried_backoff(learned, replace(district.network, pipes=tuple(pipes)))
    assert carried[LimitKind.PIPE_RAMP][0] == first[LimitKind.PIPE_RAMP][0]
    assert set(carried[LimitKind.PIPE_RAMP][1:]) == {5.0}


@pytest.mark.parametrize(
    ("why", "moved"),
    [
        ("of an hour to come", timedelta(hours=-1)),
        ("that has ended", timedelta(hours=HOURS)),
    ],
)
def test_a_last_plan_that_does_not_reach_beyond_now_is_no_start(
    district: District, weather: Forecast, why: str, moved: timedelta
) -> None:
    first = planned(district, weather, 0, None, None)
    assert first.to_go_on is not None
    schedule = first.to_go_on.schedule
    other = replace(first.to_go_on, schedule=replace(schedule, start=schedule.start - moved))
    again = planned(district, weather, 0, other, None)
    assert np.array_equal(
        again.chosen.schedule.supply_temp_c, first.chosen.schedule.supply_temp_c
    ), why
