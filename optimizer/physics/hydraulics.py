"""Flows and pressures of the whole network: Newton on the nodal equations, with a way that ends.

Every link has a pressure drop that rises with its flow; the flows that balance at every node and
the pressures that drive them are unique. Ends of a lever's range are part of the law: a station
that throttles to a wanted flow, a closed valve, a non-return valve. Full steps of Newton agree in a
few rounds; between such ends they may go round in circles for ever. Then each step is cut where the
content (what all links have dissipated, a convex function of the flows) stops falling along it,
so that every step goes down towards the one solution.

Sources: E. Todini, S. Pilati, A gradient algorithm for the analysis of pipe networks (1988);
G. Birkhoff, J. B. Diaz, Quart. Appl. Math. 13 (1956) 431 (the content of a network is convex).
"""

import math

from optimizer.physics.compiled import inner
from optimizer.physics.layout import Layout
from optimizer.physics.ldl import solve
from optimizer.physics.link_laws import STOP_PA_S_KG
from optimizer.physics.nodal import (
    FlowInputs,
    FlowState,
    factorise_flows,
    link_laws,
    static_pa,
)
from optimizer.physics.vectors import copy_into

FULL_STEPS = 12
MAX_ITERATIONS = 400
# Of what the last step leaves of a flow, relative to one kilogram a second or the flow.
TOLERANCE = 1e-6
# What a stop moves by for one pascal, and what a flow may pass it by without being sent back.
AWAY_KG_S = 1.0 / STOP_PA_S_KG
PAST_KG_S = 1e-6
# A step is cut where less than this share of its first fall is left, or it rises as fast.
FLAT_SHARE = 0.1
MAX_CUTS = 60


@inner
def solve_flows(layout: Layout, inputs: FlowInputs, state: FlowState) -> int:
    """Find the flows and pressures of one step.

    Args:
        layout: The network.
        inputs: What they depend on.
        state: Starting point, replaced by the solution.

    Returns:
        Newton iterations; MAX_ITERATIONS where the last step still leaves more than the tolerance.
    """
    for iteration in range(MAX_ITERATIONS):
        factorise_flows(layout, inputs, state)
        solve(layout.graph.pattern, state.factor, state.pivots, state.values)
        if iteration < FULL_STEPS:
            if _step(layout, inputs, state) < TOLERANCE:
                return iteration + 1
            continue
        copy_into(state.before_kg_s, state.flow_kg_s)
        copy_into(state.before_pa, state.pressure_pa)
        copy_into(state.before_leak_kg_s, state.leak_kg_s)
        if _step(layout, inputs, state) < TOLERANCE:
            return iteration + 1
        _cut_step(layout, inputs, state)
    return MAX_ITERATIONS


