"""Flow of every pipe from the flows that the meters of stations and plants saw.

In a tree the meters alone tell it. Around a loop the water divides so that the friction of both
ways is the same: those flows are solved for, with the model's own friction, for many instants at
once.

Source: Todini and Pilati (1988), A gradient algorithm for the analysis of pipe networks, in
Computer Applications in Water Supply 1, 1-20 (the same equations, here by loops).
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.network import Network
from optimizer.physics.friction import pressure_drop
from optimizer.physics.water import density_kg_m3, viscosity_pa_s

# Friction depends little on the temperature of the water.
TYPICAL_C = 65.0
# Loops are solved when no flow moves by more, kg/s; below it a pipe's friction counts as at it.
SOLVED_KG_S, NEARLY_STILL_KG_S = 1e-4, 1e-3
ROUNDS, REFITS, AT_ONCE = 60, 3, 256


class NotATreeError(ValueError):
    """The network has loops or several plants, so that no pipe alone feeds what lies behind it."""


class UnknownFlowsError(ValueError):
    """The meters do not tell the flows of the pipes."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """A network as trees from its plants outwards, and what closes loops.

    Attributes:
        order: Pipes of the trees in the order in which water reaches them.
        sign: 1 where such a pipe is drawn away from its root, -1 else.
        chord: Pipes in service that close loops.
        root: Plants from which the trees grow; others feed into one of them.
        loop: What each loop runs through: 1 along the drawn direction of a pipe, -1 against it,
            shape (chords, pipes).
    """

    order: IntArray
    sign: IntArray
    chord: IntArray
    root: IntArray
    loop: FloatArray


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What meters saw, NaN where they were silent.

    Attributes:
        station_kg_s: Shape (steps, stations).
        plant_kg_s: Shape (steps, plants); matters where several plants feed one network.
    """

    station_kg_s: FloatArray
    plant_kg_s: FloatArray


def spanned(network: Network) -> Span:
    """Order a network from its plants outwards.

    Args:
        network: The network.

    Returns:
        The order of its pipes in service.
    """
    at: dict[str, list[int]] = {}
    for i, pipe in enumerate(network.pipes):
        if pipe.in_service:
            at.setdefault(pipe.from_node, []).append(i)
            at.setdefault(pipe.to_node, []).append(i)
    order, sign, chord, root = [], [], [], []
    way: dict[str, FloatArray] = {}
    done: set[int] = set()
    for p, plant in enumerate(network.plants):
        if plant.node_id in way:
            continue
        root.append(p)
        way[plant.node_id] = np.zeros(len(network.pipes))
        queue = [plant.node_id]
        for node in queue:
            for i in at.get(node, []):
                if i in done:
                    continue
                done.add(i)
                pipe = network.pipes[i]
                other = pipe.to_node if pipe.from_node == node else pipe.from_node
                if other in way:
                    chord.append(i)
                    continue
                order.append(i)
                sign.append(1 if pipe.from_node == node else -1)
                way[other] = way[node].copy()
                way[other][i] = sign[-1]
                queue.append(other)
    return Span(
        order=np.array(order, dtype=np.int64),
        sign=np.array(sign, dtype=np.int64),
        chord=np.array(chord, dtype=np.int64),
        root=np.array(root, dtype=np.int64),
        loop=_loops(network, chord, way),
    )


def _loops(network: Network, chord: list[int], way: dict[str, FloatArray]) -> FloatArray:
    """Through each chord, back along the trees."""
    loop = np.zeros((len(chord), len(network.pipes)))
    for row, i in enumerate(chord):
        pipe = network.pipes[i]
        loop[row] = way[pipe.from_node] - way[pipe.to_node]
        loop[row, i] = 1.0
    return loop


def rooted(network: Network) -> tuple[IntArray, IntArray]:
    """Order a tree from its plant outwards.

    Args:
        network: The network.

    Returns:
        Pipes in service in the order in which water reaches them, and the sign by which their
        drawn direction leads away from the plant, both of shape (pipes in service,).

    Raises:
        NotATreeError: The pipes in service form loops, or there are several plants.
    """
    if len(network.plants) != 1:
        raise NotATreeError("there are several plants")
    span = spanned(network)
    if len(span.chord):
        raise NotATreeError(f"pipe {network.pipes[int(span.chord[0])].pipe_id} closes a loop")
    return span.order, span.sign


def pipe_flows(network: Network, drawn: Draws, factor: FloatArray | None = None) -> FloatArray:
    """Flow of each supply pipe.

    Args:
        network: The network, without booster pumps where it has loops.
        drawn: What the meters saw.
        factor: Factor on each pipe's roughness, shape (pipes,); one when None.

    Returns:
        kg/s along the drawn direction, shape (steps, pipes), zero for pipes out of service; NaN
        in all steps in which a meter that counts was silent.

    Raises:
        UnknownFlowsError: A booster pump stands in a network with loops.
    """
    span = spanned(network)
    if len(span.chord) and any(pump.pipe_id is not None for pump in network.pumps):
        raise UnknownFlowsError("a booster pump stands in a network with loops")
    flows = _along_trees(network, span, drawn)
    if not len(span.chord):
        return flows
    known = np.isfinite(flows).all(axis=1)
    ones = np.ones(len(network.pipes))
    found = np.full(flows.shape, np.nan)
    found[known] = _around_loops(network, span, flows[known], ones if factor is None else factor)
    return found


