"""Unit conversion and the site's limits on a point."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import BadRequest
from drivers.points import UNITS, FieldPoint, converted, point_value, tag_value, unit_of


def point(quantity: str, *, low: float | None = None, high: float | None = None) -> FieldPoint:
    return FieldPoint(
        point_id="P", device_id="d", tag="t", quantity=quantity, writable=low is not None,
        min_value=low, max_value=high, stale_after_s=10,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ("supply_temp_c", "degC"), ("secondary_offset_k", "K"), ("flow_m3_h", "m3/h"),
        ("heat_power_kw", "kW"), ("supply_pressure_bar", "bar"), ("speed_pct", "%"),
        ("wind_m_s", "m/s"), ("ghi_w_m2", "W/m2"), ("energy_kwh", "kWh"), ("volume_m3", "m3"),
        ("mass_flow_kg_s", "kg/s"), ("remote", ""), ("heartbeat", ""),
    ],
)  # fmt: skip
def test_a_quantity_ends_in_its_unit(quantity: str, unit: str) -> None:
    assert unit_of(quantity) == unit


@pytest.mark.parametrize(
    ("value", "unit", "to_unit", "expected"),
    [
        (50, "degF", "degC", 10), (10, "degC", "degF", 50), (1, "MPa", "bar", 10),
        (250, "kPa", "bar", 2.5), (10, "mH2O", "bar", 0.980665), (1, "l/s", "m3/h", 3.6),
        (1, "GJ/h", "kW", 277.7777777778), (3.6, "MJ", "kWh", 1), (1, "GJ", "MWh", 0.2777777778),
        (1, "Gcal/h", "kW", 1163), (7.2, "km/h", "m/s", 2), (3.6, "t/h", "kg/s", 1),
    ],
)  # fmt: skip
def test_conversion(value: float, unit: str, to_unit: str, expected: float) -> None:
    assert converted(value, unit, to_unit) == pytest.approx(expected, rel=1e-9)


@given(
    pair=st.sampled_from(
        [(a, b) for a in UNITS for b in UNITS if UNITS[a][0] == UNITS[b][0]]
    ),
    value=st.floats(-1e6, 1e6),
)  # fmt: skip
def test_there_and_back(pair: tuple[str, str], value: float) -> None:
    one, other = pair
    back = converted(converted(value, one, other), other, one)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(("unit", "to_unit"), [("bar", "degC"), ("K", "degC"), ("furlong", "m3")])
def test_apples_are_not_pears(unit: str, to_unit: str) -> None:
    with pytest.raises(BadRequest):
        converted(1.0, unit, to_unit)


def test_reading_a_point_in_its_own_unit() -> None:
    assert point_value(point("heat_power_kw"), "MW", 2.5) == 2500


@pytest.mark.parametrize("value", [64.9, 110.1, float("nan")])
def test_a_setpoint_outside_the_site_s_limits_is_refused(value: float) -> None:
    limited = point("supply_temp_c", low=65, high=110)
    with pytest.raises(BadRequest, match="not between"):
        tag_value(limited, "degC", value)
    assert tag_value(limited, "degF", 100.0) == pytest.approx(212)


def test_a_read_point_is_not_written() -> None:
    with pytest.raises(BadRequest, match="not a point that may be written"):
        tag_value(point("supply_temp_c"), "degC", 80)
