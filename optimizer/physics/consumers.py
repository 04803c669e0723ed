"""Stations and the radiators behind them: what they ask of the network and what they take.

Conventions 4 to 7 of a site: constant secondary flow shared in proportion to the radiators, a
compensated valve that opens just as far as its curve needs, a fixed valve that stands.
"""

from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.physics.compiled import inlined, inner
from optimizer.physics.exchanger import UNREACHABLE, conductance_w_k, needed_flow_kg_s
from optimizer.physics.layout import (
    FIXED_DIRECT,
    FIXED_EXCHANGER,
    HELD_EXCHANGER,
    HELD_MIXING,
    LOAD,
    Layout,
)
from optimizer.physics.link_laws import NO_TARGET
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.transport import STILL_KG_S
from optimizer.physics.vectors import add_scaled, copy_into
from optimizer.physics.water import REFERENCE_CP_J_KG_K, enthalpy_j_kg, heat_capacity_j_kg_k

# A compensated station is throttling, not starving, while it gets its target but for this share.
CONTROLLED_SHARE = 1e-9


class Consumers(NamedTuple):
    """Stations and buildings within one step, with derivatives in the last axis.

    Attributes:
        asked_w, asked_d: Heat that holds the setpoint, zero for fixed valves, shape (stations,).
        asked_slope: Its derivative by the secondary supply temperature, W/K, shape (stations,).
        target_d: Derivatives of the flow each station throttles to, shape (stations, any).
        heat_w, heat_d: Heat taken in the step, shape (stations,).
        return_j_kg, return_d: Enthalpy of the primary return, shape (stations,).
        supply_c, back_c: Secondary supply and return temperature, degC, shape (stations,).
        supply_d: Working memory: derivatives of one station's secondary supply, shape (any,).
        controlled: True where a valve throttles to its setpoint, shape (stations,).
        room_w, room_d: Heat of each building's radiators, shape (buildings,).
        room_slope: Its derivative by the secondary supply temperature, W/K, shape (buildings,).
        room_by_flow: Its derivative by the heat capacity flow, K, shape (buildings,).
    """

    asked_w: FloatArray
    asked_d: FloatArray
    asked_slope: FloatArray
    target_d: FloatArray
    heat_w: FloatArray
    heat_d: FloatArray
    return_j_kg: FloatArray
    return_d: FloatArray
    supply_c: FloatArray
    back_c: FloatArray
    supply_d: FloatArray
    controlled: BoolArray
    room_w: FloatArray
    room_d: FloatArray
    room_slope: FloatArray
    room_by_flow: FloatArray


def new_consumers(stations: int, buildings: int, directions: int) -> Consumers:
    """Make the memory of one step.

    Args:
        stations: Number of stations.
        buildings: Number of buildings.
        directions: Number of derivatives carried along.

    Returns:
        Consumers that take nothing.
    """
    return Consumers(
        asked_w=np.zeros(stations),
        asked_d=np.zeros((stations, directions)),
        asked_slope=np.zeros(stations),
        target_d=np.zeros((stations, directions)),
        heat_w=np.zeros(stations),
        heat_d=np.zeros((stations, directions)),
        return_j_kg=np.zeros(stations),
        return_d=np.zeros((stations, directions)),
        supply_c=np.zeros(stations),
        back_c=np.zeros(stations),
        supply_d=np.zeros(directions),
        controlled=np.zeros(stations, dtype=np.bool_),
        room_w=np.zeros(buildings),
        room_d=np.zeros((buildings, directions)),
        room_slope=np.zeros(buildings),
        room_by_flow=np.zeros(buildings),
    )


@inlined
def _rooms(
    layout: Layout,
    consumers: Consumers,
    station: int,
    supply_c: float,
    flow_w_k: float,
    indoor_c: FloatArray,
) -> tuple[float, float]:
    """Radiators of all of a station's buildings at a secondary supply temperature.

    Returns their heat, W, and its derivative by that temperature, W/K.
    """
    buildings = layout.buildings
    heat = 0.0
    slope = 0.0
    for entry in range(layout.stations.start[station], layout.stations.start[station + 1]):
        b = layout.stations.member[entry]
        room, by_supply, by_flow = radiator_heat_w(
            supply_c - indoor_c[b],
            buildings.share[b] * flow_w_k,
            buildings.radiator_w[b],
            buildings.excess_k,
            buildings.exponent[b],
        )
        consumers.room_w[b] = room
        consumers.room_slope[b] = by_supply
        consumers.room_by_flow[b] = by_flow * buildings.share[b]
        heat += room
        slope += by_supply
    return heat, slope


