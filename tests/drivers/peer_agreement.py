"""Our masters against pymodbus's server: random reads and writes, each compared."""

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from drivers.modbus.master import ModbusMaster
from drivers.modbus.rtu import RtuMaster
from drivers.modbus.tcp import TcpMaster
from tests.drivers.wire import joined_ptys

if TYPE_CHECKING:
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer
    from pymodbus.simulator import SimDevice

SIZE = 200
UNIT = 1


@contextlib.contextmanager
def pymodbus_server(
    make: "Callable[[SimDevice], ModbusSerialServer | ModbusTcpServer]",
) -> Iterator[None]:
    """Run a server of pymodbus on its simulated device, whose register i holds 7 i + 3."""
    from pymodbus.simulator import DataType, SimData, SimDevice

    words = SimData(0, values=[7 * i + 3 for i in range(SIZE)], datatype=DataType.REGISTERS)
    device = SimDevice(UNIT, simdata=[words])
    loop = asyncio.new_event_loop()
    serving = threading.Event()
    ending = asyncio.Event()

    async def serve() -> None:
        server = make(device)
        await server.serve_forever(background=True)
        serving.set()
        await ending.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert serving.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()


def agreement_with_pymodbus(count: int, seed: int) -> int:
    """Read and write registers of pymodbus's serial server by turns; see `agreement`."""
    from pymodbus.framer import FramerType
    from pymodbus.server import ModbusSerialServer

    with joined_ptys() as (ours, theirs):

        def make(device: "SimDevice") -> ModbusSerialServer:
            return ModbusSerialServer(device, framer=FramerType.RTU, port=theirs, baudrate=115200)

        with (
            pymodbus_server(make),
            RtuMaster(ours, baudrate=115200, timeout_s=2.0, retries=0) as bus,
        ):
            return agreement(bus, count, seed)


def agreement_with_pymodbus_tcp(count: int, seed: int) -> int:
    """Read and write registers of pymodbus's TCP server by turns; see `agreement`."""
    from pymodbus.server import ModbusTcpServer

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        tcp_port = free.getsockname()[1]
    with (
        pymodbus_server(lambda device: ModbusTcpServer(device, address=("127.0.0.1", tcp_port))),
        TcpMaster("127.0.0.1", tcp_port, timeout_s=2.0, retries=0) as bus,
    ):
        return agreement(bus, count, seed)


def agreement(bus: ModbusMaster, count: int, seed: int) -> int:
    """Read and write a device whose register i holds 7 i + 3 at first.

    Args:
        bus: Our master.
        count: How many transactions.
        seed: Of their addresses, counts and values.

    Returns:
        How many gave what must be there; a read after a write shows the written.
    """
    rng = random.Random(seed)
    memory = [7 * i + 3 for i in range(SIZE)]
    agreed = 0
    for _ in range(count):
        size = rng.randint(1, 20)
        address = rng.randrange(SIZE - size)
        kind = rng.randrange(4)
        values = tuple(rng.randrange(65536) for _ in range(size))
        if kind == 0:
            bus.write_register(UNIT, address, values[0])
            memory[address] = values[0]
            agreed += 1
        elif kind == 1:
            bus.write_registers(UNIT, address, values)
            memory[address : address + size] = values
            agreed += 1
        else:
            read = bus.read_holding_registers if kind == 2 else bus.read_input_registers
            agreed += read(UNIT, address, size) == tuple(memory[address : address + size])
    return agreed
