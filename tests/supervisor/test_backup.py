"""Backup, restore and export: both databases, while somebody writes, and damaged copies."""

import csv
import json
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet
import pytest
from sqlalchemy import func, select

from controller.store.audit import verify_audit
from controller.store.backup import CORE_FILE, MANIFEST, TELEMETRY_FILE, backup_to, restore_from
from controller.store.database import Database, open_database
from controller.store.errors import BackupRefused
from controller.store.export import EXPORTED, export_table
from controller.store.journal import Journal, Stage
from controller.store.lease import end_lease
from controller.store.tables import CORE, JOURNAL, READINGS
from controller.store.telemetry import record_readings
from tests.supervisor.conftest import NOW
from tests.supervisor.postgresql_server import Server
from tests.supervisor.stores import INTENT, MINUTE, audited, fence_of, filled, reading

LATER = NOW + timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return open_database("sqlite:///restored.db", tmp_path)
    running: Server = request.getfixturevalue("server")
    return open_database(running.new_database(), tmp_path)


def filled_with_history(database: Database) -> None:
    filled(database)
    with database.recording() as connection:
        record_readings(connection, [reading(minute, minute / 3) for minute in range(20)])


def content(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as connection:
        found = {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in CORE.sorted_tables
            if table.name != "lease"
        }
    with database.history() as connection:
        found["readings"] = [
            tuple(row) for row in connection.execute(select(READINGS).order_by(READINGS.c.at))
        ]
    return found


def test_what_is_restored_is_what_was_there(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    filled_with_history(database)
    backup = backup_to(database, tmp_path / "copy", NOW)
    restored = restore_from(tmp_path / "copy", empty, LATER)
    assert content(empty) == content(database)
    assert restored.rows == backup.rows
    assert restored.audit_head == backup.audit_head
    assert backup.rows["readings"] == 20
    empty.close()


def test_a_restored_store_goes_on(database: Database, empty: Database, tmp_path: Path) -> None:
    filled(database)
    backup_to(database, tmp_path / "copy", NOW)
    restore_from(tmp_path / "copy", empty, LATER)
    audited(empty, 2)
    journal = Journal(empty, fence_of(empty, at=LATER))
    journal.settle(INTENT, Stage.CONFIRMED, 92.5, "", LATER)
    with empty.reading() as connection:
        assert verify_audit(connection).records == 3
        assert connection.execute(select(func.max(JOURNAL.c.seq))).scalar() == 2
    empty.close()


def test_a_backup_can_be_made_while_others_write(database: Database, tmp_path: Path) -> None:
    ending, written = threading.Event(), []

    def write() -> None:
        while not ending.is_set():
            audited(database, 1)
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    counts = []
    for number in range(3):
        before = len(written)
        counts.append(backup_to(database, tmp_path / f"copy{number}", NOW).rows["audit"])
        assert before <= counts[-1] <= len(written) + 1
    ending.set()
    writer.join()
    with database.reading() as connection:
        assert verify_audit(connection).broken_at is None


def test_a_backup_can_be_restored_more_than_once(tmp_path: Path) -> None:
    source = open_database("sqlite:///store.db", tmp_path)
    filled(source)
    backup_to(source, tmp_path / "copy", NOW)
    for number in range(2):
        target = open_database(f"sqlite:///again{number}.db", tmp_path)
        restore_from(tmp_path / "copy", target, LATER)
        target.close()
    source.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a byte changed": lambda copy: flip(copy / CORE_FILE),
    "a byte of telemetry changed": lambda copy: flip(copy / TELEMETRY_FILE),
    "a file missing": lambda copy: (copy / TELEMETRY_FILE).unlink(),
    "no manifest": lambda copy: (copy / MANIFEST).unlink(),
    "manifest cut": lambda copy: (copy / MANIFEST).write_text('{"files": {'),
    "manifest without files": lambda copy: (copy / MANIFEST).write_text("{}"),
    "no folder": shutil.rmtree,
}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_backup_is_refused(name: str, tmp_path: Path) -> None:
    source = open_database("sqlite:///store.db", tmp_path)
    filled(source)
    source.close()
    source = open_database("sqlite:///store.db", tmp_path)
    backup_to(source, tmp_path / "copy", NOW)
    DAMAGES[name](tmp_path / "copy")
    target = open_database("sqlite:///target.db", tmp_path)
    with pytest.raises(BackupRefused):
        restore_from(tmp_path / "copy", target, LATER)
    source.close()
    target.close()


def test_a_store_in_use_or_not_empty_is_not_overwritten(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    filled(database)
    backup_to(database, tmp_path / "copy", NOW)
    fence = fence_of(empty, "engine", LATER)
    with pytest.raises(BackupRefused, match="engine runs"):
        restore_from(tmp_path / "copy", empty, LATER + MINUTE / 2)
    with empty.writing() as connection:
        end_lease(connection, fence, LATER)
    audited(empty, 1)
    with pytest.raises(BackupRefused, match="not empty"):
        restore_from(tmp_path / "copy", empty, LATER + MINUTE)
    with pytest.raises(BackupRefused, match="exists"):
        backup_to(database, tmp_path / "copy", NOW)
    empty.close()


@pytest.mark.parametrize("name", sorted(EXPORTED))
def test_each_table_is_exported_alike_in_both_forms(
    database: Database, name: str, tmp_path: Path
) -> None:
    filled_with_history(database)
    csv_path, parquet_path = tmp_path / "t.csv", tmp_path / "t.parquet"
    counts = {export_table(database, name, NOW, LATER, path) for path in (csv_path, parquet_path)}
    table = pyarrow.parquet.read_table(parquet_path)
    with csv_path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert counts == {len(rows)} == {table.num_rows}
    assert set(table.column_names) == set(EXPORTED[name].c.keys())
    if rows:
        assert str(table["at"].type) == "timestamp[us, tz=UTC]"
        assert table["at"][0].as_py() == NOW


def test_an_export_holds_the_stretch_that_was_asked_for(database: Database, tmp_path: Path) -> None:
    filled_with_history(database)
    path = tmp_path / "part.parquet"
    assert export_table(database, "readings", NOW + 3 * MINUTE, NOW + 5 * MINUTE, path) == 2
    assert pyarrow.parquet.read_table(path)["value"].to_pylist() == [1.0, 4 / 3]
    with pytest.raises(ValueError, match=r"\.csv"):
        export_table(database, "readings", NOW, LATER, tmp_path / "x.xlsx")


def test_the_manifest_names_what_was_copied(tmp_path: Path) -> None:
    source = open_database("sqlite:///store.db", tmp_path)
    filled(source)
    made = backup_to(source, tmp_path / "copy", NOW)
    manifest = json.loads((tmp_path / "copy" / MANIFEST).read_text())
    assert manifest["rows"] == made.rows
    assert set(manifest["files"]) == {CORE_FILE, TELEMETRY_FILE}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {
        CORE_FILE, TELEMETRY_FILE, MANIFEST
    }  # fmt: skip
    source.close()
