"""Modbus servers of others, each with our master on it and the memory that it must show."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import NoReply, PortLost
from drivers.modbus.master import ModbusMaster
from drivers.modbus.rtu import RtuMaster
from drivers.modbus.tcp import TcpMaster
from tests.drivers.wire import Registers, joined_ptys
from tests.peers import need_node_package, need_package

if TYPE_CHECKING:
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer
    from pymodbus.simulator import SimDevice

UNIT = 1
SIZE = 200
BAUDRATE = 115200
START_S = 20.0
HERE = Path(__file__).parent
# Our master, and what the server's memory holds.
Served = tuple[ModbusMaster, Registers]


@contextmanager
def pymodbus_rtu() -> Iterator[Served]:
    """pymodbus's serial server in a thread of this process."""
    need_package("pymodbus")
    from pymodbus.framer import FramerType
    from pymodbus.server import ModbusSerialServer

    with joined_ptys() as (ours, theirs):

        def make(device: "SimDevice") -> ModbusSerialServer:
            return ModbusSerialServer(
                device, framer=FramerType.RTU, port=theirs, baudrate=BAUDRATE
            )  # fmt: skip

        with _pymodbus_server(make), _rtu(ours) as bus:
            yield bus, Registers(SIZE)


@contextmanager
def pymodbus_tcp() -> Iterator[Served]:
    """pymodbus's TCP server in a thread of this process."""
    need_package("pymodbus")
    from pymodbus.server import ModbusTcpServer

    tcp_port = free_tcp_port()
    with (
        _pymodbus_server(lambda device: ModbusTcpServer(device, address=("127.0.0.1", tcp_port))),
        _tcp(tcp_port) as bus,
    ):
        yield bus, Registers(SIZE)


@contextmanager
def simulator_rtu() -> Iterator[Served]:
    """The program pymodbus.simulator on a serial port."""
    with joined_ptys() as (ours, theirs):
        line = {"comm": "serial", "port": theirs, "baudrate": BAUDRATE, "bytesize": 8,
                "parity": "N", "stopbits": 1, "framer": "rtu"}  # fmt: skip
        with _simulator(line), _rtu(ours) as bus:
            yield bus, _one_memory()


@contextmanager
def simulator_tcp() -> Iterator[Served]:
    """The program pymodbus.simulator on a TCP port."""
    tcp_port = free_tcp_port()
    line = {"comm": "tcp", "host": "127.0.0.1", "port": tcp_port, "framer": "socket"}
    with _simulator(line), _tcp(tcp_port) as bus:
        yield bus, _one_memory()


@contextmanager
def modbus_serial_rtu() -> Iterator[Served]:
    """modbus-serial's ServerSerial in node."""
    with (
        joined_ptys() as (ours, theirs),
        _modbus_serial(theirs, str(BAUDRATE)),
        _rtu(ours) as bus,
    ):
        yield bus, Registers(SIZE)


@contextmanager
def modbus_serial_tcp() -> Iterator[Served]:
    """modbus-serial's ServerTCP in node."""
    tcp_port = free_tcp_port()
    with _modbus_serial(str(tcp_port)), _tcp(tcp_port) as bus:
        yield bus, Registers(SIZE)


PEER_SERVERS: dict[str, Callable[[], AbstractContextManager[Served]]] = {
    "pymodbus serial server": pymodbus_rtu,
    "pymodbus TCP server": pymodbus_tcp,
    "pymodbus.simulator, serial": simulator_rtu,
    "pymodbus.simulator, TCP": simulator_tcp,
    "modbus-serial serial server": modbus_serial_rtu,
    "modbus-serial TCP server": modbus_serial_tcp,
}


def free_tcp_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _rtu(port: str) -> Iterator[ModbusMaster]:
    with RtuMaster(port, baudrate=BAUDRATE, timeout_s=2.0, retries=0) as bus:
        _await_service(bus)
        yield bus


@contextmanager
def _tcp(tcp_port: int) -> Iterator[ModbusMaster]:
    bus = TcpMaster("127.0.0.1", tcp_port, timeout_s=2.0, retries=0)
    try:
        _await_service(bus)
        yield bus
    finally:
        bus.close()


def _await_service(bus: ModbusMaster) -> None:
    """Ask until the first answer: a server of its own process needs a moment to start."""
    give_up_s = time.monotonic() + START_S
    while True:
        try:
            bus.read_holding_registers(UNIT, 0, 1)
        except (NoReply, PortLost):
            if time.monotonic() > give_up_s:
                raise
            time.sleep(0.05)
        else:
            return


@contextmanager
def _pymodbus_server(
    make: "Callable[[SimDevice], ModbusSerialServer | ModbusTcpServer]",
) -> Iterator[None]:
    from pymodbus.simulator import DataType, SimData, SimDevice

    held = Registers(SIZE)
    blocks = (
        [SimData(0, values=held.coils, datatype=DataType.BITS)],
        [SimData(0, values=held.inputs, datatype=DataType.BITS)],
        [SimData(0, values=held.holding, datatype=DataType.REGISTERS)],
        [SimData(0, values=held.input, datatype=DataType.REGISTERS)],
    )
    loop = asyncio.new_event_loop()
    serving = threading.Event()
    ending = asyncio.Event()

    async def serve() -> None:
        server = make(SimDevice(UNIT, simdata=blocks))
        await server.serve_forever(background=True)
        serving.set()
        await ending.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert serving.wait(START_S)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(START_S)
        loop.close()


def _one_memory() -> Registers:
    """The simulator's registers: one block for holding and input, and no coils."""
    memory = Registers(SIZE)
    memory.input = memory.holding
    memory.coils, memory.inputs = [], []
    return memory


@contextmanager
def _simulator(line: dict[str, object]) -> Iterator[None]:
    need_package("aiohttp")
    need_package("pymodbus")
    nothing = {"bits": None, "uint16": None, "uint32": None, "float32": None, "float64": None,
               "string": None}  # fmt: skip
    zeros = {"bits": 0, "uint16": 0, "uint32": 0, "float32": 0.0, "float64": 0.0, "string": " "}
    device = {
        "setup": {
            "co size": SIZE, "di size": SIZE, "hr size": SIZE, "ir size": SIZE,
            "shared blocks": True, "type exception": False,
            "defaults": {"value": zeros, "action": nothing},
        },
        "invalid": [], "write": [[0, SIZE - 1]], "bits": [], "uint32": [], "float32": [],
        "float64": [], "string": [], "repeat": [],
        "uint16": [{"addr": i, "value": value} for i, value in enumerate(_one_memory().holding)],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        setup = Path(folder) / "setup.json"
        setup.write_text(json.dumps({"server_list": {"line": line}, "device_list": {"it": device}}))
        command = [
            sys.executable, "-m", "pymodbus.server.simulator.main", "--json_file", str(setup),
            "--modbus_server", "line", "--modbus_device", "it", "--log", "error",
            "--http_host", "127.0.0.1", "--http_port", str(free_tcp_port()),
        ]  # fmt: skip
        with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as program:
            try:
                yield
            finally:
                program.terminate()


@contextmanager
def _modbus_serial(*words: str) -> Iterator[None]:
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
