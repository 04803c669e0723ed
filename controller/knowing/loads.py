"""Loads of a history, hour by hour, forecast and held against the load of a day before."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from controller.case import years_around
from controller.site import Site
from drivers.base import WeatherSeries
from drivers.weather.csv_file import read_weather_file
from optimizer.estimate.record import Record
from optimizer.forecast.features import NEEDED_H
from optimizer.forecast.forecaster import LEADS_H, LoadForecast, train
from optimizer.forecast.known import (
    DAY_H,
    HOUR,
    Archive,
    Calendar,
    Known,
    Past,
    WeatherIssue,
    weather_as_it_came,
)
from optimizer.model.arrays import FloatArray, frozen

TOTAL = "total"
# The last part of a history is held back to say how good its forecasts are.
HELD_SHARE = 0.25
LEAST_HELD_H = 48
MOST_LEADS = 72
# Hours ahead that the next day is learned at.
DAY_LEADS_H = (6, 12, DAY_H)
# Of a longer record only some issue times are learned from; neighbours say almost the same.
SPARSE_FROM_H, SPARSE_EVERY_H = 60 * DAY_H, 3


@dataclass(frozen=True, kw_only=True)
class LoadScore:
    """Errors on hours held back, in % of the load; the weather that came stands for its forecast.

    `hours` is 0 and the rest NaN where the history is too short to hold any back.
    """

    hours: int
    mape_pct: float
    persistence_pct: float
    physics_pct: float
    covered_pct: float


@dataclass(frozen=True, kw_only=True)
class LoadOutlook:
    """A load's forecast with how good such forecasts were; `name` is a station's or TOTAL."""

    name: str
    forecast: LoadForecast
    score: LoadScore


def load_names(site: Site) -> tuple[str, ...]:
    """The loads of a site.

    Args:
        site: The site.

    Returns:
        TOTAL and the stations.
    """
    return (TOTAL, *(station.station_id for station in site.district.network.stations))


def outlook(
    site: Site, record: Record, name: str, weather: WeatherSeries, leads: int
) -> LoadOutlook | None:
    """Train on a history, score on its end, forecast what follows.

    Args:
        site: The site.
        record: The history.
        name: One of `load_names`.
        weather: Weather that reaches beyond the history.
        leads: Hours ahead.

    Returns:
        The outlook, or None where the load was never measured.
    """
    archive = _archive(site, record.hourly(), name)
    if archive is None:
        return None
    made = _forecast(archive, weather, leads)
    return LoadOutlook(name=name, forecast=made, score=_score(archive))


def next_day(site: Site, record: Record, name: str, weather: WeatherSeries) -> LoadForecast | None:
    """Train on a history and forecast the day that follows.

    Args:
        site: The site.
        record: The history.
        name: One of `load_names`.
        weather: Weather that reaches beyond the history; a shorter day where less than one.

    Returns:
        The forecast, or None where the load was never measured.
    """
    archive = _archive(site, record.hourly(), name)
    leads = min(hours_ahead(record, weather), DAY_H)
    return None if archive is None else _forecast(archive, weather, leads, DAY_LEADS_H)


def known_until(site: Site, record: Record, name: str) -> datetime:
    """When a load was last measured, whatever else goes on to be.

    Args:
        site: The site.
        record: The history.
        name: One of `load_names`.

    Returns:
        End of the last hour with the load; the history's start where it was never measured.
    """
    known = np.flatnonzero(np.isfinite(_past(site, record.hourly(), name).load_kw))
    return record.start + HOUR * (int(known[-1]) + 1 if len(known) else 0)


def total_is_sent(record: Record) -> bool:
    """Whether the total of a history is what the plants send.

    Args:
        record: The history.

    Returns:
        False where it is what the stations take, as not all plants are metered.
    """
    return bool(np.isfinite(record.plants["heat_power_mw"].sum(axis=1)).any())


def learned_every_h(past: Past) -> int:
    """Distance of the issue times that a past is learned from.

    Args:
        past: The past.

    Returns:
        Hours.
    """
    return SPARSE_EVERY_H if past.hours > SPARSE_FROM_H else 1


def _archive(site: Site, hourly: Record, name: str) -> Archive | None:
    past = _past(site, hourly, name)
    if not np.isfinite(past.load_kw).any():
        return None
    return Archive(
        past=past,
        issues=weather_as_it_came(past, MOST_LEADS),
        calendar=calendar_at(site.timezone, past.last_end),
    )


def _forecast(
    archive: Archive, weather: WeatherSeries, leads: int, learned: tuple[int, ...] = LEADS_H
) -> LoadForecast:
    now = archive.past.last_end
    known = Known(
        issue_time=now,
        past=archive.past,
        weather=weather_issue(weather, now, leads),
        calendar=archive.calendar,
    )
    every_h = learned_every_h(archive.past)
    return train(archive, leads=learned, every_h=every_h).forecast(known, leads)


def read_ahead(path: Path, record: Record) -> WeatherSeries:
    """Read the weather that reaches beyond a history.

    Args:
        path: A weather file of any known form; a typical year is laid on the history's years.
        record: The history.

    Returns:
        The series.

    Raises:
        BadInput: With everything wrong with the file.
    """
    hours = (_end(record) - record.start) / HOUR + MOST_LEADS
    first, last = years_around(record.start, hours)
    return read_weather_file(path, year=first, last_year=last)


def hours_ahead(record: Record, weather: WeatherSeries) -> int:
    """How many whole hours the weather reaches beyond a history.

    Args:
        record: The history.
        weather: The weather.

    Returns:
        Hours, at most MOST_LEADS; zero or less where it does not.
    """
    return min(int((weather.times[-1] - _end(record)) / HOUR), MOST_LEADS)


def _end(record: Record) -> datetime:
    """The end of a history's last whole hour."""
    return record.start + HOUR * (record.steps * record.step_s // 3600)


def _past(site: Site, hourly: Record, name: str) -> Past:
    heat = hourly.stations["heat_power_kw"]
    if name == TOTAL:
        sent = hourly.plants["heat_power_mw"].sum(axis=1) * 1e3
        load = sent if total_is_sent(hourly) else heat.sum(axis=1)
    else:
        load = heat[:, site.district.network.station_index[name]]
    return Past(
        first_end=hourly.start + HOUR,
        load_kw=frozen(load),
        outdoor_temp_c=hourly.outdoor_temp_c,
        ghi_w_m2=hourly.ghi_w_m2,
    )


def calendar_at(timezone: str, at: datetime) -> Calendar:
    """The local clock as it stands at an instant.

    Args:
        timezone: The site's.
        at: tz-aware.

    Returns:
        The calendar.
    """
    offset = at.astimezone(ZoneInfo(timezone)).utcoffset()
    assert offset is not None
    return Calendar(utc_offset_h=offset / HOUR)


def weather_issue(
    weather: WeatherSeries, now: datetime, leads: int, member: int | None = None
) -> WeatherIssue:
    """Take the hours ahead out of a weather series.

    Args:
        weather: The series.
        now: The issue time, tz-aware UTC.
        leads: Hours ahead.
        member: Which member; the mean of all when None.

    Returns:
        Hourly means.
    """
    own = slice(None) if member is None else slice(member, member + 1)
    bounds = now.timestamp() + 3600.0 * np.arange(leads + 1)
    temp = np.interp(bounds, weather.posix_s, weather.outdoor_temp_c[own].mean(axis=0))
    sun = np.zeros(leads)
    if weather.ghi_w_m2 is not None:
        at = np.searchsorted(weather.posix_s, bounds[:-1], side="right") - 1
        sun = weather.ghi_w_m2[own].mean(axis=0)[np.maximum(at, 0)]
    return WeatherIssue(
        issue_time=now, outdoor_temp_c=frozen(0.5 * (temp[:-1] + temp[1:])), ghi_w_m2=frozen(sun)
    )


def _score(archive: Archive) -> LoadScore:
    hours = archive.past.hours
    first = int((1.0 - HELD_SHARE) * hours)
    if hours - first < LEAST_HELD_H or first < NEEDED_H:
        return LoadScore(
            hours=0, mape_pct=np.nan, persistence_pct=np.nan, physics_pct=np.nan, covered_pct=np.nan
        )
    seen = archive.until(first)
    forecaster = train(seen, leads=(6, DAY_H), every_h=learned_every_h(seen.past))
    load, rows = archive.past.load_kw, []
    for index in range(first, hours - DAY_H):
        came, before = load[index + DAY_H], load[index]
        if not (np.isfinite(came) and np.isfinite(before)) or came <= 0.0:
            continue
        found = forecaster.forecast(archive.known_at(index), DAY_H)
        low, high = found.quantiles_kw[-1, 1], found.quantiles_kw[-1, -2]
        rows.append((came, found.load_kw[-1], before, found.physics_kw[-1], low <= came <= high))
    table = np.array(rows, dtype=float)
    return LoadScore(
        hours=len(table),
        mape_pct=_mape(table[:, 1], table[:, 0]),
        persistence_pct=_mape(table[:, 2], table[:, 0]),
        physics_pct=_mape(table[:, 3], table[:, 0]),
        covered_pct=float(table[:, 4].mean() * 100.0),
    )


def _mape(ours: FloatArray, came: FloatArray) -> float:
    return float(np.mean(np.abs(ours / came - 1.0)) * 100.0)
