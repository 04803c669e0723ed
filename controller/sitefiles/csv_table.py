"""Reading one CSV table of a site into rows, with everything that is wrong with it."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.sitefiles.log import Log
from controller.sitefiles.row import Row, make_row, read_values
from controller.sitefiles.rules import Field, did_you_mean, shown
from controller.sitefiles.text_file import read_text
from drivers.base import Problem

if TYPE_CHECKING:
    import _csv


# Far more than any export has; what is above it is no table.
MOST_COLUMNS = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows.

    `sound` is False where the table as a whole could not be read. `ids` has every id with its
    line, broken rows included.
    """

    file: str
    sound: bool
    rows: tuple[Row, ...]
    ids: Mapping[str, int]

    @property
    def sure_ids(self) -> frozenset[str] | None:
        """The ids, or None where one may be missing: nothing is then concluded from its absence."""
        unsure = not self.sound or not self.rows or len(self.ids) < len(self.rows)
        return None if unsure else frozenset(self.ids)

    @property
    def whole_rows(self) -> tuple[Row, ...]:
        """The rows that can be used."""
        return tuple(row for row in self.rows if not row.broken)


def read_table(
    log: Log,
    folder: Path,
    file: str,
    fields: Mapping[str, Field],
    change: Callable[[dict[str, dict[str, object]]], list[Problem]] = lambda _: [],
) -> Table:
    """Read a table by its fields; the first field is its id.

    Args:
        log: Where errors and warnings go.
        folder: The site's folder.
        file: The table's file name.
        fields: Columns with their rules; other columns are allowed and ignored.
        change: Changes the cells of rows by their id, for a study, and says what it could not.

    Returns:
        The table, empty and not sound where the file as a whole is wrong.
    """
    nothing = Table(file, False, (), {})
    text = read_text(folder / file, file)
    if isinstance(text, Problem):
        log.errors.append(text)
        return nothing
    records = _records(log, file, text)
    if records is None:
        return nothing
    if not records:
        log.errors.append(
            Problem(file=file, message="is empty", remedy=f"write a header: {','.join(fields)}")
        )
        return nothing
    (header_line, header), *body = records
    columns = [name.strip() for name in header]
    if not _header_is_sound(log, file, header_line, columns, fields):
        return nothing
    rows: list[Row] = []
    ids: dict[str, int] = {}
    id_name = next(iter(fields))
    written = [(line, cells, _raw(columns, cells)) for line, cells in body]
    log.errors.extend(change({str(raw[id_name]): raw for _, _, raw in written if id_name in raw}))
    for line, cells, raw in written:
        row = _read_row(log, file, line, columns, cells, raw, fields)
        known = row.maybe_text(id_name)
        if known is not None and known in ids:
            log.errors.append(
                row.problem(id_name, f"stands in line {ids[known]} too", "give each its own id")
            )
            row = row.spoilt()
        elif known is not None:
            ids[known] = line
        rows.append(row)
    return Table(file, True, tuple(rows), ids)


def _records(log: Log, file: str, text: str) -> list[tuple[int, list[str]]] | None:
    """Split CSV text into records with their first line; blank records are left out."""
    records: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for line, cells in _numbered(reader):
            if any(cell.strip() for cell in cells):
                records.append((line, cells))
    except csv.Error as error:
        log.errors.append(
            Problem(
                file=file,
                row=max(reader.line_num, 1),
                message=f"is not well-formed CSV: {error}",
                remedy='check the quotes: write "..." round a cell with a comma, none inside',
            )
        )
        return None
    return records


def _numbered(reader: "_csv.Reader") -> Iterator[tuple[int, list[str]]]:
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


def _header_is_sound(
    log: Log, file: str, line: int, columns: list[str], fields: Mapping[str, Field]
) -> bool:
    """Check a header: separators, duplicates, required columns, misspelt optional ones."""

    def problem(column: str | None, message: str, remedy: str) -> Problem:
        return Problem(file=file, row=line, column=column, message=message, remedy=remedy)

    if len(columns) > MOST_COLUMNS:
        message = f"has {len(columns)} columns, more than {MOST_COLUMNS}"
        log.errors.append(problem(None, message, "keep the columns that describe the network"))
        return False
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t，；"):
        log.errors.append(problem(None, "is not separated by commas", "save it with commas"))
        return False
    required = [name for name, one in fields.items() if one.required]
    names = [name for name in columns if name]
    if not any(did_you_mean(name, names) for name in required):
        message = f"is no header of this table [{shown(','.join(columns))}]"
        log.errors.append(problem(None, message, f"begin the file with {','.join(required)}"))
        return False
    errors = [
        problem(shown(name), "is a column twice", "keep one of them")
        for name, count in sorted(Counter(names).items())
        if count > 1
    ]
    strangers = [name for name in names if name not in fields]
    for name, one in fields.items():
        if name in names or not one.required:
            continue
        near = did_you_mean(name, strangers)
        remedy = f"rename the column {shown(near)!r}" if near else "add the column"
        errors.append(problem(name, "is a required column that is missing", remedy))
    absent = [name for name, one in fields.items() if name not in names and not one.required]
    for name in strangers:
        near = did_you_mean(name, absent)
        if near:
            log.warnings.append(
                problem(
                    shown(name), "is not a known column and is ignored", f"did you mean {near}?"
                )
            )
    log.errors.extend(errors)
    return not errors


def _read_row(
    log: Log,
    file: str,
    line: int,
    columns: list[str],
    cells: list[str],
    raw: dict[str, object],
    fields: Mapping[str, Field],
) -> Row:
    """Read one record; an empty cell is a value left out."""
    extra = len(cells) - len(columns)
    if extra < 0 or any(cell.strip() for cell in cells[len(columns) :]):
        row = Row(file, line, "", {}, {}, True)
        log.errors.append(
            row.problem(
                None,
                f"has {len(cells)} cell{'' if len(cells) == 1 else 's'} under a header of "
                f"{len(columns)}",
                "give each column one cell, empty where there is nothing to say",
            )
        )
        # Its id may still be needed by others: read what stands under the header.
        values, _ = read_values(raw, fields)
        return Row(file, line, "", values, raw, True)
    return make_row(log, file=file, line=line, prefix="", raw=raw, fields=fields)


def _raw(columns: list[str], cells: list[str]) -> dict[str, object]:
    return {
        name: cell.strip()
        for name, cell in zip(columns, cells, strict=False)
        if name and cell.strip()
    }
