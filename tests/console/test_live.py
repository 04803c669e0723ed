"""The stream: what it sends, whom it keeps, that it ends; and that fifty pages cost little."""

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from controller.console import live, parts
from controller.console.access import SESSION_COOKIE
from controller.store.passes import digest_of, withdraw
from tests.console.conftest import Scene


def events(scene: Scene, name: str, parts: str) -> Iterator[tuple[str, str]]:
    cookies = {SESSION_COOKIE: scene.session_of(name), "language": "en"}
    with (
        httpx.Client(base_url=scene.base, cookies=cookies, timeout=10) as client,
        client.stream("GET", "/live", params={"parts": parts}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind, lines = "", []
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                lines.append(line[6:])
            elif not line and kind:
                yield kind, "\n".join(lines)
                kind, lines = "", []


def test_it_sends_parts_once_and_beats_every_second(scene: Scene) -> None:
    heard: dict[str, int] = {}
    for kind, data in events(scene, "li", "head,card,nothing"):
        heard[kind] = heard.get(kind, 0) + 1
        if kind == "beat":
            assert json.loads(data)["stale"] is False
        if heard.get("beat") == 4:
            break
    assert heard["card"] == 1
    assert "nothing" not in heard


def test_a_form_in_the_stream_carries_the_readers_own_token(scene: Scene) -> None:
    from controller.console.access import csrf_of

    for kind, data in events(scene, "li", "alarms"):
        if kind == "alarms":
            assert csrf_of(scene.session_of("li")) in data
            assert "\ue000" not in data
            break


def test_a_viewer_gets_no_button(scene: Scene) -> None:
    for kind, data in events(scene, "guest", "card"):
        if kind == "card":
            assert "do-approve" not in data
            break


def test_it_ends_with_the_session(fresh: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CHECK_EVERY_S", 0.5)
    heard = []
    secret = fresh.session_of("li")
    for kind, _ in events(fresh, "li", "head"):
        heard.append(kind)
        if heard.count("beat") == 1:
            with fresh.database.writing() as connection:
                withdraw(connection, digest_of(secret))
    assert heard[-1] == "ended"


def test_fifty_pages_are_drawn_once(fresh: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    render = parts.render_part

    def counted(name: str, *rest: object) -> object:
        drawn.append(name)
        return render(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(live, "render_part", counted)
    beats: list[int] = []

    def look() -> None:
        for kind, _ in events(fresh, "li", "head,values,card,alarms,marks"):
            if kind == "beat":
                beats.append(1)
            if len(beats) >= 150:
                return

    fresh.session_of("li")
    began_s = time.monotonic()
    pages = [threading.Thread(target=look) for _ in range(50)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    took_s = time.monotonic() - began_s
    # One of each part a time that the engine has published, whoever looks.
    assert len(drawn) <= 5 * (took_s / live.LOOK_EVERY_S + 3)
