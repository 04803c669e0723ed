"""The judge's own transport of heat: windows that slide over what each pipe has taken in.

A pipe keeps what entered it as a row of segments by mass, each with its excess of enthalpy over the
ground and the moment it entered. Nothing in the row changes while water flows: the window of one
pipe content slides along it, what falls out of the window has left. So a step can be tried again
and again from the same row. Cooling is one exponential from the moment of entry to that of leaving.
The heat in each pipe is also kept by a balance of its own, from what went in and out; at the end it
is held against the segments.

Source: J. Benonysson, Dynamic modelling and operational optimization of district heating systems
(1991), the element method in cumulative mass.
"""

import math
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.state import PipeContents
from optimizer.physics.compiled import compiled, inner
from optimizer.physics.layout import Graph

SLOTS = 192
# Where the window of every pipe begins with each step: side by side, so that memory is quick.
FIRST = 16
# What is kept of a segment.
MASS, EXCESS, SINCE = range(3)
# Entering water joins its neighbour while that is less than this share of the pipe.
LEAST_SHARE = 1.0 / 128.0
# Below this flow water stands.
STANDING_KG_S = 1e-6


class Pipework(NamedTuple):
    """One side's pipes in motion; segments count upward from the drawn start.

    Attributes:
        content_kg: Water and its share of wall, shape (pipes,).
        rate_per_s: Share of its excess that water in a pipe loses in a second, shape (pipes,).
        segment: MASS (kg), EXCESS at entry (J/kg) and moment of entry (SINCE, s) of each segment,
            shape (SLOTS, pipes, 3).
        low, high: The window: segments low to high - 1, shape (pipes,).
        low_cut_kg, high_cut_kg: What has left of the window's two end segments, shape (pipes,).
        kept_high: Its end at the start of the present step, when it begins at FIRST, (pipes,).
        passing_kg: What passes straight through a pipe in the present part, shape (pipes,).
        gain_j: Excess heat that entered less what left in the present step, shape (pipes,).
        excess_j: Excess heat in each pipe by its own balance, shape (pipes,).
        node_j_kg: Water at each node in each part of the step, shape (parts, nodes).
        arriving_kg_s, arriving_w: Sums of what meets at each node, shape (nodes,).
        order, rank, waiting: Order in which nodes are handled, and its making, shape (nodes,).
    """

    content_kg: FloatArray
    rate_per_s: FloatArray
    segment: FloatArray
    low: IntArray
    high: IntArray
    low_cut_kg: FloatArray
    high_cut_kg: FloatArray
    kept_high: IntArray
    passing_kg: FloatArray
    gain_j: FloatArray
    excess_j: FloatArray
    node_j_kg: FloatArray
    arriving_kg_s: FloatArray
    arriving_w: FloatArray
    order: IntArray
    rank: IntArray
    waiting: IntArray


def new_pipework(
    contents: PipeContents,
    node_j_kg: FloatArray,
    content_kg: FloatArray,
    rate_per_s: FloatArray,
    ground_j_kg: float,
    parts: int,
) -> Pipework:
    """Fill the pipes of one side from a state.

    Args:
        contents: Plugs of water; each pipe's are scaled to its content.
        node_j_kg: Water at each node, J/kg, shape (nodes,).
        content_kg: Water and wall of each pipe, kg, shape (pipes,).
        rate_per_s: Cooling rate of each pipe, 1/s, shape (pipes,).
        ground_j_kg: Enthalpy of water at the ground's temperature, J/kg.
        parts: Parts of a step in which water moves.

    Returns:
        The pipes at second zero.

    Raises:
        ValueError: If a pipe has no contents.
    """
    pipes, nodes = len(content_kg), len(node_j_kg)
    if len(contents.start) != pipes + 1 or (np.diff(contents.start) < 1).any():
        raise ValueError("the state does not fill every pipe")
    work = Pipework(
        content_kg=content_kg,
        rate_per_s=rate_per_s,
        segment=np.zeros((SLOTS, pipes, 3)),
        low=np.full(pipes, FIRST, dtype=np.int64),
        high=np.zeros(pipes, dtype=np.int64),
        low_cut_kg=np.zeros(pipes),
        high_cut_kg=np.zeros(pipes),
        kept_high=np.zeros(pipes, dtype=np.int64),
        passing_kg=np.zeros(pipes),
        gain_j=np.zeros(pipes),
        excess_j=np.zeros(pipes),
        node_j_kg=np.repeat(node_j_kg[None, :], parts, axis=0),
        arriving_kg_s=np.zeros(nodes),
        arriving_w=np.zeros(nodes),
        order=np.zeros(nodes, dtype=np.int64),
        rank=np.zeros(nodes, dtype=np.int64),
        waiting=np.zeros(nodes, dtype=np.int64),
    )
    _fill(work, contents.start, contents.mass_kg, contents.enthalpy_j_kg, ground_j_kg)
    return work


