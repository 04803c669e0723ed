"""Measured heat loads: a city, houses with their real weather forecasts, one substation.

What is held back is never trained on; Flensburg and Tartu have no weather forecasts, so that the
temperature that came stands in for them, as every figure of theirs says.
"""

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.cases.load_scores import LEAD_H, Score, score
from benchmarks.cases.tables import BadTableError, Figure, Row, column, number, read_rows, text
from optimizer.forecast.known import HOUR, Archive, Calendar, Past, WeatherIssue, weather_as_it_came
from optimizer.forecast.weather_errors import corrected_issues
from optimizer.model.arrays import FloatArray, frozen

HEATING_MONTHS = (1, 2, 3, 4, 10, 11, 12)
SONDERBORG_LEADS = 36
# Christmas and New Year of the record; Denmark is an hour ahead of UTC in winter.
SONDERBORG_OFF = frozenset(
    date.fromisoformat(day)
    for day in ("2010-12-24", "2010-12-25", "2010-12-26", "2010-12-31", "2011-01-01")
)
SONDERBORG_ASKED = {"heatload_mean16_kW": 7.0, "heatload_house_kW": 9.5}
HELD_MONTHS = 2
RETRAINED_H = 24


def flensburg(data: Path) -> list[Figure]:
    """A city of 90,000, 24 h ahead, the last year present held back, heating season.

    Args:
        data: The data folder.

    Returns:
        The figures.
    """
    rows = read_rows(data / "flensburg_heatload" / "data.csv")
    times = [_local(row, "time") for row in rows]
    off = frozenset(
        t.date() for t, row in zip(times, rows, strict=True) if text(row, "workday") == "0"
    )
    past = Past(
        first_end=times[0] + HOUR,
        load_kw=frozen(column(rows, "load_MW") * 1e3),
        outdoor_temp_c=frozen(column(rows, "T_out_C")),
        ghi_w_m2=frozen(np.zeros(len(rows))),
    )
    _require_hourly(rows, times)
    issues = weather_as_it_came(past, LEAD_H)
    archive = Archive(past=past, issues=issues, calendar=Calendar(days_off=off))
    first = next(i for i, t in enumerate(times) if t.year == times[-1].year)
    _require_both(rows, first)
    found = score(archive, first, np.array([t.month in HEATING_MONTHS for t in times]))
    peers = {"load of a day before": found.naive_pct, "plain ridge": found.ridge_pct}
    note = f"actual temperature; physics alone {found.physics_pct:.1f}; {_coverage(found)}"
    return [
        _mape("Flensburg, 24 h ahead", f"MAPE, {found.hours} h held back", found, peers, 5.5, note)
    ]


def sonderborg(data: Path) -> list[Figure]:
    """Houses with the weather forecasts of the day, corrected by the sensor, last third held back.

    Args:
        data: The data folder.

    Returns:
        Errors, coverage and pinball loss of the mean of 16 houses and of one house.
    """
    folder = data / "sonderborg_heatload"
    rows = read_rows(folder / "observations.csv")
    ends = [_utc(row, "time_utc_end_of_hour") for row in rows]
    _require_hourly(rows, ends)
    issues = _issues(folder)
    figures = []
    for name, asked in SONDERBORG_ASKED.items():
        past = Past(
            first_end=ends[0],
            load_kw=_with_gaps(rows, name),
            outdoor_temp_c=_with_gaps(rows, "T_obs_C"),
            ghi_w_m2=_with_gaps(rows, "G_obs_W_m2"),
        )
        calendar = Calendar(utc_offset_h=1.0, days_off=SONDERBORG_OFF)
        weather = corrected_issues(issues, past)
        archive = Archive(past=past, issues=weather, calendar=calendar)
        first = len(rows) * 2 // 3
        everything = np.ones(len(rows), dtype=bool)
        who = "mean of 16" if "mean" in name else "one house"
        fixed = score(archive, first, everything)
        figures += _house(f"Sonderborg {who}, 24 h ahead", fixed, asked)
        nightly = score(archive, first, everything, RETRAINED_H)
        figures += _house(f"Sonderborg {who}, trained every night", nightly, asked)
    return figures


def _house(case: str, found: Score, asked: float) -> list[Figure]:
    peers = {"load of a day before": found.naive_pct, "plain ridge": found.ridge_pct}
    first_day = f"leads 1 to 24: {found.first_day_pct:.2f}"
    note = f"real weather forecasts, corrected; {first_day}; {_physics(found)}"
    return [
        _mape(case, f"MAPE, {found.hours} h held back", found, peers, asked, note),
        Figure(
            case=case,
            quantity="P10 to P90 covers",
            unit="%",
            ours=found.covered_pct,
            peers={},
            at_least=70.0,
            at_most=90.0,
        ),
        Figure(
            case=case,
            quantity="pinball loss",
            unit="kW",
            ours=found.pinball,
            peers={"plain ridge": found.ridge_pinball},
            at_most=found.ridge_pinball,
            note="the ridge is given the weather that came",
        ),
    ]


