"""The march through time: flows, then heat, then rooms, step by step, with or without derivatives.

Each step is explicit in what it takes from the last one: valves are set for the water that now
stands at the stations, the boilers for the water that now returns. Everything within the step is
then solved as it is.
"""

import math
from typing import NamedTuple

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inner, outer
from optimizer.physics.consumers import Consumers, ask, ask_d, take, take_d
from optimizer.physics.flow_tangents import FlowDerivatives, differentiate_flows
from optimizer.physics.hydraulics import solve_flows
from optimizer.physics.layout import Layout
from optimizer.physics.link_laws import NO_TARGET, pump_gain
from optimizer.physics.nodal import FlowInputs, FlowState
from optimizer.physics.rooms import AIR_TO_ENVELOPE, step_response
from optimizer.physics.transport import STILL_KG_S, Side, Source, move_water
from optimizer.physics.vectors import add_scaled, copy_into, total
from optimizer.physics.water import (
    density_kg_m3,
    density_slope_kg_m3_k,
    enthalpy_j_kg,
    heat_capacity_j_kg_k,
    temperature_c,
    viscosity_pa_s,
    viscosity_slope_pa_s_k,
)

# What a direction moves: a plant's outlet, one pump, all pumps of a plant, a station's offset.
PLANT, PUMP, PLANT_PUMPS, OFFSET = range(4)
# What a recorded row of derivatives is of; the order of `optimizer.tangents.Quantity`.
(
    INDOOR,
    STATION_SUPPLY,
    STATION_RETURN,
    STATION_FLOW,
    STATION_HEAT,
    PLANT_HEAT,
    PLANT_SUPPLY,
    PLANT_RETURN,
    PLANT_FLOW,
    PUMP_POWER,
    MAKEUP,
    SUPPLY_PRESSURE,
    RETURN_PRESSURE,
    SUPPLY_NODE_TEMP,
    RETURN_NODE_TEMP,
    SUPPLY_PIPE_FLOW,
    RETURN_PIPE_FLOW,
) = range(17)


class Drive(NamedTuple):
    """What happens to the network in each step, all step means.

    Attributes:
        step_s: Step length, s.
        outdoor_c, wind_m_s, ghi_w_m2: Weather, shape (steps,).
        secondary_c: Secondary supply setpoint, degC, shape (steps, stations).
        plant_c: Outlet setpoint, degC, shape (steps, plants).
        pump: Relative speed, or Pa for pumps that hold a pressure, shape (steps, pumps).
    """

    step_s: float
    outdoor_c: FloatArray
    wind_m_s: FloatArray
    ghi_w_m2: FloatArray
    secondary_c: FloatArray
    plant_c: FloatArray
    pump: FloatArray


class Motion(NamedTuple):
    """Everything that changes from step to step; derivatives in the last axis.

    Attributes:
        flows, inputs, flow_change: Hydraulics and its derivatives.
        supply, back: The two sides' water.
        supply_source, back_source: Water entering them.
        consumers: Stations and radiators.
        indoor_c, envelope_c: Buildings, shape (buildings,), and `*_d` their derivatives.
        station_back_c, station_back_d: Primary return of each station.
        plant_c, plant_d: Delivered outlet temperature of each plant.
        deficit_j, deficit_d: Heat lent by each boiler.
        fired_d, drawn_d: Working memory: derivatives of each plant's heat and each pump's power.
        inlet_c, inlet_d: Working memory: water at each station.
        setpoint_d: Working memory: secondary setpoints' derivatives.
        overshoot: Working memory: flow of each station above what it throttled to, kg/s.
    """

    flows: FlowState
    inputs: FlowInputs
    flow_change: FlowDerivatives
    supply: Side
    back: Side
    supply_source: Source
    back_source: Source
    consumers: Consumers
    indoor_c: FloatArray
    indoor_d: FloatArray
    envelope_c: FloatArray
    envelope_d: FloatArray
    station_back_c: FloatArray
    station_back_d: FloatArray
    plant_c: FloatArray
    plant_d: FloatArray
    deficit_j: FloatArray
    deficit_d: FloatArray
    fired_d: FloatArray
    drawn_d: FloatArray
    inlet_c: FloatArray
    inlet_d: FloatArray
    setpoint_d: FloatArray
    overshoot: FloatArray


