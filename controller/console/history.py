"""Measured courses, thin enough to draw: each stretch gives its lowest and its highest value."""

from datetime import datetime
from itertools import pairwise

from controller.console.settings import Console
from controller.store.telemetry import readings_of
from drivers.base import Quality

# A longer silence than this many usual distances is shown as a gap.
_GAP = 6.0

Points = list[tuple[datetime, float | None]]


def thinned(console: Console, point_id: str, since: datetime, until: datetime, most: int) -> Points:
    """Give a point's good readings, at most so many.

    Args:
        console: The console.
        point_id: The point.
        since: First instant, tz-aware.
        until: The instant before which it ends, tz-aware.
        most: How many points at most; nothing is averaged away, peaks stay.

    Returns:
        Instants and values in order; None where nothing was measured for long.

    Raises:
        StoreError: The store failed.
    """
    with console.database.history() as connection:
        readings = readings_of(connection, point_id, since, until)
    good = [
        (one.time, one.value)
        for one in readings
        if one.quality is Quality.GOOD and one.value is not None
    ]
    return _with_gaps(_peaks(good, most))


def _peaks(points: list[tuple[datetime, float]], most: int) -> list[tuple[datetime, float]]:
    if len(points) <= most:
        return points
    size = -(-len(points) // max(most // 2, 1))
    kept: list[tuple[datetime, float]] = []
    for i in range(0, len(points), size):
        part = points[i : i + size]
        ends = {min(part, key=lambda one: one[1]), max(part, key=lambda one: one[1])}
        kept += sorted(ends)
    return kept


def _with_gaps(points: list[tuple[datetime, float]]) -> Points:
    if len(points) < 3:
        return [*points]
    distances = sorted(b[0] - a[0] for a, b in pairwise(points))
    longest = distances[len(distances) // 2] * _GAP
    found: Points = [points[0]]
    for before, after in pairwise(points):
        if after[0] - before[0] > longest:
            found.append((before[0] + (after[0] - before[0]) / 2, None))
        found.append(after)
    return found
