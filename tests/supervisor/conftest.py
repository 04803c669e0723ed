"""Stores to test with: an SQLite file, and a database of a real PostgreSQL server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.store.database import Database, open_database
from tests.supervisor.postgresql_server import Server, postgresql_server

NOW = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgresql_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return "sqlite:///store.db"
    running: Server = request.getfixturevalue("server")
    return running.new_database()


@pytest.fixture
def database(store_url: str, tmp_path: Path) -> Iterator[Database]:
    opened = open_database(store_url, tmp_path)
    yield opened
    opened.close()
