"""A shift's tables as a workbook, a sheet each."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from controller.report.shift_tables import Cell, Table

WIDEST = 60
# Excel takes a text that begins like this for a formula; what people type must not become one.
_FORMULA = ("=", "+", "-", "@")


def write_shift_workbook(tables: Sequence[Table], path: Path) -> None:
    """Write the workbook.

    Args:
        tables: From `shift_tables`.
        path: The file; replaced where it is there.

    Raises:
        OSError: It can not be written.
    """
    book = Workbook()
    first = book.active
    for table in tables:
        _fill(book.create_sheet(table.title[:31]), table)
    if first is not None:
        book.remove(first)
    book.save(path)


def _fill(sheet: Worksheet, table: Table) -> None:
    for column, name in enumerate(table.columns, start=1):
        sheet.cell(row=1, column=column, value=name).font = Font(bold=True)
    for number, row in enumerate(table.rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(row=number, column=column, value=_plain(value))
            if isinstance(value, datetime):
                cell.number_format = "yyyy-mm-dd hh:mm:ss"
            elif isinstance(value, str) and value.startswith(_FORMULA):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    for column, name in enumerate(table.columns, start=1):
        lengths = [len(str(row[column - 1])) for row in table.rows]
        width = min(max([2 * len(name), *lengths]) + 2, WIDEST)
        sheet.column_dimensions[get_column_letter(column)].width = width


def _plain(value: Cell) -> Cell:
    """Leave out what a workbook can not hold."""
    if isinstance(value, str):
        return "".join(c for c in value if c.isprintable())
    return value
