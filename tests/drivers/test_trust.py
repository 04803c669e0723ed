"""What is believed and what is not."""

from datetime import UTC, datetime, timedelta

import pytest

from drivers.base import Quality
from drivers.profiles import Tag
from drivers.trust import Judged, Sample, agree, judge, written_as_read

NOW = datetime(2026, 1, 4, 8, 0, tzinfo=UTC)


def tag(**changes: object) -> Tag:
    settings: dict[str, object] = {
        "name": "temp", "registers": None, "field": "supply_temp", "scale": 0.1, "offset": 0.0,
        "unit": "degC", "min_value": -20.0, "max_value": 160.0, "writable": False, "poll_s": 5.0,
        "dead_band": 0.2, "sentinels": (32767.0,), "max_rate_per_s": 1.0, "stuck_after_s": 600.0,
    }  # fmt: skip
    return Tag(**(settings | changes))  # type: ignore[arg-type]


def samples(*raw: float | None) -> tuple[Sample, ...]:
    return tuple(Sample(raw=r, time=NOW) for r in raw)


def good(value: float, *, ago_s: float, steady_s: float = 0.0) -> Judged:
    time = NOW - timedelta(seconds=ago_s)
    return Judged(value=value, time=time, quality=Quality.GOOD,
                  steady_since=time - timedelta(seconds=steady_s))  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "before", "quality", "value"),
    [
        ((905, 905), None, Quality.GOOD, 90.5),
        ((905, 907), None, Quality.GOOD, 90.7),
        ((905, 908), None, Quality.DISAGREEING, 90.8),
        ((905,), None, Quality.UNCONFIRMED, 90.5),
        ((32767, 32767), None, Quality.SENTINEL, None),
        ((905, 32767), None, Quality.SENTINEL, None),
        ((float("nan"), float("nan")), None, Quality.SENTINEL, None),
        ((float("inf"), 905), None, Quality.SENTINEL, None),
        ((None, None), None, Quality.MISSING, None),
        ((1601, 1601), None, Quality.OUT_OF_RANGE, 160.1),
        ((-201, -201), None, Quality.OUT_OF_RANGE, -20.1),
        ((905, 905), good(85.0, ago_s=10), Quality.GOOD, 90.5),
        ((905, 905), good(85.0, ago_s=5), Quality.TOO_FAST, 90.5),
        ((905, 905), good(60.0, ago_s=60), Quality.GOOD, 90.5),
        ((905, 905), good(90.5, ago_s=5, steady_s=600), Quality.STUCK, 90.5),
        ((905, 905), good(90.5, ago_s=5, steady_s=500), Quality.GOOD, 90.5),
        ((906, 906), good(90.5, ago_s=5, steady_s=900), Quality.GOOD, 90.6),
    ],
)
def test_judgement(
    raw: tuple[float | None, ...], before: Judged | None, quality: Quality, value: float | None
) -> None:
    judged = judge(tag(), samples(*raw), before)
    assert (judged.quality, judged.value) == (quality, value)
    assert (judged.detail == "") == (quality is Quality.GOOD or quality is Quality.MISSING)


def test_a_single_read_that_agrees_with_the_poll_before_is_good() -> None:
    judged = judge(tag(), samples(905), good(90.5, ago_s=5), confirmed=True)
    assert judged.quality is Quality.GOOD


def test_without_a_dead_band_reads_agree_within_a_hundredth_of_the_range() -> None:
    loose = tag(dead_band=None)
    assert agree(loose, 90.0, 91.8)
    assert not agree(loose, 90.0, 91.9)


@pytest.mark.parametrize(
    ("written", "read", "same"),
    [(90.0, 90.0, True), (90.04, 90.0, True), (90.0, 90.1, False), (90.0, 89.9, False)],
)
def test_a_readback_matches_up_to_the_device_s_step(
    written: float, read: float, same: bool
) -> None:
    assert written_as_read(tag(), written, read) is same