class Record(NamedTuple):
    """What a march writes down of each step; arrays of shape (steps, things) unless said.

    `indoor_c` and `envelope_c` have one row more: they are kept at the step boundaries. `energy_j`
    holds supplied, delivered, lost to the ground, leaked less make-up, in that order.
    """

    flow: FloatArray
    pressure: FloatArray
    supply_h: FloatArray
    back_h: FloatArray
    leak: FloatArray
    plant_c: FloatArray
    plant_capped: FloatArray
    plant_w: FloatArray
    plant_flow: FloatArray
    pump_w: FloatArray
    pump_gain_pa: FloatArray
    makeup: FloatArray
    station_c: FloatArray
    station_back_c: FloatArray
    station_w: FloatArray
    station_supply_c: FloatArray
    station_secondary_back_c: FloatArray
    admittance: FloatArray
    unmet_w: FloatArray
    room_w: FloatArray
    indoor_c: FloatArray
    envelope_c: FloatArray
    energy_j: FloatArray
    iterations: IntArray


class Seeds(NamedTuple):
    """Directions and what is wanted of their derivatives.

    Attributes:
        lever, which: What each direction moves, shape (directions,), sorted by first step.
        group: Group that each station's offset is moved with, shape (stations,).
        weight: How much it moves it in each step (mean of the step), shape (steps, directions).
        used: Number of directions that have begun by each step, shape (steps,).
        row_start: First wanted row of each step boundary, shape (steps + 2,).
        quantity, element: What each wanted row is of, shape (rows,).
        plant_heat, pump_power, makeup: Weights of functionals on each step's heat (W), electric
            power (W) and make-up (kg/s), shapes (functionals, steps, plants), (.., pumps), (.., ).
        indoor: Weights on indoor temperatures, shape (functionals, steps + 1, buildings).
        envelope_end: Weights on the envelopes at the end, shape (functionals, buildings).
        water_end: Weight on the heat left in the water at the end, J, shape (functionals,).
    """

    lever: IntArray
    which: IntArray
    group: IntArray
    weight: FloatArray
    used: IntArray
    row_start: IntArray
    quantity: IntArray
    element: IntArray
    plant_heat: FloatArray
    pump_power: FloatArray
    makeup: FloatArray
    indoor: FloatArray
    envelope_end: FloatArray
    water_end: FloatArray


@outer
def march(
    layout: Layout,
    drive: Drive,
    motion: Motion,
    record: Record,
    seeds: Seeds,
    rows: FloatArray,
    gradients: FloatArray,
) -> None:
    """March through all steps.

    Args:
        layout: The network.
        drive: Weather and setpoints.
        motion: State at the start, replaced by that at the end.
        record: Receives the trace.
        seeds: Directions wanted; none for a plain simulation.
        rows: Receives the wanted rows, shape (rows, directions).
        gradients: Receives the functionals' gradients, shape (functionals, directions).
    """
    steps = len(drive.outdoor_c)
    pipes = len(layout.pipes.length_m)
    ground = enthalpy_j_kg(layout.ground_temp_c)
    motion.supply.ground[:] = ground
    motion.back.ground[:] = ground
    copy_into(record.indoor_c[0], motion.indoor_c)
    copy_into(record.envelope_c[0], motion.envelope_c)
    for k in range(steps):
        used = seeds.used[k]
        _set_inputs(layout, drive, motion, k)
        if used > 0:
            _set_input_derivatives(layout, drive, motion, seeds, k, used)
        record.iterations[k] = solve_flows(layout, motion.inputs, motion.flows)
        if used > 0:
            differentiate_flows(layout, motion.inputs, motion.flows, motion.flow_change, used)
        _fire_plants(layout, drive, motion, record, seeds, k, used)
        lost = move_water(
            layout,
            motion.supply,
            layout.pipes.content_kg[0],
            motion.supply_source,
            motion.flows.flow_kg_s[:pipes],
            motion.flow_change.flow[:pipes],
            drive.step_s,
            used,
        )
        _serve_stations(layout, drive, motion, record, k, used)
        _make_up(layout, motion, record, k, used)
        lost += move_water(
            layout,
            motion.back,
            layout.pipes.content_kg[1],
            motion.back_source,
            motion.flows.flow_kg_s[pipes : 2 * pipes],
            motion.flow_change.flow[pipes : 2 * pipes],
            drive.step_s,
            used,
        )
        _charge_plants(layout, drive, motion, record, seeds, gradients, k, used)
        _note_step(layout, drive, motion, record, k, lost)
        if used > 0:
            _note_rows(layout, motion, seeds, rows, k, used)
        _heat_rooms(layout, drive, motion, k, used)
        copy_into(record.indoor_c[k + 1], motion.indoor_c)
        copy_into(record.envelope_c[k + 1], motion.envelope_c)
        if used > 0:
            _note_room_rows(motion, seeds, rows, gradients, k + 1, used)
    if steps > 0 and seeds.used[steps - 1] > 0:
        _note_end(layout, motion, seeds, gradients, seeds.used[steps - 1])


