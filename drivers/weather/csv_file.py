"""Weather from files: the contract's CSV, EnergyPlus weather (EPW) and hourly typical years.

The contract's CSV has `time` (ISO 8601 with offset), `outdoor_temp_c` (instantaneous), optional
`wind_m_s`, `ghi_w_m2` (mean of the hour that starts at `time`) and `member`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from drivers.base import WeatherSeries
from drivers.weather.table import Findings, csv_rows, instant, number, read_text
from drivers.weather.typical_year import TYPICAL_YEAR_HEADER, read_epw, read_typical_year

LARGEST_GAP = timedelta(hours=3)
OPTIONAL_QUANTITIES = ("wind_m_s", "ghi_w_m2")
SOLE_MEMBER = "0"
_HEADER_REMEDY = (
    "name the columns time, outdoor_temp_c and, where known, wind_m_s, ghi_w_m2, member; separate "
    "them with commas"
)


def read_weather_file(
    path: Path | str,
    *,
    issue_time: datetime | None = None,
    year: int | None = None,
    last_year: int | None = None,
    utc_offset_h: float | None = None,
) -> WeatherSeries:
    """Read a weather file of any known form, told by its name and header.

    Args:
        path: The file: `*.epw`, an hourly typical year, or the contract's CSV.
        issue_time: When the file's content was known, tz-aware; its first instant when None, which
            is right for a record or an assumed course, not for yesterday's forecast.
        year: The calendar year to lay a typical year on; required there, ignored for the CSV.
        last_year: The last of several that it is laid on, one after the other; the same when None.
        utc_offset_h: Standard-time offset of a typical year's stamps, h; looked up in EPW's header
            or in an `index.csv` beside the file when None; ignored for the CSV.

    Returns:
        The series.

    Raises:
        BadInput: With every problem of the file.
    """
    path = Path(path)
    if path.suffix.lower() == ".epw":
        return read_epw(
            path,
            year=year,
            last_year=last_year,
            issue_time=issue_time,
            utc_offset_h=utc_offset_h,
        )
    findings = Findings(str(path))
    text = read_text(path, findings)
    if text.splitlines()[0].replace(" ", "").startswith(TYPICAL_YEAR_HEADER):
        return read_typical_year(
            path,
            year=year,
            last_year=last_year,
            issue_time=issue_time,
            utc_offset_h=utc_offset_h,
        )
    # Read once: the file may be a pipe.
    return _weather(path.name, text, findings, issue_time)


def read_weather_csv(path: Path | str, *, issue_time: datetime | None = None) -> WeatherSeries:
    """Read the contract's weather CSV.

    Args:
        path: The file.
        issue_time: When its content was known, tz-aware; the first instant when None.

    Returns:
        The series, members in the order of their first appearance.

    Raises:
        BadInput: With every problem of the file: header, encoding, missing offset, order,
            duplicates, gaps beyond 3 h, absurd or missing values, members of different instants.
    """
    path = Path(path)
    findings = Findings(str(path))
    return _weather(path.name, read_text(path, findings), findings, issue_time)


def _weather(
    source: str, text: str, findings: Findings, issue_time: datetime | None
) -> WeatherSeries:
    rows = csv_rows(text, findings)
    header_row, header = next(rows, (1, []))
    columns = _columns(header_row, header, findings)
    samples: dict[str, list[_Sample]] = {}
    for row, cells in rows:
        if len(cells) != len(header):
            findings.add(
                f"has {len(cells)} cells where the header has {len(header)}",
                "give each column a cell, separated by commas",
                row=row,
            )
            continue
        member, sample = _sample(row, cells, columns, findings)
        samples.setdefault(member, []).append(sample)
    _check_members(samples, "member" in columns, findings)
    findings.raise_if_any()
    return _series(source, samples, columns, issue_time)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sample:
    """One row; `time` is None and a value NaN where a problem was noted."""

    row: int
    time: datetime | None
    values: dict[str, float]


def _columns(row: int, header: list[str], findings: Findings) -> dict[str, int]:
    """Position of each known column; a header without the required ones ends the reading."""
    known = ("time", "outdoor_temp_c", *OPTIONAL_QUANTITIES, "member")
    written = ",".join(header)
    if not set(known) & set(header):
        findings.add("is no header of a weather table", _HEADER_REMEDY, row=row, value=written)
        findings.raise_if_any()
    for name in ("time", "outdoor_temp_c"):
        if name not in header:
            message = f"the header has no column {name}"
            findings.add(message, _HEADER_REMEDY, row=row, column=name, value=written)
    for name in known:
        if header.count(name) > 1:
            findings.add("appears twice in the header", "keep one", row=row, column=name)
    findings.raise_if_any()
    return {name: header.index(name) for name in known if name in header}


def _sample(
    row: int, cells: list[str], columns: dict[str, int], findings: Findings
) -> tuple[str, _Sample]:
    """Read one row: its member and its sample."""
    member = SOLE_MEMBER
    if "member" in columns:
        member = cells[columns["member"]]
        if not member:
            findings.add(
                "has no member where other rows have one",
                "name the member in every row or leave the column out",
                row=row,
                column="member",
                value="",
            )
    values = {
        name: number(cells[columns[name]], column=name, row=row, findings=findings)
        for name in ("outdoor_temp_c", *OPTIONAL_QUANTITIES)
        if name in columns
    }
    time = instant(cells[columns["time"]], row=row, findings=findings)
    return member, _Sample(row=row, time=time, values=values)


def _check_members(samples: dict[str, list[_Sample]], named: bool, findings: Findings) -> None:
    """Check each member's order and gaps, and that all members have the same instants."""
    instants: dict[str, set[datetime]] = {}
    for member, rows in samples.items():
        _check_order(rows, findings)
        instants[member] = {sample.time for sample in rows if sample.time is not None}
    if len(next(iter(instants.values()), ())) < 2 and not findings.problems:
        findings.add("has fewer than two instants", "give at least two rows of weather")
    if not named or any(s.time is None for rows in samples.values() for s in rows):
        return
    first = next(iter(instants), "")
    for member, own in instants.items():
        different = own ^ instants[first]
        if different:
            findings.add(
                f"has not the same instants as member {first}: "
                f"{min(different).isoformat()} is in one of them only",
                "give every member a row for every instant",
                row=samples[member][0].row,
                column="member",
                value=member,
            )