@inner
def ask(
    layout: Layout,
    consumers: Consumers,
    setpoint_c: FloatArray,
    inlet_c: FloatArray,
    indoor_c: FloatArray,
    target_kg_s: FloatArray,
) -> None:
    """Find the flow that each held station throttles to, from the water now at its inlet.

    Args:
        layout: The network.
        consumers: Receives what is asked for.
        setpoint_c: Secondary supply setpoint of each station, degC, shape (stations,).
        inlet_c: Primary water at each station, degC, shape (stations,).
        indoor_c: Air of each building, degC, shape (buildings,).
        target_kg_s: Receives the flows, NO_TARGET where the valve stands open.
    """
    stations = layout.stations
    for i in range(len(target_kg_s)):
        mode = stations.mode[i]
        target_kg_s[i] = NO_TARGET
        consumers.asked_w[i] = 0.0
        if mode == LOAD:
            consumers.asked_w[i] = stations.load_w[i]
            drop = enthalpy_j_kg(inlet_c[i]) - enthalpy_j_kg(stations.load_return_c[i])
            if drop > 0.0 or stations.load_w[i] == 0.0:
                target_kg_s[i] = stations.load_w[i] / max(drop, 1e-9)
        elif mode in (HELD_EXCHANGER, HELD_MIXING):
            flow_w_k = stations.secondary_w_k[i]
            asked, slope = _rooms(layout, consumers, i, setpoint_c[i], flow_w_k, indoor_c)
            consumers.asked_w[i] = asked
            consumers.asked_slope[i] = slope
            back_c = setpoint_c[i] - asked / flow_w_k
            if asked <= 0.0:
                target_kg_s[i] = 0.0
            elif mode == HELD_EXCHANGER:
                target_kg_s[i] = needed_flow_kg_s(
                    asked, stations.ua_w_k[i], inlet_c[i], setpoint_c[i], back_c
                )[0]
            elif inlet_c[i] > setpoint_c[i]:
                target_kg_s[i] = asked / (REFERENCE_CP_J_KG_K * (inlet_c[i] - back_c))
        if target_kg_s[i] == UNREACHABLE:
            target_kg_s[i] = NO_TARGET


@inner
def ask_d(
    layout: Layout,
    consumers: Consumers,
    setpoint_c: FloatArray,
    setpoint_d: FloatArray,
    inlet_c: FloatArray,
    inlet_d: FloatArray,
    indoor_d: FloatArray,
    target_kg_s: FloatArray,
    used: int,
) -> None:
    """Derivatives of what `ask` found; call right after it.

    Args:
        layout: The network.
        consumers: What was asked; receives `asked_d` and `target_d`.
        setpoint_c: Secondary supply setpoint of each station, degC, shape (stations,).
        setpoint_d: Its derivatives, shape (stations, directions).
        inlet_c: Primary water at each station, degC, shape (stations,).
        inlet_d: Its derivatives, shape (stations, directions).
        indoor_d: Derivatives of each building's air, shape (buildings, directions).
        target_kg_s: The flows found.
        used: Number of directions carried along.
    """
    stations = layout.stations
    for i in range(len(target_kg_s)):
        mode = stations.mode[i]
        consumers.asked_d[i, :used] = 0.0
        consumers.target_d[i, :used] = 0.0
        if mode in (FIXED_EXCHANGER, FIXED_DIRECT):
            continue
        if mode == LOAD:
            if target_kg_s[i] != NO_TARGET and target_kg_s[i] > 0.0:
                by_inlet = -(target_kg_s[i] ** 2) / stations.load_w[i]
                by_inlet *= heat_capacity_j_kg_k(inlet_c[i])
                for d in range(used):
                    consumers.target_d[i, d] = by_inlet * inlet_d[i, d]
            continue
        for d in range(used):
            consumers.asked_d[i, d] = consumers.asked_slope[i] * setpoint_d[i, d]
        for entry in range(stations.start[i], stations.start[i + 1]):
            b = stations.member[entry]
            for d in range(used):
                consumers.asked_d[i, d] -= consumers.room_slope[b] * indoor_d[b, d]
        if target_kg_s[i] == NO_TARGET or consumers.asked_w[i] <= 0.0:
            continue
        _target_d(layout, consumers, i, setpoint_c, setpoint_d, inlet_c, inlet_d, used)