@inner
def _set_inputs(layout: Layout, drive: Drive, motion: Motion, k: int) -> None:
    """Water properties, what the stations ask for and what the pumps are set to."""
    inputs = motion.inputs
    supply_c = 0.0
    back_c = 0.0
    for p in range(len(layout.plants.node)):
        node = layout.plants.node[p]
        supply_c += layout.plants.weight[p] * motion.plant_c[p]
        back_c += layout.plants.weight[p] * temperature_c(motion.back.end[node])
    inputs.density[0] = density_kg_m3(supply_c)
    inputs.density[1] = density_kg_m3(back_c)
    inputs.viscosity[0] = viscosity_pa_s(supply_c)
    inputs.viscosity[1] = viscosity_pa_s(back_c)
    for m in range(len(inputs.pump_setpoint)):
        inputs.pump_setpoint[m] = drive.pump[k, m]
        plant = layout.pumps.plant[m]
        water_c = back_c
        if plant >= 0:
            water_c = temperature_c(motion.back.end[layout.plants.node[plant]])
        inputs.pump_density[m] = density_kg_m3(water_c)
    stations = layout.stations
    for i in range(len(stations.node)):
        motion.inlet_c[i] = temperature_c(motion.supply.end[stations.node[i]])
        # A closed valve lets through what no meter would see.
        share = max(stations.fixed_share[i], 1e-7)
        inputs.admittance[i] = (
            stations.flow_coefficient[i] * share * share * density_kg_m3(motion.station_back_c[i])
        )
    first = 2 * len(layout.pipes.length_m)
    for i in range(len(stations.node)):
        motion.overshoot[i] = motion.flows.flow_kg_s[first + i] - inputs.target_kg_s[i]
    ask(
        layout,
        motion.consumers,
        drive.secondary_c[k],
        motion.inlet_c,
        motion.indoor_c,
        inputs.target_kg_s,
    )
    for i in range(len(stations.node)):
        # A station that throttled will most likely throttle again: start the solve from there.
        if motion.overshoot[i] > 0.0 and inputs.target_kg_s[i] != NO_TARGET:
            motion.flows.flow_kg_s[first + i] = inputs.target_kg_s[i] + motion.overshoot[i]