@compiled
def _fill(
    work: Pipework, start: IntArray, mass_kg: FloatArray, enthalpy: FloatArray, ground: float
) -> None:
    """Lay a state's plugs into the pipes, the smallest joined to their neighbours."""
    for pipe in range(len(work.content_kg)):
        scale = work.content_kg[pipe] / mass_kg[start[pipe] : start[pipe + 1]].sum()
        least = work.content_kg[pipe] * LEAST_SHARE
        end = FIRST
        for plug in range(start[pipe], start[pipe + 1]):
            mass = mass_kg[plug] * scale
            last = end - 1
            if end > FIRST and work.segment[last, pipe, MASS] < least:
                both = work.segment[last, pipe, MASS] + mass
                rise = enthalpy[plug] - ground - work.segment[last, pipe, EXCESS]
                work.segment[last, pipe, EXCESS] += mass / both * rise
                work.segment[last, pipe, MASS] = both
                continue
            work.segment[end, pipe, MASS] = mass
            work.segment[end, pipe, EXCESS] = enthalpy[plug] - ground
            end += 1
        work.high[pipe] = end
        work.kept_high[pipe] = end
    work.excess_j[:] = stored_j(work, 0.0)


@compiled
def stored_j(work: Pipework, now_s: float) -> FloatArray:
    """Excess heat in each pipe, added up over its segments; call between steps.

    Args:
        work: The pipes.
        now_s: The moment, s.

    Returns:
        Heat above the ground's temperature, J, shape (pipes,).
    """
    stored = np.zeros(len(work.content_kg))
    for pipe in range(len(stored)):
        for slot in range(work.low[pipe], work.high[pipe]):
            fade = math.exp(-work.rate_per_s[pipe] * (now_s - work.segment[slot, pipe, SINCE]))
            stored[pipe] += work.segment[slot, pipe, MASS] * work.segment[slot, pipe, EXCESS] * fade
    return stored


@inner
def carry(
    graph: Graph,
    work: Pipework,
    flow_kg_s: FloatArray,
    source_kg_s: FloatArray,
    source_w: FloatArray,
    begin_s: float,
    step_s: float,
    ground_j_kg: float,
) -> None:
    """Let water flow for one step, from where the last settled step left it.

    Args:
        graph: The network's graph.
        work: The pipes of one side; receives `node_j_kg` and the window at the step's end.
        flow_kg_s: Flow of each pipe as drawn, shape (pipes,).
        source_kg_s: Water entering at each node from outside these pipes, kg/s, shape (nodes,).
        source_w: Its enthalpy flow in each part of the step, W, shape (parts, nodes).
        begin_s: Start of the step, s.
        step_s: Length of the step, s.
        ground_j_kg: Enthalpy of water at the ground's temperature, J/kg.
    """
    parts = work.node_j_kg.shape[0]
    span_s = step_s / parts
    for pipe in range(len(flow_kg_s)):
        work.low[pipe] = FIRST
        work.high[pipe] = work.kept_high[pipe]
        work.low_cut_kg[pipe] = 0.0
        work.high_cut_kg[pipe] = 0.0
        work.gain_j[pipe] = 0.0
    _rank_nodes(graph, work, flow_kg_s, span_s)
    for part in range(parts):
        now_s = begin_s + part * span_s
        for node in range(len(source_kg_s)):
            work.arriving_kg_s[node] = source_kg_s[node]
            work.arriving_w[node] = source_w[part, node]
        _leave(graph, work, flow_kg_s, part, now_s, span_s, ground_j_kg)
        _enter(graph, work, flow_kg_s, part, now_s, span_s, ground_j_kg)


