"""Derivatives of flows and pressures: one more solve with Newton's last factorisation."""

from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import inner
from optimizer.physics.layout import Layout
from optimizer.physics.ldl import solve_many
from optimizer.physics.link_laws import pump_gain, station_drop
from optimizer.physics.nodal import FlowInputs, FlowState, factorise_flows, leakage
from optimizer.physics.vectors import add_scaled
from optimizer.physics.water import GRAVITY_M_S2


class FlowDerivatives(NamedTuple):
    """Derivatives by the directions asked for, in the last axis.

    Attributes:
        target, admittance, setpoint, pump_density: Of the inputs of a solve.
        density, viscosity: Of the two sides' water, shape (2, directions).
        flow, pressure, leak: Of its results, by link and node.
        makeup: Of all leakage together, shape (directions,).
        drive: Working memory: what each link's law shifts by, Pa, shape (links, directions).
        values: Working memory of the solve, shape (unknowns, directions).
    """

    target: FloatArray
    admittance: FloatArray
    setpoint: FloatArray
    pump_density: FloatArray
    density: FloatArray
    viscosity: FloatArray
    flow: FloatArray
    pressure: FloatArray
    leak: FloatArray
    makeup: FloatArray
    drive: FloatArray
    values: FloatArray


def new_flow_derivatives(layout: Layout, directions: int) -> FlowDerivatives:
    """Make derivatives that are all zero.

    Args:
        layout: The network.
        directions: Number of directions.

    Returns:
        The memory that `differentiate_flows` works in.
    """
    links = len(layout.graph.first)
    nodes = len(layout.graph.elevation_m)
    stations = len(layout.stations.node)
    pumps = len(layout.pumps.plant)
    return FlowDerivatives(
        target=np.zeros((stations, directions)),
        admittance=np.zeros((stations, directions)),
        setpoint=np.zeros((pumps, directions)),
        pump_density=np.zeros((pumps, directions)),
        density=np.zeros((2, directions)),
        viscosity=np.zeros((2, directions)),
        flow=np.zeros((links, directions)),
        pressure=np.zeros((nodes, directions)),
        leak=np.zeros((nodes, directions)),
        makeup=np.zeros(directions),
        drive=np.zeros((links, directions)),
        values=np.zeros((len(layout.graph.pattern.order), directions)),
    )


@inner
def differentiate_flows(
    layout: Layout, inputs: FlowInputs, state: FlowState, change: FlowDerivatives, used: int
) -> None:
    """Derivatives of a solution by those of its inputs.

    Args:
        layout: The network.
        inputs: The inputs of the solve.
        state: Its solution and factorisation.
        change: Derivatives of the inputs; receives those of flows, pressures and leakage.
        used: Number of directions carried along.
    """
    factorise_flows(layout, inputs, state)
    _drive(layout, inputs, state, change, used)
    _right_hand_side(layout, inputs, state, change, used)
    solve_many(layout.graph.pattern, state.factor, state.pivots, change.values, used)
    _read_solution(layout, inputs, state, change, used)


@inner
def _drive(
    layout: Layout, inputs: FlowInputs, state: FlowState, change: FlowDerivatives, used: int
) -> None:
    """How much each link's law shifts at constant flow: what its end pressures must make up for."""
    pipes = len(layout.pipes.length_m)
    stations = len(inputs.target_kg_s)
    half = len(layout.graph.elevation_m) // 2
    for link in range(2 * pipes):
        side = 0 if link < pipes else 1
        for d in range(used):
            change.drive[link, d] = -(
                state.by_density[link] * change.density[side, d]
                + state.by_viscosity[link] * change.viscosity[side, d]
            )
        pipe = link - side * pipes
        if side == 1 and layout.pipes.booster[pipe] >= 0:
            pump = layout.pipes.booster[pipe]
            sign = layout.pipes.booster_sign[pipe]
            _, _, by_setpoint, by_density = pump_gain(
                layout,
                pump,
                sign * state.flow_kg_s[link],
                inputs.pump_setpoint[pump],
                inputs.pump_density[pump],
            )
            for d in range(used):
                change.drive[link, d] += sign * (
                    by_setpoint * change.setpoint[pump, d]
                    + by_density * change.pump_density[pump, d]
                )
    for i in range(stations):
        link = 2 * pipes + i
        _, _, by_admittance, by_target = station_drop(
            state.flow_kg_s[link], inputs.admittance[i], inputs.target_kg_s[i]
        )
        weight = GRAVITY_M_S2 * layout.graph.elevation_m[layout.graph.first[link]]
        for d in range(used):
            change.drive[link, d] = (
                -by_admittance * change.admittance[i, d]
                - by_target * change.target[i, d]
                - weight * (change.density[0, d] - change.density[1, d])
            )
    for pump in range(len(inputs.pump_setpoint)):
        link = 2 * pipes + stations + pump
        _, _, by_setpoint, by_density = pump_gain(
            layout,
            pump,
            state.flow_kg_s[link],
            inputs.pump_setpoint[pump],
            inputs.pump_density[pump],
        )
        weight = GRAVITY_M_S2 * layout.graph.elevation_m[layout.graph.first[link] - half]
        for d in range(used):
            change.drive[link, d] = (
                by_setpoint * change.setpoint[pump, d]
                + by_density * change.pump_density[pump, d]
                - weight * (change.density[1, d] - change.density[0, d])
            )


