"""The stream of a page, and what a program may read of the present."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from controller.console.access import (
    NotSignedInError,
    Visitor,
    console_of,
    need,
    need_token,
    signed_in,
)
from controller.console.live import Live
from controller.metrics import CONTENT_TYPE, metrics_text
from controller.roles import Role
from controller.store.users import User

router = APIRouter()


@router.get("/live")
async def live(
    request: Request,
    visitor: Annotated[Visitor, Depends(need(Role.VIEWER))],
    parts: str = "head",
) -> Response:
    """Send what changes until the page goes away."""
    own: Live = request.app.state.live
    own.admit(visitor)

    async def still_in() -> bool:
        try:
            found = await signed_in(request)
        except NotSignedInError:
            return False
        return found.user == visitor.user

    return StreamingResponse(
        own.stream(visitor, parts.split(","), still_in),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


@router.get("/metrics")
def metrics(request: Request, user: Annotated[User, Depends(need_token(Role.VIEWER))]) -> Response:
    """Prometheus text, for a program with a token."""
    console = console_of(request)
    return PlainTextResponse(
        metrics_text(console.database, console.clock()), media_type=CONTENT_TYPE
    )
