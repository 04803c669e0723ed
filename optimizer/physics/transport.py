"""Heat transport by plug flow: plugs of water move through pipes and mix at nodes.

A pipe holds a row of plugs, each with its mass and enthalpy; what leaves a pipe within a step is a
row of pieces, which its end node mixes with others and hands on. A plug's mass includes the heat
capacity of the wall it lies in, so a front travels slower than the water by just that share; what
the wall does to the front's shape is in `stirring`, and there is no other diffusion. Plugs cool
towards the ground while they lie in a pipe. With derivatives asked for, masses, times and
enthalpies carry theirs along: everything here is differentiated as it stands.

Source: J. Benonysson, Dynamic modelling and operational optimization of district heating systems
(1991), the node and element methods; wall capacity by the ratio of heat capacities.
"""

import math
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.physics.compiled import inlined, inner
from optimizer.physics.layout import Layout
from optimizer.physics.plugs import (
    Row,
    append,
    cool,
    merge_first,
    merge_last,
    new_row,
    prepend,
)
from optimizer.physics.stirring import TANKS, draw_tank, is_worth_stirring, stir
from optimizer.physics.vectors import add_scaled, copy_into, total
from optimizer.physics.water import REFERENCE_CP_J_KG_K

# Pieces of a step that a pipe hands on at most; more are merged, the most alike first.
PIECES = 8
# Below this flow a pipe stands still.
STILL_KG_S = 1e-6


class Side(NamedTuple):
    """One side (supply or return) of the network in motion.

    Attributes:
        contents: Plugs in the pipes.
        leaving: Pieces that leave each pipe within the step; the last row holds those that are
            mixed at the node being handled.
        rest, rest_d: What is left of each stream's present piece while streams mix.
        gone_d, begin_d, moved_d: Working memory of one pipe's derivatives, shape (directions,).
        tank, tank_d: Enthalpy of its stirred tanks, shapes (TANKS,), (TANKS, directions).
        arriving, position: Working memory of a node: its streams and their present pieces.
        order, waiting: Working memory: nodes in the order of flow, and streams yet to come.
        early: Pipes at which a ring of flow is opened, shape (pipes,).
        whole, whole_d: Working memory: means of a step that is moved in parts.
        ground: Enthalpy that water would have at the temperature around each pipe, J/kg.
        lost: Heat that each pipe lost in the last step, J, shape (pipes,).
        mean, mean_d: Mean enthalpy of the step at each node, J/kg, shapes (nodes,), (nodes, any).
        end, end_d: Enthalpy towards the end of the step at each node.
    """

    contents: Row
    leaving: Row
    rest: FloatArray
    rest_d: FloatArray
    gone_d: FloatArray
    begin_d: FloatArray
    moved_d: FloatArray
    tank: FloatArray
    tank_d: FloatArray
    arriving: IntArray
    position: IntArray
    order: IntArray
    waiting: IntArray
    early: BoolArray
    whole: FloatArray
    whole_d: FloatArray
    ground: FloatArray
    lost: FloatArray
    mean: FloatArray
    mean_d: FloatArray
    end: FloatArray
    end_d: FloatArray


class Source(NamedTuple):
    """Water that enters the nodes of one side from outside its pipes.

    Attributes:
        flow, flow_d: Mass flow, kg/s, shapes (nodes,), (nodes, directions).
        power, power_d: Enthalpy flow, W, same shapes.
    """

    flow: FloatArray
    flow_d: FloatArray
    power: FloatArray
    power_d: FloatArray


def new_side(pipes: int, nodes: int, slots: int, directions: int) -> Side:
    """Make a side with empty pipes.

    Args:
        pipes: Number of pipes.
        nodes: Number of nodes.
        slots: Largest number of plugs in a pipe.
        directions: Number of derivatives carried along.

    Returns:
        The side.
    """
    return Side(
        contents=new_row(pipes, slots, directions),
        leaving=new_row(pipes + 1, PIECES, directions),
        rest=np.zeros(pipes),
        rest_d=np.zeros((pipes, directions)),
        gone_d=np.zeros(directions),
        begin_d=np.zeros(directions),
        moved_d=np.zeros(directions),
        tank=np.zeros(TANKS),
        tank_d=np.zeros((TANKS, directions)),
        arriving=np.zeros(pipes, dtype=np.int64),
        position=np.zeros(pipes, dtype=np.int64),
        order=np.zeros(nodes, dtype=np.int64),
        waiting=np.zeros(nodes, dtype=np.int64),
        early=np.zeros(pipes, dtype=np.bool_),
        whole=np.zeros(nodes),
        whole_d=np.zeros((nodes, directions)),
        ground=np.zeros(pipes),
        lost=np.zeros(pipes),
        mean=np.zeros(nodes),
        mean_d=np.zeros((nodes, directions)),
        end=np.zeros(nodes),
        end_d=np.zeros((nodes, directions)),
    )


