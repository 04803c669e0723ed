"""The files of a shift's report."""

from pathlib import Path
from zoneinfo import ZoneInfo

from controller.report.numbers import zone_label
from controller.report.shift_facts import Shift
from controller.report.shift_page import shift_page
from controller.report.shift_tables import saying, shift_tables
from controller.report.shift_words import SHIFT_WORDS
from controller.report.shift_workbook import write_shift_workbook
from controller.site import Site


def write_shift(shift: Shift, site: Site, language: str, folder: Path) -> tuple[Path, Path]:
    """Write a shift as a page and a workbook.

    Args:
        shift: The shift.
        site: Its site.
        language: zh or en.
        folder: Made where it is missing; files of the same end are replaced.

    Returns:
        The page and the workbook.

    Raises:
        OSError: They can not be written.
    """
    zone = ZoneInfo(site.timezone)
    since, until = shift.since.astimezone(zone), shift.until.astimezone(zone)
    tables = shift_tables(shift, site, language)
    local = saying(language)(SHIFT_WORDS["all_times"])
    text = shift_page(
        shift,
        tables,
        language=language,
        site_name=site.name,
        period=f"{since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} "
        f"({zone_label(until, zone)}; {local})",
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"shift-{until:%Y%m%d-%H%M}-{language}"
    page, workbook = folder / f"{stem}.html", folder / f"{stem}.xlsx"
    page.write_text(text, encoding="utf-8")
    write_shift_workbook(tables, workbook)
    return page, workbook
