"""What the alarm board said, event by event."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from controller.store.tables import ALARMS


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmEvent:
    """Something that happened to an alarm: raised, cleared, acknowledged, shelved, sent."""

    at: datetime
    alarm_id: str
    event: str
    actor: str
    detail: str


def append_alarms(connection: Connection, events: tuple[AlarmEvent, ...]) -> None:
    """Keep events.

    Args:
        connection: From `Database.writing`.
        events: What happened, in order.
    """
    if events:
        names = AlarmEvent.__dataclass_fields__
        connection.execute(
            insert(ALARMS), [{name: getattr(event, name) for name in names} for event in events]
        )


def alarm_history(connection: Connection, since: datetime) -> tuple[AlarmEvent, ...]:
    """Give the events from an instant on, oldest first.

    Args:
        connection: Any connection to the core.
        since: tz-aware.

    Returns:
        The events.
    """
    columns = [ALARMS.c[name] for name in AlarmEvent.__dataclass_fields__]
    query = select(*columns).where(ALARMS.c.at >= since).order_by(ALARMS.c.seq)
    return tuple(AlarmEvent(**row) for row in connection.execute(query).mappings())
