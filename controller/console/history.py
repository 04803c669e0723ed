"""Measured courses, thin enough to draw: each stretch gives its lowest and its highest value."""

from datetime import datetime, timedelta
from itertools import pairwise

from controller.console.settings import Console
from controller.store.summaries import DAY, QUARTER, Summary, summaries_of, summed_up_to
from controller.store.telemetry import readings_of
from drivers.base import Quality

# Longer courses than these are drawn from days, or from quarter hours.
_BY_SPAN = ((DAY, timedelta(days=120)), (QUARTER, timedelta(days=2)))
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
    span = next((span for span, longest in _BY_SPAN if until - since > longest), None)
    old: list[tuple[datetime, float]] = []
    with console.database.history() as connection:
        if span is not None:
            width = max(-(-(until - since) // (most // 2) // span), 1) * span
            summaries = summaries_of(connection, point_id, span, since, until, width)
            old = [point for one in summaries for point in _ends(one, width / 2)]
        # What is not summed up yet: since the last whole day, or all of a store that is new.
        rest = summed_up_to(connection, point_id, span) if span is not None and old else None
        readings = readings_of(connection, point_id, rest or since, until)
    good = old + [
        (one.time, one.value)
        for one in readings
        if one.quality is Quality.GOOD and one.value is not None
    ]
    return _with_gaps(_peaks(sorted(good), most))


def _ends(one: Summary, half: timedelta) -> list[tuple[datetime, float]]:
    """The lowest and the highest value of a stretch: where in it they were is not known."""
    return [(one.at, one.low), (one.at + half, one.high)]


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
