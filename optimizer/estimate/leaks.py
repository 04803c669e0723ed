"""A new leak: noticed by the make-up water, placed by the pressures that it leaves behind.

Make-up is compared with what was usual of late by a cumulative sum. What the pressures at the
stations have changed by since is then compared with what the model says a leak in each pipe would
change: the pipes whose pattern fits best come first.

Source: Page (1954), doi:10.1093/biomet/41.1-2.100; Pudar and Liggett (1992), Leaks in pipe
networks, J. Hydraulic Engineering 118, 1031-1046, doi:10.1061/(ASCE)0733-9429(1992)118:7(1031).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.simulate import simulate

# Half of the smallest rise looked for, and the sum at which it is believed, in standard deviations.
SLACK, LIMIT = 1.0, 8.0
# A smaller rise comes with the pressure and the weather.
LEAST_RISE = 0.1
BASE_STEPS = 96 * 2
# A meter never repeats better than this share of what it shows.
LEAST_SPREAD = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakNoticed:
    """A rise of the make-up: when it began, when it was sure (steps) and how much it is, m3/h."""

    began: int
    noticed: int
    size_m3_h: float


def notice_leak(makeup_m3_h: FloatArray) -> LeakNoticed | None:
    """Look for a lasting rise of the make-up.

    Args:
        makeup_m3_h: Make-up of even steps, oldest first, NaN where unknown, shape (steps,); the
            first BASE_STEPS of them are taken for usual.

    Returns:
        The first rise, or None.
    """
    base = makeup_m3_h[:BASE_STEPS]
    base = base[np.isfinite(base)]
    if len(base) < BASE_STEPS // 2:
        return None
    level = float(np.median(base))
    spread = max(1.4826 * float(np.median(np.abs(base - level))), LEAST_SPREAD * abs(level), 1e-6)
    total, began = 0.0, BASE_STEPS
    for k in range(BASE_STEPS, len(makeup_m3_h)):
        if not np.isfinite(makeup_m3_h[k]):
            continue
        before = total
        total = max(0.0, total + min((makeup_m3_h[k] - level) / spread, 4.0) - SLACK)
        if before == 0.0 and total > 0.0:
            began = k
        if total > LIMIT:
            size = float(np.nanmedian(makeup_m3_h[began : k + 1])) - level
            if size > LEAST_RISE * abs(level):
                return LeakNoticed(began=began, noticed=k, size_m3_h=size)
    return None


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """What a leak of 1 m3/h in each pipe changes at the stations, bar, shape (pipes, 2 stations).

    `pipe` holds the positions of the pipes that were tried.
    """

    pipe: IntArray
    change_bar: FloatArray


def station_pressures(
    network: Network, state: PlantState, forecast: Forecast, schedule: Schedule
) -> FloatArray:
    """Pressures at the stations in a short run, supply then return.

    Args:
        network: The network.
        state: Where it starts.
        forecast: A few steps of weather.
        schedule: The setpoints.

    Returns:
        Bar, shape (2 stations,).
    """
    trace = simulate(network, state, forecast, schedule)
    node = [network.node_index[s.node_id] for s in network.stations]
    supply = trace.nodes.supply_pressure_bar[-1, node]
    back = trace.nodes.return_pressure_bar[-1, node]
    return np.asarray(np.concatenate([supply, back]))


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
    usual = station_pressures(network, state, forecast, schedule)
    serving = [i for i, pipe in enumerate(network.pipes) if pipe.in_service]
    rows = []
    for i in serving:
        pipe = network.pipes[i]
        leaking = replace(pipe, leak_m3_h=pipe.leak_m3_h + trial_m3_h)
        pipes = (*network.pipes[:i], leaking, *network.pipes[i + 1 :])
        changed = station_pressures(replace(network, pipes=pipes), state, forecast, schedule)
        rows.append((changed - usual) / trial_m3_h)
    return Signatures(pipe=np.array(serving, dtype=np.int64), change_bar=frozen(rows))


def ranked_places(
    network: Network, signatures: Signatures, change_bar: FloatArray, size_m3_h: float
) -> tuple[str, ...]:
    """Order the pipes by how well a leak there explains what the pressures have changed by.

    Args:
        network: The network.
        signatures: Of each pipe.
        change_bar: Pressures since minus pressures before, NaN where unknown, shape (2 stations,).
        size_m3_h: The leak's size by the make-up.

    Returns:
        Pipes, the likeliest first.
    """
    known = np.isfinite(change_bar)
    wanted = signatures.change_bar[:, known] * size_m3_h
    missed = np.sum((wanted - change_bar[known]) ** 2, axis=1)
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
