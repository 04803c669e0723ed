"""What no point writes: the operator sets it by hand and says so here."""

import math
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from controller.console.access import Visitor, console_of, need
from controller.console.asking import ask_engine
from controller.roles import Role

router = APIRouter()


@router.post("/recommendations/{name}/set-by-hand")
async def set_by_hand(
    request: Request,
    name: str,
    visitor: Annotated[Visitor, Depends(need(Role.OPERATOR))],
    element: Annotated[str, Form(max_length=200)],
    value: Annotated[float, Form()],
) -> Response:
    """Tell the engine what stands there now."""
    if not math.isfinite(value):
        raise HTTPException(422)
    console = console_of(request)
    body = {"recommendation_id": name, "set_by_hand": {element: value}}
    asked = await ask_engine(console, visitor.user, "set_by_hand", body)
    return RedirectResponse(f"/?asked={asked}", status_code=303)
