"""The journal: every write, what was intended and what the readback said; with a search."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.report.numbers import number
from controller.roles import Role
from controller.store.journal import Journal, JournalRow, Stage

router = APIRouter()
MOST_ROWS = 300
SPANS_DAYS = (1, 7, 30, 365)


@router.get("/journal")
def journal(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    text: str = "",
    stage: str = "",
    days: Annotated[int, Query(ge=1, le=800)] = 7,
) -> Response:
    """List writes, the newest first."""
    console = console_of(request)
    now = console.clock()
    rows = Journal(console.database, fence=0).rows(since=now - timedelta(days=days))
    found = [row for row in reversed(rows) if _fits(row, text.strip().casefold(), stage)]
    return show(
        request,
        visitor,
        "journal.html",
        text=text,
        stage=stage,
        days=days,
        spans=SPANS_DAYS,
        stages=[str(one) for one in Stage],
        count=len(found),
        rows=[
            {
                "at": row.at.astimezone(console.zone).strftime("%Y-%m-%d %H:%M:%S"),
                "stage": str(row.stage),
                "point": row.intent.point_id,
                "before": number(row.intent.before, 2),
                "value": number(row.intent.value, 2),
                "readback": number(row.readback, 2),
                "mode": row.intent.mode,
                "actor": row.intent.actor,
                "set_id": row.intent.set_id or "",
                "detail": row.detail,
            }
            for row in found[:MOST_ROWS]
        ],
    )


def _fits(row: JournalRow, text: str, stage: str) -> bool:
    if stage and row.stage != stage:
        return False
    own = row.intent
    return not text or any(
        text in word.casefold()
        for word in (own.point_id, own.actor, own.mode, own.set_id or "", row.detail)
    )
