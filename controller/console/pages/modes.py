"""Asking the engine for another mode: hold, resume, arm, disarm, reload."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import NotAllowedError, Visitor, console_of, need
from controller.console.asking import ask_engine
from controller.console.forms import WrongFormError, number_in_form
from controller.console.frame import show
from controller.modes import (
    LEAST_ARMING,
    LONGEST_ARMING,
    NEEDED_ROLE,
    Arm,
    Disarm,
    Hold,
    Reload,
    Resume,
)
from controller.roles import Role

router = APIRouter()
KINDS = {"hold": Hold, "resume": Resume, "arm": Arm, "disarm": Disarm, "reload": Reload}
LEAST_H, LONGEST_H = (one / timedelta(hours=1) for one in (LEAST_ARMING, LONGEST_ARMING))


@router.get("/mode")
def mode(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """Say what the mode means and offer what the reader may ask for."""
    allowed = [name for name, kind in KINDS.items() if visitor.user.role.may(NEEDED_ROLE[kind])]
    return show(request, visitor, "mode.html", allowed=allowed, longest_h=f"{LONGEST_H:g}")


@router.post("/mode/{kind}")
async def ask_mode(
    request: Request,
    kind: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    hours: Annotated[str, Form(max_length=20)] = "24",
) -> Response:
    """Ask for a mode."""
    if kind not in KINDS:
        raise HTTPException(404)
    needed = NEEDED_ROLE[KINDS[kind]]
    if not visitor.user.role.may(needed):
        raise NotAllowedError("error.role", needed=needed.value)
    console = console_of(request)
    body = {"until": _until(console.clock(), hours)} if kind == "arm" else {}
    asked = await ask_engine(console, visitor.user, kind, body)
    return RedirectResponse(f"/?asked={asked}", status_code=303)


def _until(now: datetime, hours: str) -> str:
    found = number_in_form(hours)
    if not LEAST_H <= found <= LONGEST_H:
        low, high = f"{LEAST_H:g}", f"{LONGEST_H:g}"
        raise WrongFormError("mode.wrong.hours", given=hours.strip(), low=low, high=high)
    return (now + timedelta(hours=found)).isoformat()
