"""The owner of a bus: order of work, block reads, back-off, trust, and ends of all kinds."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drivers.base import (
    BadRequest,
    DeviceRefused,
    GarbledReply,
    NoReply,
    PortLost,
    Quality,
    Setpoint,
    UnknownOutcome,
)
from drivers.bus import Bus, Field
from drivers.fake import FakeLink
from drivers.link import FieldDevice
from drivers.modbus.link import ModbusLink
from drivers.modbus.rtu import RtuMaster
from drivers.points import FieldPoint
from drivers.profiles import load_profile
from drivers.timekeeping import WallTime
from tests.drivers.test_profiles import BUILT_IN
from tests.drivers.wire import Registers, framed, slave_on_pty

START = datetime(2026, 1, 4, 8, 0, tzinfo=UTC)


class Clock(WallTime):
    """A clock that moves only when a device is talked to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s - 1000.0)


def plant(device_id: str = "plc", address: str = "1") -> FieldDevice:
    return FieldDevice(
        device_id=device_id, address=address, profile=load_profile(BUILT_IN / "plant-plc.toml")
    )


def points(device_id: str = "plc", prefix: str = "") -> list[FieldPoint]:
    def point(
        name: str, tag: str, quantity: str, low: float | None, high: float | None
    ) -> FieldPoint:
        return FieldPoint(
            point_id=prefix + name, device_id=device_id, tag=tag, quantity=quantity,
            writable=low is not None, min_value=low, max_value=high, stale_after_s=15.0,
        )  # fmt: skip

    return [
        point("supply", "supply_temp", "supply_temp_c", None, None),
        point("pressure", "supply_pressure", "supply_pressure_bar", None, None),
        point("setpoint", "supply_temp_setpoint", "supply_temp_c", 65.0, 110.0),
        point("feedback", "supply_temp_setpoint", "supply_temp_setpoint_c", None, None),
    ]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def link(clock: Clock) -> FakeLink:
    def took(device: FieldDevice, answered: bool) -> None:
        clock.now_s += 0.02 if answered else 0.6

    fake = FakeLink(took)
    fake.memory["plc"] = {
        "supply_temp": 905.0, "supply_pressure": 612.0, "supply_temp_setpoint": 900.0
    }  # fmt: skip
    return fake


@pytest.fixture
def bus(link: FakeLink, clock: Clock) -> Iterator[Bus]:
    found = Bus("plant", link, [plant()], points(), timekeeper=clock)
    found.start()
    yield found
    found.stop()


def test_read_twice_and_converted(bus: Bus) -> None:
    readings = bus.read(["supply", "pressure"])
    assert {name: (r.value, r.quality) for name, r in readings.items()} == {
        "supply": (90.5, Quality.GOOD),
        "pressure": (6.12, Quality.GOOD),
    }


def test_written_once_and_read_back(bus: Bus, link: FakeLink) -> None:
    bus.write(Setpoint(point_id="setpoint", value=96.5))
    assert link.writes == [("plc", "supply_temp_setpoint", 965)]
    assert bus.read(["feedback"])["feedback"].value == 96.5


@pytest.mark.parametrize(
    ("point_id", "value"),
    [("setpoint", 110.1), ("setpoint", 64.9), ("supply", 90.0), ("nothing", 1.0)],
)
def test_writes_that_must_not_be(bus: Bus, link: FakeLink, point_id: str, value: float) -> None:
    with pytest.raises(BadRequest):
        bus.write(Setpoint(point_id=point_id, value=value))
    assert link.writes == []


@pytest.mark.parametrize(
    "error", [UnknownOutcome("?"), DeviceRefused(2), PortLost("gone"), NoReply("silent")]
)
def test_a_failed_write_is_not_repeated(bus: Bus, link: FakeLink, error: Exception) -> None:
    link.errors["plc"] = [error]  # type: ignore[list-item]
    with pytest.raises(type(error)):
        bus.write(Setpoint(point_id="setpoint", value=96.5))
    assert link.writes == []


