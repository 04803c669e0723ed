"""The last gate before a driver: refuses a setpoint or shrinks it, and never enlarges one.

Its limits come from the site alone, never from a plan. It imports nothing but the drivers' base
types, holds no state and reads no clock: what it decides follows from its arguments.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from drivers.base import Quality, Reading

WINDOW = timedelta(hours=1)
# Water hammer and thermal shock: one write moves a point by no more than this share of what it
# may move in an hour, and the next one waits.
STEP_SHARE = 0.25
LEAST_PAUSE = timedelta(seconds=60)
# A pressure that fell too fast keeps increases refused for this long.
DROP_WINDOW = timedelta(seconds=60)
TRIP_HOLDS = timedelta(minutes=15)
# Readings from the future mean that the clock was set back; nothing is written on a jump.
CLOCK_SLACK = timedelta(seconds=5)
_DUST = 1e-9

# What a point has held, oldest first: instant (tz-aware UTC) and value.
Held = tuple[tuple[datetime, float], ...]


class Authority(StrEnum):
    """By whose word something may be written."""

    APPROVED = "approved"  # an operator approved the whole set
    ARMED = "armed"  # an engineer armed the automatic mode
    FALLBACK = "fallback"  # an engineer set [fallback] writes = true


MODE_OF = {
    Authority.APPROVED: "advisory",
    Authority.ARMED: "auto",
    Authority.FALLBACK: "fallback",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """The word itself: which points, until when (tz-aware UTC)."""

    authority: Authority
    point_ids: frozenset[str]
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """A measurement without which, or near whose limit, nothing is increased.

    `high` and `low` are limits, None where there is none; within `band` of one counts as near.
    """

    point_id: str
    stale_after_s: float
    high: float | None = None
    low: float | None = None
    band: float = 0.0

    def near(self, value: float) -> float | None:
        """Give the limit that a value is near or beyond; None where it is far from any."""
        if self.high is not None and value >= self.high - self.band:
            return self.high
        if self.low is not None and value <= self.low + self.band:
            return self.low
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class DropTrip:
    """A pressure whose fall within a minute stops every increase."""

    point_id: str
    max_drop_bar_min: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PointLimits:
    """What the site allows a written point, in the unit of the point's quantity.

    `resolution` is the device's least step. `remote_point_ids` must read 1.
    """

    point_id: str
    readback_point_id: str
    readback_stale_s: float
    min_value: float
    max_value: float
    up_per_h: float
    down_per_h: float
    resolution: float
    deciding: tuple[Deciding, ...]
    drops: tuple[DropTrip, ...]
    remote_point_ids: tuple[str, ...]
    remote_stale_s: float


@dataclass(frozen=True, kw_only=True)
class View:
    """What the guard may look at.

    Attributes:
        now: tz-aware UTC.
        mode: The supervisor's mode.
        permit: By whose word, or None.
        commissioned: Whether a person has compared the point with the plant's panel.
        held: What the point has held, as far back as is known; the last is the present.
        last_write: When the point was last written, or None.
        readings: The newest reading of each point.
        pressures: The last quarter of an hour of each pressure in `drops`.
    """

    now: datetime
    mode: str
    permit: Permit | None
    commissioned: bool
    held: Held
    last_write: datetime | None
    readings: Mapping[str, Reading]
    pressures: Mapping[str, Held]


class Ruling(StrEnum):
    """What the guard says."""

    ALLOWED = "allowed"
    SHRUNK = "shrunk"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The ruling; `value` is what may be written, None where nothing may."""

    ruling: Ruling
    point_id: str
    asked: float
    value: float | None
    reasons: tuple[str, ...]


