"""Networks that branch out from one plant: what lies below each pipe, and the way to each."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.physics.layout import Layout

NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Pipes in the order of the water's way from the plant.

    Attributes:
        order: Pipes in service that the plant reaches, each after the one that feeds it.
        feeder: Pipe that feeds each pipe, NOWHERE for those at the plant, shape (pipes,).
        node_feeder: Pipe that feeds each node, NOWHERE at the plant and where no water comes,
            shape (nodes,).
        below: Whether a station's water comes through a pipe, shape (pipes, stations).
    """

    order: IntArray
    feeder: IntArray
    node_feeder: IntArray
    below: BoolArray

    def sums(self, of_stations: FloatArray) -> FloatArray:
        """Sum of what stands below each pipe.

        Args:
            of_stations: Values, shape (stations,).

        Returns:
            Sums, shape (pipes,).
        """
        found: FloatArray = self.below @ of_stations
        return found

    def leaks(self, layout: Layout) -> FloatArray:
        """Leakage of one side in and beyond each pipe, at the reference pressure.

        Args:
            layout: The network.

        Returns:
            Leakage, m3/s, shape (pipes,).
        """
        beyond = layout.pipes.leak_m3_s.copy()
        for pipe in self.order[::-1]:
            if self.feeder[pipe] != NOWHERE:
                beyond[self.feeder[pipe]] += beyond[pipe]
        return beyond


def find_tree(layout: Layout) -> Tree | None:
    """Find the tree of a network, if it is one.

    Args:
        layout: The network.

    Returns:
        The tree; None where there are several plants, booster pumps or rings.
    """
    pipes, nodes = len(layout.pipes.length_m), len(layout.graph.elevation_m) // 2
    if len(layout.plants.node) != 1 or (layout.pumps.plant < 0).any():
        return None
    ends = np.stack([layout.graph.first[:pipes], layout.graph.second[:pipes]])
    live = np.flatnonzero(layout.graph.alive[:pipes])
    beside: list[list[int]] = [[] for _ in range(nodes)]
    for pipe in live.tolist():
        for end in ends[:, pipe].tolist():
            beside[end].append(pipe)
    root = int(layout.plants.node[0])
    feeder = np.full(pipes, NOWHERE, dtype=np.int64)
    node_feeder = np.full(nodes, NOWHERE, dtype=np.int64)
    order: list[int] = []
    known, waiting = {root}, [root]
    while waiting:
        node = waiting.pop()
        for pipe in beside[node]:
            if pipe == node_feeder[node]:
                continue
            far = int(ends[:, pipe].sum()) - node
            if far in known:
                return None
            known.add(far)
            order.append(pipe)
            feeder[pipe], node_feeder[far] = node_feeder[node], pipe
            waiting.append(far)
    return Tree(
        order=np.array(order, dtype=np.int64),
        feeder=feeder,
        node_feeder=node_feeder,
        below=_below(layout.stations.node, node_feeder, feeder),
    )


def _below(station_node: IntArray, node_feeder: IntArray, feeder: IntArray) -> BoolArray:
    below = np.zeros((len(feeder), len(station_node)), dtype=np.bool_)
    for station, node in enumerate(station_node):
        pipe = int(node_feeder[node])
        while pipe != NOWHERE:
            below[pipe, station] = True
            pipe = int(feeder[pipe])
    return below
