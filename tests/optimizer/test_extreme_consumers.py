"""Exchangers and radiators far outside what anybody builds: finite, bounded, with true slopes."""

import math

import pytest

from optimizer.physics.exchanger import conductance_w_k
from optimizer.physics.radiators import radiator_heat_w


@pytest.mark.parametrize("primary_w_k", [1e-3, 1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("secondary_w_k", [1e-3, 1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("ua_w_k", [1.0, 1e5, 1e9])
def test_an_exchanger_conducts_at_most_the_smaller_stream(
    ua_w_k: float, primary_w_k: float, secondary_w_k: float
) -> None:
    value, slope = conductance_w_k(ua_w_k, primary_w_k, secondary_w_k)
    assert 0.0 <= value <= min(primary_w_k, secondary_w_k, ua_w_k) * (1.0 + 1e-9)
    assert math.isfinite(slope)
    assert slope >= -1e-15


def test_a_huge_exchanger_hands_over_all_that_the_smaller_stream_can_take() -> None:
    assert conductance_w_k(1e9, 5e4, 20.0)[0] == pytest.approx(20.0)
    assert conductance_w_k(1e9, 20.0, 5e4)[0] == pytest.approx(20.0)


RATED_W, RATED_K = 260e3, 34.5


@pytest.mark.parametrize("exponent", [1.0, 1.3, 2.0])
@pytest.mark.parametrize("flow_w_k", [1e-3, 1.0, 1e3, 3e3, 4e3, 1e4, 1e6])
def test_water_leaves_radiators_no_colder_than_the_air(flow_w_k: float, exponent: float) -> None:
    above_air_k = 40.0
    heat_w, by_above, by_flow = radiator_heat_w(above_air_k, flow_w_k, RATED_W, RATED_K, exponent)
    assert 0.0 < heat_w <= flow_w_k * above_air_k * (1.0 + 1e-12)
    step = 1e-5
    more = radiator_heat_w(above_air_k * (1 + step), flow_w_k, RATED_W, RATED_K, exponent)[0]
    less = radiator_heat_w(above_air_k * (1 - step), flow_w_k, RATED_W, RATED_K, exponent)[0]
    assert by_above == pytest.approx((more - less) / (2 * step * above_air_k), rel=1e-3)
    more = radiator_heat_w(above_air_k, flow_w_k * (1 + step), RATED_W, RATED_K, exponent)[0]
    less = radiator_heat_w(above_air_k, flow_w_k * (1 - step), RATED_W, RATED_K, exponent)[0]
    assert by_flow == pytest.approx((more - less) / (2 * step * flow_w_k), rel=1e-3, abs=1e-9)


def test_the_least_flow_joins_smoothly() -> None:
    """At the flow whose return is just as cold as the air both formulas give the same heat."""
    flow_w_k = RATED_W * (20.0 / RATED_K) ** 1.3 / 40.0
    below, above = (
        radiator_heat_w(40.0, flow_w_k * factor, RATED_W, RATED_K, 1.3)[0]
        for factor in (1.0 - 1e-9, 1.0 + 1e-9)
    )
    assert below == pytest.approx(above, rel=1e-6)
    assert below == pytest.approx(flow_w_k * 40.0, rel=1e-6)
