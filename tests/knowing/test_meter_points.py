"""Which readings say something of now."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from controller.knowing.meter_points import CLOCKS_APART, FRESH, MeterPoints
from drivers.base import Quality, Reading

NOW = datetime(2026, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "quality", "counts"),
    [
        (timedelta(0), Quality.GOOD, True),
        (timedelta(0), Quality.DISAGREEING, False),
        (FRESH, Quality.GOOD, True),
        (FRESH + SECOND, Quality.GOOD, False),
        (-CLOCKS_APART, Quality.GOOD, True),  # no two clocks show the same
        (-CLOCKS_APART - SECOND, Quality.GOOD, False),
        (-timedelta(days=1), Quality.GOOD, False),
    ],
)
def test_a_reading_counts_by_its_age(age: timedelta, quality: Quality, counts: bool) -> None:
    one = Reading(point_id="S1.supply", value=71.5, time=NOW - age, quality=quality)
    said = MeterPoints.now("S1.supply", {"S1.supply": one}, NOW)
    assert bool(np.isfinite(said)) == counts
