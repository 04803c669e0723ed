"""How far forecasts were from what came, and the quantiles that follow for the next one.

The errors of the last week's forecasts, as they were issued, count more than those of training: a
load that has changed since is found out within days. Errors are counted in units of a scale that is
known beforehand (how restless the load has been of late), so that quiet weeks get narrow quantiles
and restless ones wide.

Source: normalised conformal prediction, Papadopoulos, Gammerman, Vovk (2008), Normalized
nonconformity measures for regression conformal prediction; Lei et al. (2018),
doi:10.1080/01621459.2017.1307116; Gibbs and Candès (2021), Adaptive conformal inference under
distribution shift.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray, frozen

# A scale is at least this share of the load.
LEAST_SCALE = 0.1
# An error of the last week counts as so many of training.
RECENT_WEIGHT = 3.0


def scale_kw(load_kw: FloatArray, restless_kw: FloatArray | float) -> FloatArray:
    """The scale of errors.

    Args:
        load_kw: Forecast load, kW.
        restless_kw: How far the load of late was from that of a day before, kW.

    Returns:
        kW, above zero where the load is.
    """
    return np.asarray(np.maximum(restless_kw, 0.0) + LEAST_SCALE * load_kw)


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Errors in units of their scale, ascending, shape (forecasts,)."""

    scaled: FloatArray

    def quantiles(
        self,
        load_kw: FloatArray,
        scales_kw: FloatArray,
        levels: Sequence[float],
        recent: Sequence[float] = (),
    ) -> FloatArray:
        """Quantiles around forecasts.

        Args:
            load_kw: Forecasts, kW, shape (rows,).
            scales_kw: Their scales, kW, shape (rows,).
            levels: Levels, ascending.
            recent: Scaled errors of forecasts issued of late.

        Returns:
            kW, shape (rows, levels), never negative; the forecast itself where no error is known.
        """
        units = _quantiles(self.scaled, np.sort(np.asarray(recent, dtype=float)), levels)
        return np.maximum(load_kw[:, None] + np.outer(scales_kw, units), 0.0)


def _quantiles(learned: FloatArray, recent: FloatArray, levels: Sequence[float]) -> FloatArray:
    if not len(learned) + len(recent):
        return np.zeros(len(levels))
    if not len(recent):
        return np.asarray(np.quantile(learned, levels))
    values = np.concatenate([learned, recent])
    weights = np.concatenate([np.ones(len(learned)), np.full(len(recent), RECENT_WEIGHT)])
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order]) - 0.5 * weights[order]
    return np.asarray(np.interp(levels, passed / weights.sum(), values[order]))


def errors_of(forecast_kw: FloatArray, came_kw: FloatArray, scales_kw: FloatArray) -> Errors:
    """Collect errors.

    Args:
        forecast_kw: Forecasts, kW, shape (forecasts,).
        came_kw: What came, kW, NaN where it is not known.
        scales_kw: Scales, kW, above zero.

    Returns:
        The errors.
    """
    known = np.isfinite(came_kw)
    return Errors(scaled=frozen(np.sort(((came_kw - forecast_kw) / scales_kw)[known])))
