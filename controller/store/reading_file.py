"""Readings in a file, CSV or Parquet: what `export` has written, or another system's history."""

import math
from collections.abc import Iterator, Mapping
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
_REMEDY = "give the columns point_id, at (with offset), value and, if known, quality"


@dataclass(frozen=True, kw_only=True, slots=True)
class Believable:
    """What a reading may be: least and largest good value by point, and from when to when."""

    ranges: Mapping[str, tuple[float, float]]
    since: datetime
    until: datetime


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
    import pyarrow as pa

    number = 1 if path.suffix == CSV else 0  # a table's header is its first row
    try:
        for batch in _batches(path):
            problem = _wrong_columns(path, batch.schema.names)
            if problem:
                yield problem
                return
            good = []
            for cells in _cells(batch):
                number += 1
                read = _reading(path, number, cells, believable)
                if isinstance(read, Problem):
                    yield read
                else:
                    good.append(Row(number=number, reading=read))
            yield good
    except pa.ArrowException as error:
        yield problem_in(path, None, None, None, f"can not be read: {str(error)[:120]}", _REMEDY)


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


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix == PARQUET:
        yield from pa.parquet.ParquetFile(path).iter_batches(_BATCH)
        return
    # As text, so that every cell that is wrong can be shown as it stands.
    names = pa.csv.open_csv(path).schema.names
    as_text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    yield from pa.csv.open_csv(path, convert_options=as_text)


def _cells(batch: Any) -> list[dict[str, Any]]:
    import pyarrow as pa

    try:
        found: list[dict[str, Any]] = batch.to_pylist()
    except (ValueError, OverflowError) as error:  # an instant that no calendar has
        raise pa.ArrowInvalid(str(error)) from error
    return found


def _wrong_columns(path: Path, names: list[str]) -> Problem | None:
    for name in COLUMNS:
        if name not in names:
            return problem_in(path, 1, name, None, "is a column that is missing", _REMEDY)
    for name in (*COLUMNS, QUALITY):
        if names.count(name) > 1:
            return problem_in(path, 1, name, None, "is a column that stands twice", _REMEDY)
    return None


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
