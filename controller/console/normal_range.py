"""The usual range of a value: the middle 90 % of what it has been on the last days."""

from datetime import datetime, timedelta

from controller.console.settings import Console
from controller.store.telemetry import readings_of
from drivers.base import Quality

LOOKS_BACK = timedelta(days=3)
LEAST_READINGS = 60
_SHOWN_KINDS = ("plant", "pump", "site")


def normal_ranges(console: Console, now: datetime) -> dict[str, tuple[float, float]]:
    """Find the usual ranges of what the overview shows.

    Args:
        console: The console.
        now: tz-aware.

    Returns:
        P5 and P95 by point; a point with too short a history is left out.

    Raises:
        StoreError: The store failed.
    """
    found = {}
    with console.database.history() as connection:
        for (kind, _, _), point_id in console.point_of.items():
            if kind not in _SHOWN_KINDS:
                continue
            readings = readings_of(connection, point_id, now - LOOKS_BACK, now)
            good = sorted(
                one.value
                for one in readings
                if one.quality is Quality.GOOD and one.value is not None
            )
            if len(good) >= LEAST_READINGS:
                last = len(good) - 1
                found[point_id] = (good[round(0.05 * last)], good[round(0.95 * last)])
    return found
