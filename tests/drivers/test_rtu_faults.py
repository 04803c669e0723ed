"""The fault table: what each fault of the wire makes of a read and of a write."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from drivers.base import (
    BadRequest,
    DeviceRefused,
    DriverError,
    GarbledReply,
    NoReply,
    PortBusy,
    PortLost,
    UnknownOutcome,
)
from drivers.modbus.rtu import RtuMaster
from tests.drivers.late import LATE_DELAYS, HeldReply, late_replies
from tests.drivers.wire import Fault, Registers, Slave, framed, slave_on_pty

TIMEOUT_S = 0.15
READ_VALUES = tuple(7 * i + 3 for i in range(20, 24))


@pytest.fixture
def line() -> Iterator[tuple[str, Slave]]:
    with slave_on_pty({1: Registers(), 2: Registers()}) as found:
        yield found


def master(port: str, retries: int = 0) -> RtuMaster:
    return RtuMaster(port, baudrate=19200, timeout_s=TIMEOUT_S, retries=retries)


def at_once(piece: bytes) -> list[tuple[float, bytes]]:
    return [(0.0, piece)]


def changed(reply: bytes, index: int, value: int) -> bytes:
    """The reply with one byte of its body changed and the checksum put right again."""
    body = bytearray(reply[:-2])
    body[index] = value
    return framed(bytes(body))


def with_one_register_more(reply: bytes) -> bytes:
    if reply[1] in (3, 4):
        return framed(reply[:2] + bytes([reply[2] + 2]) + reply[3:-2] + b"\x00\x01")
    return changed(reply, 5, reply[5] + 1)


FAULTS: dict[str, tuple[Fault, type[DriverError] | None, type[DriverError] | None]] = {
    # fault: (what comes back, outcome of a read, outcome of a write); None is success
    "noise before": (lambda q, r: at_once(b"\x00\xff\x13" + r), GarbledReply, UnknownOutcome),
    "noise after": (lambda q, r: at_once(r + b"\x00\xa5"), GarbledReply, UnknownOutcome),
    "bad checksum": (
        lambda q, r: at_once(r[:-1] + bytes([r[-1] ^ 1])), GarbledReply, UnknownOutcome),
    "partial frame": (lambda q, r: at_once(r[:-3]), GarbledReply, UnknownOutcome),
    "one byte only": (lambda q, r: at_once(r[:1]), GarbledReply, UnknownOutcome),
    "split by 30 ms": (lambda q, r: [(0.0, r[:4]), (0.03, r[4:])], None, None),
    "split in three": (lambda q, r: [(0.0, r[:2]), (0.03, r[2:6]), (0.03, r[6:])], None, None),
    "wrong unit": (lambda q, r: at_once(changed(r, 0, 2)), GarbledReply, UnknownOutcome),
    "wrong function": (
        lambda q, r: at_once(changed(r, 1, 4 if r[1] == 3 else 3)), GarbledReply, UnknownOutcome),
    "unknown function": (lambda q, r: at_once(changed(r, 1, 77)), GarbledReply, UnknownOutcome),
    "wrong count": (
        lambda q, r: at_once(with_one_register_more(r)), GarbledReply, UnknownOutcome),
    "exception": (
        lambda q, r: at_once(framed(bytes([q[0], q[1] | 0x80, 2]))), DeviceRefused, DeviceRefused),
    "exception of another function": (
        lambda q, r: at_once(framed(bytes([q[0], 0x90 if q[1] != 16 else 0x83, 2]))),
        GarbledReply, UnknownOutcome),
    "exception: still working": (
        lambda q, r: at_once(framed(bytes([q[0], q[1] | 0x80, 5]))),
        DeviceRefused, UnknownOutcome),
    "exception: lost behind a gateway": (
        lambda q, r: at_once(framed(bytes([q[0], q[1] | 0x80, 11]))),
        DeviceRefused, UnknownOutcome),
    "silence": (lambda q, r: [], NoReply, UnknownOutcome),
    "local echo": (
        lambda q, r: at_once(q[:-1] if q[1] in (5, 6) else q), GarbledReply, UnknownOutcome),
}  # fmt: skip
VALUES = {5: (1,), 6: (4711,), 15: (1, 0, 1), 16: (4711, 4712)}  # coil 31 is off at first


@pytest.mark.parametrize("name", FAULTS)
def test_read(line: tuple[str, Slave], name: str) -> None:
    port, slave = line
    fault, outcome, _ = FAULTS[name]
    slave.faults.append(fault)
    with master(port) as bus:
        if outcome is None:
            assert bus.read_holding_registers(1, 20, 4) == READ_VALUES
        else:
            with pytest.raises(outcome):
                bus.read_holding_registers(1, 20, 4)
        assert bus.read_holding_registers(1, 20, 4) == READ_VALUES  # and the bus goes on


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize("name", FAULTS)
def test_write(line: tuple[str, Slave], name: str, function: int) -> None:
    port, slave = line
    fault, _, outcome = FAULTS[name]
    slave.faults.append(fault)
    with master(port, retries=3) as bus:
        write = partial(bus.write, 1, function, 31, VALUES[function])
        if outcome is None:
            write()
        else:
            with pytest.raises(outcome):
                write()
        assert sum(frame[1] == function for frame in slave.heard) == 1
        read = bus.read_coils if function in (5, 15) else bus.read_holding_registers
        assert read(1, 31, 1) == VALUES[function][:1]


WRONG_ECHOES = {
    # the written register is 30 = 0x001E, the value 4711 = 0x1267
    "value of function 6": (6, 5, 0x68),
    "address of function 6": (6, 3, 0x1F),
    "count of function 16": (16, 5, 1),
    "address of function 16": (16, 3, 0x1D),
    "value of function 5": (5, 4, 0x00),
    "address of function 5": (5, 3, 0x1F),
    "count of function 15": (15, 5, 2),
    "address of function 15": (15, 3, 0x1D),
}


@pytest.mark.parametrize("name", WRONG_ECHOES)
def test_wrong_echo_leaves_the_outcome_unknown(line: tuple[str, Slave], name: str) -> None:
    port, slave = line
    function, index, value = WRONG_ECHOES[name]
    slave.faults.append(lambda q, r: at_once(changed(r, index, value)))
    with master(port) as bus, pytest.raises(UnknownOutcome, match="echo"):
        bus.write(1, function, 30, VALUES[function])


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 8, 10])
def test_refusal_names_its_code(line: tuple[str, Slave], code: int) -> None:
    port, slave = line
    slave.always = lambda q, r: at_once(framed(bytes([q[0], q[1] | 0x80, code])))
    with master(port) as bus:
        for act in (
            lambda: bus.read_input_registers(1, 0, 2),
            lambda: bus.write_register(1, 0, 1),
        ):
            with pytest.raises(DeviceRefused) as refused:
                act()
            assert refused.value.code == code


def test_read_is_repeated_and_write_never(line: tuple[str, Slave]) -> None:
    port, slave = line
    slave.faults.append(lambda q, r: [])
    with master(port, retries=1) as bus:
        assert bus.read_holding_registers(1, 20, 4) == READ_VALUES
        slave.faults.append(lambda q, r: [])
        with pytest.raises(UnknownOutcome):
            bus.write_register(1, 5, 99)
        time.sleep(3 * TIMEOUT_S)
    assert [frame[1] for frame in slave.heard].count(6) == 1


@pytest.mark.parametrize("delay", LATE_DELAYS)
def test_late_reply_is_never_the_next_answer(delay: str) -> None:
    result = late_replies(200, delay)
    assert (result.right, result.wrong, result.unanswered, result.late) == (200, 0, 0, 200)


def test_late_echo_does_not_confirm_the_same_write_again(line: tuple[str, Slave]) -> None:
    port, slave = line
    with master(port) as bus:
        slave.faults.append(HeldReply(slave).hold)
        with pytest.raises(UnknownOutcome):
            bus.write_register(1, 30, 60)
        slave.units[1].holding[30] = 0
        slave.faults.append(lambda q, r: [])  # after the late echo and the probe: silence
        with pytest.raises(UnknownOutcome):
            bus.write_register(1, 30, 60)
        assert [frame[1] for frame in slave.heard] == [6, 3, 6]


def test_late_refusal_is_not_taken_for_the_next(line: tuple[str, Slave]) -> None:
    port, slave = line
    with master(port) as bus:
        slave.faults.append(HeldReply(slave).hold)
        with pytest.raises(NoReply):
            bus.read_holding_registers(1, 5000, 2)  # its refusal comes late
        assert bus.read_holding_registers(1, 20, 4) == READ_VALUES


def test_silent_unit_is_not_written(line: tuple[str, Slave]) -> None:
    port, slave = line
    slave.always = lambda q, r: []
    with master(port) as bus:
        with pytest.raises(NoReply):
            bus.read_holding_registers(1, 20, 4)
        with pytest.raises(NoReply, match="nothing was written"):
            bus.write_register(1, 30, 60)
    assert not [frame for frame in slave.heard if frame[1] == 6]


def test_unit_that_knows_one_question_only_is_read_again(line: tuple[str, Slave]) -> None:
    """Some old controllers are silent to any request but the ones they were made for."""
    port, slave = line
    wanted = bytes.fromhex("010300140004")
    slave.faults.append(lambda q, r: [])
    slave.always = lambda q, r: at_once(r) if q[:6] == wanted else []
    with master(port) as bus:
        with pytest.raises(NoReply):
            bus.read_holding_registers(1, 20, 4)
        assert bus.read_holding_registers(1, 20, 4) == READ_VALUES


def test_babbling_line_is_refused_before_anything_is_sent(line: tuple[str, Slave]) -> None:
    port, slave = line
    ending = threading.Event()

    def babble() -> None:
        while not ending.wait(0.0005):
            os.write(slave.fd, b"\x55")

    # At 300 baud t3.5 is 117 ms: no pause of the babbling thread passes for silence.
    with RtuMaster(port, baudrate=300, timeout_s=TIMEOUT_S) as bus:
        thread = threading.Thread(target=babble)
        thread.start()
        time.sleep(0.02)
        try:
            with pytest.raises(GarbledReply, match="nothing was sent"):
                bus.write_register(1, 30, 60)
        finally:
            ending.set()
            thread.join()
        assert not slave.heard


@pytest.mark.parametrize("write", [False, True])
def test_port_lost_in_mid_transaction_and_back(write: bool, tmp_path: Path) -> None:
    link = f"{tmp_path}/bus"
    outcome = UnknownOutcome if write else PortLost
    with slave_on_pty() as (port, slave):
        os.symlink(port, link)
        bus = master(link)
        bus.open()
        slave.always = lambda q, r: slave.unplug(after=r[:3])
        act = partial(bus.write, 1, 6, 30, (60,)) if write else partial(bus.read, 1, 3, 20, 4)
        with pytest.raises(outcome):
            act()
        with pytest.raises(PortLost):
            bus.read_holding_registers(1, 20, 4)
    os.remove(link)
    with slave_on_pty() as (port, slave):
        os.symlink(port, link)
        assert bus.read_holding_registers(1, 20, 4) == READ_VALUES
        bus.close()


def test_close_from_another_thread_ends_the_wait(line: tuple[str, Slave]) -> None:
    port, slave = line
    slave.always = lambda q, r: []
    bus = RtuMaster(port, baudrate=19200, timeout_s=30.0, retries=0)
    bus.open()
    closer = threading.Timer(0.1, bus.close)
    closer.start()
    with pytest.raises(PortLost):
        bus.read_holding_registers(1, 20, 4)
    closer.join()


def test_port_that_is_not_there() -> None:
    with pytest.raises(PortLost), master("/dev/no-such-port"):
        pass


def test_port_is_opened_for_one_alone(line: tuple[str, Slave]) -> None:
    port, _ = line
    with master(port), pytest.raises(PortBusy), master(port):
        pass


def test_file_that_is_no_port_is_a_lost_port(tmp_path: Path) -> None:
    """The terminal layer's own error, which is no OSError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(PortLost), master(str(tmp_path / "file")):
        pass


