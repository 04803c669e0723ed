"""A shift's tables as one self-contained page that prints well."""

from collections.abc import Sequence
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from controller.report.numbers import MISSING, short_number
from controller.report.shift_facts import Shift, Stretch
from controller.report.shift_tables import Cell, Table, saying
from controller.report.shift_words import MODES, SHIFT_WORDS
from controller.report.wording import same


def shift_page(
    shift: Shift, tables: Sequence[Table], *, language: str, site_name: str, period: str
) -> str:
    """Render the page.

    Args:
        shift: The shift, for the picture of its modes.
        tables: From `shift_tables`, in the same language.
        language: One of LANGUAGES.
        site_name: The site's name.
        period: The shift's begin and end, with the zone.

    Returns:
        HTML that needs nothing from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader("controller.report", "."), autoescape=True, undefined=StrictUndefined
    )
    say = saying(language)
    return environment.get_template("shift_report.html").render(
        language=language,
        title=say(SHIFT_WORDS["title"]),
        site_name=site_name,
        period=period,
        nothing=say(SHIFT_WORDS["nothing"]),
        bars=[_bar(shift, one, say(MODES.get(one.mode, same(one.mode)))) for one in shift.modes],
        tables=[_table(table) for table in tables],
    )


def _table(table: Table) -> dict[str, object]:
    """What the template shows of a table: each cell with whether its column is one of numbers."""
    numeric = [any(isinstance(cell, float | int) for cell in cells) for cells in _columns(table)]
    return {
        "key": table.key,
        "title": table.title,
        "columns": list(zip(table.columns, numeric, strict=True)),
        "rows": [
            [(_shown(cell), number) for cell, number in zip(row, numeric, strict=True)]
            for row in table.rows
        ],
    }


def _columns(table: Table) -> Sequence[Sequence[Cell]]:
    return list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)


def _bar(shift: Shift, one: Stretch, name: str) -> dict[str, object]:
    """A stretch's place on the bar of modes, in hundredths of the shift."""
    whole = shift.until - shift.since
    left, width = (one.since - shift.since) / whole, (one.until - one.since) / whole
    return {"mode": one.mode, "name": name, "left": f"{100 * left:.3f}",
            "width": f"{100 * width:.3f}", "wide": width > 0.08}  # fmt: skip


def _shown(cell: Cell) -> str:
    if cell is None:
        return MISSING
    if isinstance(cell, datetime):
        return f"{cell:%m-%d %H:%M:%S}"
    return cell if isinstance(cell, str) else short_number(cell)
