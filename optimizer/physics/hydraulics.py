"""Flows and pressures of the whole network: Newton on the nodal equations.

Every link has a pressure drop that rises with its flow; the flows that balance at every node and
the pressures that drive them are unique. Ends of a lever's range are part of the law: a station
that throttles to a wanted flow, a closed valve, a non-return valve.

Sources: E. Todini, S. Pilati, A gradient algorithm for the analysis of pipe networks (1988);
A. Lambert, AQUA 40 (2001) (leakage by pressure, FAVAD).
"""

import math
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inlined, inner
from optimizer.physics.friction import pressure_drop
from optimizer.physics.layout import Layout
from optimizer.physics.ldl import factorise, solve
from optimizer.physics.water import GRAVITY_M_S2

MAX_ITERATIONS = 80
DAMPED_FROM = 30
# Of the last change: Newton squares the error, so what is left is far below it.
TOLERANCE = 1e-6
# Slope of a law past the end of its range: 1 bar moves a ten-millionth of a kilogram a second.
STOP_PA_S_KG = 1e12
# A station near no flow: below this share of its flow at 1 bar the drop is linear in the flow.
LINEAR_SHARE = 1e-4
# Below this share of the reference pressure leakage is linear, as its power has no slope at zero;
# below the atmosphere's pressure a leak lets water in.
LINEAR_LEAK_SHARE = 0.02
# Every pump's law has at least this slope, also at no flow and while it holds a pressure.
LEAST_PUMP_SLOPE_PA_S_KG = 1.0
NO_TARGET = math.inf


class FlowInputs(NamedTuple):
    """What the flows of one step depend on.

    Attributes:
        target_kg_s: Flow each station throttles to, NO_TARGET where its valve stands, (stations,).
        admittance: Station flow = sqrt(admittance * dp), kg2/(s2 Pa), shape (stations,).
        pump_setpoint: Relative speed, or Pa for pumps that hold a pressure, shape (pumps,).
        pump_density: Return water at each pump, kg/m3, shape (pumps,).
        density: Water of the supply and the return side, kg/m3, shape (2,).
        viscosity: Of the supply and the return side, Pa s, shape (2,).
    """

    target_kg_s: FloatArray
    admittance: FloatArray
    pump_setpoint: FloatArray
    pump_density: FloatArray
    density: FloatArray
    viscosity: FloatArray


class FlowState(NamedTuple):
    """The solution, which is also the next solve's starting point, and its factorisation.

    Attributes:
        flow_kg_s: Flow of each link, shape (links,).
        pressure_pa: Gauge pressure at each node, shape (2 nodes,).
        slope: Derivative of each link's pressure drop by its flow, Pa s/kg, shape (links,).
        by_density, by_viscosity: Derivatives of each pipe's drop, shape (2 pipes,).
        friction: 1/sqrt(f) of each pipe, shape (2 pipes,).
        leak_kg_s: Leakage at each node, shape (2 nodes,).
        leak_base, leak_slope: Leakage of each pipe, linear in the mean of its end pressures.
        diagonal, upper, factor, pivots, values: The nodal equations in elimination order.
        drops: Pressure drop of each link at the flows of the last evaluation, Pa, shape (links,).
        filled, work: Working memory of the factorisation.
    """

    flow_kg_s: FloatArray
    pressure_pa: FloatArray
    slope: FloatArray
    by_density: FloatArray
    by_viscosity: FloatArray
    friction: FloatArray
    leak_kg_s: FloatArray
    leak_base: FloatArray
    leak_slope: FloatArray
    diagonal: FloatArray
    upper: FloatArray
    factor: FloatArray
    pivots: FloatArray
    values: FloatArray
    drops: FloatArray
    filled: IntArray
    work: FloatArray


def new_flow_state(layout: Layout) -> FlowState:
    """Make the memory of a solve, with every flow at zero.

    Args:
        layout: The network.

    Returns:
        A state that `solve_flows` can start from.
    """
    links = len(layout.graph.first)
    nodes = len(layout.graph.elevation_m)
    pipes = len(layout.pipes.length_m)
    pattern = layout.graph.pattern
    size = len(pattern.order)
    return FlowState(
        flow_kg_s=np.zeros(links),
        pressure_pa=np.full(nodes, layout.holding_pa),
        slope=np.ones(links),
        by_density=np.zeros(2 * pipes),
        by_viscosity=np.zeros(2 * pipes),
        friction=np.zeros(2 * pipes),
        leak_kg_s=np.zeros(nodes),
        leak_base=np.zeros(2 * pipes),
        leak_slope=np.zeros(2 * pipes),
        diagonal=np.zeros(size),
        upper=np.zeros(len(pattern.upper_row)),
        factor=np.zeros(len(pattern.column_row)),
        pivots=np.ones(size),
        values=np.zeros(size),
        drops=np.zeros(links),
        filled=np.zeros(size, dtype=np.int64),
        work=np.zeros(size),
    )


