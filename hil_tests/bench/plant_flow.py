"""Flows and pressures of the virtual plant: the gradient method on flows and pressures together.

Source: E. Todini, S. Pilati, "A gradient algorithm for the analysis of pipe networks" (1988);
friction by S. E. Haaland, J. Fluids Eng. 105 (1983) 89, doi 10.1115/1.3240948. The planner solves
the same laws by another method and with Colebrook's friction; they agree within two per cent.
"""

import math
from typing import NamedTuple

from hil_tests.bench.compiled import compiled
from hil_tests.bench.plant_elimination import solve
from hil_tests.bench.plant_layout import Layout
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.physics.water import density_kg_m3, temperature_c, viscosity_pa_s

GRAVITY = 9.81
LAMINAR_RE, TURBULENT_RE = 2000.0, 4000.0
BACKWARD = 1e4  # resistance of a closed non-return valve, as a multiple
LEAST_SLOPE = 1e-2  # Pa s/kg: no link is without any resistance
SHUT_KV = 1e-4  # what a shut valve still lets through, m3/h at 1 bar
ITERATIONS = 60
CLOSE_KG_S = 1e-6


class Flow(NamedTuple):
    """What moves: links are supply pipes, return pipes, stations, pumps.

    Attributes:
        link_kg_s: Flow of each link, shape (links,).
        pressure_pa: Pressure of the supply nodes, then of the return nodes, gauge.
        demand_kg_s: What leaks out at each node, same shape.
        slope: Memory, shape (links,).
        drop_pa: Memory, shape (links,).
        diagonal, right: Memory, shape (2 * nodes,).
        entries: Memory.
        kv: Flow coefficient of each station now, m3/h at 1 bar.
        speed: Relative speed of each pump now.
        running: Whether each pump runs.
        held_pa: Pressure at the first plant's return node, shape (1,).
        iterations: Of the last solve, shape (1,).
    """

    link_kg_s: FloatArray
    pressure_pa: FloatArray
    demand_kg_s: FloatArray
    slope: FloatArray
    drop_pa: FloatArray
    diagonal: FloatArray
    right: FloatArray
    entries: FloatArray
    kv: FloatArray
    speed: FloatArray
    running: BoolArray
    held_pa: FloatArray
    iterations: FloatArray


@compiled
def friction_pa(
    flow: float, length: float, diameter: float, roughness: float, density: float, viscosity: float
) -> tuple[float, float]:
    """Pressure drop along a pipe, and its slope by the flow.

    Args:
        flow: Mass flow, kg/s, either sign.
        length: Length, m.
        diameter: Inner diameter, m.
        roughness: Roughness, m.
        density: Of the water, kg/m3.
        viscosity: Of the water, Pa s.

    Returns:
        Drop in Pa, and Pa s/kg.
    """
    size = abs(flow)
    reynolds = 4.0 * size / (math.pi * diameter * viscosity)
    scale = 8.0 * length / (math.pi**2 * density * diameter**5)
    laminar = scale * 64.0 * math.pi * diameter * viscosity / 4.0
    if reynolds <= LAMINAR_RE:
        return laminar * flow, laminar
    root = -1.8 * math.log10((roughness / diameter / 3.7) ** 1.11 + 6.9 / reynolds)
    turbulent = scale / root**2 * size
    share = min((reynolds - LAMINAR_RE) / (TURBULENT_RE - LAMINAR_RE), 1.0)
    per_flow = laminar + share * (turbulent - laminar)
    return per_flow * flow, per_flow + share * turbulent


@compiled
def find_flows(layout: Layout, flow: Flow, water_c: FloatArray, return_c: FloatArray,
               burst_m3_s: FloatArray) -> None:  # fmt: skip
    """Find flows and pressures for the valves and pumps as they stand.

    Args:
        layout: The plant.
        flow: Starts from the last solution and receives the new one.
        water_c: Mean temperature of each pipe's water, degC, shape (2 * pipes,).
        return_c: Water leaving each station, degC, shape (stations,).
        burst_m3_s: What each supply pipe loses more than it always did, at the reference pressure.
    """
    _leaks(layout, flow, burst_m3_s)
    for iteration in range(ITERATIONS):
        _slopes(layout, flow, water_c, return_c)
        _assemble(layout, flow)
        solve(layout.elimination, flow.diagonal, flow.entries, flow.right)
        flow.pressure_pa[:] = flow.right
        worst = _moved(layout, flow, 1.0 if iteration < 20 else 0.5)
        flow.iterations[0] = iteration + 1
        if worst < CLOSE_KG_S:
            break


@compiled
def _leaks(layout: Layout, flow: Flow, burst_m3_s: FloatArray) -> None:
    """Half of a pipe's leak at each of its ends, by the mean pressure above the ground's."""
    pipes = layout.pipes
    flow.demand_kg_s[:] = 0.0
    count = len(burst_m3_s)
    for pipe in range(len(pipes.begin)):
        if not pipes.in_service[pipe]:
            continue
        a, b = pipes.begin[pipe], pipes.end[pipe]
        mean_pa = max(0.5 * (flow.pressure_pa[a] + flow.pressure_pa[b]), 0.0)
        asked = pipes.leak_m3_s[pipe] + (burst_m3_s[pipe] if pipe < count else 0.0)
        lost = 980.0 * asked * (mean_pa / layout.leak_reference_pa) ** layout.leak_exponent
        flow.demand_kg_s[a] += 0.5 * lost
        flow.demand_kg_s[b] += 0.5 * lost


