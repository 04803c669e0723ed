"""Recommendations as whole sets: what they hold, where they stand when, what an approval checks
again. The certificate covers the set, never a part of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from controller.guard import STEP_SHARE, PointLimits
from drivers.base import Quality, Reading

LASTS = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One setpoint of a set over the horizon.

    `element` is plant:ID, pump:ID or station:ID; `point_id` is None where it can not be written and
    the operator sets it by hand. `before` is what it held when the set was made; `series` has the
    setpoint at each step's start, linear in between.
    """

    element: str
    quantity: str
    point_id: str | None
    before: float
    series: tuple[float, ...]

    @property
    def first(self) -> float:
        """Where the set takes it first: its setpoint one step on."""
        return self.series[min(1, len(self.series) - 1)]


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """An immutable set with its certificate's limits and predicted effect.

    Its members are in the order in which they are set. `changed` has what a person changed of the
    set `parent_id`, by element; both are empty for a set as it was planned.
    """

    recommendation_id: str
    at: datetime
    expires_at: datetime
    input_hash: str
    start: datetime
    step_s: int
    members: tuple[Member, ...]
    limits: tuple[Mapping[str, Any], ...]
    effect: Mapping[str, Any]
    parent_id: str = ""
    changed: Mapping[str, float] = field(default_factory=dict)

    @property
    def point_ids(self) -> frozenset[str]:
        """The points that it writes."""
        return frozenset(member.point_id for member in self.members if member.point_id)


def value_at(recommendation: Recommendation, member: Member, now: datetime) -> float:
    """Give a member's setpoint at an instant, linear between steps, the last held.

    Args:
        recommendation: The set.
        member: One of its members.
        now: tz-aware UTC; before the set's start its first value holds.

    Returns:
        The setpoint.
    """
    position = (now - recommendation.start).total_seconds() / recommendation.step_s
    last = len(member.series) - 1
    if position <= 0:
        return member.series[0]
    if position >= last:
        return member.series[last]
    at = int(position)
    share = position - at
    return member.series[at] * (1.0 - share) + member.series[at + 1] * share


def refusals(
    recommendation: Recommendation,
    *,
    latest_id: str | None,
    limits: Mapping[str, PointLimits],
    readings: Mapping[str, Reading],
    now: datetime,
) -> tuple[str, ...]:
    """Check a set again at the moment of its approval.

    Args:
        recommendation: What is to be approved.
        latest_id: The newest recommendation's id.
        limits: What the site allows each point now.
        readings: The newest readings.
        now: tz-aware UTC.

    Returns:
        Every reason against it; empty where it may be approved.
    """
    found = [word for word in (superseded(recommendation, latest_id),) if word]
    if now >= recommendation.expires_at:
        found.append(f"expired at {recommendation.expires_at.isoformat()}")
    for member in recommendation.members:
        if member.point_id is None:
            continue
        if member.point_id not in limits:
            found.append(f"{member.point_id} can not be written any more")
            continue
        found += _against_member(member, limits[member.point_id], readings, now)
    return tuple(found)


def superseded(recommendation: Recommendation, latest_id: str | None) -> str:
    """Say which newer set has taken a set's place.

    Args:
        recommendation: The set that is to be decided about.
        latest_id: The newest recommendation's id.

    Returns:
        What to answer; empty where it is the newest.
    """
    return "" if recommendation.recommendation_id == latest_id else f"superseded by {latest_id}"


def _against_member(
    member: Member, limits: PointLimits, readings: Mapping[str, Reading], now: datetime
) -> list[str]:
    found = []
    slack = 0.5 * limits.resolution + 1e-6
    low, high = min(member.series), max(member.series)
    if low < limits.min_value - slack or high > limits.max_value + slack:
        found.append(f"{member.point_id} would leave {limits.min_value:g} to {limits.max_value:g}")
    back = readings.get(limits.readback_point_id)
    if back is None or back.value is None or back.quality is not Quality.GOOD:
        return [*found, f"{limits.readback_point_id} can not be read"]
    if back.age_s(now) > limits.readback_stale_s:
        return [*found, f"{limits.readback_point_id} is stale"]
    # Between two cycles an approved set is followed: that much may have moved, no more.
    moved = abs(back.value - member.before)
    if moved > STEP_SHARE * max(limits.up_per_h, limits.down_per_h) + slack:
        found.append(f"{member.point_id} holds {back.value:g}, not {member.before:g} as before")
    return found


def new_id(at: datetime, input_hash: str) -> str:
    """Name a recommendation: the same instant and inputs give the same name.

    Args:
        at: When it was made.
        input_hash: Hash of what it was made from.

    Returns:
        The instant for people, and a few digits of a hash.
    """
    digest = hashlib.sha256(f"{at.isoformat()} {input_hash}".encode()).hexdigest()
    return f"{at:%Y%m%d-%H%M%S}-{digest[:8]}"


def to_json(recommendation: Recommendation) -> dict[str, Any]:
    """Give a recommendation as JSON holds it.

    Args:
        recommendation: The set.

    Returns:
        Plain values; `from_json` reads them back.
    """
    plain = {name: getattr(recommendation, name) for name in Recommendation.__dataclass_fields__}
    plain["members"] = [
        {**asdict(member), "series": list(member.series)} for member in recommendation.members
    ]
    plain["limits"] = [dict(limit) for limit in recommendation.limits]
    plain["effect"] = dict(recommendation.effect)
    plain["changed"] = dict(recommendation.changed)
    for name in ("at", "expires_at", "start"):
        plain[name] = plain[name].isoformat()
    return plain


def from_json(found: Mapping[str, Any]) -> Recommendation:
    """Read a recommendation back.

    Args:
        found: What `to_json` gave.

    Returns:
        The recommendation.
    """
    values = dict(found)
    values["members"] = tuple(
        Member(**{**member, "series": tuple(member["series"])}) for member in found["members"]
    )
    values["limits"] = tuple(found["limits"])
    for name in ("at", "expires_at", "start"):
        values[name] = datetime.fromisoformat(values[name])
    return Recommendation(**values)
