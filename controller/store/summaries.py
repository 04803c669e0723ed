"""Readings by quarter hour and by day: mean, lowest, highest; what is left of old ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, literal, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from controller.store.database import Database
from controller.store.present import publish, published
from controller.store.tables import EPOCH, MICROSECOND, READINGS, SUMMARIES
from drivers.base import Quality

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
SPANS = (QUARTER, DAY)
_PROGRESS = "summarised"


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The good readings of a point in a stretch of time that begins `at`."""

    at: datetime
    mean: float
    low: float
    high: float
    readings: int


def summarise(database: Database, since: datetime, until: datetime) -> int:
    """Sum up the readings of whole days; what more readings were summed up to before stays.

    Args:
        database: The store.
        since: tz-aware; the UTC day in which it lies is the first.
        until: tz-aware; the UTC day in which it lies is left out: it is not over.

    Returns:
        Number of summaries. A day is one transaction: what is done stays where a later one fails.
    """
    day, count = day_of(since), 0
    while day < day_of(until):
        with database.recording() as connection:
            count += sum(_summarise_day(connection, day, span) for span in SPANS)
        day += DAY
    return count


def summarise_new(database: Database, now: datetime) -> int:
    """Sum up every whole day since the last one that was, or since the first reading.

    Args:
        database: The store.
        now: tz-aware; its own day is left out.

    Returns:
        Number of summaries.
    """
    with database.reading() as connection:
        done = published(connection, _PROGRESS)
    since = _first_reading(database) if done is None else datetime.fromisoformat(done[1]["until"])
    if since is None:
        return 0
    count = summarise(database, since, now)
    with database.writing() as connection:
        publish(connection, _PROGRESS, {"until": day_of(now).isoformat()}, now)
    return count


def forget_summaries(connection: Connection, before: datetime) -> int:
    """Remove the summaries of stretches that began before an instant.

    Args:
        connection: From `Database.recording`.
        before: tz-aware.

    Returns:
        How many.
    """
    count = 0
    for point_id in list(_points(connection)):
        for span in SPANS:  # along the key: an index by time would be as large as the table
            old = delete(SUMMARIES).where(
                SUMMARIES.c.point_id == point_id,
                SUMMARIES.c.span_s == int(span.total_seconds()),
                SUMMARIES.c.at < before,
            )
            count += connection.execute(old).rowcount
    return count


def summaries_of(
    connection: Connection,
    point_id: str,
    span: timedelta,
    since: datetime,
    until: datetime,
    width: timedelta | None = None,
) -> tuple[Summary, ...]:
    """Give a point's summaries of a stretch of time, oldest first.

    Args:
        connection: From `Database.history`.
        point_id: The point.
        span: One of SPANS.
        since: First instant, tz-aware; the stretch in which it lies is included.
        until: The instant before which the last one begins, tz-aware.
        width: Of the stretches that are given, a multiple of `span`; `span` itself when None.

    Returns:
        The summaries.
    """
    table = SUMMARIES.c
    begins = _beginning("summaries.at", width or span)
    query = (
        select(
            begins,
            func.sum(table.mean * table.readings) / func.sum(table.readings),
            func.min(table.low),
            func.max(table.high),
            func.sum(table.readings),
        )
        .where(
            table.point_id == point_id,
            table.span_s == int(span.total_seconds()),
            table.at > since - span,
            table.at < until,
        )
        .group_by(begins)
        .order_by(begins)
    )
    return tuple(
        Summary(at=EPOCH + int(at) * MICROSECOND, mean=mean, low=low, high=high, readings=int(all_))
        for at, mean, low, high, all_ in connection.execute(query)
    )


def summed_up_to(connection: Connection, point_id: str, span: timedelta) -> datetime | None:
    """Give where a point's summaries end.

    Args:
        connection: From `Database.history`.
        point_id: The point.
        span: One of SPANS.

    Returns:
        The end of the last one; None where there is none.
    """
    query = select(func.max(SUMMARIES.c.at)).where(
        SUMMARIES.c.point_id == point_id, SUMMARIES.c.span_s == int(span.total_seconds())
    )
    last: datetime | None = connection.execute(query).scalar()
    return None if last is None else last + span


def _summarise_day(connection: Connection, day: datetime, span: timedelta) -> int:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    readings = READINGS.c
    begins = _beginning("readings.at", span)
    good = (
        select(
            readings.point_id,
            literal(int(span.total_seconds())),
            begins,
            func.avg(readings.value),
            func.min(readings.value),
            func.max(readings.value),
            func.count(readings.value),
        )
        .where(
            readings.at >= day,
            readings.at < day + DAY,
            readings.quality == Quality.GOOD.value,
            readings.value.is_not(None),
        )
        .group_by(readings.point_id, begins)
    )
    new = dialect.insert(SUMMARIES).from_select(list(SUMMARIES.c.keys()), good)
    changed = {name: new.excluded[name] for name in ("mean", "low", "high", "readings")}
    return connection.execute(
        new.on_conflict_do_update(
            index_elements=["point_id", "span_s", "at"],
            set_=changed,
            where=new.excluded.readings >= SUMMARIES.c.readings,
        )
    ).rowcount


def _beginning(column: str, width: timedelta) -> ColumnElement[int]:
    """Where the stretch begins in which an instant lies; a parameter would be two to PostgreSQL."""
    whole = width // MICROSECOND
    return literal_column(f"{column} / {whole} * {whole}")


def _first_reading(database: Database) -> datetime | None:
    with database.history() as connection:
        return connection.execute(select(func.min(READINGS.c.at))).scalar()


def _points(connection: Connection) -> Iterator[str]:
    """Step from point to point along the key, without reading what lies between."""
    point_id = connection.execute(select(func.min(SUMMARIES.c.point_id))).scalar()
    while point_id is not None:
        yield point_id
        following = select(func.min(SUMMARIES.c.point_id)).where(SUMMARIES.c.point_id > point_id)
        point_id = connection.execute(following).scalar()


def day_of(instant: datetime) -> datetime:
    """Give the beginning of the UTC day in which an instant lies."""
    return EPOCH + (instant - EPOCH) // DAY * DAY
