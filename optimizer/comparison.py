"""Comparing two certificates limit by limit."""

import math
from collections.abc import Mapping

from optimizer.model.outcome import Certificate

# Rounding, as in the certificate.
ROUNDING = 1e-6


def newly_passed(before: Certificate, after: Certificate) -> bool:
    """Whether a limit is passed further than it was.

    Args:
        before: Verdict on what there is.
        after: Verdict on what is proposed.

    Returns:
        True where one is.
    """
    worst = _worst_margins(before)
    return any(
        margin < -ROUNDING and margin < worst.get(kind, 0.0) - ROUNDING
        for kind, margin in _worst_margins(after).items()
    )


def _worst_margins(certificate: Certificate) -> Mapping[str, float]:
    worst: dict[str, float] = {}
    for limit in certificate.limits:
        worst[limit.limit] = min(worst.get(limit.limit, math.inf), limit.margin)
    return worst