@inner
def pump_gain(
    layout: Layout, pump: int, flow_kg_s: float, setpoint: float, density: float
) -> tuple[float, float, float, float]:
    """Pressure that a pump adds, and its derivatives.

    Args:
        layout: The network.
        pump: Which pump.
        flow_kg_s: Flow through it, kg/s; its non-return valve stops negative flow.
        setpoint: Relative speed, or Pa for a pump that holds a pressure.
        density: Water at the pump, kg/m3.

    Returns:
        Gain in Pa (negative flow excepted), and its derivatives by flow (Pa s/kg, negative), by
        setpoint, and by density.

    Source: affinity laws, e.g. I. J. Karassik, Pump Handbook, 4th ed., section 2.3.
    """
    pumps = layout.pumps
    forward = max(flow_kg_s, 0.0)
    weight = density * GRAVITY_M_S2
    volume = forward / density
    resisted = pumps.curvature[pump] * volume * volume
    yielded = LEAST_PUMP_SLOPE_PA_S_KG * forward
    by_flow = -2.0 * pumps.curvature[pump] * volume * GRAVITY_M_S2 - LEAST_PUMP_SLOPE_PA_S_KG
    speed = setpoint
    limited = False
    if pumps.holds_pressure[pump]:
        low = weight * (pumps.shutoff_head_m[pump] * pumps.min_speed[pump] ** 2 - resisted)
        high = weight * (pumps.shutoff_head_m[pump] * pumps.max_speed[pump] ** 2 - resisted)
        if low <= setpoint <= high:
            held = setpoint - yielded
            return _stopped(held, -LEAST_PUMP_SLOPE_PA_S_KG, 1.0, 0.0, flow_kg_s)
        speed = pumps.min_speed[pump] if setpoint < low else pumps.max_speed[pump]
        limited = True
    head = pumps.shutoff_head_m[pump] * speed * speed - resisted
    by_setpoint = 0.0 if limited else 2.0 * weight * pumps.shutoff_head_m[pump] * speed
    by_density = GRAVITY_M_S2 * (head + 2.0 * resisted)
    return _stopped(weight * head - yielded, by_flow, by_setpoint, by_density, flow_kg_s)


@inlined
def _stopped(
    gain: float, by_flow: float, by_setpoint: float, by_density: float, flow_kg_s: float
) -> tuple[float, float, float, float]:
    """Continue a pump's law below zero flow, where its non-return valve stands closed."""
    if flow_kg_s < 0.0:
        return gain - STOP_PA_S_KG * flow_kg_s, -STOP_PA_S_KG, by_setpoint, by_density
    return gain, by_flow, by_setpoint, by_density


@inner
def station_drop(
    flow_kg_s: float, admittance: float, target_kg_s: float
) -> tuple[float, float, float, float]:
    """Pressure drop over a station, and its derivatives.

    Args:
        flow_kg_s: Flow, kg/s.
        admittance: Flow squared per pressure drop of the open path, kg2/(s2 Pa), above zero.
        target_kg_s: Flow the valve throttles to, NO_TARGET for none.

    Returns:
        Drop in Pa, and its derivatives by flow, by admittance and by target.
    """
    knee = LINEAR_SHARE * math.sqrt(admittance * 1e5)
    size = math.sqrt(flow_kg_s * flow_kg_s + knee * knee)
    drop = flow_kg_s * size / admittance
    # The knee moves with the root of the admittance; drop = q sqrt(q^2 + c a) / a.
    by_admittance = -drop / admittance + flow_kg_s * knee * knee / (2.0 * size * admittance**2)
    by_flow = (size + flow_kg_s * flow_kg_s / size) / admittance
    by_target = 0.0
    if flow_kg_s > target_kg_s:
        drop += STOP_PA_S_KG * (flow_kg_s - target_kg_s)
        by_flow += STOP_PA_S_KG
        by_target = -STOP_PA_S_KG
    elif flow_kg_s < 0.0:
        drop += STOP_PA_S_KG * flow_kg_s
        by_flow += STOP_PA_S_KG
    return drop, by_flow, by_admittance, by_target


