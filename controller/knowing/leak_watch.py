"""Make-up water watched from cycle to cycle: a lasting rise is an alarm."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from controller.alarms.board import Cause
from controller.site import Site
from controller.store.database import Database
from controller.store.telemetry import readings_of
from drivers.base import Quality, Reading
from optimizer.estimate.leaks import notice_leak
from optimizer.model.arrays import FloatArray

STEP = timedelta(minutes=15)
LOOKED_BACK = timedelta(days=3)
QUANTITY = "makeup_m3_h"


def leak_causes(site: Site, database: Database, now: datetime) -> tuple[Cause, ...]:
    """Look for leaks in the make-up water of the last days.

    Args:
        site: The site.
        database: The store.
        now: tz-aware UTC.

    Returns:
        One cause for each make-up meter that has risen for good.

    Raises:
        StoreError: The store failed.
    """
    found = []
    for point in site.points:
        if point.quantity != QUANTITY:
            continue
        with database.history() as connection:
            readings = readings_of(connection, point.point_id, now - LOOKED_BACK, now)
        leak = notice_leak(quarter_hours(readings, now))
        if leak is not None:
            began = now - LOOKED_BACK + STEP * leak.began
            detail = f"{leak.size_m3_h:+.2f} m3/h since {began:%Y-%m-%d %H:%M}Z"
            found.append(Cause(code="leak_suspected", source=point.point_id, detail=detail))
    return tuple(found)


def quarter_hours(readings: Sequence[Reading], now: datetime) -> FloatArray:
    """Means of quarter hours up to an instant.

    Args:
        readings: Readings of one point.
        now: tz-aware.

    Returns:
        NaN where nothing good was read, shape (steps,).
    """
    steps = int(LOOKED_BACK / STEP)
    total, count = np.zeros(steps), np.zeros(steps)
    for one in readings:
        step = int((one.time - (now - LOOKED_BACK)) / STEP)
        if one.quality is Quality.GOOD and one.value is not None and 0 <= step < steps:
            total[step] += one.value
            count[step] += 1.0
    return np.asarray(np.where(count > 0.0, total / np.maximum(count, 1.0), np.nan))
