"""First-order lags of hourly series: how walls delay the weather."""

import numpy as np
from scipy.signal import lfilter

from optimizer.forecast.known import filled
from optimizer.model.arrays import FloatArray

# A lag has forgotten what is five times as old as itself, to less than one percent.
REMEMBERED = 5.0


def lagged(values: FloatArray, lag_h: float) -> FloatArray:
    """Pass hourly values through a first-order lag that starts at the first of them.

    Args:
        values: Hourly values, finite, shape (hours,).
        lag_h: Time constant, h.

    Returns:
        The lagged values, same shape.
    """
    if not len(values):
        return np.zeros(0)
    return _through(values, lag_h, float(values[0]))


def lagged_on(past: FloatArray, ahead: FloatArray, lag_h: float) -> FloatArray:
    """Go on with a lag from the past into the hours ahead.

    Args:
        past: Hourly values up to now, NaN where missing, shape (hours,).
        ahead: Those to come, shape (leads,).
        lag_h: Time constant, h.

    Returns:
        The lagged values of the hours to come, shape (leads,).
    """
    recent = past[-int(REMEMBERED * lag_h) - 1 :]
    before = lagged(filled(recent), lag_h)
    return _through(ahead, lag_h, float(before[-1]) if len(before) else float(ahead[0]))


def _through(values: FloatArray, lag_h: float, start: float) -> FloatArray:
    keep = float(np.exp(-1.0 / lag_h))
    out, _ = lfilter([1.0 - keep], [1.0, -keep], values, zi=[keep * start])
    return np.asarray(out)
