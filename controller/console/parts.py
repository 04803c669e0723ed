"""The parts of a page that stay up to date: drawn for the page at first, then by the stream."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from controller.alarms.catalogue import CATALOGUE
from controller.console.access import Visitor
from controller.console.card import card_of
from controller.console.figures import plant_figures, weather_figures
from controller.console.flats import coldest_of, flats_now
from controller.console.languages import Words
from controller.console.map_frame import frame_of
from controller.console.map_marks import marks_of, strained_pipes
from controller.console.network_map import pipe_path
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.console.templates_of import template
from controller.report.numbers import local_time, number, zone_label
from controller.roles import Role

# What the stream puts in the place of a session's own form token.
CSRF_PLACE = "\ue000csrf\ue000"
# Where a page says more of an alarm.
MORE_OF = {"leak_suspected": "/knowing#leaks", "plant_changed": "/knowing#changes"}


def render_part(
    name: str,
    console: Console,
    seen: Snapshot,
    words: Words,
    role: Role,
    now: datetime,
    csrf: str = CSRF_PLACE,
) -> Markup:
    """Draw one part.

    Args:
        name: One of PARTS.
        console: The console.
        seen: The present.
        words: The reader's words.
        role: The reader's role: who may not act sees no button.
        now: tz-aware.
        csrf: The session's form token.

    Returns:
        HTML.
    """
    values = PARTS[name](console, seen, words, now)
    return Markup(  # the template has escaped every value
        template(f"parts/{name}.html").render(
            t=words,
            lang=words.language,
            stale=seen.is_stale(now),
            may=lambda needed: role.may(Role(needed)),
            csrf=csrf,
            **values,
        )
    )


def part_drawer(
    console: Console, seen: Snapshot, visitor: Visitor, now: datetime
) -> Callable[[str], Markup]:
    """Give what a page's template draws its parts with.

    Args:
        console: The console.
        seen: The present.
        visitor: The reader.
        now: tz-aware.

    Returns:
        A function of the part's name.
    """
    role = visitor.user.role
    return lambda name: render_part(name, console, seen, visitor.words, role, now, visitor.csrf)


def alarm_rows(console: Console, seen: Snapshot, words: Words) -> list[dict[str, Any]]:
    """Write the alarms for a list.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.

    Returns:
        The most urgent first; those on the shelf last.
    """
    rows = []
    for alarm in seen.alarms:
        kind = CATALOGUE[alarm.code]
        rows.append(
            {
                "id": alarm.alarm_id,
                "priority": int(alarm.priority),
                "raised": local_time(alarm.raised_at, console.zone),
                "source": alarm.source,
                "cause": words.of(kind.cause),
                "consequence": words.of(kind.consequence),
                "action": words.of(kind.action),
                "detail": words.engine(alarm.detail),
                "more": MORE_OF.get(alarm.code, ""),
                "active": alarm.active,
                "acknowledged_by": alarm.acknowledged_by,
                "shelved_until": ""
                if alarm.shelved_until is None
                else local_time(alarm.shelved_until, console.zone),
                "shelved_by": alarm.shelved_by,
                "shelf_reason": alarm.shelf_reason,
                "shelvable": int(alarm.priority) > 1,
            }
        )
    return sorted(rows, key=lambda row: bool(row["shelved_until"]))


def _head(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    age_s = seen.age_s(now)
    armed, owned = seen.engine.get("armed"), seen.engine.get("owned")
    return {
        "mode": seen.mode,
        "reason": words.engine(str(seen.engine.get("reason", ""))),
        "age": None if age_s is None else round(age_s),
        "running": seen.running,
        "armed": armed and {**armed, "until": _local(armed["until"], console)},
        "owned": owned and {**owned, "until": _local(owned["until"], console)},
        "clock": now.astimezone(console.zone).strftime("%Y-%m-%d %H:%M"),
        "zone": zone_label(now, console.zone),
        "urgent": [n for n in (1, 2) if any(int(one.priority) == n for one in _unseen(seen))],
        "unseen": len(_unseen(seen)),
    }


def _banner(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    snap = seen.snap
    if snap is None:
        return {"snap": None}
    begins = datetime.fromisoformat(str(snap["begins"]))
    hours = (begins - now).total_seconds() / 3600.0
    outdoor = seen.courses.get("outdoor", {}).get("p50", [])
    known = [one for one in outdoor if one is not None]
    return {
        "snap": {
            **snap,
            "begins": local_time(begins, console.zone),
            "countdown": f"{int(max(hours, 0))}:{int(max(hours, 0) % 1 * 60):02d}",
            "begun": hours <= 0.0,
            "now_c": number(known[0] if known else None, 1),
            "least_c": number(min(known, default=None), 1),
            "drop_k": number(known[0] - min(known) if known else None, 1),
        },
        "armed": seen.engine.get("armed") is not None,
        "auto": seen.mode == "auto",
    }


def _values(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    flats = flats_now(console, seen)
    coldest = coldest_of(flats)
    return {
        "figures": [
            *plant_figures(console, seen, words),
            *weather_figures(console, seen, words)[:1],
        ],
        "coldest": coldest,
        "coldest_c": "" if coldest is None else number(coldest.worst_c, 1),
        "short": sum(flat.short for flat in flats.values()),
        "known": len(flats),
        "measured": sum(flat.measured for flat in flats.values()),
    }


def _card(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    return card_of(console, seen, words, now)


def _alarms(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    rows = alarm_rows(console, seen, words)
    return {"alarms": rows[:8], "more": max(len(rows) - 8, 0)}


def _alarm_list(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    rows = alarm_rows(console, seen, words)
    return {
        "alarms": [row for row in rows if not row["shelved_until"]],
        "shelved": [row for row in rows if row["shelved_until"]],
    }


def _marks(console: Console, seen: Snapshot, words: Words, now: datetime) -> Mapping[str, Any]:
    network = console.site.district.network
    frame = frame_of(network)
    paths = [
        pipe_path(network, network.pipes[network.pipe_index[name]], frame)
        for name in strained_pipes(console, seen)
    ]
    return {
        "marks": marks_of(console, seen, words, frame),
        "strained": "".join(paths),
        "height": frame.height,
    }


def _unseen(seen: Snapshot) -> list[Any]:
    return [
        one
        for one in seen.alarms
        if one.active and not one.acknowledged_by and one.shelved_until is None
    ]


def _local(text: str, console: Console) -> str:
    return local_time(datetime.fromisoformat(text), console.zone)


PARTS: dict[str, Callable[[Console, Snapshot, Words, datetime], Mapping[str, Any]]] = {
    "head": _head,
    "banner": _banner,
    "values": _values,
    "card": _card,
    "alarms": _alarms,
    "alarm_list": _alarm_list,
    "marks": _marks,
}
