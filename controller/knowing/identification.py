"""The identification test: each lever takes a small step and its way back; what answers is kept.

The engine's own guard and write path move the levers, so that a test can do nothing that a plan
could not; downward first, and never while a measured flat is colder than promised. No engine runs
meanwhile. What is found is kept with the fingerprint of point, profile and bus.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from controller.engine.core import Core, EngineField, build_core
from controller.engine.following import Target, follow
from controller.guard import Authority, Permit
from controller.knowing.levers import Lever, objection
from controller.modes import Mode
from controller.site import Site
from controller.store.audit import AuditEntry, append_audit
from controller.store.database import Database
from controller.store.identifications import Identification, record_identification
from controller.store.journal import Journal
from controller.store.lease import end_lease, place_of, renew_lease, take_lease
from drivers.base import Quality
from drivers.lock import site_lock
from optimizer.estimate.record import ROOM_QUANTITIES
from optimizer.estimate.step_response import Response, fit_response

LEASE_LASTS = timedelta(minutes=30)
# One look a minute: the guard wants a pause of as much between two writes.
LOOK_S = 61.0
# The guard allows a ramp its share of the hour that it has seen: half an hour of rest is enough.
REST_S = 1800.0
# A lever that the guard lets go no further for so long ends the test.
PATIENCE_LOOKS = 15
COLDER_THAN_PROMISED_K = 0.5


class CannotIdentifyError(Exception):
    """The test could not be begun or had to be ended; the levers stand where they stood."""


@dataclass(frozen=True, kw_only=True)
class Identified:
    """What came of one lever; `watched` are the answers farther away, by name."""

    lever: Lever
    step: float
    response: Response | None
    watched: Mapping[str, Response]
    why_not: str

    @property
    def passed(self) -> bool:
        """Whether AUTO may move it."""
        return not self.why_not


@contextmanager
def trial_of(
    site: Site,
    database: Database,
    plant: EngineField,
    actor: str,
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Iterator["Trial"]:
    """Take the site for tests: its lock, its lease, its field.

    Args:
        site: The site.
        database: Its store.
        plant: The field, not started.
        actor: Who tests.
        clock: Gives the present, tz-aware UTC.
        sleep: Waits for a number of seconds.

    Yields:
        What runs tests.

    Raises:
        PortLost: An engine, or a command, holds the site or a port.
        StoreError: The store failed, or an engine holds it.
    """
    place = place_of(site.folder)
    with site_lock(site.folder):
        with database.writing() as connection:
            holder = f"{place}identification by {actor}"
            fence = take_lease(connection, holder, clock(), LEASE_LASTS, dead=place)
        try:
            plant.start()
            journal = Journal(database, fence)
            core = build_core(site, database, journal, plant, clock=clock, sleep=sleep)
            yield Trial(core=core, actor=actor, fence=fence, sleep=sleep)
        finally:
            plant.stop()
            with database.writing() as connection:
                end_lease(connection, fence, clock())


@dataclass(kw_only=True)
class Trial:
    """Runs tests on a site that nobody else holds."""

    core: Core
    actor: str
    fence: int
    sleep: Callable[[float], None]
    _at_s: list[float] = field(default_factory=list)
    _seen: list[dict[str, float]] = field(default_factory=list)
    _refusals: list[str] = field(default_factory=list)

    def check(self, group: Sequence[Lever]) -> None:
        """Find what stands in the way, before the plant is left at rest for half an hour.

        Args:
            group: The levers.

        Raises:
            CannotIdentifyError: One is not commissioned, can not be read or has no room for a step.
            PortLost: A bus has been stopped.
            StoreError: The store failed.
        """
        self.core.refresh_commissions()
        locked = [one.point_id for one in group if one.point_id not in self.core.passed]
        if locked:
            raise CannotIdentifyError(f"{', '.join(locked)}: not commissioned; commission first")
        held = {one.point_id: self.core.tables.limits[one.point_id] for one in group}
        backs = [limits.readback_point_id for limits in held.values()]
        found = self.core.plant.read([*backs, *(one.answer for one in group if one.answer)])
        values = {}
        for name, reading in found.items():
            if reading.quality is not Quality.GOOD or reading.value is None:
                raise CannotIdentifyError(f"{name} is {reading.quality}: {reading.detail}")
            values[name] = reading.value
        before = {name: values[limits.readback_point_id] for name, limits in held.items()}
        self._steps(group, before)

    def run(self, group: Sequence[Lever], tell: Callable[[str], None]) -> tuple[Identified, ...]:
        """Test levers together: rest, step, hold, back, hold.

        Args:
            group: The levers.
            tell: Receives what goes on, a line each.

        Returns:
            What came of each, kept in the store.

        Raises:
            CannotIdentifyError: It could not be begun, or a lever did not move.
            StoreError: The store failed.
        """
        self.check(group)
        self._at_s, self._seen = [], []
        tell(f"resting for {REST_S / 60:.0f} min")
        self._watch(REST_S)
        before = self._held(group)
        steps = self._steps(group, before)
        cold = self._too_cold()
        if cold:
            raise CannotIdentifyError(f"{cold}: test in milder weather")
        hold_s = max(one.hold_s for one in group)
        try:
            tell(f"stepping {_told(steps)}; {hold_s / 60:.0f} min")
            self._move({name: before[name] + steps[name] for name in before})
            self._watch(hold_s, cold_ends=True)
        finally:
            tell("going back")
            self._move(before)
        self._watch(hold_s)
        found = tuple(self._judged(one, steps[one.point_id]) for one in group)
        self._keep(found)
        return found

    def _held(self, group: Sequence[Lever]) -> dict[str, float]:
        held = {}
        for one in group:
            seen = self.core.memory.held(self.core.tables.limits[one.point_id].readback_point_id)
            if not seen:
                raise CannotIdentifyError(f"{one.point_id} can not be read back")
            held[one.point_id] = seen[-1][1]
        return held

    def _steps(self, group: Sequence[Lever], before: Mapping[str, float]) -> dict[str, float]:
        steps = {}
        for one in group:
            limits = self.core.tables.limits[one.point_id]
            step = one.step(before[one.point_id], limits.min_value, limits.max_value)
            if step == 0.0:
                raise CannotIdentifyError(f"{one.point_id} has no room for a step")
            steps[one.point_id] = step
        return steps

    def _too_cold(self) -> str:
        """The measured flat that is colder than promised, if any."""
        network = self.core.tables.site.district.network
        for point in self.core.tables.site.points:
            reading = self.core.readings.get(point.point_id)
            if point.target_kind != "building" or point.quantity not in ROOM_QUANTITIES:
                continue
            if reading is None or reading.value is None or reading.quality is not Quality.GOOD:
                continue
            promised = network.buildings[network.building_index[point.target_id]].min_indoor_c
            if reading.value < promised - COLDER_THAN_PROMISED_K:
                return f"{point.point_id} is {reading.value:.1f}, promised {promised:g}"
        return ""

    def _move(self, targets: Mapping[str, float]) -> None:
        """Take the levers there, as fast as the guard lets them."""
        idle = 0
        while idle < PATIENCE_LOOKS:
            if self._look(targets):
                idle = 0
            elif self._arrived(targets):
                return
            else:
                idle += 1
        raise CannotIdentifyError(
            f"the guard lets {', '.join(targets)} go no further: {'; '.join(self._refusals)}; "
            "look at the panel where they stand"
        )

    def _arrived(self, targets: Mapping[str, float]) -> bool:
        return all(
            abs(self.core.view(limits).held[-1][1] - value) <= 0.5 * limits.resolution + 1e-9
            for name, value in targets.items()
            for limits in (self.core.tables.limits[name],)
        )

    def _watch(self, seconds: float, *, cold_ends: bool = False) -> None:
        for _ in range(max(int(seconds / LOOK_S), 1)):
            self._look({})
            cold = self._too_cold()
            if cold and cold_ends:
                raise CannotIdentifyError(f"{cold}: the step is taken back")

    def _look(self, targets: Mapping[str, float]) -> bool:
        """Wait a minute, look at everything, take the levers on; say whether one was written."""
        core = self.core
        self.sleep(LOOK_S)
        now = core.clock()
        with core.database.writing() as connection:
            renew_lease(connection, self.fence, now, LEASE_LASTS)
        core.look()
        permit = Permit(
            authority=Authority.APPROVED,
            point_ids=frozenset(targets),
            until=now + LEASE_LASTS,
        )
        done = follow(
            [Target(point_id=name, value=value, set_id=None) for name, value in targets.items()],
            permit=permit,
            mode=Mode.ADVISORY,
            limits=core.tables.limits,
            view=lambda limits: replace(core.view(limits), permit=permit, mode=Mode.ADVISORY.value),
            carry_out=core.path.carry_out,
            actor=f"{self.actor} (identification)",
        )
        self._refusals = [reason for one in done.verdicts for reason in one.reasons]
        for one in done.outcomes:
            core.last_writes[one.point_id] = now
            if not one.done:
                raise CannotIdentifyError(f"{one.point_id}: {one.stage}, {one.detail}")
        self._note(now)
        return bool(done.outcomes)

    def _note(self, now: datetime) -> None:
        self._at_s.append(now.timestamp())
        self._seen.append(
            {
                name: reading.value
                for name, reading in self.core.readings.items()
                if reading.value is not None and reading.quality is Quality.GOOD
            }
        )

    def _course(self, point_id: str | None) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([seen.get(point_id or "", np.nan) for seen in self._seen])

    def _judged(self, lever: Lever, step: float) -> Identified:
        at = np.array(self._at_s)
        back = self.core.tables.limits[lever.point_id].readback_point_id
        moved = self._course(back)

        def response(point_id: str | None) -> Response | None:
            return fit_response(at, moved, self._course(point_id), 0.8 * lever.hold_s)

        found = response(lever.answer)
        watched = {
            name: one
            for name, point_id in lever.watched.items()
            if (one := response(point_id)) is not None and one.sure
        }
        why_not = objection(lever, found)
        return Identified(lever=lever, step=step, response=found, watched=watched, why_not=why_not)

    def _keep(self, found: Sequence[Identified]) -> None:
        now = self.core.clock()
        with self.core.database.writing() as connection:
            for one in found:
                name = one.lever.point_id
                kept = Identification(
                    at=now,
                    point_id=name,
                    fingerprint=self.core.tables.fingerprints[name],
                    actor=self.actor,
                    passed=one.passed,
                    body=identified_json(one),
                )
                record_identification(connection, kept)
                details = {"point": name, "passed": one.passed, "why_not": one.why_not}
                entry = AuditEntry(at=now, actor=self.actor, action="identify", details=details)
                append_audit(connection, entry)


def identified_json(found: Identified) -> dict[str, Any]:
    """Write what came of a lever as plain data.

    Args:
        found: What was found.

    Returns:
        Step, gain, delay and lag of its answer, and of what answered farther away.
    """

    def plain(one: Response | None) -> dict[str, float] | None:
        if one is None:
            return None
        return {
            "gain": round(one.gain, 4),
            "gain_sigma": round(one.gain_sigma, 4),
            "delay_s": round(one.delay_s, 1),
            "lag_s": round(one.lag_s, 1),
        }

    return {
        "step": found.step,
        "answer": found.lever.answer,
        "quantity": found.lever.answer_quantity,
        "response": plain(found.response),
        "watched": {name: plain(one) for name, one in found.watched.items()},
        "why_not": found.why_not,
    }


def _told(steps: Mapping[str, float]) -> str:
    return ", ".join(f"{name} by {step:+g}" for name, step in steps.items())
