"""Heat on its way through the pipes: cells of ten metres, second order, no new extremes.

Source: R. J. LeVeque, Finite Volume Methods for Hyperbolic Problems (2002), chapter 6 (van Leer's
limiter). The planner moves plugs instead.
"""

from typing import NamedTuple

from hil_tests.bench.compiled import compiled
from hil_tests.bench.plant_layout import Layout
from optimizer.model.arrays import FloatArray
from optimizer.physics.water import enthalpy_j_kg, temperature_c

COURANT = 0.9
STILL_KG_S = 1e-7


class Water(NamedTuple):
    """Heat in the network.

    Attributes:
        cell_j_kg: Enthalpy of the water in each cell, supply pipes before return pipes.
        node_j_kg: Enthalpy at the supply nodes, then at the return nodes.
        boiler_j_kg: Enthalpy that each plant gives to its supply node.
        station_w: Heat that each station takes now.
        mass_kg_s, heat_w: Memory, shape (2 * nodes,).
        face_j_kg: Memory, shape (longest pipe + 1,).
        counted: Heat since the start, J: boilers gave, stations took, pipes lost, leaked (make-up
            counted off), shape (4,).
        plant_w: Heat that each plant gave in the last step, W.
    """

    cell_j_kg: FloatArray
    node_j_kg: FloatArray
    boiler_j_kg: FloatArray
    station_w: FloatArray
    mass_kg_s: FloatArray
    heat_w: FloatArray
    face_j_kg: FloatArray
    counted: FloatArray
    plant_w: FloatArray


@compiled
def carry(layout: Layout, water: Water, link_kg_s: FloatArray, demand_kg_s: FloatArray,
          step_s: float) -> None:  # fmt: skip
    """Let the water flow for a step.

    Args:
        layout: The plant.
        water: Changes.
        link_kg_s: Flow of each link, kg/s.
        demand_kg_s: What leaks at each node, kg/s.
        step_s: How long, s.
    """
    pipes = layout.pipes
    fastest = 0.0
    for pipe in range(len(pipes.begin)):
        if pipes.in_service[pipe]:
            fastest = max(fastest, abs(link_kg_s[pipe]) / pipes.cell_kg[pipe])
    parts = max(1, int(fastest * step_s / COURANT) + 1)
    water.plant_w[:] = 0.0
    for _ in range(parts):
        _mix(layout, water, link_kg_s)
        _count(layout, water, link_kg_s, demand_kg_s, step_s / parts, parts)
        for pipe in range(len(pipes.begin)):
            if pipes.in_service[pipe]:
                _advect(layout, water, pipe, link_kg_s[pipe], step_s / parts)
    _lose(layout, water, step_s)


@compiled
def _mix(layout: Layout, water: Water, link_kg_s: FloatArray) -> None:
    """Water at the nodes: what flows in, mixed; a node that nothing reaches keeps its own."""
    pipes, stations, machines = layout.pipes, layout.stations, layout.machines
    nodes, count = layout.nodes, len(layout.pipes.begin)
    water.mass_kg_s[:] = 0.0
    water.heat_w[:] = 0.0
    for pipe in range(count):
        now = link_kg_s[pipe]
        if now > STILL_KG_S:
            _pour(water, pipes.end[pipe], now, water.cell_j_kg[pipes.start[pipe + 1] - 1])
        elif now < -STILL_KG_S:
            _pour(water, pipes.begin[pipe], -now, water.cell_j_kg[pipes.start[pipe]])
    for pump in range(len(machines.of_plant)):
        plant = machines.of_plant[pump]
        now = link_kg_s[count + len(stations.node) + pump]
        if plant >= 0 and now > STILL_KG_S:
            _pour(water, machines.node[plant], now, water.boiler_j_kg[plant])
    for node in range(nodes):
        if water.mass_kg_s[node] > STILL_KG_S:
            water.node_j_kg[node] = water.heat_w[node] / water.mass_kg_s[node]
    for station in range(len(stations.node)):
        now = link_kg_s[count + station]
        if now > STILL_KG_S:
            back = water.node_j_kg[stations.node[station]] - water.station_w[station] / now
            _pour(water, nodes + stations.node[station], now, back)
    for node in range(nodes, 2 * nodes):
        if water.mass_kg_s[node] > STILL_KG_S:
            water.node_j_kg[node] = water.heat_w[node] / water.mass_kg_s[node]


