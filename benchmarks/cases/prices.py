"""Heat that costs three times as much in the dear hours of a day."""

from dataclasses import replace

import numpy as np

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast

DEAR = 3.0
# Morning and evening, by hour of the day.
DEAR_HOURS = (*range(7, 11), *range(17, 21))


def price_of_day(usual: float, *, hourly: bool) -> FloatArray:
    """Price by hour of the day.

    Args:
        usual: Of the cheap hours, currency/MWh.
        hourly: Whether dear hours cost more.

    Returns:
        The price, currency/MWh, shape (24,).
    """
    price = np.full(24, usual)
    if hourly:
        price[list(DEAR_HOURS)] *= DEAR
    return price


def with_hourly_price(weather: Forecast) -> Forecast:
    """Let a forecast's heat cost more in its dear hours, counted from its start as midnight.

    Args:
        weather: The forecast.

    Returns:
        The same, dearer.
    """
    hour = np.arange(weather.steps) * weather.step_s // 3600 % 24
    share = np.where(np.isin(hour, DEAR_HOURS), DEAR, 1.0)
    return replace(weather, heat_price_per_mwh=frozen(weather.heat_price_per_mwh * share))
