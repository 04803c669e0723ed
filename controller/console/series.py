"""Which series a trend can show, and their numbers: measured, planned, allowed."""

from datetime import datetime
from typing import Any

from controller.console.figures import QUANTITIES, unit_of
from controller.console.flats import coldest_of, farthest_building, flats_now
from controller.console.history import thinned
from controller.console.languages import Words
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.sitefiles.parts import Point

MOST_POINTS = 600
# The coldest flats of the two buildings that a plan is told by, measured and ahead.
FLATS = ("flat:farthest", "flat:coldest")
_GROUPS = {
    "plant": ("plant", ("supply_temp_c", "return_temp_c", "supply_temp_setpoint_c")),
    "pressure": ("plant", ("supply_pressure_bar", "return_pressure_bar")),
    "flow": ("plant", ("flow_m3_h", "makeup_m3_h")),
    "heat": ("plant", ("heat_power_kw",)),
    "pumps": ("pump", ("speed_pct", "power_kw")),
    "weather": ("site", ("outdoor_temp_c", "wind_m_s", "ghi_w_m2")),
    "buildings": ("building", ()),
}


def groups(console: Console, words: Words) -> list[tuple[str, str]]:
    """List the ready-made choices.

    Args:
        console: The console.
        words: The reader's words.

    Returns:
        Name and what it is called.
    """
    return [(name, words(f"group.{name}")) for name in _GROUPS]


def chosen(console: Console, seen: Snapshot, points: list[str], group: str) -> list[str]:
    """Choose the points to show.

    Args:
        console: The console.
        seen: The present.
        points: Asked for by name; a name that is not known is left out.
        group: One of the groups, where no point is asked for.

    Returns:
        Point ids.
    """
    known = {one.point_id for one in console.site.points}
    if points:
        return [name for name in points if name in known or name in FLATS]
    if group == "buildings":
        return [*FLATS, *_special(console, seen)]
    kind, quantities = _GROUPS.get(group, _GROUPS["plant"])
    return [
        point_id
        for (of, _, quantity), point_id in console.point_of.items()
        if of == kind and quantity in quantities
    ]


def ready_made(console: Console, seen: Snapshot) -> list[tuple[str, str]]:
    """List every point that can be shown, with what it measures.

    Args:
        console: The console.
        seen: The present.

    Returns:
        Id and quantity.
    """
    return [(one.point_id, one.quantity) for one in console.site.points if one.direction == "read"]


def series_of(
    console: Console, seen: Snapshot, words: Words, point_id: str, since: datetime
) -> list[dict[str, Any]]:
    """Give a point's past, its planned future, and what it is allowed.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.
        point_id: The point; an unknown one gives nothing.
        since: Where the past begins, tz-aware.

    Returns:
        Series with `name`, `unit`, `kind` (measured, plan, limit), times in s and values.
    """
    if point_id in FLATS:
        return flat_series(console, seen, words, point_id.removeprefix("flat:"), since)
    point = next((one for one in console.site.points if one.point_id == point_id), None)
    if point is None:
        return []
    factor = QUANTITIES.get(point.quantity, ("", 2, 1.0))[2]
    quantity = words.maybe(f"quantity.{point.quantity}", point.quantity)
    unit = unit_of(point.quantity)
    chart = f"{unit} {quantity}" if point.quantity == "indoor_temp_c" else unit
    head = {"name": f"{point.target_id} {quantity}".strip(), "unit": unit, "chart": chart}
    past = thinned(console, point_id, since, seen.read_at, MOST_POINTS)
    found = [
        {
            **head,
            "kind": "measured",
            "at": [round(at.timestamp(), 1) for at, _ in past],
            "values": [None if value is None else round(value * factor, 3) for _, value in past],
        }
    ]
    for name, planned in _planned(seen, point).items():
        start = datetime.fromisoformat(seen.courses["start"]).timestamp()
        step_s = seen.courses["step_s"]
        found.append(
            {
                **head,
                "name": f"{head['name']}, {words(f'chart.{name}')}",
                "kind": name,
                "at": [start + i * step_s for i in range(len(planned))],
                "values": [None if one is None else round(one * factor, 3) for one in planned],
            }
        )
    found += [
        {
            **head,
            "name": f"{head['name']}, {words('chart.limit')}",
            "kind": "limit",
            "at": [],
            "values": [limit * factor],
        }
        for limit in _limits(console, point)
    ]
    return found


