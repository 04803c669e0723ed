"""The judge's own stations: what flow they throttle to, and what heat a flow gives.

Conventions 4 to 7 of a site. The balance of an exchanger with its radiators is found by a bracketed
search for the secondary supply temperature.
"""

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inner
from optimizer.physics.exchanger import UNREACHABLE, conductance_w_k, needed_flow_kg_s
from optimizer.physics.layout import (
    FIXED_DIRECT,
    HELD_EXCHANGER,
    HELD_MIXING,
    LOAD,
    Buildings,
    Stations,
)
from optimizer.physics.link_laws import NO_TARGET
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.water import REFERENCE_CP_J_KG_K, enthalpy_j_kg

# A valve that gets its flow but for this share throttles; it does not starve.
THROTTLING_SHARE = 1e-9
BALANCE_K = 1e-7
MAX_TRIALS = 60


@inner
def radiators_w(
    buildings: Buildings,
    members: IntArray,
    supply_c: float,
    flow_w_k: float,
    indoor_c: FloatArray,
    room_w: FloatArray,
) -> tuple[float, float]:
    """Heat of all radiators behind a station.

    Args:
        buildings: All buildings.
        members: The station's buildings.
        supply_c: Water to the radiators, degC.
        flow_w_k: Heat capacity flow of the water, W/K.
        indoor_c: Air of each building, degC, shape (buildings,).
        room_w: Receives each building's heat, W, shape (buildings,).

    Returns:
        Their sum, W, and its derivative by the supply temperature, W/K.
    """
    total = 0.0
    slope = 0.0
    for entry in range(len(members)):
        b = members[entry]
        heat, by_supply, _ = radiator_heat_w(
            supply_c - indoor_c[b],
            buildings.share[b] * flow_w_k,
            buildings.radiator_w[b],
            buildings.excess_k,
            buildings.exponent[b],
        )
        room_w[b] = heat
        total += heat
        slope += by_supply
    return total, slope


@inner
def wanted_heat(
    stations: Stations,
    buildings: Buildings,
    i: int,
    setpoint_c: float,
    indoor_c: FloatArray,
    wanted_room_w: FloatArray,
) -> float:
    """Find the heat that a station wants, whatever water comes.

    Args:
        stations: All stations.
        buildings: All buildings.
        i: Which station.
        setpoint_c: Secondary supply setpoint, degC.
        indoor_c: Air of each building, degC, shape (buildings,).
        wanted_room_w: Receives the heat of each building at the setpoint, W, shape (buildings,).

    Returns:
        Heat in W; zero where the valve stands.
    """
    mode = stations.mode[i]
    if mode == LOAD:
        return float(stations.load_w[i])
    if mode not in (HELD_EXCHANGER, HELD_MIXING):
        return 0.0
    flow_w_k = stations.secondary_w_k[i]
    members = stations.member[stations.start[i] : stations.start[i + 1]]
    wanted, _ = radiators_w(buildings, members, setpoint_c, flow_w_k, indoor_c, wanted_room_w)
    return max(wanted, 0.0)


@inner
def wanted_flow(
    stations: Stations, i: int, setpoint_c: float, inlet_c: float, wanted_w: float
) -> float:
    """Find the flow that a station throttles to.

    Args:
        stations: All stations.
        i: Which station.
        setpoint_c: Secondary supply setpoint, degC.
        inlet_c: Primary water, degC.
        wanted_w: Heat that it wants, W.

    Returns:
        Flow in kg/s, NO_TARGET where the valve stands or opens fully.
    """
    mode = stations.mode[i]
    if mode not in (LOAD, HELD_EXCHANGER, HELD_MIXING):
        return NO_TARGET
    if wanted_w == 0.0:
        return 0.0
    if mode == LOAD:
        drop = enthalpy_j_kg(inlet_c) - enthalpy_j_kg(stations.load_return_c[i])
        return wanted_w / drop if drop > 0.0 else NO_TARGET
    back_c = setpoint_c - wanted_w / stations.secondary_w_k[i]
    if mode == HELD_MIXING:
        if inlet_c <= setpoint_c:
            return NO_TARGET
        return float(wanted_w / (REFERENCE_CP_J_KG_K * (inlet_c - back_c)))
    flow = needed_flow_kg_s(wanted_w, stations.ua_w_k[i], inlet_c, setpoint_c, back_c)[0]
    return NO_TARGET if flow == UNREACHABLE else flow


