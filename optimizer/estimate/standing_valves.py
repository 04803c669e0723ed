"""What valves let through that can open no further, followed from their heat meters.

A station that stands fixed takes what its valve and the pressure give it, and so does one whose
controller has opened its valve all the way. Where dirt, a half-shut hand valve or an old drawing
make that less than the model says, every plan promises its flats heat that does not come. The flow
meter alone does not decide that: the return must agree, since less water through the same radiators
comes back colder.
"""

from dataclasses import replace

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, StationControl, StationKind

# Half of what is missed is followed within this; noise of a meter averages out over as long.
FOLLOWED_WITHIN_H = 0.7
# A return that differs by less says nothing.
LEAST_RETURN_K = 0.3
# A controller whose water is colder than the model's by this has opened its valve all the way.
STARVED_K = 1.0
# Beyond these of the table's a meter is likelier wrong than a valve.
LEAST_SHARE, LARGEST_SHARE = 0.4, 1.25
# Below this part of the modelled flow, or without one, a station is shut.
NEARLY_NOTHING = 0.05
# A crew is sent where a valve lets through less or more than this of the table's.
MUCH_LESS, MUCH_MORE = 0.85, 1.15


def standing(network: Network) -> BoolArray:
    """Which stations have a valve that nothing moves.

    Args:
        network: The network.

    Returns:
        Shape (stations,).
    """
    return np.array(
        [
            one.control is StationControl.FIXED and one.kind is not StationKind.LOAD
            for one in network.stations
        ],
        dtype=bool,
    )


def tabled_shares(network: Network, tabled: Network) -> FloatArray:
    """What valves let through by the network in use, as shares of what the tables say.

    Args:
        network: The network, calibrated or not.
        tabled: That of the tables alone.

    Returns:
        Shape (stations,).
    """
    return np.array(
        [
            one.valve_kvs / drawn.valve_kvs
            for one, drawn in zip(network.stations, tabled.stations, strict=True)
        ]
    )


def throttled_shares(
    network: Network,
    shares: FloatArray,
    followed: FloatArray,
    secondary_c: tuple[FloatArray, FloatArray],
    tabled: FloatArray,
) -> FloatArray:
    """Take what was followed where a controller has opened its valve all the way.

    As long as the water behind a station is as warm as its controller wants it, its valve's size
    does not show in its flow; one that is larger than drawn is opened less, at no loss to anybody.

    Args:
        network: The network.
        shares: Those with which the model ran, shape (stations,).
        followed: What `followed_shares` made of them, same shape.
        secondary_c: Measured (NaN where unknown) and modelled heating water, degC.
        tabled: The network's own shares of the tables', shape (stations,).

    Returns:
        The shares of controlled stations, at most the model's or, where that was calibrated
        smaller, the table's; those of all others are one.
    """
    controlled = np.array([one.control is StationControl.COMPENSATED for one in network.stations])
    measured, modelled = secondary_c
    with np.errstate(invalid="ignore"):
        starved = modelled - measured >= STARVED_K
    # A valve that was calibrated half shut may since have been opened again.
    least = np.minimum(followed, np.maximum(1.0, 1.0 / tabled))
    return np.where(controlled, np.where(starved, least, np.maximum(shares, least)), 1.0)


def followed_shares(
    shares: FloatArray,
    flow: tuple[FloatArray, FloatArray],
    returned_c: tuple[FloatArray, FloatArray],
    hours: float,
    tabled: FloatArray,
) -> FloatArray:
    """Follow what valves let through, as shares of what the model's valves would.

    Args:
        shares: Those with which the model ran, shape (stations,).
        flow: Measured (NaN where unknown) and modelled flow, in the same unit.
        returned_c: Measured and modelled primary return, degC.
        hours: Since the last time.
        tabled: The model's own shares of the tables', shape (stations,).

    Returns:
        The shares, the same where flow and return do not agree.

    Source: a valve's flow coefficient at given pressure is proportional to its flow, IEC 60534-2-1.
    """
    measured, modelled = flow
    with np.errstate(invalid="ignore", divide="ignore"):
        missed = np.log(measured / modelled)
        colder_k = returned_c[0] - returned_c[1]
        known = (measured > NEARLY_NOTHING * modelled) & (modelled > 0.0) & np.isfinite(measured)
        agree = (np.sign(missed) == np.sign(colder_k)) & (np.abs(colder_k) >= LEAST_RETURN_K)
    gain = 1.0 - 0.5 ** (hours / FOLLOWED_WITHIN_H)
    moved = shares * np.exp(gain * np.where(known & agree, missed, 0.0))
    # Bounds of the model's and of the table's: what was calibrated may have been put right since.
    least = LEAST_SHARE * np.minimum(1.0, 1.0 / tabled)
    return np.asarray(np.clip(moved, least, LARGEST_SHARE * np.maximum(1.0, 1.0 / tabled)))


def worth_a_visit(shares: FloatArray) -> tuple[int, ...]:
    """Which valves let through much less or more than the site's table says.

    Args:
        shares: Of each station, shape (stations,).

    Returns:
        Positions of the stations, the farthest off first.
    """
    off = np.flatnonzero((shares < MUCH_LESS) | (shares > MUCH_MORE))
    farthest = np.argsort(-np.abs(np.log(shares[off])), kind="stable")
    return tuple(int(s) for s in off[farthest])


def is_at_bound(share: float) -> bool:
    """Whether a share is where a wrong flow meter is as likely as a wrong valve.

    Args:
        share: What the valve lets through of the table's.

    Returns:
        Whether it is at the end of what is followed.
    """
    return not LEAST_SHARE < share < LARGEST_SHARE


def with_shares(network: Network, shares: FloatArray) -> Network:
    """Let the valves of a network let through what was followed.

    Args:
        network: The network.
        shares: Of each station, shape (stations,).

    Returns:
        The network, the same where every share is one.
    """
    if np.all(shares == 1.0):
        return network
    stations = tuple(
        replace(station, valve_kvs=station.valve_kvs * float(share)) if share != 1.0 else station
        for station, share in zip(network.stations, shares, strict=True)
    )
    return replace(network, stations=stations)
