"""Modbus TCP: what each fault of a connection makes of a read and of a write."""

import socket
import time
from collections.abc import Iterator

import pytest

from drivers.base import (
    BadRequest,
    DeviceRefused,
    DriverError,
    GarbledReply,
    NoReply,
    PortLost,
    UnknownOutcome,
)
from drivers.modbus.tcp import TcpMaster
from tests.drivers.tcp_server import HANG_UP, Server, TcpFault, tcp_server


@pytest.fixture
def server() -> Iterator[Server]:
    with tcp_server() as found:
        yield found


def master(server: Server, retries: int = 0) -> TcpMaster:
    return TcpMaster("127.0.0.1", server.port, timeout_s=0.15, retries=retries)


def replaced(reply: bytes, index: int, value: int) -> list[tuple[float, bytes]]:
    changed = bytearray(reply)
    changed[index] = value
    return [(0.0, bytes(changed))]


FAULTS: dict[str, tuple[TcpFault, type[DriverError] | None, type[DriverError] | None]] = {
    "split": (lambda q, r: [(0.0, r[:5]), (0.03, r[5:])], None, None),
    "older transaction first": (lambda q, r: [(0.0, b"\x77\x77" + r[2:]), (0.0, r)], None, None),
    "silence": (lambda q, r: [], NoReply, UnknownOutcome),
    "partial": (lambda q, r: [(0.0, r[:-1])], GarbledReply, UnknownOutcome),
    "partial header": (lambda q, r: [(0.0, r[:3])], GarbledReply, UnknownOutcome),
    "wrong unit": (lambda q, r: replaced(r, 6, 9), GarbledReply, UnknownOutcome),
    "wrong function": (lambda q, r: replaced(r, 7, 2), GarbledReply, UnknownOutcome),
    "wrong protocol": (lambda q, r: replaced(r, 3, 1), GarbledReply, UnknownOutcome),
    "wrong length": (lambda q, r: replaced(r, 4, 9), GarbledReply, UnknownOutcome),
    "not Modbus": (lambda q, r: [(0.0, b"HTTP/1.1 400 Bad")], GarbledReply, UnknownOutcome),
    "refusal": (
        lambda q, r: [(0.0, r[:4] + bytes([0, 3, r[6], r[7] | 0x80, 2]))],
        DeviceRefused, DeviceRefused),
    "hang-up": (lambda q, r: [(0.0, HANG_UP)], PortLost, UnknownOutcome),
    "hang-up in the reply": (lambda q, r: [(0.0, r[:9]), (0.0, HANG_UP)], PortLost, UnknownOutcome),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_read(server: Server, name: str) -> None:
    fault, outcome, _ = FAULTS[name]
    server.faults.append(fault)
    with master(server) as bus:
        if outcome is None:
            assert bus.read_input_registers(1, 0, 2) == (5, 16)
        else:
            with pytest.raises(outcome):
                bus.read_input_registers(1, 0, 2)
        assert bus.read_input_registers(1, 0, 2) == (5, 16)


@pytest.mark.parametrize("name", FAULTS)
def test_write(server: Server, name: str) -> None:
    fault, _, outcome = FAULTS[name]
    server.faults.append(fault)
    with master(server, retries=3) as bus:
        if outcome is None:
            bus.write_registers(1, 30, (4711, 4712))
        else:
            with pytest.raises(outcome):
                bus.write_registers(1, 30, (4711, 4712))
        assert sum(frame[7] == 16 for frame in server.heard) == 1
        assert bus.read_holding_registers(1, 30, 2) == (4711, 4712)


def test_late_reply_is_never_the_next_answer(server: Server) -> None:
    with TcpMaster("127.0.0.1", server.port, timeout_s=0.01, retries=0) as bus:
        for i in range(50):
            server.faults.append(lambda q, r: [(0.015, r)])
            with pytest.raises(NoReply):
                bus.read_holding_registers(1, i, 1)
            bus.timeout_s = 1.0
            assert bus.read_holding_registers(1, 500, 1) == (3503,)
            bus.timeout_s = 0.01
        assert bus.counts.late == 50


def test_connection_ended_while_idle_is_no_failure(server: Server) -> None:
    with master(server) as bus:
        server.faults.append(lambda q, r: [(0.0, r), (0.0, HANG_UP)])
        bus.read_holding_registers(1, 0, 1)
        time.sleep(0.05)
        bus.write_register(1, 0, 12)
        assert bus.read_holding_registers(1, 0, 1) == (12,)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(PortLost), TcpMaster("127.0.0.1", port):
        pass
    with pytest.raises(PortLost), TcpMaster("no-such-host.invalid", 502):
        pass


def test_impossible_unit(server: Server) -> None:
    with master(server) as bus, pytest.raises(BadRequest):
        bus.read_holding_registers(256, 0, 1)
    assert server.heard == []
