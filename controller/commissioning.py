"""Commissioning: one small step of a point, and what a person reads from the plant's own panel.

A wrong scale, unit or register is confirmed by its own readback. Only the panel tells.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.actuate import Order, Outcome, WritePath, WritePoint
from controller.field import field_of
from controller.guard import WINDOW, PointLimits
from controller.guard_limits import HEARTBEAT, guard_limits
from controller.site import Site
from controller.sitefiles.parts import Bus, Direction, Point
from controller.store.audit import AuditEntry, append_audit
from controller.store.commissions import Commission, record_commission
from controller.store.database import Database
from controller.store.journal import Journal, JournalRow
from controller.store.lease import end_lease, place_of, take_lease
from controller.write_points import fingerprints, write_points
from drivers.base import Quality, Setpoint
from drivers.bus import Field
from drivers.lock import site_lock

LEASE_LASTS = timedelta(minutes=30)
# A step that a person can tell from noise on a panel, and that no plant minds.
STEP_SHARE_OF_RANGE = 0.02
LEAST_STEPS = 3.0
HEARTBEAT_VALUE = 4321.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A step that has been written and confirmed by readback; the panel must show `value`."""

    point_id: str
    before: float
    value: float
    unit_hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What came of it; a point that did not pass stays locked."""

    point_id: str
    passed: bool
    detail: str


class CannotCommissionError(Exception):
    """The step could not be made; the point stays locked."""


def commission_point(
    site: Site,
    database: Database,
    point_id: str,
    actor: str,
    *,
    panel: Callable[[Ready], float],
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Compared:
    """Commission one point of a site on which no engine runs.

    Args:
        site: The site.
        database: Its store.
        point_id: The point.
        actor: Who reads the panel.
        panel: Tells what was written and gives what the plant's own panel shows.
        clock: Gives the present, tz-aware UTC.
        sleep: Waits for a number of seconds.

    Returns:
        What came of it, kept in the store with the fingerprint of point, profile and bus.

    Raises:
        CannotCommissionError: Unknown point, unreadable, or the step was not confirmed.
        PortLost: An engine, or a command, holds the site or a port.
        StoreError: The store failed, or an engine holds it.
    """
    point = _point(site, point_id)
    own = replace(site, buses=_buses(site, point))
    with site_lock(site.folder):
        with database.writing() as connection:
            place = place_of(site.folder)
            holder = f"{place}commissioning by {actor}"
            fence = take_lease(connection, holder, clock(), LEASE_LASTS, dead=place)
        field = field_of(own)
        try:
            field.start()
            if point.quantity == HEARTBEAT:
                return _heartbeat(site, database, field, point, actor, panel, clock)
            journal = Journal(database, fence)
            path = WritePath(
                journal=journal,
                field=field,
                points=write_points(site),
                clock=clock,
                sleep=sleep,
            )
            lately = journal.rows(point_id=point_id, since=clock() - WINDOW)
            return _setpoint(site, database, field, path, lately, point, actor, panel, clock)
        finally:
            field.stop()
            with database.writing() as connection:
                end_lease(connection, fence, clock())


def _setpoint(
    site: Site,
    database: Database,
    field: Field,
    path: WritePath,
    lately: Sequence[JournalRow],
    point: Point,
    actor: str,
    panel: Callable[[Ready], float],
    clock: Callable[[], datetime],
) -> Compared:
    own = write_points(site)[point.point_id]
    limits = guard_limits(site)[point.point_id]
    present = _present(field, own)
    step = _step(own, limits.resolution, present, lately)
    _require_ramp(limits, present, step, lately)
    outcome = _write(path, own, present, present + step, actor)
    if not outcome.done:
        raise CannotCommissionError(f"{point.point_id}: {outcome.stage}, {outcome.detail}")
    ready = Ready(
        point_id=point.point_id, before=present, value=outcome.value, unit_hint=point.quantity
    )
    shown = panel(ready)
    passed = math.isfinite(shown) and abs(shown - ready.value) <= abs(step) / 3.0
    detail = f"the panel shows {shown:g}, written {ready.value:g}"
    _keep(site, database, ready, shown, actor, passed=passed, now=clock())
    if not passed:
        # Nothing more is written where a write may go to the wrong place.
        detail += f"; set it back to {present:g} at the panel"
        return Compared(point_id=point.point_id, passed=False, detail=detail)
    back = _write(path, own, ready.value, present, actor)
    detail += "" if back.done else f"; setting it back: {back.stage}, {back.detail}"
    return Compared(point_id=point.point_id, passed=True, detail=detail)


def _heartbeat(
    site: Site,
    database: Database,
    field: Field,
    point: Point,
    actor: str,
    panel: Callable[[Ready], float],
    clock: Callable[[], datetime],
) -> Compared:
    """A heartbeat is a bare number: the panel, or the controller's own tool, must show it."""
    field.write(Setpoint(point_id=point.point_id, value=HEARTBEAT_VALUE))
    ready = Ready(
        point_id=point.point_id, before=0.0, value=HEARTBEAT_VALUE, unit_hint=point.quantity
    )
    shown = panel(ready)
    passed = shown == HEARTBEAT_VALUE
    _keep(site, database, ready, shown, actor, passed=passed, now=clock())
    detail = f"the panel shows {shown:g}, written {HEARTBEAT_VALUE:g}"
    return Compared(point_id=point.point_id, passed=passed, detail=detail)


