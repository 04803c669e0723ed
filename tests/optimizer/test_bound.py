"""The bound: no schedule of the same warmth is cheaper, however it was found."""

import numpy as np
import pytest

from optimizer.baseline import baseline_schedule, starting_state
from optimizer.bound import lower_bound
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.levers import build_levers, limited, schedule_of
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.simulate import simulate
from tests.optimizer.bound_districts import random_district, weather


def _random_schedule(
    district: District, state: PlantState, template: Schedule, seed: int
) -> Schedule:
    """A walk within the ranges and ramps of every lever."""
    rng = np.random.default_rng(seed)
    levers = build_levers(district.network, state, template.step_s, template.steps)
    wanted = np.concatenate(
        [
            np.interp(r.knots, np.linspace(0.0, 24.0, 5), rng.uniform(r.low, r.high, 5))
            for r in levers.ranges
        ]
    )
    return schedule_of(levers, district.network, limited(levers, wanted), template)


@pytest.mark.parametrize("mean_c", [6.0, -2.0, -12.0])
@pytest.mark.parametrize("cheap", [190.0, 60.0])
@pytest.mark.parametrize("seed", range(4))
def test_no_schedule_beats_the_bound_of_its_own_warmth(
    mean_c: float, cheap: float, seed: int
) -> None:
    district = random_district(seed)
    forecast = weather(mean_c, 4.0, cheap=cheap)
    state = starting_state(district, forecast, None)
    template = baseline_schedule(district, forecast, state)
    schedule = _random_schedule(district, state, template, seed)
    trace = simulate(district.network, state, forecast, schedule)
    cost = cost_of_trace(district, state, forecast, trace).total
    comfort = comfort_of_trace(district.network, trace)
    bound = lower_bound(district, state, forecast, comfort, cost)
    assert bound.cost_lower <= cost
    assert bound.gap_pct == pytest.approx(100.0 * (cost - bound.cost_lower) / cost)