@inner
def _set_input_derivatives(
    layout: Layout, drive: Drive, motion: Motion, seeds: Seeds, k: int, used: int
) -> None:
    """Derivatives of everything that `_set_inputs` set."""
    change = motion.flow_change
    change.density[:, :used] = 0.0
    change.setpoint[:, :used] = 0.0
    motion.setpoint_d[:, :used] = 0.0
    for d in range(used):
        if seeds.lever[d] == PUMP:
            change.setpoint[seeds.which[d], d] = seeds.weight[k, d]
        elif seeds.lever[d] == PLANT_PUMPS:
            for m in range(len(layout.pumps.plant)):
                if layout.pumps.plant[m] == seeds.which[d]:
                    change.setpoint[m, d] = seeds.weight[k, d]
    for i in range(len(seeds.group)):
        for d in range(used):
            if seeds.lever[d] == OFFSET and seeds.which[d] == seeds.group[i]:
                motion.setpoint_d[i, d] = seeds.weight[k, d]
    supply_c = 0.0
    back_c = 0.0
    for p in range(len(layout.plants.node)):
        node = layout.plants.node[p]
        weight = layout.plants.weight[p]
        supply_c += weight * motion.plant_c[p]
        end_c = temperature_c(motion.back.end[node])
        back_c += weight * end_c
        per_enthalpy = weight / heat_capacity_j_kg_k(end_c)
        for d in range(used):
            change.density[0, d] += weight * motion.plant_d[p, d]
            change.density[1, d] += per_enthalpy * motion.back.end_d[node, d]
    for side in range(2):
        water_c = supply_c if side == 0 else back_c
        for d in range(used):
            water_d = change.density[side, d]
            change.density[side, d] = density_slope_kg_m3_k(water_c) * water_d
            change.viscosity[side, d] = viscosity_slope_pa_s_k(water_c) * water_d
    for m in range(len(layout.pumps.plant)):
        plant = layout.pumps.plant[m]
        if plant < 0:
            copy_into(change.pump_density[m, :used], change.density[1, :used])
            continue
        node = layout.plants.node[plant]
        end_c = temperature_c(motion.back.end[node])
        slope = density_slope_kg_m3_k(end_c) / heat_capacity_j_kg_k(end_c)
        for d in range(used):
            change.pump_density[m, d] = slope * motion.back.end_d[node, d]
    stations = layout.stations
    for i in range(len(stations.node)):
        node = stations.node[i]
        per_enthalpy = 1.0 / heat_capacity_j_kg_k(motion.inlet_c[i])
        density = density_kg_m3(motion.station_back_c[i])
        slope = motion.inputs.admittance[i] / density
        slope *= density_slope_kg_m3_k(motion.station_back_c[i])
        for d in range(used):
            motion.inlet_d[i, d] = per_enthalpy * motion.supply.end_d[node, d]
            change.admittance[i, d] = slope * motion.station_back_d[i, d]
    ask_d(
        layout,
        motion.consumers,
        drive.secondary_c[k],
        motion.setpoint_d,
        motion.inlet_c,
        motion.inlet_d,
        motion.indoor_d,
        motion.inputs.target_kg_s,
        used,
    )
    for i in range(len(stations.node)):
        copy_into(change.target[i, :used], motion.consumers.target_d[i, :used])


@inner
def _plant_flow(layout: Layout, flow: FloatArray, p: int) -> float:
    """Flow through a plant: that of all its pumps, kg/s."""
    first = len(flow) - len(layout.pumps.plant)
    total = 0.0
    for m in range(len(layout.pumps.plant)):
        if layout.pumps.plant[m] == p:
            total += max(flow[first + m], 0.0)
    return total


@inner
def _fire_plants(
    layout: Layout, drive: Drive, motion: Motion, record: Record, seeds: Seeds, k: int, used: int
) -> None:
    """Set each plant's outlet: the setpoint, or what its capacity reaches from the present return.

    A plant does not cool, and a boiler gives back what it lent to the water in the last step.
    """
    source = motion.supply_source
    source.flow[:] = 0.0
    source.power[:] = 0.0
    source.flow_d[:, :used] = 0.0
    source.power_d[:, :used] = 0.0
    links = len(motion.flows.flow_kg_s)
    first_pump = links - len(layout.pumps.plant)
    for p in range(len(layout.plants.node)):
        node = layout.plants.node[p]
        flow = _plant_flow(layout, motion.flows.flow_kg_s, p)
        returned = motion.back.end[node]
        outlet = enthalpy_j_kg(drive.plant_c[k, p])
        capped = 0.0
        most = math.inf
        spare_w = layout.plants.max_heat_w[p] - motion.deficit_j[p] / drive.step_s
        if flow > STILL_KG_S:
            most = returned + spare_w / flow
        if outlet > most:
            outlet = most
            capped = 1.0
        if outlet < returned:
            outlet = returned
            capped = -1.0
        record.plant_capped[k, p] = capped
        record.plant_flow[k, p] = flow
        motion.plant_c[p] = temperature_c(outlet)
        source.flow[node] += flow
        source.power[node] += flow * outlet
        if used == 0:
            continue
        capacity = heat_capacity_j_kg_k(motion.plant_c[p])
        for d in range(used):
            flow_d = 0.0
            for m in range(len(layout.pumps.plant)):
                if layout.pumps.plant[m] == p and motion.flows.flow_kg_s[first_pump + m] > 0.0:
                    flow_d += motion.flow_change.flow[first_pump + m, d]
            if capped == 0.0:
                moved = seeds.lever[d] == PLANT and seeds.which[d] == p
                outlet_d = capacity * seeds.weight[k, d] if moved else 0.0
            else:
                outlet_d = motion.back.end_d[node, d]
                if capped > 0.0:
                    outlet_d -= motion.deficit_d[p, d] / drive.step_s / flow
                    outlet_d -= spare_w / (flow * flow) * flow_d
            motion.plant_d[p, d] = outlet_d / capacity
            source.flow_d[node, d] += flow_d
            source.power_d[node, d] += flow_d * outlet + flow * outlet_d


