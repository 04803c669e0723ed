"""What every page has around it: the head, the way back, the words, the form token."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from controller.console.access import Visitor, console_of, words_of
from controller.console.parts import part_drawer
from controller.console.snapshot import Snapshot
from controller.console.templates_of import template
from controller.report.numbers import zone_label

# address, key of its name, lowest role
NAVIGATION = (
    ("/", "nav.overview", "viewer"),
    ("/recommendation", "nav.recommendation", "viewer"),
    ("/trends", "nav.trends", "viewer"),
    ("/alarms", "nav.alarms", "viewer"),
    ("/journal", "nav.journal", "viewer"),
    ("/knowing", "nav.knowing", "viewer"),
    ("/what-if", "nav.what_if", "operator"),
    ("/report", "nav.report", "viewer"),
    ("/bus", "nav.bus", "viewer"),
    ("/settings", "nav.settings", "viewer"),
    ("/audit", "nav.audit", "engineer"),
    ("/users", "nav.users", "admin"),
    ("/tokens", "nav.tokens", "operator"),
)
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way down from the district, with the address that leads back up."""

    name: str
    link: str


def show(
    request: Request,
    visitor: Visitor,
    page: str,
    *,
    seen: Snapshot | None = None,
    status: int = 200,
    live: tuple[str, ...] = ("head", "banner"),
    **values: Any,
) -> HTMLResponse:
    """Render a page for somebody who is signed in.

    Args:
        request: The request.
        visitor: Who is signed in.
        page: The template.
        seen: The present, if it has been read already.
        status: The response's status.
        live: The parts that the stream keeps up to date.
        values: What the template takes besides.

    Returns:
        The page.

    Raises:
        StoreError: The store failed.
    """
    console = console_of(request)
    seen = seen or console.snapshot()
    now = seen.read_at
    return HTMLResponse(
        template(page).render(
            **common(request),
            visitor=visitor,
            csrf=visitor.csrf,
            may=visitor.may,
            stale=seen.is_stale(now),
            seen=seen,
            part=part_drawer(console, seen, visitor, now),
            live=",".join(live),
            navigation=[one for one in NAVIGATION if visitor.may(one[2])],
            fragment=request.headers.get("hx-request") == "true",
            **values,
        ),
        status_code=status,
    )


def common(request: Request) -> dict[str, Any]:
    """Give what every template takes, signed in or not.

    Args:
        request: The request.

    Returns:
        The values.
    """
    console, words = console_of(request), words_of(request)
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return {
        "t": words,
        "lang": words.language,
        "site_name": console.site.name,
        "demo": console.demo,
        "path": request.url.path,
        "zone": zone_label(console.clock(), console.zone),
        "theme": theme if theme in THEMES else "auto",
    }
