"""Who is there and what they may do: decided on the server for every route."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from controller.console.languages import COOKIE, Words, chosen_language, words
from controller.console.settings import Console
from controller.roles import Role
from controller.store.passes import SESSION, TOKEN, holder
from controller.store.users import User

SESSION_COOKIE = "heatwarden_session"
SESSION_LASTS = timedelta(hours=12)  # one shift, and some time to hand over
CSRF_FIELD = "csrf"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class NotSignedInError(Exception):
    """Nobody is signed in, or the session has ended."""


class NotAllowedError(Exception):
    """The role is too low, or the form did not come from these pages."""

    def __init__(self, key: str, **values: str) -> None:
        super().__init__(key)
        self.key, self.values = key, values


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who is signed in; `csrf` is what every form of the pages carries."""

    user: User
    csrf: str
    words: Words

    def may(self, role: str) -> bool:
        """Whether the visitor's role includes another.

        Args:
            role: Its name.

        Returns:
            Whether it does.
        """
        return self.user.role.may(Role(role))


def console_of(request: Request) -> Console:
    """Give the console that serves a request.

    Args:
        request: The request.

    Returns:
        The console.
    """
    console: Console = request.app.state.console
    return console


def words_of(request: Request) -> Words:
    """Give the words in a reader's language.

    Args:
        request: The request.

    Returns:
        The words.
    """
    cookie = request.cookies.get(COOKIE)
    return words(chosen_language(cookie, request.headers.get("accept-language")))


def need(role: Role) -> Callable[[Request], Awaitable[Visitor]]:
    """Make the condition of a page's route.

    Args:
        role: The lowest role that may use it.

    Returns:
        A dependency that gives the visitor.
    """

    async def visitor(request: Request) -> Visitor:
        found = await signed_in(request)
        if request.method not in SAFE_METHODS:
            await check_form(request, found)
        if not found.user.role.may(role):
            raise NotAllowedError("error.role", needed=role.value)
        return found

    return visitor


def need_token(role: Role) -> Callable[[Request], Awaitable[User]]:
    """Make the condition of an API route: a bearer token, never a cookie.

    Args:
        role: The lowest role that may use it.

    Returns:
        A dependency that gives the user.
    """

    async def user(request: Request) -> User:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotSignedInError
        found = await _holder(request, TOKEN, secret.strip())
        if found is None:
            raise NotSignedInError
        if not found.role.may(role):
            raise NotAllowedError("error.role", needed=role.value)
        return found

    return user


async def signed_in(request: Request) -> Visitor:
    """Find out who is there.

    Args:
        request: The request.

    Returns:
        The visitor.

    Raises:
        NotSignedInError: Nobody.
    """
    secret = request.cookies.get(SESSION_COOKIE, "")
    user = await _holder(request, SESSION, secret) if secret else None
    if user is None:
        raise NotSignedInError
    return Visitor(user=user, csrf=csrf_of(secret), words=words_of(request))


async def check_form(request: Request, visitor: Visitor) -> None:
    """Make sure that a form comes from these pages.

    Args:
        request: The request.
        visitor: Who sends it.

    Raises:
        NotAllowedError: It comes from elsewhere.
    """
    check_origin(request)
    form = await request.form()
    shown = form.get(CSRF_FIELD)
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), visitor.csrf.encode()):
        raise NotAllowedError("error.csrf")


def check_origin(request: Request) -> None:
    """Refuse a form that a browser says comes from another site.

    Args:
        request: The request.

    Raises:
        NotAllowedError: It does.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in ("same-origin", "none"):
        raise NotAllowedError("error.csrf")


def csrf_of(secret: str) -> str:
    """Derive a session's form token: who can read it could read the session.

    Args:
        secret: The session's secret.

    Returns:
        The token.
    """
    return hashlib.sha256(b"form " + secret.encode()).hexdigest()


async def _holder(request: Request, kind: str, secret: str) -> User | None:
    console = console_of(request)

    def look() -> User | None:
        with console.database.reading() as connection:
            return holder(connection, kind, secret, console.wall())

    return await run_in_threadpool(look)
