"""Where a new leak is: placed by what the pressures at the stations have changed by since.

That is compared with what the model says a leak in each pipe would change: the pipes whose pattern
fits best come first.

Source: Pudar and Liggett (1992), Leaks in pipe networks, J. Hydraulic Engineering 118, 1031-1046,
doi:10.1061/(ASCE)0733-9429(1992)118:7(1031).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import NodeTrace
from optimizer.simulate import simulate


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """What a leak of 1 m3/h in each pipe changes at the stations, bar, shape (pipes, 2 stations).

    `pipe` holds the positions of the pipes that were tried.
    """

    pipe: IntArray
    change_bar: FloatArray


def pressures_at_stations(network: Network, nodes: NodeTrace) -> FloatArray:
    """Pressures at the stations, supply then return.

    Args:
        network: The network.
        nodes: What a run of the model gave.

    Returns:
        Bar, shape (steps, 2 stations).
    """
    node = [network.node_index[s.node_id] for s in network.stations]
    both = (nodes.supply_pressure_bar[:, node], nodes.return_pressure_bar[:, node])
    return np.asarray(np.concatenate(both, axis=1))


def leak_signatures(
    network: Network, state: PlantState, forecast: Forecast, schedule: Schedule, trial_m3_h: float
) -> Signatures:
    """Reckon what a leak in each pipe would change.

    Args:
        network: The network.
        state: Where it starts.
        forecast: A few steps of weather.
        schedule: The setpoints.
        trial_m3_h: Size of the leak that is tried.

    Returns:
        The changes for 1 m3/h.
    """

    def last(one: Network) -> FloatArray:
        nodes = simulate(one, state, forecast, schedule).nodes
        return np.asarray(pressures_at_stations(one, nodes)[-1])

    usual = last(network)
    serving = [i for i, pipe in enumerate(network.pipes) if pipe.in_service]
    rows = []
    for i in serving:
        pipe = network.pipes[i]
        leaking = replace(pipe, leak_m3_h=pipe.leak_m3_h + trial_m3_h)
        pipes = (*network.pipes[:i], leaking, *network.pipes[i + 1 :])
        rows.append((last(replace(network, pipes=pipes)) - usual) / trial_m3_h)
    return Signatures(pipe=np.array(serving, dtype=np.int64), change_bar=frozen(rows))


def ranked_places(
    network: Network, signatures: Signatures, change_bar: FloatArray, size_m3_h: float
) -> tuple[str, ...]:
    """Order the pipes by how well a leak there explains what the pressures have changed by.

    What all supply or all return pressures have in common tells nothing: the pressure holding and
    the pumps move them together.

    Args:
        network: The network.
        signatures: Of each pipe.
        change_bar: Pressures since minus pressures before, NaN where unknown, shape (2 stations,).
        size_m3_h: The leak's size by the make-up.

    Returns:
        Pipes, the likeliest first.
    """
    wanted = signatures.change_bar * size_m3_h
    missed = np.zeros(len(wanted))
    for side in np.split(np.arange(len(change_bar)), 2):
        known = side[np.isfinite(change_bar[side])]
        if len(known):
            off = wanted[:, known] - change_bar[known]
            missed += np.sum((off - off.mean(axis=1, keepdims=True)) ** 2, axis=1)
    order = signatures.pipe[np.argsort(missed, kind="stable")]
    return tuple(network.pipes[int(i)].pipe_id for i in order)


def shortlist(network: Network, ranked: Sequence[str], share: float) -> tuple[str, ...]:
    """The first places that make up a share of the network's length.

    Args:
        network: The network.
        ranked: Pipes, the likeliest first.
        share: Share of the length.

    Returns:
        As many of them as fit, at least one.
    """
    total = sum(pipe.length_m for pipe in network.pipes if pipe.in_service)
    found: list[str] = []
    length = 0.0
    for name in ranked:
        length += network.pipes[network.pipe_index[name]].length_m
        if found and length > share * total:
            break
        found.append(name)
    return tuple(found)