def flat_series(
    console: Console, seen: Snapshot, words: Words, which: str, since: datetime
) -> list[dict[str, Any]]:
    """Give the coldest flat of a building that the plan is told by.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.
        which: farthest or coldest.
        since: Where the past begins, tz-aware.

    Returns:
        Measured where there is a sensor, planned with its P10 and P90, the weather curve's, and
        what people are promised; nothing before the first plan.
    """
    own = seen.courses.get("buildings", {}).get(which)
    if own is None:
        return []
    title = words("chart.flat", name=own["building_id"])
    head = {"unit": "°C", "chart": f"°C {title}"}
    start, step_s = datetime.fromisoformat(seen.courses["start"]), seen.courses["step_s"]
    found = [
        {
            **head,
            "name": words(f"chart.{key}"),
            "kind": kind,
            "at": [start.timestamp() + i * step_s for i in range(len(own[name]))],
            "values": own[name],
        }
        for key, kind, name in _FLAT_COURSES
        if own.get(name)
    ]
    past = _measured_flat(console, seen, own["building_id"], since)
    if past:
        found.insert(
            0,
            {
                **head,
                "name": words("chart.measured"),
                "kind": "measured",
                "at": [at for at, _ in past],
                "values": [round(value, 3) for _, value in past],
            },
        )
    limit = {"kind": "limit", "at": [], "values": [own["min_indoor_c"]]}
    return [*found, {**head, "name": words("chart.promised"), **limit}]


_FLAT_COURSES = (
    ("plan", "plan", "p50"),
    ("p10", "p10", "p10"),
    ("p90", "p90", "p90"),
    ("baseline", "baseline", "baseline"),
)


def _measured_flat(
    console: Console, seen: Snapshot, building_id: str, since: datetime
) -> list[tuple[float, float]]:
    """A building's sensor, corrected to its coldest flat by the outdoor temperature of the time."""
    network = console.site.district.network
    sensor = console.point_of.get(("building", building_id, "indoor_temp_c"))
    outside = console.point_of.get(("site", "", "outdoor_temp_c"))
    if sensor is None or outside is None:
        return []
    beta = network.buildings[network.building_index[building_id]].worst_flat_beta
    outdoor = [
        (at, value)
        for at, value in thinned(console, outside, since, seen.read_at, MOST_POINTS)
        if value is not None
    ]
    found, i = [], 0
    for at, mean in thinned(console, sensor, since, seen.read_at, MOST_POINTS):
        while i + 1 < len(outdoor) and outdoor[i + 1][0] <= at:
            i += 1
        if mean is not None and outdoor:
            found.append((round(at.timestamp(), 1), mean - beta * (mean - outdoor[i][1])))
    return found


def _planned(seen: Snapshot, point: Point) -> dict[str, list[float | None]]:
    courses = seen.courses
    if not courses:
        return {}
    if point.target_kind == "plant":
        own = courses["plants"].get(point.target_id, {})
        if point.quantity == "supply_temp_c":
            return {"plan": own.get("delivered", []), "baseline": own.get("baseline", [])}
        if point.quantity == "return_temp_c":
            return {"plan": own.get("return", [])}
        if point.quantity == "heat_power_kw":
            heat = own.get("heat_mw", [])
            return {"plan": [None if one is None else 1000.0 * one for one in heat]}
    if point.target_kind == "pump" and point.quantity.startswith("speed"):
        own = courses["pumps"].get(point.target_id, {})
        return {"plan": own.get("setpoint", []), "baseline": own.get("baseline", [])}
    if point.quantity == "outdoor_temp_c":
        own = courses["outdoor"]
        return {name: own[name] for name in ("p10", "p50", "p90") if own.get(name)}
    return {}


def _limits(console: Console, point: Point) -> list[float]:
    network, district = console.site.district.network, console.site.district
    if point.target_kind == "plant" and point.quantity == "supply_temp_c":
        plant = network.plants[network.plant_index[point.target_id]]
        return [plant.max_supply_temp_c]
    if point.quantity == "makeup_m3_h":
        return [district.limits.max_makeup_m3_h]
    if point.target_kind == "building" and point.quantity == "indoor_temp_c":
        return [network.buildings[network.building_index[point.target_id]].min_indoor_c]
    return []


def _special(console: Console, seen: Snapshot) -> list[str]:
    """The farthest and the coldest building that are measured, and their stations."""
    coldest = coldest_of(
        {name: one for name, one in flats_now(console, seen).items() if one.measured}
    )
    names = [farthest_building(console, seen), None if coldest is None else coldest.building_id]
    network = console.site.district.network
    found: list[str | None] = []
    for name in names:
        if name is None:
            continue
        station = network.buildings[network.building_index[name]].station_id
        found.append(console.point_of.get(("building", name, "indoor_temp_c")))
        found.append(console.point_of.get(("station", station, "supply_temp_c")))
    return list(dict.fromkeys(one for one in found if one is not None))
