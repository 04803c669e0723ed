"""Temperature with which water reaches the stations, from the plants' and the meters' flows.

Each pipe hands water on as a plug: what leaves it at an instant entered when the flow's integral
stood one filling lower, and has cooled towards the ground for as long. Where ways meet, the water
mixes by flow. A pipe in a loop is taken to flow the way it usually does; while it flows the other
way it brings nothing.

Source: Benonysson, Bøhm, Ravn (1995), Operational optimization in a district heating system, Energy
Conversion and Management 36, 297-314, doi:10.1016/0196-8904(95)98895-T (node method).
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.flows import Draws, ends_of, friction_pa, pipe_flows, spanned
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

TYPICAL_C = 80.0
LEAST_FLOW_KG_S = 0.02
# Water of unknown temperature may make up this share of a mixture that counts as known.
MOST_UNKNOWN = 0.02
_STEEL_J_M3_K = 7850.0 * 480.0


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways that water takes.

    Attributes:
        flow_kg_s: Flow of each pipe the way it usually goes, shape (steps, pipes).
        node: Nodes in the order in which water reaches them.
        into: Of each of these the pipes that bring it water, and the nodes that they come from.
        fed_kg_s: What leaves each node beyond what its pipes bring, shape (steps, nodes).
    """

    flow_kg_s: FloatArray
    node: IntArray
    into: tuple[tuple[tuple[int, int], ...], ...]
    fed_kg_s: FloatArray


def ways_of(network: Network, record: Record) -> Ways:
    """Find the ways that water takes.

    Args:
        network: The network.
        record: Flows of stations and plants; gaps are bridged by the value before.

    Returns:
        The ways.

    Raises:
        UnknownFlowsError: The meters do not tell the flows.
    """
    drawn = Draws(
        station_kg_s=_known(record.stations["mass_flow_kg_s"]),
        plant_kg_s=_known(record.plants["mass_flow_kg_s"]),
    )
    flows = np.array(pipe_flows(network, drawn))
    node = _downstream(network, drawn)
    rank = np.full(len(network.nodes), len(node))
    rank[node] = np.arange(len(node))
    into: list[list[tuple[int, int]]] = [[] for _ in node]
    fed = np.zeros((record.steps, len(network.nodes)))
    for k, station in enumerate(network.stations):
        fed[:, network.node_index[station.node_id]] += drawn.station_kg_s[:, k]
    for i, pipe in enumerate(network.pipes):
        near, far = ends_of(network, i, 1)
        if not pipe.in_service or rank[near] == len(node):
            continue
        if rank[near] > rank[far]:
            near, far = far, near
            flows[:, i] *= -1.0
        into[rank[far]].append((i, near))
        fed[:, near] += flows[:, i]
        fed[:, far] -= flows[:, i]
    return Ways(flow_kg_s=flows, node=node, into=tuple(map(tuple, into)), fed_kg_s=fed)


def _downstream(network: Network, drawn: Draws) -> IntArray:
    """Nodes in the order of their pressure at the mean flows: no water runs uphill."""
    mean = Draws(
        station_kg_s=drawn.station_kg_s.mean(axis=0, keepdims=True),
        plant_kg_s=drawn.plant_kg_s.mean(axis=0, keepdims=True),
    )
    flows, span = pipe_flows(network, mean)[0], spanned(network)
    roots = [network.node_index[network.plants[int(p)].node_id] for p in span.root]
    above = dict.fromkeys(roots, 0.0)
    for i, s in zip(span.order, span.sign, strict=True):
        near, far = ends_of(network, int(i), int(s))
        above[far] = above[near] - s * friction_pa(network, int(i), float(flows[i]), 1.0)
    # The sort is stable: nodes without flow between them keep the order of the tree.
    return np.array(sorted(above, key=lambda one: -above[one]), dtype=np.int64)


def arrivals(network: Network, record: Record, ways: Ways, factor: FloatArray) -> FloatArray:
    """Supply temperature at each station as the pipes' losses leave it.

    Args:
        network: The network.
        record: Outlet temperatures of the plants.
        ways: The ways that water takes.
        factor: Factor on each pipe's loss, shape (pipes,).

    Returns:
        degC, shape (steps, stations); NaN until the plants' water has arrived, and where water came
        another way than usual.
    """
    at_s = np.asarray((np.arange(record.steps) + 0.5) * record.step_s, dtype=np.float64)
    outlet = _known(record.plants["supply_temp_c"])
    plants: dict[int, list[int]] = {}
    for p, plant in enumerate(network.plants):
        plants.setdefault(network.node_index[plant.node_id], []).append(p)
    temp: FloatArray = np.full((record.steps, len(network.nodes)), np.nan)
    for node, into in zip(ways.node, ways.into, strict=True):
        brought = [
            (
                _weight(ways.flow_kg_s[:, i]),
                _through(network, i, ways.flow_kg_s[:, i], temp[:, near], at_s, factor[i]),
            )
            for i, near in into
        ]
        fed = _weight(ways.fed_kg_s[:, node])
        brought += [(fed, outlet[:, p]) for p in plants.get(int(node), [])]
        temp[:, node] = _mixed(brought)
    return temp[:, [network.node_index[s.node_id] for s in network.stations]]


def _weight(flow: FloatArray) -> FloatArray:
    """Share in a mixture: none of what flows back, a little of what stands still."""
    return np.where(flow > -LEAST_FLOW_KG_S, np.maximum(flow, LEAST_FLOW_KG_S), 0.0)


def _mixed(brought: list[tuple[FloatArray, FloatArray]]) -> FloatArray:
    weight = np.stack([one for one, _ in brought])
    temp = np.stack([one for _, one in brought])
    told = np.isfinite(temp)
    known = np.where(told, weight, 0.0).sum(axis=0)
    total = weight.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(told, weight * temp, 0.0).sum(axis=0) / known
        return np.where(known > (1.0 - MOST_UNKNOWN) * total, mean, np.nan)


def _known(values: FloatArray) -> FloatArray:
    """Bridge gaps by the value before; zero before the first."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], -1), axis=0)
    held = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.asarray(np.where(last >= 0, held, 0.0))


def _through(
    network: Network,
    i: int,
    flow: FloatArray,
    inlet_c: FloatArray,
    at_s: FloatArray,
    factor: float,
) -> FloatArray:
    """Temperature at a pipe's far end."""
    pipe, ground_c = network.pipes[i], network.ground_temp_c
    area = 0.25 * np.pi * pipe.inner_diameter_m**2
    wall = np.pi * (pipe.inner_diameter_m + pipe.wall_thickness_m) * pipe.wall_thickness_m
    heat_j_m_k = area * float(density_kg_m3(TYPICAL_C)) * REFERENCE_CP_J_KG_K + wall * _STEEL_J_M3_K
    # With its wall a pipe holds as much heat as this much more water, and is as much slower.
    held_kg = heat_j_m_k / REFERENCE_CP_J_KG_K * pipe.length_m
    step_s = at_s[1] - at_s[0]
    passed = np.concatenate([[0.0], np.cumsum(np.maximum(flow, LEAST_FLOW_KG_S) * step_s)])
    edges = np.concatenate([[0.0], at_s + 0.5 * step_s])
    now = np.interp(at_s, edges, passed)
    entered_s = np.interp(now - held_kg, passed, edges, left=np.nan)
    entered_c = np.interp(entered_s, at_s, inlet_c)
    stayed_s = at_s - entered_s
    decay = np.exp(-factor * pipe.heat_loss_w_m_k / heat_j_m_k * stayed_s)
    return np.asarray(ground_c + (entered_c - ground_c) * decay)
