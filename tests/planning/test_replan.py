"""Planning again a quarter of an hour later, from where the last plan stands."""

from datetime import timedelta

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.levers import continued
from optimizer.model.forecast import Forecast
from optimizer.model.plan import Plan
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
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
    district: District, weather: Forecast, step: int, start: Schedule | None, before: Plan | None
) -> Plan:
    ahead = part_of(weather, step, STEPS)
    state = starting_state(district, part_of(weather, 0, STEPS), None)
    if before is not None:
        begun = first_steps(before.chosen.schedule, step)
        state = simulate(district.network, state, part_of(weather, 0, step), begun).end_state
    options = PlanOptions(with_bound=False, start=start, max_rounds=5)
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
    start = continued(
        first.chosen.schedule,
        first.chosen.schedule.start + timedelta(seconds=first.chosen.schedule.step_s),
    )
    warm = planned(district, weather, 1, start, first).chosen.certificate
    cold = planned(district, weather, 1, None, first).chosen.certificate
    assert warm.certified
    assert warm.comfort.max_shortfall_k <= cold.comfort.max_shortfall_k + 0.05
    assert warm.comfort.shortfall_k_h <= cold.comfort.shortfall_k_h * 1.005 + 0.1
    assert warm.cost.total <= cold.cost.total * 1.002
