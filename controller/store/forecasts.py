"""The archive that forecasts are learned from: hours as they came, and what was forecast when."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from controller.store.tables import HOURS, ISSUES

WEATHER, LOAD = "weather", "load"


@dataclass(frozen=True, kw_only=True)
class StoredHour:
    """Means of the hour that ended at an instant.

    Attributes:
        ended_at: tz-aware UTC, on a whole hour.
        outdoor_temp_c: By the site's own sensor, degC, None where it said nothing.
        ghi_w_m2: Global horizontal irradiance, W/m2, likewise.
        loads_kw: Heat by load, kW; what was not measured is not in it.
    """

    ended_at: datetime
    outdoor_temp_c: float | None
    ghi_w_m2: float | None
    loads_kw: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class StoredIssue:
    """A forecast as it was issued."""

    issued_at: datetime
    body: Mapping[str, Any]


def record_hour(connection: Connection, hour: StoredHour) -> None:
    """Keep an hour; one that is there stays as it is.

    Args:
        connection: From `Database.recording`.
        hour: The hour.
    """
    body = asdict(hour)
    body.pop("ended_at")
    row = {"ended_at": hour.ended_at, "body": json.dumps(body, allow_nan=False)}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(HOURS).on_conflict_do_nothing(), [row])


def hours_since(connection: Connection, since: datetime) -> tuple[StoredHour, ...]:
    """Give the hours of a stretch of time, oldest first.

    Args:
        connection: From `Database.history`.
        since: Hours that ended then or later, tz-aware.

    Returns:
        The hours that are there.
    """
    query = select(HOURS).where(HOURS.c.ended_at >= since).order_by(HOURS.c.ended_at)
    return tuple(
        StoredHour(ended_at=row.ended_at, **json.loads(row.body))
        for row in connection.execute(query)
    )


def record_issue(
    connection: Connection, kind: str, issued_at: datetime, body: Mapping[str, Any]
) -> None:
    """Keep a forecast; one that is there stays as it is.

    Args:
        connection: From `Database.recording`.
        kind: WEATHER or LOAD.
        issued_at: tz-aware UTC.
        body: What JSON can hold.
    """
    row = {"kind": kind, "issued_at": issued_at, "body": json.dumps(dict(body), allow_nan=False)}
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(ISSUES).on_conflict_do_nothing(), [row])


def issues_since(connection: Connection, kind: str, since: datetime) -> tuple[StoredIssue, ...]:
    """Give the forecasts of a stretch of time, oldest first.

    Args:
        connection: From `Database.history`.
        kind: WEATHER or LOAD.
        since: Issued then or later, tz-aware.

    Returns:
        The forecasts that are there.
    """
    query = (
        select(ISSUES.c.issued_at, ISSUES.c.body)
        .where(ISSUES.c.kind == kind, ISSUES.c.issued_at >= since)
        .order_by(ISSUES.c.issued_at)
    )
    return tuple(
        StoredIssue(issued_at=row.issued_at, body=json.loads(row.body))
        for row in connection.execute(query)
    )
