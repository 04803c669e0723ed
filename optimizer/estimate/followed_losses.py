"""What buildings lose, followed from what their levels have to be corrected by.

A model that takes a building for better insulated than it is predicts it warmer, cycle after
cycle. Correcting the present alone leaves every plan to count on the same heat again: the next
hours come out as much too cold as the last. So what the correction adds or takes off is read as
loss, in the building's own model.
"""

from dataclasses import replace

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

# Half of what is missed is followed within this; a window left open for an hour is not.
FOLLOWED_WITHIN_H = 3.0
# One correction says no more than this (a logarithm): a room is not its building.
MOST_AT_ONCE = 0.2
# A loss that is followed downward must not make a flat colder than one upward warms it.
LEAST_SHARE, LARGEST_SHARE = 0.9, 1.3
# With less between indoors and outdoors than this a loss can not be told.
LEAST_ABOVE_K = 8.0


def followed_losses(
    network: Network, shares: FloatArray, change_k: FloatArray, above_k: FloatArray, hours: float
) -> FloatArray:
    """Follow what buildings lose, as shares of what the model says.

    Args:
        network: The network as the site has it.
        shares: Those with which the model ran, shape (buildings,).
        change_k: What each building's level was corrected by after it, K, shape (buildings,); what
            is not a number says nothing.
        above_k: Indoor above outdoor temperature, K, shape (buildings,).
        hours: How long the model ran since the last correction, above 0.

    Returns:
        The shares.

    Source: ISO 13790:2008, 7.2 (heat balance of a building: stored heat is what loss misses).
    """
    stored_kwh_k = np.array([building.capacity_kwh_k for building in network.buildings])
    lost_kw_k = shares * np.array([building.ua_kw_k for building in network.buildings])
    known = (above_k >= LEAST_ABOVE_K) & np.isfinite(change_k)
    lost_kwh = lost_kw_k * np.where(known, above_k, LEAST_ABOVE_K) * hours
    missed = np.where(known, -change_k * stored_kwh_k / lost_kwh, 0.0)
    gain = 1.0 - 0.5 ** (hours / FOLLOWED_WITHIN_H)
    moved = shares * np.exp(gain * np.clip(missed, -MOST_AT_ONCE, MOST_AT_ONCE))
    return np.asarray(np.clip(moved, LEAST_SHARE, LARGEST_SHARE))


def with_losses(network: Network, shares: FloatArray) -> Network:
    """Let the buildings of a network lose what was followed.

    Args:
        network: The network.
        shares: Of each building, shape (buildings,).

    Returns:
        The network, the same where every share is one.
    """
    if np.all(shares == 1.0):
        return network
    buildings = tuple(
        replace(building, ua_kw_k=building.ua_kw_k * float(share))
        for building, share in zip(network.buildings, shares, strict=True)
    )
    return replace(network, buildings=buildings)
