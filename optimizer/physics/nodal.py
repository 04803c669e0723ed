"""The linearised nodal equations of a network: laws of all links, balances of all nodes, leakage.

Sources: E. Todini, S. Pilati, A gradient algorithm for the analysis of pipe networks (1988);
A. Lambert, AQUA 40 (2001) (leakage by pressure, FAVAD).
"""

from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.physics.compiled import inlined, inner
from optimizer.physics.friction import pressure_drop
from optimizer.physics.layout import Layout
from optimizer.physics.ldl import factorise
from optimizer.physics.link_laws import pump_gain, station_drop
from optimizer.physics.water import GRAVITY_M_S2

# Below this share of the reference pressure leakage is linear, as its power has no slope at zero;
# below the atmosphere's pressure a leak lets water in.
LINEAR_LEAK_SHARE = 0.02
FIRST_DENSITY_KG_M3 = 970.0


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
        driven_pa, step_kg_s: What the solved pressures leave for each link to drop, and how far the
            last step moved its flow, shape (links,).
        before_kg_s, before_pa, before_leak_kg_s: Where that step began.
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
    driven_pa: FloatArray
    step_kg_s: FloatArray
    before_kg_s: FloatArray
    before_pa: FloatArray
    before_leak_kg_s: FloatArray
    filled: IntArray
    work: FloatArray


def new_flow_state(layout: Layout) -> FlowState:
    """Make the memory of a solve, with flows that are a fair guess.

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
        flow_kg_s=_first_flows(layout),
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
        driven_pa=np.zeros(links),
        step_kg_s=np.zeros(links),
        before_kg_s=np.zeros(links),
        before_pa=np.zeros(nodes),
        before_leak_kg_s=np.zeros(nodes),
        filled=np.zeros(size, dtype=np.int64),
        work=np.zeros(size),
    )


def _first_flows(layout: Layout) -> FloatArray:
    """Stations as open as they go at 1 bar, their flow shared by the pumps; pipes at rest.

    At no flow the laws of stations and pumps are nearly flat, and Newton would begin far too high.
    """
    stations, pumps = layout.stations, len(layout.pumps.plant)
    flow = np.zeros(len(layout.graph.first))
    first_station = 2 * len(layout.pipes.length_m)
    first_pump = first_station + len(stations.node)
    full = np.sqrt(stations.flow_coefficient * FIRST_DENSITY_KG_M3 * 1e5)
    flow[first_station:first_pump] = full * stations.fixed_share
    flow[first_pump:] = flow[first_station:first_pump].sum() / max(pumps, 1)
    return flow


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
