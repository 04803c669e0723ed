"""How much one request may bring, as plain ASGI: refused before anything is kept of it."""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 262_144  # the longest form, a changed set of a large site, is a tenth of it


class _TooLargeError(Exception):
    """More has come than may."""


class Limits:
    """Refuses bodies that are too long, said or not, and requests that say two lengths.

    Args:
        app: The application below.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = [value for name, value in scope["headers"] if name == b"content-length"]
        chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
        if said and chunked:
            # A server in front may believe the other one, and the rest be somebody's request.
            await _refuse(send, 400, "two lengths")
            return
        if any(int(value) > MOST_BODY for value in said):
            await _refuse(send, 413, f"more than {MOST_BODY} bytes")
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        come, begun = 0, False

        async def counting() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > MOST_BODY:
                raise _TooLargeError
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counting, noting)
        except _TooLargeError:
            if not begun:
                await _refuse(send, 413, f"more than {MOST_BODY} bytes")


async def _refuse(send: Send, status: int, why: str) -> None:
    body = json.dumps({"detail": why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