def tartu_load(data: Path) -> list[Figure]:
    """One substation, the last two months present held back.

    Args:
        data: The data folder.

    Returns:
        Errors of the daily heat and of the single hours.
    """
    folder = data / "tartu_substation"
    meters = [row for path in sorted(folder.glob("meter_*.csv")) for row in read_rows(path)]
    weather = [row for path in sorted(folder.glob("weather_*.csv")) for row in read_rows(path)]
    loads = {_local(row, "READ_DATE"): number(row, "POWER1") for row in meters}
    outside = {_tartu_hour(row): row for row in weather}
    if not loads or not outside:
        message = "meter_*.csv and weather_*.csv are both needed"
        raise BadTableError(str(folder), message, "add the table that is not there")
    begin, end = min(loads), max(loads)
    hours = round((end - begin) / HOUR) + 1
    times = [begin + HOUR * k for k in range(hours)]
    past = Past(
        first_end=begin,
        load_kw=frozen([loads.get(t, math.nan) for t in times]),
        outdoor_temp_c=_of(outside, times, "Temperature"),
        ghi_w_m2=_of(outside, times, "Irradiation.flux"),
    )
    issues = weather_as_it_came(past, LEAD_H)
    archive = Archive(past=past, issues=issues, calendar=Calendar())
    held = datetime(end.year, end.month, 1, tzinfo=UTC)
    for _ in range(HELD_MONTHS - 1):
        held = (held - timedelta(days=1)).replace(day=1)
    first = max(round((held - begin) / HOUR), 0)
    _require_both(meters, first)
    found = score(archive, first, np.ones(hours, dtype=bool))
    note = f"actual temperature; {_physics(found)}; {_coverage(found)}"
    hourly = f"single hours {found.mape_pct:.0f} (ridge {found.ridge_pct:.0f}): hot water is drawn"
    return [
        Figure(
            case="Tartu substation, 24 h ahead",
            quantity=f"MAPE of the heat of 24 h, {found.hours} h held back",
            unit="%",
            ours=found.daily_pct,
            peers={},
            at_most=15.0,
            note=f"{note}; {hourly}",
        )
    ]


def _tartu_hour(row: Row) -> datetime:
    parts = ("Year", "Month", "Day_month", "Hour_day")
    year, month, day, hour = (int(number(row, name)) for name in parts)
    try:
        return datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError as error:
        raise _no_time(row, "Hour_day") from error


def _mape(
    case: str, quantity: str, found: Score, peers: dict[str, float], asked: float, note: str
) -> Figure:
    return Figure(
        case=case,
        quantity=quantity,
        unit="%",
        ours=found.mape_pct,
        peers=peers,
        at_most=asked,
        note=note,
    )


def _physics(found: Score) -> str:
    return f"physics alone {found.physics_pct:.1f}"


def _coverage(found: Score) -> str:
    return f"P10 to P90 covers {found.covered_pct:.0f} %"


def _issues(folder: Path) -> tuple[WeatherIssue, ...]:
    temps, suns = (read_rows(folder / f"forecast_{name}.csv") for name in ("T_C", "G_W_m2"))
    leads = [f"h{k}" for k in range(1, SONDERBORG_LEADS + 1)]
    return tuple(
        WeatherIssue(
            issue_time=_utc(temp, "issued_time_utc"),
            outdoor_temp_c=frozen([number(temp, lead) for lead in leads]),
            ghi_w_m2=frozen([number(sun, lead) for lead in leads]),
        )
        for temp, sun in zip(temps, suns, strict=True)
    )


def _with_gaps(rows: list[Row], name: str) -> FloatArray:
    return frozen([number(row, name) if text(row, name) else math.nan for row in rows])


def _of(rows: dict[datetime, Row], times: list[datetime], name: str) -> FloatArray:
    return frozen([number(rows[t], name) if t in rows else math.nan for t in times])


def _utc(row: Row, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text(row, name)).astimezone(UTC)
    except ValueError as error:
        raise _no_time(row, name) from error


def _local(row: Row, name: str) -> datetime:
    """A local time without an offset, taken as if it were UTC: only distances count."""
    try:
        return datetime.fromisoformat(text(row, name)).replace(tzinfo=UTC)
    except ValueError as error:
        raise _no_time(row, name) from error


def _no_time(row: Row, name: str) -> BadTableError:
    value = text(row, name)
    remedy = "write 2019-01-31 23:00:00"
    return BadTableError(row.file, "is no time", remedy, row=row.line, column=name, value=value)


def _require_hourly(rows: list[Row], times: list[datetime]) -> None:
    for k in range(1, len(times)):
        if times[k] - times[k - 1] != HOUR:
            message, remedy = "is not an hour after the row above", "give every hour once"
            raise BadTableError(rows[k].file, message, remedy, row=rows[k].line)


def _require_both(rows: list[Row], first: int) -> None:
    if first < 30 * LEAD_H:
        message = "fewer than 30 days are left to train on"
        raise BadTableError(rows[0].file, message, "add earlier rows")
