"""Alarms: the list by priority, acknowledging, shelving, and what has been."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.asking import ask_engine
from controller.console.frame import show
from controller.console.pages.overview import answer_to
from controller.console.parts import alarm_rows
from controller.report.numbers import local_time
from controller.roles import Role
from controller.store.alarm_log import alarm_history

router = APIRouter()
HOURS = (1, 2, 4, 8, 12)
HISTORY = timedelta(days=2)
MOST_EVENTS = 200


@router.get("/alarms")
def alarms(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    asked: int | None = None,
) -> Response:
    """List what is wrong, and what has been on the last two days."""
    console = console_of(request)
    seen = console.snapshot()
    with console.database.reading() as connection:
        events = alarm_history(connection, seen.read_at - HISTORY)
    rows = [
        {
            "at": local_time(one.at, console.zone),
            "alarm_id": one.alarm_id,
            "event": visitor.words.maybe(f"event.{one.event}", one.event),
            "actor": one.actor,
            "detail": visitor.words.engine(one.detail),
        }
        for one in reversed(events[-MOST_EVENTS:])
    ]
    return show(
        request,
        visitor,
        "alarms.html",
        seen=seen,
        live=("head", "banner", "alarm_list"),
        events=rows,
        answer=answer_to(console, visitor, asked, seen.read_at),
    )


@router.post("/alarms/acknowledge")
async def acknowledge(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    alarm_id: Annotated[str, Form(max_length=200)],
) -> Response:
    """Say that an alarm has been seen."""
    console = console_of(request)
    asked = await ask_engine(console, visitor.user, "acknowledge", {"alarm_id": alarm_id})
    return RedirectResponse(f"/alarms?asked={asked}", status_code=303)


@router.get("/alarms/shelve")
def ask_shelving(
    request: Request, alarm_id: str, visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))]
) -> Response:
    """Ask for how long and why."""
    console = console_of(request)
    seen = console.snapshot()
    rows = alarm_rows(console, seen, visitor.words)
    alarm = next((row for row in rows if row["id"] == alarm_id), None)
    if alarm is None:
        raise HTTPException(404)
    return show(request, visitor, "shelve.html", seen=seen, alarm=alarm, hours=HOURS)


@router.post("/alarms/shelve")
async def shelve(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    alarm_id: Annotated[str, Form(max_length=200)],
    hours: Annotated[float, Form(gt=0, le=12)],
    reason: Annotated[str, Form(min_length=1, max_length=500)],
) -> Response:
    """Put an alarm aside for a while, for a reason."""
    console = console_of(request)
    until = console.clock() + timedelta(hours=hours)
    body = {"alarm_id": alarm_id, "until": until.isoformat(), "reason": reason.strip()}
    asked = await ask_engine(console, visitor.user, "shelve", body)
    return RedirectResponse(f"/alarms?asked={asked}", status_code=303)