@inner
def solve_flows(layout: Layout, inputs: FlowInputs, state: FlowState) -> int:
    """Find the flows and pressures of one step.

    Args:
        layout: The network.
        inputs: What they depend on.
        state: Starting point, replaced by the solution.

    Returns:
        Newton iterations; MAX_ITERATIONS where the last change is still above the tolerance.
    """
    for iteration in range(MAX_ITERATIONS):
        factorise_flows(layout, inputs, state)
        solve(layout.graph.pattern, state.factor, state.pivots, state.values)
        damping = 1.0 if iteration < DAMPED_FROM else 0.5
        if _update(layout, inputs, state, damping) < TOLERANCE:
            return iteration + 1
    return MAX_ITERATIONS


@inner
def factorise_flows(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """Linearise the nodal equations at the present flows and factorise them.

    Args:
        layout: The network.
        inputs: What the laws depend on.
        state: Flows and pressures; receives laws, equations and their factorisation.
    """
    link_laws(layout, inputs, state)
    _assemble(layout, inputs, state)
    factorise(
        layout.graph.pattern,
        state.diagonal,
        state.upper,
        state.factor,
        state.pivots,
        state.filled,
        state.work,
    )


@inner
def link_laws(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """Evaluate every link's pressure drop and slope at the present flows.

    Args:
        layout: The network.
        inputs: What the laws depend on.
        state: Flows; receives drops, slopes and derivatives.
    """
    pipes = layout.pipes
    count = len(pipes.length_m)
    for link in range(2 * count):
        if not layout.graph.alive[link]:
            continue
        side = 0 if link < count else 1
        pipe = link - side * count
        (
            state.drops[link],
            state.slope[link],
            state.by_density[link],
            state.by_viscosity[link],
            root,
        ) = pressure_drop(
            state.flow_kg_s[link],
            pipes.length_m[pipe],
            pipes.diameter_m[pipe],
            pipes.roughness_m[pipe],
            inputs.density[side],
            inputs.viscosity[side],
            state.friction[link],
        )
        state.friction[link] = root
        if side == 1 and pipes.booster[pipe] >= 0:
            pump = pipes.booster[pipe]
            sign = pipes.booster_sign[pipe]
            gain, by_flow, _, _ = pump_gain(
                layout,
                pump,
                sign * state.flow_kg_s[link],
                inputs.pump_setpoint[pump],
                inputs.pump_density[pump],
            )
            state.drops[link] -= sign * gain
            state.slope[link] -= by_flow
    for station in range(len(inputs.target_kg_s)):
        link = 2 * count + station
        state.drops[link], state.slope[link], _, _ = station_drop(
            state.flow_kg_s[link], inputs.admittance[station], inputs.target_kg_s[station]
        )
    for pump in range(len(inputs.pump_setpoint)):
        link = 2 * count + len(inputs.target_kg_s) + pump
        gain, by_flow, _, _ = pump_gain(
            layout,
            pump,
            state.flow_kg_s[link],
            inputs.pump_setpoint[pump],
            inputs.pump_density[pump],
        )
        state.drops[link] = -gain
        state.slope[link] = -by_flow


@inlined
def buoyancy_pa(layout: Layout, inputs: FlowInputs, link: int) -> float:
    """Difference of the static columns of a link that joins the two sides.

    Args:
        layout: The network.
        inputs: Densities.
        link: Which link.

    Returns:
        What the piezometric difference exceeds the pressure difference by, Pa; zero for pipes.
    """
    half = len(layout.graph.elevation_m) // 2
    a = layout.graph.first[link]
    b = layout.graph.second[link]
    side_a = 0 if a < half else 1
    side_b = 0 if b < half else 1
    difference = inputs.density[side_a] - inputs.density[side_b]
    return float(difference * GRAVITY_M_S2 * layout.graph.elevation_m[a])


@inlined
def static_pa(layout: Layout, inputs: FlowInputs, node: int) -> float:
    """Weight of the water column above the first plant.

    Args:
        layout: The network.
        inputs: Densities.
        node: Which node.

    Returns:
        Density times gravity times elevation, Pa.
    """
    half = len(layout.graph.elevation_m) // 2
    side = 0 if node < half else 1
    return float(inputs.density[side] * GRAVITY_M_S2 * layout.graph.elevation_m[node])


@inlined
def leakage(layout: Layout, inputs: FlowInputs, state: FlowState, link: int) -> tuple[float, float]:
    """Leakage of one pipe and its slope.

    Args:
        layout: The network.
        inputs: Densities.
        state: Pressures.
        link: A supply or return pipe.

    Returns:
        Leakage, kg/s, and its derivative by the mean of the end pressures, kg/(s Pa).
    """
    count = len(layout.pipes.length_m)
    side = 0 if link < count else 1
    reference = layout.pipes.leak_m3_s[link - side * count] * inputs.density[side]
    mean = 0.5 * (
        state.pressure_pa[layout.graph.first[link]] + state.pressure_pa[layout.graph.second[link]]
    )
    least = LINEAR_LEAK_SHARE * layout.leak_reference_pa
    if reference <= 0.0:
        return 0.0, 0.0
    if mean < least:
        slope = reference * LINEAR_LEAK_SHARE**layout.leak_exponent / least
        return slope * mean, slope
    leak = reference * (mean / layout.leak_reference_pa) ** layout.leak_exponent
    return leak, layout.leak_exponent * leak / mean


@inner
def _assemble(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """Set up the linearised nodal equations for the piezometric pressures."""
    graph = layout.graph
    state.diagonal[:] = 0.0
    state.upper[:] = 0.0
    state.values[:] = 0.0
    reference_pa = layout.holding_pa + static_pa(layout, inputs, graph.reference)
    for link in range(len(graph.first)):
        if not graph.alive[link]:
            continue
        conductance = 1.0 / state.slope[link]
        known = state.flow_kg_s[link] - conductance * (
            state.drops[link] + buoyancy_pa(layout, inputs, link)
        )
        a = graph.unknown[graph.first[link]]
        b = graph.unknown[graph.second[link]]
        if a >= 0:
            state.diagonal[a] += conductance
            state.values[a] -= known
            if b < 0:
                state.values[a] += conductance * reference_pa
        if b >= 0:
            state.diagonal[b] += conductance
            state.values[b] += known
            if a < 0:
                state.values[b] += conductance * reference_pa
        if graph.upper[link] >= 0:
            state.upper[graph.upper[link]] -= conductance
    _assemble_leaks(layout, inputs, state)


@inner
def _assemble_leaks(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """Add the pipes' leakage, half at each end, linearised by the mean pressure."""
    graph = layout.graph
    reference_pa = layout.holding_pa + static_pa(layout, inputs, graph.reference)
    for link in range(2 * len(layout.pipes.length_m)):
        if not graph.alive[link]:
            continue
        leak, slope = leakage(layout, inputs, state, link)
        state.leak_slope[link] = slope
        state.leak_base[link] = 0.0
        if leak == 0.0:
            continue
        first = graph.first[link]
        second = graph.second[link]
        a = graph.unknown[first]
        b = graph.unknown[second]
        piezometric = (
            state.pressure_pa[first]
            + static_pa(layout, inputs, first)
            + state.pressure_pa[second]
            + static_pa(layout, inputs, second)
        )
        mean = 0.5 * (state.pressure_pa[first] + state.pressure_pa[second])
        state.leak_base[link] = leak - slope * mean
        constant = 0.5 * (leak - slope * 0.5 * piezometric)
        quarter = 0.25 * slope
        if a >= 0:
            state.diagonal[a] += quarter
            state.values[a] -= constant
            if b < 0:
                state.values[a] -= quarter * reference_pa
        if b >= 0:
            state.diagonal[b] += quarter
            state.values[b] -= constant
            if a < 0:
                state.values[b] -= quarter * reference_pa
        if graph.upper[link] >= 0:
            state.upper[graph.upper[link]] += quarter


@inner
def _update(layout: Layout, inputs: FlowInputs, state: FlowState, damping: float) -> float:
    """Move pressures, leakage and flows to the solution of the linear equations.

    Returns the largest change of a flow, relative to one kilogram a second or the flow.
    """
    graph = layout.graph
    for node in range(len(graph.unknown)):
        if graph.unknown[node] >= 0:
            solved = state.values[graph.unknown[node]] - static_pa(layout, inputs, node)
            state.pressure_pa[node] = solved
        state.leak_kg_s[node] = 0.0
    state.pressure_pa[graph.reference] = layout.holding_pa
    largest = 0.0
    for link in range(len(graph.first)):
        if not graph.alive[link]:
            state.flow_kg_s[link] = 0.0
            continue
        a = graph.first[link]
        b = graph.second[link]
        if link < 2 * len(layout.pipes.length_m):
            # As linearised: what has been balanced at the nodes, and exact once converged.
            mean = 0.5 * (state.pressure_pa[a] + state.pressure_pa[b])
            leak = state.leak_base[link] + state.leak_slope[link] * mean
            state.leak_kg_s[a] += 0.5 * leak
            state.leak_kg_s[b] += 0.5 * leak
        difference = state.pressure_pa[a] - state.pressure_pa[b]
        if link < 2 * len(layout.pipes.length_m):
            difference += static_pa(layout, inputs, a) - static_pa(layout, inputs, b)
        change = (difference - state.drops[link]) / state.slope[link]
        state.flow_kg_s[link] += damping * change
        largest = max(largest, abs(change) / (1.0 + abs(state.flow_kg_s[link])))
    return largest
