"""How warm a run keeps people: shortfalls of the worst flats."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Building, Network
from optimizer.model.outcome import ComfortResult
from optimizer.model.trace import Trace


def comfort_of_trace(
    network: Network, trace: Trace, unwarmable: tuple[str, ...] = ()
) -> ComfortResult:
    """Judge the comfort of a trace.

    Args:
        network: The network.
        trace: The trace.
        unwarmable: Buildings that no decision can warm, by name.

    Returns:
        The shortfalls.
    """
    return comfort(
        network.buildings,
        trace.buildings.indoor_temp_c,
        trace.outdoor_temp_c,
        trace.start,
        trace.step_s,
        unwarmable,
    )


def comfort(
    buildings: Sequence[Building],
    indoor_c: FloatArray,
    outdoor_c: FloatArray,
    start: datetime,
    step_s: float,
    unwarmable: tuple[str, ...],
) -> ComfortResult:
    """Find the shortfalls of the worst flats below their minimum.

    Args:
        buildings: The buildings.
        indoor_c: Air of each at the step boundaries, degC, shape (steps + 1, buildings).
        outdoor_c: Outdoor temperature at the same instants, degC, shape (steps + 1,).
        start: First instant, tz-aware.
        step_s: Step length, s.
        unwarmable: Buildings that no decision can warm, by name; they count all the same.

    Returns:
        Shortfalls summed over all buildings, the largest with its place and time, and the mean
        indoor temperature at the end by floor area (20 where there are no buildings at all).
    """
    short_k = worst_flat_shortfall_k(buildings, indoor_c, outdoor_c)
    largest = float(short_k.max(initial=0.0))
    worst = np.unravel_index(np.argmax(short_k), short_k.shape) if largest > 0.0 else None
    area = np.array([building.floor_area_m2 for building in buildings])
    return ComfortResult(
        shortfall_k_h=float(positive_k_h(short_k, step_s).sum()),
        max_shortfall_k=largest,
        building_id=None if worst is None else buildings[int(worst[1])].building_id,
        time=None if worst is None else start + timedelta(seconds=float(worst[0]) * step_s),
        unwarmable=unwarmable,
        mean_indoor_end_c=float(np.average(indoor_c[-1], weights=area)) if len(area) else 20.0,
    )


def deciding_rank(quantile: float, members: int) -> int:
    """Position of the member in which warmth is counted, in order from warm to cold.

    Args:
        quantile: Share of the members that must be no colder, above 0 to 1.
        members: How many there are.

    Returns:
        The position, from 0.
    """
    return min(max(math.ceil(quantile * members - 1e-9), 1), members) - 1


def worst_flat_shortfall_k(
    buildings: Sequence[Building], indoor_c: FloatArray, outdoor_c: FloatArray
) -> FloatArray:
    """Say how far each worst flat is below its minimum: worst = mean - beta (mean - outdoor).

    Args:
        buildings: The buildings.
        indoor_c: Air of each, degC, shape (instants, buildings).
        outdoor_c: Outdoor temperature, degC, shape (instants,).

    Returns:
        Shortfall, K, negative where warm enough, shape (instants, buildings).
    """
    beta = np.array([building.worst_flat_beta for building in buildings])
    least = np.array([building.min_indoor_c for building in buildings])
    short: FloatArray = least - (indoor_c - beta * (indoor_c - outdoor_c[:, None]))
    return short


def positive_k_h(short_k: FloatArray, step_s: float) -> FloatArray:
    """Integrate what is above zero of a course that is linear between instants, exactly.

    Args:
        short_k: Values at the step boundaries, K, shape (steps + 1, things).
        step_s: Step length, s.

    Returns:
        Integrals, K h, shape (things,).
    """
    some = np.flatnonzero(short_k.max(axis=0, initial=0.0) > 0.0)
    first, second = short_k[:-1, some], short_k[1:, some]
    above = np.maximum(first, 0.0) + np.maximum(second, 0.0)
    # Where the course crosses zero only this share of the step lies above it.
    crosses = first * second < 0.0
    span = np.where(crosses, np.abs(first - second), 1.0)
    share = np.where(crosses, above / span, 1.0)
    integral = np.zeros(short_k.shape[1])
    integral[some] = (0.5 * above * share).sum(axis=0) * step_s / 3600.0
    return integral
