"""How warm rooms can get: the hottest water at the most flow through every station, all the time.

The supply of a station's radiators rises with its water, with the flow and with its rooms' air, and
the rooms rise with the supply: the course found here is above that of every schedule.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.physics.layout import FIXED_DIRECT, FIXED_EXCHANGER, HELD_EXCHANGER, Layout
from optimizer.physics.water import REFERENCE_CP_J_KG_K
from optimizer.relaxation.radiators import heats_w
from optimizer.relaxation.returns import drive_w_k
from optimizer.relaxation.rooms import Rooms

BISECTIONS = 22
# Between water and radiators where nothing lies between.
NO_RESISTANCE_W_K = 1e12
# No room is colder, degC.
COLDEST_AIR_C = -60.0


@dataclass(frozen=True, kw_only=True)
class Radiators:
    """Radiators of all buildings, sorted by station.

    Attributes:
        building: Which building, shape (members,).
        group: Number of its station among those with buildings, shape (members,).
        first: First member of each station, shape (groups,).
        flow_w_k: Heat capacity flow of each one's water, W/K, shape (members,).
        rated_w, exponent: Rated heat and exponent, shape (members,).
        excess_k: Mean excess at which they are rated, K.
        water_c: Hottest primary water of each station, degC, shape (groups,).
        drive_w_k: Heat per kelvin between that and the radiators' supply, W/K; next
            to infinite where the water itself flows through them, shape (groups,).
    """

    building: IntArray
    group: IntArray
    first: IntArray
    flow_w_k: FloatArray
    rated_w: FloatArray
    exponent: FloatArray
    excess_k: float
    water_c: FloatArray
    drive_w_k: FloatArray


def warmest_rooms_c(
    layout: Layout,
    rooms: Rooms,
    start_c: FloatArray,
    hottest_c: FloatArray,
    most_kg_s: FloatArray,
    most_supply_c: FloatArray,
) -> FloatArray:
    """Bound the air of every building from above.

    Args:
        layout: The network.
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        hottest_c: No hotter water comes to a station, degC, shape (stations,).
        most_kg_s: Nor more of it, kg/s, shape (stations,).
        most_supply_c: Nor gets its secondary supply hotter, degC, shape (steps, stations);
            infinite where nothing but the water says so.

    Returns:
        Air that no schedule exceeds, degC, shape (steps + 1, buildings); infinite where a room is
        so light that a warmer one could be the colder one a step later.
    """
    found = _radiators(layout, hottest_c, most_kg_s)
    air = np.full((rooms.steps + 1, len(start_c)), np.inf)
    air[0] = start_c[:, 0]
    if len(found.building) == 0:
        return air
    now = start_c.copy()
    served = np.flatnonzero(np.diff(layout.stations.start) > 0)
    for k in range(rooms.steps):
        heat = np.zeros(len(start_c))
        heat[found.building] = _most_heat_w(found, now[found.building, 0], most_supply_c[k, served])
        now = np.einsum("bij,bj->bi", rooms.transition[k], now) + rooms.drift_c[k]
        now = now + rooms.input_k_w[k] * heat[:, None]
        air[k + 1] = now[:, 0]
    order = np.argsort(found.building)
    laws = found.flow_w_k[order], found.rated_w[order], found.excess_k, found.exponent[order]
    air[1:, ~stays_warmer(rooms, found.water_c[found.group][order], laws)] = np.inf
    return air


def _radiators(layout: Layout, hottest_c: FloatArray, most_kg_s: FloatArray) -> Radiators:
    stations, buildings = layout.stations, layout.buildings
    served = np.flatnonzero(np.diff(stations.start) > 0)
    group = np.repeat(np.arange(len(served)), np.diff(stations.start)[served])
    building = stations.member
    exchangers = (stations.mode == FIXED_EXCHANGER) | (stations.mode == HELD_EXCHANGER)
    drive = [
        drive_w_k(layout, i, float(most_kg_s[i])) if exchangers[i] else NO_RESISTANCE_W_K
        for i in served.tolist()
    ]
    direct = stations.mode == FIXED_DIRECT
    flow = np.where(direct, most_kg_s * REFERENCE_CP_J_KG_K, stations.secondary_w_k)
    return Radiators(
        building=building,
        group=group,
        first=stations.start[served],
        flow_w_k=buildings.share[building] * flow[served][group],
        rated_w=buildings.radiator_w[building],
        exponent=buildings.exponent[building],
        excess_k=buildings.excess_k,
        water_c=hottest_c[served],
        drive_w_k=np.array(drive),
    )


def _most_heat_w(of: Radiators, air_c: FloatArray, most_supply_c: FloatArray) -> FloatArray:
    """Heat at which every station's radiators take what its exchanger gives, or its valve."""
    low = np.minimum.reduceat(air_c, of.first)
    high = np.maximum(of.water_c, low)
    laws = of.flow_w_k, of.rated_w, of.excess_k, of.exponent
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        heat, _ = heats_w(middle[of.group] - air_c, *laws)
        given = of.drive_w_k * (of.water_c - middle)
        more = np.add.reduceat(heat, of.first) < given
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    supply = np.minimum(high, most_supply_c)[of.group]
    heat, _ = heats_w(np.maximum(supply - air_c, 0.0), *laws)
    return heat


def stays_warmer(
    rooms: Rooms,
    hottest_c: FloatArray,
    laws: tuple[FloatArray, FloatArray, float, FloatArray],
) -> BoolArray:
    """Tell of which buildings a warmer room stays the warmer one, however steep its radiators.

    Args:
        rooms: The buildings.
        hottest_c: Hottest supply of each, degC, shape (buildings,).
        laws: Flow, rated heat, rated excess and exponent of their radiators, as `heats_w` takes
            them.

    Returns:
        Whether it does, shape (buildings,).
    """
    _, slope = heats_w(hottest_c - COLDEST_AIR_C, *laws)
    kept = rooms.transition[..., 0] - rooms.input_k_w * slope[:, None]
    return np.asarray((kept >= 0.0).all(axis=(0, 2)), dtype=np.bool_)