@inlined
def _target_d(
    layout: Layout,
    consumers: Consumers,
    i: int,
    setpoint_c: FloatArray,
    setpoint_d: FloatArray,
    inlet_c: FloatArray,
    inlet_d: FloatArray,
    used: int,
) -> None:
    """Derivatives of the flow that one throttling station asks for."""
    stations = layout.stations
    asked = consumers.asked_w[i]
    flow_w_k = stations.secondary_w_k[i]
    back_c = setpoint_c[i] - asked / flow_w_k
    if stations.mode[i] == HELD_EXCHANGER:
        _, by_duty, by_primary, by_supply, by_back = needed_flow_kg_s(
            asked, stations.ua_w_k[i], inlet_c[i], setpoint_c[i], back_c
        )
    else:
        cooling = inlet_c[i] - back_c
        by_duty = 1.0 / (REFERENCE_CP_J_KG_K * cooling)
        by_back = asked * by_duty / cooling
        by_primary = -by_back
        by_supply = 0.0
    for d in range(used):
        back_d = setpoint_d[i, d] - consumers.asked_d[i, d] / flow_w_k
        consumers.target_d[i, d] = (
            by_duty * consumers.asked_d[i, d]
            + by_primary * inlet_d[i, d]
            + by_supply * setpoint_d[i, d]
            + by_back * back_d
        )


@inlined
def take(
    layout: Layout,
    consumers: Consumers,
    i: int,
    setpoint_c: float,
    target_kg_s: float,
    flow_kg_s: float,
    inlet_c: float,
    indoor_c: FloatArray,
) -> tuple[float, float, float]:
    """Let one station take its heat from the flow it got.

    Args:
        layout: The network.
        consumers: Receives heats, temperatures and the rooms' slopes.
        i: Which station.
        setpoint_c: Its secondary supply setpoint, degC.
        target_kg_s: The flow it throttled to, NO_TARGET where the valve stood.
        flow_kg_s: The flow it got, kg/s.
        inlet_c: Mean primary inlet temperature of the step, degC.
        indoor_c: Air of each building, degC, shape (buildings,).

    Returns:
        Derivatives of the heat by the inlet temperature (W/K) and by the flow (J/kg), and the
        divisor S + G of the secondary balance (zero where a setpoint is held).
    """
    stations = layout.stations
    mode = stations.mode[i]
    primary_w_k = flow_kg_s * REFERENCE_CP_J_KG_K
    reached = flow_kg_s >= target_kg_s * (1.0 - CONTROLLED_SHARE)
    consumers.controlled[i] = reached
    if mode == LOAD:
        drop = enthalpy_j_kg(inlet_c) - enthalpy_j_kg(stations.load_return_c[i])
        carried = flow_kg_s * max(drop, 0.0)
        # The present water may be colder than what the valve was set for: it gives what it can.
        most = flow_kg_s * (enthalpy_j_kg(inlet_c) - enthalpy_j_kg(0.9 * stations.load_return_c[i]))
        if reached and stations.load_w[i] <= most:
            consumers.heat_w[i] = stations.load_w[i]
            return 0.0, 0.0, 0.0
        consumers.controlled[i] = False
        consumers.heat_w[i] = min(carried, stations.load_w[i])
        if drop <= 0.0 or carried >= stations.load_w[i]:
            return 0.0, 0.0, 0.0
        return flow_kg_s * heat_capacity_j_kg_k(inlet_c), drop, 0.0
    if flow_kg_s <= STILL_KG_S:
        return _take_nothing(layout, consumers, i, inlet_c, indoor_c)
    if mode == FIXED_DIRECT:
        heat, slope = _rooms(layout, consumers, i, inlet_c, primary_w_k, indoor_c)
        consumers.heat_w[i] = heat
        consumers.supply_c[i] = inlet_c
        consumers.back_c[i] = inlet_c - heat / primary_w_k
        by_flow = 0.0
        for entry in range(stations.start[i], stations.start[i + 1]):
            by_flow += consumers.room_by_flow[stations.member[entry]]
        return slope, by_flow * REFERENCE_CP_J_KG_K, 0.0
    flow_w_k = stations.secondary_w_k[i]
    held = mode in (HELD_EXCHANGER, HELD_MIXING)
    if held and reached:
        back_c = setpoint_c - consumers.asked_w[i] / flow_w_k
        if consumers.asked_w[i] <= primary_w_k * (inlet_c - back_c):
            consumers.heat_w[i] = consumers.asked_w[i]
            consumers.supply_c[i] = setpoint_c
            consumers.back_c[i] = back_c
            return 0.0, 0.0, 0.0
    consumers.controlled[i] = False
    # Where the water came colder than the valve was set for, the valve opens further: all that the
    # flow can give is taken, and what is delivered falls steadily with the water.
    slopes = _take_what_comes(
        layout, consumers, i, primary_w_k, inlet_c, indoor_c, held and reached
    )
    if held and consumers.heat_w[i] > consumers.asked_w[i] > 0.0:
        # The water came hotter than the valve was set for: it gives no more than is asked.
        heat, _ = _rooms(layout, consumers, i, setpoint_c, flow_w_k, indoor_c)
        consumers.controlled[i] = True
        consumers.heat_w[i] = heat
        consumers.supply_c[i] = setpoint_c
        consumers.back_c[i] = setpoint_c - heat / flow_w_k
        return 0.0, 0.0, 0.0
    return slopes