def guard(limits: PointLimits, asked: float, view: View) -> Verdict:
    """Judge a setpoint.

    Args:
        limits: What the site allows the point.
        asked: The setpoint, in the unit of the point's quantity.
        view: The plant and the supervisor as they are.

    Returns:
        A value between what the point holds and what is asked, or a refusal with every reason.
    """
    refusals = [*_not_permitted(limits, view), *_not_sure(limits, asked, view)]
    if refusals:
        return _refused(limits, asked, refusals)
    present = view.held[-1][1]
    low, high, narrowed = _room(limits, present, view)
    value = _toward(present, min(max(asked, low), high), limits.resolution)
    least, most = max(low, min(present, asked)), min(high, max(present, asked))
    if not least - _DUST <= value <= most + _DUST:
        # What the point holds is itself out of bounds: a person must bring it back.
        message = f"{limits.point_id} can not go from {present:g} to {asked:g}: {narrowed}"
        return _refused(limits, asked, [message])
    if value > present:
        dangers = _dangers(limits, view)
        if dangers:
            return _refused(limits, asked, dangers)
    if value == present and asked != present:
        return _stays(limits, asked, present, narrowed)
    if abs(value - asked) <= 0.5 * limits.resolution + _DUST and low <= asked <= high:
        return Verdict(ruling=Ruling.ALLOWED, point_id=limits.point_id, asked=asked, value=value,
                       reasons=())  # fmt: skip
    return Verdict(ruling=Ruling.SHRUNK, point_id=limits.point_id, asked=asked, value=value,
                   reasons=(narrowed,))  # fmt: skip


def _not_permitted(limits: PointLimits, view: View) -> list[str]:
    """Mode, authority, commissioning and the plant's own switch."""
    name, permit = limits.point_id, view.permit
    reasons = []
    if permit is None or name not in permit.point_ids:
        reasons.append(f"{name} is not owned: nobody approved or armed it")
    elif MODE_OF[permit.authority] != view.mode:
        reasons.append(f"{name} is {permit.authority}, which does not write in mode {view.mode}")
    elif view.now >= permit.until:
        reasons.append(f"the permit for {name} ended at {permit.until.isoformat()}")
    if not view.commissioned:
        reasons.append(f"{name} is locked; run `heatwarden commission` on it")
    for remote in limits.remote_point_ids:
        problem = _unsure(view.readings.get(remote), view.now, limits.remote_stale_s)
        if problem:
            reasons.append(f"{remote} {problem}: whether {name} is on remote is not known")
        elif view.readings[remote].value != 1.0:
            reasons.append(f"{remote} reads {view.readings[remote].value:g}: {name} is on local")
    return reasons


def _not_sure(limits: PointLimits, asked: float, view: View) -> list[str]:
    """Plausibility and freshness of the setpoint, the readback, and the clock."""
    name, reasons = limits.point_id, []
    if not math.isfinite(asked):
        reasons.append(f"{name} was asked to be {asked}")
    back = limits.readback_point_id
    reading = view.readings.get(back)
    shown = None if reading is None else reading.value
    problem = _unsure(reading, view.now, limits.readback_stale_s)
    if problem or shown is None or not view.held:
        reasons.append(f"{back} {problem or 'has no history'}: what {name} holds is not known")
    elif abs(view.held[-1][1] - shown) > limits.resolution + _DUST:
        reasons.append(f"{back} is not what the history of {name} ends with")
    if view.held and view.held[-1][0] > view.now + CLOCK_SLACK:
        reasons.append("the clock was set back; the last reading is from the future")
    if view.last_write is not None and view.now - view.last_write < LEAST_PAUSE:
        reasons.append(f"{name} was written less than {LEAST_PAUSE.total_seconds():.0f} s ago")
    return reasons


def _unsure(reading: Reading | None, now: datetime, stale_after_s: float) -> str:
    """Why a reading may not decide anything; empty where it may."""
    if reading is None or reading.value is None:
        return "is missing"
    if reading.quality is not Quality.GOOD or not math.isfinite(reading.value):
        return f"is {reading.quality}"
    age_s = reading.age_s(now)
    if age_s > stale_after_s:
        return f"is {age_s:.0f} s old, at most {stale_after_s:.0f} s"
    if age_s < -CLOCK_SLACK.total_seconds():
        return "is from the future"
    return ""