@inner
def _right_hand_side(
    layout: Layout, inputs: FlowInputs, state: FlowState, change: FlowDerivatives, used: int
) -> None:
    """Imbalance at each node if the pressures did not change."""
    graph = layout.graph
    pipes = len(layout.pipes.length_m)
    change.values[:, :used] = 0.0
    for link in range(len(graph.first)):
        if not graph.alive[link]:
            continue
        a = graph.unknown[graph.first[link]]
        b = graph.unknown[graph.second[link]]
        conductance = 1.0 / state.slope[link]
        for d in range(used):
            pushed = conductance * change.drive[link, d]
            if a >= 0:
                change.values[a, d] -= pushed
            if b >= 0:
                change.values[b, d] += pushed
        if link >= 2 * pipes:
            continue
        leak, slope = leakage(layout, inputs, state, link)
        if leak == 0.0:
            continue
        side = 0 if link < pipes else 1
        relative = _leak_by_density(layout, inputs, link, leak, slope, side)
        for d in range(used):
            half_leak = 0.5 * relative * change.density[side, d]
            if a >= 0:
                change.values[a, d] -= half_leak
            if b >= 0:
                change.values[b, d] -= half_leak


@inner
def _leak_by_density(
    layout: Layout, inputs: FlowInputs, link: int, leak: float, slope: float, side: int
) -> float:
    """Derivative of a pipe's leakage by the density, at constant piezometric pressure."""
    graph = layout.graph
    height = 0.5 * (graph.elevation_m[graph.first[link]] + graph.elevation_m[graph.second[link]])
    return float(leak / inputs.density[side] - slope * GRAVITY_M_S2 * height)


@inner
def _read_solution(
    layout: Layout, inputs: FlowInputs, state: FlowState, change: FlowDerivatives, used: int
) -> None:
    """Turn the piezometric solution into derivatives of pressures, leakage and flows."""
    graph = layout.graph
    pipes = len(layout.pipes.length_m)
    half = len(graph.elevation_m) // 2
    for node in range(len(graph.unknown)):
        side = 0 if node < half else 1
        weight = GRAVITY_M_S2 * graph.elevation_m[node]
        at = graph.unknown[node]
        for d in range(used):
            change.leak[node, d] = 0.0
            change.pressure[node, d] = 0.0
            if at >= 0:
                change.pressure[node, d] = change.values[at, d] - weight * change.density[side, d]
    for link in range(len(graph.first)):
        if not graph.alive[link]:
            continue
        a = graph.unknown[graph.first[link]]
        b = graph.unknown[graph.second[link]]
        conductance = 1.0 / state.slope[link]
        for d in range(used):
            difference = change.drive[link, d]
            if a >= 0:
                difference += change.values[a, d]
            if b >= 0:
                difference -= change.values[b, d]
            change.flow[link, d] = conductance * difference
        if link < 2 * pipes:
            _read_leak(layout, inputs, state, change, link, used)
    change.makeup[:used] = 0.0
    for node in range(len(graph.unknown)):
        add_scaled(change.makeup[:used], 1.0, change.leak[node])


@inner
def _read_leak(
    layout: Layout,
    inputs: FlowInputs,
    state: FlowState,
    change: FlowDerivatives,
    link: int,
    used: int,
) -> None:
    """Add the derivative of one pipe's leakage to its two end nodes."""
    graph = layout.graph
    leak, slope = leakage(layout, inputs, state, link)
    if leak == 0.0:
        return
    side = 0 if link < len(layout.pipes.length_m) else 1
    first = graph.first[link]
    second = graph.second[link]
    for d in range(used):
        leak_d = leak / inputs.density[side] * change.density[side, d]
        leak_d += slope * 0.5 * (change.pressure[first, d] + change.pressure[second, d])
        change.leak[first, d] += 0.5 * leak_d
        change.leak[second, d] += 0.5 * leak_d
