"""Ten planted commissioning errors, each confirmed by its own readback: the panel tells."""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controller.commissioning import CannotCommissionError, Compared, Ready, commission_point
from controller.engine.core import SiteField, build_core
from controller.guard import Authority, Permit, Ruling, Verdict, guard
from controller.guard_limits import guard_limits
from controller.site import load_site
from controller.store.audit import verify_audit
from controller.store.commissions import commissioned
from controller.store.database import Database, open_database
from controller.store.journal import Journal
from controller.store.lease import take_lease
from controller.write_points import fingerprints
from drivers.base import PortBusy
from drivers.lock import site_lock
from tests.drivers.wire import Registers, slave_on_pty
from tests.site.sound import write_site
from tests.supervisor.running_site import OFFSET, OUTLET, SETPOINT, files, signed

Panel = Callable[[Registers, Registers], float]


def int16(raw: int) -> float:
    return float(struct.unpack(">h", struct.pack(">H", raw))[0])


def setpoint_on_panel(plc: Registers, other: Registers) -> float:
    return int16(plc.holding[SETPOINT]) / 10


@dataclass(frozen=True)
class Planted:
    """What is wrong with the site's files, what the registers hold, and what the panel shows."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    registers: tuple[tuple[int, int], ...]
    panel: Panel
    point: str = "P1.sp"


PLC, STATION, SITE, POINTS = (
    "devices/plc.toml", "devices/station.toml", "site.toml", "points.csv"
)  # fmt: skip
IN_SETPOINT = '[tags.supply_temp_setpoint]\nregister = 10\ntable = "holding"\ntype = "int16"'
SCALED = 'scale = 0.1\nunit = "degC"\nmin = 40\nmax = 130'
WORDS = struct.unpack(">HH", struct.pack(">f", 90.0))
PLANTED = [
    Planted(
        "scale ten times too small",
        ((PLC, SCALED, SCALED.replace("0.1", "0.01")),),
        ((SETPOINT, 900),),
        setpoint_on_panel,
    ),
    Planted(
        "scale twice too large",
        ((PLC, SCALED, SCALED.replace("0.1", "0.2")),),
        ((SETPOINT, 450),),
        setpoint_on_panel,
    ),
    Planted("another register", ((PLC, "register = 10\n", "register = 12\n"),),
            ((SETPOINT, 900), (12, 900)), setpoint_on_panel),
    Planted(
        "degrees Fahrenheit",
        ((PLC, "unit = \"degC\"\nmin = 40\nmax = 130", "unit = \"degF\"\nmin = 100\nmax = 270"),),
        ((SETPOINT, 1940),),
        setpoint_on_panel,
    ),
    Planted("an offset left out", (), ((SETPOINT, 900),),
            lambda plc, other: setpoint_on_panel(plc, other) - 40.0),
    Planted(
        "word order",
        ((PLC, IN_SETPOINT, IN_SETPOINT.replace("int16", "float32") + "\nword_order = \"little\""),
         (PLC, "scale = 0.1\nunit = \"degC\"\nmin = 40", "scale = 1\nunit = \"degC\"\nmin = 40"),
         (PLC, "register = 11\n", "register = 15\n")),
        ((SETPOINT, WORDS[1]), (SETPOINT + 1, WORDS[0])),
        lambda plc, other: float(struct.unpack(
            ">f", struct.pack(">HH", *plc.holding[SETPOINT : SETPOINT + 2]))[0]),
    ),
    Planted(
        "byte order",
        ((PLC, IN_SETPOINT, IN_SETPOINT + "\nbyte_order = \"little\""),),
        ((SETPOINT, int.from_bytes((900).to_bytes(2, "big"), "little")),),
        setpoint_on_panel,
    ),
    Planted(
        "swapped devices",
        ((SITE, 'address = "1"\nprofile = "plc"', 'address = "2"\nprofile = "plc"'),),
        ((SETPOINT, 900),),
        setpoint_on_panel,
    ),
    Planted(
        "readback of another register",
        ((POINTS, "P1.sp.fb,plc1,supply_temp_setpoint", "P1.sp.fb,plc1,supply_temp"),),
        ((SETPOINT, 900),),
        setpoint_on_panel,
    ),
    Planted("sign", (), ((OFFSET, 0),),
            lambda plc, station: -int16(station.holding[OFFSET]) / 10, "S1.off"),
]  # fmt: skip


@dataclass
class Rig:
    folder: Path
    database: Database
    plc: Registers
    other: Registers
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def commission(self, point: str, panel: Panel) -> Compared:
        def shown(_ready: Ready) -> float:
            return panel(self.plc, self.other)

        return commission_point(
            load_site(self.folder), self.database, point, "wang",
            panel=shown, clock=self.now, sleep=time.sleep,
        )  # fmt: skip

    def unlocked(self) -> set[str]:
        prints = fingerprints(load_site(self.folder))
        with self.database.reading() as connection:
            found = commissioned(connection)
        return {name for name, one in found.items() if prints[name] == one}


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("HEATWARDEN_LOCK_DIR", str(tmp_path))
    units = {1: Registers(), 2: Registers(), 3: Registers()}
    for one in (1, 2):
        units[one].holding[SETPOINT] = 900
        units[one].input[OUTLET] = 900
    units[3].holding[OFFSET] = 0
    with slave_on_pty(units) as (port, _slave):
        folder = write_site(tmp_path / "site", files(port, lambda hour: -5.0, False))
        database = open_database("sqlite:///heatwarden.db", folder)
        yield Rig(folder, database, units[1], units[3])
        database.close()


def changed(rig: Rig, planted: Planted) -> None:
    for name, old, new in planted.changes:
        path = rig.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{planted.name}: {old}"
        path.write_text(text.replace(old, new), encoding="utf-8")
    device = rig.other if planted.point == "S1.off" else rig.plc
    for register, raw in planted.registers:
        device.holding[register] = raw


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
def test_no_planted_error_reaches_a_normal_write(rig: Rig, planted: Planted) -> None:
    changed(rig, planted)
    try:
        done = rig.commission(planted.point, planted.panel)
    except CannotCommissionError:
        pass
    else:
        assert not done.passed, done.detail
    assert rig.unlocked() == set()
    verdict = guarded(rig, planted.point)
    assert verdict.ruling is Ruling.REFUSED
    assert any("locked" in reason for reason in verdict.reasons)


def guarded(rig: Rig, point: str) -> Verdict:
    """What an engine's guard on this site says to a step of the point that somebody approved."""
    site = load_site(rig.folder)
    now = rig.now()
    with rig.database.writing() as connection:
        fence = take_lease(connection, "engine", now, timedelta(minutes=1))
    core = build_core(
        site,
        rig.database,
        Journal(rig.database, fence),
        SiteField(site),
        clock=rig.now,
        sleep=time.sleep,
    )
    limits = core.tables.limits[point]
    permit = Permit(
        authority=Authority.APPROVED, point_ids=frozenset({point}), until=now + timedelta(hours=1)
    )
    return guard(limits, 89.0, replace(core.view(limits), permit=permit, mode="advisory"))


