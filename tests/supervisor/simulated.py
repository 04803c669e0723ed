"""An engine's core on a simulated field and clock, so that days pass in a moment."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from controller.engine.core import Core, build_core
from controller.engine.safety import SafetyLoop
from controller.modes import CycleDone, Started
from controller.site import load_site
from controller.store.commissions import Commission, record_commission
from controller.store.database import Database, open_database
from controller.store.journal import Journal
from controller.store.lease import take_lease
from drivers.base import Quality, Reading, Setpoint
from drivers.timekeeping import WallTime
from tests.site.sound import write_site
from tests.supervisor.conftest import NOW
from tests.supervisor.running_site import files

OUTLET_BELOW_K = 1.0
BACK = {"P1.sp": "P1.sp.fb", "S1.off": "S1.off.fb"}


@dataclass
class SimulatedField:
    """Points that hold numbers; `bad` have another quality, `frozen` keeps old times.

    The plant's outlet follows its setpoint at once, a little below it, while `plant_follows`.
    """

    now: "Time"
    values: dict[str, float]
    bad: dict[str, Quality] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, datetime] = field(default_factory=dict)
    plant_follows: bool = True
    written: list[tuple[datetime, Setpoint]] = field(default_factory=list)

    def start(self) -> None:
        return

    def stop(self) -> None:
        return

    def failures(self) -> Mapping[str, int]:
        return {"plc1": 0, "st1": 0, **self.failing}

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        return self.latest(point_ids, self.now.wall())

    def latest(self, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        return {name: self._reading(name) for name in point_ids}

    def _reading(self, name: str) -> Reading:
        quality = self.bad.get(name, Quality.GOOD)
        value = None if quality is Quality.MISSING else self.values[name]
        at = self.frozen.get(name, self.now.wall())
        return Reading(point_id=name, value=value, time=at, quality=quality)

    def write(self, setpoint: Setpoint) -> None:
        if setpoint.point_id in BACK:
            self.written.append((self.now.wall(), setpoint))
            self.values[BACK[setpoint.point_id]] = round(setpoint.value, 1)
            if setpoint.point_id == "P1.sp" and self.plant_follows:
                self.values["P1.t"] = round(setpoint.value, 1) - OUTLET_BELOW_K


@dataclass
class Time(WallTime):
    """A wall clock that can be set, and a monotonic one that can not."""

    wall_at: datetime = NOW
    monotonic: float = 1000.0

    def wall(self) -> datetime:
        return self.wall_at

    def monotonic_s(self) -> float:
        return self.monotonic

    def pass_by(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall_at += timedelta(seconds=seconds)


@dataclass
class Simulated:
    time: Time
    field: SimulatedField
    database: Database
    core: Core
    safety: SafetyLoop

    def run(self, seconds: float, every_s: float = 5.0) -> None:
        """Let the safety loop go on for some time."""
        done = 0.0
        while done < seconds:
            self.time.pass_by(every_s)
            done += every_s
            self.safety.one_pass()

    def cycles(self, count: int, *, good: bool = True, snap: bool = False) -> None:
        for _ in range(count):
            self.core.happen(
                CycleDone(now=self.time.wall(), good=good, reason="bad", cold_snap=snap,
                          remote=True, point_ids=frozenset(BACK))
            )  # fmt: skip

    def setpoints(self) -> list[tuple[datetime, Setpoint]]:
        return self.field.written

    def alarms(self) -> set[str]:
        return {alarm.alarm_id for alarm in self.core.board.listed() if alarm.active}


def simulated(
    folder: Path,
    *,
    writes: bool = False,
    more_points: int = 0,
    rows: Sequence[str] = (),
    devices: str = "",
    values: Mapping[str, float] | None = None,
    store_url: str = "sqlite:///heatwarden.db",
) -> Simulated:
    """An engine in ADVISORY that has watched unmoving points for an hour.

    `rows` of points.csv, `devices` of site.toml and what their `values` are can be added.
    """
    tables = files("/dev/null", lambda hour: -5.0, writes, NOW)
    more = [
        f"B1.t{i},st1,indoor_temp,building:B1,indoor_temp_c,read,,,,,3" for i in range(more_points)
    ]
    tables["points.csv"] = "\n".join([tables["points.csv"].rstrip(), *more, *rows]) + "\n"
    tables["site.toml"] += devices
    site = load_site(write_site(folder, tables))
    # The forecast was issued when the file was written.
    os.utime(folder / "weather.csv", (NOW.timestamp(), NOW.timestamp()))
    database = open_database(store_url, folder)
    time = Time()
    held = {"P1.sp.fb": 90.0, "P1.t": 90.0, "S1.off.fb": 0.0, "B1.t": 19.5, "out": -5.0}
    held |= {f"B1.t{i}": 19.5 for i in range(more_points)} | dict(values or {})
    own_field = SimulatedField(time, held)
    with database.writing() as connection:
        fence = take_lease(connection, "engine", NOW, timedelta(days=1000))
    core = build_core(
        site, database, Journal(database, fence), own_field,
        clock=time.wall, sleep=lambda _seconds: None,
    )  # fmt: skip
    with database.writing() as connection:
        for name, fingerprint in core.tables.fingerprints.items():
            record_commission(connection, Commission(
                at=NOW, point_id=name, fingerprint=fingerprint, actor="wang",
                value=1.0, panel_value=1.0, passed=True,
            ))  # fmt: skip
    core.refresh_commissions()
    safety = SafetyLoop(core, time.monotonic_s)
    own = Simulated(time, own_field, database, core, safety)
    core.happen(Started(now=time.wall()))
    own.run(4000, every_s=60.0)
    own.cycles(2)
    return own
