"""Each building on its own: the least heat that keeps its worst flat warm enough.

A building that nothing couples to the others cools as fast as it can and is then held at its
floor. The prices of its floors for which that is best are found backwards; for any prices at all
the value below is a lower bound (weak duality).
"""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.relaxation.rooms import Rooms, adjoint, fixed_part
from optimizer.relaxation.warmth import Warmth


def lowest_heat(rooms: Rooms, start_c: FloatArray, floors_c: FloatArray) -> FloatArray:
    """Heat that lets every building cool to its floor and holds it there.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        floors_c: Least air temperature at the boundaries, degC, shape (steps + 1, buildings).

    Returns:
        Heat, W, shape (steps, buildings).
    """
    heat = np.empty(floors_c[1:].shape)
    now = start_c
    for k in range(rooms.steps):
        free = np.einsum("bij,bj->bi", rooms.transition[k], now) + rooms.drift_c[k]
        heat[k] = np.maximum(floors_c[k + 1] - free[:, 0], 0.0) / rooms.input_k_w[k, :, 0]
        now = free + rooms.input_k_w[k] * heat[k][:, None]
    return heat


def floor_prices(rooms: Rooms, heat: FloatArray, heat_price_j: float) -> FloatArray:
    """Prices of the floors at which heating where `heat` is above zero costs nothing more.

    Args:
        rooms: The buildings.
        heat: Heat of a run that follows the floors, W, shape (steps, buildings).
        heat_price_j: Price of heat, currency/J.

    Returns:
        Prices, currency/K, never negative, shape (steps + 1, buildings).
    """
    prices = np.zeros((rooms.steps + 1, heat.shape[1]))
    state = -heat_price_j * rooms.capacity_j_k
    for k in range(rooms.steps - 1, -1, -1):
        response = rooms.input_k_w[k]
        left = heat_price_j * rooms.step_s + (response * state).sum(axis=1)
        price = np.where(heat[k] > 0.0, np.maximum(left, 0.0) / response[:, 0], 0.0)
        prices[k + 1] = price
        state = state - np.stack([price, np.zeros_like(price)], axis=1)
        state = np.einsum("bij,bi->bj", rooms.transition[k], state)
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
    most_heat_w: FloatArray,
    heat_price_j: float,
) -> float:
    """Lower bound of the buildings' heat less what is left in them at the end.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        warmth: What is asked of the worst flats.
        most_heat_w: The most that each building's radiators can give, W, shape (buildings,).
        heat_price_j: Price of heat, currency/J.

    Returns:
        Cost that no heating within 0 and `most_heat_w` can undercut, currency.
    """
    floors = warmth.air_floors(0.0)
    heat = lowest_heat(rooms, start_c, floors)
    at_boundaries = floor_prices(rooms, heat, heat_price_j) / (1.0 - warmth.beta)
    prices = shared_prices(at_boundaries)
    states, by_heat = adjoint(rooms, heat_price_j, warmth.air_prices(prices))
    value = fixed_part(rooms, states, heat_price_j, start_c)
    value += float((prices * warmth.step_needs()).sum())
    value -= value_of_shortfall(prices, rooms.step_s / 3600.0, warmth.allowed_k_h, warmth.allowed_k)
    return value + float((np.minimum(by_heat, 0.0) * most_heat_w).sum())
