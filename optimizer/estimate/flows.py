"""Flow of every pipe of a tree from the flows that the stations' meters saw."""

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network


class NotATreeError(ValueError):
    """The network has loops or several plants: the meters alone do not tell the flows."""


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
    at: dict[str, list[int]] = {}
    serving = [i for i, pipe in enumerate(network.pipes) if pipe.in_service]
    for i in serving:
        for node in (network.pipes[i].from_node, network.pipes[i].to_node):
            at.setdefault(node, []).append(i)
    order, sign, seen = [], [], {network.plants[0].node_id}
    queue = [network.plants[0].node_id]
    done: set[int] = set()
    for node in queue:
        for i in at.get(node, []):
            if i in done:
                continue
            done.add(i)
            pipe = network.pipes[i]
            other = pipe.to_node if pipe.from_node == node else pipe.from_node
            if other in seen:
                raise NotATreeError(f"pipe {pipe.pipe_id} closes a loop")
            seen.add(other)
            queue.append(other)
            order.append(i)
            sign.append(1 if pipe.from_node == node else -1)
    return np.array(order, dtype=np.int64), np.array(sign, dtype=np.int64)


def tree_flows(network: Network, station_kg_s: FloatArray) -> FloatArray:
    """Flow of each supply pipe, away from the plant.

    Args:
        network: The network, a tree.
        station_kg_s: Flow of each station, kg/s, shape (steps, stations).

    Returns:
        kg/s, shape (steps, pipes), zero for pipes out of service.

    Raises:
        NotATreeError: The network is no tree.
    """
    order, sign = rooted(network)
    drawn = np.zeros((len(station_kg_s), len(network.nodes)))
    for k, station in enumerate(network.stations):
        drawn[:, network.node_index[station.node_id]] += station_kg_s[:, k]
    flows = np.zeros((len(station_kg_s), len(network.pipes)))
    for i, s in zip(order[::-1], sign[::-1], strict=True):
        near, far = ends_of(network, int(i), int(s))
        flows[:, i] = drawn[:, far]
        drawn[:, near] += drawn[:, far]
    return flows


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