@compiled
def _pour(water: Water, node: int, mass_kg_s: float, enthalpy: float) -> None:
    water.mass_kg_s[node] += mass_kg_s
    water.heat_w[node] += mass_kg_s * enthalpy


@compiled
def _count(layout: Layout, water: Water, link_kg_s: FloatArray, demand_kg_s: FloatArray,
           part_s: float, parts: int) -> None:  # fmt: skip
    """Book the heat that crosses the network's bounds, and mix the make-up into the return."""
    stations, machines, nodes = layout.stations, layout.machines, layout.nodes
    count = len(layout.pipes.begin)
    makeup = demand_kg_s.sum()
    held = nodes + machines.node[0]
    cold = enthalpy_j_kg(layout.makeup_c)
    if makeup > 0.0 and water.mass_kg_s[held] > STILL_KG_S:
        through = water.mass_kg_s[held] + makeup
        water.node_j_kg[held] = (water.heat_w[held] + makeup * cold) / through
    for node in range(2 * nodes):
        water.counted[3] += demand_kg_s[node] * (water.node_j_kg[node] - cold) * part_s
    for pump in range(len(machines.of_plant)):
        plant = machines.of_plant[pump]
        now = link_kg_s[count + len(stations.node) + pump]
        if plant >= 0 and now > STILL_KG_S:
            back = water.node_j_kg[nodes + machines.node[plant]]
            given = now * (water.boiler_j_kg[plant] - back)
            water.counted[0] += given * part_s
            water.plant_w[plant] += given / parts
    for station in range(len(stations.node)):
        if link_kg_s[count + station] > STILL_KG_S:
            water.counted[1] += water.station_w[station] * part_s


@compiled
def _advect(layout: Layout, water: Water, pipe: int, now: float, part_s: float) -> None:
    """Move the water of one pipe on; the faces see its flow from left to right."""
    pipes = layout.pipes
    first, last = pipes.start[pipe], pipes.start[pipe + 1]
    size = abs(now)
    if size <= STILL_KG_S:
        return
    courant = size * part_s / pipes.cell_kg[pipe]
    cells = last - first
    face = water.face_j_kg
    source = pipes.begin[pipe] if now > 0.0 else pipes.end[pipe]
    step = 1 if now > 0.0 else -1
    at = first if now > 0.0 else last - 1
    face[0] = water.node_j_kg[source]
    behind = face[0]
    for i in range(cells):
        here = water.cell_j_kg[at]
        face[i + 1] = here
        if i < cells - 1:
            ahead = water.cell_j_kg[at + step] - here
            up = here - behind
            if ahead * up > 0.0:  # van Leer's limiter
                face[i + 1] += (1.0 - courant) * ahead * up / (ahead + up)
        behind = here
        at += step
    at = first if now > 0.0 else last - 1
    for i in range(cells):
        water.cell_j_kg[at] += courant * (face[i] - face[i + 1])
        at += step


@compiled
def _lose(layout: Layout, water: Water, step_s: float) -> None:
    """Loss to the ground."""
    pipes = layout.pipes
    for pipe in range(len(pipes.begin)):
        if not pipes.in_service[pipe]:
            continue
        for cell in range(pipes.start[pipe], pipes.start[pipe + 1]):
            excess_k = temperature_c(water.cell_j_kg[cell]) - layout.ground_c
            lost_j = pipes.loss_w_k[pipe] * excess_k * step_s
            water.cell_j_kg[cell] -= lost_j / pipes.cell_kg[pipe]
            water.counted[2] += lost_j


@compiled
def stored_j(layout: Layout, water: Water) -> float:
    """Heat in the water and steel of the pipes, above 0 degC.

    Args:
        layout: The plant.
        water: The water.

    Returns:
        The heat, J.
    """
    total = 0.0
    for pipe in range(len(layout.pipes.begin)):
        if layout.pipes.in_service[pipe]:
            for cell in range(layout.pipes.start[pipe], layout.pipes.start[pipe + 1]):
                total += water.cell_j_kg[cell] * layout.pipes.cell_kg[pipe]
    return total
