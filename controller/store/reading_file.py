"""Readings in a file, CSV or Parquet: what `export` has written, or another system's history."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drivers.base import Problem, Quality, Reading

COLUMNS = ("point_id", "at", "value")
QUALITY = "quality"
CSV, PARQUET = ".csv", ".parquet"
FORMATS = (CSV, PARQUET)
_BATCH = 10_000
_REMEDY = "give a table with columns point_id, at (with offset), value and, if known, quality"


@dataclass(frozen=True, kw_only=True, slots=True)
class Believable:
    """What a reading may be: least and largest good value by point, and from when to when."""

    ranges: Mapping[str, tuple[float, float]]
    since: datetime
    until: datetime


class _NoTableError(Exception):
    """The file is no table of readings; what is wrong, and where."""

    def __init__(self, message: str, *, row: int | None = None, column: str | None = None) -> None:
        self.row, self.column = row, column
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A reading and the row of the file in which it stands."""

    number: int
    reading: Reading


def rows_of(path: Path, believable: Believable) -> Iterator[list[Row] | Problem]:
    """Give a file's readings, batch by batch, and a problem for each row that is none.

    Args:
        path: Ending in .csv or .parquet.
        believable: What is no problem.

    Yields:
        Rows in the order of the file, or what is wrong with one.

    Raises:
        OSError: The file can not be read.
    """
    try:
        batch = []
        for number, cells in _table(path):
            read = _reading(path, number, cells, believable)
            if isinstance(read, Problem):
                yield read
            else:
                batch.append(Row(number=number, reading=read))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        yield batch
    except _NoTableError as error:
        yield problem_in(path, error.row, error.column, None, str(error), _REMEDY)


def problem_in(
    path: Path, row: int | None, column: str | None, value: object, message: str, remedy: str
) -> Problem:
    """Describe what is wrong with a file.

    Args:
        path: The file.
        row: The row, if it is one row's.
        column: The column, if it is one column's.
        value: What stands there, if anything.
        message: What is wrong.
        remedy: What to do.

    Returns:
        The problem.
    """
    shown = None if value is None else str(value)
    return Problem(
        file=str(path), row=row, column=column, value=shown, message=message, remedy=remedy
    )


def _table(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Give each row with its number, a CSV file's as an editor counts its lines."""
    return _parquet(path) if path.suffix == PARQUET else _csv(path)


def _csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            names = next(reader, [])
            _need_columns(names)
            for cells in reader:
                if cells and len(cells) != len(names):
                    message = f"has {len(cells)} cells, its header {len(names)}"
                    raise _NoTableError(message, row=reader.line_num)
                if cells:
                    yield reader.line_num, dict(zip(names, cells, strict=True))
        except csv.Error as error:
            raise _NoTableError(f"can not be read: {error}", row=reader.line_num) from error
        except UnicodeDecodeError as error:  # read ahead: nobody knows in which line
            raise _NoTableError(f"can not be read: it is not UTF-8 ({error.reason})") from error


def _parquet(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet

    number = 0
    try:
        file = pa.parquet.ParquetFile(path)
        _need_columns(file.schema_arrow.names)
        for batch in file.iter_batches(_BATCH):
            for cells in batch.to_pylist():
                number += 1
                yield number, cells
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise _NoTableError(f"can not be read: {str(error)[:120]}") from error


def _need_columns(names: Sequence[str]) -> None:
    for name in COLUMNS:
        if name not in names:
            raise _NoTableError("is a column that is missing", row=1, column=name)
    for name in (*COLUMNS, QUALITY):
        if names.count(name) > 1:
            raise _NoTableError("is a column that stands twice", row=1, column=name)


def _reading(
    path: Path, row: int, cells: Mapping[str, Any], believable: Believable
) -> Reading | Problem:
    point = str(cells["point_id"])
    if point not in believable.ranges:
        remedy = "import the points that points.csv has"
        return problem_in(path, row, "point_id", point, "is no point of the site", remedy)
    at = _instant(cells["at"])
    if at is None:
        remedy = "write it like 2026-01-12T00:00:00+08:00"
        return problem_in(path, row, "at", cells["at"], "is no instant with an offset", remedy)
    if at > believable.until:
        remedy = "import what has been read, not what is to come"
        return problem_in(path, row, "at", cells["at"], "is in the future", remedy)
    if at < believable.since:
        message = f"is before {believable.since:%Y-%m-%d}, longer ago than anything is kept"
        return problem_in(path, row, "at", cells["at"], message, "import later readings only")
    try:
        value = None if cells["value"] in (None, "") else float(cells["value"])
        quality = Quality(cells.get(QUALITY) or Quality.GOOD.value)
    except (ValueError, TypeError):
        remedy = f"write a number or nothing, and one of {', '.join(Quality)}"
        shown = f"{cells['value']}, {cells.get(QUALITY)}"
        return problem_in(path, row, "value", shown, "is no value with a quality", remedy)
    problem = _unbelievable(path, row, value, quality, believable.ranges[point])
    return problem or Reading(point_id=point, value=value, time=at, quality=quality)


def _unbelievable(
    path: Path, row: int, value: float | None, quality: Quality, between: tuple[float, float]
) -> Problem | None:
    """A good value is finite and what the device can measure; nothing is never good."""
    good = quality is Quality.GOOD
    if not (math.isfinite(value) if value is not None else not good):
        remedy = "write a finite number, or nothing and a quality other than good"
        shown = f"{'' if value is None else value}, {quality.value}"
        return problem_in(path, row, "value", shown, "can not be believed", remedy)
    low, high = between
    if good and value is not None and not low <= value <= high:
        message = f"is not between {low:g} and {high:g}, what the point's device can measure"
        remedy = f"correct it or its unit, or give it the quality {Quality.OUT_OF_RANGE.value}"
        return problem_in(path, row, "value", f"{value:g}", message, remedy)
    return None


def _instant(cell: object) -> datetime | None:
    try:
        text = str(cell).replace(" ", "T", 1)
        read = cell if isinstance(cell, datetime) else datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None
