"""What the parts of the engine share: the site's snapshot, the store, the field and the mode."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from controller.actuate import WritePath
from controller.alarms.board import Board, Cause
from controller.alarms.conditions import FieldMap
from controller.approvals import Recommendation
from controller.by_hand import ByHand
from controller.engine.elements import Element, elements
from controller.engine.memory import KEPT, Memory
from controller.engine.planner import PlanTask
from controller.field import field_of
from controller.guard import PointLimits, View
from controller.guard_limits import HEARTBEAT, REMOTE, guard_limits
from controller.modes import (
    Event,
    Mode,
    Rules,
    Step,
    Supervision,
    permit,
    starting,
    step,
)
from controller.sense import FieldSense, field_sense
from controller.site import Site
from controller.sitefiles.parts import Direction
from controller.store.audit import AuditEntry, append_audit
from controller.store.commissions import commissioned
from controller.store.database import Database
from controller.store.errors import StoreError
from controller.store.identifications import latest_identifications
from controller.store.journal import Journal
from controller.store.tables import EPOCH
from controller.store.telemetry import readings_of
from controller.write_points import fingerprints, write_points
from drivers.base import Reading, Setpoint
from drivers.bus import Field
from drivers.timekeeping import WALL_TIME, Timekeeper

ENGINE = "engine"


class EngineField(Protocol):
    """What the engine needs of the field."""

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now."""
        ...

    def write(self, setpoint: Setpoint) -> None:
        """Write once."""
        ...

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        """Give what the polls have brought."""
        ...

    def failures(self) -> Mapping[str, int]:
        """Failures in a row, by device."""
        ...

    def start(self) -> None:
        """Start polling."""
        ...

    def stop(self) -> None:
        """Stop polling and close the ports."""
        ...


