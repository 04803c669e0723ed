"""What a lever does: dead time, lag and gain of a measured response to a known move.

    value(t) = level + drift t + gain * u(t - delay), u behind a first-order lag

Delay and lag are searched on a grid, level, drift and gain fitted by least squares; the step and
its way back tell a response from a drift of the plant's own.

Source: Ljung (1999), System Identification, section 4.2 (process models); Åström and Hägglund
(1995), PID Controllers, chapter 2.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray

# Smallest number of samples that say anything.
LEAST_SAMPLES = 12
# A gain this many times its standard deviation is no noise; samples that follow each other repeat
# their errors, so that they count as fewer.
SURE_SIGMAS = 4.0
_DELAYS, _LAGS = 60, 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What was found.

    Attributes:
        delay_s: Dead time, s.
        lag_s: Time constant, s.
        gain: Change of the measurement by unit of the move.
        gain_sigma: Its standard deviation.
    """

    delay_s: float
    lag_s: float
    gain: float
    gain_sigma: float

    @property
    def sure(self) -> bool:
        """Whether anything has answered at all."""
        return bool(abs(self.gain) > SURE_SIGMAS * self.gain_sigma)


def fit_response(
    at_s: FloatArray, moved: FloatArray, value: FloatArray, longest_delay_s: float
) -> Response | None:
    """Fit a response.

    Args:
        at_s: Instants, s, increasing, shape (samples,).
        moved: Where the lever stood, likewise.
        value: What was measured, NaN where nothing, likewise.
        longest_delay_s: Dead times are searched up to this, s.

    Returns:
        The response, None where there are too few samples or the lever never moved.
    """
    known = np.isfinite(value) & np.isfinite(moved)
    if known.sum() < LEAST_SAMPLES or np.ptp(moved[known]) == 0.0:
        return None
    at, u, y = at_s[known], moved[known], value[known]
    span = float(at[-1] - at[0])
    best: tuple[float, float, float, FloatArray] | None = None
    for lag in np.r_[0.0, np.geomspace(30.0, max(0.5 * span, 60.0), _LAGS)]:
        behind = _lagged(at, u, float(lag))
        for delay in np.linspace(0.0, longest_delay_s, _DELAYS):
            x = np.interp(at - delay, at, behind)
            if np.ptp(x) < 0.3 * np.ptp(u):
                continue  # so late or slow that hardly any of it was seen
            missed, found = _fitted(at, x, y)
            if best is None or missed < best[0]:
                best = (missed, float(delay), float(lag), found)
    if best is None:
        return None
    return _response(at, u, y, best)


def _lagged(at: FloatArray, u: FloatArray, lag_s: float) -> FloatArray:
    if lag_s == 0.0:
        return u
    found = np.array(u)
    for k in range(1, len(u)):
        keep = np.exp(-(at[k] - at[k - 1]) / lag_s)
        found[k] = keep * found[k - 1] + (1.0 - keep) * u[k - 1]
    return found


def _columns(at: FloatArray, x: FloatArray) -> FloatArray:
    middle = at - at.mean()
    return np.stack([np.ones(len(at)), middle / max(float(np.ptp(middle)), 1.0), x], axis=1)


def _fitted(at: FloatArray, x: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    columns = _columns(at, x)
    found: FloatArray = np.asarray(np.linalg.lstsq(columns, y, rcond=None)[0], dtype=float)
    return float(np.sum((y - columns @ found) ** 2)), found


def _response(
    at: FloatArray, u: FloatArray, y: FloatArray, best: tuple[float, float, float, FloatArray]
) -> Response:
    missed, delay, lag, found = best
    x = np.interp(at - delay, at, _lagged(at, u, lag))
    columns = _columns(at, x)
    left = y - columns @ found
    alike = float(np.clip(np.corrcoef(left[1:], left[:-1])[0, 1], 0.0, 0.95)) if missed > 0 else 0.0
    fewer = (1.0 + alike) / (1.0 - alike)
    free = max(len(y) - 5, 1)
    spread = np.linalg.inv(columns.T @ columns) * missed / free * fewer
    return Response(
        delay_s=delay, lag_s=lag, gain=float(found[2]), gain_sigma=float(np.sqrt(spread[2, 2]))
    )
