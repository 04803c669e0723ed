"""How long things are kept: telemetry and cycle records age, audit and journal do not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete

from controller.store.database import Database
from controller.store.tables import CYCLES, HOURS, ISSUES, READINGS, REQUESTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """How many rows were removed."""

    readings: int
    cycles: int
    requests: int


def forget_before(database: Database, before: datetime) -> Forgotten:
    """Remove what is older than an instant and may be forgotten.

    Args:
        database: The store.
        before: tz-aware; what is as old as this or older goes.

    Returns:
        What was removed. Audit, journal, recommendations, decisions, commissions and alarms stay.
    """
    with database.recording() as connection:
        readings = connection.execute(delete(READINGS).where(READINGS.c.at < before)).rowcount
        connection.execute(delete(HOURS).where(HOURS.c.ended_at < before))
        connection.execute(delete(ISSUES).where(ISSUES.c.issued_at < before))
    with database.writing() as connection:
        cycles = connection.execute(delete(CYCLES).where(CYCLES.c.at < before)).rowcount
        answered = REQUESTS.c.answered_at.is_not(None) & (REQUESTS.c.answered_at < before)
        requests = connection.execute(delete(REQUESTS).where(answered)).rowcount
    return Forgotten(readings=readings, cycles=cycles, requests=requests)
