"""Several plants: the cheaper ones carry what they can, within everybody's limits."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.model.plan import Plan
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session

PRICES = (320.0, 200.0)


def planned(least_mw: float) -> Plan:
    built = city(16, 2, plants=2, meshed=True, seed=1)
    plants = tuple(
        replace(one, heat_price_per_mwh=(price,) * 24, min_heat_mw=least)
        for one, price, least in zip(built.network.plants, PRICES, (least_mw, 0.0), strict=True)
    )
    district = replace(built, network=replace(built.network, plants=plants))
    weather = cold_wave(district, 18)
    state = starting_state(district, weather, None)
    options = PlanOptions(with_bound=False, max_rounds=5)
    return plan(district, state, weather, solver_session(), options, lambda _: None, lambda: 0.0)


@pytest.fixture(scope="module")
def found() -> Plan:
    return planned(0.0)


def test_heat_moves_to_the_cheaper_plant(found: Plan) -> None:
    ours, usual = (
        one.trace.plants.heat_power_mw.mean(axis=0) for one in (found.chosen, found.baseline)
    )
    assert ours[0] < 0.8 * usual[0]
    assert ours[1] > usual[1]


def test_it_is_certified_cheaper_and_no_colder(found: Plan) -> None:
    ours, usual = found.chosen.certificate, found.baseline.certificate
    assert ours.certified
    assert ours.cost.total < 0.97 * usual.cost.total
    assert ours.comfort.max_shortfall_k <= usual.comfort.max_shortfall_k + 0.05


def test_a_least_load_is_kept(found: Plan) -> None:
    """The dear plant may not go below its least load, however cheap the other is."""
    least_mw = 0.9 * float(found.baseline.trace.plants.heat_power_mw[:, 0].min())
    assert found.chosen.trace.plants.heat_power_mw[:, 0].min() < 0.8 * least_mw
    kept = planned(least_mw)
    assert kept.chosen.certificate.certified
    assert kept.chosen.trace.plants.heat_power_mw[:, 0].min() >= least_mw * (1.0 - 1e-6)
    assert kept.chosen.certificate.cost.total > found.chosen.certificate.cost.total


def test_each_plant_keeps_its_own_ramp_and_capacity(found: Plan) -> None:
    assert np.isfinite(found.chosen.trace.plants.heat_power_mw).all()
    margins = [
        one.margin
        for one in found.chosen.certificate.limits
        if one.limit.value in ("plant_ramp", "plant_heat")
    ]
    assert margins
    assert min(margins) >= -1e-6
