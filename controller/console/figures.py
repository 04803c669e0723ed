"""Values as an operator reads them: with the range they should be in, their age and quality."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from controller.console.languages import Words
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.report.numbers import MISSING, number
from optimizer.estimate.record import ROOM_QUANTITIES
from optimizer.model.network import Plant

# quantity -> (unit, decimals, factor to that unit)
QUANTITIES: dict[str, tuple[str, int, float]] = {
    "supply_temp_c": ("°C", 1, 1.0),
    "return_temp_c": ("°C", 1, 1.0),
    "supply_temp_setpoint_c": ("°C", 1, 1.0),
    "secondary_supply_temp_c": ("°C", 1, 1.0),
    "indoor_temp_c": ("°C", 1, 1.0),
    "worst_flat_temp_c": ("°C", 1, 1.0),
    "outdoor_temp_c": ("°C", 1, 1.0),
    "secondary_offset_k": ("K", 1, 1.0),
    "secondary_offset_setpoint_k": ("K", 1, 1.0),
    "supply_pressure_bar": ("bar", 2, 1.0),
    "return_pressure_bar": ("bar", 2, 1.0),
    "dp_bar": ("bar", 2, 1.0),
    "dp_setpoint_bar": ("bar", 2, 1.0),
    "flow_m3_h": ("m³/h", 1, 1.0),
    "makeup_m3_h": ("m³/h", 2, 1.0),
    "heat_power_kw": ("MW", 2, 0.001),
    "power_kw": ("kW", 1, 1.0),
    "speed_pct": ("%", 1, 1.0),
    "speed_setpoint_pct": ("%", 1, 1.0),
    "wind_m_s": ("m/s", 1, 1.0),
    "ghi_w_m2": ("W/m²", 0, 1.0),
}
_OF_A_PLANT = (
    "supply_temp_c",
    "return_temp_c",
    "heat_power_kw",
    "flow_m3_h",
    "supply_pressure_bar",
    "return_pressure_bar",
    "makeup_m3_h",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A value to show; the shares place it on its bar, in % of the allowed range.

    `low` and `high` are the allowed range as text, `abnormal` says why it stands out, empty where
    it does not.
    """

    label: str
    place: str
    value: str
    unit: str
    quality: str
    age_s: int | None
    low: str = ""
    high: str = ""
    at_pct: float | None = None
    normal_pct: tuple[float, float] | None = None
    abnormal: str = ""
    link: str = ""


def plant_figures(console: Console, seen: Snapshot, words: Words) -> list[Figure]:
    """Give what is measured at the plants, the pumps and outdoors.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        The figures of every point that there is.
    """
    found: list[Figure] = []
    network = console.site.district.network
    for plant in network.plants:
        for quantity in _OF_A_PLANT:
            allowed = _allowed(console, plant, quantity)
            found += _measured(console, seen, words, "plant", plant.plant_id, quantity, allowed)
    for pump in network.pumps:
        allowed = (pump.min_speed_pct, pump.max_speed_pct)
        found += _measured(console, seen, words, "pump", pump.pump_id, "speed_pct", allowed)
    return found


def weather_figures(console: Console, seen: Snapshot, words: Words) -> list[Figure]:
    """Give what is measured outdoors.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        The figures.
    """
    found: list[Figure] = []
    for quantity in ("outdoor_temp_c", "wind_m_s", "ghi_w_m2"):
        found += _measured(console, seen, words, "site", "", quantity, None)
    return found


def target_figures(
    console: Console, seen: Snapshot, words: Words, kind: str, name: str
) -> list[Figure]:
    """Give everything that is measured at a station or building.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.
        kind: station or building.
        name: Its id.

    Returns:
        The figures, in the order of points.csv.
    """
    quantities = [key[2] for key in console.point_of if key[:2] == (kind, name)]
    found: list[Figure] = []
    for quantity in quantities:
        allowed = None
        if kind == "building" and quantity in ROOM_QUANTITIES:
            index = console.site.district.network.building_index[name]
            least = console.site.district.network.buildings[index].min_indoor_c
            allowed = (least, console.site.district.comfort.max_indoor_c)
        found += _measured(console, seen, words, kind, name, quantity, allowed)
    return found


