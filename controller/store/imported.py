"""Readings from a file into the store: what `export` has written, or another system's history."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.store.database import Database
from controller.store.summaries import DAY, summarise
from controller.store.telemetry import record_readings
from drivers.base import Problem, Quality, Reading

COLUMNS = ("point_id", "at", "value")
QUALITY = "quality"
FORMATS = (".csv", ".parquet")
_BATCH = 10_000
_MOST_PROBLEMS = 20
_REMEDY = "give the columns point_id, at (with offset), value and, if known, quality"


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """How many readings a file held; `problems` is empty where all of them are in the store."""

    readings: int
    problems: tuple[Problem, ...]


def import_readings(
    database: Database, path: Path, points: frozenset[str], now: datetime
) -> Imported:
    """Put a file's readings into the store; those that are there already stay as they are.

    The whole file is read and checked first: where anything is wrong nothing is imported.

    Args:
        database: The store.
        path: Ending in .csv or .parquet, with the columns of an export of readings.
        points: The site's points; readings of others are errors.
        now: tz-aware; what is later than that nobody can have read.

    Returns:
        What was imported.

    Raises:
        OSError: The file can not be read.
        StoreUnavailable: The database failed; what was imported before it did stays.
    """
    count, problems = 0, []
    for found in _readings(path, points, now):
        if isinstance(found, Problem):
            problems.append(found)
            if len(problems) >= _MOST_PROBLEMS:
                break
        else:
            count += len(found)
    if problems:
        return Imported(readings=0, problems=tuple(problems))
    times: list[datetime] = []
    for found in _readings(path, points, now):
        assert not isinstance(found, Problem)
        with database.recording() as connection:
            record_readings(connection, found)
        instants = [one.time for one in found]
        times = [min([*times, *instants]), max([*times, *instants])] if instants else times
    if times:
        summarise(database, times[0], min(times[1] + DAY, now))
    return Imported(readings=count, problems=())


def _readings(
    path: Path, points: frozenset[str], now: datetime
) -> Iterator[list[Reading] | Problem]:
    """Give readings batch by batch, and a problem for each row that is none."""
    import pyarrow as pa

    row = 1
    try:
        for batch in _batches(path):
            absent = [name for name in COLUMNS if name not in batch.schema.names]
            if absent:
                yield _problem(path, 1, absent[0], None, "is a column that is missing", _REMEDY)
                return
            good = []
            for cells in batch.to_pylist():
                row += 1
                read = _reading(path, row, cells, points, now)
                if isinstance(read, Problem):
                    yield read
                else:
                    good.append(read)
            yield good
    except pa.ArrowInvalid as error:
        yield _problem(path, None, None, None, f"can not be read: {str(error)[:120]}", _REMEDY)


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if path.suffix == ".parquet":
        yield from pa.parquet.ParquetFile(path).iter_batches(_BATCH)
        return
    # As text, so that every cell that is wrong can be shown as it stands.
    names = pa.csv.open_csv(path).schema.names
    as_text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    yield from pa.csv.open_csv(path, convert_options=as_text)


def _reading(
    path: Path, row: int, cells: dict[str, Any], points: frozenset[str], now: datetime
) -> Reading | Problem:
    point = str(cells["point_id"])
    if point not in points:
        remedy = "import the points that points.csv has"
        return _problem(path, row, "point_id", point, "is no point of the site", remedy)
    at = _instant(cells["at"])
    if at is None:
        remedy = "write it like 2026-01-12T00:00:00+08:00"
        return _problem(path, row, "at", cells["at"], "is no instant with an offset", remedy)
    if at > now:
        remedy = "import what has been read, not what is to come"
        return _problem(path, row, "at", cells["at"], "is in the future", remedy)
    try:
        value = None if cells["value"] in (None, "") else float(cells["value"])
        quality = Quality(cells.get(QUALITY) or Quality.GOOD.value)
    except ValueError:
        remedy = f"write a number or nothing, and one of {', '.join(Quality)}"
        shown = f"{cells['value']}, {cells.get(QUALITY)}"
        return _problem(path, row, "value", shown, "is no value with a quality", remedy)
    believed = quality is not Quality.GOOD if value is None else math.isfinite(value)
    if not believed:
        remedy = "write a finite number, or nothing and a quality other than good"
        shown = f"{cells['value']}, {quality.value}"
        return _problem(path, row, "value", shown, "can not be believed", remedy)
    return Reading(point_id=point, value=value, time=at, quality=quality)


def _instant(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return cell if cell.utcoffset() is not None else cell.replace(tzinfo=UTC)
    try:
        read = datetime.fromisoformat(str(cell).replace(" ", "T", 1))
    except ValueError:
        return None
    return read.astimezone(UTC) if read.utcoffset() is not None else None


def _problem(
    path: Path, row: int | None, column: str | None, value: object, message: str, remedy: str
) -> Problem:
    return Problem(
        file=str(path),
        row=row,
        column=column,
        value=None if value is None else str(value),
        message=message,
        remedy=remedy,
    )
