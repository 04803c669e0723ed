"""What is known of the plant: complaints, changes, leaks, the load ahead, and how sure."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from controller.console.access import Visitor, console_of, need
from controller.console.frame import show
from controller.console.knowledge import (
    calibration_view,
    complaint_rows,
    estimate_view,
    lever_rows,
    load_view,
    parameter_rows,
)
from controller.console.leak_view import leaks_view
from controller.console.valves_view import valves_view
from controller.knowing.complaint_words import VERDICTS
from controller.report.numbers import local_time
from controller.roles import Role

router = APIRouter()


@router.get("/knowing")
def knowing(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    entered: int | None = None,
) -> Response:
    """Show it; `entered` is the complaint that has just been taken down."""
    console = console_of(request)
    seen = console.snapshot()
    words, now = visitor.words, seen.read_at
    complaints = complaint_rows(console, words, now)
    version = console.site.parameters
    return show(
        request,
        visitor,
        "knowing.html",
        seen=seen,
        complaints=complaints,
        entered=next((row for row in complaints if row["number"] == entered), None),
        causes=[(name, words.of(text)) for name, text in VERDICTS.items()],
        calibration=calibration_view(console, words),
        leaks=leaks_view(console, words, now),
        version=version,
        version_at="" if version is None else local_time(version.made_at, console.zone),
        parameters=parameter_rows(console, words),
        estimate=estimate_view(console),
        load=load_view(console),
        valves=valves_view(console, words),
        levers=lever_rows(console, words, seen.engine.get("unidentified", ())),
    )
