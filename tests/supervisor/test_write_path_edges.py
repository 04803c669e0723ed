"""The write path's edges against a field that is scripted read by read, journaled for real."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller.actuate import READBACK_ROUNDS, Order, Outcome, WritePath, WritePoint
from controller.store.database import Database, open_database
from controller.store.journal import Journal, Stage
from drivers.base import DriverError, NoReply, Quality, Reading, Setpoint
from tests.supervisor.conftest import NOW
from tests.supervisor.stores import fence_of

# Numbers that floating point holds exactly, so that a limit can be met to the last bit.
POINT = WritePoint(
    point_id="sp", readback_point_id="fb", min_value=-8.0, max_value=8.0, largest_step=1.5,
    tolerance=0.25, quiet_s=0.5,
)  # fmt: skip
ORDER = Order(point_id="sp", value=1.0, before=0.0, mode="advisory", actor="li")
Shown = float | Reading | DriverError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database("sqlite:///store.db", tmp_path)
    yield opened
    opened.close()


def shown(value: float | None, quality: Quality = Quality.GOOD) -> Reading:
    return Reading(point_id="fb", value=value, time=NOW, quality=quality, detail="why")


@dataclass
class Scripted:
    """Shows one value after another, the last one for ever; notes what it is told."""

    script: Sequence[Shown]
    reads: int = 0
    written: list[Setpoint] = field(default_factory=list)

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        found = self.script[min(self.reads, len(self.script) - 1)]
        self.reads += 1
        if isinstance(found, DriverError):
            raise found
        return {"fb": found if isinstance(found, Reading) else shown(found)}

    def write(self, setpoint: Setpoint) -> None:
        self.written.append(setpoint)


@dataclass
class Tried:
    outcome: Outcome
    field: Scripted
    slept: list[float]


def tried(database: Database, script: Sequence[Shown], order: Order = ORDER) -> Tried:
    scripted = Scripted(script)
    slept: list[float] = []
    path = WritePath(
        journal=Journal(database, fence_of(database)), field=scripted, points={"sp": POINT},
        clock=lambda: NOW + timedelta(seconds=1), sleep=slept.append,
    )  # fmt: skip
    return Tried(path.carry_out(order), scripted, slept)


def test_a_device_has_three_quiet_times_to_show_what_it_was_told(database: Database) -> None:
    late = tried(database, [0.0, *[0.0] * 4, 1.0, 1.0])
    assert (late.outcome.stage, late.slept) == (Stage.CONFIRMED, [0.5, 0.5, 0.5])


def test_a_device_that_takes_longer_has_not_done_it(database: Database) -> None:
    slow = tried(database, [0.0, *[0.0] * 6, 1.0])
    assert (slow.outcome.stage, slow.field.reads) == (Stage.NOT_WRITTEN, 1 + 2 * READBACK_ROUNDS)
    assert READBACK_ROUNDS == 3


def test_what_is_confirmed_is_not_read_again(database: Database) -> None:
    done = tried(database, [0.0, 1.0, 1.0])
    assert (done.outcome.stage, done.field.reads, done.slept) == (Stage.CONFIRMED, 3, [0.5])


HALF = 0.25
BAD: Shown = NoReply("silent")
FIRST_LOST: list[Shown] = [0.0, BAD, 1.0, BAD, 1.0, BAD, 1.0]
SECOND_LOST: list[Shown] = [0.0, 1.0, BAD, 1.0, BAD, 1.0, BAD]
EDGES: list[tuple[str, Sequence[Shown], Order, Stage]] = [
    ("before, a tolerance off, is as before", [HALF, 1.0], ORDER, Stage.CONFIRMED),
    ("before, more than that, is foreign", [HALF * 1.01, 1.0], ORDER, Stage.FOREIGN),
    ("a tolerance off is held already", [0.0], replace(ORDER, value=HALF), Stage.CONFIRMED),
    ("two readbacks a tolerance apart agree", [0.0, 1.25, 1.0], ORDER, Stage.CONFIRMED),
    ("more than that they do not", [0.0, 1.26, 1.0] * 3, ORDER, Stage.UNKNOWN),
    ("a tolerance above is what was told", [0.0, 1.25], ORDER, Stage.CONFIRMED),
    ("a tolerance below is what it was", [0.0, HALF], ORDER, Stage.NOT_WRITTEN),
    ("in between is foreign", [0.0, 0.5], ORDER, Stage.FOREIGN),
    ("the largest step and a tolerance", [0.0, 1.75], replace(ORDER, value=1.75), Stage.CONFIRMED),
    ("more is too large a step", [0.0], replace(ORDER, value=1.76), Stage.NOT_WRITTEN),
    ("the first of two is lost", FIRST_LOST, ORDER, Stage.UNKNOWN),
    ("the second of two is lost", SECOND_LOST, ORDER, Stage.UNKNOWN),
    ("good without a value", [shown(None)], ORDER, Stage.NOT_WRITTEN),
    ("a value that is not good", [shown(0.0, Quality.STUCK)], ORDER, Stage.NOT_WRITTEN),
]


@pytest.mark.parametrize(("name", "script", "order", "stage"), EDGES)
def test_edges(
    database: Database, name: str, script: Sequence[Shown], order: Order, stage: Stage
) -> None:
    assert tried(database, script, order).outcome.stage is stage, name


@pytest.mark.parametrize("script", [FIRST_LOST, SECOND_LOST])
def test_an_unknown_says_which_read_was_lost(database: Database, script: list[Shown]) -> None:
    assert "NoReply: silent" in tried(database, script).outcome.detail


def test_what_is_a_tolerance_off_is_held_already_and_not_written(database: Database) -> None:
    done = tried(database, [0.0], replace(ORDER, value=HALF))
    assert (done.outcome.stage, done.field.written) == (Stage.CONFIRMED, [])


def test_what_makes_no_sense_is_not_even_read(database: Database) -> None:
    done = tried(database, [0.0], replace(ORDER, value=1.76))
    assert (done.field.reads, done.field.written) == (0, [])
