"""Cold weeks of typical years, and forecasts of them that are as wrong as forecasts are."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from drivers.weather.csv_file import read_weather_file
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.timegrid import curve

YEAR = 2025
STEP_S = 900
# Root mean square errors of a forecast after a day and after two, and a bias that lasts, K.
ERROR_AFTER_H = ((0.0, 0.0), (24.0, 1.5), (48.0, 2.5))
LASTING_BIAS_K = 1.0
# An error stays alike over about so many hours.
ALIKE_H = 12.0


def coldest_days(file: Path, days: float, before_h: float) -> tuple[datetime, FloatArray]:
    """Find the coldest days of a typical year.

    Args:
        file: Hourly typical year.
        days: How many, in a row.
        before_h: Hours of weather that must lie before them.

    Returns:
        First instant of the weather before them, and hourly temperatures from there on, degC.
    """
    series = read_weather_file(str(file), year=YEAR)
    course = series.outdoor_temp_c[0]
    hours, before = round(24 * days), round(before_h)
    # Two days more: forecasts look that far ahead of the last hour.
    means = np.convolve(course, np.ones(hours) / hours, "valid")[before : -49 - hours]
    at = int(means.argmin())
    first = series.times[at].astimezone(UTC)
    return first, np.asarray(course[at : at + before + hours + 49], dtype=np.float64)


def true_weather(
    district: District, first: datetime, hourly_c: FloatArray, price: FloatArray
) -> Forecast:
    """Put a course of hours on the steps of planning.

    Args:
        district: The district, for its plants.
        first: First instant, UTC.
        hourly_c: Outdoor temperatures at full hours, degC.
        price: Price of heat by hour of the day, currency/MWh, shape (24,).

    Returns:
        What the weather will be, and what heat costs.
    """
    steps = (len(hourly_c) - 1) * 3600 // STEP_S
    at = np.arange(steps + 1) * STEP_S / 3600.0
    hour = (first.hour + np.floor(at[:-1]).astype(np.int64)) % 24
    plants = len(district.network.plants)
    return Forecast(
        start=first,
        step_s=STEP_S,
        outdoor_temp_c=frozen(np.interp(at, np.arange(len(hourly_c)), hourly_c)[None, :]),
        wind_m_s=frozen(np.zeros((1, steps))),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(np.repeat(price[hour][None, :], plants, axis=0)),
    )


def mistaken(ahead: Forecast, begin: int, seed: int) -> Forecast:
    """Spoil what is ahead as a forecast issued now would.

    Errors of forecasts that are issued one after the other are alike at the same hour; the bias
    of a seed lasts.

    Args:
        ahead: What the weather will be from now on.
        begin: Step from the beginning of the course at which it is issued.
        seed: Draws the errors.

    Returns:
        The forecast.
    """
    at = np.arange(ahead.steps + 1) * ahead.step_s / 3600.0
    hour = at + begin * ahead.step_s / 3600.0
    rng = np.random.default_rng(seed)
    bias = LASTING_BIAS_K * float(rng.choice([-1.0, 1.0]))
    knots = rng.normal(0.0, 1.0, 512)
    alike = np.interp(hour / ALIKE_H, np.arange(len(knots)), knots)
    # What is drawn is linear between independent knots, whose mean square is two thirds.
    scale = curve(ERROR_AFTER_H, at) / np.sqrt(2.0 / 3.0)
    error = scale * alike + bias * np.minimum(at / 3.0, 1.0)
    return replace(ahead, outdoor_temp_c=frozen(ahead.outdoor_temp_c + error[None, :]))
