"""The weather of the demo site: a mild week, then a cold wave, hour by hour.

A daily course on a mean that stays mild for eight days and then falls as a front passes, with slow
and small noise (an autoregressive process of one day's memory). Local time is UTC+8.
"""

import math
from datetime import datetime, timedelta, timezone

from benchmarks.old_east.dice import Dice

SEED = 20260115
ZONE = timezone(timedelta(hours=8))
START = datetime(2026, 1, 9, tzinfo=ZONE)
DAYS = 12
# The front passes in the evening of the eighth day, within a few hours.
FRONT_H = 7 * 24 + 19.0
_FRONT_HALF_WIDTH_H = 2.2
_FRONT_DROP_K = 7.6
# Behind the front cold air keeps flowing in for two days; the wave then ebbs.
_INFLOW_DROP_K = 4.4
_INFLOW_H = 14.0
_EBB_H = FRONT_H + 66.0
_EBB_HALF_WIDTH_H = 9.0
_EBB_RISE_K = 6.5
_MILD_MEAN_C = 1.6
_DAILY_AMPLITUDE_K = 3.2
_WARMEST_HOUR = 14.5
_NOISE_K = 0.09
_NOISE_MEMORY = 0.96


def weather_rows(seed: int = SEED) -> list[tuple[str, str, str, str]]:
    """Draw the weather.

    Args:
        seed: The seed.

    Returns:
        Rows of time, outdoor_temp_c, wind_m_s and ghi_w_m2, hourly, the last instant included.
    """
    dice = Dice(seed)
    rows = []
    noise_k = 0.0
    for hour in range(DAYS * 24 + 1):
        noise_k = _NOISE_MEMORY * noise_k + _NOISE_K * dice.normal()
        wind = 2.2 + 0.8 * dice.between(-1.0, 1.0) + 2.8 * _near(hour, FRONT_H, 7.0)
        cloud = dice.between(0.75, 1.0) * (1.0 - 0.6 * _near(hour, FRONT_H - 8.0, 10.0))
        rows.append(
            (
                (START + timedelta(hours=hour)).isoformat(),
                f"{_mean_c(hour) + _daily_k(hour) + noise_k:.2f}",
                f"{wind:.1f}",
                f"{_clear_sky_w_m2(hour % 24) * cloud:.0f}",
            )
        )
    return rows


def _step(hour: float, middle_h: float, half_width_h: float) -> float:
    """A smooth rise from 0 to 1."""
    return 1.0 / (1.0 + math.exp(-2.0 * (hour - middle_h) / half_width_h))


def _near(hour: float, middle_h: float, half_width_h: float) -> float:
    """A smooth bump of height 1."""
    return math.exp(-(((hour - middle_h) / half_width_h) ** 2))


def _mean_c(hour: float) -> float:
    since = max(hour - FRONT_H, 0.0)
    front = _FRONT_DROP_K * _step(hour, FRONT_H, _FRONT_HALF_WIDTH_H)
    inflow = _INFLOW_DROP_K * (1.0 - math.exp(-since / _INFLOW_H))
    ebb = _EBB_RISE_K * _step(hour, _EBB_H, _EBB_HALF_WIDTH_H)
    return _MILD_MEAN_C - front - inflow + ebb


def _daily_k(hour: float) -> float:
    return _DAILY_AMPLITUDE_K * math.cos(2.0 * math.pi * (hour - _WARMEST_HOUR) / 24.0)


def _clear_sky_w_m2(hour_of_day: int) -> float:
    """Mean of the hour, January at 37 degrees north: nine hours of sun."""
    sun = math.sin(math.pi * (hour_of_day + 0.5 - 7.5) / 9.6)
    return 430.0 * sun if 7 <= hour_of_day <= 16 and sun > 0.0 else 0.0
