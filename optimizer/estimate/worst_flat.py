"""How much colder a building's coldest flat is than its mean, from thermometers.

A thermometer that the site says is in the coldest flat moves the building's beta either way. Where
a building merely has several thermometers, its coldest flat is at least as cold as the coldest of
them: that moves the beta upwards alone.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.origin_fit import through_origin
from optimizer.estimate.triage import BETA_SPREAD, LARGEST_BETA
from optimizer.model.arrays import FloatArray

# In milder weather the flats of a building hardly differ.
LEAST_APART_K = 8.0
LEAST_SAMPLES = 48
LEAST_BETA = 0.005
# Lasting errors: of a thermometer, and of a building's mean by one in a room or by the model.
THERMOMETER_K, MEASURED_MEAN_K, MODELLED_MEAN_K = 0.2, 0.35, 0.9


@dataclass(frozen=True, kw_only=True)
class FlatCourse:
    """A building's course, each of shape (steps,), NaN where unknown.

    Attributes:
        worst_c: Thermometer in the coldest flat, degC.
        mean_c: The building's mean, degC.
        outdoor_c: degC.
        mean_error_k: How wrong the mean may be for good, K.
        is_worst: Whether the flat is known to be the coldest.
    """

    worst_c: FloatArray
    mean_c: FloatArray
    outdoor_c: FloatArray
    mean_error_k: float
    is_worst: bool


def fit_beta(beta: float, course: FlatCourse) -> tuple[float, float] | None:
    """Move a beta by what thermometers show.

    Args:
        beta: What it is thought to be.
        course: What was measured.

    Returns:
        The new beta and its standard deviation; None where too little was measured in the cold, or
        where a flat that need not be the coldest is warmer than thought.
    """
    above = course.mean_c - course.outdoor_c
    colder = course.mean_c - course.worst_c
    with np.errstate(invalid="ignore"):
        good = np.isfinite(colder) & (above >= LEAST_APART_K)
    if good.sum() < LEAST_SAMPLES:
        return None
    seen, error = through_origin(colder[good], above[good])
    lasting = float(np.hypot(THERMOMETER_K, course.mean_error_k) / above[good].mean())
    precision = (error**2 + lasting**2) ** -1.0
    moved = (beta * BETA_SPREAD**-2 + seen * precision) / (BETA_SPREAD**-2 + precision)
    moved = float(np.clip(moved, LEAST_BETA, LARGEST_BETA))
    if moved <= beta and not course.is_worst:
        return None
    return moved, (BETA_SPREAD**-2 + precision) ** -0.5
