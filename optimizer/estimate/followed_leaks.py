"""What the pipes leak, followed from the make-up meter.

Leaks grow with pressure, and the plan weighs every bar by what it loses. A network that leaks more
than its table says comes to its make-up limit while the plan still sees it far away: the guard then
refuses what the plan counts on.
"""

import math
from dataclasses import replace

from optimizer.model.network import Network

# Half of what is missed is followed within this; a tank that is filled for minutes is not.
FOLLOWED_WITHIN_H = 1.0
# Less than this of the table may be a meter that stands still; more is a burst, not a leaky pipe.
LEAST_SHARE, LARGEST_SHARE = 0.8, 3.0


def followed_leak(share: float, makeup_m3_h: tuple[float, float], hours: float) -> float:
    """Follow what the pipes leak, as a share of what the site's table says.

    Args:
        share: The last one.
        makeup_m3_h: Measured (NaN where unknown) and what the table's leaks come to at the same
            pressures.
        hours: Since the last time.

    Returns:
        The share, the same where nothing is measured or the table knows of no leak.
    """
    measured, modelled = makeup_m3_h
    if not (math.isfinite(measured) and measured >= 0.0 and modelled > 0.0):
        return share
    gain: float = 1.0 - 0.5 ** (hours / FOLLOWED_WITHIN_H)
    proved = min(max(measured / modelled, LEAST_SHARE), LARGEST_SHARE)
    return share + gain * (proved - share)


def with_leaks(network: Network, share: float) -> Network:
    """Let the pipes of a network leak what was followed.

    Args:
        network: The network.
        share: Of what its table says.

    Returns:
        The network, the same where the share is one.
    """
    if share == 1.0:
        return network
    pipes = tuple(replace(pipe, leak_m3_h=pipe.leak_m3_h * share) for pipe in network.pipes)
    return replace(network, pipes=pipes)