def test_a_read_on_demand_is_repeated_once(bus: Bus, link: FakeLink) -> None:
    link.errors["plc"] = [GarbledReply("noise")]
    assert bus.read(["supply"])["supply"].quality is Quality.GOOD


def test_a_device_that_does_not_answer_gives_missing_readings(bus: Bus, link: FakeLink) -> None:
    link.dead.add("plc")
    reading = bus.read(["supply"])["supply"]
    assert (reading.value, reading.quality) == (None, Quality.MISSING)
    assert "does not answer" in reading.detail


def test_a_stopped_bus_refuses(link: FakeLink) -> None:
    bus = Bus("plant", link, [plant()], points())
    with pytest.raises(PortLost):
        bus.read(["supply"])
    bus.start()
    bus.stop()
    with pytest.raises(PortLost):
        bus.write(Setpoint(point_id="setpoint", value=90.0))
    assert not link.is_open


def test_points_that_do_not_fit_are_refused_at_once(link: FakeLink) -> None:
    with pytest.raises(BadRequest, match="no tag"):
        Bus("b", link, [plant()], [_changed(points()[0], tag="none")])
    with pytest.raises(BadRequest, match="no device"):
        Bus("b", link, [plant()], points("other"))
    with pytest.raises(BadRequest, match="pressure"):
        Bus("b", link, [plant()], [_changed(points()[0], quantity="supply_pressure_bar")])


def _changed(point: FieldPoint, **changes: str) -> FieldPoint:
    values = {name: getattr(point, name) for name in FieldPoint.__slots__}
    return FieldPoint(**(values | changes))


def test_writes_come_before_reads_and_those_before_polls(clock: Clock) -> None:
    order: list[str] = []
    busy, go_on = threading.Event(), threading.Event()

    class Watched(FakeLink):
        def read(self, device: FieldDevice, tags: object) -> dict[str, float]:
            busy.set()
            go_on.wait(5)
            order.append(threading.current_thread().name.replace("bus ", "") + " read")
            return {}

        def write(self, device: FieldDevice, tag: object, value: float) -> None:
            order.append("write")

    bus = Bus("b", Watched(), [plant()], points(), timekeeper=clock)
    bus.start()
    busy.wait(5)  # the first poll is under way
    reader = threading.Thread(target=bus.read, args=(["supply"],))
    reader.start()
    while not bus._jobs:
        pass
    writer = threading.Thread(target=bus.write, args=(Setpoint(point_id="setpoint", value=90.0),))
    writer.start()
    while len(bus._jobs) < 2:
        pass
    go_on.set()
    reader.join()
    writer.join()
    bus.stop()
    assert order.index("write") <= 2  # after the poll (its two reads), before the read on demand


# Polling, step by step on a clock of the test's own.


def polled(
    link: FakeLink, clock: Clock, devices: list[FieldDevice], for_s: float
) -> tuple[Bus, dict[str, int]]:
    """Poll for a while; answers by device."""
    own = [p for d in devices for p in points(d.device_id, d.device_id + ".")]
    bus = Bus("b", link, devices, own, timekeeper=clock)
    return bus, run(bus, clock, for_s)


def fast(device_id: str) -> FieldDevice:
    device = plant(device_id)
    tags = {name: replace(tag, poll_s=0.1) for name, tag in device.profile.tags.items()}
    return replace(device, profile=replace(device.profile, tags=tags))


@pytest.mark.parametrize("for_s", [10.0, 60.0])  # the first seconds go to finding them out
def test_three_dead_of_32_cost_the_living_less_than_a_fifth(
    link: FakeLink, clock: Clock, for_s: float
) -> None:
    names = [f"d{i}" for i in range(32)]
    for name in names:
        link.memory[name] = dict(link.memory["plc"])
    _, alone = polled(link, clock, [fast(name) for name in names[3:]], for_s=for_s)
    link.dead.update(names[:3])
    _, beside = polled(link, clock, [fast(name) for name in names], for_s=for_s)
    assert sum(beside[name] for name in names[3:]) >= 0.8 * sum(alone.values()) > 0
    assert min(beside[name] for name in names[3:]) >= 0.9 * max(beside.values())  # all alike


