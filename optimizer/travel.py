"""How long water needs from the plants to where it is used."""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.trace import Trace
from optimizer.physics.layout import build_layout

STILL_KG_S = 1e-6


def arrival_s(network: Network, trace: Trace) -> FloatArray:
    """Find the shortest travel time of water from a plant to each node along the mean flows.

    Args:
        network: The network.
        trace: The run whose flows count.

    Returns:
        Seconds, infinite where no water comes, shape (nodes,).
    """
    layout = build_layout(network)
    count = len(network.pipes)
    flow = trace.pipes.mass_flow_kg_s.mean(axis=0)
    arrival = np.full(len(network.nodes), np.inf)
    arrival[layout.plants.node] = 0.0
    first, second = layout.graph.first[:count], layout.graph.second[:count]
    begin, end = np.where(flow >= 0.0, first, second), np.where(flow >= 0.0, second, first)
    moving = np.abs(flow) > STILL_KG_S
    travel = np.where(
        moving, layout.pipes.content_kg[0] / np.maximum(np.abs(flow), STILL_KG_S), np.inf
    )
    for _ in range(len(network.nodes)):
        before = arrival.copy()
        np.minimum.at(arrival, end, before[begin] + travel)
        if np.array_equal(arrival, before):
            break
    return arrival