def _check_order(rows: list[_Sample], findings: Findings) -> None:
    """Check that one member's instants increase and leave no gap beyond 3 h."""
    before: _Sample | None = None
    for sample in rows:
        if sample.time is None:
            continue
        if before is not None and before.time is not None:
            _check_step(before, before.time, sample, sample.time, findings)
        before = sample


def _check_step(
    before: _Sample, earlier: datetime, sample: _Sample, later: datetime, findings: Findings
) -> None:
    step = later - earlier
    if timedelta(0) < step <= LARGEST_GAP:
        return
    if step == timedelta(0):
        message = f"is the instant of row {before.row} again"
        remedy = "keep one of the two; in the autumn night of the clock change check the offsets"
    elif step < timedelta(0):
        message = f"comes before row {before.row}"
        remedy = "sort the rows by time"
    else:
        message = f"comes {step / timedelta(hours=1):g} h after row {before.row}; at most 3 h"
        remedy = "fill the gap from another source or give a later start"
    findings.add(message, remedy, row=sample.row, column="time", value=later.isoformat())


def _series(
    source: str,
    samples: dict[str, list[_Sample]],
    columns: dict[str, int],
    issue_time: datetime | None,
) -> WeatherSeries:
    rows = list(samples.values())
    times = tuple(sample.time for sample in rows[0] if sample.time is not None)
    arrays = {
        name: np.array([[sample.values[name] for sample in member] for member in rows])
        for name in ("outdoor_temp_c", *OPTIONAL_QUANTITIES)
        if name in columns
    }
    return WeatherSeries(
        source=source,
        issue_time=times[0] if issue_time is None else issue_time.astimezone(UTC),
        times=times,
        members=tuple(samples),
        outdoor_temp_c=arrays["outdoor_temp_c"],
        wind_m_s=arrays.get("wind_m_s"),
        ghi_w_m2=arrays.get("ghi_w_m2"),
    )
