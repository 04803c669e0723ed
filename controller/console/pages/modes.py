"""Asking the engine for another mode: hold, resume, arm, disarm, reload."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import NotAllowedError, Visitor, console_of, need
from controller.console.asking import ask_engine
from controller.console.frame import show
from controller.modes import NEEDED_ROLE, Arm, Disarm, Hold, Reload, Resume
from controller.roles import Role

router = APIRouter()
KINDS = {"hold": Hold, "resume": Resume, "arm": Arm, "disarm": Disarm, "reload": Reload}
LONGEST_H = 14 * 24


@router.get("/mode")
def mode(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """Say what the mode means and offer what the reader may ask for."""
    allowed = [name for name, kind in KINDS.items() if visitor.user.role.may(NEEDED_ROLE[kind])]
    return show(request, visitor, "mode.html", allowed=allowed, longest_h=LONGEST_H)


@router.post("/mode/{kind}")
async def ask_mode(
    request: Request,
    kind: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    hours: Annotated[float, Form(gt=0, le=LONGEST_H)] = 24.0,
) -> Response:
    """Ask for a mode."""
    if kind not in KINDS:
        raise HTTPException(404)
    needed = NEEDED_ROLE[KINDS[kind]]
    if not visitor.user.role.may(needed):
        raise NotAllowedError("error.role", needed=needed.value)
    console = console_of(request)
    until = console.clock() + timedelta(hours=hours)
    body = {"until": until.isoformat()} if kind == "arm" else {}
    asked = await ask_engine(console, visitor.user, kind, body)
    return RedirectResponse(f"/?asked={asked}", status_code=303)
