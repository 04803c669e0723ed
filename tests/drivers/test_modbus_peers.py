"""Masters and slaves of others read and write with ours, and agree."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.modbus.master import ModbusMaster
from drivers.modbus.rtu import RtuMaster
from drivers.modbus.tcp import TcpMaster
from tests.drivers.peer_agreement import agreement_with_pymodbus, agreement_with_pymodbus_tcp
from tests.drivers.wire import Registers, joined_ptys, slave_on_pty
from tests.peers import need_node_package, need_package, need_program

HERE = Path(__file__).parent
BAUDRATE = 19200
EXPECTED = [143, 150, 157, 164]  # holding registers 20 to 23 of the tests' slave


@pytest.fixture
def device() -> Iterator[tuple[str, Registers]]:
    """A serial port with the slave that our own master is tested against."""
    registers = Registers()
    with slave_on_pty({1: registers}) as (port, _):
        yield port, registers


def test_our_master_agrees_with_pymodbus_server() -> None:
    need_package("pymodbus")
    assert agreement_with_pymodbus(500, seed=1) == 500


def test_our_tcp_master_agrees_with_pymodbus_server() -> None:
    need_package("pymodbus")
    assert agreement_with_pymodbus_tcp(500, seed=2) == 500


def test_mbpoll_and_our_master_read_the_same(device: tuple[str, Registers]) -> None:
    mbpoll = need_program("mbpoll")
    port, registers = device
    command = [mbpoll, "-m", "rtu", "-a", "1", "-b", str(BAUDRATE), "-P", "none", "-0", "-q"]
    read = [*command, "-1", "-t", "4", "-r", "20", "-c", "4", port]
    shown = subprocess.run(read, capture_output=True, text=True, timeout=20, check=True).stdout
    values = [int(line.split(":")[1]) for line in shown.splitlines() if line.startswith("[")]
    write = [*command, "-t", "4", "-r", "30", port, "--", "4711", "4712"]
    subprocess.run(write, capture_output=True, timeout=20, check=True)
    with RtuMaster(port, baudrate=BAUDRATE) as bus:
        assert list(bus.read_holding_registers(1, 20, 4)) == values == EXPECTED
        assert bus.read_holding_registers(1, 30, 2) == (4711, 4712)
    assert registers.holding[30:32] == [4711, 4712]


def test_minimalmodbus_and_our_master_read_the_same(device: tuple[str, Registers]) -> None:
    need_package("minimalmodbus")
    import minimalmodbus  # type: ignore[import-untyped]

    port, _ = device
    instrument = minimalmodbus.Instrument(port, 1)
    instrument.serial.baudrate = BAUDRATE
    instrument.serial.timeout = 1.0
    try:
        values = instrument.read_registers(20, 4)
        instrument.write_register(30, 4711, functioncode=6)
        instrument.write_registers(31, [4712, 4713])
    finally:
        instrument.serial.close()
    with RtuMaster(port, baudrate=BAUDRATE) as bus:
        assert list(bus.read_holding_registers(1, 20, 4)) == values == EXPECTED
        assert bus.read_holding_registers(1, 30, 3) == (4711, 4712, 4713)


def test_pymodbus_client_and_our_master_read_the_same(device: tuple[str, Registers]) -> None:
    need_package("pymodbus")
    from pymodbus.client import ModbusSerialClient

    port, _ = device
    client = ModbusSerialClient(port, baudrate=BAUDRATE, timeout=2, retries=0)
    assert client.connect()
    try:
        values = client.read_holding_registers(20, count=4, device_id=1).registers
        assert not client.write_register(30, 4711, device_id=1).isError()
        assert not client.write_registers(31, [4712, 4713], device_id=1).isError()
    finally:
        client.close()  # type: ignore[no-untyped-call]
    with RtuMaster(port, baudrate=BAUDRATE) as bus:
        assert list(bus.read_holding_registers(1, 20, 4)) == values == EXPECTED
        assert bus.read_holding_registers(1, 30, 3) == (4711, 4712, 4713)


def test_modbus_serial_client_and_our_master_read_the_same(device: tuple[str, Registers]) -> None:
    node, modules = need_node_package("modbus-serial")
    port, _ = device
    command = [node, str(HERE / "modbus_serial_client.js"), port, str(BAUDRATE)]
    environment = {**os.environ, "NODE_PATH": modules}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"before": EXPECTED, "input": [16, 27], "after": [4711, 4712, 4713]}
    with RtuMaster(port, baudrate=BAUDRATE) as bus:
        assert bus.read_holding_registers(1, 30, 3) == (4711, 4712, 4713)


@contextmanager
def modbus_serial_server(*words: str) -> Iterator[None]:
    node, modules = need_node_package("modbus-serial")
    command = [node, str(HERE / "modbus_serial_server.js"), *words]
    environment = {**os.environ, "NODE_PATH": modules}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.terminate()


def read_and_write(bus: ModbusMaster) -> None:
    assert list(bus.read_holding_registers(1, 20, 4)) == EXPECTED
    assert bus.read_input_registers(1, 1, 2) == (16, 27)
    bus.write_register(1, 30, 4711)
    bus.write_registers(1, 31, (4712, 4713))
    assert bus.read_holding_registers(1, 30, 3) == (4711, 4712, 4713)


def test_our_tcp_master_reads_and_writes_modbus_serial_server() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        tcp_port = free.getsockname()[1]
    with (
        modbus_serial_server(str(tcp_port)),
        TcpMaster("127.0.0.1", tcp_port, timeout_s=3.0) as bus,
    ):
        read_and_write(bus)


def test_our_master_reads_and_writes_modbus_serial_server() -> None:
    with (
        joined_ptys() as (ours, theirs),
        modbus_serial_server(theirs, str(BAUDRATE)),
        RtuMaster(ours, baudrate=BAUDRATE, timeout_s=3.0) as bus,
    ):
        read_and_write(bus)
