"""The one place of unit conversion: a device's unit to the unit of a point's quantity and back.

A quantity ends in its unit (`supply_temp_c`, `flow_m3_h`); one without such an ending (`remote`,
`heartbeat`) is a plain number.
"""

from dataclasses import dataclass
from functools import cache

from drivers.base import BadRequest

# unit -> (what it measures, factor, offset): value in the base unit = factor * value + offset
UNITS: dict[str, tuple[str, float, float]] = {
    "": ("number", 1.0, 0.0),
    "%": ("share", 1.0, 0.0),
    "degC": ("temperature", 1.0, 0.0),
    "degF": ("temperature", 5.0 / 9.0, -160.0 / 9.0),
    "K": ("temperature difference", 1.0, 0.0),
    "bar": ("pressure", 1.0, 0.0),
    "mbar": ("pressure", 1e-3, 0.0),
    "Pa": ("pressure", 1e-5, 0.0),
    "kPa": ("pressure", 1e-2, 0.0),
    "MPa": ("pressure", 10.0, 0.0),
    "mH2O": ("pressure", 0.0980665, 0.0),
    "m3/h": ("flow", 1.0, 0.0),
    "m3/s": ("flow", 3600.0, 0.0),
    "l/h": ("flow", 1e-3, 0.0),
    "l/min": ("flow", 0.06, 0.0),
    "l/s": ("flow", 3.6, 0.0),
    "kg/s": ("mass flow", 1.0, 0.0),
    "kg/h": ("mass flow", 1.0 / 3600.0, 0.0),
    "t/h": ("mass flow", 1.0 / 3.6, 0.0),
    "kW": ("power", 1.0, 0.0),
    "W": ("power", 1e-3, 0.0),
    "MW": ("power", 1e3, 0.0),
    "MJ/h": ("power", 1.0 / 3.6, 0.0),
    "GJ/h": ("power", 1e3 / 3.6, 0.0),
    "Gcal/h": ("power", 1163.0, 0.0),
    "kWh": ("energy", 1.0, 0.0),
    "Wh": ("energy", 1e-3, 0.0),
    "MWh": ("energy", 1e3, 0.0),
    "kJ": ("energy", 1.0 / 3600.0, 0.0),
    "MJ": ("energy", 1.0 / 3.6, 0.0),
    "GJ": ("energy", 1e3 / 3.6, 0.0),
    "Gcal": ("energy", 1163.0, 0.0),
    "m3": ("volume", 1.0, 0.0),
    "l": ("volume", 1e-3, 0.0),
    "m/s": ("speed", 1.0, 0.0),
    "km/h": ("speed", 1.0 / 3.6, 0.0),
    "W/m2": ("irradiance", 1.0, 0.0),
    "Hz": ("frequency", 1.0, 0.0),
    "h": ("time", 3600.0, 0.0),
    "s": ("time", 1.0, 0.0),
}
# Endings of quantities, the longer before the shorter that ends alike.
_ENDINGS = (
    ("_m3_h", "m3/h"),
    ("_kg_s", "kg/s"),
    ("_w_m2", "W/m2"),
    ("_m_s", "m/s"),
    ("_kwh", "kWh"),
    ("_mwh", "MWh"),
    ("_bar", "bar"),
    ("_pct", "%"),
    ("_kw", "kW"),
    ("_mw", "MW"),
    ("_m3", "m3"),
    ("_hz", "Hz"),
    ("_c", "degC"),
    ("_k", "K"),
    ("_s", "s"),
    ("_h", "h"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldPoint:
    """A point of the site as the drivers need it; the limits are in the quantity's unit.

    `writable` says whether the site lets it be written; the limits then are not None.
    """

    point_id: str
    device_id: str
    tag: str
    quantity: str
    writable: bool
    min_value: float | None
    max_value: float | None
    stale_after_s: float


@cache  # asked for every reading; a site has a few dozen quantities
def unit_of(quantity: str) -> str:
    """Tell the unit that a quantity's name ends in.

    Args:
        quantity: Such as supply_temp_c.

    Returns:
        A key of UNITS, empty for a plain number.
    """
    return next((unit for ending, unit in _ENDINGS if quantity.endswith(ending)), "")


def converted(value: float, unit: str, to_unit: str) -> float:
    """Convert a value between two units of the same kind.

    Args:
        value: In `unit`.
        unit: A key of UNITS.
        to_unit: A key of UNITS.

    Returns:
        The value in `to_unit`.

    Raises:
        BadRequest: An unknown unit, or two that measure different things.
    """
    for name in (unit, to_unit):
        if name not in UNITS:
            raise BadRequest(f"unit {name!r} is not one of {', '.join(UNITS)}")
    kind, factor, offset = UNITS[unit]
    to_kind, to_factor, to_offset = UNITS[to_unit]
    if kind != to_kind:
        raise BadRequest(f"{unit or 'a plain number'} is a {kind}, {to_unit} a {to_kind}")
    if unit == to_unit:
        return value
    return (factor * value + offset - to_offset) / to_factor


def point_value(point: FieldPoint, unit: str, value: float) -> float:
    """Convert a tag's value to the unit of the point's quantity.

    Args:
        point: The point.
        unit: The unit of its tag.
        value: In that unit.

    Returns:
        The value in the quantity's unit.

    Raises:
        BadRequest: Tag and quantity measure different things.
    """
    return converted(value, unit, unit_of(point.quantity))


def tag_value(point: FieldPoint, unit: str, value: float) -> float:
    """Convert a setpoint to the tag's unit, and refuse what must not be written.

    Args:
        point: The point.
        unit: The unit of its tag.
        value: In the unit of the point's quantity.

    Returns:
        The value in the tag's unit.

    Raises:
        BadRequest: The point is not written, or the value is outside the point's limits.
    """
    if not point.writable or point.min_value is None or point.max_value is None:
        raise BadRequest(f"{point.point_id} is not a point that may be written")
    if not point.min_value <= value <= point.max_value:
        raise BadRequest(
            f"{point.point_id} {value:g} is not between {point.min_value:g} and {point.max_value:g}"
        )
    return converted(value, unit_of(point.quantity), unit)
