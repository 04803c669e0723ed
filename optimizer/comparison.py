"""Comparing two certificates limit by limit."""

from collections.abc import Mapping

from optimizer.model.outcome import Certificate, LimitKind

# Rounding, as in the certificate.
ROUNDING = 1e-6


def newly_passed(before: Certificate, after: Certificate) -> bool:
    """Whether a limit is passed anywhere further than it was there.

    Args:
        before: Verdict on what there is.
        after: Verdict on what is proposed.

    Returns:
        True where one is; an element that was not named before kept its limit.
    """
    was = _margins(before)
    return any(
        margin < -ROUNDING and margin < was.get(place, 0.0) - ROUNDING
        for place, margin in _margins(after).items()
    )


def _margins(certificate: Certificate) -> Mapping[tuple[LimitKind, str], float]:
    """The least margin of each limit at each element that is named."""
    least: dict[tuple[LimitKind, str], float] = {}
    for one in certificate.limits:
        place = one.limit, one.where
        least[place] = min(least.get(place, one.margin), one.margin)
    return least
