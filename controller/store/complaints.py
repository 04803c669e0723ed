"""Complaints of residents: entered, triaged, answered and closed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from controller.store.tables import COMPLAINTS


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A complaint as it comes in, with its triage.

    `room_temp_c` and `radiator_hot` are None where the resident does not say; `beta_seen` is how
    far the flat lags behind its building's mean, None where nobody measured.
    """

    at: datetime
    building_id: str
    flat: str
    room_temp_c: float | None
    radiator_hot: bool | None
    note: str
    actor: str
    verdict: str
    clues: tuple[dict[str, Any], ...]
    beta_seen: float | None


@dataclass(frozen=True, kw_only=True)
class StoredComplaint:
    """A complaint with its number and what became of it; None where nothing has yet."""

    complaint_id: int
    complaint: Complaint
    answered_at: datetime | None
    closed_at: datetime | None
    cause: str | None
    outcome: str | None


def add_complaint(connection: Connection, complaint: Complaint) -> int:
    """Keep a complaint.

    Args:
        connection: From `Database.writing`.
        complaint: The complaint.

    Returns:
        Its number.
    """
    row = {name: getattr(complaint, name) for name in Complaint.__dataclass_fields__}
    row["clues"] = json.dumps(complaint.clues, ensure_ascii=False, allow_nan=False)
    done = connection.execute(insert(COMPLAINTS).values(row).returning(COMPLAINTS.c.complaint_id))
    return int(done.scalar_one())


def answer_complaint(connection: Connection, complaint_id: int, now: datetime) -> bool:
    """Note that the resident has been answered.

    Args:
        connection: From `Database.writing`.
        complaint_id: Which.
        now: tz-aware.

    Returns:
        False where there is no such complaint, or it was answered before.
    """
    done = connection.execute(
        update(COMPLAINTS)
        .where(COMPLAINTS.c.complaint_id == complaint_id, COMPLAINTS.c.answered_at.is_(None))
        .values(answered_at=now)
    )
    return bool(done.rowcount)


def close_complaint(
    connection: Connection, complaint_id: int, cause: str, outcome: str, now: datetime
) -> bool:
    """Close a complaint; one that was never answered is answered by that.

    Args:
        connection: From `Database.writing`.
        complaint_id: Which.
        cause: What was found: network, station, building or home.
        outcome: What was done, for people.
        now: tz-aware.

    Returns:
        False where there is no such complaint, or it was closed before.
    """
    answer_complaint(connection, complaint_id, now)
    done = connection.execute(
        update(COMPLAINTS)
        .where(COMPLAINTS.c.complaint_id == complaint_id, COMPLAINTS.c.closed_at.is_(None))
        .values(closed_at=now, cause=cause, outcome=outcome)
    )
    return bool(done.rowcount)


def complaints_since(connection: Connection, since: datetime) -> tuple[StoredComplaint, ...]:
    """Give the complaints of a stretch of time, oldest first.

    Args:
        connection: Any connection to the core.
        since: First instant, tz-aware.

    Returns:
        The complaints.
    """
    query = select(COMPLAINTS).where(COMPLAINTS.c.at >= since).order_by(COMPLAINTS.c.complaint_id)
    return tuple(_stored(row) for row in connection.execute(query).mappings())


def open_complaints(connection: Connection) -> tuple[StoredComplaint, ...]:
    """Give the complaints that are not closed, oldest first.

    Args:
        connection: Any connection to the core.

    Returns:
        The complaints.
    """
    query = select(COMPLAINTS).where(COMPLAINTS.c.closed_at.is_(None))
    found = connection.execute(query.order_by(COMPLAINTS.c.complaint_id)).mappings()
    return tuple(_stored(row) for row in found)


def _stored(row: RowMapping) -> StoredComplaint:
    fields = {name: row[name] for name in Complaint.__dataclass_fields__ if name != "clues"}
    return StoredComplaint(
        complaint_id=row["complaint_id"],
        complaint=Complaint(**fields, clues=tuple(json.loads(row["clues"]))),
        answered_at=row["answered_at"],
        closed_at=row["closed_at"],
        cause=row["cause"],
        outcome=row["outcome"],
    )