@inner
def _serve_stations(
    layout: Layout, drive: Drive, motion: Motion, record: Record, k: int, used: int
) -> None:
    """Let every station take its heat, and hand its water to the return side."""
    source = motion.back_source
    source.flow[:] = 0.0
    source.power[:] = 0.0
    source.flow_d[:, :used] = 0.0
    source.power_d[:, :used] = 0.0
    pipes = len(layout.pipes.length_m)
    consumers = motion.consumers
    for i in range(len(layout.stations.node)):
        node = layout.stations.node[i]
        link = 2 * pipes + i
        flow = max(motion.flows.flow_kg_s[link], 0.0)
        inlet_h = motion.supply.mean[node]
        inlet_c = temperature_c(inlet_h)
        motion.inlet_c[i] = inlet_c
        slopes = take(
            layout,
            consumers,
            i,
            drive.secondary_c[k, i],
            motion.inputs.target_kg_s[i],
            flow,
            inlet_c,
            motion.indoor_c,
        )
        unmet = consumers.asked_w[i] - consumers.heat_w[i]
        record.unmet_w[k, i] = max(unmet, 0.0) if consumers.asked_w[i] > 0.0 else 0.0
        moving = flow > STILL_KG_S
        if moving:
            consumers.return_j_kg[i] = inlet_h - consumers.heat_w[i] / flow
            motion.station_back_c[i] = temperature_c(consumers.return_j_kg[i])
            source.flow[node] += flow
            source.power[node] += flow * consumers.return_j_kg[i]
        if used == 0:
            continue
        per_enthalpy = 1.0 / heat_capacity_j_kg_k(inlet_c)
        for d in range(used):
            motion.inlet_d[i, d] = per_enthalpy * motion.supply.mean_d[node, d]
        take_d(
            layout,
            consumers,
            i,
            slopes,
            motion.setpoint_d[i],
            motion.inlet_d[i],
            motion.flow_change.flow[link],
            motion.indoor_d,
            used,
        )
        if not moving:
            continue
        capacity = heat_capacity_j_kg_k(motion.station_back_c[i])
        for d in range(used):
            flow_d = motion.flow_change.flow[link, d]
            drop_d = (consumers.heat_d[i, d] - consumers.heat_w[i] / flow * flow_d) / flow
            return_d = motion.supply.mean_d[node, d] - drop_d
            consumers.return_d[i, d] = return_d
            motion.station_back_d[i, d] = return_d / capacity
            source.flow_d[node, d] += flow_d
            source.power_d[node, d] += flow_d * consumers.return_j_kg[i] + flow * return_d


@inner
def _make_up(layout: Layout, motion: Motion, record: Record, k: int, used: int) -> None:
    """Let make-up water in where the pressure is held."""
    source = motion.back_source
    makeup = total(motion.flows.leak_kg_s)
    node = layout.graph.reference - len(layout.graph.elevation_m) // 2
    makeup_h = enthalpy_j_kg(layout.makeup_temp_c)
    record.makeup[k] = makeup
    source.flow[node] += makeup
    source.power[node] += makeup * makeup_h
    add_scaled(source.flow_d[node, :used], 1.0, motion.flow_change.makeup)
    add_scaled(source.power_d[node, :used], makeup_h, motion.flow_change.makeup)


