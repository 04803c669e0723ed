"""How far a search keeps away from limits, learned from what the judge finds on its finer grid."""

import numpy as np

from optimizer.limit_fields import largest_ramps
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.outcome import Certificate, LimitKind
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace

# By kind of limit, in its unit, one number for all elements or one for each pipe.
Backoff = dict[LimitKind, FloatArray]

# Before any certificate.
FIRST = {
    LimitKind.PIPE_TEMP: 0.1,
    LimitKind.PIPE_RAMP: 0.15,
    LimitKind.PIPE_PRESSURE: 0.02,
    LimitKind.MIN_PRESSURE: 0.02,
    LimitKind.BOILING_MARGIN: 0.2,
    LimitKind.VELOCITY: 0.01,
    LimitKind.MAKEUP: 0.0,
    LimitKind.RADIATOR_PRESSURE: 0.02,
    LimitKind.RADIATOR_TEMP: 0.1,
    LimitKind.STATIC_HEAD: 0.02,
}
# From a plant's least load, of itself: of less the search takes no notice.
LEAST_LOAD_SHARE = 0.006
# How far beyond a certificate's finding the next search stays, and for ramps in K/h.
PASSED_FACTOR = 1.3
# And no less than this share of a limit that is passed: one that is by a hair would be once more.
LEAST_STEP_SHARE = 0.002
RAMP_RESERVE_K_H = 0.15
# What was passed in spite of what was kept asks for no more than this share of a pipe's ramp: a
# search that keeps further away has nothing left to move.
MOST_RAMP_SHARE = 0.5
# What the next plan begins with of what the last one had learned beyond the first: the same limits
# bind an hour later, but what a cold day asked for would else be kept all winter.
CARRIED_SHARE = 0.8


def first_backoff(network: Network) -> Backoff:
    """What is kept before any certificate.

    Args:
        network: The network.

    Returns:
        The same for all elements of a kind, but for least loads a share of each.
    """
    backoff = {kind: np.full(1, value) for kind, value in FIRST.items()}
    backoff[LimitKind.PIPE_RAMP] = np.full(len(network.pipes), FIRST[LimitKind.PIPE_RAMP])
    least = [plant.min_heat_mw for plant in network.plants if plant.min_heat_mw > 0.0]
    backoff[LimitKind.PLANT_HEAT] = LEAST_LOAD_SHARE * np.array(least)
    return backoff


def carried_backoff(last: Backoff, network: Network) -> Backoff:
    """What is kept at first by a plan that goes on from another.

    Args:
        last: What the other one's search kept in the end.
        network: The network.

    Returns:
        Most of what had been learned, of ramps no more than the network's own pipes ask for now;
        the first where the network has changed.
    """
    first = first_backoff(network)
    if any(last[kind].shape != kept.shape for kind, kept in first.items()):
        return first
    carried = {kind: kept + CARRIED_SHARE * (last[kind] - kept) for kind, kept in first.items()}
    ramps = first[LimitKind.PIPE_RAMP]
    most = MOST_RAMP_SHARE * np.array([pipe.max_ramp_k_h for pipe in network.pipes])
    carried[LimitKind.PIPE_RAMP] = np.maximum(np.minimum(carried[LimitKind.PIPE_RAMP], most), ramps)
    return carried


def carried_margin_k(last_k: float, first_k: float) -> float:
    """What flats are planned to stay above their minimum by, in a plan that goes on from another.

    Args:
        last_k: What the other one's search kept in the end, K.
        first_k: What is asked for, K.

    Returns:
        Most of what had been learned, K.
    """
    return first_k + CARRIED_SHARE * max(last_k - first_k, 0.0)


def learned_ramps(
    backoff: Backoff,
    district: District,
    state: PlantState,
    trace: Trace,
    judged: Certificate,
    *,
    searched: bool,
) -> Backoff:
    """Keep further from the ramps of pipes in which the judge saw steeper ones than the trace.

    The judge's finer grid shows steeper ramps where water is mixed little on its way: how much
    steeper is a matter of the pipe.

    Args:
        backoff: What was kept so far.
        district: The district.
        state: State at the start.
        trace: A simulated run.
        judged: The judge's verdict on the same schedule.
        searched: Whether a search kept `backoff` in this run, so that a passed ramp asks for more.

    Returns:
        What to keep from now on, nowhere less.
    """
    pipes = {pipe.pipe_id: i for i, pipe in enumerate(district.network.pipes)}
    ramps, seen = backoff[LimitKind.PIPE_RAMP].copy(), largest_ramps(district, state, trace)
    for result in judged.limits:
        if result.limit is LimitKind.PIPE_RAMP:
            pipe = pipes[result.where]
            unseen = abs(result.worst) - float(seen[pipe]) + RAMP_RESERVE_K_H
            passed = backoff[LimitKind.PIPE_RAMP][pipe] - PASSED_FACTOR * min(result.margin, 0.0)
            most = MOST_RAMP_SHARE * district.network.pipes[pipe].max_ramp_k_h
            ramps[pipe] = max(ramps[pipe], unseen, min(passed, most) if searched else 0.0)
    return {**backoff, LimitKind.PIPE_RAMP: ramps}


def learned_passed(backoff: Backoff, judged: Certificate) -> Backoff:
    """Keep further from limits other than ramps that a schedule was meant to keep and passed.

    Args:
        backoff: What the search kept.
        judged: The judge's verdict on what it found.

    Returns:
        What to keep from now on, nowhere less.
    """
    kept = dict(backoff)
    for result in judged.limits:
        if result.margin < 0.0 and result.limit in kept and result.limit != LimitKind.PIPE_RAMP:
            least = LEAST_STEP_SHARE * abs(result.allowed)
            further = backoff[result.limit] + max(-PASSED_FACTOR * result.margin, least)
            kept[result.limit] = np.maximum(kept[result.limit], further)
    return kept