def run(bus: Bus, clock: Clock, for_s: float) -> dict[str, int]:
    """Poll on; answers by device in that time."""
    before = {name: health.answers for name, health in bus.health().items()}
    end_s = clock.now_s + for_s
    while clock.now_s < end_s:
        if not bus.step():
            clock.now_s += 0.001
    return {name: health.answers - before[name] for name, health in bus.health().items()}


def crowd(link: FakeLink, clock: Clock, make: Callable[[str], FieldDevice]) -> Bus:
    """32 devices that have answered for ten hours."""
    names = [f"d{i}" for i in range(32)]
    for name in names:
        link.memory[name] = dict(link.memory["plc"])
    bus, _ = polled(link, clock, [make(name) for name in names], for_s=10.0)
    clock.now_s += 36000.0
    run(bus, clock, 10.0)
    return bus


def test_three_that_die_after_a_long_healthy_time_cost_no_more(
    link: FakeLink, clock: Clock
) -> None:
    bus = crowd(link, clock, fast)
    alone = run(bus, clock, 30.0)
    link.dead.update(("d4", "d5", "d20"))
    beside = run(bus, clock, 30.0)
    living = [name for name in alone if name not in link.dead]
    assert min(beside[name] / alone[name] for name in living) >= 0.8


def test_a_burst_of_noise_lets_nothing_go_stale(link: FakeLink, clock: Clock) -> None:
    bus = crowd(link, clock, plant)
    hit = [f"d{i}" for i in range(6)]
    for name in hit:
        link.errors[name] = [NoReply("noise")]
    run(bus, clock, 14.0)
    assert not any(link.errors.values())
    wanted = [f"{name}.supply" for name in hit]
    assert {r.quality for r in bus.latest(wanted, clock.now()).values()} == {Quality.GOOD}


def test_all_are_back_soon_after_a_cable_is(link: FakeLink, clock: Clock) -> None:
    bus = crowd(link, clock, plant)
    link.dead.update(bus.health())
    run(bus, clock, 600.0)
    link.dead.clear()
    answers = run(bus, clock, 65.0)
    assert min(answers.values()) >= 1


def test_one_lost_reply_beside_dead_devices_puts_nothing_off(link: FakeLink, clock: Clock) -> None:
    link.dead.update(("d1", "d2"))
    bus, _ = polled(link, clock, [plant("plc"), plant("d1"), plant("d2")], for_s=60.0)
    before = bus.health()["plc"].answers
    link.errors["plc"] = [NoReply("lost")]
    run(bus, clock, 11.0)
    assert link.errors["plc"] == []
    assert bus.health()["plc"].answers > before
    assert bus.latest(["plc.supply"], clock.now())["plc.supply"].quality is Quality.GOOD


def test_a_dead_device_is_found_again(link: FakeLink, clock: Clock) -> None:
    link.memory["d1"] = dict(link.memory["plc"])
    link.dead.add("d1")
    bus, _ = polled(link, clock, [plant("plc"), plant("d1")], for_s=300.0)
    assert bus.health()["d1"].failures_in_a_row > 2
    link.dead.clear()
    run(bus, clock, 130.0)
    assert bus.latest(["d1.supply"], clock.now())["d1.supply"].value == 90.5


def test_a_steady_value_is_polled_once_and_a_jump_twice(link: FakeLink, clock: Clock) -> None:
    bus, _ = polled(link, clock, [plant()], for_s=1.0)
    assert bus.latest(["plc.supply"], clock.now())["plc.supply"].quality is Quality.GOOD
    asked: list[list[str]] = []
    read = link.read

    def watched(device: FieldDevice, tags: object) -> object:
        asked.append([tag.name for tag in tags])  # type: ignore[attr-defined]
        return read(device, tags)  # type: ignore[arg-type]

    link.read = watched  # type: ignore[method-assign, assignment]
    clock.now_s += 5.0
    bus.step()
    assert len(asked) == 1
    link.memory["plc"]["supply_temp"] = 925.0
    clock.now_s += 5.0
    bus.step()
    assert asked[2:] == [["supply_temp"]]
    assert bus.latest(["plc.supply"], clock.now())["plc.supply"].value == 92.5


