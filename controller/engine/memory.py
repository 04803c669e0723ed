"""What the points have held lately: the guard's view of the past."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from controller.guard import Held
from drivers.base import Quality, Reading

# A little more than the guard's sliding hour, so that the value before it is known too.
KEPT = timedelta(minutes=75)


class Memory:
    """Good readings of some points, thinned to changes and one a minute.

    Args:
        point_ids: The points to remember.
    """

    def __init__(self, point_ids: Iterable[str]) -> None:
        self._samples: dict[str, deque[tuple[datetime, float]]] = {
            point_id: deque() for point_id in point_ids
        }

    def remember(self, readings: Mapping[str, Reading]) -> None:
        """Take new readings in; what is not good is left out.

        Args:
            readings: The newest reading of each point.
        """
        for point_id, samples in self._samples.items():
            reading = readings.get(point_id)
            if reading is None or reading.value is None or reading.quality is not Quality.GOOD:
                continue
            if samples and reading.time < samples[-1][0]:
                samples.clear()  # the clock was set back: what is known of the past means nothing
            if samples and reading.time == samples[-1][0]:
                continue
            _add(samples, reading.time, reading.value)

    def held(self, point_id: str) -> Held:
        """Give what a point has held.

        Args:
            point_id: The point.

        Returns:
            Samples, oldest first; empty where nothing is known.
        """
        return tuple(self._samples.get(point_id, ()))


def _add(samples: deque[tuple[datetime, float]], at: datetime, value: float) -> None:
    """Keep the first and the last sample of each stretch of the same value."""
    if len(samples) >= 2 and samples[-1][1] == value == samples[-2][1]:
        samples.pop()
    samples.append((at, value))
    while len(samples) > 1 and samples[1][0] <= at - KEPT:
        samples.popleft()
