"""Charts and tables of what was and what is planned."""

from datetime import datetime, timedelta
from typing import Any

from controller.console.card import advice_of
from controller.console.figures import QUANTITIES, unit_of
from controller.console.flats import farthest_building
from controller.console.history import thinned
from controller.console.languages import Words
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.console.timeline import Band, Course, Timeline, draw_timeline, stepped
from controller.report.numbers import local_time, number

PAST = timedelta(hours=24)
AHEAD = timedelta(hours=24)
_MOST_POINTS = 240


def near_timeline(console: Console, seen: Snapshot, words: Words) -> Timeline:
    """Draw the plant's outlet and the farthest station: a day back, a day ahead.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        The chart.
    """
    now = seen.read_at
    courses = []
    for plant in console.site.district.network.plants:
        name = words("chart.supply", name=plant.plant_id)
        key = ("plant", plant.plant_id, "supply_temp_c")
        courses.append(_measured(console, key, name, "measured", now))
        planned = seen.courses.get("plants", {}).get(plant.plant_id)
        if planned:
            courses += [
                Course(name=words(key, name=name), style=style, points=_ahead(seen, planned[of]))
                for key, style, of in (
                    ("chart.planned", "plan", "delivered"),
                    ("chart.curve", "base", "baseline"),
                )
            ]
    far = farthest_building(console, seen)
    if far is not None:
        station = _station_of(console, far)
        name = words("chart.farthest", name=far)
        key = ("station", station, "supply_temp_c")
        courses.append(_measured(console, key, name, "second", now))
    return draw_timeline(
        words("chart.near"),
        [one for one in courses if one.points],
        since=now - PAST,
        until=now + AHEAD,
        now=now,
        zone=console.zone,
    )


def ahead_timelines(console: Console, seen: Snapshot, words: Words) -> list[dict[str, Any]]:
    """Draw the schedule ahead beside the weather curve.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        Charts with title and unit; none before the first plan.
    """
    courses = seen.courses
    if not courses:
        return []
    start = datetime.fromisoformat(courses["start"])
    steps = len(courses["outdoor"]["p50"]) - 1
    span = (start, start + timedelta(seconds=steps * courses["step_s"]))
    network = console.site.district.network
    found = []
    for plant in network.plants:
        own = courses["plants"][plant.plant_id]
        lines = [("plan", "plan", own["setpoint"]), ("baseline", "base", own["baseline"])]
        title = words("chart.supply", name=plant.plant_id)
        limits = [(words("chart.highest"), plant.max_supply_temp_c)]
        found.append(_chart(console, seen, words, span, title, "°C", lines, limits))
    for pump in network.pumps:
        own = courses["pumps"][pump.pump_id]
        lines = [("plan", "plan", own["setpoint"]), ("baseline", "base", own["baseline"])]
        title = words("chart.pump", name=pump.pump_id)
        unit = "%" if pump.control == "speed" else "bar"
        found.append(_chart(console, seen, words, span, title, unit, lines, []))
    for which in ("farthest", "coldest"):
        own = courses["buildings"][which]
        lines = [
            ("plan", "plan", own["p50"]),
            ("baseline", "base", own["baseline"]),
            ("held", "held", own["held"]),
        ]
        title = words(f"chart.flat_{which}", name=own["building_id"])
        limits = [(words("chart.promised"), own["min_indoor_c"])]
        found.append(_chart(console, seen, words, span, title, "°C", lines, limits, own))
    lines = [("outdoor", "plan", courses["outdoor"]["p50"])]
    title = words("chart.outdoor")
    found.append(_chart(console, seen, words, span, title, "°C", lines, [], courses["outdoor"]))
    return found


def schedule_rows(console: Console, seen: Snapshot, words: Words) -> dict[str, Any] | None:
    """Write the schedule once an hour, beside the weather curve's.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        Heads and rows; None before the first plan.
    """
    advice, courses = advice_of(seen), seen.courses
    if advice is None or not courses:
        return None
    members = [one for one in advice.members if not one.element.startswith("station:")]
    baseline = {
        **{f"plant:{name}": one["baseline"] for name, one in courses["plants"].items()},
        **{f"pump:{name}": one["baseline"] for name, one in courses["pumps"].items()},
    }
    heads = [
        {
            "name": one.element.split(":", 1)[1],
            "quantity": words.maybe(f"quantity.{one.quantity}", one.quantity),
            "unit": unit_of(one.quantity),
        }
        for one in members
    ]
    stride = max(1, 3600 // advice.step_s)
    wide = max(1, round(3600 / courses["step_s"]))
    rows = []
    for k, i in enumerate(range(0, len(members[0].series) if members else 0, stride)):
        at = advice.start + timedelta(seconds=i * advice.step_s)
        cells = [
            {
                "plan": number(one.series[i], QUANTITIES.get(one.quantity, ("", 1, 1.0))[1]),
                "baseline": number(_item(baseline.get(one.element, []), k * wide), 1),
            }
            for one in members
        ]
        outdoor = number(_item(courses["outdoor"]["p50"], k * wide), 1)
        rows.append({"at": local_time(at, console.zone), "outdoor": outdoor, "cells": cells})
    return {"heads": heads, "rows": rows}


def _chart(
    console: Console,
    seen: Snapshot,
    words: Words,
    span: tuple[datetime, datetime],
    title: str,
    unit: str,
    lines: list[tuple[str, str, list[float | None]]],
    limits: list[tuple[str, float]],
    band: dict[str, Any] | None = None,
) -> dict[str, Any]:
    bands = []
    if band is not None and band.get("p10") is not None:
        bands = [
            Band(
                name=words("chart.band"),
                style="plan",
                low=_ahead(seen, band["p10"]),
                high=_ahead(seen, band["p90"]),
            )
        ]
    courses = [
        Course(name=words(f"chart.{name}"), style=style, points=_ahead(seen, values))
        for name, style, values in lines
    ]
    drawn = draw_timeline(
        f"{title}, {unit}",
        courses,
        since=span[0],
        until=span[1],
        now=seen.read_at if span[0] <= seen.read_at <= span[1] else None,
        zone=console.zone,
        limits=limits,
        bands=bands,
    )
    return {"title": title, "unit": unit, "drawn": drawn}


def _ahead(seen: Snapshot, values: list[float | None]) -> list[tuple[datetime, float | None]]:
    start = datetime.fromisoformat(seen.courses["start"])
    return list(stepped(start, seen.courses["step_s"], values))


def _measured(
    console: Console, key: tuple[str, str, str], name: str, style: str, now: datetime
) -> Course:
    point_id = console.point_of.get(key)
    points = [] if point_id is None else thinned(console, point_id, now - PAST, now, _MOST_POINTS)
    return Course(name=name, style=style, points=points)


def _station_of(console: Console, building_id: str) -> str:
    network = console.site.district.network
    return network.buildings[network.building_index[building_id]].station_id


def _item(values: list[float | None], index: int) -> float | None:
    return values[index] if index < len(values) else None