@inner
def _charge_plants(
    layout: Layout,
    drive: Drive,
    motion: Motion,
    record: Record,
    seeds: Seeds,
    gradients: FloatArray,
    k: int,
    used: int,
) -> None:
    """Find the heat that each plant fired and the power that each pump drew."""
    first_pump = len(motion.flows.flow_kg_s) - len(layout.pumps.plant)
    for p in range(len(layout.plants.node)):
        node = layout.plants.node[p]
        flow = record.plant_flow[k, p]
        outlet = enthalpy_j_kg(motion.plant_c[p])
        given = flow * (outlet - motion.back.mean[node])
        wanted = given + motion.deficit_j[p] / drive.step_s
        fired = min(max(wanted, 0.0), layout.plants.max_heat_w[p])
        motion.deficit_j[p] = (wanted - fired) * drive.step_s
        record.plant_w[k, p] = fired
        capacity = heat_capacity_j_kg_k(motion.plant_c[p])
        for d in range(used):
            flow_d = 0.0
            for m in range(len(layout.pumps.plant)):
                if layout.pumps.plant[m] == p and motion.flows.flow_kg_s[first_pump + m] > 0.0:
                    flow_d += motion.flow_change.flow[first_pump + m, d]
            given_d = flow_d * (outlet - motion.back.mean[node])
            given_d += flow * (capacity * motion.plant_d[p, d] - motion.back.mean_d[node, d])
            wanted_d = given_d + motion.deficit_d[p, d] / drive.step_s
            fired_d = wanted_d if fired == wanted else 0.0
            motion.deficit_d[p, d] = (wanted_d - fired_d) * drive.step_s
            motion.fired_d[p, d] = fired_d
            for f in range(gradients.shape[0]):
                gradients[f, d] += seeds.plant_heat[f, k, p] * fired_d
    _charge_pumps(layout, motion, record, seeds, gradients, k, used)


@inner
def _charge_pumps(
    layout: Layout,
    motion: Motion,
    record: Record,
    seeds: Seeds,
    gradients: FloatArray,
    k: int,
    used: int,
) -> None:
    """Electric power of each pump: pressure gain times volume flow over efficiency."""
    inputs = motion.inputs
    links = len(motion.flows.flow_kg_s)
    pipes = len(layout.pipes.length_m)
    for m in range(len(layout.pumps.plant)):
        link = links - len(layout.pumps.plant) + m
        sign = 1.0
        if layout.pumps.pipe[m] >= 0:
            link = pipes + layout.pumps.pipe[m]
            sign = layout.pipes.booster_sign[layout.pumps.pipe[m]]
        flow = max(sign * motion.flows.flow_kg_s[link], 0.0)
        gain, by_flow, by_setpoint, by_density = pump_gain(
            layout, m, flow, inputs.pump_setpoint[m], inputs.pump_density[m]
        )
        divisor = inputs.pump_density[m] * layout.pumps.efficiency[m]
        record.pump_gain_pa[k, m] = gain
        record.pump_w[k, m] = max(gain, 0.0) * flow / divisor
        for d in range(used):
            flow_d = sign * motion.flow_change.flow[link, d] if flow > 0.0 else 0.0
            density_d = motion.flow_change.pump_density[m, d]
            gain_d = by_flow * flow_d + by_setpoint * motion.flow_change.setpoint[m, d]
            gain_d += by_density * density_d
            power_d = (gain_d * flow + gain * flow_d) / divisor
            power_d -= gain * flow / divisor * density_d / inputs.pump_density[m]
            if gain <= 0.0:
                power_d = 0.0
            motion.drawn_d[m, d] = power_d
            for f in range(gradients.shape[0]):
                gradients[f, d] += seeds.pump_power[f, k, m] * power_d
    for f in range(gradients.shape[0]):
        add_scaled(gradients[f, :used], seeds.makeup[f, k], motion.flow_change.makeup)


