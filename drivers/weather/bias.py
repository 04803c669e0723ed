"""Correcting a forecast by what the site's own sensor has shown in the last hours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from drivers.base import FloatArray, Quality, Reading, WeatherSeries

FEWEST_READINGS = 3


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """A forecast and the bias that was taken out of it, sensor minus forecast at the present.

    `bias_k` is None where nothing was corrected; `reason` then says why.
    """

    series: WeatherSeries
    bias_k: float | None
    reason: str


def corrected_by_sensor(
    series: WeatherSeries,
    readings: Sequence[Reading],
    now: datetime,
    *,
    window_h: float = 6.0,
    decay_h: float = 12.0,
    largest_k: float = 5.0,
) -> Corrected:
    """Shift a forecast by its mean error of the last hours, less and less into the future.

    The local offset of a model (height, shelter, heat island) lasts; the error of its weather does
    not, hence the decay. A larger error than `largest_k` is a sensor in the sun or a wrong forecast
    and corrects nothing.

    Args:
        series: The forecast.
        readings: Of the site's outdoor temperature, degC; only good ones count.
        now: The present, tz-aware UTC.
        window_h: How far back the mean goes, h.
        decay_h: Time in which the correction falls to 1/e, h.
        largest_k: Largest error that is believed, K.

    Returns:
        The corrected forecast, or the same with the reason.
    """
    since = max(now - timedelta(hours=window_h), series.times[0])
    good = [
        (reading.time, reading.value)
        for reading in readings
        if reading.quality is Quality.GOOD
        and reading.value is not None
        and since <= reading.time <= now
    ]
    if len(good) < FEWEST_READINGS:
        return Corrected(series=series, bias_k=None,
                         reason=f"{len(good)} good readings in {window_h:g} h")  # fmt: skip
    at_s = np.array([time.timestamp() for time, _ in good])
    mean_forecast = np.interp(at_s, series.posix_s, series.outdoor_temp_c.mean(axis=0))
    bias_k = float(np.mean(np.array([value for _, value in good]) - mean_forecast))
    if abs(bias_k) > largest_k:
        reason = f"sensor and forecast differ by {bias_k:.1f} K; at most {largest_k:g} K"
        return Corrected(series=series, bias_k=None, reason=reason)
    ahead_s = np.maximum(0.0, series.posix_s - now.timestamp())
    weight: FloatArray = np.exp(-ahead_s / (3600.0 * decay_h))
    shifted = series.outdoor_temp_c + bias_k * weight
    return Corrected(
        series=replace(series, outdoor_temp_c=shifted), bias_k=bias_k, reason=""
    )  # fmt: skip