def _room(limits: PointLimits, present: float, view: View) -> tuple[float, float, str]:
    """Bounds of the next value, and which of them is the narrowest upward and downward."""
    ramp_low, ramp_high = _ramp_room(limits, view)
    lows = {
        f"least value {limits.min_value:g}": limits.min_value,
        f"ramp {limits.down_per_h:g} per h down": ramp_low,
        "largest step of one write": present - STEP_SHARE * limits.down_per_h,
    }
    highs = {
        f"largest value {limits.max_value:g}": limits.max_value,
        f"ramp {limits.up_per_h:g} per h up": ramp_high,
        "largest step of one write": present + STEP_SHARE * limits.up_per_h,
    }
    low_name = max(lows, key=lambda name: lows[name])
    high_name = min(highs, key=lambda name: highs[name])
    narrowed = f"bounded by {low_name} ({lows[low_name]:g}) and {high_name} ({highs[high_name]:g})"
    return lows[low_name], highs[high_name], narrowed


def _ramp_room(limits: PointLimits, view: View) -> tuple[float, float]:
    """Bounds that keep any sliding hour within the ramps.

    What happened before the point was first seen is not known and may have used up its part of
    the hour: the known part of the hour allows its own share only.
    """
    start = view.now - WINDOW
    before = tuple(takewhile(lambda sample: sample[0] <= start, view.held))
    inside = view.held[max(len(before) - 1, 0) :]
    known_s = (view.now - max(view.held[0][0], start)).total_seconds()
    share = max(known_s / WINDOW.total_seconds(), 0.0)
    values = [value for _, value in inside]
    return max(values) - share * limits.down_per_h, min(values) + share * limits.up_per_h


def _toward(present: float, value: float, resolution: float) -> float:
    """Round to the device's steps, toward what the point holds, so that rounding only shrinks."""
    if resolution <= 0.0:
        return value
    steps = (value - present) / resolution
    whole = math.trunc(steps + math.copysign(1e-6, steps))
    return round(present + whole * resolution, 9)


def _dangers(limits: PointLimits, view: View) -> list[str]:
    """Measured reasons against any increase."""
    reasons = []
    if not limits.deciding:
        reasons.append(f"no measurement says whether {limits.point_id} may rise")
    for deciding in limits.deciding:
        name, reading = deciding.point_id, view.readings.get(deciding.point_id)
        problem = _unsure(reading, view.now, deciding.stale_after_s)
        if problem or reading is None or reading.value is None:
            reasons.append(f"{name} {problem}")
        elif (limit := deciding.near(reading.value)) is not None:
            least = "limit" if limit == deciding.high else "least"
            reasons.append(f"{name} {reading.value:g} is within {deciding.band:g} of its {least} "
                           f"{limit:g}")  # fmt: skip
    return [*reasons, *_drops(limits, view)]


def _drops(limits: PointLimits, view: View) -> list[str]:
    """Pressures that have fallen too fast within the last quarter of an hour."""
    reasons = []
    for trip in limits.drops:
        recent = [
            (at, value)
            for at, value in view.pressures.get(trip.point_id, ())
            if at >= view.now - TRIP_HOLDS
        ]
        for at, value in recent:
            top = max(v for t, v in recent if at - DROP_WINDOW <= t <= at)
            if top - value > trip.max_drop_bar_min + _DUST:
                reasons.append(f"{trip.point_id} fell by {top - value:.2f} bar within a minute, at "
                               f"most {trip.max_drop_bar_min:g}")  # fmt: skip
                break
    return reasons


def _stays(limits: PointLimits, asked: float, present: float, narrowed: str) -> Verdict:
    """A point that has used up its ramp, or is asked for less than its device's step, waits where
    it is; that is no danger and stops no other point."""
    return Verdict(ruling=Ruling.SHRUNK, point_id=limits.point_id, asked=asked, value=present,
                   reasons=(f"nothing is left of {asked:g}: {narrowed}",))  # fmt: skip


def _refused(limits: PointLimits, asked: float, reasons: list[str]) -> Verdict:
    return Verdict(ruling=Ruling.REFUSED, point_id=limits.point_id, asked=asked, value=None,
                   reasons=tuple(reasons))  # fmt: skip
