"""Copies of the whole store, made while it runs, and the way back.

A backup is a folder of two SQLite files and a manifest, whatever the store's own database is: it
is read from one moment of the source, so a running engine neither waits nor spoils it, and it can
be restored into either kind of database.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, delete, func, insert, select, text

from controller.store.audit import verify_audit
from controller.store.database import Database, open_database
from controller.store.errors import BackupRefused
from controller.store.lease import lease_holder
from controller.store.tables import AUDIT_HEAD, CORE, LEASE, TELEMETRY

CORE_FILE, TELEMETRY_FILE, MANIFEST = "core.db", "core-telemetry.db", "manifest.json"
_BATCH = 5000


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What a backup holds: rows by table, and the head of the audit's chain."""

    folder: Path
    rows: Mapping[str, int]
    audit_head: str


def backup_to(database: Database, folder: Path, now: datetime) -> Backup:
    """Copy the store into a new folder.

    Args:
        database: The store; an engine may be running on it.
        folder: Must not exist yet.
        now: tz-aware; kept in the manifest.

    Returns:
        What was copied.

    Raises:
        BackupRefused: The folder exists, or the audit's chain is broken.
        StoreUnavailable: A database failed.
        OSError: The folder can not be written.
    """
    if folder.exists():
        raise BackupRefused(f"{folder} exists", remedy="name a folder that is not there yet")
    folder.mkdir(parents=True)
    copy = open_database(f"sqlite:///{CORE_FILE}", folder)
    try:
        rows = _copy(database, copy)
        with copy.reading() as connection:
            verdict = verify_audit(connection)
        _leave_wal(copy)
    finally:
        copy.close()
    if verdict.broken_at is not None:
        raise BackupRefused(
            f"the audit is not whole: {verdict.message}",
            remedy=f"find out who changed the store; its copy lies in {folder}, and is no backup",
        )
    files = {name: _sha256(folder / name) for name in (CORE_FILE, TELEMETRY_FILE)}
    manifest = {"at": now.isoformat(), "files": files, "rows": rows, "audit_head": verdict.head}
    _write_durably(folder / MANIFEST, json.dumps(manifest, indent=1))
    return Backup(folder=folder, rows=rows, audit_head=verdict.head)


def restore_from(folder: Path, database: Database, now: datetime) -> Backup:
    """Copy a backup into an empty store.

    Args:
        folder: What `backup_to` made.
        database: An empty store.
        now: tz-aware; no engine may hold the store at this time.

    Returns:
        What was copied.

    Raises:
        BackupRefused: The backup is damaged, or the store is in use or not empty.
        StoreUnavailable: A database failed.
    """
    manifest = read_manifest(folder)
    with database.reading() as connection:
        holder = lease_holder(connection, now)
        filled = [table.name for table in CORE.sorted_tables if _is_filled(connection, table)]
    if holder is not None:
        raise BackupRefused(
            f"{holder} runs on this store", remedy="stop it, or wait a minute where it has died"
        )
    if filled:
        raise BackupRefused(
            f"the store is not empty ({', '.join(filled)})",
            remedy="move its files away, or name a new database in [store] of site.toml",
        )
    # Opening a database changes its file: work on a copy, so that a backup stays as it was made.
    with tempfile.TemporaryDirectory() as scratch:
        for name in (CORE_FILE, TELEMETRY_FILE):
            shutil.copy(folder / name, scratch)
        source = open_database(f"sqlite:///{CORE_FILE}", Path(scratch))
        try:
            rows = _copy(source, database)
        finally:
            source.close()
    with database.reading() as connection:
        verdict = verify_audit(connection)
    # A backup of an earlier version knows nothing of tables that came later, and has none of them.
    there = {name: count for name, count in rows.items() if count or name in manifest["rows"]}
    if there != manifest["rows"] or verdict.head != manifest["audit_head"]:
        raise BackupRefused("what was restored is not what the manifest says")
    return Backup(folder=folder, rows=rows, audit_head=verdict.head)


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """Read a backup's manifest and hold its files against it.

    Args:
        folder: What `backup_to` made.

    Returns:
        The manifest: when, files with their hashes, rows by table, head of the audit.

    Raises:
        BackupRefused: It is no backup, or a damaged one.
    """
    try:
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"]
        assert isinstance(files, dict)
        assert isinstance(manifest["rows"], dict)
        damaged = [name for name, digest in files.items() if _sha256(folder / name) != digest]
    except (OSError, ValueError, KeyError, AssertionError) as error:
        raise BackupRefused(
            f"{folder} is no whole backup: {error}",
            remedy="name a folder that `heatwarden backup` has made",
        ) from error
    if damaged:
        raise BackupRefused(
            f"{folder} is damaged: {', '.join(damaged)}", remedy="take another backup"
        )
    return manifest


def _copy(source: Database, target: Database) -> dict[str, int]:
    with source.reading() as read, target.writing() as write:
        counts = _copy_tables(read, write, CORE)
    with source.history() as read, target.recording() as write:
        return counts | _copy_tables(read, write, TELEMETRY)


def _copy_tables(read: Connection, write: Connection, tables: MetaData) -> dict[str, int]:
    """Copy every table but the lease: no copy takes over an engine's rights."""
    counts = {}
    for table in tables.sorted_tables:
        if table is LEASE:
            continue
        if table is AUDIT_HEAD:
            write.execute(delete(AUDIT_HEAD))
        counts[table.name] = 0
        found = read.execution_options(yield_per=_BATCH).execute(select(table))
        for rows in found.mappings().partitions():
            write.execute(insert(table), [dict(row) for row in rows])
            counts[table.name] += len(rows)
        _continue_numbers(write, table)
    return counts


def _continue_numbers(write: Connection, table: Table) -> None:
    """PostgreSQL counts rows apart from what is in them: let it go on after the copied ones."""
    numbered = table.autoincrement_column
    if write.dialect.name != "postgresql" or numbered is None:
        return
    last = write.execute(select(func.max(numbered))).scalar()
    if last is not None:
        write.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"),
            {"table": table.name, "column": numbered.name, "last": last},
        )


def _is_filled(connection: Connection, table: Table) -> bool:
    if table in (AUDIT_HEAD, LEASE):
        return False
    return connection.execute(select(table).limit(1)).first() is not None


def _leave_wal(database: Database) -> None:
    """Bring everything into the files themselves, so that these two are the whole copy."""
    for engine in (database.core, database.telemetry):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = DELETE")
        finally:
            raw.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, content: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
