"""The safety loop: every few seconds look, compare, hold; follow what is owned; tell the alarms."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from controller.alarms.board import Cause, board_to_json, flood_cause, update
from controller.alarms.conditions import field_causes
from controller.effect import EffectWatch, expectations
from controller.engine.clockwatch import ClockWatch
from controller.engine.core import Core
from controller.engine.following import Followed, Target, fallback_targets, follow, targets_of_set
from controller.engine.hands import look_by_hand
from controller.guard import DROP_WINDOW, Ruling
from controller.modes import (
    ClockJumped,
    ForeignChange,
    InputsBad,
    Mode,
    Tick,
    WriteFailed,
    permit,
)
from controller.store.alarm_log import append_alarms
from controller.store.errors import StoreError
from controller.store.present import publish
from controller.store.telemetry import record_readings
from drivers.base import DriverError, Quality, Setpoint

FOLLOW_EVERY = timedelta(seconds=61)  # a little more than the guard's pause between two writes
RECORD_EVERY = timedelta(seconds=60)
FOREIGN_LOOKS = 2
HEARTBEAT_WRAPS = 65536


class SafetyLoop:
    """One pass after another over the core.

    Args:
        core: The engine's shared part.
        monotonic_s: The monotonic clock, s.
    """

    def __init__(self, core: Core, monotonic_s: Callable[[], float]) -> None:
        self._core = core
        self._monotonic_s = monotonic_s
        self._watch = ClockWatch(core.clock(), monotonic_s())
        self._followed_s = float("-inf")
        self._recorded_s = float("-inf")
        self._recorded: dict[str, datetime] = {}
        self._foreign: dict[str, int] = {}
        self._effects = EffectWatch(expectations(core.tables.site))
        self._refusals: tuple[str, ...] = ()
        self.beats = 0

    def one_pass(self) -> None:
        """Look at everything once and act on it."""
        core = self._core
        self._check_clock()
        core.look()
        self._check_foreign()
        self._check_effect()
        self._check_inputs()
        look_by_hand(core)
        core.happen(Tick(now=core.clock()))
        self._beat()  # first: after a silence the plant takes no setpoint before it hears this
        if self._monotonic_s() - self._followed_s >= FOLLOW_EVERY.total_seconds():
            self._followed_s = self._monotonic_s()
            self.follow_now()
        self._tell_alarms()
        self._record()

    def follow_soon(self) -> None:
        """Let the next pass follow: a set has just been approved."""
        self._followed_s = float("-inf")

    def follow_now(self) -> Followed:
        """Take what is owned toward where it should stand.

        Returns:
            What was ruled and done.
        """
        core = self._core
        allowed = permit(core.state, core.rules)
        if allowed is None:
            self._refusals = ()
            return Followed()
        try:
            core.refresh_commissions()
            done = follow(
                self._targets(),
                permit=allowed,
                mode=core.state.mode,
                limits=core.tables.limits,
                view=core.view,
                carry_out=core.path.carry_out,
                actor=core.state.ownership.by if core.state.ownership else "",
            )
        except StoreError as error:
            core.store_failed(error)
            core.happen(InputsBad(now=core.clock(), reason=str(error)))
            return Followed()
        self._after_follow(done)
        return done

    def _targets(self) -> Sequence[Target]:
        core = self._core
        if core.state.mode is Mode.FALLBACK:
            return fallback_targets(core.tables.site, core.tables.elements, core.readings)
        advice = core.advice if core.state.mode is Mode.AUTO else core.approved
        return () if advice is None else targets_of_set(advice, core.clock())

    def _after_follow(self, done: Followed) -> None:
        core = self._core
        for outcome in done.outcomes:
            core.last_writes[outcome.point_id] = core.clock()
            if outcome.done:
                core.confirmed[outcome.point_id] = (core.clock(), outcome.value)
        failed = done.failed
        if failed is not None:
            detail = f"{failed.point_id} {failed.value:g}: {failed.stage}, {failed.detail}"
            core.causes["write"] = (
                Cause(code="write_failed", source=failed.point_id, detail=detail),
            )
            core.happen(WriteFailed(now=core.clock(), point_id=failed.point_id, reason=detail))
        elif done.outcomes:
            core.causes.pop("write", None)
        refusals = tuple(
            reason
            for verdict in done.verdicts
            if verdict.ruling is Ruling.REFUSED
            for reason in verdict.reasons
        )
        if refusals and refusals != self._refusals:
            core.note("guard", "refused", {"reasons": list(refusals)})
        self._refusals = refusals
        core.look()

    def _check_clock(self) -> None:
        core = self._core
        jump = self._watch.jump(core.clock(), self._monotonic_s())
        if jump is None:
            return
        detail = f"the clock was set by {jump.total_seconds():+.0f} s"
        core.causes["clock"] = (Cause(code="clock_jumped", source="clock", detail=detail),)
        core.note("engine", "clock", {"jump_s": jump.total_seconds()})
        core.happen(ClockJumped(now=core.clock()))

    def _check_foreign(self) -> None:
        """An owned point that holds what this program did not write belongs to the operator."""
        core = self._core
        owned = core.state.ownership
        for point_id in sorted(owned.point_ids) if owned is not None else ():
            limits = core.tables.limits[point_id]
            reading = core.readings.get(limits.readback_point_id)
            if point_id not in core.confirmed or reading is None or reading.value is None:
                continue
            written_at, value = core.confirmed[point_id]
            differs = abs(reading.value - value) > limits.resolution + 1e-6
            sure = reading.quality is Quality.GOOD and reading.time > written_at
            looks = self._foreign.get(point_id, 0) + 1 if differs and sure else 0
            self._foreign[point_id] = looks
            if looks >= FOREIGN_LOOKS:
                self._foreign[point_id] = 0
                detail = f"holds {reading.value:g}, written {value:g}"
                core.causes["foreign"] = (
                    Cause(code="foreign_change", source=point_id, detail=detail),
                )
                core.happen(ForeignChange(now=core.clock(), point_id=point_id))

    def _check_effect(self) -> None:
        """Hold where the plant does not do what a confirmed setpoint says."""
        core = self._core
        held = {}
        for point_id, (_, value) in core.confirmed.items():
            limits = core.tables.limits[point_id]
            back = core.readings.get(limits.readback_point_id)
            now = None if back is None else back.value
            if now is not None and abs(now - value) <= limits.resolution + 1e-6:
                held[point_id] = value
        causes = self._effects.look(core.clock(), held, core.readings)
        core.causes["effect"] = causes
        owned = core.state.ownership
        for cause in causes:
            if owned is not None and cause.source in owned.point_ids:
                reason = f"no effect: {cause.detail}"
                core.happen(WriteFailed(now=core.clock(), point_id=cause.source, reason=reason))

    def _check_inputs(self) -> None:
        """Hold where a measurement that decides about an owned point is stale or missing."""
        core = self._core
        owned = core.state.ownership
        if owned is None or core.state.mode not in (Mode.ADVISORY, Mode.AUTO):
            return
        for point_id in sorted(owned.point_ids):
            limits = core.tables.limits[point_id]
            needed = [(limits.readback_point_id, limits.readback_stale_s)]
            needed += [(one.point_id, one.stale_after_s) for one in limits.deciding]
            for name, stale_s in needed:
                reading = core.readings.get(name)
                good = reading is not None and reading.quality is Quality.GOOD
                if reading is None or not good or reading.age_s(core.clock()) > stale_s:
                    shown = "missing" if reading is None else str(reading.quality)
                    core.happen(InputsBad(now=core.clock(), reason=f"{name} is {shown}"))
                    return

    def _beat(self) -> None:
        """Tell the plant's own controller that this program lives."""
        core = self._core
        if core.state.mode is Mode.INIT:
            return
        self.beats = (self.beats + 1) % HEARTBEAT_WRAPS
        for point_id in core.tables.heartbeat_ids:
            if point_id in core.passed:
                try:
                    core.plant.write(Setpoint(point_id=point_id, value=float(self.beats)))
                except DriverError:
                    continue  # the device's own alarm says that it is silent

    def _tell_alarms(self) -> None:
        core = self._core
        now = core.clock()
        causes = [cause for part in list(core.causes.values()) for cause in part]
        causes += core.sense.causes()
        causes += field_causes(
            core.tables.field_map, core.plant.failures(), core.readings, core.sense.doubts
        )
        causes += _trips(core, now)
        causes += [
            Cause(code=code, source="site", detail=core.state.reason)
            for mode, code in ((Mode.HOLD, "on_hold"), (Mode.FALLBACK, "in_fallback"))
            if core.state.mode is mode
        ]
        with core.lock:
            causes += flood_cause(core.board, now)
            core.board, events = update(core.board, causes, now)
            board = board_to_json(core.board)
        try:
            with core.database.writing() as connection:
                append_alarms(connection, events)
                if events:
                    publish(connection, "alarms", board, now)
            core.causes.pop("store", None)
        except StoreError as error:
            core.store_failed(error)
            core.happen(InputsBad(now=now, reason=str(error)))

    def _record(self) -> None:
        core = self._core
        if self._monotonic_s() - self._recorded_s < RECORD_EVERY.total_seconds():
            return
        self._recorded_s = self._monotonic_s()
        for passing in ("clock", "foreign"):  # events, not states: a minute on the board is enough
            core.causes.pop(passing, None)
        new = [
            one
            for one in core.readings.values()
            if one.quality is not Quality.MISSING and self._recorded.get(one.point_id) != one.time
        ]
        try:
            with core.database.recording() as connection:
                record_readings(connection, new)
            self._recorded |= {one.point_id: one.time for one in new}
        except StoreError as error:
            core.store_failed(error)


def _trips(core: Core, now: datetime) -> list[Cause]:
    """Pressures that fell too fast and make-up flow beyond its trip."""
    causes = []
    trips = {trip.point_id: trip for one in core.tables.limits.values() for trip in one.drops}
    for name, trip in trips.items():
        recent = [value for at, value in core.memory.held(name) if at >= now - DROP_WINDOW]
        if recent and max(recent) - recent[-1] > trip.max_drop_bar_min:
            detail = f"fell by {max(recent) - recent[-1]:.2f} bar within a minute"
            causes.append(Cause(code="trip", source=name, detail=detail))
    limits = {one.point_id: one for row in core.tables.limits.values() for one in row.deciding}
    for name, deciding in limits.items():
        reading = core.readings.get(name)
        value = None if reading is None else reading.value
        limit = None if value is None else deciding.near(value)
        if value is None or limit is None:
            continue
        beyond = limit == deciding.high and value >= limit
        code = "trip" if beyond and name in _makeup_ids(core) else "limit_near"
        causes.append(Cause(code=code, source=name, detail=f"{value:g}, limit {limit:g}"))
    return causes


def _makeup_ids(core: Core) -> set[str]:
    return {one.point_id for one in core.tables.site.points if one.quantity == "makeup_m3_h"}
