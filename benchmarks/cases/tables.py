"""What a validation prints: figures of ours beside those of peers."""

import csv
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from optimizer.model.arrays import FloatArray


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
        The error, in their unit.
    """
    return float(np.sqrt(np.mean((ours - measured) ** 2)))


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file.

    Args:
        path: The file.

    Returns:
        One dictionary a row, keys stripped of blanks.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{k.strip(): v for k, v in row.items()} for row in csv.DictReader(file)]


def column(rows: list[dict[str, str]], name: str) -> FloatArray:
    """A column of numbers; what is empty is not a number.

    Args:
        rows: The rows.
        name: Which column.

    Returns:
        The values.
    """
    return np.array([float(row[name]) if row[name] else math.nan for row in rows])