class SiteField:
    """The buses of a site.

    Args:
        site: The site.
        timekeeper: Gives its buses their time.
    """

    def __init__(self, site: Site, timekeeper: Timekeeper = WALL_TIME) -> None:
        self._field: Field = field_of(site, timekeeper)

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now."""
        return self._field.read(point_ids)

    def write(self, setpoint: Setpoint) -> None:
        """Write once."""
        self._field.write(setpoint)

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        """Give what the polls have brought."""
        return self._field.latest(point_ids, now)

    def failures(self) -> Mapping[str, int]:
        """Failures in a row, by device."""
        return self._field.failures()

    def start(self) -> None:
        """Start polling."""
        self._field.start()

    def stop(self) -> None:
        """Stop polling and close the ports."""
        self._field.stop()


@dataclass(frozen=True, kw_only=True)
class SiteTables:
    """What the engine looks up again and again in a site."""

    site: Site
    elements: tuple[Element, ...]
    limits: Mapping[str, PointLimits]
    fingerprints: Mapping[str, str]
    read_ids: tuple[str, ...]
    heartbeat_ids: tuple[str, ...]
    remote_ids: tuple[str, ...]
    field_map: FieldMap

    @property
    def readback_ids(self) -> tuple[str, ...]:
        """The points that show what written points hold."""
        return tuple(limits.readback_point_id for limits in self.limits.values())


def tables_of(site: Site) -> SiteTables:
    """Look up once what the engine needs of a site.

    Args:
        site: The site.

    Returns:
        The tables.
    """
    read = [point for point in site.points if point.direction is Direction.READ]
    written = [point for point in site.points if point.direction is Direction.WRITE]
    bus_of = {device.device_id: device.bus_id for device in site.devices}
    return SiteTables(
        site=site,
        elements=elements(site),
        limits=guard_limits(site),
        fingerprints=fingerprints(site),
        read_ids=tuple(point.point_id for point in read),
        heartbeat_ids=tuple(one.point_id for one in written if one.quantity == HEARTBEAT),
        remote_ids=tuple(one.point_id for one in read if one.quantity == REMOTE),
        field_map=FieldMap(
            device_of={point.point_id: point.device_id for point in site.points}, bus_of=bus_of
        ),
    )


@dataclass(kw_only=True)
class Core:
    """The engine's present; every change of it holds `lock`.

    Attributes:
        started_at: When this engine began with its snapshot of the site.
        advice: The newest recommendation, or None.
        basis: What the newest planned set was made from, with its schedule.
        approved: The set that is being followed, or None.
        by_hand: What a person has to set for it, and since when.
        causes: What parts of the engine find wrong, by part; together they feed the alarms.
        last_writes: When each point was last written.
        confirmed: When and what of it was confirmed last, since the start.
    """

    tables: SiteTables
    started_at: datetime
    database: Database
    journal: Journal
    plant: EngineField
    path: WritePath
    rules: Rules
    clock: Callable[[], datetime]
    state: Supervision
    memory: Memory
    sense: FieldSense
    lock: threading.RLock = field(default_factory=threading.RLock)
    board: Board = field(default_factory=Board)
    advice: Recommendation | None = None
    basis: PlanTask | None = None
    approved: Recommendation | None = None
    by_hand: tuple[ByHand, ...] = ()
    by_hand_since: datetime = EPOCH
    readings: Mapping[str, Reading] = field(default_factory=dict)
    passed: frozenset[str] = frozenset()
    identified: frozenset[str] = frozenset()
    causes: dict[str, tuple[Cause, ...]] = field(default_factory=dict)
    last_writes: dict[str, datetime] = field(default_factory=dict)
    confirmed: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    unresolved: frozenset[str] = frozenset()

    def happen(self, event: Event, actor: str = ENGINE) -> Step:
        """Let the modes go on by an event; a change of mode is audited before it counts.

        Args:
            event: What happened.
            actor: By whom, for the audit.

        Returns:
            The step. A mode that cannot be audited is entered all the same when it is a lower one:
            safety does not wait for the disk.
        """
        with self.lock:
            done = step(self.state, event, self.rules)
            before, self.state = self.state, done.state
            if done.state.ownership is None or done.state.mode is Mode.AUTO:
                self.approved = None
        if before.mode is not done.state.mode:
            details = {"from": before.mode, "to": done.state.mode, "reason": done.state.reason}
            self.note(actor, "mode", details)
        return done

    def note(self, actor: str, action: str, details: Mapping[str, object]) -> None:
        """Audit something that has happened; a store that fails is an alarm, not a stop.

        Args:
            actor: By whom.
            action: What.
            details: What JSON can hold.
        """
        entry = AuditEntry(at=self.clock(), actor=actor, action=action, details=details)
        try:
            with self.database.writing() as connection:
                append_audit(connection, entry)
        except StoreError as error:
            self.store_failed(error)

    def store_failed(self, error: StoreError) -> None:
        """Remember that the store failed; the safety loop raises the alarm and holds.

        Args:
            error: How it failed.
        """
        self.causes["store"] = (Cause(code="store_failed", source="store", detail=str(error)),)

    def view(self, limits: PointLimits) -> View:
        """Give the guard what it may look at.

        Args:
            limits: The point's limits.

        Returns:
            The view of now.
        """
        now = self.clock()
        drops = {trip.point_id: self.memory.held(trip.point_id) for trip in limits.drops}
        return View(
            now=now,
            mode=self.state.mode.value,
            permit=permit(self.state, self.rules),
            commissioned=limits.point_id in self.passed,
            held=self.memory.held(limits.readback_point_id),
            last_write=self.last_writes.get(limits.point_id),
            readings=self.readings,
            pressures=drops,
        )

    def look(self) -> None:
        """Take the newest readings and the commissioned points in."""
        now = self.clock()
        polled = self.plant.latest(self.tables.read_ids, now)
        with self.lock:
            readings = self.sense.judged(polled, now)
            self.readings = readings
            self.memory.remember(readings)

    def refresh_commissions(self) -> None:
        """Read which points a person has compared, and which levers a test, as they are today.

        Raises:
            StoreError: The store failed.
        """
        with self.database.reading() as connection:
            found = commissioned(connection)
            tests = latest_identifications(connection)
        prints = self.tables.fingerprints
        self.passed = frozenset(name for name, one in found.items() if prints.get(name) == one)
        self.identified = frozenset(
            name
            for name, one in tests.items()
            if one.passed and prints.get(name) == one.fingerprint
        )


def build_core(
    site: Site,
    database: Database,
    journal: Journal,
    own_field: EngineField,
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Core:
    """Put the engine's shared part together, in INIT.

    Args:
        site: The site's snapshot.
        database: The store.
        journal: The journal under this engine's fence.
        own_field: The field, started.
        clock: Gives the present, tz-aware UTC.
        sleep: Waits for a number of seconds.

    Returns:
        The core.

    Raises:
        StoreError: The store failed.
    """
    tables = tables_of(site)
    pressures = {trip.point_id for one in tables.limits.values() for trip in one.drops}
    memory = Memory([*tables.readback_ids, *pressures])
    _recall(memory, database, tables, clock())
    core = Core(
        tables=tables,
        started_at=clock(),
        database=database,
        journal=journal,
        plant=own_field,
        path=WritePath(
            journal=journal,
            field=own_field,
            points=write_points(site),
            clock=clock,
            sleep=sleep,
        ),
        rules=Rules(fallback_writes=site.fallback.writes),
        clock=clock,
        state=starting(clock()),
        memory=memory,
        sense=field_sense(site),
    )
    core.refresh_commissions()
    return core


def _recall(memory: Memory, database: Database, tables: SiteTables, now: datetime) -> None:
    """Fill the memory from telemetry, so that a restart does not forget the last hour."""
    with database.history() as connection:
        for point_id in tables.readback_ids:
            for reading in readings_of(connection, point_id, now - KEPT, now):
                memory.remember({point_id: reading})