def new_source(nodes: int, directions: int) -> Source:
    """Make a source that gives nothing.

    Args:
        nodes: Number of nodes.
        directions: Number of derivatives carried along.

    Returns:
        The source.
    """
    return Source(
        flow=np.zeros(nodes),
        flow_d=np.zeros((nodes, directions)),
        power=np.zeros(nodes),
        power_d=np.zeros((nodes, directions)),
    )


@inlined
def _leave(
    side: Side,
    pipe: int,
    moved: float,
    moved_d: FloatArray,
    forward: bool,
    decay: float,
    ground: float,
    gone_d: FloatArray,
    used: int,
) -> tuple[float, float]:
    """Let plugs leave a pipe until `moved` has left or it is empty.

    Returns what has left, kg, and the heat lost to the ground on the way, J; `gone_d` receives
    the derivative of what has left.
    """
    contents = side.contents
    leaving = side.leaving
    ring = contents.size.shape[0] - 1
    gone = 0.0
    lost = 0.0
    leaving.head[pipe] = 0
    leaving.filled[pipe] = 0
    gone_d[:used] = 0.0
    while contents.filled[pipe] > 0 and moved - gone > 1e-13 * moved:
        last = contents.head[pipe] + (contents.filled[pipe] - 1 if forward else 0)
        plug = last & ring
        mass = contents.size[plug, pipe]
        whole = mass <= moved - gone
        taken = mass if whole else moved - gone
        middle = (gone + 0.5 * taken) / moved
        fade = math.exp(-decay * middle)
        above = contents.enthalpy[plug, pipe] - ground
        piece = append(leaving, pipe, taken / moved, ground + above * fade, used)
        for d in range(used):
            taken_d = contents.size_d[plug, pipe, d] if whole else moved_d[d] - gone_d[d]
            middle_d = (gone_d[d] + 0.5 * taken_d - middle * moved_d[d]) / moved
            leaving.size_d[piece, pipe, d] = (taken_d - taken / moved * moved_d[d]) / moved
            leaving.enthalpy_d[piece, pipe, d] = fade * (
                contents.enthalpy_d[plug, pipe, d] - decay * middle_d * above
            )
            gone_d[d] += taken_d
            if not whole:
                contents.size_d[plug, pipe, d] -= taken_d
        merge_last(leaving, pipe, used)
        lost += taken * above * (1.0 - fade)
        gone += taken
        if whole:
            contents.filled[pipe] -= 1
            if not forward:
                contents.head[pipe] = (contents.head[pipe] + 1) & ring
        else:
            contents.size[plug, pipe] = mass - taken
    if contents.filled[pipe] == 0:
        # The ring begins anew where others do: what is used of it stays small.
        contents.head[pipe] = 0
    return gone, lost


@inlined
def _enter(
    side: Side,
    pipe: int,
    moved: float,
    moved_d: FloatArray,
    forward: bool,
    decay: float,
    ground: float,
    gone: float,
    gone_d: FloatArray,
    used: int,
) -> float:
    """Let the pieces mixed at a pipe's inlet enter it; what does not fit passes straight through.

    Returns the heat lost to the ground, J.
    """
    mixed = side.leaving
    here = len(mixed.filled) - 1
    passing = max(moved - gone, 0.0)  # above zero only if the whole former content has left
    if passing <= 1e-13 * moved:
        passing = 0.0
    lost = 0.0
    begin = 0.0
    begin_d = side.begin_d
    begin_d[:used] = 0.0
    for i in range(mixed.filled[here]):
        share = mixed.size[i, here]
        first = min(share, max(passing / moved - begin, 0.0)) if passing > 0.0 else 0.0
        if first > 0.0:
            lost += _pass_through(
                side,
                pipe,
                i,
                first,
                begin_d,
                first < share,
                moved,
                moved_d,
                decay,
                ground,
                gone,
                gone_d,
                used,
            )
        if first < share:
            lost += _settle(
                side,
                pipe,
                i,
                first,
                begin,
                begin_d,
                moved,
                moved_d,
                forward,
                decay,
                ground,
                gone,
                gone_d,
                used,
            )
        begin += share
        for d in range(used):
            begin_d[d] += mixed.size_d[i, here, d]
    return lost


