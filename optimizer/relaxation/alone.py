"""Each building on its own: the least heat that keeps its worst flat warm enough.

A building that nothing couples to the others cools as fast as it can and is then held at its
floor. The prices of its floors for which that is best are found backwards; for any prices at all
the value below is a lower bound (weak duality).
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.relaxation.radiators import LeastSupply
from optimizer.relaxation.rooms import Rooms, adjoint, fixed_part
from optimizer.relaxation.warmth import Warmth


@dataclass(frozen=True, kw_only=True)
class Course:
    """A run that follows the floors.

    Attributes:
        heat_w: Heat, W, shape (steps, buildings).
        least_w: What the radiators give at least on the way, W, same shape.
        slope_w_k: How that falls with the air, W/K, same shape.
        air_c: Air at each step's start, degC, same shape.
    """

    heat_w: FloatArray
    least_w: FloatArray
    slope_w_k: FloatArray
    air_c: FloatArray


def lowest_heat(
    rooms: Rooms, start_c: FloatArray, floors_c: FloatArray, least: LeastSupply
) -> Course:
    """Let every building cool to its floor and hold it there.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        floors_c: Least air temperature at the boundaries, degC, shape (steps + 1, buildings).
        least: Water that the radiators get at least.

    Returns:
        The run.
    """
    heat = np.empty(floors_c[1:].shape)
    lows, slopes, air = np.empty_like(heat), np.empty_like(heat), np.empty_like(heat)
    now = start_c
    for k in range(rooms.steps):
        air[k] = now[:, 0]
        lows[k], slopes[k] = least.heat_w(k, air[k])
        free = np.einsum("bij,bj->bi", rooms.transition[k], now) + rooms.drift_c[k]
        needed = (floors_c[k + 1] - free[:, 0]) / rooms.input_k_w[k, :, 0]
        heat[k] = np.maximum(needed, lows[k])
        now = free + rooms.input_k_w[k] * heat[k][:, None]
    slopes[0] = 0.0  # the air at the start is known
    return Course(heat_w=heat, least_w=lows, slope_w_k=slopes, air_c=air)


def floor_prices(rooms: Rooms, course: Course, heat_price_j: float) -> FloatArray:
    """Prices of the floors at which heating where a floor is held costs nothing more.

    Args:
        rooms: The buildings.
        course: A run that follows the floors.
        heat_price_j: Price of heat, currency/J.

    Returns:
        Prices, currency/K, never negative, shape (steps + 1, buildings).
    """
    prices = np.zeros((rooms.steps + 1, course.heat_w.shape[1]))
    state = -heat_price_j * rooms.capacity_j_k
    holds = course.heat_w > course.least_w
    for k in range(rooms.steps - 1, -1, -1):
        response = rooms.input_k_w[k]
        left = heat_price_j * rooms.step_s + (response * state).sum(axis=1)
        price = np.where(holds[k], np.maximum(left, 0.0) / response[:, 0], 0.0)
        prices[k + 1] = price
        state = state - np.stack([price, np.zeros_like(price)], axis=1)
        left = left - response[:, 0] * price
        state = np.einsum("bij,bi->bj", rooms.transition[k], state)
        state[:, 0] -= np.maximum(left, 0.0) * course.slope_w_k[k]
    return prices


def shared_prices(prices: FloatArray) -> FloatArray:
    """Turn prices of floors at boundaries into prices of the steps' mean shortfalls.

    Shortfalls are summed over time, so what is priced must be a mean of time: each boundary's
    price is shared by the steps beside it.

    Args:
        prices: Prices at the boundaries, shape (steps + 1, buildings).

    Returns:
        Prices of the steps' means, shape (steps, buildings).
    """
    shared = 0.5 * (prices[:-1] + prices[1:])
    shared[0] += 0.5 * prices[0]
    shared[-1] += 0.5 * prices[-1]
    return shared


def value_of_shortfall(
    prices: FloatArray, hours: float, allowed_k_h: float, allowed_k: float
) -> float:
    """The most that an allowed shortfall can save at given prices of warmth, dearest first.

    Args:
        prices: Prices of the steps' mean shortfalls, currency/K, shape (steps, buildings).
        hours: Step length, h.
        allowed_k_h: Sum of all shortfalls, K h.
        allowed_k: Largest shortfall, K.

    Returns:
        Saving, currency, never negative.
    """
    if allowed_k <= 0.0 or allowed_k_h <= 0.0:
        return 0.0
    dearest = np.sort(prices, axis=None)[::-1]
    places = allowed_k_h / (hours * allowed_k)
    whole = min(int(places), len(dearest))
    saved = allowed_k * float(dearest[:whole].sum())
    if whole < len(dearest):
        saved += allowed_k * (places - whole) * float(dearest[whole])
    return saved


def least_cost_alone(
    rooms: Rooms,
    start_c: FloatArray,
    warmth: Warmth,
    least: LeastSupply,
    most_heat_w: FloatArray,
    heat_price_j: float,
) -> float:
    """Lower bound of the buildings' heat less what is left in them at the end.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        warmth: What is asked of the worst flats.
        least: Water that the radiators get at least.
        most_heat_w: The most that each building's radiators can give, W, shape (buildings,).
        heat_price_j: Price of heat, currency/J.

    Returns:
        Cost that no heating between what `least` gives and `most_heat_w` can undercut, currency.
    """
    course = lowest_heat(rooms, start_c, warmth.air_floors(0.0), least)
    at_boundaries = floor_prices(rooms, course, heat_price_j) / (1.0 - warmth.beta)
    prices = shared_prices(at_boundaries)
    states, by_heat = adjoint(rooms, heat_price_j, warmth.air_prices(prices), course.slope_w_k)
    value = fixed_part(rooms, states, heat_price_j, start_c)
    value += float((prices * warmth.step_needs()).sum())
    value -= value_of_shortfall(prices, rooms.step_s / 3600.0, warmth.allowed_k_h, warmth.allowed_k)
    # Convex in the air: no heat lies below the tangent at this course's own air.
    lowest = course.least_w + course.slope_w_k * course.air_c
    value += float((np.maximum(by_heat, 0.0) * lowest).sum())
    return value + float((np.minimum(by_heat, 0.0) * most_heat_w).sum())
