"""An engine that lives: the real core, modes, desk and safety loop, on a field that only remembers.

Run as a program it serves a console beside it, to look at: python -m tests.console.living FOLDER
"""

import pickle
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.alarms.board import Cause
from controller.cold_snap import SnapSeen
from controller.cycle import CycleOutcome, CycleRecord
from controller.engine.changing import Changer
from controller.engine.core import Core, build_core
from controller.engine.cycling import after_cycle, keep_recommendation
from controller.engine.decisions import Desk
from controller.engine.planner import PlannerWorker
from controller.engine.safety import SafetyLoop
from controller.engine.status import status_of
from controller.modes import Started
from controller.roles import Role
from controller.site import Site, load_site
from controller.store.commissions import Commission, record_commission
from controller.store.database import Database, open_database
from controller.store.identifications import Identification, record_identification
from controller.store.journal import Journal
from controller.store.lease import renew_lease, take_lease
from controller.store.present import publish
from controller.store.telemetry import record_readings
from controller.store.users import put_user
from drivers.base import Quality, Reading, Setpoint
from drivers.timekeeping import WALL_TIME
from tests.console.plant_day import PlantDay, latest

PASSWORD = "correct horse battery"
PEOPLE = {"guest": Role.VIEWER, "li": Role.OPERATOR, "wang": Role.ENGINEER, "zhao": Role.ADMIN}
EVERY_S = 0.25  # so that an answer does not keep a test waiting
LEASE = timedelta(seconds=60)


@dataclass
class RememberingField:
    """Points that hold what was last measured or written; `bad` have another quality."""

    site: Site
    values: dict[str, float]
    bad: dict[str, Quality] = field(default_factory=dict)

    def start(self) -> None:
        return

    def stop(self) -> None:
        return

    def failures(self) -> Mapping[str, int]:
        return {one.device_id: 0 for one in self.site.devices}

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        return self.latest(point_ids, datetime.now(UTC))

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        found = {}
        for name in point_ids:
            quality = self.bad.get(name, Quality.GOOD if name in self.values else Quality.MISSING)
            value = None if quality is Quality.MISSING else self.values[name]
            found[name] = Reading(
                point_id=name, value=value, time=datetime.now(UTC), quality=quality
            )
        return found

    def write(self, setpoint: Setpoint) -> None:
        for point in self.site.points:
            if point.point_id == setpoint.point_id and point.readback_point_id:
                self.values[point.readback_point_id] = round(setpoint.value, 1)


@dataclass
class Living:
    """The engine, its thread, and ways to disturb it."""

    core: Core
    desk: Desk
    safety: SafetyLoop
    fence: int
    plant: RememberingField
    stuck: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ending.is_set():
            if not self.stuck.is_set():
                self.one_pass()
            self.ending.wait(EVERY_S)

    def one_pass(self) -> None:
        self.desk.answer_all()
        self.safety.one_pass()
        with self.core.database.writing() as connection:
            renew_lease(connection, self.fence, self.core.clock(), LEASE)
            publish(connection, "engine", status_of(self.core), self.core.clock())


def filled_store(folder: Path, day: PlantDay) -> Database:
    """A store with people and two days of readings."""
    database = open_database(day.site.store_url, folder)
    with database.writing() as connection:
        for name, role in PEOPLE.items():
            put_user(connection, name, role, PASSWORD, day.now)
    with database.recording() as connection:
        record_readings(connection, day.readings)
    return database


def living(folder: Path, day: PlantDay, database: Database) -> Living:
    """Build an engine in ADVISORY with a recommendation, in a cold snap, with two alarms."""
    site = load_site(folder)
    values = {
        name: one.value for name, one in latest(day.readings).items() if one.value is not None
    }
    own = RememberingField(site, values)
    now = datetime.now(UTC)
    with database.writing() as connection:
        fence = take_lease(connection, "engine", now, LEASE)
    core = build_core(
        site,
        database,
        Journal(database, fence),
        own,
        clock=lambda: datetime.now(UTC),
        sleep=lambda seconds: None,
    )
    with database.writing() as connection:
        for name, fingerprint in core.tables.fingerprints.items():
            record_commission(
                connection,
                Commission(
                    at=now,
                    point_id=name,
                    fingerprint=fingerprint,
                    actor="wang",
                    value=1.0,
                    panel_value=1.0,
                    passed=True,
                ),
            )
            record_identification(
                connection,
                Identification(
                    at=now,
                    point_id=name,
                    fingerprint=fingerprint,
                    actor="wang",
                    passed=True,
                    body={},
                ),
            )
    core.refresh_commissions()
    safety = SafetyLoop(core, WALL_TIME.monotonic_s)
    changer = Changer(core, PlannerWorker(120.0), WALL_TIME)
    desk = Desk(core=core, approved=safety.follow_soon, reload=lambda: "", changer=changer)
    core.happen(Started(now=now))
    safety.one_pass()
    keep_recommendation(core, day.advice)
    for ago in (2, 1):
        after_cycle(core, _cycle(day, ago))
    core.causes["scene"] = (
        Cause(code="point_bad", source="B571.indoor", detail="stuck at 19.2"),
        Cause(code="limit_near", source="P1.makeup_flow", detail="2.82, limit 3"),
    )
    made = Living(core=core, desk=desk, safety=safety, fence=fence, plant=own)
    made.one_pass()
    return made


def _cycle(day: PlantDay, ago: int) -> CycleRecord:
    return CycleRecord(
        at=day.now - timedelta(minutes=ago),
        outcome=CycleOutcome.RECOMMENDED,
        reason="",
        snap=SnapSeen(begins=day.now + timedelta(hours=8), coldest_c=-12.6, share=1.0, why="drop"),
        recommendation=day.advice,
        basis=day.basis,
        took_s=12.0,
        planning_s=11.0,
    )


@contextmanager
def running(own: Living) -> Iterator[Living]:
    """Let the engine live in a thread."""
    thread = threading.Thread(target=own.run, daemon=True)
    thread.start()
    try:
        yield own
    finally:
        own.ending.set()
        thread.join()


def main() -> int:
    """Serve a console on a living engine until interrupted; FOLDER is kept."""
    import uvicorn

    from controller.console.application import build_app
    from controller.console.settings import Console

    folder = Path(sys.argv[1])
    day: PlantDay = pickle.loads((folder / "day.pickle").read_bytes())
    database = filled_store(folder, day)
    own = living(folder, day, database)
    console = Console(
        site=own.core.tables.site, database=database, clock=lambda: datetime.now(UTC), demo=True
    )
    with running(own):
        uvicorn.run(
            build_app(console), port=int(sys.argv[2]), log_level="warning",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
