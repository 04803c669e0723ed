"""The console as a web application: routes, headers, and what is said when something is wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.console import api
from controller.console.access import NotAllowedError, NotSignedInError, words_of
from controller.console.asking import NoEngineError
from controller.console.forms import WrongFormError
from controller.console.frame import common
from controller.console.headers import HEADERS, Headers
from controller.console.limits import Limits
from controller.console.live import Live
from controller.console.pages import (
    alarms,
    audit,
    bus,
    changing,
    complaints,
    files,
    hands,
    journal,
    knowing,
    modes,
    overview,
    people,
    places,
    recommendation,
    settings_page,
    shift,
    signin,
    stream,
    tokens,
    trends,
    what_if,
)
from controller.console.quota import TooOftenError
from controller.console.settings import Console
from controller.console.studies import Studies
from controller.console.templates_of import template
from controller.store.errors import StoreError

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PAGES = (
    overview, changing, hands, recommendation, places, trends, alarms, journal, knowing,
    complaints, modes, bus, settings_page, audit, people, shift, what_if, tokens, signin, stream,
    files,
)  # fmt: skip


def build_app(console: Console, *, hosts: tuple[str, ...] = LOOPBACK) -> FastAPI:
    """Put the console together.

    Args:
        console: What it stands on.
        hosts: Names by which it may be called; anything else is refused, so that no foreign name
            can be made to lead here.

    Returns:
        The application.
    """

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        app.state.live = Live(console)
        app.state.studies = Studies()
        reader = asyncio.create_task(app.state.live.run())
        yield
        app.state.studies.end()
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader

    app = FastAPI(lifespan=living, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.console = console
    for page in _PAGES:
        app.include_router(page.router)
    app.mount("/api", api.build_api(console))
    app.add_middleware(GZipMiddleware, minimum_size=700, compresslevel=5)
    if "*" not in hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(Limits)
    app.add_middleware(Headers)
    _on_errors(app)
    return app


def _on_errors(app: FastAPI) -> None:
    async def not_signed_in(request: Request, error: Exception) -> Response:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=204, headers={"HX-Redirect": "/login"})
        if request.method == "GET":
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(here)}", status_code=303)
        return _said(request, 401, "error.session")

    async def not_allowed(request: Request, error: Exception) -> Response:
        assert isinstance(error, NotAllowedError)
        values = {
            name: words_of(request).maybe(f"role.{value}", value)
            for name, value in error.values.items()
        }
        return _said(request, 403, error.key, **values)

    async def wrong_form(request: Request, error: Exception) -> Response:
        assert isinstance(error, WrongFormError)
        return _said(request, 422, error.key, **error.values)

    async def no_engine(request: Request, error: Exception) -> Response:
        return _said(request, 503, "error.engine")

    async def too_often(request: Request, error: Exception) -> Response:
        return _said(request, 429, "error.too_often")

    async def no_store(request: Request, error: Exception) -> Response:
        log.warning("the store failed: %s", error)
        return _said(request, 503, "error.store")

    async def wrong(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 422
        key = f"error.{status}"
        return _said(request, status, key if words_of(request).maybe(key, "") else "error.other")

    async def broken(request: Request, error: Exception) -> Response:
        log.error("a page failed", exc_info=error)
        return _said(request, 500, "error.500")

    app.add_exception_handler(NotSignedInError, not_signed_in)
    app.add_exception_handler(NotAllowedError, not_allowed)
    app.add_exception_handler(WrongFormError, wrong_form)
    app.add_exception_handler(NoEngineError, no_engine)
    app.add_exception_handler(TooOftenError, too_often)
    app.add_exception_handler(StoreError, no_store)
    app.add_exception_handler(HTTPException, wrong)
    app.add_exception_handler(RequestValidationError, wrong)
    app.add_exception_handler(Exception, broken)


def _said(request: Request, status: int, key: str, **values: str) -> HTMLResponse:
    words = words_of(request)
    page = template("error.html").render(
        **common(request), message=words(key, **values), status=status
    )
    return HTMLResponse(page, status_code=status, headers=HEADERS)
