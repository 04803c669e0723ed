"""The store's hours and weather forecasts as what a load forecast is trained on and made from."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from controller.knowing.loads import calendar_at, weather_issue
from controller.store.forecasts import StoredHour, StoredIssue
from drivers.base import WeatherSeries
from optimizer.forecast.known import HOUR, Archive, Known, Past, WeatherIssue
from optimizer.model.arrays import FloatArray, frozen

LEADS = 72


def past_of(hours: Sequence[StoredHour], name: str) -> Past:
    """Make the past of a load.

    Args:
        hours: At least one, oldest first; those between that are missing are unknown.
        name: The load.

    Returns:
        The past from the first to the last of them.
    """
    first = hours[0].ended_at
    count = round((hours[-1].ended_at - first) / HOUR) + 1
    load, outdoor, sun = (np.full(count, np.nan) for _ in range(3))
    for hour in hours:
        k = round((hour.ended_at - first) / HOUR)
        load[k] = hour.loads_kw.get(name, np.nan)
        outdoor[k] = np.nan if hour.outdoor_temp_c is None else hour.outdoor_temp_c
        sun[k] = np.nan if hour.ghi_w_m2 is None else hour.ghi_w_m2
    if not np.isfinite(sun).any():
        sun[:] = 0.0  # nobody measures it: the same for every hour, so that it teaches nothing
    return Past(
        first_end=first,
        load_kw=frozen(load),
        outdoor_temp_c=frozen(outdoor),
        ghi_w_m2=frozen(sun),
    )


def issue_body(series: WeatherSeries, issued_at: datetime) -> Mapping[str, list[float] | str]:
    """Write a weather forecast for the archive.

    Args:
        series: The forecast.
        issued_at: The hour as of which it is kept, tz-aware UTC.

    Returns:
        Hourly means as far as it reaches, at most LEADS.
    """
    leads = min(int((series.times[-1] - issued_at) / HOUR), LEADS)
    issue = weather_issue(series, issued_at, max(leads, 0))
    return {
        "source": series.source,
        "outdoor_temp_c": [round(float(one), 2) for one in issue.outdoor_temp_c],
        "ghi_w_m2": [round(float(one), 1) for one in issue.ghi_w_m2],
    }


def issue_of(stored: StoredIssue) -> WeatherIssue:
    """Read a weather forecast of the archive.

    Args:
        stored: As it was kept.

    Returns:
        The forecast.
    """
    return WeatherIssue(
        issue_time=stored.issued_at,
        outdoor_temp_c=frozen(_array(stored, "outdoor_temp_c")),
        ghi_w_m2=frozen(_array(stored, "ghi_w_m2")),
    )


def _array(stored: StoredIssue, name: str) -> FloatArray:
    return np.array(stored.body[name], dtype=float)


def archive_of(
    hours: Sequence[StoredHour], issues: Sequence[WeatherIssue], name: str, timezone: str
) -> Archive:
    """Put an archive of one load together, from the first forecast on.

    Args:
        hours: Oldest first.
        issues: Likewise; at least one.
        name: The load.
        timezone: The site's.

    Returns:
        The archive.
    """
    own = [one for one in hours if one.ended_at >= issues[0].issue_time]
    return Archive(
        past=past_of(own, name),
        issues=tuple(issues),
        calendar=calendar_at(timezone, hours[-1].ended_at),
    )


def known_of(hours: Sequence[StoredHour], issue: WeatherIssue, name: str, timezone: str) -> Known:
    """Put together what is known when an hour has ended.

    Args:
        hours: Oldest first; the last ended at the issue time.
        issue: The newest weather forecast.
        name: The load.
        timezone: The site's.

    Returns:
        What a forecast may stand on.
    """
    past = past_of(hours, name)
    return Known(
        issue_time=past.last_end,
        past=past,
        weather=issue,
        calendar=calendar_at(timezone, past.last_end),
    )
