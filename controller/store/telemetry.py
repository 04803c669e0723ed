"""Readings over time, apart from what must never be lost."""

import math
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from controller.store.tables import READINGS
from drivers.base import Quality, Reading


def record_readings(connection: Connection, readings: Iterable[Reading]) -> int:
    """Keep readings; one that is there already (the same point and instant) is left as it is.

    Args:
        connection: From `Database.recording`.
        readings: What was read; a value that is no finite number is kept as missing.

    Returns:
        How many were not there before.
    """
    rows = [
        {
            "point_id": reading.point_id,
            "at": reading.time,
            "value": _finite(reading.value),
            "quality": reading.quality.value,
        }
        for reading in readings
    ]
    if not rows:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return connection.execute(dialect.insert(READINGS).on_conflict_do_nothing(), rows).rowcount


def readings_of(
    connection: Connection, point_id: str, since: datetime, until: datetime
) -> tuple[Reading, ...]:
    """Give a point's readings of a stretch of time, oldest first.

    Args:
        connection: From `Database.history`.
        point_id: The point.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.

    Returns:
        The readings.
    """
    query = (
        select(READINGS)
        .where(READINGS.c.point_id == point_id, READINGS.c.at >= since, READINGS.c.at < until)
        .order_by(READINGS.c.at)
    )
    return tuple(_reading(*row) for row in connection.execute(query))


def latest_readings(connection: Connection, since: datetime) -> dict[str, Reading]:
    """Give the newest reading of each point that has one since an instant.

    Args:
        connection: From `Database.history`.
        since: First instant, tz-aware; the newest of all would be sought through years.

    Returns:
        Reading by point.
    """
    query = select(READINGS).where(READINGS.c.at >= since).order_by(READINGS.c.at)
    return {row.point_id: _reading(*row) for row in connection.execute(query)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _reading(point_id: str, at: datetime, value: float | None, quality: str) -> Reading:
    return Reading(point_id=point_id, value=value, time=at, quality=Quality(quality))