@inlined
def _take_nothing(
    layout: Layout, consumers: Consumers, i: int, inlet_c: float, indoor_c: FloatArray
) -> tuple[float, float, float]:
    """A station without flow: its secondary stands at the temperature of the rooms."""
    consumers.heat_w[i] = 0.0
    mean = inlet_c
    begin = layout.stations.start[i]
    end = layout.stations.start[i + 1]
    if end > begin:
        mean = 0.0
        for entry in range(begin, end):
            b = layout.stations.member[entry]
            consumers.room_w[b] = 0.0
            consumers.room_slope[b] = 0.0
            consumers.room_by_flow[b] = 0.0
            mean += indoor_c[b] / (end - begin)
    consumers.supply_c[i] = mean
    consumers.back_c[i] = mean
    return 0.0, 0.0, 0.0


@inlined
def _take_what_comes(
    layout: Layout,
    consumers: Consumers,
    i: int,
    primary_w_k: float,
    inlet_c: float,
    indoor_c: FloatArray,
    ideal: bool,
) -> tuple[float, float, float]:
    """Balance the exchanger (or mixing loop) of one station with its radiators.

    An ideal one cools its primary water to the secondary return.
    """
    stations = layout.stations
    flow_w_k = stations.secondary_w_k[i]
    if ideal or stations.mode[i] == HELD_MIXING:
        between, between_slope = min(primary_w_k, flow_w_k * (1.0 - 1e-9)), 1.0
        if primary_w_k > flow_w_k:
            between_slope = 0.0
    else:
        between, between_slope = conductance_w_k(stations.ua_w_k[i], primary_w_k, flow_w_k)
    # Heat = between (T1 - Tback) and Tback = Tss - heat / C: heat = drive (T1 - Tss).
    drive = 1.0 / max(1.0 / between - 1.0 / flow_w_k, 1e-12)
    drive_slope = (drive / between) ** 2 * between_slope
    supply_c = consumers.supply_c[i]
    coldest = inlet_c
    for entry in range(stations.start[i], stations.start[i + 1]):
        coldest = min(coldest, indoor_c[stations.member[entry]])
    supply_c = min(max(supply_c, coldest), inlet_c)
    heat = 0.0
    slope = 0.0
    for _ in range(40):
        heat, slope = _rooms(layout, consumers, i, supply_c, flow_w_k, indoor_c)
        change = (heat - drive * (inlet_c - supply_c)) / (slope + drive)
        supply_c -= change
        if abs(change) < 1e-4:  # Newton squares it; the rooms follow their slopes
            for entry in range(stations.start[i], stations.start[i + 1]):
                b = stations.member[entry]
                consumers.room_w[b] -= consumers.room_slope[b] * change
            heat -= slope * change
            break
    consumers.heat_w[i] = heat
    consumers.supply_c[i] = supply_c
    consumers.back_c[i] = supply_c - heat / flow_w_k
    total = slope + drive
    by_inlet = slope * drive / total
    by_flow = slope * (inlet_c - supply_c) * drive_slope / total * REFERENCE_CP_J_KG_K
    return by_inlet, by_flow, total


