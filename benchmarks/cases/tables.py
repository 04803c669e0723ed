"""What a validation reads and prints: tables of measurements, figures of ours beside peers'."""

import csv
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from optimizer.model.arrays import FloatArray


class BadTableError(Exception):
    """A table that cannot be used, with its place and what would put it right."""

    def __init__(
        self,
        file: str,
        message: str,
        remedy: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        self.problem = {
            "file": file,
            "row": row,
            "column": column,
            "value": value,
            "message": message,
            "remedy": remedy,
        }
        place = ":".join(str(part) for part in (file, row, column) if part is not None)
        shown = "" if value is None else f" [{value}]"
        super().__init__(f"{place}: {message}{shown}; {remedy}")


class Row(dict[str, str]):
    """One row of a table, which knows its file and its line there."""

    def __init__(self, cells: dict[str, str], file: str, line: int) -> None:
        super().__init__(cells)
        self.file = file
        self.line = line


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure.

    Attributes:
        case, quantity, unit: What it is of.
        ours: Our figure.
        peers: Figures of other programs by name, or the ends of their band.
        at_most, at_least: What ours must not pass, None for none.
        note: Whatever the reader needs to know.
    """

    case: str
    quantity: str
    unit: str
    ours: float
    peers: dict[str, float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether ours is where it must be: met, missed, or nothing where nothing is asked."""
        if self.at_most is None and self.at_least is None:
            return ""
        above = self.at_least is None or self.ours >= self.at_least
        below = self.at_most is None or self.ours <= self.at_most
        return "met" if above and below else "missed"


def as_json(figures: list[Figure]) -> list[dict[str, object]]:
    """Figures as plain data.

    Args:
        figures: The figures.

    Returns:
        One object each, null for what is not a number.
    """
    rows = []
    for figure in figures:
        row: dict[str, object] = asdict(figure)
        row["verdict"] = figure.verdict
        row["ours"] = figure.ours if math.isfinite(figure.ours) else None
        rows.append(row)
    return rows


def as_markdown(figures: list[Figure]) -> str:
    """Figures as one table.

    Args:
        figures: The figures.

    Returns:
        Markdown.
    """
    lines = [
        "| case | quantity | ours | asked | | peers | note |",
        "|---|---|---|---|---|---|---|",
    ]
    for figure in figures:
        peers = ", ".join(f"{name} {_short(value)}" for name, value in figure.peers.items())
        lines.append(
            f"| {figure.case} | {figure.quantity}, {figure.unit} | {_short(figure.ours)} "
            f"| {_asked(figure)} | {figure.verdict} | {peers} | {figure.note} |"
        )
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def _asked(figure: Figure) -> str:
    if figure.at_least is not None and figure.at_most is not None:
        return f"{_short(figure.at_least)} to {_short(figure.at_most)}"
    if figure.at_most is not None:
        return f"<= {_short(figure.at_most)}"
    return f">= {_short(figure.at_least)}" if figure.at_least is not None else ""


def rmse(ours: FloatArray, measured: FloatArray) -> float:
    """Root of the mean squared difference.

    Args:
        ours: Values.
        measured: What they should be.

    Returns:
        The error, in their unit; not a number where there is nothing to compare.
    """
    if len(measured) == 0:
        return math.nan
    return float(np.sqrt(np.mean((ours - measured) ** 2)))


def read_rows(path: Path) -> list[Row]:
    """Rows of a CSV file.

    Args:
        path: The file.

    Returns:
        One dictionary a row, keys stripped of blanks.

    Raises:
        BadTableError: If the file cannot be read, has no rows, or one unlike the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", restval=None)
            lines = [(reader.line_num, cells) for cells in reader]
    except OSError as error:
        problem = error.strerror or str(error)
        raise BadTableError(str(path), problem, "the case needs this file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTableError(str(path), f"no CSV in UTF-8: {error}", "save it as such") from error
    if not lines:
        raise BadTableError(str(path), "the table has no rows", "give it a header and rows")
    for number, cells in lines:
        if "" in cells or None in cells.values():
            message = "the row has not as many cells as the header"
            raise BadTableError(str(path), message, "complete or remove it", row=number)
    return [Row({k.strip(): v for k, v in cells.items()}, str(path), n) for n, cells in lines]


def column(rows: list[Row], name: str) -> FloatArray:
    """A column of numbers.

    Args:
        rows: The rows, at least one.
        name: Which column.

    Returns:
        The values, finite.

    Raises:
        BadTableError: If there is no such column, or a cell of it is no finite number.
    """
    return np.array([number(row, name) for row in rows])


def text(row: Row, name: str) -> str:
    """One cell.

    Args:
        row: The row.
        name: Which column.

    Returns:
        What stands there.

    Raises:
        BadTableError: If there is no such column.
    """
    if name not in row:
        raise BadTableError(row.file, f"there is no column {name}", f"there are {', '.join(row)}")
    return row[name]


def number(row: Row, name: str) -> float:
    """One cell that holds a number.

    Args:
        row: The row.
        name: Which column.

    Returns:
        The number, finite.

    Raises:
        BadTableError: If there is no such column, or no finite number in it.
    """
    try:
        value = float(text(row, name))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message, remedy = "is no number", "give a finite number or remove the row"
        raise BadTableError(row.file, message, remedy, row=row.line, column=name, value=row[name])
    return value


def instants(rows: list[Row], name: str) -> FloatArray:
    """A column of instants.

    Args:
        rows: The rows.
        name: Which column.

    Returns:
        The instants, never falling.

    Raises:
        BadTableError: If there are fewer than two or they fall.
    """
    values = column(rows, name)
    if len(values) < 2:
        message = "fewer than two rows belong together"
        raise BadTableError(rows[0].file, message, "add rows", row=rows[0].line, column=name)
    falls = np.flatnonzero(np.diff(values) < 0.0)
    if len(falls):
        row = rows[int(falls[0]) + 1]
        raise BadTableError(
            row.file,
            "is before the row above",
            "sort the rows by time",
            row=row.line,
            column=name,
            value=row[name],
        )
    return values