def test_what_agrees_is_unlocked_and_set_back(rig: Rig) -> None:
    done = rig.commission("P1.sp", setpoint_on_panel)
    assert done.passed, done.detail
    assert rig.unlocked() == {"P1.sp"}
    assert rig.plc.holding[SETPOINT] == signed(90.0)
    rig.commission("S1.off", lambda plc, station: int16(station.holding[OFFSET]) / 10)
    rig.commission("P1.beat", lambda plc, station: float(plc.holding[11]))
    assert rig.unlocked() == {"P1.sp", "S1.off", "P1.beat"}
    with rig.database.reading() as connection:
        assert verify_audit(connection).records == 3


def test_try_after_try_a_point_does_not_walk_away(rig: Rig) -> None:
    for _ in range(5):
        assert not rig.commission("P1.sp", lambda plc, other: 11.0).passed
        assert abs(int16(rig.plc.holding[SETPOINT]) / 10 - 90.0) <= 2.0


def test_a_step_beyond_the_ramp_of_the_hour_is_refused(rig: Rig) -> None:
    down_per_h = guard_limits(load_site(rig.folder))["P1.sp"].down_per_h
    rig.commission("P1.sp", lambda plc, other: 11.0)
    # Somebody moves it on at the panel, as far as the ramp allows in all.
    rig.plc.holding[SETPOINT] = signed(90.0 - down_per_h)
    with pytest.raises(CannotCommissionError, match="within the last hour"):
        rig.commission("P1.sp", setpoint_on_panel)
    assert rig.plc.holding[SETPOINT] == signed(90.0 - down_per_h)


def test_any_change_locks_it_again(rig: Rig) -> None:
    rig.commission("P1.sp", setpoint_on_panel)
    path = rig.folder / "devices/plc.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# a note\n", encoding="utf-8")
    assert rig.unlocked() == set()


def test_a_later_disagreement_locks_it_again(rig: Rig) -> None:
    rig.commission("P1.sp", setpoint_on_panel)
    assert not rig.commission("P1.sp", lambda plc, other: float("nan")).passed
    assert rig.unlocked() == set()


def test_an_unknown_point_and_a_running_engine_are_refused(rig: Rig) -> None:
    with pytest.raises(CannotCommissionError, match=r"P1\.sp"):
        rig.commission("P1.t", setpoint_on_panel)
    with site_lock(rig.folder), pytest.raises(PortBusy):
        rig.commission("P1.sp", setpoint_on_panel)
