"""Signing in and out, the language and the light: what a page needs to know of its reader."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.console.access import (
    SESSION_COOKIE,
    SESSION_LASTS,
    Visitor,
    check_origin,
    console_of,
    need,
    words_of,
)
from controller.console.frame import THEME_COOKIE, THEMES, common
from controller.console.languages import COOKIE, LANGUAGES
from controller.console.lockout import MOST_OF_ONE_NAME
from controller.console.settings import Console
from controller.console.templates_of import template
from controller.roles import Role
from controller.store.audit import AuditEntry, append_audit
from controller.store.passes import SESSION, digest_of, issue, withdraw
from controller.store.users import User, authenticated

router = APIRouter()
CHOICE_LASTS = timedelta(days=365)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 -- in the address
    """Ask who is there."""
    return _asking(request, next, "")


@router.post("/login")
async def login(
    request: Request,
    name: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 -- in the form
) -> Response:
    """Let somebody in, or say no in a way that tells nothing."""
    check_origin(request)
    console = console_of(request)
    address = request.client.host if request.client else ""
    if console.lockout.is_locked(name, address):
        return _asking(request, next, "login.locked", status=429)
    # Counted before it is checked: many tries at once are as many as one after the other.
    console.lockout.failed(name, address)
    user = await run_in_threadpool(_checked, console, name, password)
    if user is None:
        locked = console.lockout.is_locked(name, address)
        await run_in_threadpool(_note_failure, console, name, address, locked)
        return _asking(request, next, "login.locked" if locked else "login.wrong", status=401)
    console.lockout.succeeded(name, address)
    old = request.cookies.get(SESSION_COOKIE, "")
    secret = await run_in_threadpool(_session, console, user, address, old)
    response = RedirectResponse(_inside(next), status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def logout(request: Request, visitor: Annotated[Visitor, Depends(need(Role.VIEWER))]) -> Response:
    """End the session, here and in the store."""
    console = console_of(request)
    with console.database.writing() as connection:
        withdraw(connection, digest_of(request.cookies.get(SESSION_COOKIE, "")))
        append_audit(connection, _entry(console, visitor.user.name, "sign out", {}))
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/language/{language}")
def choose_language(request: Request, language: str, next: str = "/") -> Response:  # noqa: A002
    """Remember the reader's language; nothing but the reader's own page changes."""
    return _remembered(COOKIE, language, LANGUAGES, next)


@router.get("/theme/{theme}")
def choose_theme(request: Request, theme: str, next: str = "/") -> Response:  # noqa: A002
    """Remember whether the reader wants it light or dark."""
    return _remembered(THEME_COOKIE, theme, THEMES, next)


def _remembered(cookie: str, value: str, known: tuple[str, ...], back: str) -> Response:
    response = RedirectResponse(_inside(back), status_code=303)
    if value in known:
        lasts_s = int(CHOICE_LASTS.total_seconds())
        response.set_cookie(cookie, value, max_age=lasts_s, httponly=True, samesite="lax")
    return response


def _asking(request: Request, back: str, problem: str, status: int = 200) -> HTMLResponse:
    page = template("login.html").render(
        **common(request),
        next=_inside(back),
        problem=words_of(request)(problem) if problem else "",
    )
    return HTMLResponse(page, status_code=status)


def _inside(address: str) -> str:
    """Only addresses of this console: nobody is sent elsewhere after signing in."""
    parts = urlsplit(address)
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    plain = not parts.scheme and not parts.netloc and address.isprintable() and "\\" not in address
    return address if inside and plain else "/"


def _checked(console: Console, name: str, password: str) -> User | None:
    with console.database.reading() as connection:
        return authenticated(connection, name, password)


def _session(console: Console, user: User, address: str, old: str) -> str:
    """Begin a session; one that this browser had before ends."""
    now = console.wall()
    with console.database.writing() as connection:
        withdraw(connection, digest_of(old))
        append_audit(connection, _entry(console, user.name, "sign in", {"address": address}))
        return issue(connection, SESSION, user.name, address, now, now + SESSION_LASTS)


def _note_failure(console: Console, name: str, address: str, locked: bool) -> None:
    details = {"address": address, "locked": locked, "after": MOST_OF_ONE_NAME}
    with console.database.writing() as connection:
        append_audit(connection, _entry(console, name, "sign in failed", details))


def _entry(console: Console, actor: str, action: str, details: dict[str, object]) -> AuditEntry:
    # A name that was typed may be anything; the audit keeps what can be shown.
    shown = "".join(letter if letter.isprintable() else "?" for letter in actor)[:100] or "?"
    return AuditEntry(at=console.clock(), actor=shown, action=action, details=details)