def _write(path: WritePath, own: WritePoint, before: float, value: float, actor: str) -> Outcome:
    for outcome in path.resolve_open():
        if outcome.point_id == own.point_id and outcome.readback is None:
            raise CannotCommissionError(f"{own.point_id} has an open write: {outcome.detail}")
    return path.carry_out(
        Order(
            point_id=own.point_id,
            value=round(value, 6),
            before=before,
            mode="commission",
            actor=actor,
        )
    )


def _present(field: Field, own: WritePoint) -> float:
    reading = field.read([own.readback_point_id])[own.readback_point_id]
    if reading.quality is not Quality.GOOD or reading.value is None:
        problem = f"{own.readback_point_id} is {reading.quality}: {reading.detail}"
        raise CannotCommissionError(problem)
    if not own.min_value <= reading.value <= own.max_value:
        problem = f"{own.point_id} holds {reading.value:g}, outside its own limits"
        raise CannotCommissionError(problem)
    return reading.value


def _step(
    own: WritePoint, resolution: float, present: float, lately: Sequence[JournalRow]
) -> float:
    """A small step in whole steps of the device: back from where an earlier try has left it, else
    downward where there is room. Try after try, a point must not walk away."""
    wanted = max(STEP_SHARE_OF_RANGE * (own.max_value - own.min_value), LEAST_STEPS * resolution)
    size = min(wanted, own.largest_step)
    if resolution > 0.0:
        size = max(math.floor(size / resolution + 1e-6), 1) * resolution
    upward = present - size < own.min_value
    if lately and abs(present - lately[-1].intent.value) <= own.tolerance:
        upward = lately[-1].intent.before > present and present + size <= own.max_value
    return size if upward else -size


def _require_ramp(
    limits: PointLimits, present: float, step: float, lately: Sequence[JournalRow]
) -> None:
    """Refuse a step that, with the writes of the last hour, would pass the point's ramp.

    Raises:
        CannotCommissionError: It would.
    """
    values = [present, *(v for row in lately for v in (row.intent.before, row.intent.value))]
    target = present + step
    if max(values) - limits.down_per_h <= target <= min(values) + limits.up_per_h:
        return
    raise CannotCommissionError(
        f"{limits.point_id} was moved between {min(values):g} and {max(values):g} within the last "
        f"hour; a step to {target:g} would pass its ramp ({limits.down_per_h:g} down, "
        f"{limits.up_per_h:g} up in an hour); wait for the hour to pass"
    )


def _keep(
    site: Site,
    database: Database,
    ready: Ready,
    shown: float,
    actor: str,
    *,
    passed: bool,
    now: datetime,
) -> None:
    kept = Commission(
        at=now,
        point_id=ready.point_id,
        fingerprint=fingerprints(site)[ready.point_id],
        actor=actor,
        value=ready.value,
        panel_value=shown if math.isfinite(shown) else 0.0,
        passed=passed,
    )
    details = {"point": ready.point_id, "written": ready.value, "panel": kept.panel_value,
               "passed": passed}  # fmt: skip
    with database.writing() as connection:
        record_commission(connection, kept)
        append_audit(
            connection, AuditEntry(at=now, actor=actor, action="commission", details=details)
        )


def _point(site: Site, point_id: str) -> Point:
    found = {one.point_id: one for one in site.points if one.direction is Direction.WRITE}
    if point_id not in found:
        known = ", ".join(sorted(found))
        raise CannotCommissionError(f"{point_id} is no point that is written; there are {known}")
    return found[point_id]


def _buses(site: Site, point: Point) -> tuple[Bus, ...]:
    """Only the buses that the point and its readback are on."""
    points = {one.point_id: one for one in site.points}
    needed = [point, *([points[point.readback_point_id]] if point.readback_point_id else [])]
    bus_of = {device.device_id: device.bus_id for device in site.devices}
    names = {bus_of[one.device_id] for one in needed}
    return tuple(bus for bus in site.buses if bus.bus_id in names)
