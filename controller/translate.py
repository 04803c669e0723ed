"""From the drivers' types to the optimizer's: weather and prices on the planning grid."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from controller.problems import InputError
from drivers.base import Problem, WeatherSeries
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Plant
from optimizer.model.policy import District

# Wind and radiation are means of the hour that starts at their instant.
_MEAN_S = 3600.0


class WeatherError(InputError):
    """The weather does not cover the time that it is needed for."""


def weather_on_grid(
    series: WeatherSeries, *, district: District, timezone: str, start: datetime, hours: float
) -> tuple[Forecast, Forecast | None]:
    """Put weather on a district's planning grid: what is to come, and what came before.

    Args:
        series: The weather.
        district: The district: its step and its plants' prices.
        timezone: The site's time zone.
        start: First instant of the plan, tz-aware.
        hours: Length of the plan, h; a part of a step counts as a whole one.

    Returns:
        The forecast from `start`, and at most a week before it (None where nothing is known).

    Raises:
        WeatherError: The series begins after `start` or ends before the plan does.
        ValueError: `start` has no offset from UTC.
    """
    step_s, plants = district.control.step_s, district.network.plants
    forecast = forecast_from_weather(
        series,
        plants=plants,
        timezone=timezone,
        start=start,
        step_s=step_s,
        steps=max(math.ceil(hours * 3600.0 / step_s), 1),
    )
    history = history_from_weather(
        series, plants=plants, timezone=timezone, start=start, step_s=step_s
    )
    return forecast, history


def forecast_from_weather(
    series: WeatherSeries,
    *,
    plants: Sequence[Plant],
    timezone: str,
    start: datetime,
    step_s: int,
    steps: int,
) -> Forecast:
    """Put weather and heat prices on a step grid.

    Temperatures are read at the step boundaries, linear between samples; wind and radiation are
    averaged over each step, zero where the series has none; each step costs what its first
    instant's local hour costs.

    Args:
        series: The weather.
        plants: Plants with their 24 hourly prices.
        timezone: The site's time zone.
        start: First instant, tz-aware.
        step_s: Step length, s.
        steps: Number of steps, at least one.

    Returns:
        The forecast, one member for each of the series'.

    Raises:
        WeatherError: The series begins after `start` or ends before the last step does.
        ValueError: `start` has no offset from UTC.
    """
    if start.utcoffset() is None:
        raise ValueError("start needs an offset from UTC")
    start = start.astimezone(UTC)
    end = start + timedelta(seconds=step_s * steps)
    _check_coverage(series, start, end)
    bounds = start.timestamp() + step_s * np.arange(steps + 1, dtype=np.float64)
    at = series.posix_s
    return Forecast(
        start=start,
        step_s=step_s,
        outdoor_temp_c=frozen([np.interp(bounds, at, member) for member in series.outdoor_temp_c]),
        wind_m_s=_step_means(series.wind_m_s, at, bounds, len(series.members)),
        ghi_w_m2=_step_means(series.ghi_w_m2, at, bounds, len(series.members)),
        heat_price_per_mwh=_prices(plants, timezone, start, step_s, steps),
    )


def history_from_weather(
    series: WeatherSeries,
    *,
    plants: Sequence[Plant],
    timezone: str,
    start: datetime,
    step_s: int,
    longest_h: float = 168.0,
) -> Forecast | None:
    """Put the weather before a start on the same grid, for finding the state at the start.

    Args:
        series: The weather.
        plants: Plants with their 24 hourly prices.
        timezone: The site's time zone.
        start: The instant at which the history ends, tz-aware.
        step_s: Step length, s.
        longest_h: How far back to go at most, h.

    Returns:
        The weather in whole steps up to `start`, or None where not one step of it is known.

    Raises:
        WeatherError: The series ends before `start`.
        ValueError: `start` has no offset from UTC.
    """
    known_s = start.timestamp() - series.times[0].timestamp()
    steps = int(min(known_s, longest_h * 3600.0) // step_s)
    if steps < 1:
        return None
    return forecast_from_weather(
        series,
        plants=plants,
        timezone=timezone,
        start=start - timedelta(seconds=step_s * steps),
        step_s=step_s,
        steps=steps,
    )


def _check_coverage(series: WeatherSeries, start: datetime, end: datetime) -> None:
    """Refuse a horizon that the weather does not reach across, naming what is missing."""
    first, last = series.times[0], series.times[-1]
    problems: list[Problem] = []
    if first > start:
        problems.append(
            Problem(
                file=series.source,
                column="time",
                value=first.isoformat(),
                message=f"the weather begins {_hours(first - start)} after {start.isoformat()}",
                remedy="give a later start, or weather that begins earlier",
            )
        )
    if last < end:
        problems.append(
            Problem(
                file=series.source,
                column="time",
                value=last.isoformat(),
                message=f"the weather ends {_hours(end - last)} before {end.isoformat()}",
                remedy="give fewer hours, an earlier start, or weather that goes on longer",
            )
        )
    if problems:
        raise WeatherError(problems)


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600.0:g} h"


def _step_means(
    values: FloatArray | None, at: FloatArray, bounds: FloatArray, members: int
) -> FloatArray:
    """Average hourly means over the steps; a sample holds until the next one begins."""
    if values is None:
        return frozen(np.zeros((members, len(bounds) - 1)))
    edges = np.append(at, at[-1] + _MEAN_S)
    sums = np.cumsum(values * np.diff(edges), axis=1)
    integral = np.concatenate([np.zeros((len(values), 1)), sums], axis=1)
    return frozen(
        [np.diff(np.interp(bounds, edges, member)) / np.diff(bounds) for member in integral]
    )


def _prices(
    plants: Sequence[Plant], timezone: str, start: datetime, step_s: int, steps: int
) -> FloatArray:
    """Look up each plant's price at the local hour in which each step starts."""
    zone = ZoneInfo(timezone)
    hours = [(start + timedelta(seconds=step_s * i)).astimezone(zone).hour for i in range(steps)]
    return frozen([[plant.heat_price_per_mwh[hour] for hour in hours] for plant in plants])
