"""Readings from a file into the store: all of them, or none where one is wrong."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from controller.store.database import Database
from controller.store.reading_file import Believable, Row, problem_in, rows_of
from controller.store.summaries import DAY, summarise
from controller.store.tables import EPOCH, MICROSECOND
from controller.store.telemetry import record_readings
from drivers.base import Problem

_MOST_PROBLEMS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """How many readings a file held, and how many of them the store had not.

    `problems` is empty where all of them are in the store.
    """

    readings: int
    new: int
    problems: tuple[Problem, ...]


def import_readings(database: Database, path: Path, believable: Believable) -> Imported:
    """Put a file's readings into the store; those that are there already stay as they are.

    The whole file is read and checked first: where anything is wrong nothing is imported.

    Args:
        database: The store.
        path: Ending in .csv or .parquet, with the columns of an export of readings.
        believable: The site's points with what each can be; anything else is an error.

    Returns:
        What was imported.

    Raises:
        OSError: The file can not be read.
        StoreUnavailable: The database failed; what was imported before it did stays.
    """
    problems = tuple(_problems(path, believable))
    if problems:
        return Imported(readings=0, new=0, problems=problems)
    count, new = 0, 0
    times: list[datetime] = []
    for found in rows_of(path, believable):
        assert not isinstance(found, Problem)
        with database.recording() as connection:
            new += record_readings(connection, [row.reading for row in found])
        count += len(found)
        instants = [row.reading.time for row in found]
        times = [min([*times, *instants]), max([*times, *instants])] if instants else times
    if times:
        summarise(database, times[0], min(times[1] + DAY, believable.until))
    return Imported(readings=count, new=new, problems=())


def _problems(path: Path, believable: Believable) -> Iterator[Problem]:
    """The first problems of a file, and how many more rows are wrong."""
    found = _every_problem(path, believable)
    yield from islice(found, _MOST_PROBLEMS)
    if more := sum(1 for _ in found):
        rows = "1 more row is wrong" if more == 1 else f"{more} more rows are wrong"
        remedy = "see whether the ones above have a common cause; nothing was imported"
        yield problem_in(path, None, None, None, rows, remedy)


def _every_problem(path: Path, believable: Believable) -> Iterator[Problem]:
    """The problems of a file, row by row, then readings that stand there twice."""
    instants: dict[str, _Instants] = defaultdict(_Instants)
    for found in rows_of(path, believable):
        if isinstance(found, Problem):
            yield found
        else:
            for row in found:
                instants[row.reading.point_id].add(row)
    for point_id, seen in instants.items():
        for first, second, at in seen.repeated():
            message = f"is a second reading of {point_id} at this instant; row {first} is another"
            yield problem_in(path, second, "at", at.isoformat(), message, "leave one of them")


@dataclass(slots=True)
class _Instants:
    """When a point was read, and in which rows: years of it, so in few bytes."""

    at_us: "array[int]" = field(default_factory=lambda: array("q"))
    rows: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, row: Row) -> None:
        """Take a row in."""
        self.at_us.append((row.reading.time - EPOCH) // MICROSECOND)
        self.rows.append(row.number)

    def repeated(self) -> Iterator[tuple[int, int, datetime]]:
        """Give pairs of rows of the same instant, and the instant."""
        at, rows = np.frombuffer(self.at_us, np.int64), np.frombuffer(self.rows, np.int64)
        order = np.argsort(at, kind="stable")
        for place in np.flatnonzero(np.diff(at[order]) == 0):
            first, second = rows[order[place]], rows[order[place + 1]]
            yield int(first), int(second), EPOCH + int(at[order[place]]) * MICROSECOND
