"""What a decision repeats and carries, and whether it still is what the newest set says."""

from collections.abc import Mapping

from controller.approvals import Recommendation
from controller.console.snapshot import Snapshot


def exact_values(advice: Recommendation) -> dict[str, str]:
    """Give the values that a decision repeats and carries.

    Args:
        advice: The recommendation.

    Returns:
        By element, as text: what is compared is what was seen.
    """
    return {member.element: f"{member.first:.4f}" for member in advice.members}


def problem_with(seen: Snapshot, advice: Recommendation, carried: Mapping[str, str] | None) -> str:
    """Say why a set can not be decided about any more.

    Args:
        seen: The present.
        advice: The set.
        carried: The values that the decision carries; None before it is made.

    Returns:
        superseded, decided, expired or other (values); empty where it can be decided about.
    """
    newest = None if seen.advice is None else seen.advice.recommendation_id
    if advice.recommendation_id != newest:
        return "superseded"
    if seen.decision is not None:
        return "decided"
    if seen.read_at >= advice.expires_at:
        return "expired"
    if carried is not None and dict(carried) != exact_values(advice):
        return "other"
    return ""