@inlined
def _pass_through(
    side: Side,
    pipe: int,
    i: int,
    first: float,
    begin_d: FloatArray,
    cut: bool,
    moved: float,
    moved_d: FloatArray,
    decay: float,
    ground: float,
    gone: float,
    gone_d: FloatArray,
    used: int,
) -> float:
    """Hand the first part of a mixed piece on to the outlet, after the pipe's transit time."""
    mixed = side.leaving
    here = len(mixed.filled) - 1
    transit = gone / moved
    fade = math.exp(-decay * transit)
    above = mixed.enthalpy[i, here] - ground
    piece = append(side.leaving, pipe, first, ground + above * fade, used)
    for d in range(used):
        transit_d = (gone_d[d] - transit * moved_d[d]) / moved
        # A cut piece ends where the step ends for it: at 1 - transit of the inlet's time.
        first_d = -transit_d - begin_d[d] if cut else mixed.size_d[i, here, d]
        side.leaving.size_d[piece, pipe, d] = first_d
        side.leaving.enthalpy_d[piece, pipe, d] = fade * (
            mixed.enthalpy_d[i, here, d] - decay * transit_d * above
        )
    merge_last(side.leaving, pipe, used)
    return float(first * moved * above * (1.0 - fade))


@inlined
def _settle(
    side: Side,
    pipe: int,
    i: int,
    first: float,
    begin: float,
    begin_d: FloatArray,
    moved: float,
    moved_d: FloatArray,
    forward: bool,
    decay: float,
    ground: float,
    gone: float,
    gone_d: FloatArray,
    used: int,
) -> float:
    """Put what is left of a mixed piece into the pipe, cooled for the rest of the step."""
    mixed = side.leaving
    here = len(mixed.filled) - 1
    contents = side.contents
    share = mixed.size[i, here] - first
    stay = 1.0 - begin - first - 0.5 * share
    fade = math.exp(-decay * stay)
    above = mixed.enthalpy[i, here] - ground
    mass = share * moved
    if forward:
        slot = prepend(contents, pipe, mass, ground + above * fade, used)
    else:
        slot = append(contents, pipe, mass, ground + above * fade, used)
    for d in range(used):
        share_d = mixed.size_d[i, here, d]
        stay_d = -begin_d[d] - 0.5 * share_d
        if first > 0.0:
            transit_d = (gone_d[d] - gone / moved * moved_d[d]) / moved
            share_d += transit_d + begin_d[d]
            stay_d = 0.5 * transit_d - 0.5 * (begin_d[d] + mixed.size_d[i, here, d])
        contents.size_d[slot, pipe, d] = share_d * moved + share * moved_d[d]
        contents.enthalpy_d[slot, pipe, d] = fade * (
            mixed.enthalpy_d[i, here, d] - decay * stay_d * above
        )
    if forward:
        merge_first(contents, pipe, used)
    else:
        merge_last(contents, pipe, used)
    return float(mass * above * (1.0 - fade))


@inlined
def _flow_order(
    layout: Layout, side: Side, content_kg: FloatArray, flow: FloatArray, step_s: float
) -> int:
    """Order the nodes so that each comes after all that feed it.

    A ring of flow (a booster can drive one) has no such order. It is opened at the pipe that holds
    most for its flow: `early` marks it, and what leaves it is known before what enters, provided
    that the step is cut into so many parts that none moves more than it holds.

    Returns the number of parts.
    """
    graph = layout.graph
    order = side.order
    waiting = side.waiting
    nodes = len(order)
    waiting[:] = 0
    side.early[:] = False
    for pipe in range(len(flow)):
        if abs(flow[pipe]) > STILL_KG_S:
            waiting[graph.second[pipe] if flow[pipe] > 0.0 else graph.first[pipe]] += 1
    found = 0
    for node in range(nodes):
        if waiting[node] == 0:
            order[found] = node
            found += 1
    done = 0
    parts = 1
    while found < nodes or done < found:
        if done == found:
            pipe = _ring_breaker(layout, side, content_kg, flow)
            side.early[pipe] = True
            share = abs(flow[pipe]) * step_s / content_kg[pipe]
            parts = max(parts, math.ceil(share))
            end = graph.second[pipe] if flow[pipe] > 0.0 else graph.first[pipe]
            waiting[end] -= 1
            if waiting[end] == 0:
                order[found] = end
                found += 1
            continue
        node = order[done]
        done += 1
        for entry in range(graph.adjacent_start[node], graph.adjacent_start[node + 1]):
            pipe = graph.adjacent_pipe[entry]
            away = flow[pipe] if graph.first[pipe] == node else -flow[pipe]
            if away <= STILL_KG_S or side.early[pipe]:
                continue
            end = graph.second[pipe] if flow[pipe] > 0.0 else graph.first[pipe]
            waiting[end] -= 1
            if waiting[end] == 0:
                order[found] = end
                found += 1
    return parts


