"""The virtual plant's clockwork: boilers, pumps, make-up, and the order of a step."""

import math
from typing import NamedTuple

from hil_tests.bench.compiled import compiled
from hil_tests.bench.plant_consumers import Consumers, consume, valve_kv
from hil_tests.bench.plant_flow import Flow, find_flows, mean_water_c
from hil_tests.bench.plant_layout import Layout
from hil_tests.bench.plant_water import Water, carry
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.physics.water import enthalpy_j_kg, temperature_c

STEP_S = 30.0
BOILER_LAG_S = 240.0
SPEED_PER_S, TRIP_PER_S = 0.005, 0.05
PRESSURE_PER_PA_S = 2e-8
EXPANSION_M3_PA = 2.0 / 1e5
MAKEUP_S = 600.0  # how fast the make-up pump restores what the holding pressure lacks


class Machinery(NamedTuple):
    """Boilers and pumps.

    Attributes:
        inner_c: Setpoint that each boiler has reached by its own ramp.
        outlet_c: Water that it gives.
        makeup_m3_s: What the make-up pump delivers, shape (1,).
        water_c: Memory: mean water of each pipe.
        return_c: Memory: water leaving each station.
        pump_w: Electricity of each pump.
        seconds: Time since the start, shape (1,).
    """

    inner_c: FloatArray
    outlet_c: FloatArray
    makeup_m3_s: FloatArray
    water_c: FloatArray
    return_c: FloatArray
    pump_w: FloatArray
    seconds: FloatArray


class Asked(NamedTuple):
    """What is asked of the plant, and what has befallen it.

    Attributes:
        supply_c: Outlet setpoint of each plant.
        pump: Setpoint of each pump: relative speed, or Pa.
        offset_k: Offset to each station's curve.
        capacity: Share of each plant's capacity that there is.
        pump_works: False for a pump that has tripped.
        burst_m3_s: What each supply pipe loses beyond its old leak, at the reference pressure.
        most_makeup_m3_s: The make-up pump's capacity, shape (1,).
        held_pa: What the make-up pump holds, shape (1,).
    """

    supply_c: FloatArray
    pump: FloatArray
    offset_k: FloatArray
    capacity: FloatArray
    pump_works: BoolArray
    burst_m3_s: FloatArray
    most_makeup_m3_s: FloatArray
    held_pa: FloatArray


@compiled
def run(layout: Layout, flow: Flow, water: Water, consumers: Consumers, machinery: Machinery,
        asked: Asked, weather: tuple[float, float, float], seconds: float) -> None:  # fmt: skip
    """Let the plant go on.

    Args:
        layout: The plant.
        flow: Flows; changes.
        water: Heat under way; changes.
        consumers: Stations and buildings; change.
        machinery: Boilers and pumps; change.
        asked: Setpoints and mishaps.
        weather: Outdoor temperature degC, wind m/s, irradiance W/m2.
        seconds: How long.
    """
    parts = max(1, math.ceil(seconds / STEP_S - 1e-9))
    step_s = seconds / parts
    for _ in range(parts):
        _pumps(layout, flow, asked, step_s)
        _hold_pressure(flow, machinery, asked, step_s)
        valve_kv(layout, consumers, flow)
        mean_water_c(layout, water.cell_j_kg, machinery.water_c)
        _returns(layout, flow, water, machinery)
        find_flows(layout, flow, machinery.water_c, machinery.return_c, asked.burst_m3_s)
        _boilers(layout, flow, water, machinery, asked, step_s)
        consume(layout, consumers, water, flow.link_kg_s, asked.offset_k, weather, step_s)
        carry(layout, water, flow.link_kg_s, flow.demand_kg_s, step_s)
        _electricity(layout, flow, machinery)
        machinery.seconds[0] += step_s


@compiled
def _pumps(layout: Layout, flow: Flow, asked: Asked, step_s: float) -> None:
    """Drives ramp to their speed; those that hold a pressure look for it within their range."""
    machines = layout.machines
    for pump in range(len(machines.of_plant)):
        flow.running[pump] = asked.pump_works[pump] or flow.speed[pump] > 0.0
        if not asked.pump_works[pump]:
            flow.speed[pump] = max(flow.speed[pump] - TRIP_PER_S * step_s, 0.0)
            continue
        wanted = asked.pump[pump]
        plant = machines.of_plant[pump]
        if machines.holds_pressure[pump] and plant >= 0:
            node = machines.node[plant]
            shown = flow.pressure_pa[node] - flow.pressure_pa[layout.nodes + node]
            wanted = flow.speed[pump] + PRESSURE_PER_PA_S * (asked.pump[pump] - shown) * step_s
        wanted = min(max(wanted, machines.min_speed[pump]), machines.max_speed[pump])
        most = SPEED_PER_S * step_s
        flow.speed[pump] += min(max(wanted - flow.speed[pump], -most), most)