@inner
def _step(layout: Layout, inputs: FlowInputs, state: FlowState) -> float:
    """Move pressures, leakage and flows to the solution of the linear equations.

    Returns what is left to the solution: of the flow that is least known, relative to one kilogram
    a second or the flow.
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
        difference = state.pressure_pa[a] - state.pressure_pa[b]
        if link < 2 * len(layout.pipes.length_m):
            # As linearised: what has been balanced at the nodes, and exact once converged.
            mean = 0.5 * (state.pressure_pa[a] + state.pressure_pa[b])
            leak = state.leak_base[link] + state.leak_slope[link] * mean
            state.leak_kg_s[a] += 0.5 * leak
            state.leak_kg_s[b] += 0.5 * leak
            difference += static_pa(layout, inputs, a) - static_pa(layout, inputs, b)
        change = (difference - state.drops[link]) / state.slope[link]
        state.driven_pa[link] = difference
        state.step_kg_s[link] = change
        state.flow_kg_s[link] += change
        moved = abs(change)
        flow = abs(state.flow_kg_s[link])
        # Laws are squares at most: Newton leaves the square of its step over the flow.
        left = moved * moved / flow if moved < flow else moved
        size = left / (1.0 + flow)
        if not size <= largest:
            # What is no number is never small enough.
            largest = min(math.inf, size)
    if largest < TOLERANCE and _met_or_left_a_stop(layout, inputs, state):
        return 1.0
    return largest


@inner
def _met_or_left_a_stop(layout: Layout, inputs: FlowInputs, state: FlowState) -> bool:
    """Tell whether a valve has come away from an end of its range, or passed one, in a last step.

    However small the step was, its law is another one there, and the flow may go anywhere. Where
    a valve stood is told by its flow: one that is all but closed is as steep as a stop.
    """
    first = 2 * len(layout.pipes.length_m)
    for i in range(len(inputs.target_kg_s)):
        flow = state.flow_kg_s[first + i]
        before = flow - state.step_kg_s[first + i]
        most = inputs.target_kg_s[i]
        if before < 0.0 or before > most:
            if AWAY_KG_S < flow < most - AWAY_KG_S:
                return True
        elif flow < -PAST_KG_S or flow > most + PAST_KG_S:
            return True
    for m in range(len(inputs.pump_setpoint)):
        link = first + len(inputs.target_kg_s) + m
        sign = 1.0
        pipe = layout.pumps.pipe[m]
        if pipe >= 0:
            link = len(layout.pipes.length_m) + pipe
            sign = layout.pipes.booster_sign[pipe]
        flow = sign * state.flow_kg_s[link]
        if flow - sign * state.step_kg_s[link] < 0.0:
            if flow > AWAY_KG_S:
                return True
        elif flow < -PAST_KG_S:
            return True
    return False


@inner
def _cut_step(layout: Layout, inputs: FlowInputs, state: FlowState) -> None:
    """Go along a full step only as far as the content falls.

    Its fall along the step is continuous and ever less steep: where it is flat is found by regula
    falsi with the Illinois rule, from above, so that a valve's end that was met is passed.
    """
    leaked_w = _leaked_w(layout, state)
    begin_w = -leaked_w
    for link in range(len(state.step_kg_s)):
        begin_w -= state.slope[link] * state.step_kg_s[link] ** 2
    low, low_w = 0.0, begin_w
    high, high_w = 1.0, _rise_w(layout, inputs, state, 1.0, leaked_w)
    if high_w <= -FLAT_SHARE * begin_w:
        return
    share = 1.0
    last = 0
    for _ in range(MAX_CUTS):
        share = (low * high_w - high * low_w) / (high_w - low_w)
        rise_w = _rise_w(layout, inputs, state, share, leaked_w)
        if abs(rise_w) <= -FLAT_SHARE * begin_w:
            break
        if rise_w < 0.0:
            low, low_w = share, rise_w
            if last < 0:
                high_w *= 0.5
            last = -1
        else:
            high, high_w = share, rise_w
            if last > 0:
                low_w *= 0.5
            last = 1
    for node in range(len(state.pressure_pa)):
        full_pa = state.pressure_pa[node]
        state.pressure_pa[node] = state.before_pa[node] + share * (full_pa - state.before_pa[node])
        before = state.before_leak_kg_s[node]
        state.leak_kg_s[node] = before + share * (state.leak_kg_s[node] - before)


@inner
def _rise_w(
    layout: Layout, inputs: FlowInputs, state: FlowState, share: float, leaked_w: float
) -> float:
    """Derivative of the content along the step, at a share of it; sets the flows there."""
    for link in range(len(state.step_kg_s)):
        state.flow_kg_s[link] = state.before_kg_s[link] + share * state.step_kg_s[link]
    link_laws(layout, inputs, state)
    rise_w = -(1.0 - share) * leaked_w
    for link in range(len(state.step_kg_s)):
        if layout.graph.alive[link]:
            rise_w += (state.drops[link] - state.driven_pa[link]) * state.step_kg_s[link]
    return rise_w


@inner
def _leaked_w(layout: Layout, state: FlowState) -> float:
    """What the leaks' change dissipates over a full step, each linear in its pressure."""
    leaked_w = 0.0
    for link in range(2 * len(layout.pipes.length_m)):
        if layout.graph.alive[link]:
            a = layout.graph.first[link]
            b = layout.graph.second[link]
            rise_pa = state.pressure_pa[a] - state.before_pa[a]
            rise_pa += state.pressure_pa[b] - state.before_pa[b]
            leaked_w += state.leak_slope[link] * 0.25 * rise_pa * rise_pa
    return leaked_w
