"""`heatwarden bus` as a user types it, and a device behind a pseudo-terminal for it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.fieldtools.audit_file import first_broken_line
from tests.drivers.wire import Registers, Slave, slave_on_pty

SETPOINT = 10  # of plant-plc: holding, int16, 0.1 degC


@dataclass
class Bench:
    port: str
    slave: Slave
    audit: Path
    registers: Registers

    def run(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "controller.cli", "bus", *words]
        return subprocess.run(
            command, input=answer, capture_output=True, text=True, timeout=60, check=False
        )

    def plc(self, action: str, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        line = ("--port", self.port, "--baudrate", "19200", "--unit", "1", "--timeout", "0.3")
        return self.run(action, *line, "--profile", "plant-plc", *words, answer=answer)

    def write(self, *words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return self.plc("write", "--audit", str(self.audit), *words, answer=answer)

    @contextmanager
    def started(self, action: str, *words: str) -> Iterator[subprocess.Popen[str]]:
        """The command still running, Ctrl-C as in a terminal, whatever started the tests."""
        start = (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from controller.cli import main; sys.exit(main())"
        )
        line = ("--port", self.port, "--baudrate", "19200", "--unit", "1", "--timeout", "0.3")
        audit = ("--audit", str(self.audit)) if action == "write" else ()
        command = [sys.executable, "-c", start, "bus", action, *line, "--profile", "plant-plc"]
        with subprocess.Popen(
            [*command, *audit, *words], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    @staticmethod
    def await_question(process: subprocess.Popen[str]) -> None:
        """Wait until a write asks for its confirmation."""
        assert process.stderr is not None
        asked = ""
        while not asked.endswith("type yes: "):
            more = process.stderr.read(1)
            assert more, asked
            asked += more

    def audited(self) -> list[tuple[str, str | None]]:
        assert first_broken_line(self.audit) is None
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [(line["stage"], line.get("outcome")) for line in lines]

    def writes(self) -> int:
        return sum(frame[1] in (5, 6, 15, 16) for frame in self.slave.heard)


@contextmanager
def bench_on_pty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Yield a device as plant-plc describes it; locks and audit lie in the folder."""
    monkeypatch.setenv("HEATWARDEN_LOCK_DIR", str(folder))
    monkeypatch.setenv("HEATWARDEN_STATE_DIR", str(folder))
    registers = Registers()
    registers.input[100:102] = [954, 487]
    registers.holding[SETPOINT] = 900
    with slave_on_pty({1: registers}) as (port, slave):
        yield Bench(port, slave, folder / "audit.jsonl", registers)
