"""Commands by the hundred thousand under faults: none wrong, none double, none unjournaled.

The real write path and the real journal on SQLite, with a device that loses, refuses, delays and
forgets by chance, people at its panel, and a store that fails. The device's own record is the
judge. `python -m tests.trust.commands --commands 1000000` is the soak: runs of a hundred thousand,
each with its own seed and a new store, summed up; what the minutes do not suffice for is said.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, func, select

from controller.actuate import Order, WritePath
from controller.store.errors import IntentOpen, StoreUnavailable
from controller.store.journal import Intent, Journal, Stage
from controller.store.tables import JOURNAL
from drivers.base import (
    DeviceRefused,
    GarbledReply,
    NoReply,
    PortLost,
    Quality,
    Reading,
    Setpoint,
    UnknownOutcome,
)
from tests.supervisor.plant_on_wire import BACK, POINT, SETPOINT, engine_store

AT = datetime(2026, 1, 16, tzinfo=UTC)
STEP, LEAST, MOST = 0.5, 70.0, 105.0
# A device carries a write out within its quiet time: before the last pair of readbacks.
MOST_READS_LATE = 4
BAD_READS = (NoReply, GarbledReply, PortLost)
NO_ANSWER = (NoReply, GarbledReply, UnknownOutcome)


@dataclass
class Device:
    """A controller and its line; `share` is how often each kind of fault comes."""

    chance: random.Random
    share: float
    held: float = 90.0
    asked: list[float] = field(default_factory=list)  # writes on the wire, since it was cleared
    panel: bool = False  # whether somebody has set another value, since it was cleared
    pending: tuple[int, float] | None = None
    intended: Intent | None = None

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        assert point_ids == [BACK]
        if self.pending is not None:
            left, value = self.pending
            self.pending = (left - 1, value) if left > 0 else None
            self.held = value if left <= 0 else self.held
        if self._befalls():
            raise self.chance.choice(BAD_READS)("by chance")
        good = not self._befalls()
        quality = Quality.GOOD if good else self.chance.choice([Quality.DISAGREEING, Quality.STALE])
        return {BACK: Reading(point_id=BACK, value=self.held, time=AT, quality=quality)}

    def write(self, setpoint: Setpoint) -> None:
        intent = self.intended
        assert intent is not None, "unjournaled: written without a durable intent"
        assert (setpoint.point_id, setpoint.value) == (SETPOINT, intent.value), "wrong"
        self.asked.append(setpoint.value)
        assert len(self.asked) == 1, "double"
        kind = self.chance.choice(("lost before", "refused", "lost after", "late", "panel", "port"))
        if not self._befalls():
            self.held = setpoint.value
        elif kind == "lost before":
            raise self.chance.choice(NO_ANSWER)("by chance")
        elif kind == "refused":
            raise DeviceRefused(self.chance.choice((1, 2, 3, 4)))
        elif kind == "port":
            raise PortLost("before anything was sent")
        elif kind == "late":
            self.pending = (self.chance.randrange(1, MOST_READS_LATE), setpoint.value)
            raise UnknownOutcome("by chance")
        else:
            self.held = setpoint.value
            if kind == "panel":
                self.set_at_panel()
            raise self.chance.choice(NO_ANSWER)("by chance")

    def set_at_panel(self) -> None:
        self.held = round(self.chance.uniform(LEAST, MOST), 1)
        self.panel = True

    def _befalls(self) -> bool:
        return self.chance.random() < self.share


class FailingJournal:
    """The real journal in a store that fails now and then, before or after it has kept a row."""

    def __init__(self, journal: Journal, device: Device) -> None:
        self.real, self.device = journal, device

    def intend(self, intent: Intent, now: datetime) -> None:
        self._fail()
        self.real.intend(intent, now)
        self._fail()
        self.device.intended = intent

    def settle(
        self, intent: Intent, stage: Stage, readback: float | None, detail: str, now: datetime
    ) -> None:
        self._fail()
        self.real.settle(intent, stage, readback, detail, now)

    def open_intents(self) -> tuple[Intent, ...]:
        return self.real.open_intents()

    def _fail(self) -> None:
        if self.device.chance.random() < self.device.share / 10.0:
            raise StoreUnavailable("no room, by chance")


def run(commands: int, seed: int, share: float, folder: Path) -> Counter[str]:
    """Carry out so many commands; give how many ended how. Whatever must not be is asserted."""
    chance = random.Random(seed)
    device = Device(chance, share)
    database, journal = engine_store(folder)
    failing = FailingJournal(journal, device)
    path = WritePath(journal=failing, field=device, points={SETPOINT: POINT},
                     clock=lambda: AT, sleep=lambda _seconds: None)  # fmt: skip
    counts: Counter[str] = Counter()
    try:
        for _ in range(commands):
            counts[_one(path, failing, device, chance)] += 1
        with database.reading() as connection:
            _check_journal(connection)
    finally:
        database.close()
    return counts


def _one(path: WritePath, journal: FailingJournal, device: Device, chance: random.Random) -> str:
    """One command, what came of it, and whether that is true."""
    before = device.held
    value = round(min(max(before + chance.choice((-STEP, STEP)), LEAST), MOST), 1)
    device.asked, device.panel, device.intended = [], False, None
    if chance.random() < device.share:
        device.set_at_panel()  # between the guard's look and the write
    order = Order(point_id=SETPOINT, value=value, before=before, mode="auto", actor="engine")
    try:
        stage = path.carry_out(order).stage
    except StoreUnavailable:
        if device.intended is None:
            assert device.asked == [], "unjournaled"
        stage = Stage.UNKNOWN
    if journal.open_intents():
        _is_blocked(path, order, device)
        stage = _resolve(path, journal)
    _is_true(stage, device, before, value)
    return stage.value


def _is_blocked(path: WritePath, order: Order, device: Device) -> None:
    """A point with an open write takes no second one."""
    asked = len(device.asked)
    try:
        path.carry_out(order)
        raise AssertionError("a second write of a point that is open")
    except (IntentOpen, StoreUnavailable):
        assert len(device.asked) == asked, "double"


def _resolve(path: WritePath, journal: FailingJournal) -> Stage:
    """As the engine does after a failure or a restart: read until it is known."""
    while True:
        try:
            outcomes = path.resolve_open()
        except StoreUnavailable:
            continue
        if not journal.open_intents():
            return outcomes[-1].stage


def _is_true(stage: Stage, device: Device, before: float, value: float) -> None:
    same = {Stage.CONFIRMED: value, Stage.NOT_WRITTEN: before}
    if stage in same and not (device.panel and stage is Stage.NOT_WRITTEN):
        assert abs(device.held - same[stage]) <= POINT.tolerance, f"wrong: {stage} {device}"
    if stage is Stage.FOREIGN:
        assert device.panel, f"wrong: nobody was at the panel, {device}"
    assert stage is not Stage.UNKNOWN or device.asked == []
    assert device.pending is None, "the device was not given its quiet time"


def _check_journal(connection: Connection) -> None:
    """Each intent stands once, and ends once."""
    of_stage = JOURNAL.c.stage == Stage.INTENT.value
    for wanted in (of_stage, ~of_stage & (JOURNAL.c.stage != Stage.UNKNOWN.value)):
        twice = (
            select(JOURNAL.c.intent_id)
            .where(wanted)
            .group_by(JOURNAL.c.intent_id)
            .having(func.count() > 1)
        )
        assert connection.execute(twice).first() is None


def soak(told: argparse.Namespace) -> Counter[str]:
    """Carry out run after run, the first seed and those after it, until done or time is up."""
    ends_s = time.monotonic() + 60.0 * told.minutes
    counts: Counter[str] = Counter()
    seed = told.seed
    while counts.total() < told.commands and time.monotonic() < ends_s:
        with tempfile.TemporaryDirectory(dir=told.folder) as folder:
            some = min(told.each, told.commands - counts.total())
            counts += run(some, seed, told.share, Path(folder))
        sys.stdout.write(f"{counts.total()} of {told.commands}, seed {seed}: {dict(counts)}\n")
        sys.stdout.flush()
        seed += 1
    return counts


def main() -> int:
    """Soak; exit code 1 where time was up before all was done."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--each", type=int, default=100_000, help="commands of one seed")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--share", type=float, default=0.1, help="how often each fault comes")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after these")
    parser.add_argument("--folder", help="for the stores; in memory it is twice as fast")
    told = parser.parse_args()
    began_s = time.process_time()
    counts = soak(told)
    done = counts.total()
    about = {"asked": told.commands, "commands": done, "seed": told.seed, "share": told.share}
    spent_s = round(time.process_time() - began_s)
    none = dict.fromkeys(("wrong", "double", "unjournaled"), 0)  # else it had ended before
    sys.stdout.write(json.dumps({**about, **counts, **none, "cpu_s": spent_s}) + "\n")
    return 0 if done == told.commands else 1


if __name__ == "__main__":
    sys.exit(main())
