"""Whether a value may be believed: agreement, range, sentinels, rate of change, stuck sensors."""

import math
from dataclasses import dataclass, replace
from datetime import datetime

from drivers.base import Quality
from drivers.profiles import Tag


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One read of a tag: `raw` as the device gave it (None: it gave none), at `time` (UTC)."""

    raw: float | None
    time: datetime
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A believed or disbelieved value in the tag's unit, and what the next judgement needs.

    `value` is None where there is no number at all. `steady_since` is when the value last moved.
    """

    value: float | None
    time: datetime
    quality: Quality
    detail: str = ""
    steady_since: datetime | None = None


def scaled(tag: Tag, raw: float) -> float:
    """Turn a raw number into the tag's unit.

    Args:
        tag: The tag.
        raw: As the device gave it.

    Returns:
        raw * scale + offset, free of binary dust where the scale is a decimal fraction.
    """
    value = raw * tag.scale + tag.offset
    return round(value, 12) if abs(value) < 1e6 else value


def judge(
    tag: Tag, samples: tuple[Sample, ...], before: Judged | None, *, confirmed: bool = False
) -> Judged:
    """Judge the reads of one tag.

    Args:
        tag: Its range, rate, sentinels and dead band.
        samples: One read, or two that must agree; the last is the value.
        before: The last judgement with a good value, if any.
        confirmed: Whether a single read counts as confirmed, because the one before it agreed.

    Returns:
        The value with its quality.
    """
    last = samples[-1]
    numbers = []
    for sample in samples:
        if sample.raw is None:
            return Judged(value=None, time=last.time, quality=Quality.MISSING,
                          detail=sample.detail)  # fmt: skip
        if sample.raw in tag.sentinels or not math.isfinite(sample.raw):
            detail = f"{tag.name} reads {sample.raw}, which means no value"
            return Judged(value=None, time=last.time, quality=Quality.SENTINEL, detail=detail)
        numbers.append(scaled(tag, sample.raw))
    value = numbers[-1]
    quality, detail = _verdict(tag, numbers, last.time, before, confirmed)
    moved = before is None or before.value is None or value != before.value
    steady_since = last.time if moved or before is None else before.steady_since
    judged = Judged(
        value=value, time=last.time, quality=quality, detail=detail, steady_since=steady_since
    )
    return _unless_stuck(tag, judged)


def agree(tag: Tag, one: float, other: float) -> bool:
    """Whether two reads of a tag say the same.

    Args:
        tag: Its dead band, or else its range.
        one: In the tag's unit.
        other: In the tag's unit.

    Returns:
        Whether they differ by no more than the dead band, or 1 % of the range without one.
    """
    return abs(one - other) <= tag.agreement * (1 + 1e-9)


def written_as_read(tag: Tag, written: float, read: float) -> bool:
    """Whether a readback shows what was written, up to the device's resolution.

    Args:
        tag: What was written.
        written: In the tag's unit.
        read: In the tag's unit.

    Returns:
        Whether the two are the same step of the device's number.
    """
    slack = 0.5 * tag.resolution + 1e-6 * max(1.0, abs(written))
    return abs(written - read) <= slack


def _verdict(
    tag: Tag, values: list[float], now: datetime, before: Judged | None, confirmed: bool
) -> tuple[Quality, str]:
    """The first reason not to believe the value, else GOOD or UNCONFIRMED."""
    value = values[-1]
    for one in values[:-1]:
        if not agree(tag, one, value):
            return Quality.DISAGREEING, f"two reads gave {one:g} and {value:g} {tag.unit}"
    if not tag.min_value <= value <= tag.max_value:
        return (
            Quality.OUT_OF_RANGE,
            f"{value:g} is not between {tag.min_value:g} and {tag.max_value:g} {tag.unit}",
        )
    if tag.max_rate_per_s is not None and before is not None and before.value is not None:
        elapsed_s = max((now - before.time).total_seconds(), 1e-3)
        change = abs(value - before.value)
        if change > tag.max_rate_per_s * elapsed_s + tag.agreement:
            return (
                Quality.TOO_FAST,
                f"moved by {change:g} {tag.unit} in {elapsed_s:.1f} s; at most "
                f"{tag.max_rate_per_s:g} per s",
            )
    if len(values) < 2 and not confirmed:
        return Quality.UNCONFIRMED, "read once only"
    return Quality.GOOD, ""


def _unless_stuck(tag: Tag, judged: Judged) -> Judged:
    if tag.stuck_after_s is None or judged.steady_since is None:
        return judged
    steady_s = (judged.time - judged.steady_since).total_seconds()
    if judged.quality is not Quality.GOOD or steady_s <= tag.stuck_after_s:
        return judged
    return replace(
        judged,
        quality=Quality.STUCK,
        detail=f"has not moved for {steady_s:.0f} s; at most {tag.stuck_after_s:.0f} s",
    )
