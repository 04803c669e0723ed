"""How sure the indoor temperature of each building is, with or without a thermometer."""

import numpy as np

from optimizer.estimate.building_fit import FACTORS, BuildingFit, scaled
from optimizer.estimate.heated import Drive, Fabric, run_buildings
from optimizer.model.arrays import FloatArray

# What no parameter explains: people, windows, the share of the sun (doors open and shut).
UNMODELLED_K = 0.35
_SMALL = np.array([0.01, 0.01, 0.01, 0.1])


def indoor_spread_k(drive: Drive, fabric: Fabric, found: BuildingFit) -> FloatArray:
    """Standard deviation of each building's indoor temperature.

    Args:
        drive: What the buildings were driven by.
        fabric: The buildings as the site has them.
        found: Their calibration.

    Returns:
        K, shape (steps, buildings).
    """
    logs = np.log(found.factor)
    base = _air(drive, fabric, logs, found.start_c)
    slopes = []
    for k, small in enumerate(_SMALL):
        moved, start = logs.copy(), np.array(found.start_c)
        if k < FACTORS:
            moved[:, k] += small
        else:
            start += small
        slopes.append((_air(drive, fabric, moved, start) - base) / small)
    table = np.stack(slopes, axis=2)
    variance = np.einsum("tbi,bij,tbj->tb", table, found.covariance, table)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0) + UNMODELLED_K**2))


def _air(drive: Drive, fabric: Fabric, logs: FloatArray, start_c: FloatArray) -> FloatArray:
    air, _, _ = run_buildings(drive, scaled(fabric, np.exp(logs)), start_c)
    return 0.5 * (air[:-1] + air[1:])
