"""In a cold that the plant is too small for, starting from everything at its most gains nothing."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.merit import MOST_FAIRNESS_SLACK_K
from optimizer.model.arrays import frozen
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session

# What the coldest flat may give up for the others, and what a search of so many rounds leaves.
WITHIN_K = MOST_FAIRNESS_SLACK_K + 0.05


def too_small(stations: int, seed: int) -> District:
    built = city(stations, 2, seed=seed)
    plants = tuple(replace(one, max_heat_mw=0.65 * one.max_heat_mw) for one in built.network.plants)
    return replace(built, network=replace(built.network, plants=plants))


def at_most(district: District, curve: Schedule) -> Schedule:
    """Outlets and pumps at the top of their ranges."""
    network = district.network
    hottest = np.array([[one.max_supply_temp_c] for one in network.plants])
    fastest = np.array([[one.max_speed_pct] for one in network.pumps])
    return replace(
        curve,
        supply_temp_c=frozen(np.broadcast_to(hottest, curve.supply_temp_c.shape).copy()),
        pump_setpoint=frozen(np.broadcast_to(fastest, curve.pump_setpoint.shape).copy()),
    )


@pytest.mark.parametrize(("stations", "seed"), [(12, 4), (25, 8)])
def test_no_flat_would_be_warmer_from_there(stations: int, seed: int) -> None:
    district = too_small(stations, seed)
    weather = cold_wave(district, 24)
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)

    def coldest(start: Schedule) -> float:
        options = PlanOptions(start=start, with_bound=False)
        found = plan(
            district, state, weather, solver_session(), options, lambda _: None, lambda: 0.0
        )
        assert found.chosen.certificate.certified
        return found.chosen.certificate.comfort.max_shortfall_k

    usual = coldest(curve)
    assert usual > 1.0
    assert usual < coldest(at_most(district, curve)) + WITHIN_K
