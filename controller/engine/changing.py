"""Sets that a person changes: certified again as a whole, beside the cycle, before they count."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from controller import approvals
from controller.approvals import Recommendation
from controller.cycle import objection, recommendation_of
from controller.engine.core import Core
from controller.engine.planner import PlannerWorker, PlanningError, PlanTask
from controller.modify import changed_task
from controller.store.requests import Asked
from drivers.timekeeping import Timekeeper, Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What came of a change: a set, or why there is none."""

    asked: Asked
    advice: Recommendation | None
    why_not: str


class Changer:
    """Certifies one changed set at a time.

    Args:
        core: The engine's shared part.
        worker: A planner of its own: the cycle's may be at work for minutes.
        timekeeper: Gives the thread.
    """

    def __init__(self, core: Core, worker: PlannerWorker, timekeeper: Timekeeper) -> None:
        self._core = core
        self._worker = worker
        self._time = timekeeper
        self._asked: Asked | None = None
        self._done: Changed | None = None
        self._thread: Worker | None = None

    def is_at(self, request_id: int) -> bool:
        """Whether a request is being worked on.

        Args:
            request_id: Its number.

        Returns:
            Whether it is.
        """
        return self._asked is not None and self._asked.request_id == request_id

    def begin(self, asked: Asked, parent: Recommendation, changes: Mapping[str, float]) -> str:
        """Begin to certify a changed set.

        Args:
            asked: The request.
            parent: The set that is to be changed.
            changes: Where setpoints are to stand.

        Returns:
            Why not, empty where it has begun.

        Raises:
            ChangeRefusedError: A change makes no sense.
        """
        core = self._core
        if self._asked is not None:
            return "another change is being certified; ask again in a minute"
        if core.basis is None or core.advice is None or core.advice.parent_id:
            return "only a set as it was planned can be changed; wait for the next cycle"
        if core.advice.recommendation_id != parent.recommendation_id:
            return f"superseded by {core.advice.recommendation_id}"
        task, rows = changed_task(core.basis, changes, core.tables.limits)
        self._asked = asked
        self._thread = self._time.start(lambda: self._run(asked, parent, task, rows), "change")
        return ""

    def take(self) -> Changed | None:
        """Give what has come of a change, once.

        Returns:
            The outcome, None while there is none.
        """
        done, self._done = self._done, None
        if done is not None:
            self._asked = None
            self._worker.rest()
        return done

    def wait(self, timeout_s: float) -> None:
        """Wait for what is being worked on.

        Args:
            timeout_s: How long, s.
        """
        if self._thread is not None:
            self._thread.join(timeout_s)

    def stop(self) -> None:
        """End the planner for good."""
        self._worker.stop()

    def _run(
        self, asked: Asked, parent: Recommendation, task: PlanTask, rows: Mapping[str, float]
    ) -> None:
        advice, why_not = None, ""
        try:
            planned = self._worker.plan(task)
            why_not = objection(planned)
            if not why_not:
                now = self._core.clock()
                made = recommendation_of(now, task, planned, self._core.readings)
                advice = _changed(made, parent, rows, asked.request.actor, now)
        except PlanningError as error:
            why_not = str(error)
        except Exception as error:
            log.exception("a change failed")
            why_not = f"{type(error).__name__}: {error}"
        self._done = Changed(asked=asked, advice=advice, why_not=why_not)


def _changed(
    made: Recommendation,
    parent: Recommendation,
    rows: Mapping[str, float],
    actor: str,
    now: datetime,
) -> Recommendation:
    """Name the set and say in its reasons who changed what; it ends when its parent does."""
    content = f"{made.input_hash} {json.dumps(rows, sort_keys=True)}"
    digest = hashlib.sha256(content.encode()).hexdigest()
    reasons = [
        {"code": "changed_by", "values": {"element": name, "value": value, "by": actor}}
        for name, value in rows.items()
    ]
    return replace(
        made,
        recommendation_id=approvals.new_id(now, digest),
        input_hash=digest,
        expires_at=parent.expires_at,
        effect={**made.effect, "reasons": reasons},
        parent_id=parent.recommendation_id,
        changed=dict(rows),
    )
