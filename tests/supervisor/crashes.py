"""Kill an engine at every step of a write, start it again, and see that nothing was lost.

The suite does it a few times a step; `python -m tests.supervisor.crashes --times 200` is the soak.
"""

import argparse
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.store.audit import verify_audit
from controller.store.journal import Stage
from tests.drivers.wire import Fault, Registers, Slave, slave_on_pty
from tests.supervisor.crash_child import STEPS
from tests.supervisor.plant_on_wire import REGISTER, SQLITE, engine_store, field_at, write_path

ROOT = Path(__file__).parents[2]
WRITES = (6, 16)


class Kitchen:
    """The device, the store's folder and the process that forks engines."""

    def __init__(
        self, folder: Path, url: str, port: str, slave: Slave, registers: Registers
    ) -> None:
        self.folder, self.url, self.port = folder, url, port
        self.slave, self.registers = slave, registers
        self.forker = subprocess.Popen(
            [sys.executable, "-m", "tests.supervisor.crash_child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.value = 90.0
        registers.holding[REGISTER] = 900

    def close(self) -> None:
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        self.forker.stdin.close()
        self.forker.wait(10)
        self.forker.stdout.close()

    def run(self, step: str, value: float) -> int:
        """Let a new engine write a value and die at a step; give its exit code."""
        task = {"folder": str(self.folder), "url": self.url, "port": self.port, "step": step,
                "value": value, "before": self.value}  # fmt: skip
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        child: list[int] = []
        self.slave.always = self._killing(step, child)
        self.forker.stdin.write(json.dumps(task) + "\n")
        self.forker.stdin.flush()
        child.append(int(self.forker.stdout.readline()))
        code = int(self.forker.stdout.readline())
        self.slave.always = None
        return code

    def _killing(self, step: str, child: list[int]) -> Fault:
        """Kill the engine while its write is on the wire, before or after the device took it."""
        before = self.registers.holding[REGISTER]

        def fault(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
            if request[1] in WRITES and step.startswith("while the device"):
                if step.endswith("takes it"):
                    self.registers.holding[REGISTER] = before
                os.kill(child[0], signal.SIGKILL)
            return [(0.0, reply)]

        return fault


@dataclass(frozen=True)
class Found:
    """What a restart found after a try."""

    step: str
    killed: bool
    writes: tuple[float, ...]
    resolved: tuple[Stage, ...]
    held: float
    stages: tuple[Stage, ...]


@contextmanager
def kitchen(folder: Path, url: str = SQLITE) -> Iterator[Kitchen]:
    registers = Registers()
    with slave_on_pty({1: registers}) as (port, slave):
        opened = Kitchen(folder, url, port, slave, registers)
        try:
            yield opened
        finally:
            opened.close()


def one_try(one: Kitchen, step: str) -> Found:
    """Write, die, restart, resolve; what must hold of every try is asserted here."""
    if one.value >= 100.0:  # brought back by hand
        one.value = 90.0
        one.registers.holding[REGISTER] = 900
    value = round(one.value + 1.0, 1)
    began = datetime.now(UTC)
    one.slave.heard.clear()
    killed = one.run(step, value) == -signal.SIGKILL
    writes = tuple(_written(frame) for frame in one.slave.heard if frame[1] in WRITES)
    one.slave.heard.clear()
    database, journal = engine_store(one.folder, one.url)
    with field_at(one.port) as field:
        resolved = write_path(journal, field).resolve_open()
    held = one.registers.holding[REGISTER] / 10
    found = Found(
        step=step,
        killed=killed,
        writes=writes,
        resolved=tuple(outcome.stage for outcome in resolved),
        held=held,
        stages=tuple(row.stage for row in journal.rows(since=began)),
    )
    assert [f for f in one.slave.heard if f[1] in WRITES] == [], f"{found}: written on restart"
    assert len(writes) <= 1, f"{found}: written twice"
    assert all(written == value for written in writes), f"{found}: not what was ordered"
    assert journal.open_intents() == (), f"{found}: not resolved"
    if writes:
        assert found.stages[:1] == (Stage.INTENT,), f"{found}: unjournaled"
    confirmed = found.stages[-1:] == (Stage.CONFIRMED,)
    assert confirmed == (held == value), f"{found}: falsely confirmed, or lost"
    with database.reading() as connection:
        assert verify_audit(connection).broken_at is None
    database.close()
    one.value = held
    return found


def _written(frame: bytes) -> float:
    at = 4 if frame[1] == 6 else 7
    return float(struct.unpack(">H", frame[at : at + 2])[0]) / 10


def main() -> None:
    """Soak: every step many times, on one store that grows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, kitchen(Path(folder)) as one:
        for number in range(times):
            for step in STEPS:
                found = one_try(one, step)
                assert found.killed == (step != "never"), found
                counts[step] += 1
            sys.stdout.write(f"{number + 1} of {times}\r")
            sys.stdout.flush()
    total = sum(counts.values())
    sys.stdout.write(f"{total} kills at {len(STEPS)} steps: nothing lost, nothing written twice, "
                     "nothing unjournaled, nothing falsely confirmed\n")  # fmt: skip


if __name__ == "__main__":
    main()