def test_impossible_settings_are_a_lost_port(line: tuple[str, Slave]) -> None:
    port, _ = line
    with pytest.raises(PortLost), RtuMaster(port, parity="X"):
        pass


@pytest.mark.parametrize(
    "request_of",
    [
        lambda bus: bus.read_holding_registers(0, 0, 1),
        lambda bus: bus.read_holding_registers(248, 0, 1),
        lambda bus: bus.read_holding_registers(1, 0, 126),
        lambda bus: bus.read_holding_registers(1, 0, 0),
        lambda bus: bus.read_holding_registers(1, 65535, 2),
        lambda bus: bus.read_holding_registers(1, -1, 1),
        lambda bus: bus.write_register(1, 0, 65536),
        lambda bus: bus.write_register(1, 0, -1),
        lambda bus: bus.write_register(1, 0, 1.5),
        lambda bus: bus.write_registers(1, 0, ()),
        lambda bus: bus.write_registers(1, 0, range(124)),
        lambda bus: bus.write_registers(0, 0, (1,)),
    ],
)
def test_impossible_requests_stay_off_the_wire(line: tuple[str, Slave], request_of) -> None:  # type: ignore[no-untyped-def]
    port, slave = line
    with master(port) as bus, pytest.raises(BadRequest):
        request_of(bus)
    time.sleep(0.02)
    assert slave.heard == []