@inner
def _ring_breaker(layout: Layout, side: Side, content_kg: FloatArray, flow: FloatArray) -> int:
    """Of the pipes between nodes that still wait, the one that holds most for its flow."""
    graph = layout.graph
    best = 0
    longest = -1.0
    for pipe in range(len(flow)):
        if abs(flow[pipe]) <= STILL_KG_S or side.early[pipe]:
            continue
        if side.waiting[graph.first[pipe]] == 0 or side.waiting[graph.second[pipe]] == 0:
            continue
        held_s = content_kg[pipe] / abs(flow[pipe])
        if held_s > longest:
            longest = held_s
            best = pipe
    return best


@inlined
def _mix(
    layout: Layout,
    side: Side,
    source: Source,
    node: int,
    flow: FloatArray,
    flow_d: FloatArray,
    used: int,
) -> float:
    """Mix what arrives at a node into the last row of `leaving`; returns the flow, kg/s."""
    graph = layout.graph
    mixed = side.leaving
    here = len(mixed.filled) - 1
    mixed.head[here] = 0
    mixed.filled[here] = 0
    arriving = side.arriving
    position = side.position
    streams = 0
    total = source.flow[node]
    for entry in range(graph.adjacent_start[node], graph.adjacent_start[node + 1]):
        pipe = graph.adjacent_pipe[entry]
        toward = flow[pipe] if graph.second[pipe] == node else -flow[pipe]
        if toward > STILL_KG_S and side.leaving.filled[pipe] > 0:
            arriving[streams] = pipe
            position[streams] = 0
            side.rest[streams] = side.leaving.size[0, pipe]
            copy_into(side.rest_d[streams, :used], side.leaving.size_d[0, pipe, :used])
            streams += 1
            total += toward
    if total <= STILL_KG_S:
        return 0.0
    for _piece in range(PIECES * (streams + 1)):
        shortest = streams
        width = 1.0 if streams == 0 else math.inf
        for j in range(streams):
            if side.rest[j] < width:
                width = side.rest[j]
                shortest = j
        power = source.power[node]
        for j in range(streams):
            pipe = arriving[j]
            power += abs(flow[pipe]) * side.leaving.enthalpy[position[j], pipe]
        slot = append(mixed, here, width, power / total, used)
        _mix_d(
            side, source, node, slot, streams, shortest, power / total, total, flow, flow_d, used
        )
        merge_last(mixed, here, used)
        if not _advance(side, arriving, position, streams, width, shortest, used):
            break
    return float(total)


@inlined
def _mix_d(
    side: Side,
    source: Source,
    node: int,
    slot: int,
    streams: int,
    shortest: int,
    enthalpy: float,
    total: float,
    flow: FloatArray,
    flow_d: FloatArray,
    used: int,
) -> None:
    """Derivatives of one mixed piece, stream by stream: so every loop runs along the directions."""
    mixed = side.leaving
    here = len(mixed.filled) - 1
    for d in range(used):
        mixed.enthalpy_d[slot, here, d] = (
            source.power_d[node, d] - enthalpy * source.flow_d[node, d]
        )
    for j in range(streams):
        pipe = side.arriving[j]
        position = side.position[j]
        size = abs(flow[pipe])
        sign = 1.0 if flow[pipe] > 0.0 else -1.0
        excess = side.leaving.enthalpy[position, pipe] - enthalpy
        for d in range(used):
            mixed.enthalpy_d[slot, here, d] += sign * flow_d[pipe, d] * excess
        for d in range(used):
            mixed.enthalpy_d[slot, here, d] += size * side.leaving.enthalpy_d[position, pipe, d]
    for d in range(used):
        mixed.enthalpy_d[slot, here, d] /= total
    if shortest < streams:
        copy_into(mixed.size_d[slot, here, :used], side.rest_d[shortest, :used])
    else:
        mixed.size_d[slot, here, :used] = 0.0


