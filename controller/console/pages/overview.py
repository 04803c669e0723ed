"""The page that a control room looks at all winter."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.asking import look_up
from controller.console.courses import near_timeline
from controller.console.frame import common, show
from controller.console.map_frame import frame_of
from controller.console.network_map import BINS, draw_map, temperature_span
from controller.console.settings import Console
from controller.console.templates_of import template
from controller.report.numbers import number
from controller.roles import Role

router = APIRouter()
LIVE = ("head", "banner", "marks", "values", "card", "alarms")
ANSWER_SHOWN = timedelta(minutes=10)


@router.get("/")
async def overview(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    view: str = "abnormal",
    asked: int | None = None,
) -> Response:
    """Show the district."""
    return await run_in_threadpool(_overview, request, visitor, view, asked)


@router.get("/asked/{number}")
def asked_again(
    request: Request, number: int, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]
) -> Response:
    """Show the engine's answer to a request of the reader's own, for a notice that waits for it."""
    console = console_of(request)
    answer = answer_to(console, visitor, number, console.clock())
    if answer is None:
        raise HTTPException(404)
    return HTMLResponse(template("answer.html").render(**common(request), answer=answer))


def _overview(request: Request, visitor: Visitor, view: str, asked: int | None) -> Response:
    console = console_of(request)
    seen = console.snapshot()
    coloured = view == "temperature"
    temps = seen.courses.get("now", {}).get("nodes") if coloured else None
    span = temperature_span(temps)
    network = console.site.district.network
    return show(
        request,
        visitor,
        "overview.html",
        seen=seen,
        live=LIVE,
        network_map=draw_map(
            network,
            frame_of(network),
            year=seen.read_at.year,
            label=visitor.words("map.label"),
            supply_temp_c=temps,
        ),
        coloured=coloured,
        bins=range(BINS),
        span=None if span is None else [number(value, 1) for value in span],
        timeline=near_timeline(console, seen, visitor.words),
        branches=console.topology.stations_of_branch,
        answer=answer_to(console, visitor, asked, seen.read_at),
    )


def answer_to(
    console: Console, visitor: Visitor, number_asked: int | None, now: datetime
) -> dict[str, Any] | None:
    """Give what the engine said to somebody's own, recent request.

    Args:
        console: The console.
        visitor: Who asked.
        number_asked: The request's number, or None.
        now: tz-aware.

    Returns:
        What the notice shows, or None.
    """
    found = None if number_asked is None else look_up(console, number_asked)
    if found is None or found.request.actor != visitor.user.name or now - found.at > ANSWER_SHOWN:
        return None
    return {
        "number": number_asked,
        "kind": found.request.kind,
        "accepted": found.accepted,
        "text": "" if found.answer is None else visitor.words.engine(found.answer),
    }