@compiled
def _slopes(layout: Layout, flow: Flow, water_c: FloatArray, return_c: FloatArray) -> None:
    """Each link's drop at its present flow and the slope of it."""
    pipes, machines = layout.pipes, layout.machines
    count, stations = len(pipes.begin), len(return_c)
    for link in range(count):
        if not pipes.in_service[link]:
            continue
        density = density_kg_m3(water_c[link])
        now = flow.link_kg_s[link]
        drop, slope = friction_pa(now, pipes.length_m[link], pipes.diameter_m[link],
                                  pipes.roughness_m[link], density,
                                  viscosity_pa_s(water_c[link]))  # fmt: skip
        booster = pipes.booster[link]
        if booster >= 0:
            sign = pipes.booster_sign[link]
            added, steep = _pump_drop(layout, flow, booster, sign * now, density)
            drop += sign * added
            slope += steep
        flow.drop_pa[link] = drop + density * GRAVITY * pipes.rise_m[link]
        flow.slope[link] = max(slope, LEAST_SLOPE)
    for station in range(stations):
        link = count + station
        now = flow.link_kg_s[link]
        kv = max(flow.kv[station], SHUT_KV)
        admittance = (kv / 3600.0) ** 2 / 100.0 * density_kg_m3(return_c[station])
        knee = 1e-3 * math.sqrt(admittance * 1e5)
        size = math.sqrt(now * now + knee * knee)
        more = 1.0 if now >= 0.0 else BACKWARD
        flow.drop_pa[link] = more * now * size / admittance
        flow.slope[link] = more * (size + now * now / size) / admittance
    for pump in range(len(machines.of_plant)):
        if machines.of_plant[pump] >= 0:
            link = count + stations + pump
            drop, slope = _pump_drop(layout, flow, pump, flow.link_kg_s[link], 985.0)
            flow.drop_pa[link] = drop
            flow.slope[link] = max(slope, LEAST_SLOPE)


@compiled
def _pump_drop(
    layout: Layout, flow: Flow, pump: int, now: float, density: float
) -> tuple[float, float]:
    """Drop over a pump, negative where it lifts; a standing one is a pipe with a flap."""
    machines = layout.machines
    resisted = machines.curvature[pump] / density * now
    lift = machines.shutoff_pa_kg[pump] * density * flow.speed[pump] ** 2
    if not flow.running[pump]:
        lift = 0.0
    if now < 0.0:
        closed = BACKWARD * 1e3
        return -lift + closed * now, closed
    return -lift + resisted * now, 2.0 * resisted


@compiled
def _assemble(layout: Layout, flow: Flow) -> None:
    """The linear system for the pressures: what flows in must flow out or leak."""
    plan = layout.elimination
    flow.entries[:] = 0.0
    # A whiff to the surroundings keeps nodes that nothing is connected to at a pressure.
    flow.diagonal[:] = 1e-12
    flow.right[:] = 1e-12 * flow.held_pa[0] - flow.demand_kg_s
    for link in range(len(plan.begin)):
        if not _is_open(layout, link):
            continue
        a, b = plan.begin[link], plan.end[link]
        gain = 1.0 / flow.slope[link]
        own = flow.link_kg_s[link] - gain * flow.drop_pa[link]
        flow.diagonal[a] += gain
        flow.diagonal[b] += gain
        flow.right[a] -= own
        flow.right[b] += own
        if plan.link_entry[link] >= 0:
            flow.entries[plan.link_entry[link]] -= gain
    held = layout.nodes + layout.machines.node[0]
    flow.diagonal[held] += 1e4
    flow.right[held] += 1e4 * flow.held_pa[0]


@compiled
def _is_open(layout: Layout, link: int) -> bool:
    pipes = layout.pipes
    if link < len(pipes.begin):
        return bool(pipes.in_service[link])
    pump = link - len(pipes.begin) - len(layout.stations.node)
    return pump < 0 or layout.machines.of_plant[pump] >= 0


@compiled
def _moved(layout: Layout, flow: Flow, damping: float) -> float:
    """Flows that follow from the new pressures; gives the largest change."""
    plan = layout.elimination
    worst = 0.0
    for link in range(len(plan.begin)):
        if not _is_open(layout, link):
            continue
        between = flow.pressure_pa[plan.begin[link]] - flow.pressure_pa[plan.end[link]]
        change = (between - flow.drop_pa[link]) / flow.slope[link]
        flow.link_kg_s[link] += damping * change
        worst = max(worst, abs(change))
    return worst


@compiled
def mean_water_c(layout: Layout, cell_j_kg: FloatArray, water_c: FloatArray) -> None:
    """Mean temperature of the water in each pipe.

    Args:
        layout: The plant.
        cell_j_kg: Enthalpy of each cell, J/kg.
        water_c: Receives it, degC, shape (2 * pipes,).
    """
    start = layout.pipes.start
    for pipe in range(len(water_c)):
        total = 0.0
        for cell in range(start[pipe], start[pipe + 1]):
            total += cell_j_kg[cell]
        water_c[pipe] = temperature_c(total / (start[pipe + 1] - start[pipe]))
