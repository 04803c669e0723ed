"""The judge's own time stepping: every step is solved until flows, heat and water agree.

Where the planner's simulator takes valves and boilers from the water of the last step, here each
step is tried again until the water that flows, the heat that is taken and the outlet that is fired
belong to each other.
"""

from typing import NamedTuple

from optimizer.judge.consumers import heat_taken, wanted_flow, wanted_heat
from optimizer.judge.pipework import STANDING_KG_S, Pipework, carry, settle
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inner, outer
from optimizer.physics.hydraulics import MAX_ITERATIONS, solve_flows
from optimizer.physics.layout import Layout
from optimizer.physics.link_laws import pump_gain
from optimizer.physics.nodal import FlowInputs, FlowState
from optimizer.physics.rooms import AIR_TO_ENVELOPE, step_response
from optimizer.physics.vectors import column_total, copy_into, total
from optimizer.physics.water import (
    density_kg_m3,
    enthalpy_j_kg,
    temperature_c,
    viscosity_pa_s,
)

# Each trial is some twenty times nearer than the last: what is left is a hundredth of this.
AGREED_K = 5e-3
# The outlet's change between trials is heat that no one accounts for.
AGREED_OUTLET_K = 1e-4
MAX_TRIALS = 12
# A closed valve lets through what no meter would see.
CLOSED_SHARE = 1e-7


class Course(NamedTuple):
    """Weather and setpoints on the judge's grid: means of each step.

    Attributes:
        step_s: Step length, s.
        outdoor_c, wind_m_s, ghi_w_m2: Weather, shape (steps,).
        secondary_c: Secondary supply setpoint, degC, shape (steps, stations).
        outlet_j_kg: Outlet setpoint of each part of a step, J/kg, shape (steps, parts, plants).
        pump: Relative speed, or Pa for pumps that hold a pressure, shape (steps, pumps).
    """

    step_s: float
    outdoor_c: FloatArray
    wind_m_s: FloatArray
    ghi_w_m2: FloatArray
    secondary_c: FloatArray
    outlet_j_kg: FloatArray
    pump: FloatArray


class Present(NamedTuple):
    """What carries over from step to step and from trial to trial.

    Attributes:
        supply, back: Water of the two sides.
        flows, inputs: Hydraulics.
        outlet_j_kg: Delivered outlet of each plant, shape (parts, plants).
        plant_back_c: Mean return at each plant, degC, shape (plants,).
        owed_j: Heat that each boiler still has to give back, J, shape (plants,).
        inlet_c, back_c: Primary water in and out of each station, degC, shape (stations,).
        wanted_w, heat_w, secondary_c: Heat and water to radiators, shape (stations,).
        room_w, wanted_room_w: Radiators of each building, and at the setpoints, W, (buildings,).
        indoor_c, envelope_c: Each building at the step's start, degC.
        middle_c: Air of each building in the middle of the step, degC.
        trend_k: Last step's change of each building's air, K.
        last_inlet_c, last_back_c, last_outlet_j_kg: What the step before last came to.
        source_kg_s, source_w: Working memory of water entering one side, shapes (nodes,),
            (parts, nodes).
    """

    supply: Pipework
    back: Pipework
    flows: FlowState
    inputs: FlowInputs
    outlet_j_kg: FloatArray
    plant_back_c: FloatArray
    owed_j: FloatArray
    inlet_c: FloatArray
    back_c: FloatArray
    wanted_w: FloatArray
    heat_w: FloatArray
    secondary_c: FloatArray
    room_w: FloatArray
    wanted_room_w: FloatArray
    indoor_c: FloatArray
    envelope_c: FloatArray
    middle_c: FloatArray
    trend_k: FloatArray
    last_inlet_c: FloatArray
    last_back_c: FloatArray
    last_outlet_j_kg: FloatArray
    source_kg_s: FloatArray
    source_w: FloatArray


class Findings(NamedTuple):
    """What the judge wrote down: step means, arrays of shape (steps, things) unless said.

    `indoor_c` has a row more: it is kept at the step boundaries. `heat_j` holds supplied,
    delivered, lost to the ground and leaked less make-up. `node_j_kg` and `pressure_pa` have the
    supply side's nodes first; `node_end_j_kg` is the water of each step's last part. `trials`
    counts each step's trials; `unsolved` is 1 where flows and pressures of a step do not balance,
    and nothing that was found there can be trusted.
    """

    flow_kg_s: FloatArray
    pressure_pa: FloatArray
    node_j_kg: FloatArray
    node_end_j_kg: FloatArray
    outlet_c: FloatArray
    fired_w: FloatArray
    pump_gain_pa: FloatArray
    pump_w: FloatArray
    pump_density: FloatArray
    makeup_kg_s: FloatArray
    to_radiators_c: FloatArray
    station_back_c: FloatArray
    station_w: FloatArray
    indoor_c: FloatArray
    heat_j: FloatArray
    trials: IntArray
    unsolved: IntArray