@inner
def heat_taken(
    stations: Stations,
    buildings: Buildings,
    i: int,
    flow_kg_s: float,
    target_kg_s: float,
    wanted_w: float,
    setpoint_c: float,
    inlet_c: float,
    indoor_c: FloatArray,
    last_c: float,
    wanted_room_w: FloatArray,
    room_w: FloatArray,
) -> tuple[float, float]:
    """Find the heat that a station takes from the flow it gets.

    Args:
        stations: All stations.
        buildings: All buildings.
        i: Which station.
        flow_kg_s: Flow that it gets, above zero.
        target_kg_s: Flow that it throttles to.
        wanted_w: Heat that holds its setpoint.
        setpoint_c: Secondary supply setpoint, degC.
        inlet_c: Primary water, degC.
        indoor_c: Air of each building, degC, shape (buildings,).
        last_c: Secondary supply temperature to search from, degC.
        wanted_room_w: Heat of each building at the setpoint, W, shape (buildings,).
        room_w: Receives the heat that each is given, W, shape (buildings,).

    Returns:
        Heat in W and the water to the radiators, degC.
    """
    mode = stations.mode[i]
    throttles = flow_kg_s >= target_kg_s * (1.0 - THROTTLING_SHARE)
    if mode == LOAD:
        drop = enthalpy_j_kg(inlet_c) - enthalpy_j_kg(stations.load_return_c[i])
        return (wanted_w if throttles else max(flow_kg_s * drop, 0.0)), inlet_c
    members = stations.member[stations.start[i] : stations.start[i + 1]]
    if throttles:
        for entry in range(len(members)):
            room_w[members[entry]] = wanted_room_w[members[entry]]
        return wanted_w, setpoint_c
    primary_w_k = flow_kg_s * REFERENCE_CP_J_KG_K
    if mode == FIXED_DIRECT:
        return radiators_w(buildings, members, inlet_c, primary_w_k, indoor_c, room_w)[0], inlet_c
    flow_w_k = stations.secondary_w_k[i]
    reach = primary_w_k
    if mode != HELD_MIXING:
        reach = conductance_w_k(stations.ua_w_k[i], primary_w_k, flow_w_k)[0]
    if reach >= flow_w_k * (1.0 - 1e-9):
        return radiators_w(buildings, members, inlet_c, flow_w_k, indoor_c, room_w)[0], inlet_c
    # Heat = reach (T1 - Tback) with Tback = Tsupply - heat / C, solved for T1 - Tsupply.
    drive_w_k = reach / (1.0 - reach / flow_w_k)
    return _balance(buildings, members, drive_w_k, flow_w_k, inlet_c, indoor_c, last_c, room_w)


@inner
def _balance(
    buildings: Buildings,
    members: IntArray,
    drive_w_k: float,
    flow_w_k: float,
    inlet_c: float,
    indoor_c: FloatArray,
    last_c: float,
    room_w: FloatArray,
) -> tuple[float, float]:
    """Find the secondary supply where what the primary drives in equals what radiators give."""
    low = inlet_c
    high = inlet_c
    for entry in range(len(members)):
        low = min(low, indoor_c[members[entry]])
    supply_c = min(max(last_c, low), high)
    heat = 0.0
    for _ in range(MAX_TRIALS):
        heat, slope = radiators_w(buildings, members, supply_c, flow_w_k, indoor_c, room_w)
        excess = heat - drive_w_k * (inlet_c - supply_c)
        if excess > 0.0:
            high = supply_c
        else:
            low = supply_c
        change = -excess / (slope + drive_w_k)
        if abs(change) < BALANCE_K:
            break
        supply_c += change
        if supply_c < low or supply_c > high:
            supply_c = 0.5 * (low + high)
    return heat, supply_c
