"""A real Chromium that looks at the console."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from controller.console.access import SESSION_COOKIE
from tests.console.conftest import Scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {1920: 1080, 1280: 900, 390: 844}
SHOTS = os.environ.get("CONSOLE_SHOTS", "")


@dataclass
class Seen:
    """What a page has done besides showing itself."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    bytes_sent: int = 0


@contextmanager
def looking(
    browser: "Browser", scene: Scene, name: str = "li", language: str = "en", **options: Any
) -> Iterator[Seen]:
    """Open a window, signed in; whatever a page complains about fails the test."""
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = browser.new_context(base_url=scene.base, **options)
    cookies = {"language": language} | ({SESSION_COOKIE: scene.session_of(name)} if name else {})
    context.add_cookies([{"name": k, "value": v, "url": scene.base} for k, v in cookies.items()])
    page = context.new_page()
    page.set_default_timeout(60_000)  # so that a busy machine fails nothing
    seen = Seen(page)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda told: _note(seen, told.type, told.text))
    page.on("request", lambda asked: seen.hosts.add(urlsplit(asked.url).netloc))
    try:
        yield seen
    finally:
        context.close()
    assert seen.complaints == []
    assert seen.hosts <= {urlsplit(scene.base).netloc, ""}


def _note(seen: Seen, kind: str, text: str) -> None:
    # A refusal is an answer; the browser lists it all the same.
    if kind in ("error", "warning") and "status of 4" not in text:
        seen.complaints.append(text)


def keep_picture(page: "Page", name: str) -> None:
    """Keep a screenshot where somebody wants to look: CONSOLE_SHOTS names the folder."""
    if SHOTS:
        os.makedirs(SHOTS, exist_ok=True)
        page.screenshot(path=os.path.join(SHOTS, f"{name}.png"), full_page=True)
