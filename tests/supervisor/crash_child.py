"""An engine's write that is killed by SIGKILL at a chosen step; started anew for each try.

Run as a module, it reads a line of JSON per try from standard input, forks, and lets the child do
one write with the real store, the real drivers and the device on the pseudo-terminal; it answers
each line with the child's exit status. Nothing heavy is imported twice.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from controller.actuate import FieldPort
from controller.store.journal import Intent, Journal, Stage
from drivers.base import Reading, Setpoint
from tests.supervisor.plant_on_wire import engine_store, field_at, order, write_path

# The calls that one undisturbed write makes, in order, and the moments around them.
CALLS = ("intend", "preread", "write", "readback", "readback again", "settle")
STEPS = (
    *(f"{moment} {call}" for call in CALLS for moment in ("before", "after")),
    "before commit of intend",
    "before commit of settle",
    "while the device takes it",
    "while the device answers",
    "never",
)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Doomed:
    """Counts the calls of a write and dies at the chosen one."""

    def __init__(self, step: str, journal: Journal, field: FieldPort) -> None:
        self.step = step
        self.journal = journal
        self.field = field
        self.reads = 0
        self.call = ""

    def around(self, call: str, work: Callable[[], Any]) -> Any:
        self.call = call
        if self.step == f"before {call}":
            die()
        result = work()
        if self.step == f"after {call}":
            die()
        return result

    def before_commit(self, _connection: object) -> None:
        if self.step == f"before commit of {self.call}":
            die()

    def intend(self, intent: Intent, now: datetime) -> None:
        self.around("intend", lambda: self.journal.intend(intent, now))

    def settle(
        self, intent: Intent, stage: Stage, readback: float | None, detail: str, now: datetime
    ) -> None:
        self.around("settle", lambda: self.journal.settle(intent, stage, readback, detail, now))

    def open_intents(self) -> tuple[Intent, ...]:
        return self.journal.open_intents()

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        call = ("preread", "readback", "readback again")[self.reads]
        self.reads += 1
        found: Mapping[str, Reading] = self.around(call, lambda: self.field.read(point_ids))
        return found

    def write(self, setpoint: Setpoint) -> None:
        self.around("write", lambda: self.field.write(setpoint))


def one_write(task: Mapping[str, Any]) -> None:
    database, journal = engine_store(Path(task["folder"]), task["url"])
    with field_at(task["port"]) as field:
        doomed = Doomed(task["step"], journal, field)
        event.listen(database.core, "commit", doomed.before_commit)
        write_path(doomed, doomed).carry_out(order(task["value"], task["before"]))
    database.close()


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            one_write(json.loads(line))
            os._exit(0)
        # The test must know whom to kill before the child may begin to write: it writes after
        # having opened store and port, long after this line.
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
