"""A store of every earlier version is brought up to date with every row that was in it."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table, create_engine, insert, select, text

from controller.store.audit import AuditEntry, append_audit, verify_audit
from controller.store.database import database_urls, migrate, open_database
from controller.store.tables import CORE, TELEMETRY
from tests.supervisor.conftest import NOW

PARTS = {"core": CORE, "telemetry": TELEMETRY}
ROWS = 7


def revisions(part: str) -> list[str]:
    folder = Path(importlib.import_module("controller.store").__path__[0]) / "migrations" / part
    return sorted(path.stem for path in folder.glob(f"{part}_*.py"))


EARLIER = [(part, revision) for part in PARTS for revision in revisions(part)]


def row_of(table: Table, number: int) -> dict[str, Any]:
    """A row whose every cell tells its number."""
    kinds: dict[type, Any] = {int: number, float: number / 3, str: f"{number} 号\n'\"", bool: True}
    return {column.name: kinds[column.type.python_type] for column in table.c}


def fill(engine: Engine, known: frozenset[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Put rows into every table that an old store has; give what was put."""
    there = MetaData()
    there.reflect(engine, only=lambda name, _: name in known)
    with engine.begin() as connection:
        for table in there.sorted_tables:
            if table.name not in ("audit", "audit_head"):
                connection.execute(insert(table), [row_of(table, n) for n in range(1, ROWS + 1)])
        if "audit" in there.tables:
            for number in range(ROWS):
                entry = AuditEntry(at=NOW, actor="王", action="note", details={"n": number})
                append_audit(connection, entry)
    return contents(engine, there)


def contents(engine: Engine, tables: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in tables.sorted_tables
        }


@pytest.mark.parametrize(("part", "revision"), EARLIER)
def test_an_upgrade_loses_nothing(part: str, revision: str, store_url: str, tmp_path: Path) -> None:
    url = dict(zip(PARTS, database_urls(store_url, tmp_path), strict=True))[part]
    engine = create_engine(url)
    migrate(engine, part, revision)
    before = fill(engine, frozenset(PARTS[part].tables))
    opened = open_database(store_url, tmp_path)
    try:
        old = MetaData()
        old.reflect(engine, only=lambda name, _: name in before)
        assert contents(engine, old) == before
        assert sum(len(rows) for rows in before.values()) >= ROWS
        with engine.connect() as connection:
            newest = text(f"SELECT version_num FROM schema_{part}")
            assert connection.execute(newest).scalar() == revisions(part)[-1]
        if part == "core":
            with opened.reading() as connection:
                assert verify_audit(connection).records == ROWS
    finally:
        opened.close()
        engine.dispose()