@inlined
def _advance(
    side: Side,
    arriving: IntArray,
    position: IntArray,
    streams: int,
    width: float,
    shortest: int,
    used: int,
) -> bool:
    """Move every stream on by `width`; returns False when one of them has ended."""
    if streams == 0:
        return False
    copy_into(side.gone_d[:used], side.rest_d[shortest, :used])
    for j in range(streams):
        side.rest[j] -= width
        for d in range(used):
            side.rest_d[j, d] -= side.gone_d[d]
        if j == shortest or side.rest[j] <= 1e-13:
            pipe = arriving[j]
            position[j] += 1
            if position[j] == side.leaving.filled[pipe]:
                return False
            side.rest[j] += side.leaving.size[position[j], pipe]
            for d in range(used):
                side.rest_d[j, d] += side.leaving.size_d[position[j], pipe, d]
    return True


@inlined
def _note_node(side: Side, node: int, used: int) -> None:
    """Keep the mean enthalpy of what passes a node, and where it is heading.

    A plug is as warm throughout as its mean, which makes the very last piece of a step a poor
    witness; the means of two steps, drawn on to the end, tell the same without that ripple.
    """
    pieces = side.leaving
    here = len(pieces.filled) - 1
    whole = 0.0
    mean = 0.0
    for i in range(pieces.filled[here]):
        whole += pieces.size[i, here]
        mean += pieces.size[i, here] * pieces.enthalpy[i, here]
    mean /= whole
    side.end[node] = mean + 0.5 * (mean - side.mean[node])
    side.mean[node] = mean
    side.end_d[node, :used] = 0.0
    for i in range(pieces.filled[here]):
        size = pieces.size[i, here]
        excess = pieces.enthalpy[i, here] - mean
        for d in range(used):
            side.end_d[node, d] += pieces.size_d[i, here, d] * excess
            side.end_d[node, d] += size * pieces.enthalpy_d[i, here, d]
    for d in range(used):
        mean_d = side.end_d[node, d] / whole
        side.end_d[node, d] = mean_d + 0.5 * (mean_d - side.mean_d[node, d])
        side.mean_d[node, d] = mean_d


@inlined
def _note_still_node(layout: Layout, side: Side, node: int, used: int) -> None:
    """Where nothing arrives, a node is as warm as the water that lies next to it."""
    graph = layout.graph
    contents = side.contents
    if graph.adjacent_start[node] == graph.adjacent_start[node + 1]:
        return
    pipe = graph.adjacent_pipe[graph.adjacent_start[node]]
    ring = contents.size.shape[0] - 1
    last = contents.filled[pipe] - 1 if graph.second[pipe] == node else 0
    slot = (contents.head[pipe] + last) & ring
    side.mean[node] = contents.enthalpy[slot, pipe]
    side.end[node] = contents.enthalpy[slot, pipe]
    for d in range(used):
        side.mean_d[node, d] = contents.enthalpy_d[slot, pipe, d]
        side.end_d[node, d] = contents.enthalpy_d[slot, pipe, d]


@inner
def move_water(
    layout: Layout,
    side: Side,
    content_kg: FloatArray,
    source: Source,
    flow: FloatArray,
    flow_d: FloatArray,
    step_s: float,
    used: int,
) -> float:
    """Move the water of one side through one step.

    Args:
        layout: The network.
        side: The side, moved in place.
        content_kg: Mass in each pipe, wall included, kg, shape (pipes,).
        source: Water entering at the nodes.
        flow: Flow of each pipe as drawn, kg/s, shape (pipes,).
        flow_d: Its derivatives, shape (pipes, directions).
        step_s: Step length, s.
        used: Number of directions carried along.

    Returns:
        Heat lost to the ground, J.
    """
    side.lost[:] = 0.0
    parts = _flow_order(layout, side, content_kg, flow, step_s)
    side.whole[:] = 0.0
    if parts > 1:
        side.whole_d[:, :used] = 0.0
    for _ in range(parts):
        _move_part(layout, side, content_kg, source, flow, flow_d, step_s / parts, used)
        if parts == 1:
            break
        for node in range(len(side.mean)):
            side.whole[node] += side.mean[node] / parts
            add_scaled(side.whole_d[node, :used], 1.0 / parts, side.mean_d[node])
    if parts > 1:
        for node in range(len(side.mean)):
            side.mean[node] = side.whole[node]
            copy_into(side.mean_d[node, :used], side.whole_d[node])
    return total(side.lost)