@inner
def _rank_nodes(graph: Graph, work: Pipework, flow_kg_s: FloatArray, span_s: float) -> None:
    """Order the nodes so that water which passes a short pipe within a part is known in time.

    A ring of short pipes has no such order: there the last trial's temperature stands in, and
    trials converge.
    """
    nodes = len(work.order)
    work.waiting[:] = 0
    for pipe in range(len(flow_kg_s)):
        if abs(flow_kg_s[pipe]) * span_s > work.content_kg[pipe]:
            end = graph.second[pipe] if flow_kg_s[pipe] > 0.0 else graph.first[pipe]
            work.waiting[end] += 1
    found = 0
    for node in range(nodes):
        if work.waiting[node] == 0:
            work.order[found] = node
            found += 1
    done = 0
    while done < found:
        node = work.order[done]
        done += 1
        for entry in range(graph.adjacent_start[node], graph.adjacent_start[node + 1]):
            pipe = graph.adjacent_pipe[entry]
            flow = flow_kg_s[pipe]
            away = flow if graph.first[pipe] == node else -flow
            if away * span_s > work.content_kg[pipe]:
                end = graph.second[pipe] if flow > 0.0 else graph.first[pipe]
                work.waiting[end] -= 1
                if work.waiting[end] == 0:
                    work.order[found] = end
                    found += 1
    for node in range(nodes):
        if work.waiting[node] > 0:
            work.order[found] = node
            found += 1
    for place in range(nodes):
        work.rank[work.order[place]] = place


@inner
def _leave(
    graph: Graph,
    work: Pipework,
    flow_kg_s: FloatArray,
    part: int,
    now_s: float,
    span_s: float,
    ground: float,
) -> None:
    """Slide the windows of all pipes on and hand what falls out to the nodes at their ends."""
    for pipe in range(len(flow_kg_s)):
        if abs(flow_kg_s[pipe]) <= STANDING_KG_S:
            continue
        forward = flow_kg_s[pipe] > 0.0
        kg = abs(flow_kg_s[pipe]) * span_s
        rate = work.rate_per_s[pipe]
        gone = 0.0
        heat = 0.0
        low = work.low[pipe]
        high = work.high[pipe]
        cut = work.high_cut_kg[pipe] if forward else work.low_cut_kg[pipe]
        while high > low and kg - gone > 1e-12 * kg:
            slot = high - 1 if forward else low
            left = work.segment[slot, pipe, MASS] - cut
            taken = min(left, kg - gone)
            moment = now_s + span_s * (gone + 0.5 * taken) / kg
            fade = math.exp(-rate * (moment - work.segment[slot, pipe, SINCE]))
            heat += taken * work.segment[slot, pipe, EXCESS] * fade
            gone += taken
            cut += taken
            if taken >= left:
                cut = 0.0
                high -= 1 if forward else 0
                low += 0 if forward else 1
        work.low[pipe] = low
        work.high[pipe] = high
        if forward:
            work.high_cut_kg[pipe] = cut
        else:
            work.low_cut_kg[pipe] = cut
        passing = kg - gone if kg - gone > 1e-12 * kg else 0.0
        work.passing_kg[pipe] = passing
        work.gain_j[pipe] -= heat
        start = graph.first[pipe] if forward else graph.second[pipe]
        end = graph.second[pipe] if forward else graph.first[pipe]
        work.arriving_kg_s[end] += kg / span_s
        work.arriving_w[end] += (heat + (kg - passing) * ground) / span_s
        if passing > 0.0 and work.rank[end] <= work.rank[start]:
            fade = math.exp(-rate * span_s * (1.0 - passing / kg))
            guess = ground + (work.node_j_kg[part, start] - ground) * fade
            work.arriving_w[end] += passing * guess / span_s


@inner
def _enter(
    graph: Graph,
    work: Pipework,
    flow_kg_s: FloatArray,
    part: int,
    now_s: float,
    span_s: float,
    ground: float,
) -> None:
    """Mix at each node and let its water into pipes; what does not fit goes on to a pipe's end."""
    for place in range(len(work.order)):
        node = work.order[place]
        if work.arriving_kg_s[node] > STANDING_KG_S:
            work.node_j_kg[part, node] = work.arriving_w[node] / work.arriving_kg_s[node]
        else:
            _rest(graph, work, node, part, now_s + 0.5 * span_s, ground)
        excess = work.node_j_kg[part, node] - ground
        for entry in range(graph.adjacent_start[node], graph.adjacent_start[node + 1]):
            pipe = graph.adjacent_pipe[entry]
            flow = flow_kg_s[pipe]
            if (flow if graph.first[pipe] == node else -flow) <= STANDING_KG_S:
                continue
            kg = abs(flow) * span_s
            passing = work.passing_kg[pipe]
            staying = kg - passing
            work.gain_j[pipe] += kg * excess
            if passing > 0.0:
                fade = math.exp(-work.rate_per_s[pipe] * span_s * staying / kg)
                end = graph.second[pipe] if flow > 0.0 else graph.first[pipe]
                if work.rank[end] > work.rank[node]:
                    work.arriving_w[end] += passing * (ground + excess * fade) / span_s
                work.gain_j[pipe] -= passing * excess * fade
            if flow > 0.0:
                work.low[pipe] -= 1
                slot = work.low[pipe]
            else:
                slot = work.high[pipe]
                work.high[pipe] += 1
            work.segment[slot, pipe, MASS] = staying
            work.segment[slot, pipe, EXCESS] = excess
            work.segment[slot, pipe, SINCE] = now_s + span_s * (1.0 - 0.5 * staying / kg)


