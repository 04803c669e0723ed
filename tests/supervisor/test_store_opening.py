"""Opening a store, on SQLite and on PostgreSQL: what it is made of and what it survives."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from controller.store.audit import verify_audit
from controller.store.database import Database, open_database
from controller.store.errors import (
    StoreUnavailable,
)
from controller.store.tables import CORE, TELEMETRY
from tests.supervisor.postgresql_server import Server
from tests.supervisor.stores import audited


def test_migrations_make_the_tables_that_the_program_uses(database: Database) -> None:
    for engine, tables, part in (
        (database.core, CORE, "core"),
        (database.telemetry, TELEMETRY, "telemetry"),
    ):
        own = set(tables.tables)

        def include(
            thing: object, name: str | None, kind: str, *_: object, own: set[str] = own
        ) -> bool:
            return kind != "table" or name in own

        with engine.connect() as connection:
            options = {"version_table": f"schema_{part}", "include_object": include}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, tables) == []


def test_opening_again_keeps_everything(store_url: str, tmp_path: Path) -> None:
    first = open_database(store_url, tmp_path)
    audited(first, 3)
    first.close()
    again = open_database(store_url, tmp_path)
    with again.reading() as connection:
        assert verify_audit(connection).records == 3
    again.close()


def test_a_newer_store_is_refused(store_url: str, tmp_path: Path) -> None:
    first = open_database(store_url, tmp_path)
    with first.writing() as connection:
        connection.execute(text("UPDATE schema_core SET version_num = 'core_9999'"))
    first.close()
    with pytest.raises(StoreUnavailable, match="do not fit this program"):
        open_database(store_url, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://x/y",
        "nonsense",
        "postgresql://nobody@127.0.0.1:1/none",
        "sqlite:////proc/nowhere/store.db",
    ],
)
def test_an_unusable_address_is_a_store_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_database(url, tmp_path)


def test_the_core_of_sqlite_is_fully_synchronous(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    found = {}
    for name, engine in (("core", opened.core), ("telemetry", opened.telemetry)):
        with engine.connect() as connection:
            pragmas = ("synchronous", "journal_mode")
            found[name] = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas]
    opened.close()
    assert found == {"core": [2, "wal"], "telemetry": [1, "wal"]}  # 2 is FULL, 1 is NORMAL
    assert (tmp_path / "store-telemetry.db").exists()


def test_the_core_of_postgresql_is_synchronous(server: Server, tmp_path: Path) -> None:
    opened = open_database(server.new_database(), tmp_path)
    found = []
    for engine in (opened.core, opened.telemetry):
        with engine.connect() as connection:
            found.append(connection.execute(text("SHOW synchronous_commit")).scalar())
    opened.close()
    assert found == ["on", "off"]


def test_a_torn_file_is_found_at_the_start(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    audited(opened, 50)
    opened.close()
    path = tmp_path / "store.db"
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable):
        open_database("sqlite:///store.db", tmp_path)


def test_a_locked_database_is_an_error_in_seconds(tmp_path: Path) -> None:
    one = open_database("sqlite:///store.db", tmp_path)
    two = open_database("sqlite:///store.db", tmp_path)
    with one.writing(), pytest.raises(StoreUnavailable, match="locked"), two.writing():
        pass
    audited(two, 1)
    one.close()
    two.close()


def test_a_full_disk_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    opened = open_database("sqlite:///store.db", tmp_path)
    with opened.core.connect() as connection:  # the only one in the pool: writing() gets it again
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
    acknowledged = 0

    def until_full() -> None:
        nonlocal acknowledged
        while True:
            audited(opened, 1)
            acknowledged += 1

    with pytest.raises(StoreUnavailable, match="full"):
        until_full()
    with opened.reading() as connection:
        verdict = verify_audit(connection)
    assert (verdict.records, verdict.broken_at) == (acknowledged, None)
    assert acknowledged > 0
    opened.close()


def test_a_server_that_went_away_is_an_error_and_then_works_again(
    server: Server, tmp_path: Path
) -> None:
    opened = open_database(server.new_database(), tmp_path)
    audited(opened, 2)
    server.stop()
    try:
        with pytest.raises(StoreUnavailable), opened.writing() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        server.start()
    audited(opened, 1)
    with opened.reading() as connection:
        assert verify_audit(connection).records == 3
    opened.close()
