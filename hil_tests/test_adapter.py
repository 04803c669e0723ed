"""The bench behind a serial adapter: two ports with a cable between them, as socat makes one."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.base import NoReply
from drivers.modbus.rtu import RtuMaster
from hil_tests.bench.wire.bus import SlaveBus
from hil_tests.bench.wire.lines import SerialLine
from hil_tests.bench.wire.log import WireLog
from tests.peers import need_program

PATIENCE_S = 10.0


class Registers:
    def __init__(self) -> None:
        self.words = {30: 850, 31: 60}

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        return [self.words.get(address + i, 0) for i in range(count)]

    def write(self, table: str, address: int, words: list[int]) -> int:
        self.words[address] = words[0]
        return 0

    def beats(self, address: int) -> bool:
        return False


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[tuple[str, str]]:
    ends = tmp_path / "bench-end", tmp_path / "engine-end"
    words = [f"pty,raw,echo=0,link={end}" for end in ends]
    process = subprocess.Popen([need_program("socat"), *words])
    try:
        give_up_s = time.monotonic() + PATIENCE_S
        while not all(end.exists() for end in ends) and time.monotonic() < give_up_s:
            time.sleep(0.02)
        yield str(ends[0]), str(ends[1])
    finally:
        process.terminate()
        process.wait()


def test_slaves_answer_behind_a_serial_port(cable: tuple[str, str]) -> None:
    slave = Registers()
    bus = SlaveBus("field", {11: slave}, WireLog(), lambda: 0.0, 1)
    line = SerialLine(bus, cable[0], baudrate=19200, parity="N", stop_bits=1)
    try:
        with RtuMaster(cable[1], baudrate=19200, timeout_s=1.0) as master:
            before = master.read_holding_registers(11, 30, 2)
            master.write_register(11, 30, 900)
            after = master.read_holding_registers(11, 30, 1)
        with RtuMaster(cable[1], baudrate=19200, timeout_s=0.2, retries=0) as master:
            with pytest.raises(NoReply):
                master.read_holding_registers(12, 30, 1)
            line.unplug()
            with pytest.raises(NoReply):
                master.read_holding_registers(11, 30, 1)
            line.plug()
            back = master.read_holding_registers(11, 30, 1)
    finally:
        line.close()
    assert (before, after, back) == ((850, 60), (900,), (900,))
