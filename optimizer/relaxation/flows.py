"""Flows that cannot be undercut: pumps at their least, every valve that may open wide open.

In a tree, opening a valve or slowing a pump lowers the pressure difference at every node, and with
it the flow through every valve that stands: the flows found here are below those of any schedule.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.physics.compiled import outer
from optimizer.physics.friction import pressure_drop
from optimizer.physics.hydraulics import solve_flows
from optimizer.physics.layout import FIXED_DIRECT, FIXED_EXCHANGER, Layout, Pipes
from optimizer.physics.link_laws import NO_TARGET
from optimizer.physics.nodal import FlowInputs, FlowState, new_flow_state
from optimizer.physics.water import GRAVITY_M_S2, density_kg_m3, viscosity_pa_s
from optimizer.relaxation.friction import least_friction_pa, most_friction_pa
from optimizer.relaxation.tree import Tree

# Newton leaves a millionth; this covers it.
SOLVED_SHARE = 0.999
# Densest water there is, kg/m3.
MOST_DENSITY = 1001.0
# Times that pipes are made longer before least flows are given up.
LENGTHENINGS = 12


@dataclass(frozen=True, kw_only=True)
class LeastFlows:
    """Flows and pressure differences below those of every schedule.

    Attributes:
        station_kg_s: Flow of each station, zero where its valve may close, shape (stations,).
        open_kg_s: The same while a valve is open as far as it goes, shape (stations,).
        pipe_kg_s: Of each pipe, supply and return alike, shape (pipes,).
        difference_pa: Between supply and return at each pipe's far end, shape (pipes,).
        head_pa: Between supply and return at the plant.
    """

    station_kg_s: FloatArray
    open_kg_s: FloatArray
    pipe_kg_s: FloatArray
    difference_pa: FloatArray
    head_pa: float


def stands(layout: Layout) -> BoolArray:
    """Tell which stations' valves stand.

    Args:
        layout: The network.

    Returns:
        True where the valve stands, shape (stations,).
    """
    modes = layout.stations.mode
    standing: BoolArray = (modes == FIXED_EXCHANGER) | (modes == FIXED_DIRECT)
    return standing


def most_leakage_kg_s(layout: Layout) -> float:
    """Leakage at the highest pressure that pumps, column and holding pressure can add up to.

    Args:
        layout: The network.

    Returns:
        Leakage, kg/s.
    """
    rate = 2.0 * float(layout.pipes.leak_m3_s.sum()) * MOST_DENSITY
    return rate * most_leakage_share(layout)


def most_leakage_share(layout: Layout) -> float:
    """Leakage at the highest pressure that there can be, as a multiple of the reference one.

    Args:
        layout: The network.

    Returns:
        The multiple, at least 1.
    """
    share = (layout.holding_pa + _most_head_pa(layout)) / layout.leak_reference_pa
    return float(max(share, 1.0) ** layout.leak_exponent)


def most_station_kg_s(layout: Layout) -> FloatArray:
    """Flow of each station, open as far as it goes, at the pumps' highest pressure.

    Args:
        layout: The network.

    Returns:
        Flows that no schedule exceeds, kg/s, shape (stations,).
    """
    share = np.maximum(layout.stations.fixed_share, 1e-7)
    squared = layout.stations.flow_coefficient * share**2 * MOST_DENSITY * _most_head_pa(layout)
    most: FloatArray = np.sqrt(squared)
    return most


def _most_head_pa(layout: Layout) -> float:
    pumps = layout.pumps
    heads = float((pumps.shutoff_head_m * pumps.max_speed**2).sum())
    return MOST_DENSITY * GRAVITY_M_S2 * (heads + float(np.ptp(layout.graph.elevation_m)))


def least_flows(
    layout: Layout, tree: Tree, coldest_c: float, hottest_c: float, asked_kg_s: FloatArray
) -> LeastFlows:
    """Solve the flows at the pumps' least and everything open, in the most sluggish water.

    Leaks add to the flow of the supply pipes, and where a flow may be laminar the thickest water is
    not what has most friction. Pipes are made so much longer that at the flows found friction is no
    less than it can be.

    Args:
        layout: The network, a tree.
        tree: Its order.
        coldest_c: No water is colder, degC.
        hottest_c: No water is hotter, degC.
        asked_kg_s: Flow that each throttling valve lets through at least, shape (stations,).

    Returns:
        The flows.
    """
    light, heavy = float(density_kg_m3(hottest_c)), float(density_kg_m3(coldest_c))
    thick, thin = float(viscosity_pa_s(coldest_c)), float(viscosity_pa_s(hottest_c))
    leak = tree.leaks(layout) * most_leakage_share(layout) * MOST_DENSITY
    feeding = tree.below.any(axis=1)
    longer = np.ones(len(leak))
    for _ in range(LENGTHENINGS):
        inputs = _slow_inputs(layout, light, heavy, thick, float(leak.max(initial=0.0)))
        station = _solved_flows(layout, longer, inputs)
        through = np.where(feeding, tree.sums(station), 1.0)
        needed = np.where(feeding, _more_friction(layout, through, leak, light, thick), 1.0)
        if (needed <= longer).all():
            break
        longer = 1.01 * np.maximum(longer, needed)
    else:
        station = np.zeros(len(station))
    opened = station * SOLVED_SHARE
    station = np.where(stands(layout), opened, np.minimum(opened, asked_kg_s))
    pipe = np.maximum(tree.sums(station) - leak, 0.0)
    difference, head = _least_differences_pa(layout, tree, station, pipe, heavy, thin, thick)
    return LeastFlows(
        station_kg_s=station,
        open_kg_s=opened,
        pipe_kg_s=pipe,
        difference_pa=difference,
        head_pa=head,
    )


def most_flows(layout: Layout, tree: Tree, coldest_c: float, hottest_c: float) -> FloatArray:
    """Find flows that no schedule exceeds: pumps at their most, every valve that may close closed.

    The mirror image of `least_flows`: pipes are made so much shorter that at the flows found
    friction is no more than it must be, leaks out of the return pipes counted.

    Args:
        layout: The network, a tree.
        tree: Its order.
        coldest_c: No water is colder, degC.
        hottest_c: No water is hotter, degC.

    Returns:
        Flow of each station whose valve stands, and of the others fully open at the pumps' highest
        pressure, kg/s, shape (stations,).
    """
    light, heavy = float(density_kg_m3(hottest_c)), float(density_kg_m3(coldest_c))
    thick, thin = float(viscosity_pa_s(coldest_c)), float(viscosity_pa_s(hottest_c))
    leak = tree.leaks(layout) * most_leakage_share(layout) * MOST_DENSITY
    pipes, loosest = layout.pipes, most_station_kg_s(layout)
    if layout.pumps.holds_pressure.any():
        return loosest
    feeding = (tree.below & stands(layout)).any(axis=1)
    shorter = np.ones(len(leak))
    for _ in range(LENGTHENINGS):
        station = _solved_flows(layout, shorter, _fast_inputs(layout, light, heavy, thin))
        through = np.where(feeding, tree.sums(station), 1.0)
        back = np.maximum(through - leak, 0.0)
        least = least_friction_pa(pipes, through, heavy, thin, thick)
        least = least + least_friction_pa(pipes, back, heavy, thin, thick)
        allowed = np.where(feeding, least / (2.0 * _friction_pa(pipes, through, heavy, thin)), 1.0)
        if (shorter <= allowed).all():
            station = station / SOLVED_SHARE
            return np.where(stands(layout), np.minimum(station, loosest), loosest)
        shorter = 0.99 * np.minimum(shorter, allowed)
    return loosest


def _more_friction(
    layout: Layout, flow_kg_s: FloatArray, leak_kg_s: FloatArray, light: float, thick: float
) -> FloatArray:
    """How many times the friction of thick water without leaks there can be in a pair of pipes."""
    used = _friction_pa(layout.pipes, flow_kg_s, light, thick)
    with_leak = 0.5 * (1.0 + (1.0 + leak_kg_s / flow_kg_s) ** 2)
    more: FloatArray = with_leak * most_friction_pa(layout.pipes, flow_kg_s, light, thick) / used
    return more


def _friction_pa(
    pipes: Pipes, flow_kg_s: FloatArray, density: float, viscosity: float
) -> FloatArray:
    """Pressure drop of each pipe."""
    laws = zip(flow_kg_s, pipes.length_m, pipes.diameter_m, pipes.roughness_m, strict=True)
    return np.array([pressure_drop(*law, density, viscosity, 0.0)[0] for law in laws])


def _slow_inputs(
    layout: Layout, light: float, heavy: float, thick: float, leak_kg_s: float
) -> FlowInputs:
    """Pumps at their least, every valve as far open as it goes."""
    stations = layout.stations
    share = np.maximum(stations.fixed_share, 1e-7)
    return FlowInputs(
        target_kg_s=np.full(len(share), NO_TARGET),
        admittance=stations.flow_coefficient * share**2 * light,
        pump_setpoint=_least_setpoints(layout, light, heavy, leak_kg_s),
        pump_density=np.full(len(layout.pumps.plant), light),
        density=np.full(2, light),
        viscosity=np.full(2, thick),
    )


def _fast_inputs(layout: Layout, light: float, heavy: float, thin: float) -> FlowInputs:
    """Pumps at their most, helped by the columns; every valve that may close closed."""
    stations, pumps = layout.stations, layout.pumps
    share = np.maximum(stations.fixed_share, 1e-7)
    column_m = float(np.ptp(layout.graph.elevation_m)) * (heavy - light) / light
    speed = np.sqrt(pumps.max_speed**2 + column_m / pumps.shutoff_head_m)
    most_pa = heavy * GRAVITY_M_S2 * pumps.shutoff_head_m * speed**2
    return FlowInputs(
        target_kg_s=np.where(stands(layout), NO_TARGET, 0.0),
        admittance=stations.flow_coefficient * share**2 * heavy,
        pump_setpoint=np.where(pumps.holds_pressure, most_pa, speed),
        pump_density=np.full(len(pumps.plant), heavy),
        density=np.full(2, heavy),
        viscosity=np.full(2, thin),
    )


def _solved_flows(layout: Layout, lengthened: FloatArray, inputs: FlowInputs) -> FloatArray:
    """Flow of each station without leaks, in pipes of changed length, kg/s."""
    pipes = layout.pipes
    flows = new_flow_state(layout)
    tight = pipes._replace(
        length_m=pipes.length_m * lengthened, leak_m3_s=np.zeros(len(pipes.length_m))
    )
    _solve(layout._replace(pipes=tight), inputs, flows)
    first = 2 * len(pipes.length_m)
    return np.maximum(flows.flow_kg_s[first : first + len(inputs.target_kg_s)], 1e-9)


@outer
def _solve(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """`solve_flows`, which only compiled code can call."""
    solve_flows(layout, inputs, state)


def _least_setpoints(layout: Layout, light: float, heavy: float, leak_kg_s: float) -> FloatArray:
    """Least speeds, less what columns of water weigh against the pumps and leaks take of them."""
    pumps = layout.pumps
    column_m = float(np.ptp(layout.graph.elevation_m)) * (heavy - light) / light
    most_m3_s = pumps.min_speed * np.sqrt(pumps.shutoff_head_m / pumps.curvature)
    leak_m3_s = leak_kg_s / light
    leak_m = pumps.curvature * leak_m3_s * (2.0 * most_m3_s + leak_m3_s)
    squared = pumps.min_speed**2 - (column_m + leak_m) / pumps.shutoff_head_m
    speed: FloatArray = np.sqrt(np.maximum(squared, 0.0))
    return np.where(pumps.holds_pressure, 0.0, speed)


def _least_differences_pa(
    layout: Layout,
    tree: Tree,
    station_kg_s: FloatArray,
    pipe_kg_s: FloatArray,
    heavy: float,
    thin: float,
    thick: float,
) -> tuple[FloatArray, float]:
    """What it takes to drive flows that are not undercut through the station that is worst."""
    pipes, stations = layout.pipes, layout.stations
    friction = 2.0 * least_friction_pa(pipes, pipe_kg_s, heavy, thin, thick)
    share = np.maximum(stations.fixed_share, 1e-7)
    valve = station_kg_s**2 / (stations.flow_coefficient * share**2 * heavy)
    # The columns of the two sides may help: they differ by a twentieth of their weight at most.
    valve -= 0.06 * GRAVITY_M_S2 * heavy * float(np.ptp(layout.graph.elevation_m))
    from_plant = valve + tree.below.T @ friction
    beyond = np.where(tree.below, from_plant[None, :], 0.0).max(axis=1, initial=0.0)
    before = np.zeros(len(friction))
    for pipe in tree.order:
        feeder = tree.feeder[pipe]
        before[pipe] = friction[pipe] + (before[feeder] if feeder >= 0 else 0.0)
    return np.maximum(beyond - before, 0.0), max(float(from_plant.max(initial=0.0)), 0.0)
