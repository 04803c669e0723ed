"""Which points a person has compared with the plant's own panel; any change locks them again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from controller.store.tables import COMMISSIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class Commission:
    """One comparison: `value` was written, `panel_value` read from the panel by `actor`.

    `fingerprint` is a hash of point, profile and bus as they were.
    """

    at: datetime
    point_id: str
    fingerprint: str
    actor: str
    value: float
    panel_value: float
    passed: bool


def record_commission(connection: Connection, commission: Commission) -> None:
    """Keep a comparison, passed or not.

    Args:
        connection: From `Database.writing`.
        commission: What was compared.
    """
    connection.execute(
        insert(COMMISSIONS).values(
            {name: getattr(commission, name) for name in Commission.__dataclass_fields__}
        )
    )


def commissioned(connection: Connection) -> dict[str, str]:
    """Find the points whose last comparison passed.

    Args:
        connection: Any connection to the core.

    Returns:
        The fingerprint that it was passed with, by point; one that differs from today's is void.
    """
    last = select(func.max(COMMISSIONS.c.seq)).group_by(COMMISSIONS.c.point_id)
    query = select(COMMISSIONS).where(COMMISSIONS.c.seq.in_(last), COMMISSIONS.c.passed)
    return {row.point_id: row.fingerprint for row in connection.execute(query)}