def _along_trees(network: Network, span: Span, drawn: Draws) -> FloatArray:
    """Flows with nothing through the chords."""
    node = network.node_index
    taken = np.zeros((len(drawn.station_kg_s), len(network.nodes)))
    for k, station in enumerate(network.stations):
        taken[:, node[station.node_id]] += drawn.station_kg_s[:, k]
    for p in np.setdiff1d(np.arange(len(network.plants)), span.root):
        taken[:, node[network.plants[int(p)].node_id]] -= drawn.plant_kg_s[:, p]
    flows = np.zeros((len(taken), len(network.pipes)))
    for i, s in zip(span.order[::-1], span.sign[::-1], strict=True):
        near, far = ends_of(network, int(i), int(s))
        flows[:, i] = taken[:, far] * s
        taken[:, near] += taken[:, far]
    return flows


def _around_loops(
    network: Network, span: Span, flows: FloatArray, factor: FloatArray
) -> FloatArray:
    """Let the water divide."""
    carried = np.zeros((len(flows), len(span.chord)))
    ring = np.flatnonzero(span.loop.any(axis=0))
    loop, in_ring = span.loop[:, ring], flows[:, ring]
    for _ in range(REFITS):
        resistance = _resistance(network, flows + carried @ span.loop, factor)[ring]
        for first in range(0, len(flows), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            carried[part] = _carried(loop, resistance, in_ring[part], carried[part])
    return np.asarray(flows + carried @ span.loop)


def _carried(
    loop: FloatArray, resistance: FloatArray, flow: FloatArray, carried: FloatArray
) -> FloatArray:
    """What each loop carries, kg/s, by Newton's method from a guess."""
    found = np.array(carried)
    # Pipes of the same loops count together.
    kinds, of = np.unique(loop * np.sign(loop.sum(axis=0) + 0.5), axis=1, return_inverse=True)
    squares = np.einsum("lk,mk->klm", kinds, kinds).reshape(kinds.shape[1], -1)
    together = np.zeros((len(of), kinds.shape[1]))
    together[np.arange(len(of)), of.ravel()] = 1.0
    moving = np.arange(len(flow))
    for _ in range(ROUNDS):
        now = flow[moving] + found[moving] @ loop
        missed = (resistance * now * np.abs(now)) @ loop.T
        slope = 2.0 * resistance * np.maximum(np.abs(now), NEARLY_STILL_KG_S) @ together @ squares
        step = -np.linalg.solve(slope.reshape(len(now), *missed.shape[1:] * 2), missed[:, :, None])
        shorter = _shortened(loop, resistance, now, step[:, :, 0])
        found[moving] += shorter
        moving = moving[np.abs(shorter).max(axis=1) > SOLVED_KG_S]
        if not len(moving):
            break
    return found


def _shortened(
    loop: FloatArray, resistance: FloatArray, now: FloatArray, step: FloatArray
) -> FloatArray:
    """Halve steps until less energy is lost: it is convex in what the loops carry."""

    def lost(flow: FloatArray) -> FloatArray:
        return np.asarray((resistance * np.abs(flow) ** 3).sum(axis=1))

    found, before = np.array(step), lost(now)
    for _ in range(10):
        worse: BoolArray = lost(now + found @ loop) > before * (1.0 + 1e-9)
        if not worse.any():
            break
        found[worse] *= 0.5
    return found


def _resistance(network: Network, flows: FloatArray, factor: FloatArray) -> FloatArray:
    """Friction of each pipe over the square of its flow, Pa s2/kg2, at its usual flow."""
    usual = np.maximum(np.abs(flows).mean(axis=0), 10.0 * NEARLY_STILL_KG_S)
    lost = [friction_pa(network, i, float(flow), float(factor[i])) for i, flow in enumerate(usual)]
    return np.asarray(np.array(lost) / usual**2)


def friction_pa(network: Network, pipe: int, flow_kg_s: float, factor: float) -> float:
    """Friction of a supply pipe.

    Args:
        network: The network.
        pipe: Position of the pipe.
        flow_kg_s: Its flow.
        factor: Factor on its roughness.

    Returns:
        Pa, of the sign of the flow.
    """
    one = network.pipes[pipe]
    density, viscosity = float(density_kg_m3(TYPICAL_C)), float(viscosity_pa_s(TYPICAL_C))
    law = one.length_m, one.inner_diameter_m, one.roughness_m * factor
    return float(pressure_drop(flow_kg_s, *law, density, viscosity, 0.0)[0])


def ends_of(network: Network, pipe: int, sign: int) -> tuple[int, int]:
    """Nodes of a pipe, the one nearer to the plant first.

    Args:
        network: The network.
        pipe: Position of the pipe.
        sign: 1 where it is drawn away from the plant, -1 else.

    Returns:
        Positions of the two nodes.
    """
    first = network.node_index[network.pipes[pipe].from_node]
    second = network.node_index[network.pipes[pipe].to_node]
    return (first, second) if sign > 0 else (second, first)
