"""RTU through a serial server, `socket://HOST:PORT`: the same bytes, the same outcomes."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from drivers.base import NoReply, PortLost, UnknownOutcome
from drivers.modbus.rtu import RtuMaster
from tests.drivers.wire import Registers, Slave


class SerialServer:
    """Passes one connection after the other through to a slave; `hang_up` ends the present one."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self.listener.getsockname()[1]}"
        self.slaves: list[Slave] = []
        self.connections: list[socket.socket] = []
        self.has_slave = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                self.slaves.append(Slave(connection.fileno(), {1: Registers()}))
                self.slaves[-1].start()
                self.has_slave.set()

    def slave(self) -> Slave:
        assert self.has_slave.wait(5)
        return self.slaves[-1]

    def hang_up(self, *_: bytes) -> list[tuple[float, bytes]]:
        self.has_slave.clear()
        self.connections[-1].shutdown(socket.SHUT_RDWR)
        self.slaves[-1]._ending.set()
        return []

    def close(self) -> None:
        self.listener.close()
        for slave, connection in zip(self.slaves, self.connections, strict=True):
            slave.stop()
            connection.close()


@pytest.fixture
def server() -> Iterator[SerialServer]:
    found = SerialServer()
    yield found
    found.close()


def test_read_and_write(server: SerialServer) -> None:
    with RtuMaster(server.url, baudrate=19200, timeout_s=0.5) as bus:
        bus.write_register(1, 30, 4711)
        bus.write_registers(1, 31, (4712, 4713))
        assert bus.read_holding_registers(1, 29, 4) == (206, 4711, 4712, 4713)
        assert len(bus.read_input_registers(1, 0, 125)) == 125


def test_silence_and_hang_up_and_back(server: SerialServer) -> None:
    with RtuMaster(server.url, baudrate=19200, timeout_s=0.15, retries=0) as bus:
        assert bus.read_holding_registers(1, 20, 1) == (143,)
        server.slave().faults.append(lambda q, r: [])
        with pytest.raises(NoReply):
            bus.read_holding_registers(1, 20, 1)
        assert bus.read_holding_registers(1, 20, 1) == (143,)
        server.slave().always = server.hang_up
        with pytest.raises(UnknownOutcome):
            bus.write_register(1, 30, 60)
        assert bus.read_holding_registers(1, 20, 1) == (143,)
        assert [frame[1] for frame in server.slaves[0].heard].count(6) == 1


@pytest.mark.parametrize("url", ["socket://127.0.0.1:9", "socket://no-port", "no-such://thing"])
def test_nobody_there(url: str) -> None:
    with pytest.raises(PortLost), RtuMaster(url):
        pass
