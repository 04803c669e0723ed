"""Trends: measured so far, planned ahead, with limits; to look at, to zoom, to take along."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from controller.console.access import Visitor, console_of, need
from controller.console.courses import near_timeline
from controller.console.frame import show
from controller.console.series import chosen, groups, ready_made, series_of
from controller.roles import Role
from controller.store.telemetry import readings_of

router = APIRouter()
SPANS_H = (6, 24, 72, 168, 720, 8766)
MOST_SERIES = 12
MOST_HOURS = 87_672  # ten years: as long as summaries are kept


@router.get("/trends")
def trends(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    point: Annotated[list[str] | None, Query()] = None,
    group: str = "plant",
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 24,
) -> Response:
    """Show the page; its data is fetched from beside it, a drawing stands in without scripts."""
    console = console_of(request)
    seen = console.snapshot()
    wanted = chosen(console, seen, point or [], group)[:MOST_SERIES]
    return show(
        request,
        visitor,
        "trends.html",
        seen=seen,
        groups=groups(console, visitor.words),
        group="" if point else group,
        wanted=wanted,
        hours=hours,
        spans=SPANS_H,
        timeline=near_timeline(console, seen, visitor.words),
        ready=ready_made(console, seen),
    )


@router.get("/trends/data.json")
def data(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    point: Annotated[list[str], Query(max_length=MOST_SERIES)],
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 24,
) -> Response:
    """Give the series as numbers, thin enough to draw."""
    console = console_of(request)
    seen = console.snapshot()
    since = seen.read_at - timedelta(hours=hours)
    found: list[dict[str, Any]] = [
        one for name in point for one in series_of(console, seen, visitor.words, name, since)
    ]
    return JSONResponse(
        {"now": seen.read_at.timestamp(), "zone": console.site.timezone, "series": found}
    )


@router.get("/trends/values.csv")
def values(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    point: Annotated[list[str], Query(max_length=MOST_SERIES)],
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS)] = 24,
) -> Response:
    """Give every reading, none left out, as a table."""
    console = console_of(request)
    until = console.clock()
    since = until - timedelta(hours=hours)
    known = {one.point_id for one in console.site.points}

    def lines() -> Iterator[str]:
        yield _line(["time", "point_id", "value", "quality"])
        for name in point:
            if name not in known:
                continue
            with console.database.history() as connection:
                readings = readings_of(connection, name, since, until)
            for one in readings:
                at: datetime = one.time.astimezone(console.zone)
                value = "" if one.value is None else repr(one.value)
                yield _line([at.isoformat(), name, value, str(one.quality)])

    return StreamingResponse(
        lines(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="trends.csv"'},
    )


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