@inner
def take_d(
    layout: Layout,
    consumers: Consumers,
    i: int,
    slopes: tuple[float, float, float],
    setpoint_d: FloatArray,
    inlet_d: FloatArray,
    flow_d: FloatArray,
    indoor_d: FloatArray,
    used: int,
) -> None:
    """Derivatives of what `take` found for one station and its rooms; call right after it.

    Args:
        layout: The network.
        consumers: Receives `heat_d` and `room_d`.
        i: Which station.
        slopes: What `take` returned.
        setpoint_d: Derivatives of the secondary setpoint, shape (directions,).
        inlet_d: Derivatives of the inlet temperature, shape (directions,).
        flow_d: Derivatives of the flow, shape (directions,).
        indoor_d: Derivatives of each building's air, shape (buildings, directions).
        used: Number of directions carried along.
    """
    stations = layout.stations
    by_inlet, by_flow, _ = slopes
    begin = stations.start[i]
    end = stations.start[i + 1]
    if stations.mode[i] == LOAD:
        for d in range(used):
            consumers.heat_d[i, d] = by_inlet * inlet_d[d] + by_flow * flow_d[d]
        return
    supply_d = consumers.supply_d
    if consumers.controlled[i]:
        copy_into(supply_d[:used], setpoint_d)
    elif stations.mode[i] == FIXED_DIRECT:
        copy_into(supply_d[:used], inlet_d)
    else:
        _supply_d(layout, consumers, i, slopes, inlet_d, flow_d, indoor_d, used)
    consumers.heat_d[i, :used] = 0.0
    for entry in range(begin, end):
        b = stations.member[entry]
        slope = consumers.room_slope[b]
        for d in range(used):
            consumers.room_d[b, d] = slope * (supply_d[d] - indoor_d[b, d])
        if stations.mode[i] == FIXED_DIRECT:
            by_water = consumers.room_by_flow[b] * REFERENCE_CP_J_KG_K
            add_scaled(consumers.room_d[b, :used], by_water, flow_d)
        add_scaled(consumers.heat_d[i, :used], 1.0, consumers.room_d[b])


@inlined
def _supply_d(
    layout: Layout,
    consumers: Consumers,
    i: int,
    slopes: tuple[float, float, float],
    inlet_d: FloatArray,
    flow_d: FloatArray,
    indoor_d: FloatArray,
    used: int,
) -> None:
    """Derivatives of the secondary supply of a station that takes what comes."""
    stations = layout.stations
    by_inlet, by_flow, divisor = slopes
    supply_d = consumers.supply_d
    supply_d[:used] = 0.0
    slope = 0.0
    for entry in range(stations.start[i], stations.start[i + 1]):
        slope += consumers.room_slope[stations.member[entry]]
    if not (divisor > 0.0 and slope > 0.0):
        return
    for entry in range(stations.start[i], stations.start[i + 1]):
        b = stations.member[entry]
        add_scaled(supply_d[:used], consumers.room_slope[b], indoor_d[b])
    for d in range(used):
        # by_inlet = slope drive / divisor, so the drive's own part is what is left.
        pushed = by_inlet * inlet_d[d] + by_flow * flow_d[d]
        supply_d[d] = supply_d[d] / divisor + pushed / slope
