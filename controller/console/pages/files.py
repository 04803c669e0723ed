"""Assets, from this package only."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from controller.console.assets import LONG, assets

router = APIRouter()


@router.get("/assets/{name}")
def asset(request: Request, name: str) -> Response:
    """Send a file; its name changes with its content, so that it may be kept for ever."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": LONG, "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = found.packed if packed else found.plain
    return Response(body, media_type=found.media_type, headers=headers)


@router.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it whatever the page says."""
    return Response(status_code=204, headers={"Cache-Control": LONG})
