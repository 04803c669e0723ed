"""Typical years: EnergyPlus weather files (EPW) and their reduced hourly tables.

Both stamp the END of each hour in local standard time: the temperature is that of the stamp, the
irradiance is the mean of the hour before it. Both end where they begin, so the hour after the last
stamp is the year's first.

Source: EnergyPlus Auxiliary Programs, "Weather Data (EPW) File": hour 1 is 00:01 to 01:00, missing
values 99.9 (temperature), 999 (wind), 9999 (irradiance).
"""

import calendar
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from drivers.base import BadInput, WeatherSeries
from drivers.weather.table import Findings, csv_rows, number, read_text

TYPICAL_YEAR_HEADER = "month,day,hour_end,T_dry_C"
EPW_HEADER_LINES = 8
_EPW_COLUMNS = {"month": 1, "day": 2, "hour": 3, "outdoor_temp_c": 6, "ghi_w_m2": 13,
                "wind_m_s": 21}  # fmt: skip
_EPW_CELLS = 32
_TABLE_COLUMNS = {"month": "month", "day": "day", "hour": "hour_end", "outdoor_temp_c": "T_dry_C",
                  "ghi_w_m2": "GHI_W_m2", "wind_m_s": "wind_m_s"}  # fmt: skip
QUANTITIES = ("outdoor_temp_c", "wind_m_s", "ghi_w_m2")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hour:
    """One row: the hour that ends at `hour` (1 to 24) of a day of no particular year."""

    row: int
    month: int
    day: int
    hour: int
    values: dict[str, float]


def read_epw(
    path: Path | str,
    *,
    year: int | None,
    last_year: int | None = None,
    issue_time: datetime | None = None,
    utc_offset_h: float | None = None,
) -> WeatherSeries:
    """Read an EnergyPlus weather file, laid on a calendar year.

    Args:
        path: The file.
        year: The year to lay it on.
        last_year: The last of several to lay it on; the same when None.
        issue_time: When it counts as known, tz-aware; the first instant when None.
        utc_offset_h: Offset of its stamps, h; that of its LOCATION line when None.

    Returns:
        Hourly series from 01:00 local standard time on 1 January to the end of the last.

    Raises:
        BadInput: With every problem of the file.
    """
    path = Path(path)
    findings = Findings(str(path))
    rows = list(csv_rows(read_text(path, findings), findings))
    offset_h = utc_offset_h
    if not rows or rows[0][1][0].upper() != "LOCATION" or len(rows) <= EPW_HEADER_LINES:
        findings.add("is not an EPW file", "an EPW begins with LOCATION and 7 more header lines")
    elif offset_h is None:
        offset_h = _epw_offset_h(rows[0], findings)
    findings.raise_if_any()
    hours = []
    for row, cells in rows[EPW_HEADER_LINES:]:
        if len(cells) < _EPW_CELLS:
            findings.add(
                f"has {len(cells)} cells instead of at least {_EPW_CELLS}",
                "restore the row from the original file",
                row=row,
            )
            continue
        hours.append(_hour(row, cells, _EPW_COLUMNS, findings))
    return _laid_on(path, hours, (year, last_year), offset_h, issue_time, findings)


def read_typical_year(
    path: Path | str,
    *,
    year: int | None,
    last_year: int | None = None,
    issue_time: datetime | None = None,
    utc_offset_h: float | None = None,
) -> WeatherSeries:
    """Read an hourly typical year (month, day, hour_end, T_dry_C, GHI_W_m2, wind_m_s).

    Args:
        path: The file.
        year: The year to lay it on.
        last_year: The last of several to lay it on; the same when None.
        issue_time: When it counts as known, tz-aware; the first instant when None.
        utc_offset_h: Offset of its stamps, h; `tz` of an `index.csv` beside it when None.

    Returns:
        Hourly series from 01:00 local standard time on 1 January to the end of the last.

    Raises:
        BadInput: With every problem of the file.
    """
    path = Path(path)
    findings = Findings(str(path))
    rows = csv_rows(read_text(path, findings), findings)
    header_row, header = next(rows)
    columns = {}
    for name, column in _TABLE_COLUMNS.items():
        if column in header:
            columns[name] = header.index(column)
        else:
            findings.add("is missing in the header", "restore the column", row=header_row,
                         column=column)  # fmt: skip
    findings.raise_if_any()
    hours = []
    for row, cells in rows:
        if len(cells) != len(header):
            findings.add(
                f"has {len(cells)} cells where the header has {len(header)}",
                "give each column a cell",
                row=row,
            )
            continue
        hours.append(_hour(row, cells, columns, findings))
    offset_h = _index_offset_h(path) if utc_offset_h is None else utc_offset_h
    return _laid_on(path, hours, (year, last_year), offset_h, issue_time, findings)


def _epw_offset_h(location: tuple[int, list[str]], findings: Findings) -> float | None:
    row, cells = location
    try:
        return float(cells[8])
    except (IndexError, ValueError):
        findings.add("LOCATION gives no time zone", "give it as the ninth cell, in h", row=row)
        return None