@inner
def _heat_rooms(layout: Layout, drive: Drive, motion: Motion, k: int, used: int) -> None:
    """Integrate every building over the step."""
    buildings = layout.buildings
    outdoor = drive.outdoor_c[k]
    for b in range(len(buildings.ua_w_k)):
        nominal = buildings.ua_w_k[b]
        ua = nominal * (1.0 + buildings.wind_ua[b] * drive.wind_m_s[k])
        ua = min(ua, 0.9 * AIR_TO_ENVELOPE * nominal)
        aa, ae, ea, ee, air_rise, envelope_rise = step_response(
            ua, nominal, buildings.air_j_k[b], buildings.envelope_j_k[b], drive.step_s
        )
        heat = motion.consumers.room_w[b] + buildings.gain_w[b]
        heat += buildings.aperture_m2[b] * drive.ghi_w_m2[k]
        air_steady = outdoor + air_rise * heat
        envelope_steady = outdoor + envelope_rise * heat
        air = motion.indoor_c[b] - air_steady
        envelope = motion.envelope_c[b] - envelope_steady
        motion.indoor_c[b] = air_steady + aa * air + ae * envelope
        motion.envelope_c[b] = envelope_steady + ea * air + ee * envelope
        air_gain = (1.0 - aa) * air_rise - ae * envelope_rise
        envelope_gain = (1.0 - ee) * envelope_rise - ea * air_rise
        for d in range(used):
            air_d = motion.indoor_d[b, d]
            envelope_d = motion.envelope_d[b, d]
            room_d = motion.consumers.room_d[b, d]
            motion.indoor_d[b, d] = aa * air_d + ae * envelope_d + air_gain * room_d
            motion.envelope_d[b, d] = ea * air_d + ee * envelope_d + envelope_gain * room_d


@inner
def _note_step(
    layout: Layout, drive: Drive, motion: Motion, record: Record, k: int, lost: float
) -> None:
    """Write down one step and where its heat went."""
    copy_into(record.flow[k], motion.flows.flow_kg_s)
    copy_into(record.pressure[k], motion.flows.pressure_pa)
    copy_into(record.supply_h[k], motion.supply.mean)
    copy_into(record.back_h[k], motion.back.mean)
    copy_into(record.leak[k], motion.flows.leak_kg_s)
    copy_into(record.plant_c[k], motion.plant_c)
    copy_into(record.station_c[k], motion.inlet_c)
    copy_into(record.station_back_c[k], motion.station_back_c)
    copy_into(record.station_w[k], motion.consumers.heat_w)
    copy_into(record.station_supply_c[k], motion.consumers.supply_c)
    copy_into(record.station_secondary_back_c[k], motion.consumers.back_c)
    copy_into(record.admittance[k], motion.inputs.admittance)
    copy_into(record.room_w[k], motion.consumers.room_w)
    half = len(motion.supply.mean)
    leaked = -record.makeup[k] * enthalpy_j_kg(layout.makeup_temp_c)
    for node in range(half):
        leaked += motion.flows.leak_kg_s[node] * motion.supply.mean[node]
        leaked += motion.flows.leak_kg_s[half + node] * motion.back.mean[node]
    record.energy_j[0] += total(record.plant_w[k]) * drive.step_s
    record.energy_j[1] += total(motion.consumers.heat_w) * drive.step_s
    record.energy_j[2] += lost
    record.energy_j[3] += leaked * drive.step_s


