"""What the engine and the alarm board hold now, and the record of each cycle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from controller.store.tables import CYCLES, PRESENT


@dataclass(frozen=True, kw_only=True)
class StoredCycle:
    """The record of a cycle: when it began, how it ended in one word, and the rest."""

    at: datetime
    outcome: str
    body: Mapping[str, Any]


def publish(connection: Connection, name: str, body: Mapping[str, Any], now: datetime) -> None:
    """Replace what is known under a name.

    Args:
        connection: From `Database.writing`.
        name: Such as `engine` or `alarms`.
        body: What JSON can hold.
        now: tz-aware.
    """
    text = json.dumps(dict(body), ensure_ascii=False, sort_keys=True, allow_nan=False)
    known = update(PRESENT).where(PRESENT.c.name == name).values(at=now, body=text)
    if not connection.execute(known).rowcount:
        connection.execute(insert(PRESENT).values(name=name, at=now, body=text))


def published(connection: Connection, name: str) -> tuple[datetime, Mapping[str, Any]] | None:
    """Give what was last published under a name.

    Args:
        connection: Any connection to the core.
        name: Such as `engine` or `alarms`.

    Returns:
        When, and what; None where nothing was.
    """
    row = connection.execute(select(PRESENT).where(PRESENT.c.name == name)).one_or_none()
    return None if row is None else (row.at, json.loads(row.body))


def record_cycle(
    connection: Connection, at: datetime, outcome: str, body: Mapping[str, Any]
) -> None:
    """Keep the record of a cycle.

    Args:
        connection: From `Database.writing`.
        at: The cycle's instant; each has one record.
        outcome: In one word.
        body: What JSON can hold.
    """
    text = json.dumps(dict(body), ensure_ascii=False, sort_keys=True, allow_nan=False)
    connection.execute(insert(CYCLES).values(at=at, outcome=outcome, body=text))


def latest_cycle(connection: Connection, besides: str = "") -> StoredCycle | None:
    """Give the record of the last cycle.

    Args:
        connection: Any connection to the core.
        besides: Cycles that ended so are passed over.

    Returns:
        The record, or None before the first.
    """
    query = select(CYCLES).where(CYCLES.c.outcome != besides)
    query = query.order_by(CYCLES.c.at.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _cycle(row)


def cycles_of(connection: Connection, since: datetime, until: datetime) -> tuple[StoredCycle, ...]:
    """Give the records of a stretch of time, oldest first.

    Args:
        connection: Any connection to the core.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.

    Returns:
        The records.
    """
    query = select(CYCLES).where(CYCLES.c.at >= since, CYCLES.c.at < until).order_by(CYCLES.c.at)
    return tuple(_cycle(row) for row in connection.execute(query).mappings())


def _cycle(row: RowMapping) -> StoredCycle:
    return StoredCycle(at=row["at"], outcome=row["outcome"], body=json.loads(row["body"]))
