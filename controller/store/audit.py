"""The audit: who did what, each record bound by its hash to the one before."""

import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    RowMapping,
    Select,
    String,
    cast,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from controller.store.tables import AUDIT, AUDIT_HEAD, EPOCH, MICROSECOND

FIRST = "0" * 64
_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Something to be remembered: `action` such as `approve`, `details` what JSON can hold."""

    at: datetime
    actor: str
    action: str
    details: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditVerdict:
    """Whether the chain is whole; `broken_at` is the first record that does not fit, or None."""

    records: int
    head: str
    broken_at: int | None
    message: str


def append_audit(connection: Connection, entry: AuditEntry) -> str:
    """Add a record in the caller's transaction: what it is about is kept with it or not at all.

    Args:
        connection: From `Database.writing`.
        entry: What happened.

    Returns:
        The new record's hash, which is the chain's new head.
    """
    head = connection.execute(select(AUDIT_HEAD).with_for_update()).one()
    row = {
        "seq": head.seq + 1,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "details": json.dumps(dict(entry.details), ensure_ascii=False, sort_keys=True),
        "previous": head.hash,
    }
    digest = _digest(row)
    connection.execute(insert(AUDIT).values(**row, hash=digest))
    connection.execute(update(AUDIT_HEAD).values(seq=row["seq"], hash=digest))
    return digest


def verify_audit(connection: Connection) -> AuditVerdict:
    """Follow the chain from its first record to its head.

    Args:
        connection: Any connection to the core.

    Returns:
        Whether no record has been changed, removed, moved or added from outside. One who may
        rewrite the whole database can rewrite the chain too: keep its head elsewhere.
    """
    head = connection.execute(select(AUDIT_HEAD)).one_or_none()
    if head is None:
        return AuditVerdict(records=0, head=FIRST, broken_at=0, message="the head is missing")
    previous, count = FIRST, 0
    rows = connection.execution_options(yield_per=_BATCH).execute(_as_it_stands(connection))
    for cells in rows.mappings():
        expected = count + 1
        row = _read(dict(cells))
        problem = _problem(row, expected, previous) if row else f"record {expected} is no record"
        if problem:
            return AuditVerdict(records=count, head=head.hash, broken_at=expected, message=problem)
        previous, count = str(row["hash"]), expected
    if (count, previous) != (head.seq, head.hash):
        message = f"the chain ends at record {count}, its head says {head.seq}"
        return AuditVerdict(records=count, head=head.hash, broken_at=count + 1, message=message)
    return AuditVerdict(records=count, head=previous, broken_at=None, message="whole")


def holds_hash(connection: Connection, digest: str) -> bool:
    """Whether a hash that was kept elsewhere belongs to a record of the chain.

    Args:
        connection: Any connection to the core.
        digest: The hash.

    Returns:
        Whether it is there.
    """
    query = select(AUDIT.c.seq).where(AUDIT.c.hash == digest)
    return connection.execute(query).first() is not None


def last_records(connection: Connection, count: int) -> Sequence[RowMapping]:
    """Give the newest records, oldest first.

    Args:
        connection: Any connection to the core.
        count: How many at most.

    Returns:
        seq, at, actor, action, details (JSON text), previous and hash of each.
    """
    query = select(AUDIT).order_by(AUDIT.c.seq.desc()).limit(count)
    return list(connection.execute(query).mappings())[::-1]


def records_of(
    connection: Connection, actions: Sequence[str], since: datetime, until: datetime
) -> tuple[AuditEntry, ...]:
    """Give the records of some actions of a stretch of time, oldest first.

    Args:
        connection: Any connection to the core.
        actions: Such as `mode`.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.

    Returns:
        The records, and before them the last one before `since`, where there is one.
    """
    of_these = select(AUDIT).where(AUDIT.c.action.in_(actions))
    before = of_these.where(AUDIT.c.at < since).order_by(AUDIT.c.seq.desc()).limit(1)
    within = of_these.where(AUDIT.c.at >= since, AUDIT.c.at < until).order_by(AUDIT.c.seq)
    rows = [*connection.execute(before).mappings(), *connection.execute(within).mappings()]
    return tuple(
        AuditEntry(
            at=row["at"],
            actor=row["actor"],
            action=row["action"],
            details=json.loads(row["details"]),
        )
        for row in rows
    )


def _as_it_stands(connection: Connection) -> Select[Any]:
    """Ask for the records raw: SQLite keeps whatever is put into a column, of any type."""
    if connection.dialect.name != "sqlite":
        return select(AUDIT).order_by(AUDIT.c.seq)
    raw: list[ColumnElement[Any]] = [
        (cast(column, LargeBinary) if isinstance(column.type, String)
         else type_coerce(column, NullType)).label(column.name)
        for column in AUDIT.c
    ]  # fmt: skip
    return select(*raw).order_by(AUDIT.c.seq)


def _read(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record's values; nothing where they are not what a record has."""
    try:
        row: dict[str, Any] = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in cells.items()
        }
        if not isinstance(row["at"], datetime):
            row["at"] = EPOCH + operator.index(row["at"]) * MICROSECOND
    except (UnicodeDecodeError, TypeError, OverflowError):
        return {}
    return row


def _problem(row: Mapping[str, Any], expected: int, previous: str) -> str:
    if row["seq"] != expected:
        return f"record {expected} is missing"
    if row["previous"] != previous:
        return f"record {expected} does not follow from the one before"
    if row["hash"] != _digest(row):
        return f"record {expected} has been changed"
    return ""


def _digest(row: Mapping[str, Any]) -> str:
    names = ("previous", "seq", "actor", "action", "details")
    content = [row["at"].isoformat(timespec="microseconds"), *(row[name] for name in names)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
