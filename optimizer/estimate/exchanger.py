"""UA of a plate exchanger from the four temperatures around it, with its uncertainty.

Source: VDI Heat Atlas, 2nd ed. (2010), chapter C1 (logarithmic mean temperature difference).
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.origin_fit import through_origin
from optimizer.model.arrays import FloatArray
from optimizer.physics.water import REFERENCE_CP_J_KG_K

# Below these an error of a tenth of a kelvin is too large a part of what is measured.
LEAST_DIFFERENCE_K = 1.5
LEAST_DROP_K = 3.0
LEAST_SAMPLES = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangerFit:
    """UA with its standard error, kW/K, and the share of samples that counted."""

    ua_kw_k: float
    error_kw_k: float
    used_share: float


@dataclass(frozen=True, kw_only=True)
class Around:
    """What is measured around an exchanger, each of shape (samples,), NaN where unknown."""

    supply_c: FloatArray
    return_c: FloatArray
    secondary_supply_c: FloatArray
    secondary_return_c: FloatArray
    heat_kw: FloatArray


def secondary_return_c(supply_c: FloatArray, heat_kw: FloatArray, flow_kg_s: float) -> FloatArray:
    """Return of a loop of known flow, which few stations measure.

    Args:
        supply_c: Secondary supply, degC.
        heat_kw: Heat, kW.
        flow_kg_s: Flow of the loop, kg/s.

    Returns:
        degC, same shape.
    """
    return np.asarray(supply_c - heat_kw * 1e3 / (flow_kg_s * REFERENCE_CP_J_KG_K))


def fit_exchanger(around: Around) -> ExchangerFit | None:
    """Fit UA.

    Args:
        around: The measurements, in order of time.

    Returns:
        The UA, or None where too few samples say anything.
    """
    hot = around.supply_c - around.secondary_supply_c
    cold = around.return_c - around.secondary_return_c
    drop = around.supply_c - around.return_c
    with np.errstate(invalid="ignore"):
        good = (hot > LEAST_DIFFERENCE_K) & (cold > LEAST_DIFFERENCE_K) & (drop > LEAST_DROP_K)
    good &= np.isfinite(around.heat_kw) & (np.nan_to_num(around.heat_kw) > 0.0)
    if good.sum() < LEAST_SAMPLES:
        return None
    mean_k = _log_mean(hot[good], cold[good])
    heat = around.heat_kw[good]
    whole, error = through_origin(heat, mean_k)
    return ExchangerFit(ua_kw_k=whole, error_kw_k=error, used_share=float(good.sum() / len(good)))


def _log_mean(hot: FloatArray, cold: FloatArray) -> FloatArray:
    ratio = hot / cold
    near = np.abs(ratio - 1.0) < 1e-3
    safe = np.where(near, 2.0, ratio)
    return np.asarray(np.where(near, 0.5 * (hot + cold), (hot - cold) / np.log(safe)))
