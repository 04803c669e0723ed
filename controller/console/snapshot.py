"""What the store says of the present, read in one go: the only ground of every page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from controller.alarms.board import Alarm, board_from_json
from controller.store.database import Database
from controller.store.lease import lease_holder
from controller.store.present import StoredCycle, latest_cycle, published
from controller.store.recommendations import (
    Decision,
    StoredRecommendation,
    decision_on,
    latest,
)

# The engine publishes every two seconds by default. Older than this, nobody may act on it.
STALE_AFTER_S = 4.2


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One moment of the store.

    `published_at` is when the engine last published, None before it ever has; `engine` is what
    `controller.engine.status` makes, empty before.
    """

    read_at: datetime
    published_at: datetime | None
    engine: Mapping[str, Any]
    running: bool
    alarms: tuple[Alarm, ...]
    advice: StoredRecommendation | None
    decision: Decision | None
    cycle: StoredCycle | None
    stale_after_s: float = STALE_AFTER_S

    def age_s(self, now: datetime) -> float | None:
        """How long the engine has said nothing.

        Args:
            now: tz-aware.

        Returns:
            Seconds; None where it never has.
        """
        if self.published_at is None:
            return None
        return max((now - self.published_at).total_seconds(), 0.0)

    def is_stale(self, now: datetime) -> bool:
        """Whether what is shown may be acted on.

        Args:
            now: tz-aware.

        Returns:
            True where no engine runs, or it has been silent for too long.
        """
        age_s = self.age_s(now)
        return not self.running or age_s is None or age_s > self.stale_after_s

    @property
    def mode(self) -> str:
        """The engine's mode, or `none`."""
        return str(self.engine.get("mode", "none"))

    @property
    def readings(self) -> Mapping[str, Mapping[str, Any]]:
        """Value, quality and age when published, by point."""
        found: Mapping[str, Mapping[str, Any]] = self.engine.get("readings", {})
        return found

    @property
    def body(self) -> Mapping[str, Any]:
        """The newest recommendation as `controller.approvals` writes it; empty without one."""
        return {} if self.advice is None else self.advice.body

    @property
    def courses(self) -> Mapping[str, Any]:
        """What the newest recommendation is expected to do; empty without one."""
        found: Mapping[str, Any] = self.body.get("effect", {}).get("courses", {})
        return found

    def is_open(self, now: datetime) -> bool:
        """Whether there is a recommendation that can still be decided.

        Args:
            now: tz-aware.

        Returns:
            Whether it is undecided and in time.
        """
        return self.advice is not None and self.decision is None and now < self.advice.expires_at

    @cached_property
    def snap(self) -> Mapping[str, Any] | None:
        """The cold snap that the newest cycle saw, if any."""
        return None if self.cycle is None else self.cycle.body.get("cold_snap")


def read_snapshot(
    database: Database, now: datetime, stale_after_s: float = STALE_AFTER_S
) -> Snapshot:
    """Read the present from the store.

    Args:
        database: The store.
        now: tz-aware.
        stale_after_s: How old what the engine has published may be, s.

    Returns:
        The snapshot.

    Raises:
        StoreError: The store failed.
    """
    with database.reading() as connection:
        found = published(connection, "engine")
        board = published(connection, "alarms")
        advice = latest(connection)
        decision = None if advice is None else decision_on(connection, advice.recommendation_id)
        return Snapshot(
            read_at=now,
            published_at=None if found is None else found[0],
            engine={} if found is None else found[1],
            running=lease_holder(connection, now) is not None,
            alarms=() if board is None else board_from_json(board[1]).listed(),
            advice=advice,
            decision=decision,
            cycle=latest_cycle(connection),
            stale_after_s=stale_after_s,
        )
