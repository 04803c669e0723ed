"""The cycle in a thread of its own, so that the safety loop never waits for a plan."""

import logging
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from controller import approvals
from controller.alarms.board import Cause
from controller.cold_snap import begun_at
from controller.cycle import CycleOutcome, CyclePorts, CycleRecord, run_cycle
from controller.engine.core import Core
from controller.engine.planner import PlannerWorker
from controller.engine.weather import weather_sources
from controller.knowing.ahead import Ahead
from controller.knowing.watching import watched_state
from controller.modes import CycleDone
from controller.store import recommendations
from controller.store.errors import StoreError
from controller.store.present import latest_cycle, record_cycle
from controller.store.recommendations import StoredRecommendation
from drivers.base import Quality, WeatherSeries
from drivers.timekeeping import Timekeeper, Worker
from drivers.weather.sources import choose

log = logging.getLogger(__name__)

_ALARM_OF = {
    CycleOutcome.NO_WEATHER: "weather_missing",
    CycleOutcome.NO_PLAN: "no_certificate",
    CycleOutcome.NOT_CERTIFIED: "no_certificate",
    CycleOutcome.STORE_FAILED: "store_failed",
}


class CycleThread:
    """Runs a cycle when it is due; one that is still running is not started twice.

    Args:
        core: The engine's shared part.
        worker: The planner.
        ahead: What is known of the hours ahead.
        every_s: Length of a cycle, s.
        timekeeper: Gives the clock of intervals and the cycle's thread.
    """

    def __init__(
        self,
        core: Core,
        worker: PlannerWorker,
        ahead: Ahead,
        every_s: float,
        timekeeper: Timekeeper,
    ) -> None:
        self._core = core
        self._every_s = every_s
        self._time = timekeeper
        self._due_s = timekeeper.monotonic_s()
        self._busy = timekeeper.event()
        self._worker: Worker | None = None
        self._ports = cycle_ports(core, worker, ahead)

    def start_if_due(self) -> None:
        """Start a cycle where one is due; a missed one is an alarm, and is not made up for."""
        now_s = self._time.monotonic_s()
        if now_s < self._due_s:
            return
        late = self._busy.is_set()
        missed = now_s - self._due_s >= self._every_s
        self._due_s += self._every_s * (1 + (now_s - self._due_s) // self._every_s)
        if late or missed:
            detail = "the one before is still running" if late else "the machine was away"
            self._core.causes["late"] = (Cause(code="cycle_late", source="cycle", detail=detail),)
        if late:
            return
        self._busy.set()
        self._worker = self._time.start(self._run, "cycle")

    def wait(self, timeout_s: float) -> None:
        """Wait for the cycle under way.

        Args:
            timeout_s: How long, s.
        """
        if self._worker is not None:
            self._worker.join(timeout_s)

    def _run(self) -> None:
        core = self._core
        try:
            after_cycle(core, run_cycle(core.clock().replace(microsecond=0), self._ports))
        except Exception as error:
            log.exception("the cycle failed")
            detail = f"{type(error).__name__}: {error}"
            core.causes["cycle"] = (Cause(code="job_failed", source="cycle", detail=detail),)
            core.happen(
                CycleDone(
                    now=core.clock(),
                    good=False,
                    reason=detail,
                    cold_snap=False,
                    remote=False,
                    point_ids=frozenset(),
                )
            )
        finally:
            self._busy.clear()


def after_cycle(core: Core, record: CycleRecord) -> None:
    """Take a cycle's result into the engine: alarms, modes, record.

    Args:
        core: The engine's shared part.
        record: What the cycle did.
    """
    if record.outcome is CycleOutcome.RECOMMENDED:
        core.causes.pop("cycle", None)
        core.causes.pop("late", None)
    else:
        cause = Cause(code=_ALARM_OF[record.outcome], source="cycle", detail=record.reason)
        core.causes["cycle"] = (cause,)
    with core.lock:
        if record.basis is not None:
            outdoor_c = float(record.basis.forecast.outdoor_temp_c[0, 0])
            core.sense.expect_outdoor(record.at, outdoor_c)
        if record.recommendation is not None:
            core.advice, core.basis = record.recommendation, record.basis
        problem = _not_good(core, record)
        remote = all(
            (one := core.readings.get(name)) is not None
            and one.quality is Quality.GOOD
            and one.value == 1.0
            for name in core.tables.remote_ids
        )
        advice = record.recommendation
        points = frozenset() if advice is None else advice.point_ids & core.passed
        core.happen(
            CycleDone(
                now=core.clock(),
                good=not problem,
                reason=problem,
                cold_snap=record.snap is not None,
                remote=remote,
                point_ids=points,
            )
        )
    try:
        with core.database.writing() as connection:
            body = _record_json(record, _snap_before(connection))
            record_cycle(connection, record.at, record.outcome.value, body)
    except StoreError as error:
        core.store_failed(error)


def _not_good(core: Core, record: CycleRecord) -> str:
    """Why a cycle does not count as a good one; empty where it does."""
    if record.outcome is not CycleOutcome.RECOMMENDED:
        return f"{record.outcome}: {record.reason}"
    if core.unresolved:
        return f"what {', '.join(sorted(core.unresolved))} holds is not resolved"
    bad = [
        name
        for name in core.tables.readback_ids
        if (one := core.readings.get(name)) is None or one.quality is not Quality.GOOD
    ]
    return f"{', '.join(sorted(bad))} can not be read" if bad else ""


def _snap_before(connection: Connection) -> datetime | None:
    """From when on the last forecast that there was showed a cold snap; None where it did not."""
    before = latest_cycle(connection, besides=CycleOutcome.NO_WEATHER)
    snap = None if before is None else before.body["cold_snap"]
    return None if snap is None else datetime.fromisoformat(snap["begins"])


def _record_json(record: CycleRecord, snap_before: datetime | None) -> dict[str, Any]:
    snap = None if record.snap is None else asdict(record.snap)
    if snap is not None:
        snap["begins"] = begun_at(snap["begins"], snap_before, record.at).isoformat()
    advice = record.recommendation
    return {
        "reason": record.reason,
        "cold_snap": snap,
        "recommendation_id": None if advice is None else advice.recommendation_id,
        "took_s": round(record.took_s, 3),
        "planning_s": round(record.planning_s, 3),
    }


def cycle_ports(core: Core, worker: PlannerWorker, ahead: Ahead) -> CyclePorts:
    """Connect the cycle to the engine.

    Args:
        core: The engine's shared part.
        worker: The planner.
        ahead: What is known of the hours ahead.

    Returns:
        The ports.
    """
    site = core.tables.site
    sources = weather_sources(site)

    def weather(now: datetime) -> WeatherSeries:
        chosen = choose(
            sources,
            now,
            stale_after_h=site.weather.stale_after_h if site.weather else 0.0,
            needed_h=float(site.district.control.horizon_h),
        )
        return ahead.weather(now, chosen.series)

    observer = watched_state(core)
    return CyclePorts(
        site=site,
        elements=core.tables.elements,
        readings=lambda _now: core.readings,
        weather=weather,
        district=lambda: observer.seen(site.district),
        loads=ahead.loads,
        observer=observer,
        plan=worker.plan,
        keep=lambda advice: keep_recommendation(core, advice),
    )


def keep_recommendation(core: Core, advice: approvals.Recommendation) -> None:
    """Make a recommendation durable.

    Args:
        core: The engine's shared part.
        advice: The recommendation.

    Raises:
        StoreError: It could not be kept.
    """
    stored = StoredRecommendation(
        recommendation_id=advice.recommendation_id,
        at=advice.at,
        expires_at=advice.expires_at,
        input_hash=advice.input_hash,
        body=approvals.to_json(advice),
    )
    with core.database.writing() as connection:
        recommendations.record(connection, stored)