@outer
def walk(layout: Layout, course: Course, present: Present, found: Findings) -> None:
    """Walk through all steps.

    Args:
        layout: The network.
        course: Weather and setpoints.
        present: State at the start, replaced by that at the end.
        found: Receives what happened.
    """
    copy_into(found.indoor_c[0], present.indoor_c)
    for k in range(len(course.outdoor_c)):
        _go_on(present, k)
        for b in range(len(present.indoor_c)):
            present.middle_c[b] = present.indoor_c[b] + 0.5 * present.trend_k[b]
        _ask(layout, course, present, k)
        for trial in range(MAX_TRIALS):
            found.trials[k] = trial + 1
            _set_flows(layout, course, present, k)
            rounds = solve_flows(layout, present.inputs, present.flows)
            found.unsolved[k] = 1 if rounds >= MAX_ITERATIONS else 0
            moved = _supply(layout, course, present, k)
            moved = max(moved, _serve(layout, course, present, k))
            _return(layout, course, present, k)
            fired_k = _fire(layout, course, present, found, k)
            if moved < AGREED_K and fired_k < AGREED_OUTLET_K:
                break
        _note(layout, course, present, found, k)
        _warm_rooms(layout, course, present, k)
        copy_into(found.indoor_c[k + 1], present.indoor_c)


@inner
def _go_on(present: Present, k: int) -> None:
    """Begin a step's trials where the last two steps point to, which saves one or two of them."""
    for i in range(len(present.inlet_c)):
        inlet_c, back_c = present.inlet_c[i], present.back_c[i]
        if k > 1:
            present.inlet_c[i] += inlet_c - present.last_inlet_c[i]
            present.back_c[i] += back_c - present.last_back_c[i]
        present.last_inlet_c[i], present.last_back_c[i] = inlet_c, back_c
    for part in range(present.outlet_j_kg.shape[0]):
        for p in range(present.outlet_j_kg.shape[1]):
            outlet = present.outlet_j_kg[part, p]
            if k > 1:
                present.outlet_j_kg[part, p] += outlet - present.last_outlet_j_kg[part, p]
            present.last_outlet_j_kg[part, p] = outlet


@inner
def _ask(layout: Layout, course: Course, present: Present, k: int) -> None:
    """Find what heat the stations want, which no trial of the step changes."""
    for i in range(len(present.wanted_w)):
        present.wanted_w[i] = wanted_heat(
            layout.stations,
            layout.buildings,
            i,
            course.secondary_c[k, i],
            present.middle_c,
            present.wanted_room_w,
        )


@inner
def _set_flows(layout: Layout, course: Course, present: Present, k: int) -> None:
    """Say what the stations throttle to, and with which water the hydraulics are to be solved."""
    inputs = present.inputs
    parts = present.outlet_j_kg.shape[0]
    supply_c = 0.0
    back_c = 0.0
    for p in range(len(layout.plants.node)):
        outlet = column_total(present.outlet_j_kg, p) / parts
        supply_c += layout.plants.weight[p] * temperature_c(outlet)
        back_c += layout.plants.weight[p] * present.plant_back_c[p]
    inputs.density[0] = density_kg_m3(supply_c)
    inputs.density[1] = density_kg_m3(back_c)
    inputs.viscosity[0] = viscosity_pa_s(supply_c)
    inputs.viscosity[1] = viscosity_pa_s(back_c)
    for m in range(len(inputs.pump_setpoint)):
        plant = layout.pumps.plant[m]
        inputs.pump_setpoint[m] = course.pump[k, m]
        inputs.pump_density[m] = density_kg_m3(
            present.plant_back_c[plant] if plant >= 0 else back_c
        )
    for i in range(len(present.inlet_c)):
        share = max(layout.stations.fixed_share[i], CLOSED_SHARE)
        full = layout.stations.flow_coefficient[i] * density_kg_m3(present.back_c[i])
        inputs.admittance[i] = full * share * share
        inputs.target_kg_s[i] = wanted_flow(
            layout.stations,
            i,
            course.secondary_c[k, i],
            present.inlet_c[i],
            present.wanted_w[i],
        )


@inner
def _plant_flow(layout: Layout, present: Present, p: int) -> float:
    first = len(present.flows.flow_kg_s) - len(layout.pumps.plant)
    total = 0.0
    for m in range(len(layout.pumps.plant)):
        if layout.pumps.plant[m] == p:
            total += max(present.flows.flow_kg_s[first + m], 0.0)
    return total