def test_a_value_that_is_not_read_again_goes_stale(link: FakeLink, clock: Clock) -> None:
    bus, _ = polled(link, clock, [plant()], for_s=1.0)
    link.dead.add("plc")
    now = clock.now() + timedelta(seconds=16)
    reading = bus.latest(["plc.supply"], now)["plc.supply"]
    assert (reading.value, reading.quality) == (90.5, Quality.STALE)
    assert reading.age_s(now) > 15


def test_not_read_yet_is_missing(link: FakeLink, clock: Clock) -> None:
    bus = Bus("b", link, [plant()], points(), timekeeper=clock)
    assert bus.latest(["supply"], START)["supply"].quality is Quality.MISSING


def test_a_lost_port_is_tried_every_second(link: FakeLink, clock: Clock) -> None:
    link.errors["plc"] = [PortLost("unplugged"), PortLost("unplugged")]
    bus, answers = polled(link, clock, [plant()], for_s=3.0)
    assert answers["plc"] == 1
    assert bus.health()["plc"].failures_in_a_row == 0


def test_behind_a_lost_port_every_device_is_silent(link: FakeLink, clock: Clock) -> None:
    bus = Bus("b", link, [plant(), plant("d1")], points(), timekeeper=clock)
    link.errors["plc"] = [PortLost("unplugged")] * 3
    for count in (1, 2, 3):
        assert bus.step()
        assert bus.failures() == {"plc": count, "d1": count}
        clock.now_s += 1.0
    assert bus.step()
    assert bus.failures() == {"plc": 0, "d1": 0}


def test_two_buses_are_one_field(link: FakeLink, clock: Clock) -> None:
    link.memory["d1"] = dict(link.memory["plc"], supply_temp=700.0)
    field = Field(
        [
            Bus("a", link, [plant()], points("plc", "a."), timekeeper=clock),
            Bus("b", link, [plant("d1")], points("d1", "b."), timekeeper=clock),
        ]
    )
    field.start()
    try:
        readings = field.read(["b.supply", "a.supply"])
        assert {name: r.value for name, r in readings.items()} == {"a.supply": 90.5, "b.supply": 70}
        field.write(Setpoint(point_id="b.setpoint", value=70.0))
        assert link.writes == [("d1", "supply_temp_setpoint", 700)]
        assert field.latest(["a.supply"], clock.now())["a.supply"].value == 90.5
        with pytest.raises(BadRequest):
            field.read(["c.supply"])
    finally:
        field.stop()
    with pytest.raises(BadRequest, match="two buses"):
        Field([Bus("a", link, [plant()], points()), Bus("b", link, [plant()], points())])


def test_the_same_over_real_bytes() -> None:
    registers = Registers()
    registers.input[100:103] = [905, 500, 612]
    with slave_on_pty({1: registers}) as (port, slave):
        bus = Bus("b", ModbusLink(RtuMaster(port, baudrate=19200, retries=0)), [plant()], points())
        bus.start()
        try:
            assert bus.read(["supply", "pressure"])["supply"].value == 90.5
            bus.write(Setpoint(point_id="setpoint", value=96.5))
            assert bus.read(["feedback"])["feedback"].value == 96.5
        finally:
            bus.stop()
    assert [frame[1] for frame in slave.heard].count(6) == 1


def test_a_device_that_refuses_gaps_is_read_without_them() -> None:
    with slave_on_pty({1: Registers()}) as (port, slave):
        refused: list[bytes] = []

        def no_gaps(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
            if request[1] == 4 and request[5] > 2:
                refused.append(request)
                return [(0.0, framed(bytes([1, 0x84, 2])))]
            return [(0.0, reply)]

        slave.always = no_gaps
        link = ModbusLink(RtuMaster(port, baudrate=19200, retries=0))
        device = plant()
        tags = [device.profile.tag(name) for name in ("supply_temp", "makeup_flow")]
        with link.master:
            for _ in range(3):
                assert link.read(device, tags) == {"supply_temp": 1105.0, "makeup_flow": 1193.0}
        assert len(refused) == 1