@inner
def _note_rows(
    layout: Layout, motion: Motion, seeds: Seeds, rows: FloatArray, k: int, used: int
) -> None:
    """Write down the wanted derivatives of one step."""
    change = motion.flow_change
    half = len(motion.supply.mean)
    pipes = len(layout.pipes.length_m)
    first_pump = len(motion.flows.flow_kg_s) - len(layout.pumps.plant)
    for r in range(seeds.row_start[k], seeds.row_start[k + 1]):
        what = seeds.quantity[r]
        i = seeds.element[r]
        if what == STATION_SUPPLY:
            add_scaled(rows[r, :used], 1.0, motion.inlet_d[i, :used])
        elif what == STATION_RETURN:
            add_scaled(rows[r, :used], 1.0, motion.station_back_d[i, :used])
        elif what == STATION_FLOW:
            add_scaled(rows[r, :used], 1.0, change.flow[2 * pipes + i, :used])
        elif what == STATION_HEAT:
            add_scaled(rows[r, :used], 1.0, motion.consumers.heat_d[i, :used])
        elif what == PLANT_SUPPLY:
            add_scaled(rows[r, :used], 1.0, motion.plant_d[i, :used])
        elif what == PLANT_RETURN:
            node = layout.plants.node[i]
            capacity = heat_capacity_j_kg_k(temperature_c(motion.back.mean[node]))
            add_scaled(rows[r, :used], 1.0 / capacity, motion.back.mean_d[node, :used])
        elif what == PLANT_FLOW:
            for m in range(len(layout.pumps.plant)):
                if layout.pumps.plant[m] == i:
                    add_scaled(rows[r, :used], 1.0, change.flow[first_pump + m, :used])
        elif what == PLANT_HEAT:
            add_scaled(rows[r, :used], 1.0, motion.fired_d[i, :used])
        elif what == PUMP_POWER:
            add_scaled(rows[r, :used], 1.0, motion.drawn_d[i, :used])
        elif what == MAKEUP:
            add_scaled(rows[r, :used], 1.0, change.makeup[:used])
        elif what == SUPPLY_PRESSURE:
            add_scaled(rows[r, :used], 1.0, change.pressure[i, :used])
        elif what == RETURN_PRESSURE:
            add_scaled(rows[r, :used], 1.0, change.pressure[half + i, :used])
        elif what == SUPPLY_NODE_TEMP:
            capacity = heat_capacity_j_kg_k(temperature_c(motion.supply.mean[i]))
            add_scaled(rows[r, :used], 1.0 / capacity, motion.supply.mean_d[i, :used])
        elif what == RETURN_NODE_TEMP:
            capacity = heat_capacity_j_kg_k(temperature_c(motion.back.mean[i]))
            add_scaled(rows[r, :used], 1.0 / capacity, motion.back.mean_d[i, :used])
        elif what == SUPPLY_PIPE_FLOW:
            add_scaled(rows[r, :used], 1.0, change.flow[i, :used])
        elif what == RETURN_PIPE_FLOW:
            add_scaled(rows[r, :used], 1.0, change.flow[pipes + i, :used])


@inner
def _note_room_rows(
    motion: Motion, seeds: Seeds, rows: FloatArray, gradients: FloatArray, k: int, used: int
) -> None:
    """Write down the wanted derivatives of indoor temperatures at a step boundary."""
    for r in range(seeds.row_start[k], seeds.row_start[k + 1]):
        if seeds.quantity[r] == INDOOR:
            add_scaled(rows[r, :used], 1.0, motion.indoor_d[seeds.element[r], :used])
    for f in range(gradients.shape[0]):
        for b in range(len(motion.indoor_c)):
            weight = seeds.indoor[f, k, b]
            if weight != 0.0:
                for d in range(used):
                    gradients[f, d] += weight * motion.indoor_d[b, d]


@inner
def _note_end(
    layout: Layout, motion: Motion, seeds: Seeds, gradients: FloatArray, used: int
) -> None:
    """Add what the functionals weigh at the end: envelopes and the heat left in the water."""
    for f in range(gradients.shape[0]):
        for b in range(len(motion.indoor_c)):
            for d in range(used):
                gradients[f, d] += seeds.envelope_end[f, b] * motion.envelope_d[b, d]
        if seeds.water_end[f] == 0.0:
            continue
        for which in range(2):
            contents = motion.supply.contents if which == 0 else motion.back.contents
            slots = contents.size.shape[0]
            for pipe in range(len(contents.filled)):
                for j in range(contents.filled[pipe]):
                    slot = (contents.head[pipe] + j) % slots
                    for d in range(used):
                        gradients[f, d] += seeds.water_end[f] * (
                            contents.size_d[slot, pipe, d] * contents.enthalpy[slot, pipe]
                            + contents.size[slot, pipe] * contents.enthalpy_d[slot, pipe, d]
                        )
        for p in range(len(motion.deficit_j)):
            for d in range(used):
                gradients[f, d] -= seeds.water_end[f] * motion.deficit_d[p, d]
