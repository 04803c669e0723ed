"""The shift report: chosen here, printed from a page of its own, or taken along as a workbook."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import HTMLResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.console.settings import Console
from controller.report.numbers import local_time
from controller.roles import Role

router = APIRouter()
HOURS = 8
MOST_SHIFTS = 9
# The report is one file with its own style sheet and no script at all.
REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/report")
def choose(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """List the last shifts."""
    console = console_of(request)
    ends = shift_ends(console, MOST_SHIFTS)
    rows = [
        {
            "end": end.isoformat(),
            "name": visitor.words(
                "report.shift",
                since=local_time(end - timedelta(hours=HOURS), console.zone),
                until=local_time(end, console.zone),
            ),
        }
        for end in ends
    ]
    return show(request, visitor, "report.html", shifts=rows, hours=HOURS)


@router.get("/report/shift.html")
def page(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    end: datetime | None = None,
    hours: Annotated[float, Query(gt=0, le=744)] = HOURS,
) -> Response:
    """Show the report."""
    html, _ = _written(console_of(request), visitor, end, hours)
    return HTMLResponse(html, headers={"Content-Security-Policy": REPORT_CSP})


@router.get("/report/shift.xlsx")
def workbook(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    end: datetime | None = None,
    hours: Annotated[float, Query(gt=0, le=744)] = HOURS,
) -> Response:
    """Give the report as a workbook."""
    _, content = _written(console_of(request), visitor, end, hours)
    headers = {"Content-Disposition": 'attachment; filename="shift.xlsx"'}
    return Response(content, media_type=WORKBOOK, headers=headers)


def shift_ends(console: Console, count: int) -> list[datetime]:
    """Give the ends of the last shifts, at 00, 08 and 16 o'clock local time.

    Args:
        console: The console.
        count: How many.

    Returns:
        The newest first, tz-aware; the shift under way comes first, ending now.
    """
    now = console.clock().astimezone(console.zone).replace(microsecond=0)
    end = now.replace(hour=now.hour // HOURS * HOURS, minute=0, second=0)
    ends = [now]
    while len(ends) < count:
        ends.append(end)
        end = (end - timedelta(hours=HOURS)).replace(tzinfo=console.zone)
    return ends


def _written(
    console: Console, visitor: Visitor, end: datetime | None, hours: float
) -> tuple[str, bytes]:
    from controller.report.shift_facts import gather_shift
    from controller.report.shift_report import write_shift  # brings a workbook's library along

    until = console.clock().replace(microsecond=0) if end is None else end
    if until.utcoffset() is None:
        until = until.replace(tzinfo=console.zone)
    shift = gather_shift(console.database, console.site, until - timedelta(hours=hours), until)
    with tempfile.TemporaryDirectory() as scratch:
        html, book = write_shift(shift, console.site, visitor.words.language, Path(scratch))
        return html.read_text(encoding="utf-8"), book.read_bytes()
