"""Reading text tables strictly: every problem is collected with its row, column and remedy."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from drivers.base import BadInput, Problem
from drivers.plain_number import plain_number

# Physical plausibility: beyond the records ever measured at ground level (WMO archive: -89.2 and
# 56.7 degC; wind gusts 113 m/s; clouds' edges lift irradiance to about 1,600 W/m2 for minutes).
PLAUSIBLE = {
    "outdoor_temp_c": (-90.0, 60.0, "degC"),
    "wind_m_s": (0.0, 115.0, "m/s"),
    "ghi_w_m2": (0.0, 1600.0, "W/m2"),
}


LONGEST_SHOWN = 60
INSTANT_REMEDY = "write it like 2026-01-12T08:00:00+08:00"


@dataclass
class Findings:
    """Problems of one file, collected while it is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def add(
        self,
        message: str,
        remedy: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """Note one problem.

        Args:
            message: What is wrong.
            remedy: What to do about it.
            row: Line of the file, from 1.
            column: Name of the column.
            value: The offending text.
        """
        if value is not None and len(value) > LONGEST_SHOWN:
            value = f"{value[:LONGEST_SHOWN]}..."
        self.problems.append(
            Problem(
                file=self.file, row=row, column=column, value=value, message=message, remedy=remedy
            )
        )

    def raise_if_any(self) -> None:
        """Stop here if anything is wrong.

        Raises:
            BadInput: With every problem noted so far.
        """
        if self.problems:
            raise BadInput(self.problems)


def read_text(path: Path, findings: Findings) -> str:
    """Read a UTF-8 text file; a byte order mark and any line ends are fine.

    Args:
        path: The file.
        findings: Where problems go.

    Returns:
        Its text.

    Raises:
        BadInput: Not readable, not UTF-8, or empty.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        findings.add(f"cannot be read: {error.strerror or error}", "check the path and its rights")
        raise BadInput(findings.problems) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.add(
            "is not UTF-8 text",
            "save the file as CSV UTF-8",
            row=data.count(b"\n", 0, error.start) + 1,
            value=data[error.start : error.start + 4].hex(" "),
        )
        raise BadInput(findings.problems) from error
    if not text.strip():
        findings.add("is empty", "give a header row and at least two rows of weather")
        raise BadInput(findings.problems)
    return text


def csv_rows(text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Split comma-separated text into rows, blank lines left out.

    Args:
        text: The table.
        findings: Where problems go.

    Yields:
        Line number from 1, and the row's cells without surrounding blanks.

    Raises:
        BadInput: The text can not be split at all.
    """
    reader = csv.reader(text.splitlines(), strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            findings.add(
                f"is not a comma-separated table: {error}",
                "check the quotation marks of this row",
                row=reader.line_num,
            )
            raise BadInput(findings.problems) from error
        if any(cell.strip() for cell in cells):
            yield reader.line_num, [cell.strip() for cell in cells]


def instant(cell: str, *, row: int, findings: Findings) -> datetime | None:
    """Read an ISO 8601 instant with offset.

    Args:
        cell: The text of column `time`.
        row: Line of the file.
        findings: Where problems go.

    Returns:
        The instant in UTC, None where a problem was noted.
    """
    try:
        stamp = datetime.fromisoformat(cell)
    except ValueError:
        message = "is not an ISO 8601 time" if cell else "is missing"
    else:
        if stamp.utcoffset() is None:
            message = "has no offset from UTC"
        elif not is_of_this_age(stamp):
            message = "is not in this age"
        else:
            return stamp.astimezone(UTC)
    findings.add(message, INSTANT_REMEDY, row=row, column="time", value=cell)
    return None


def is_of_this_age(stamp: datetime) -> bool:
    """Whether an instant can be meant: far from the ends of what a calendar can count.

    Args:
        stamp: Any instant.

    Returns:
        True for the years 1901 to 2199.
    """
    return 1900 < stamp.year < 2200


def number(cell: str, *, column: str, row: int, findings: Findings) -> float:
    """Read a number and judge whether the weather can be so.

    Args:
        cell: The text.
        column: One of PLAUSIBLE.
        row: Line of the file.
        findings: Where problems go.

    Returns:
        The number, NaN where a problem was noted.
    """
    low, high, unit = PLAUSIBLE[column]
    value = plain_number(cell)
    if value is None:
        message = "is missing" if not cell else "is not a number"
        findings.add(
            message, f"give {column} in {unit} with a decimal point", row=row, column=column,
            value=cell,
        )  # fmt: skip
        return math.nan
    if not low <= value <= high:
        findings.add(
            f"is not between {low:g} and {high:g} {unit}",
            "leave the row out (up to 3 h) or correct it",
            row=row,
            column=column,
            value=cell,
        )
        return math.nan
    return value