def measured_value(
    console: Console, seen: Snapshot, kind: str, name: str, quantity: str
) -> float | None:
    """Give a good measured value.

    Args:
        console: The console.
        seen: The present.
        kind: plant, pump, station, building or site.
        name: Its id.
        quantity: What is measured.

    Returns:
        The value; None where it is not measured or not good.
    """
    reading = seen.readings.get(console.point_of.get((kind, name, quantity), ""))
    if reading is None or reading["quality"] != "good":
        return None
    value: float | None = reading["value"]
    return value


def written(value: float | None, quantity: str) -> str:
    """Write a value of a quantity in the unit that people read.

    Args:
        value: In the quantity's own unit.
        quantity: The quantity.

    Returns:
        The number without its unit.
    """
    _unit, digits, factor = QUANTITIES.get(quantity, ("", 2, 1.0))
    return MISSING if value is None else number(value * factor, digits)


def unit_of(quantity: str) -> str:
    """Give the unit that people read a quantity in.

    Args:
        quantity: The quantity.

    Returns:
        The unit; empty where there is none.
    """
    return QUANTITIES.get(quantity, ("", 2, 1.0))[0]


def _measured(
    console: Console,
    seen: Snapshot,
    words: Words,
    kind: str,
    name: str,
    quantity: str,
    allowed: tuple[float, float] | None,
) -> Iterable[Figure]:
    point_id = console.point_of.get((kind, name, quantity))
    if point_id is None:
        return
    reading = seen.readings.get(point_id, {"value": None, "quality": "missing", "age_s": None})
    value, quality = reading["value"], str(reading["quality"])
    since_s = seen.age_s(seen.read_at) or 0.0
    age_s = None if reading["age_s"] is None else round(reading["age_s"] + since_s)
    low, high = allowed or (math.nan, math.nan)
    outside = value is not None and (value < low or value > high)
    abnormal = words(f"quality.{quality}") if quality != "good" else ""
    if outside and not abnormal:
        abnormal = words("value.outside")
    yield Figure(
        label=words.maybe(f"quantity.{quantity}", quantity),
        place=name,
        value=written(value, quantity),
        unit=unit_of(quantity),
        quality=quality,
        age_s=age_s,
        low=written(low, quantity) if allowed else "",
        high=written(high, quantity) if allowed else "",
        at_pct=_share(value, allowed),
        normal_pct=_band(console.normal.get(point_id), allowed),
        abnormal=abnormal,
        link=f"/trends?point={point_id}",
    )


def _allowed(console: Console, plant: Plant, quantity: str) -> tuple[float, float] | None:
    """The range that a plant's value is allowed, where the site says so."""
    district = console.site.district
    beside = [
        pipe
        for pipe in district.network.pipes
        if plant.node_id in (pipe.from_node, pipe.to_node) and pipe.in_service
    ]
    weakest = min((pipe.max_pressure_bar for pipe in beside), default=math.nan)
    ranges = {
        "supply_temp_c": (plant.min_supply_temp_c, plant.max_supply_temp_c),
        "heat_power_kw": (0.0, 1000.0 * plant.max_heat_mw),
        "supply_pressure_bar": (district.limits.min_pressure_bar, weakest),
        "return_pressure_bar": (district.limits.min_pressure_bar, weakest),
        "makeup_m3_h": (0.0, district.limits.max_makeup_m3_h),
    }
    found = ranges.get(quantity)
    return None if found is None or not all(map(math.isfinite, found)) else found


def _share(value: float | None, allowed: tuple[float, float] | None) -> float | None:
    if value is None or allowed is None or allowed[1] <= allowed[0]:
        return None
    share = 100.0 * (value - allowed[0]) / (allowed[1] - allowed[0])
    return round(min(max(share, 0.0), 100.0), 1)


def _band(
    usual: tuple[float, float] | None, allowed: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Where the usual range lies on the bar: its start and its width, %."""
    if usual is None or allowed is None:
        return None
    start, end = _share(usual[0], allowed), _share(usual[1], allowed)
    return None if start is None or end is None else (start, round(max(end - start, 1.0), 1))