@inner
def _rest(
    graph: Graph, work: Pipework, node: int, part: int, moment_s: float, ground: float
) -> None:
    """Where nothing arrives, a node is as warm as the water that lies next to it."""
    if graph.adjacent_start[node] == graph.adjacent_start[node + 1]:
        return
    pipe = graph.adjacent_pipe[graph.adjacent_start[node]]
    if work.high[pipe] == work.low[pipe]:
        return
    slot = work.high[pipe] - 1 if graph.second[pipe] == node else work.low[pipe]
    fade = math.exp(-work.rate_per_s[pipe] * (moment_s - work.segment[slot, pipe, SINCE]))
    work.node_j_kg[part, node] = ground + work.segment[slot, pipe, EXCESS] * fade


@inner
def settle(work: Pipework, now_s: float, step_s: float) -> float:
    """Make the step that was carried last final.

    Args:
        work: The pipes.
        now_s: End of the step, s.
        step_s: Length of the step, s.

    Returns:
        Heat lost to the ground in the step by each pipe's own balance, J.
    """
    lost = 0.0
    for pipe in range(len(work.content_kg)):
        exponent = work.rate_per_s[pipe] * step_s
        before = work.excess_j[pipe]
        after = before + work.gain_j[pipe]
        if exponent > 0.0:
            fade = math.exp(-exponent)
            after = before * fade + work.gain_j[pipe] * (1.0 - fade) / exponent
        lost += before + work.gain_j[pipe] - after
        work.excess_j[pipe] = after
        work.gain_j[pipe] = 0.0
        low = work.low[pipe]
        high = work.high[pipe]
        work.segment[low, pipe, MASS] -= work.low_cut_kg[pipe]
        work.segment[high - 1, pipe, MASS] -= work.high_cut_kg[pipe]
        if low < FIRST:
            oldest = min(FIRST, high - 1)
            work.low[pipe] = _condense(work, pipe, oldest, low, -1, now_s)
        elif high > work.kept_high[pipe]:
            oldest = max(work.kept_high[pipe] - 1, low)
            work.high[pipe] = _condense(work, pipe, oldest, high - 1, 1, now_s) + 1
        _bring_home(work, pipe)
        work.kept_high[pipe] = work.high[pipe]
        work.low_cut_kg[pipe] = 0.0
        work.high_cut_kg[pipe] = 0.0
    return lost


@inner
def _condense(work: Pipework, pipe: int, oldest: int, newest: int, way: int, now_s: float) -> int:
    """Join the segments that entered last where they are small; returns the newest that is left."""
    least = work.content_kg[pipe] * LEAST_SHARE
    rate = work.rate_per_s[pipe]
    segment = work.segment[:, pipe]
    into = oldest
    slot = oldest
    while slot != newest:
        slot += way
        if segment[into, MASS] >= least:
            into += way
            for what in range(3):
                segment[into, what] = segment[slot, what]
            continue
        fresh = segment[slot, EXCESS] * math.exp(-rate * (now_s - segment[slot, SINCE]))
        old = segment[into, EXCESS] * math.exp(-rate * (now_s - segment[into, SINCE]))
        both = segment[into, MASS] + segment[slot, MASS]
        segment[into, EXCESS] = old + (fresh - old) * segment[slot, MASS] / both
        segment[into, SINCE] = now_s
        segment[into, MASS] = both
    return into


@inner
def _bring_home(work: Pipework, pipe: int) -> None:
    """Move a pipe's window to where it begins with each step."""
    count = work.high[pipe] - work.low[pipe]
    shift = FIRST - work.low[pipe]
    if shift != 0:
        for i in range(count):
            origin = work.low[pipe] + (count - 1 - i if shift > 0 else i)
            for what in range(3):
                work.segment[origin + shift, pipe, what] = work.segment[origin, pipe, what]
    work.low[pipe] = FIRST
    work.high[pipe] = FIRST + count
