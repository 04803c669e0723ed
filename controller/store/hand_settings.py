"""What people have set by hand for a recommendation, and how that was confirmed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from controller.store.tables import HAND_SETTINGS


@dataclass(frozen=True, kw_only=True, slots=True)
class HandSetting:
    """One confirmed setting: `value` was asked for, `found` typed by `actor` or measured."""

    at: datetime
    recommendation_id: str
    element: str
    quantity: str
    value: float
    found: float
    how: str
    actor: str


def record_hand_setting(connection: Connection, setting: HandSetting) -> None:
    """Keep a confirmed setting.

    Args:
        connection: From `Database.writing`.
        setting: What was set.
    """
    connection.execute(
        insert(HAND_SETTINGS).values(
            {name: getattr(setting, name) for name in HandSetting.__dataclass_fields__}
        )
    )


def hand_settings_of(
    connection: Connection, since: datetime, until: datetime
) -> tuple[HandSetting, ...]:
    """Give the settings of a stretch of time, oldest first.

    Args:
        connection: Any connection to the core.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.

    Returns:
        The settings.
    """
    columns = [HAND_SETTINGS.c[name] for name in HandSetting.__dataclass_fields__]
    query = (
        select(*columns)
        .where(HAND_SETTINGS.c.at >= since, HAND_SETTINGS.c.at < until)
        .order_by(HAND_SETTINGS.c.seq)
    )
    return tuple(HandSetting(**row) for row in connection.execute(query).mappings())
