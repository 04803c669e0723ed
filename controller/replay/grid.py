"""Parts of a long course of weather."""

from dataclasses import replace
from datetime import timedelta

from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast


def part_of(forecast: Forecast, first: int, last: int) -> Forecast:
    """Give a part of the weather as a forecast of its own: known without error.

    Args:
        forecast: The whole.
        first: Its first step.
        last: The step before which it ends.

    Returns:
        The part.
    """
    return replace(
        forecast,
        start=forecast.start + timedelta(seconds=first * forecast.step_s),
        outdoor_temp_c=frozen(forecast.outdoor_temp_c[:, first : last + 1]),
        wind_m_s=frozen(forecast.wind_m_s[:, first:last]),
        ghi_w_m2=frozen(forecast.ghi_w_m2[:, first:last]),
        heat_price_per_mwh=frozen(forecast.heat_price_per_mwh[:, first:last]),
    )
