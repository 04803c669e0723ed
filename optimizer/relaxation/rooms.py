"""Buildings as the linear systems that they are, and the adjoint of what is charged for them.

Source of the recursion: L. S. Pontryagin's adjoint for linear discrete systems, e.g. D. P.
Bertsekas, Dynamic Programming and Optimal Control, 4th ed. (2017), section 3.3.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.physics.compiled import compiled
from optimizer.physics.layout import Buildings
from optimizer.physics.rooms import AIR_TO_ENVELOPE, step_response
from optimizer.timegrid import step_means


@dataclass(frozen=True, kw_only=True)
class Rooms:
    """x[k + 1] = transition x[k] + input q[k] + drift, x = (air, envelope) of each building.

    Attributes:
        transition: Shape (steps, buildings, 2, 2).
        input_k_w: Rise per watt of radiator heat, K/W, shape (steps, buildings, 2).
        drift_c: Weather and gains, degC, shape (steps, buildings, 2).
        capacity_j_k: Heat capacities of air and envelope, J/K, shape (buildings, 2).
        step_s: Step length, s.
    """

    transition: FloatArray
    input_k_w: FloatArray
    drift_c: FloatArray
    capacity_j_k: FloatArray
    step_s: float

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.transition.shape[0])


@compiled
def _responses(
    ua_w_k: FloatArray,
    wind_ua: FloatArray,
    air_j_k: FloatArray,
    envelope_j_k: FloatArray,
    wind_m_s: FloatArray,
    step_s: float,
) -> FloatArray:
    """`step_response` of every building in every step, shape (steps, buildings, 6)."""
    found = np.empty((len(wind_m_s), len(ua_w_k), 6))
    for k in range(len(wind_m_s)):
        for b in range(len(ua_w_k)):
            ua = ua_w_k[b] * (1.0 + wind_ua[b] * wind_m_s[k])
            ua = min(ua, 0.9 * AIR_TO_ENVELOPE * ua_w_k[b])
            found[k, b] = step_response(ua, ua_w_k[b], air_j_k[b], envelope_j_k[b], step_s)
    return found


def linear_rooms(buildings: Buildings, forecast: Forecast, member: int) -> Rooms:
    """Write the buildings' exact steps as matrices.

    Args:
        buildings: The buildings.
        forecast: Weather.
        member: Which member.

    Returns:
        The linear systems; their steps are those of the simulator to rounding.
    """
    step_s = float(forecast.step_s)
    response = _responses(
        buildings.ua_w_k,
        buildings.wind_ua,
        buildings.air_j_k,
        buildings.envelope_j_k,
        forecast.wind_m_s[member],
        step_s,
    )
    transition = response[:, :, :4].reshape(*response.shape[:2], 2, 2)
    rest = np.eye(2) - transition
    rise = response[:, :, 4:]
    per_watt = np.einsum("kbij,kbj->kbi", rest, rise)
    outdoor = step_means(forecast.outdoor_temp_c[member])
    gains = buildings.gain_w + buildings.aperture_m2 * forecast.ghi_w_m2[member][:, None]
    return Rooms(
        transition=transition,
        input_k_w=per_watt,
        drift_c=rest.sum(axis=3) * outdoor[:, None, None] + per_watt * gains[:, :, None],
        capacity_j_k=np.stack([buildings.air_j_k, buildings.envelope_j_k], axis=1),
        step_s=step_s,
    )


def adjoint(
    rooms: Rooms, heat_price_j: float, floor_price: FloatArray, slope_w_k: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Adjoint of the cost of heating the rooms and of what is paid for their warmth.

    The functional is the price of the radiators' heat less that of the heat left at the end, less
    `floor_price` times the air temperatures. Where heat costs, it is taken to fall with the air by
    `slope_w_k`: what is left of the functional is then heat plus slope times air.

    Args:
        rooms: The buildings.
        heat_price_j: Price of heat, currency/J.
        floor_price: Price of each boundary's air temperature, currency/K, shape
            (steps + 1, buildings).
        slope_w_k: Fall of each step's heat with the air at its start, W/K, zero in the first step,
            shape (steps, buildings).

    Returns:
        Adjoint states at the boundaries, shape (steps + 1, buildings, 2), and the derivative by
        each step's heat, currency/W, shape (steps, buildings).
    """
    states = np.empty((rooms.steps + 1, *rooms.capacity_j_k.shape))
    by_heat = np.empty(slope_w_k.shape)
    states[-1] = -heat_price_j * rooms.capacity_j_k
    states[-1, :, 0] -= floor_price[-1]
    for k in range(rooms.steps - 1, -1, -1):
        by_heat[k] = heat_price_j * rooms.step_s
        by_heat[k] += (rooms.input_k_w[k] * states[k + 1]).sum(axis=1)
        states[k] = np.einsum("bij,bi->bj", rooms.transition[k], states[k + 1])
        states[k, :, 0] -= floor_price[k] + np.maximum(by_heat[k], 0.0) * slope_w_k[k]
    return states, by_heat


def fixed_part(
    rooms: Rooms,
    states: FloatArray,
    heat_price_j: float,
    start_c: FloatArray,
) -> float:
    """Value of the functional of `adjoint` at no heat, floors left out.

    Args:
        rooms: The buildings.
        states: Adjoint states.
        heat_price_j: Price of heat, currency/J.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).

    Returns:
        Value, currency.
    """
    value = heat_price_j * float((rooms.capacity_j_k * start_c).sum())
    value += float((states[0] * start_c).sum())
    return value + float((states[1:] * rooms.drift_c).sum())
