"""How long things are kept: telemetry and cycle records age, audit and journal do not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from controller.store.database import Database
from controller.store.summaries import day_of, forget_summaries, summarise, summarise_new
from controller.store.tables import CYCLES, HOURS, ISSUES, READINGS, REQUESTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How long readings, their summaries, and records (of cycles, requests, hours, forecasts) are
    kept."""

    readings: timedelta = timedelta(days=400)  # this winter beside the last one, as measured
    summaries: timedelta = timedelta(days=3653)  # ten years
    records: timedelta = timedelta(days=800)  # two winters and the summers between


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """How many rows were removed, and how many summaries were made."""

    readings: int
    summaries: int
    cycles: int
    requests: int
    summarised: int


def keep_to(database: Database, policy: Policy, now: datetime) -> Forgotten:
    """Sum readings up and remove what is older than it is kept; readings go by whole UTC days.

    Args:
        database: The store.
        policy: How long what is kept.
        now: tz-aware.

    Returns:
        What was done. Audit, journal, recommendations, decisions, commissions and alarms stay.
    """
    made = summarise_new(database, now)
    before = day_of(now - policy.readings)
    with database.history() as connection:
        oldest = connection.execute(select(func.min(READINGS.c.at))).scalar()
    # Once more before the readings go, so that what has come in late is in it.
    if oldest is not None and oldest < before:
        made += summarise(database, oldest, before)
    with database.recording() as connection:
        readings = connection.execute(delete(READINGS).where(READINGS.c.at < before)).rowcount
        summaries = forget_summaries(connection, now - policy.summaries)
        old = now - policy.records
        connection.execute(delete(HOURS).where(HOURS.c.ended_at < old))
        connection.execute(delete(ISSUES).where(ISSUES.c.issued_at < old))
    with database.writing() as connection:
        cycles = connection.execute(delete(CYCLES).where(CYCLES.c.at < old)).rowcount
        answered = REQUESTS.c.answered_at.is_not(None) & (REQUESTS.c.answered_at < old)
        requests = connection.execute(delete(REQUESTS).where(answered)).rowcount
    return Forgotten(
        readings=readings, summaries=summaries, cycles=cycles, requests=requests, summarised=made
    )