def _index_offset_h(path: Path) -> float | None:
    """The offset that an index beside the file gives, None where there is none."""
    try:
        with (path.parent / "index.csv").open(encoding="utf-8-sig", newline="") as index:
            for entry in csv.DictReader(index):
                if entry.get("file") == path.name:
                    return float(entry["tz"])
    except (OSError, ValueError, KeyError):
        return None
    return None


def _hour(row: int, cells: list[str], columns: dict[str, int], findings: Findings) -> _Hour:
    """Read one row; 0 stands for a stamp that was noted as a problem."""
    stamp = {}
    for name, low, high in (("month", 1, 12), ("day", 1, 31), ("hour", 1, 24)):
        cell = cells[columns[name]]
        try:
            stamp[name] = int(float(cell))
        except (ValueError, OverflowError):
            stamp[name] = 0
        if not low <= stamp[name] <= high:
            findings.add(
                f"is not between {low} and {high}", "hours count from 1 to 24 and end at the stamp",
                row=row, column=name, value=cell,
            )  # fmt: skip
            stamp[name] = 0
    values = {
        name: number(cells[columns[name]], column=name, row=row, findings=findings)
        for name in QUANTITIES
    }
    return _Hour(row=row, values=values, **stamp)


def _laid_on(
    path: Path,
    hours: list[_Hour],
    years: tuple[int | None, int | None],
    offset_h: float | None,
    issue_time: datetime | None,
    findings: Findings,
) -> WeatherSeries:
    """Lay the hours of a typical year on calendar years, from the first to the last."""
    year, last_year = years
    if year is None or not 1900 < year < 2200:
        findings.add("is a typical year without a year of its own", "say which year to lay it on",
                     column="year", value=None if year is None else str(year))  # fmt: skip
    if offset_h is None or not -14 <= offset_h <= 14:
        findings.add(
            "has no known offset from UTC",
            "give the offset of its local standard time in hours",
            column="utc_offset_h",
            value=None if offset_h is None else f"{offset_h:g}",
        )
    by_stamp = _by_stamp(hours, findings)
    if findings.problems or year is None or offset_h is None:
        raise BadInput(findings.problems)
    return _series_of_years(path.name, by_stamp, (year, last_year or year), offset_h, issue_time)


def _series_of_years(
    name: str,
    by_stamp: dict[tuple[int, int, int], _Hour],
    years: tuple[int, int],
    offset_h: float,
    issue_time: datetime | None,
) -> WeatherSeries:
    """Put the hours in the order of the calendar, each with the irradiance of the hour after it."""
    zone = timezone(timedelta(hours=offset_h))
    times, ordered = [], []
    day = datetime(years[0], 1, 1, tzinfo=zone)
    while day.year <= years[1]:
        for hour in range(1, 25):
            # Typical years have no 29 February; the day before stands in for it.
            found = by_stamp.get((day.month, day.day, hour)) or by_stamp[day.month, 28, hour]
            times.append((day + timedelta(hours=hour)).astimezone(UTC))
            ordered.append(found)
        day += timedelta(days=1)
    following = [*ordered[1:], ordered[0]]
    return WeatherSeries(
        source=f"{name} laid on {' to '.join(map(str, sorted(set(years))))}",
        issue_time=times[0] if issue_time is None else issue_time.astimezone(UTC),
        times=tuple(times),
        members=("0",),
        outdoor_temp_c=np.array([[hour.values["outdoor_temp_c"] for hour in ordered]]),
        wind_m_s=np.array([[hour.values["wind_m_s"] for hour in ordered]]),
        ghi_w_m2=np.array([[hour.values["ghi_w_m2"] for hour in following]]),
    )


def _by_stamp(hours: list[_Hour], findings: Findings) -> dict[tuple[int, int, int], _Hour]:
    """Index the hours by their stamp and note what is doubled, missing or impossible."""
    by_stamp: dict[tuple[int, int, int], _Hour] = {}
    for hour in hours:
        if 0 in (hour.month, hour.day, hour.hour):
            continue
        stamp = (hour.month, hour.day, hour.hour)
        shown = f"{hour.month}-{hour.day} {hour.hour}h"
        if hour.day > calendar.monthrange(2024, hour.month)[1]:
            findings.add("is no day of any year", "correct the date", row=hour.row, value=shown)
        elif stamp in by_stamp:
            findings.add(f"is the hour of row {by_stamp[stamp].row} again", "keep one of the two",
                         row=hour.row, value=shown)  # fmt: skip
        by_stamp.setdefault(stamp, hour)
    if findings.problems:
        return by_stamp
    for month in range(1, 13):
        for day in range(1, calendar.monthrange(2025, month)[1] + 1):
            absent = [h for h in range(1, 25) if (month, day, h) not in by_stamp]
            if absent:
                findings.add(
                    f"lacks hours {', '.join(map(str, absent))} of {month}-{day}",
                    "a typical year has all 8,760 hours: restore them",
                )
    return by_stamp