@inner
def _move_part(
    layout: Layout,
    side: Side,
    content_kg: FloatArray,
    source: Source,
    flow: FloatArray,
    flow_d: FloatArray,
    step_s: float,
    used: int,
) -> None:
    """Move the water of one side through one step, or a part of it, in the order found."""
    graph = layout.graph
    pipes = len(flow)
    for pipe in range(pipes):
        side.leaving.filled[pipe] = 0
        if abs(flow[pipe]) <= STILL_KG_S:
            decay = _decay(layout, content_kg, pipe, step_s)
            side.lost[pipe] += cool(side.contents, pipe, decay, side.ground[pipe], used)
        elif side.early[pipe]:
            _leave_early(layout, side, content_kg, pipe, flow, flow_d, step_s, used)
    for place in range(len(side.order)):
        node = int(side.order[place])
        if _mix(layout, side, source, node, flow, flow_d, used) > 0.0:
            _note_node(side, node, used)
        else:
            _note_still_node(layout, side, node, used)
            slot = append(side.leaving, pipes, 1.0, side.mean[node], used)
            side.leaving.size_d[slot, pipes, :used] = 0.0
            copy_into(side.leaving.enthalpy_d[slot, pipes, :used], side.mean_d[node, :used])
        for entry in range(graph.adjacent_start[node], graph.adjacent_start[node + 1]):
            pipe = graph.adjacent_pipe[entry]
            away = flow[pipe] if graph.first[pipe] == node else -flow[pipe]
            if away <= STILL_KG_S:
                continue
            forward = flow[pipe] > 0.0
            for d in range(used):
                side.moved_d[d] = (flow_d[pipe, d] if forward else -flow_d[pipe, d]) * step_s
            side.lost[pipe] += _flow_through(
                side,
                pipe,
                away * step_s,
                forward,
                layout.pipes.stirred_kg[pipe],
                _decay(layout, content_kg, pipe, step_s),
                side.ground[pipe],
                used,
            )


@inner
def _leave_early(
    layout: Layout,
    side: Side,
    content_kg: FloatArray,
    pipe: int,
    flow: FloatArray,
    flow_d: FloatArray,
    step_s: float,
    used: int,
) -> None:
    """Let a pipe that opens a ring give what the step moves."""
    forward = flow[pipe] > 0.0
    for d in range(used):
        side.moved_d[d] = (flow_d[pipe, d] if forward else -flow_d[pipe, d]) * step_s
    decay = _decay(layout, content_kg, pipe, step_s)
    moved = abs(flow[pipe]) * step_s
    ground = side.ground[pipe]
    _, lost = _leave(side, pipe, moved, side.moved_d, forward, decay, ground, side.gone_d, used)
    side.lost[pipe] += lost + cool(side.contents, pipe, decay, ground, used)


@inlined
def _flow_through(
    side: Side,
    pipe: int,
    moved: float,
    forward: bool,
    stirred_kg: float,
    decay: float,
    ground: float,
    used: int,
) -> float:
    """Move `moved` through a pipe: pieces leave, the mixture at its inlet enters.

    Returns the heat lost to the ground, J.
    """
    contents = side.contents
    lost = 0.0
    moved_d = side.moved_d
    early = side.early[pipe]
    tanks = TANKS if is_worth_stirring(stirred_kg, moved) and not early else 0
    for i in range(tanks):
        tank = tanks - 1 - i
        side.tank[tank], heat = draw_tank(
            contents, pipe, stirred_kg, forward, decay, ground, side.tank_d[tank], side.gone_d, used
        )
        lost += heat
    gone = moved
    if early:
        copy_into(side.gone_d[:used], moved_d)
    else:
        gone, heat = _leave(side, pipe, moved, moved_d, forward, decay, ground, side.gone_d, used)
        lost += heat + cool(contents, pipe, decay, ground, used)
    lost += _enter(side, pipe, moved, moved_d, forward, decay, ground, gone, side.gone_d, used)
    for tank in range(tanks):
        stir(
            contents,
            side.leaving,
            pipe,
            moved,
            moved_d,
            stirred_kg,
            side.tank[tank],
            side.tank_d[tank],
            forward,
            used,
        )
    return lost


@inlined
def _decay(layout: Layout, content_kg: FloatArray, pipe: int, step_s: float) -> float:
    """Share of its excess over the ground that water in a pipe loses in a step, as an exponent."""
    return float(layout.pipes.loss_w_k[pipe] * step_s / (content_kg[pipe] * REFERENCE_CP_J_KG_K))