@inner
def _supply(layout: Layout, course: Course, present: Present, k: int) -> float:
    """Carry the supply side; returns the largest change of water at a station since last, K."""
    pipes = len(layout.pipes.length_m)
    parts = present.outlet_j_kg.shape[0]
    present.source_kg_s[:] = 0.0
    present.source_w[:] = 0.0
    for p in range(len(layout.plants.node)):
        flow = _plant_flow(layout, present, p)
        node = layout.plants.node[p]
        present.source_kg_s[node] += flow
        for part in range(parts):
            present.source_w[part, node] += flow * present.outlet_j_kg[part, p]
    carry(
        layout.graph,
        present.supply,
        present.flows.flow_kg_s[:pipes],
        present.source_kg_s,
        present.source_w,
        k * course.step_s,
        course.step_s,
        enthalpy_j_kg(layout.ground_temp_c),
    )
    moved = 0.0
    for i in range(len(present.inlet_c)):
        node = layout.stations.node[i]
        inlet_c = temperature_c(column_total(present.supply.node_j_kg, node) / parts)
        if present.flows.flow_kg_s[2 * pipes + i] > STANDING_KG_S:
            moved = max(moved, abs(inlet_c - present.inlet_c[i]))
        present.inlet_c[i] = inlet_c
    return moved


@inner
def _serve(layout: Layout, course: Course, present: Present, k: int) -> float:
    """Let the stations take heat; returns the largest change of their returns since last, K."""
    pipes = len(layout.pipes.length_m)
    moved = 0.0
    for i in range(len(present.inlet_c)):
        flow = present.flows.flow_kg_s[2 * pipes + i]
        if flow <= STANDING_KG_S:
            present.heat_w[i] = 0.0
            for entry in range(layout.stations.start[i], layout.stations.start[i + 1]):
                present.room_w[layout.stations.member[entry]] = 0.0
            continue
        present.heat_w[i], present.secondary_c[i] = heat_taken(
            layout.stations,
            layout.buildings,
            i,
            flow,
            present.inputs.target_kg_s[i],
            present.wanted_w[i],
            course.secondary_c[k, i],
            present.inlet_c[i],
            present.middle_c,
            present.secondary_c[i],
            present.wanted_room_w,
            present.room_w,
        )
        back_c = temperature_c(enthalpy_j_kg(present.inlet_c[i]) - present.heat_w[i] / flow)
        moved = max(moved, abs(back_c - present.back_c[i]))
        present.back_c[i] = back_c
    return moved


@inner
def _return(layout: Layout, course: Course, present: Present, k: int) -> None:
    """Carry the return side, with make-up entering where the pressure is held."""
    pipes = len(layout.pipes.length_m)
    nodes = len(layout.graph.elevation_m) // 2
    parts = present.outlet_j_kg.shape[0]
    present.source_kg_s[:] = 0.0
    present.source_w[:] = 0.0
    for i in range(len(present.inlet_c)):
        flow = present.flows.flow_kg_s[2 * pipes + i]
        if flow > STANDING_KG_S:
            node = layout.stations.node[i]
            left_w = flow * enthalpy_j_kg(present.inlet_c[i]) - present.heat_w[i]
            present.source_kg_s[node] += flow
            for part in range(parts):
                present.source_w[part, node] += left_w
    makeup = total(present.flows.leak_kg_s)
    held = layout.graph.reference - nodes
    present.source_kg_s[held] += makeup
    for part in range(parts):
        present.source_w[part, held] += makeup * enthalpy_j_kg(layout.makeup_temp_c)
    carry(
        layout.graph,
        present.back,
        present.flows.flow_kg_s[pipes : 2 * pipes],
        present.source_kg_s,
        present.source_w,
        k * course.step_s,
        course.step_s,
        enthalpy_j_kg(layout.ground_temp_c),
    )
    for p in range(len(layout.plants.node)):
        returned = column_total(present.back.node_j_kg, layout.plants.node[p]) / parts
        present.plant_back_c[p] = temperature_c(returned)


@inner
def _fire(layout: Layout, course: Course, present: Present, found: Findings, k: int) -> float:
    """Fire the water that returned: the setpoint, or what the capacity reaches (convention 2).

    Notes the heat of the trial and sets the outlets of the next. Returns the largest change, K.
    """
    parts = present.outlet_j_kg.shape[0]
    moved = 0.0
    for p in range(len(layout.plants.node)):
        flow = _plant_flow(layout, present, p)
        node = layout.plants.node[p]
        owed_w = min(present.owed_j[p] / course.step_s, layout.plants.max_heat_w[p])
        spare_w = layout.plants.max_heat_w[p] - owed_w
        fired = owed_w
        for part in range(parts):
            returned = present.back.node_j_kg[part, node]
            outlet = course.outlet_j_kg[k, part, p]
            if flow > STANDING_KG_S:
                outlet = min(outlet, returned + spare_w / flow)
                outlet = max(outlet, returned)
            change = abs(outlet - present.outlet_j_kg[part, p])
            fired += flow * (present.outlet_j_kg[part, p] - returned) / parts
            if flow > STANDING_KG_S:
                moved = max(moved, change / 4200.0)
            present.outlet_j_kg[part, p] = outlet
        found.fired_w[k, p] = min(max(fired, 0.0), layout.plants.max_heat_w[p])
    return moved


