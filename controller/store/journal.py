"""The journal of writes: a durable intent before each, a durable outcome after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, delete, insert, select
from sqlalchemy.exc import IntegrityError

from controller.store.database import Database
from controller.store.errors import IntentOpen
from controller.store.lease import check_fence
from controller.store.tables import JOURNAL, OPEN_INTENTS


class Stage(StrEnum):
    """How far a write has come. INTENT and UNKNOWN are open, the others final."""

    INTENT = "intent"
    UNKNOWN = "unknown"  # it left, or may have; only a readback tells
    CONFIRMED = "confirmed"
    NOT_WRITTEN = "not_written"  # nothing left, the device refused, or the readback shows so
    FOREIGN = "foreign"  # the point holds what neither we nor the operator before us had set


OPEN_STAGES = (Stage.INTENT, Stage.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """A write that is about to happen; `before` is what the point held when it was decided."""

    intent_id: str
    point_id: str
    value: float
    before: float
    set_id: str | None
    mode: str
    actor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalRow:
    """One line of the journal."""

    intent: Intent
    at: datetime
    stage: Stage
    readback: float | None
    detail: str


class Journal:
    """The journal of one engine.

    Args:
        database: The store.
        fence: The engine's fence number; with a later one in the store nothing is intended.
    """

    def __init__(self, database: Database, fence: int) -> None:
        self._database = database
        self._fence = fence

    def intend(self, intent: Intent, now: datetime) -> None:
        """Make an intent durable; only after this returns may the write leave.

        Args:
            intent: What is about to be written.
            now: tz-aware.

        Raises:
            LeaseLost: Another engine has taken over.
            IntentOpen: The point's last write is not resolved.
            StoreUnavailable: It could not be made durable.
        """
        row = JournalRow(intent=intent, at=now, stage=Stage.INTENT, readback=None, detail="")
        with self._database.writing() as connection:
            check_fence(connection, self._fence)
            _open(connection, intent)
            self._add(connection, row)

    def settle(
        self, intent: Intent, stage: Stage, readback: float | None, detail: str, now: datetime
    ) -> None:
        """Make the outcome of a write durable.

        Args:
            intent: What was to be written.
            stage: What became of it; UNKNOWN leaves it open.
            readback: What the point holds, where that is known.
            detail: Why, for people.
            now: tz-aware.

        Raises:
            LeaseLost: Another engine has taken over, and resolves it.
            StoreUnavailable: It could not be made durable; the intent stays open.
        """
        row = JournalRow(intent=intent, at=now, stage=stage, readback=readback, detail=detail)
        with self._database.writing() as connection:
            check_fence(connection, self._fence)
            self._add(connection, row)
            if stage not in OPEN_STAGES:
                connection.execute(
                    delete(OPEN_INTENTS).where(OPEN_INTENTS.c.intent_id == intent.intent_id)
                )

    def open_intents(self) -> tuple[Intent, ...]:
        """Give the writes that are not resolved, oldest first."""
        # Not a join: SQLite would read the whole journal for it, every few seconds all winter.
        unresolved = JOURNAL.c.intent_id.in_(select(OPEN_INTENTS.c.intent_id))
        query = (
            select(JOURNAL)
            .where(unresolved, JOURNAL.c.stage == Stage.INTENT)
            .order_by(JOURNAL.c.seq)
        )
        with self._database.reading() as connection:
            return tuple(_row(row).intent for row in connection.execute(query).mappings())

    def rows(self, *, point_id: str | None = None, since: datetime) -> Sequence[JournalRow]:
        """Give the journal from an instant on, oldest first.

        Args:
            point_id: Only this point's; all when None.
            since: tz-aware.

        Returns:
            The rows.
        """
        query = select(JOURNAL).where(JOURNAL.c.at >= since).order_by(JOURNAL.c.seq)
        if point_id is not None:
            query = query.where(JOURNAL.c.point_id == point_id)
        with self._database.reading() as connection:
            return [_row(row) for row in connection.execute(query).mappings()]

    def _add(self, connection: Connection, row: JournalRow) -> None:
        intent = row.intent
        values = {
            "intent_id": intent.intent_id,
            "at": row.at,
            "stage": row.stage.value,
            "point_id": intent.point_id,
            "value": intent.value,
            "before": intent.before,
            "readback": row.readback,
            "set_id": intent.set_id,
            "mode": intent.mode,
            "actor": intent.actor,
            "fence": self._fence,
            "detail": row.detail,
        }
        connection.execute(insert(JOURNAL), values)


def _open(connection: Connection, intent: Intent) -> None:
    try:
        connection.execute(
            insert(OPEN_INTENTS).values(point_id=intent.point_id, intent_id=intent.intent_id)
        )
    except IntegrityError as error:
        raise IntentOpen(
            f"the last write of {intent.point_id} is not resolved; a readback must come first"
        ) from error


def _row(row: RowMapping) -> JournalRow:
    return JournalRow(
        intent=Intent(**{name: row[name] for name in Intent.__dataclass_fields__}),
        at=row["at"],
        stage=Stage(row["stage"]),
        readback=row["readback"],
        detail=row["detail"],
    )
