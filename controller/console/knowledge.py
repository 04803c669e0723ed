"""What is known of the plant, as rows: parameters, changes, complaints, the load ahead."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from controller.console.languages import Words
from controller.console.settings import Console
from controller.knowing.calibration_words import COLUMNS, PARTS, QUANTITIES
from controller.knowing.complaint_words import ADVICE, VERDICTS, clue_text
from controller.knowing.complaints import clocks
from controller.knowing.event_words import CAUSES, SIGNALS, size_text
from controller.report.numbers import local_time, number, short_number
from controller.store.complaints import StoredComplaint, complaints_since, open_complaints
from controller.store.identifications import latest_identifications
from controller.store.present import published
from optimizer.estimate.values import Value

SHOWN_COMPLAINTS = timedelta(days=7)
MOST_COMPLAINTS, MOST_ROWS = 60, 12
# Half the width of a 90 % interval in standard deviations.
SIGMAS_90 = 1.645


def interval(one: Value) -> tuple[float, float]:
    """Where a value lies with 90 % certainty.

    Args:
        one: The value with the standard deviation of its logarithm.

    Returns:
        The two ends.
    """
    factor = math.exp(SIGMAS_90 * one.spread)
    return one.value / factor, one.value * factor


def interval_text(one: Value) -> str:
    """Write a value's 90 % interval.

    Args:
        one: The value.

    Returns:
        Both ends.
    """
    low, high = interval(one)
    return f"{short_number(low)} – {short_number(high)}"


def parameter_rows(console: Console, words: Words) -> list[dict[str, Any]]:
    """Say of each calibrated column how many values it has, and show the least sure ones.

    Args:
        console: The console.
        words: The reader's words.

    Returns:
        A row for each column; `values` are its least sure ones with their intervals.
    """
    if console.site.parameters is None:
        return []
    by_column: dict[str, list[tuple[str, Value]]] = {}
    for ids in console.site.parameters.values.values():
        for name, columns in ids.items():
            for column, one in columns.items():
                by_column.setdefault(column, []).append((name, one))
    return [
        {
            "name": words.of(COLUMNS[column]),
            "count": len(found),
            "spread": number(100.0 * sum(one.spread for _, one in found) / len(found), 1),
            "values": [
                {"name": name, "value": short_number(one.value), "interval": interval_text(one)}
                for name, one in sorted(found, key=lambda pair: -pair[1].spread)[:MOST_ROWS]
            ],
        }
        for column, found in by_column.items()
    ]


def intervals_of(console: Console, table: str, name: str) -> dict[str, str]:
    """Write the 90 % intervals of one thing's calibrated columns.

    Args:
        console: The console.
        table: pipes, stations or buildings.
        name: The thing's id.

    Returns:
        Interval by column, empty where it was never calibrated.
    """
    version = console.site.parameters
    found = {} if version is None else version.values[table].get(name, {})
    return {column: interval_text(one) for column, one in found.items()}


def calibration_view(console: Console, words: Words) -> dict[str, Any] | None:
    """What the last night's calibration has found.

    Args:
        console: The console.
        words: The reader's words.

    Returns:
        When, what came of it, scores and changes; None before the first night.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = published(connection, "calibration")
    if found is None:
        return None
    at, body = found
    details = body["details"]
    return {
        "at": local_time(at, console.zone),
        "changed": body["changed"],
        "version": details.get("version"),
        "why_not": "" if details else body["text"],
        "scores": [_score(one, words) for one in details.get("scores", ())],
        "events": [_event(one, words) for one in reversed(details.get("events", ()))],
    }