def test_every_function(line: tuple[str, Slave]) -> None:
    port, _ = line
    with master(port) as bus:
        assert bus.read_coils(1, 0, 10) == (1, 0, 0, 1, 0, 0, 1, 0, 0, 1)
        assert bus.read_discrete_inputs(1, 0, 6) == (1, 0, 0, 0, 0, 1)
        assert bus.read_holding_registers(1, 0, 125) == tuple(7 * i + 3 for i in range(125))
        assert bus.read_input_registers(1, 1, 2) == (16, 27)
        bus.write_coil(1, 1, True)
        bus.write_coils(1, 2, (1, 0, 1))
        assert bus.read_coils(1, 1, 4) == (1, 1, 0, 1)
        bus.write_register(1, 3, 9)
        bus.write_registers(1, 4, tuple(range(123)))
        assert bus.read_holding_registers(1, 3, 4) == (9, 0, 1, 2)


def gaps_s(
    baudrate: int, act: Callable[[RtuMaster], object], deaf_below_s: float = 0.0
) -> list[float]:
    """Silences that a device hears before the requests of three rounds of `act`."""
    silences: list[float] = []
    last_s = [0.0]

    def timed(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        silence_s = time.monotonic() - last_s[0]
        silences.append(silence_s)
        last_s[0] = time.monotonic()  # before the master can have the reply
        if silence_s >= deaf_below_s:
            os.write(slave.fd, reply)
        return []

    with slave_on_pty({1: Registers(), 2: Registers()}) as (port, slave):
        slave.always = timed
        with RtuMaster(port, baudrate=baudrate, timeout_s=TIMEOUT_S, retries=1) as bus:
            for _ in range(3):
                act(bus)
    return silences


@pytest.mark.parametrize(
    ("baudrate", "what", "least_s"),
    [
        (9600, "same unit", 0.0036),
        (19200, "same unit", 0.0018),
        (115200, "same unit", 0.0008),
        (115200, "another unit", 0.00175),
        (115200, "a write", 0.00175),
    ],
)
def test_silence_before_a_request(baudrate: int, what: str, least_s: float) -> None:
    def act(bus: RtuMaster) -> None:
        bus.read_holding_registers(1, 0, 1)
        if what == "another unit":
            bus.read_holding_registers(2, 0, 1)
        elif what == "a write":
            bus.write_register(1, 30, 1)

    silences = gaps_s(baudrate, act)
    wanted = silences[1::2] if what == "a write" else silences[1:]
    assert all(silence_s >= least_s for silence_s in wanted)


def test_a_unit_that_misses_an_early_read_gets_the_full_silence_for_good() -> None:
    silences = gaps_s(115200, lambda bus: bus.read_holding_registers(1, 0, 1), deaf_below_s=0.0017)
    assert sum(silence_s < 0.0017 for silence_s in silences) <= 1
