"""The write path against a device on a pseudo-terminal that misbehaves in every way."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.actuate import Order, Outcome, WritePath
from controller.guard_limits import guard_limits
from controller.site import load_site
from controller.store.database import Database
from controller.store.errors import IntentOpen, LeaseLost, StoreUnavailable
from controller.store.journal import Intent, Journal, Stage
from controller.store.lease import take_lease
from controller.write_points import fingerprints, write_points
from drivers.bus import Field
from tests.drivers.wire import Fault, Registers, Slave, framed, slave_on_pty
from tests.site.sound import SOUND, write_site
from tests.supervisor.plant_on_wire import (
    LEASE_LASTS,
    REGISTER,
    SETPOINT,
    engine_store,
    field_at,
    order,
    stages,
    write_path,
)

WRITES = (6, 16)


@dataclass
class Rig:
    slave: Slave
    registers: Registers
    field: Field
    database: Database
    journal: Journal
    path: WritePath

    def writes(self) -> list[int]:
        """The values of every write frame that was on the wire."""
        return [written(frame) for frame in self.slave.heard if frame[1] in WRITES]

    def held(self) -> float:
        return self.registers.holding[REGISTER] / 10


def written(frame: bytes) -> int:
    at = 4 if frame[1] == 6 else 7
    return int(struct.unpack(">H", frame[at : at + 2])[0])


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    registers = Registers()
    registers.holding[REGISTER] = 900
    database, journal = engine_store(tmp_path)
    with slave_on_pty({1: registers}) as (port, slave), field_at(port) as field:
        path = write_path(journal, field)
        yield Rig(slave, registers, field, database, journal, path)
    database.close()


def on_writes(*faults: Fault | None) -> Fault:
    """Misbehave on write requests only, once each; reads are answered rightly."""
    left = list(faults)

    def fault(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        chosen = left.pop(0) if request[1] in WRITES and left else None
        return [(0.0, reply)] if chosen is None else chosen(request, reply)

    return fault


def silent(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
    return []


def late(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
    return [(0.15, reply)]


def garbled(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, reply[:-1] + bytes([reply[-1] ^ 1]))]


def refusing(code: int) -> Fault:
    def fault(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, framed(bytes([request[0], request[1] | 0x80, code])))]

    return fault


def test_a_write_is_confirmed(rig: Rig) -> None:
    outcome = rig.path.carry_out(order(91.0, 90.0))
    assert outcome == Outcome(
        point_id=SETPOINT, value=91.0, stage=Stage.CONFIRMED, readback=91.0, detail=""
    )
    assert rig.writes() == [910]
    assert stages(rig.journal) == [Stage.INTENT, Stage.CONFIRMED]
    assert rig.journal.open_intents() == ()


# What the device does with a write, and what must be known afterwards: the outcome, what it holds.
FAULTS: list[tuple[str, Fault, Stage, float]] = [
    ("does it, the answer is lost", silent, Stage.CONFIRMED, 91.0),
    ("does it, the answer is late", late, Stage.CONFIRMED, 91.0),
    ("does it, the answer is garbled", garbled, Stage.CONFIRMED, 91.0),
    ("does it, but says it is still working", refusing(5), Stage.CONFIRMED, 91.0),
]


@pytest.mark.parametrize(("name", "fault", "stage", "held"), FAULTS)
def test_a_lost_answer_is_resolved_by_readback(
    rig: Rig, name: str, fault: Fault, stage: Stage, held: float
) -> None:
    rig.slave.always = on_writes(fault)
    outcome = rig.path.carry_out(order(91.0, 90.0))
    assert (outcome.stage, outcome.readback, rig.held()) == (stage, held, held), name
    assert rig.writes() == [910]
    assert outcome.detail


def undoing(rig: Rig, value: int, reply: Fault | None) -> Fault:
    """Let the device end up holding something else than it was told."""

    def fault(request: bytes, answer: bytes) -> list[tuple[float, bytes]]:
        rig.registers.holding[REGISTER] = value
        return [(0.0, answer)] if reply is None else reply(request, answer)

    return fault


@pytest.mark.parametrize(
    ("name", "ends_up", "reply", "stage"),
    [
        ("says yes and does not do it", 900, None, Stage.NOT_WRITTEN),
        ("says nothing and does not do it", 900, silent, Stage.NOT_WRITTEN),
        ("refuses", 900, refusing(2), Stage.NOT_WRITTEN),
        ("says yes and does something else", 700, None, Stage.FOREIGN),
        ("says nothing and does something else", 700, silent, Stage.FOREIGN),
        ("takes it one step off", 911, None, Stage.FOREIGN),
    ],
)
def test_what_was_not_done_is_never_confirmed(
    rig: Rig, name: str, ends_up: int, reply: Fault | None, stage: Stage
) -> None:
    rig.slave.always = on_writes(undoing(rig, ends_up, reply))
    outcome = rig.path.carry_out(order(91.0, 90.0))
    assert outcome.stage is stage, name
    assert not outcome.done
    assert rig.writes() == [910]
    assert rig.journal.open_intents() == ()


def test_a_device_that_falls_silent_leaves_an_unknown_that_blocks_the_point(rig: Rig) -> None:
    rig.slave.always = dying_after_write()
    outcome = rig.path.carry_out(order(91.0, 90.0))
    assert (outcome.stage, outcome.readback) == (Stage.UNKNOWN, None)
    assert len(rig.journal.open_intents()) == 1
    with pytest.raises(IntentOpen):
        rig.path.carry_out(order(90.5, 90.0))
    assert rig.path.resolve_open()[0].stage is Stage.UNKNOWN
    assert stages(rig.journal) == [Stage.INTENT, Stage.UNKNOWN]
    rig.slave.always = None
    resolved = wait_for(rig.path.resolve_open)
    assert (resolved.stage, resolved.readback) == (Stage.CONFIRMED, 91.0)
    assert rig.writes() == [910]
    assert rig.path.carry_out(order(90.5, 91.0)).done


def dying_after_write() -> Fault:
    dead = []

    def fault(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        if request[1] in WRITES:
            dead.append(True)
        return [] if dead else [(0.0, reply)]

    return fault


def wait_for(resolve: Callable[[], tuple[Outcome, ...]]) -> Outcome:
    """The bus asks a device that was dead ever more rarely; one of the next tries gets through."""
    for _ in range(50):
        (outcome,) = resolve()
        if outcome.stage is not Stage.UNKNOWN:
            return outcome
    raise AssertionError("still unknown")


def test_an_unplugged_port_writes_nothing_and_says_so(rig: Rig) -> None:
    rig.slave.unplug()
    outcome = rig.path.carry_out(order(91.0, 90.0))
    assert outcome.stage is Stage.NOT_WRITTEN
    assert "P1.sp.fb" in outcome.detail
    assert rig.held() == 90.0


@pytest.mark.parametrize(
    ("holds", "value", "before", "stage"),
    [
        (930, 91.0, 90.0, Stage.FOREIGN),  # somebody has changed it since
        (910, 91.0, 90.0, Stage.FOREIGN),
        (900, 90.0, 90.0, Stage.CONFIRMED),  # holds it already
    ],
)
def test_the_pre_read_decides_before_anything_leaves(
    rig: Rig, holds: int, value: float, before: float, stage: Stage
) -> None:
    rig.registers.holding[REGISTER] = holds
    assert rig.path.carry_out(order(value, before)).stage is stage
    assert rig.writes() == []
    assert rig.journal.open_intents() == ()


@pytest.mark.parametrize(
    "bad",
    [
        order(64.9, 65.5),
        order(110.1, 109.0),
        order(91.6, 90.0),
        order(88.4, 90.0),
        order(float("nan"), 90.0),
        order(91.0, float("nan")),
        order(float("inf"), 90.0),
        replace(order(91.0, 90.0), point_id="other"),
    ],
)
def test_the_independent_check_lets_no_mistake_of_the_guard_through(rig: Rig, bad: Order) -> None:
    assert rig.path.carry_out(bad).stage is Stage.NOT_WRITTEN
    assert rig.writes() == []
    assert stages(rig.journal) == []


@pytest.mark.parametrize("edge", [order(65.0, 66.5), order(110.0, 108.5), order(91.5, 90.0)])
def test_the_independent_check_lets_the_edges_through(rig: Rig, edge: Order) -> None:
    rig.registers.holding[REGISTER] = round(edge.before * 10)
    assert rig.path.carry_out(edge).done


# The journal fails


def test_without_a_durable_intent_nothing_is_written(rig: Rig) -> None:
    with rig.database.writing() as connection:
        take_lease(connection, "another", datetime.now(UTC) + 9 * LEASE_LASTS, LEASE_LASTS)
    with pytest.raises(LeaseLost):
        rig.path.carry_out(order(91.0, 90.0))
    assert rig.writes() == []


class FailingJournal(Journal):
    """The real journal on a database that fails when an outcome is to be kept."""

    def settle(
        self, intent: Intent, stage: Stage, readback: float | None, detail: str, now: datetime
    ) -> None:
        raise StoreUnavailable("the disk is full")


def test_an_outcome_that_can_not_be_kept_is_found_again(rig: Rig) -> None:
    failing = FailingJournal(rig.database, rig.journal._fence)
    with pytest.raises(StoreUnavailable):
        write_path(failing, rig.field).carry_out(order(91.0, 90.0))
    assert len(rig.journal.open_intents()) == 1
    (outcome,) = rig.path.resolve_open()
    assert outcome.stage is Stage.CONFIRMED
    assert rig.writes() == [910]


def test_a_point_that_the_site_has_no_more_stays_open(rig: Rig) -> None:
    rig.journal.intend(
        Intent(
            intent_id="i",
            point_id="gone",
            value=1.0,
            before=2.0,
            set_id=None,
            mode="auto",
            actor="",
        ),
        datetime.now(UTC),
    )
    (outcome,) = rig.path.resolve_open()
    assert outcome.stage is Stage.UNKNOWN
    assert len(rig.journal.open_intents()) == 1


# From the site's tables


def test_points_come_from_the_site(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path))
    points = write_points(site)
    assert set(points) == set(guard_limits(site)) == {"P1.sp", "S1.off"}
    assert points["P1.sp"].largest_step == 1.5
    assert 0.05 < points["P1.sp"].tolerance < 0.051
    assert points["P1.sp"].quiet_s == 0.5


CHANGES: list[tuple[str, str, str]] = [
    ("points.csv", "P1.sp,plc1,supply_temp_setpoint", "P1.sp,plc2,supply_temp_setpoint"),
    ("points.csv", "write,65,110,6,P1.sp.fb", "write,65,111,6,P1.sp.fb"),
    ("points.csv", "P1.sp.fb,plc1,supply", "P1.sp.fb,plc2,supply"),
    ("site.toml", 'address = "1"\nprofile = "plc"', 'address = "3"\nprofile = "plc"'),
    ("site.toml", "/dev/ttyUSB0", "/dev/ttyUSB7"),
    ("site.toml", "baudrate = 19200", "baudrate = 9600"),
    ("devices/plc.toml", "register = 10\n", "register = 12\n"),
    ("devices/plc.toml", "scale = 0.1", "scale = 0.01"),
    ("devices/plc.toml", 'type = "int16"', 'type = "uint16"'),
]


@pytest.mark.parametrize(("file", "old", "new"), CHANGES)
def test_any_change_of_what_a_point_means_changes_its_fingerprint(
    file: str, old: str, new: str, tmp_path: Path
) -> None:
    assert old in SOUND[file]
    before = fingerprints(load_site(write_site(tmp_path / "a")))
    changed = {**SOUND, file: SOUND[file].replace(old, new)}
    after = fingerprints(load_site(write_site(tmp_path / "b", changed)))
    assert before["P1.sp"] != after["P1.sp"]


def test_the_same_site_has_the_same_fingerprints(tmp_path: Path) -> None:
    one = load_site(write_site(tmp_path / "a"))
    assert fingerprints(one) == fingerprints(load_site(write_site(tmp_path / "a")))
    assert set(fingerprints(one)) == {"P1.sp", "S1.off", "P1.beat"}
