"""Modbus masters of others on a serial port, each behind the same four verbs."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.peers import need_node_package, need_package, need_program

UNIT = 1
BAUDRATE = 19200
HERE = Path(__file__).parent


class PeerClient(Protocol):
    """A master of others; registers are the first unit's."""

    def read_holding(self, address: int, count: int) -> list[int]:
        """Function 3."""
        ...

    def read_input(self, address: int, count: int) -> list[int]:
        """Function 4."""
        ...

    def write_register(self, address: int, value: int) -> None:
        """Function 6."""
        ...

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Function 16."""
        ...


class _Mbpoll:
    """The program mbpoll, once for each transaction."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._line = [
            need_program("mbpoll"), "-m", "rtu", "-a", str(UNIT), "-b", str(BAUDRATE),
            "-P", "none", "-0", "-q", "-o", "2",
        ]  # fmt: skip

    def read_holding(self, address: int, count: int) -> list[int]:
        return self._read("4", address, count)

    def read_input(self, address: int, count: int) -> list[int]:
        return self._read("3", address, count)

    def write_register(self, address: int, value: int) -> None:
        self._run("-t", "4", "-r", str(address), self._port, "--", str(value))

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self._run("-t", "4", "-r", str(address), self._port, "--", *map(str, values))

    def _read(self, kind: str, address: int, count: int) -> list[int]:
        shown = self._run("-1", "-t", kind, "-r", str(address), "-c", str(count), self._port)
        rows = [line for line in shown.splitlines() if line.startswith("[")]
        # A register above 32,767 is shown twice: unsigned, and signed in brackets.
        return [int(row.split(":")[1].split("(")[0]) for row in rows]

    def _run(self, *words: str) -> str:
        command = [*self._line, *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=True
        ).stdout


@contextmanager
def mbpoll(port: str) -> Iterator[PeerClient]:
    """mbpoll, on libmodbus."""
    yield _Mbpoll(port)


class _MinimalModbus:
    def __init__(self, port: str) -> None:
        import minimalmodbus  # type: ignore[import-untyped]

        self.instrument = minimalmodbus.Instrument(port, UNIT)
        self.instrument.serial.baudrate = BAUDRATE
        self.instrument.serial.timeout = 2.0

    def read_holding(self, address: int, count: int) -> list[int]:
        return list(self.instrument.read_registers(address, count, functioncode=3))

    def read_input(self, address: int, count: int) -> list[int]:
        return list(self.instrument.read_registers(address, count, functioncode=4))

    def write_register(self, address: int, value: int) -> None:
        self.instrument.write_register(address, value, functioncode=6)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self.instrument.write_registers(address, list(values))


@contextmanager
def minimalmodbus(port: str) -> Iterator[PeerClient]:
    """The package minimalmodbus."""
    need_package("minimalmodbus")
    client = _MinimalModbus(port)
    try:
        yield client
    finally:
        client.instrument.serial.close()


class _Pymodbus:
    def __init__(self, port: str) -> None:
        from pymodbus.client import ModbusSerialClient

        self.client = ModbusSerialClient(port, baudrate=BAUDRATE, timeout=2, retries=0)
        assert self.client.connect()

    def read_holding(self, address: int, count: int) -> list[int]:
        found = self.client.read_holding_registers(address, count=count, device_id=UNIT)
        return list(found.registers)

    def read_input(self, address: int, count: int) -> list[int]:
        found = self.client.read_input_registers(address, count=count, device_id=UNIT)
        return list(found.registers)

    def write_register(self, address: int, value: int) -> None:
        assert not self.client.write_register(address, value, device_id=UNIT).isError()

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        assert not self.client.write_registers(address, list(values), device_id=UNIT).isError()


@contextmanager
def pymodbus(port: str) -> Iterator[PeerClient]:
    """pymodbus's serial client."""
    need_package("pymodbus")
    client = _Pymodbus(port)
    try:
        yield client
    finally:
        client.client.close()  # type: ignore[no-untyped-call]


class _ModbusSerial:
    """A node process that carries out one line of JSON after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read_holding(self, address: int, count: int) -> list[int]:
        return self._asked("readHoldingRegisters", address, count)

    def read_input(self, address: int, count: int) -> list[int]:
        return self._asked("readInputRegisters", address, count)

    def write_register(self, address: int, value: int) -> None:
        self._asked("writeRegister", address, value)

    def write_registers(self, address: int, values: Sequence[int]) -> None:
        self._asked("writeRegisters", address, list(values))

    def _asked(self, name: str, *words: object) -> list[int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *words]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        found: list[int] = answer["data"]
        return found


@contextmanager
def modbus_serial(port: str) -> Iterator[PeerClient]:
    """modbus-serial's buffered RTU client, in node."""
    node, modules = need_node_package("modbus-serial")
    command = [node, str(HERE / "modbus_serial_client.js"), port, str(BAUDRATE)]
    environment = {**os.environ, "NODE_PATH": modules}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield _ModbusSerial(process)


PEER_CLIENTS: dict[str, Callable[[str], AbstractContextManager[PeerClient]]] = {
    "mbpoll": mbpoll,
    "minimalmodbus": minimalmodbus,
    "pymodbus client": pymodbus,
    "modbus-serial client": modbus_serial,
}