def _score(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    before, after = one["before"], one["after"]
    return {
        "part": words.of(PARTS[one["part"]]),
        "quantity": words.of(QUANTITIES[one["quantity"]]),
        "unit": one["unit"],
        "before": number(before, 3),
        "after": number(after, 3),
        "better": before is not None and after is not None and after < before,
        "why_not": words.engine(one["why_not"]),
    }


def _event(one: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {
        "where": one["where"],
        "since": one["since"][:10],
        "cause": words.of(CAUSES[one["cause"]]),
        "signal": words.of(SIGNALS[one["signal"]]),
        "size": size_text(one["signal"], one["size"]),
    }


def estimate_view(console: Console) -> dict[str, Any] | None:
    """How sure the state is, and which sensors were left out.

    Args:
        console: The console.

    Returns:
        When, the buildings known least, and the sensors; None before the first cycle.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = published(connection, "estimate")
    if found is None:
        return None
    at, body = found
    rooms = [
        (name, one)
        for name, one in body["buildings"].items()
        if one["spread_k"] is not None and one["indoor_temp_c"] is not None
    ]
    spreads = [one["spread_k"] for _, one in rooms]
    return {
        "at": local_time(at, console.zone),
        "count": len(rooms),
        "mean": number(sum(spreads) / len(spreads) if spreads else None, 2),
        "rooms": [
            {
                "name": name,
                "indoor": number(one["indoor_temp_c"], 1),
                "within": number(SIGMAS_90 * one["spread_k"], 1),
            }
            for name, one in sorted(rooms, key=lambda pair: -pair[1]["spread_k"])[:MOST_ROWS]
        ],
        "left_out": body["left_out"],
    }


def load_view(console: Console) -> dict[str, Any] | None:
    """The newest forecast of the whole load.

    Args:
        console: The console.

    Returns:
        When it was issued, whether it is learned, rows by hours ahead, and how good those of the
        last week were; None before the first.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = published(connection, "loads")
    if found is None:
        return None
    body = found[1]
    issued = datetime.fromisoformat(body["issue_time"])
    total = body["loads"].get("total")
    if total is None:
        return None
    rows = [
        {
            "at": local_time(issued + timedelta(hours=lead), console.zone),
            **{
                key: number(total[f"{key}_kw"][lead - 1], 0)
                for key in ("p10", "load", "p90", "physics")
            },
        }
        for lead in (1, 3, 6, 12, 18, 24, 36, 48)
        if lead <= len(total["load_kw"])
    ]
    return {
        "at": local_time(issued, console.zone),
        "learned": total["learned"],
        "rows": rows,
        "score": body.get("score"),
    }


def lever_rows(console: Console, words: Words, waiting: Sequence[str]) -> list[dict[str, Any]]:
    """List what the identification tests have found of the levers.

    Args:
        console: The console.
        words: The reader's words.
        waiting: Levers that wait for a test that counts, as the engine says.

    Returns:
        A row for each lever that was tested or waits.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = latest_identifications(connection)
    rows = []
    for name in sorted({*found, *waiting}):
        last = found.get(name)
        body = {} if last is None else last.body
        seen = body.get("response") or {}
        far = [one["delay_s"] for one in body.get("watched", {}).values()]
        rows.append(
            {
                "name": name,
                "at": "" if last is None else local_time(last.at, console.zone),
                "passed": last is not None and last.passed and name not in waiting,
                "why_not": words.engine(str(body.get("why_not", ""))),
                "answer": body.get("answer") or "",
                "gain": number(seen.get("gain"), 2),
                "delay": number(seen["delay_s"] / 60.0 if seen else None, 0),
                "lag": number(seen["lag_s"] / 60.0 if seen else None, 0),
                "farthest": number(max(far) / 60.0 if far else None, 0),
            }
        )
    return rows


def complaint_rows(console: Console, words: Words, now: datetime) -> list[dict[str, Any]]:
    """List the open complaints, and the closed ones of the last days, with their clocks.

    Args:
        console: The console.
        words: The reader's words.
        now: tz-aware.

    Returns:
        Rows, the open ones first and the oldest of them at the top.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        waiting = open_complaints(connection)
        recent = complaints_since(connection, now - SHOWN_COMPLAINTS)
    closed = [one for one in reversed(recent) if one.closed_at is not None]
    return [_complaint(console, words, one, now) for one in [*waiting, *closed][:MOST_COMPLAINTS]]


def _complaint(
    console: Console, words: Words, one: StoredComplaint, now: datetime
) -> dict[str, Any]:
    own, said = clocks(one, now, console.site.timezone), one.complaint
    hot = {True: words("complaint.hot"), False: words("complaint.cold"), None: ""}
    return {
        "number": one.complaint_id,
        "at": local_time(said.at, console.zone),
        "building": said.building_id,
        "flat": said.flat,
        "temp": "" if said.room_temp_c is None else number(said.room_temp_c, 1),
        "radiator": hot[said.radiator_hot],
        "note": said.note,
        "actor": said.actor,
        "verdict": words.of(VERDICTS[said.verdict]),
        "advice": words.of(ADVICE[said.verdict]),
        "clues": [words.of(clue_text(clue)) for clue in said.clues],
        "answered": one.answered_at and local_time(one.answered_at, console.zone),
        "answer_by": local_time(own.answer_by, console.zone),
        "answer_late": own.answer_late,
        "closed": one.closed_at and local_time(one.closed_at, console.zone),
        "close_by": local_time(own.close_by, console.zone),
        "close_late": own.close_late,
        "cause": words.of(VERDICTS[one.cause]) if one.cause else "",
        "outcome": one.outcome or "",
    }
