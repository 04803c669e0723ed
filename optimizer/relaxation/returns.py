"""How cold the water can be that stations hand back.

The mean of a radiator's supply and return stands for its temperature, so water that passes it
slowly is reckoned to leave below the room's air. With Y the supply above the air and C the heat
capacity flow, the return above the air is g = Y - q(Y, C) / C. It rises with C, and it is concave
in Y as q is convex: on an interval of Y it is least at one of the ends. With dg/dY <= 1 it rises
with the air at given supply.
"""

import math
from typing import NamedTuple

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.exchanger import conductance_w_k
from optimizer.physics.layout import FIXED_DIRECT, FIXED_EXCHANGER, HELD_MIXING, LOAD, Layout
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.water import REFERENCE_CP_J_KG_K, enthalpy_j_kg, temperature_c

# What `optimizer.physics.consumers.take` lets a load cool its water below the return it asks for.
LOAD_RETURN_SHARE = 0.9
BISECTIONS = 30


class Served(NamedTuple):
    """What a station's radiators meet: bounds of all that may happen to them.

    Attributes:
        coldest_supply_c: No water that comes to the station is colder, degC.
        hottest_supply_c: Nor hotter.
        least_flow_kg_s: Its primary flow is never less.
        coldest_air_c: Air of each of its buildings is never colder, degC.
        secondary_c: Coldest and hottest secondary supply of a station that holds a setpoint, degC.
    """

    coldest_supply_c: float
    hottest_supply_c: float
    least_flow_kg_s: float
    coldest_air_c: FloatArray
    secondary_c: tuple[float, float] = (-math.inf, math.inf)


def coldest_return_c(layout: Layout, station: int, served: Served) -> float:
    """Find a temperature that the water a station hands back never falls below.

    Args:
        layout: The network.
        station: Which station.
        served: What is known of its water and rooms.

    Returns:
        Temperature, degC.
    """
    mode = layout.stations.mode[station]
    if mode == LOAD:
        wanted = LOAD_RETURN_SHARE * float(layout.stations.load_return_c[station])
        return min(wanted, served.coldest_supply_c)
    members = _members(layout, station)
    if len(members) == 0:
        return served.coldest_supply_c
    if mode == FIXED_DIRECT:
        flow_w_k = served.least_flow_kg_s * REFERENCE_CP_J_KG_K
        ends = served.coldest_supply_c, served.hottest_supply_c
        return _coldest_back_c(layout, members, served.coldest_air_c, flow_w_k, ends)
    flow_w_k = float(layout.stations.secondary_w_k[station])
    warm_c, hot_c = served.secondary_c
    if mode == FIXED_EXCHANGER and served.least_flow_kg_s > 0.0:
        warm_c = secondary_supply_c(layout, station, served)
        if _radiators_are_weak(layout, members, served, flow_w_k):
            return _primary_return_c(layout, station, served, warm_c)
    # Counterflow: what leaves the primary side is no colder than what enters the other.
    ends = warm_c, min(hot_c, served.hottest_supply_c)
    return _coldest_back_c(layout, members, served.coldest_air_c, flow_w_k, ends)


def _members(layout: Layout, station: int) -> IntArray:
    start = layout.stations.start
    members: IntArray = layout.stations.member[start[station] : start[station + 1]]
    return members


def _heat_w(layout: Layout, building: int, above_air_k: float, flow_w_k: float) -> float:
    buildings = layout.buildings
    heat, _, _ = radiator_heat_w(
        above_air_k,
        buildings.share[building] * flow_w_k,
        buildings.radiator_w[building],
        buildings.excess_k,
        buildings.exponent[building],
    )
    return float(heat)


def _coldest_back_c(
    layout: Layout,
    members: IntArray,
    coldest_air_c: FloatArray,
    flow_w_k: float,
    supplies_c: tuple[float, float],
) -> float:
    """The coldest that any of a station's radiators hands back between two supplies."""
    found = []
    for building, air_c in zip(members, coldest_air_c, strict=True):
        for supply_c in supplies_c:
            above = max(supply_c - air_c, 0.0)
            own = layout.buildings.share[building] * flow_w_k
            # A flow of nothing cools by twice what the water is above the air.
            drop = _heat_w(layout, building, above, flow_w_k) / own if own > 0.0 else 2.0 * above
            found.append(air_c + above - drop)
    return float(min(found))


def drive_w_k(layout: Layout, station: int, flow_kg_s: float) -> float:
    """Find the heat per kelvin between the primary inlet and the secondary supply.

    Args:
        layout: The network.
        station: An exchanger or a mixing loop.
        flow_kg_s: Its primary flow, kg/s, above zero.

    Returns:
        Heat per kelvin, W/K; it rises with the flow.
    """
    flow_w_k = float(layout.stations.secondary_w_k[station])
    primary_w_k = flow_kg_s * REFERENCE_CP_J_KG_K
    if layout.stations.mode[station] == HELD_MIXING:
        between = min(primary_w_k, flow_w_k * (1.0 - 1e-9))
    else:
        between, _ = conductance_w_k(layout.stations.ua_w_k[station], primary_w_k, flow_w_k)
    return float(1.0 / max(1.0 / between - 1.0 / flow_w_k, 1e-12))


def secondary_supply_c(layout: Layout, station: int, served: Served) -> float:
    """Find the secondary supply of a station at its least: it rises with water, flow and rooms.

    Args:
        layout: The network.
        station: An exchanger or a mixing loop.
        served: What is known of its water and rooms, the least flow above zero.

    Returns:
        Temperature, degC.
    """
    drive = drive_w_k(layout, station, served.least_flow_kg_s)
    low, high = float(served.coldest_air_c.min()), served.coldest_supply_c
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        taken = _station_heat_w(layout, station, served, middle)
        if taken < drive * (served.coldest_supply_c - middle):
            low = middle
        else:
            high = middle
    return low


def _station_heat_w(layout: Layout, station: int, served: Served, supply_c: float) -> float:
    flow_w_k = float(layout.stations.secondary_w_k[station])
    members = _members(layout, station)
    return sum(
        _heat_w(layout, building, supply_c - air_c, flow_w_k)
        for building, air_c in zip(members, served.coldest_air_c, strict=True)
    )


def _radiators_are_weak(layout: Layout, members: IntArray, served: Served, flow_w_k: float) -> bool:
    """Whether radiators gain less per kelvin than twice the heat capacity of their water.

    Then a warmer inlet always leaves the exchanger warmer: its heat rises by less than its
    primary stream carries.
    """
    buildings = layout.buildings
    hottest = served.hottest_supply_c - served.coldest_air_c
    exponent = buildings.exponent[members]
    scale = buildings.radiator_w[members] / buildings.excess_k
    slope = exponent * scale * (hottest / buildings.excess_k) ** (exponent - 1.0)
    return bool((slope <= 2.0 * buildings.share[members] * flow_w_k).all())


def _primary_return_c(layout: Layout, station: int, served: Served, supply_c: float) -> float:
    heat = drive_w_k(layout, station, served.least_flow_kg_s)
    heat *= served.coldest_supply_c - supply_c
    inlet = enthalpy_j_kg(served.coldest_supply_c)
    return float(temperature_c(inlet - heat / served.least_flow_kg_s))
