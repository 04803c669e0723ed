"""What the engine and the alarm board hold now, and the record of each cycle."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from controller.store.tables import CYCLES, PRESENT


def publish(connection: Connection, name: str, body: Mapping[str, Any], now: datetime) -> None:
    """Replace what is known under a name.

    Args:
        connection: From `Database.writing`.
        name: Such as `engine` or `alarms`.
        body: What JSON can hold.
        now: tz-aware.
    """
    connection.execute(delete(PRESENT).where(PRESENT.c.name == name))
    text = json.dumps(dict(body), ensure_ascii=False, sort_keys=True, allow_nan=False)
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
