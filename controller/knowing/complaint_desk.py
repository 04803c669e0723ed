"""Where a complaint is entered, answered and closed, each audited: by command, page and program."""

from datetime import datetime

from sqlalchemy import Connection

from controller.knowing.complaints import Report, weigh
from controller.site import Site
from controller.store.audit import AuditEntry, append_audit
from controller.store.complaints import (
    Complaint,
    add_complaint,
    answer_complaint,
    close_complaint,
)
from controller.store.database import Database
from optimizer.estimate.triage import Triage

# Rooms outside this range are a slip of the keyboard.
COLDEST_C, WARMEST_C = -10.0, 45.0
# Characters of a flat's name, and of what a resident says or what was done.
LONGEST_FLAT, LONGEST_TEXT = 100, 2000


def says_nothing(room_temp_c: float | None, radiator_hot: bool | None) -> bool:
    """Tell whether a complaint leaves triage nothing to weigh.

    Args:
        room_temp_c: What the resident tells of the room, degC.
        radiator_hot: What the resident tells of the radiators.

    Returns:
        Whether neither is known.
    """
    return room_temp_c is None and radiator_hot is None


def enter(
    database: Database, site: Site, report: Report, *, actor: str, now: datetime
) -> tuple[int, Triage]:
    """Triage a complaint and keep it.

    Args:
        database: The store.
        site: The site; the building is one of its.
        report: What the resident says.
        actor: Who enters it.
        now: tz-aware UTC.

    Returns:
        The complaint's number and its triage.

    Raises:
        StoreError: The store failed.
    """
    found = weigh(database, site, report, now)
    complaint = Complaint(
        at=now,
        building_id=report.building_id,
        flat=report.flat,
        room_temp_c=report.room_temp_c,
        radiator_hot=report.radiator_hot,
        note=report.note,
        actor=actor,
        verdict=found.triage.verdict.value,
        clues=tuple(
            {"code": one.code, "speaks_for": one.speaks_for.value, "values": one.values}
            for one in found.triage.clues
        ),
        beta_seen=found.beta_seen,
    )
    with database.writing() as connection:
        number = add_complaint(connection, complaint)
        details = {"building": report.building_id, "flat": report.flat}
        _audited(connection, actor, "complaint add", {"complaint_id": number, **details}, now)
    return number, found.triage


def answer(database: Database, number: int, *, actor: str, now: datetime) -> bool:
    """Note that a resident has been answered.

    Args:
        database: The store.
        number: Which complaint.
        actor: Who answered.
        now: tz-aware UTC.

    Returns:
        False where there is no such complaint, or it was answered before.

    Raises:
        StoreError: The store failed.
    """
    with database.writing() as connection:
        done = answer_complaint(connection, number, now)
        if done:
            _audited(connection, actor, "complaint answer", {"complaint_id": number}, now)
    return done


def close(
    database: Database, number: int, *, cause: str, outcome: str, actor: str, now: datetime
) -> bool:
    """Close a complaint.

    Args:
        database: The store.
        number: Which complaint.
        cause: What was found: network, station, building or home.
        outcome: What was done, for people.
        actor: Who closes it.
        now: tz-aware UTC.

    Returns:
        False where there is no such complaint, or it was closed before.

    Raises:
        StoreError: The store failed.
    """
    with database.writing() as connection:
        done = close_complaint(connection, number, cause, outcome, now)
        if done:
            details = {"complaint_id": number, "cause": cause, "outcome": outcome}
            _audited(connection, actor, "complaint close", details, now)
    return done


def _audited(
    connection: Connection, actor: str, action: str, details: dict[str, object], now: datetime
) -> None:
    append_audit(connection, AuditEntry(at=now, actor=actor, action=action, details=details))
