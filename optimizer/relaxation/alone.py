"""Each building on its own: the least heat that keeps its worst flat warm enough.

A building that nothing couples to the others cools as fast as it can and is then held at its
floor. The prices of its floors for which that is best are found backwards; for any prices at all
the value below is a lower bound (weak duality).
"""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.relaxation.rooms import Rooms, adjoint, fixed_part


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


def least_cost_alone(
    rooms: Rooms,
    start_c: FloatArray,
    floors_c: FloatArray,
    most_heat_w: FloatArray,
    heat_price_j: float,
) -> float:
    """Lower bound of the buildings' heat less what is left in them at the end.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        floors_c: Least air temperature at the boundaries, degC, shape (steps + 1, buildings).
        most_heat_w: The most that each building's radiators can give, W, shape (buildings,).
        heat_price_j: Price of heat, currency/J.

    Returns:
        Cost that no heating within 0 and `most_heat_w` can undercut, currency.
    """
    heat = lowest_heat(rooms, start_c, floors_c)
    prices = floor_prices(rooms, heat, heat_price_j)
    states, by_heat = adjoint(rooms, heat_price_j, prices)
    value = fixed_part(rooms, states, heat_price_j, start_c) + float((prices * floors_c).sum())
    return value + float((np.minimum(by_heat, 0.0) * most_heat_w).sum())
