"""The bound: no schedule of the same warmth is cheaper, however it was found."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.baseline import baseline_schedule, starting_state
from optimizer.bound import lower_bound
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import build_levers, limited
from optimizer.simulate import simulate
from tests.optimizer.bound_districts import mixing, random_case, random_district, weather


@pytest.mark.parametrize("mean_c", [6.0, -2.0, -12.0])
@pytest.mark.parametrize("cheap", [190.0, 60.0])
@pytest.mark.parametrize("seed", range(4))
def test_no_schedule_beats_the_bound_of_its_own_warmth(
    mean_c: float, cheap: float, seed: int
) -> None:
    district = random_district(seed)
    case = random_case(district, mean_c, seed, cheap)
    state, forecast = case.state, case.forecast
    trace = simulate(district.network, state, forecast, case.schedule)
    cost = cost_of_trace(district, state, forecast, trace).total
    comfort = comfort_of_trace(district.network, trace)
    bound = lower_bound(district, state, forecast, comfort, cost)
    assert bound.cost_lower <= cost
    assert bound.gap_pct == pytest.approx(100.0 * (cost - bound.cost_lower) / cost)


@pytest.mark.parametrize("mean_c", [8.0, -4.0, -14.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_schedule_of_a_district_with_mixing_loops_beats_its_bound(
    seed: int, mean_c: float
) -> None:
    district = mixing(random_district(seed, stations=6, compensated_share=0.6))
    case = random_case(district, mean_c, seed)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    cost = cost_of_trace(district, case.state, case.forecast, trace).total
    comfort = comfort_of_trace(district.network, trace)
    bound = lower_bound(district, case.state, case.forecast, comfort, cost)
    assert bound.cost_lower <= cost
    assert bound.max_shortfall_lower_k <= comfort.max_shortfall_k


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_search_for_cheaper_schedules_of_the_same_warmth_stays_above_the_bound(
    seed: int,
) -> None:
    district = random_district(seed)
    network = district.network
    forecast = weather(6.0, 4.0)
    state = starting_state(district, forecast, None)
    template = baseline_schedule(district, forecast, state)
    levers = build_levers(network, state, template.step_s, template.steps)
    start = simulate(network, state, forecast, template)
    asked = comfort_of_trace(network, start)
    best = cost_of_trace(district, state, forecast, start).total
    bound = lower_bound(district, state, forecast, asked, best)
    at = decisions_of(levers, template)
    rng = np.random.default_rng(seed)
    first = best
    for _ in range(60):
        tried = at.copy()
        lever = int(rng.integers(len(levers.ranges)))
        tried[levers.first[lever] : levers.first[lever + 1]] += rng.normal(0.0, 3.0)
        tried = limited(levers, tried)
        trace = simulate(network, state, forecast, schedule_of(levers, network, tried, template))
        reached = comfort_of_trace(network, trace)
        cost = cost_of_trace(district, state, forecast, trace).total
        as_warm = (
            reached.shortfall_k_h <= asked.shortfall_k_h
            and reached.max_shortfall_k <= asked.max_shortfall_k
        )
        if as_warm and cost < best:
            best, at = cost, tried
    assert best < first
    assert bound.cost_lower <= best


def test_less_shortfall_allowed_never_lowers_the_bound() -> None:
    district = random_district(3)
    forecast = weather(-2.0, 4.0)
    state = starting_state(district, forecast, None)
    trace = simulate(
        district.network, state, forecast, baseline_schedule(district, forecast, state)
    )
    comfort = comfort_of_trace(district.network, trace)
    bounds = [
        lower_bound(
            district,
            state,
            forecast,
            replace(
                comfort,
                shortfall_k_h=share * comfort.shortfall_k_h,
                max_shortfall_k=share * comfort.max_shortfall_k,
            ),
            1000.0,
        ).cost_lower
        for share in (1.0, 0.7, 0.3, 0.0)
    ]
    assert bounds == sorted(bounds)
    assert bounds[-1] > bounds[0]
