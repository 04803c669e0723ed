"""How warm a run keeps the worst flats."""

from datetime import timedelta

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.outcome import ComfortResult
from optimizer.model.trace import Trace


def shortfall_k(network: Network, worst_flat_temp_c: FloatArray) -> FloatArray:
    """Shortfall of the worst flats below their minimum.

    Args:
        network: The network.
        worst_flat_temp_c: Worst flats, degC, shape (instants, buildings).

    Returns:
        Shortfall, K, never negative, same shape.
    """
    least = np.array([building.min_indoor_c for building in network.buildings])
    return np.maximum(least - worst_flat_temp_c, 0.0)


def kelvin_hours(missing_k: FloatArray, step_s: float) -> float:
    """Integral of shortfalls, exact where a shortfall is linear between instants.

    Args:
        missing_k: Minimum less worst flat, K, negative where warm enough, shape
            (instants, buildings).
        step_s: Time between instants, s.

    Returns:
        Sum over the buildings, K h.
    """
    begin, end = missing_k[:-1], missing_k[1:]
    both = 0.5 * (np.maximum(begin, 0.0) + np.maximum(end, 0.0))
    # Where the line crosses zero only the part above counts: a triangle.
    top = np.maximum(begin, end)
    crossing = (begin * end) < 0.0
    height = np.where(crossing, top - np.minimum(begin, end), 1.0)
    triangle = 0.5 * top * top / height
    return float(np.where(crossing, triangle, both).sum() * step_s / 3600.0)


def comfort_of(network: Network, trace: Trace, unwarmable: tuple[str, ...] = ()) -> ComfortResult:
    """Comfort of a run.

    Args:
        network: The network.
        trace: The run.
        unwarmable: Buildings that no decision can warm.

    Returns:
        The comfort; the mean indoor temperature at the end is weighted by floor area.
    """
    buildings = network.buildings
    least = np.array([building.min_indoor_c for building in buildings])
    missing = least - trace.buildings.worst_flat_temp_c
    at, who = np.unravel_index(int(missing.argmax()), missing.shape)
    largest = max(float(missing[at, who]), 0.0)
    area = np.array([building.floor_area_m2 for building in buildings])
    return ComfortResult(
        shortfall_k_h=kelvin_hours(missing, trace.step_s),
        max_shortfall_k=largest,
        building_id=buildings[int(who)].building_id if largest > 0.0 else None,
        time=trace.start + timedelta(seconds=int(at) * trace.step_s) if largest > 0.0 else None,
        unwarmable=unwarmable,
        mean_indoor_end_c=float(np.average(trace.buildings.indoor_temp_c[-1], weights=area)),
    )
