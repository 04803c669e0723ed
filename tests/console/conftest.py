"""A small site with two planned days, an engine that lives on it, and a console in a browser."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn

from controller.console.access import SESSION_COOKIE, SESSION_LASTS
from controller.console.application import build_app
from controller.console.settings import Console
from controller.site import load_site
from controller.store.database import Database, open_database
from controller.store.passes import SESSION, issue
from tests.console.living import PASSWORD, Living, filled_store, living, running
from tests.console.plant_day import PlantDay, plant_day, utc_now
from tests.peers import need_package, need_program
from tests.site.sound import write_site
from tests.supervisor.running_site import files

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    need_package("playwright")
    path = need_program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


def cold_weather(now: datetime) -> str:
    """From -5 degC down to -13 within a day, hour by hour."""
    rows = ["time,outdoor_temp_c,wind_m_s,ghi_w_m2"]
    for hour in range(-60, 84):
        outdoor = -5.0 - min(max(hour, 0), 24) / 3.0
        rows.append(f"{(now + timedelta(hours=hour)).isoformat()},{outdoor:.2f},2.0,0")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> PlantDay:
    now = utc_now()
    tables = files("/dev/null", lambda hour: -5.0, False) | {"weather.csv": cold_weather(now)}
    made = plant_day(write_site(tmp_path_factory.mktemp("north"), tables), now)
    filled_store(made.site.folder, made).close()
    return made


@dataclass
class Scene:
    """A console on a living engine; `base` is its address."""

    base: str
    day: PlantDay
    folder: Path
    database: Database
    engine: Living
    console: Console
    server: uvicorn.Server
    sessions: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def client(self, name: str = "", language: str = "en") -> Iterator[httpx.Client]:
        """A browser without scripts, signed in where a name is given."""
        with httpx.Client(base_url=self.base, cookies={"language": language}, timeout=60) as client:
            if name:
                client.cookies.set(SESSION_COOKIE, self.session_of(name))
            yield client

    def session_of(self, name: str) -> str:
        """A session without the slow part of signing in, which has tests of its own."""
        if name not in self.sessions:
            now = self.console.clock()
            with self.database.writing() as connection:
                self.sessions[name] = issue(
                    connection, SESSION, name, "test", now, now + SESSION_LASTS
                )
        return self.sessions[name]

    def until(self, true: Callable[[], object], timeout_s: float = 60.0) -> None:
        give_up_s = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < give_up_s, "it never came"
            time.sleep(0.05)


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, "next": "/"})


@contextmanager
def scene_on(folder: Path, day: PlantDay) -> Iterator[Scene]:
    shutil.copytree(day.site.folder, folder)
    database = open_database(day.site.store_url, folder)
    engine = living(folder, day, database)
    console = Console(
        site=load_site(folder), database=database, clock=lambda: datetime.now(UTC), demo=True
    )
    with running(engine), serving(console) as (base, server):
        yield Scene(base, day, folder, database, engine, console, server)
    database.close()


@contextmanager
def serving(console: Console) -> Iterator[tuple[str, uvicorn.Server]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(
        build_app(console), port=port, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, day: PlantDay) -> Iterator[Scene]:
    with scene_on(tmp_path_factory.mktemp("console") / "site", day) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path, day: PlantDay) -> Iterator[Scene]:
    """A scene of a test's own, for what can be done once only."""
    with scene_on(tmp_path / "site", day) as made:
        yield made