@compiled
def _hold_pressure(flow: Flow, machinery: Machinery, asked: Asked, step_s: float) -> None:
    """The make-up pump replaces what leaks; where it cannot, the pressure falls."""
    leaking = flow.demand_kg_s.sum() / 1000.0
    lacking = (asked.held_pa[0] - flow.held_pa[0]) * EXPANSION_M3_PA
    given = min(max(leaking + lacking / MAKEUP_S, 0.0), asked.most_makeup_m3_s[0])
    machinery.makeup_m3_s[0] = given
    flow.held_pa[0] = max(flow.held_pa[0] + (given - leaking) * step_s / EXPANSION_M3_PA, 0.0)


@compiled
def _returns(layout: Layout, flow: Flow, water: Water, machinery: Machinery) -> None:
    """Water leaving each station, for the density in its valve."""
    count = len(layout.pipes.begin)
    for i in range(len(machinery.return_c)):
        now = flow.link_kg_s[count + i]
        inlet = water.node_j_kg[layout.stations.node[i]]
        if now > 1e-4:
            machinery.return_c[i] = temperature_c(max(inlet - water.station_w[i] / now, 1e4))


@compiled
def _boilers(layout: Layout, flow: Flow, water: Water, machinery: Machinery, asked: Asked,
             step_s: float) -> None:  # fmt: skip
    """Outlets follow their setpoints by the boiler's own ramp and lag, within its capacity."""
    machines, nodes = layout.machines, layout.nodes
    first = len(layout.pipes.begin) + len(layout.stations.node)
    for plant in range(len(machines.node)):
        wanted = min(asked.supply_c[plant], machines.highest_c[plant])
        most = machines.ramp_k_s[plant] * step_s
        machinery.inner_c[plant] += min(max(wanted - machinery.inner_c[plant], -most), most)
        lag = 1.0 - math.exp(-step_s / BOILER_LAG_S)
        reached = machinery.outlet_c[plant]
        reached += lag * (machinery.inner_c[plant] - reached)
        back = water.node_j_kg[nodes + machines.node[plant]]
        through = 0.0
        for pump in range(len(machines.of_plant)):
            if machines.of_plant[pump] == plant:
                through += max(flow.link_kg_s[first + pump], 0.0)
        if through > 1e-3:
            limit = back + asked.capacity[plant] * machines.max_heat_w[plant] / through
            reached = min(reached, temperature_c(limit))
        reached = max(reached, temperature_c(back))  # a boiler does not cool
        machinery.outlet_c[plant] = reached
        water.boiler_j_kg[plant] = enthalpy_j_kg(reached)


@compiled
def _electricity(layout: Layout, flow: Flow, machinery: Machinery) -> None:
    machines = layout.machines
    first = len(layout.pipes.begin) + len(layout.stations.node)
    for pump in range(len(machines.of_plant)):
        plant = machines.of_plant[pump]
        if plant >= 0:
            node = machines.node[plant]
            now = max(flow.link_kg_s[first + pump], 0.0)
            lift = flow.pressure_pa[node] - flow.pressure_pa[layout.nodes + node]
        else:
            now, lift = _booster(layout, flow, pump)
        machinery.pump_w[pump] = now / 985.0 * max(lift, 0.0) / machines.efficiency[pump]


@compiled
def _booster(layout: Layout, flow: Flow, pump: int) -> tuple[float, float]:
    """Flow and lift of a pump that stands in a pipe."""
    pipes, machines = layout.pipes, layout.machines
    for pipe in range(len(pipes.begin)):
        if pipes.booster[pipe] == pump:
            now = max(pipes.booster_sign[pipe] * flow.link_kg_s[pipe], 0.0)
            lift = machines.shutoff_pa_kg[pump] * 985.0 * flow.speed[pump] ** 2
            return now, lift - machines.curvature[pump] / 985.0 * now * now
    return 0.0, 0.0