@inner
def _note(layout: Layout, course: Course, present: Present, found: Findings, k: int) -> None:
    """Write down the step that the last trial found, and make it final."""
    nodes = len(layout.graph.elevation_m) // 2
    parts = present.outlet_j_kg.shape[0]
    copy_into(found.flow_kg_s[k], present.flows.flow_kg_s)
    copy_into(found.pressure_pa[k], present.flows.pressure_pa)
    leaked = 0.0
    for node in range(nodes):
        supply = column_total(present.supply.node_j_kg, node) / parts
        back = column_total(present.back.node_j_kg, node) / parts
        found.node_j_kg[k, node] = supply
        found.node_j_kg[k, nodes + node] = back
        found.node_end_j_kg[k, node] = present.supply.node_j_kg[parts - 1, node]
        found.node_end_j_kg[k, nodes + node] = present.back.node_j_kg[parts - 1, node]
        leaked += present.flows.leak_kg_s[node] * supply
        leaked += present.flows.leak_kg_s[nodes + node] * back
    makeup = total(present.flows.leak_kg_s)
    leaked -= makeup * enthalpy_j_kg(layout.makeup_temp_c)
    found.makeup_kg_s[k] = makeup
    for p in range(len(layout.plants.node)):
        found.outlet_c[k, p] = temperature_c(column_total(present.outlet_j_kg, p) / parts)
        repaid_w = min(present.owed_j[p] / course.step_s, layout.plants.max_heat_w[p])
        present.owed_j[p] -= repaid_w * course.step_s
    _note_pumps(layout, present, found, k)
    copy_into(found.to_radiators_c[k], present.secondary_c)
    copy_into(found.station_back_c[k], present.back_c)
    copy_into(found.station_w[k], present.heat_w)
    lost = settle(present.supply, (k + 1) * course.step_s, course.step_s)
    lost += settle(present.back, (k + 1) * course.step_s, course.step_s)
    found.heat_j[0] += total(found.fired_w[k]) * course.step_s
    found.heat_j[1] += total(present.heat_w) * course.step_s
    found.heat_j[2] += lost
    found.heat_j[3] += leaked * course.step_s


@inner
def _note_pumps(layout: Layout, present: Present, found: Findings, k: int) -> None:
    """Pressure that each pump gives and power that it draws."""
    pipes = len(layout.pipes.length_m)
    first = len(present.flows.flow_kg_s) - len(layout.pumps.plant)
    for m in range(len(layout.pumps.plant)):
        flow = present.flows.flow_kg_s[first + m]
        pipe = layout.pumps.pipe[m]
        if pipe >= 0:
            flow = layout.pipes.booster_sign[pipe] * present.flows.flow_kg_s[pipes + pipe]
        flow = max(flow, 0.0)
        density = present.inputs.pump_density[m]
        gain, _, _, _ = pump_gain(layout, m, flow, present.inputs.pump_setpoint[m], density)
        found.pump_gain_pa[k, m] = gain
        found.pump_density[k, m] = density
        found.pump_w[k, m] = max(gain, 0.0) * flow / (density * layout.pumps.efficiency[m])


@inner
def _warm_rooms(layout: Layout, course: Course, present: Present, k: int) -> None:
    """Integrate every building over the step."""
    buildings = layout.buildings
    outdoor = course.outdoor_c[k]
    for b in range(len(present.indoor_c)):
        calm = buildings.ua_w_k[b]
        ua = calm * (1.0 + buildings.wind_ua[b] * course.wind_m_s[k])
        ua = min(ua, 0.9 * AIR_TO_ENVELOPE * calm)
        aa, ae, ea, ee, air_rise, envelope_rise = step_response(
            ua, calm, buildings.air_j_k[b], buildings.envelope_j_k[b], course.step_s
        )
        heat = present.room_w[b] + buildings.gain_w[b]
        heat += buildings.aperture_m2[b] * course.ghi_w_m2[k]
        air = present.indoor_c[b] - outdoor - air_rise * heat
        envelope = present.envelope_c[b] - outdoor - envelope_rise * heat
        warmed = outdoor + air_rise * heat + aa * air + ae * envelope
        present.envelope_c[b] = outdoor + envelope_rise * heat + ea * air + ee * envelope
        present.trend_k[b] = warmed - present.indoor_c[b]
        present.indoor_c[b] = warmed
