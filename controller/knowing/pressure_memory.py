"""What the stations' pressures missed the model by, quarter hour by quarter hour."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from optimizer.model.arrays import FloatArray

STEP = timedelta(minutes=15)
KEPT = timedelta(days=3)
# Means are taken over so long before and after a leak began, of at least so many quarter hours.
COMPARED = timedelta(hours=3)
LEAST_BEFORE, LEAST_AFTER = 4, 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PressureMemory:
    """Remembers measured minus modelled pressures of the last days.

    Args:
        stations: How many stations there are.
    """

    def __init__(self, stations: int) -> None:
        self._nothing = np.full(2 * stations, np.nan)
        self._missed: dict[int, list[FloatArray]] = {}
        self._given = -1

    def remember(self, now: datetime, missed_bar: FloatArray) -> None:
        """Take in what a cycle has shown.

        Args:
            now: tz-aware.
            missed_bar: Of supply then return at each station, NaN where unknown, shape
                (2 stations,).
        """
        if np.isfinite(missed_bar).any():
            self._missed.setdefault(_step(now), []).append(missed_bar)
        oldest = _step(now - KEPT)
        self._missed = {step: rows for step, rows in self._missed.items() if step >= oldest}

    def ended(self, now: datetime) -> dict[datetime, FloatArray]:
        """Give the quarter hours that have ended since this was last asked for.

        Args:
            now: tz-aware.

        Returns:
            Their means by their begin, shape (2 stations,).
        """
        steps = [step for step in self._missed if self._given < step < _step(now)]
        self._given = max(self._given, _step(now) - 1)
        return {_EPOCH + step * STEP: self._mean_of(step) for step in steps}

    def recall(self, quarters: Mapping[datetime, FloatArray]) -> None:
        """Take in quarter hours from before a restart.

        Args:
            quarters: As `ended` gave them; of another number of stations they say nothing.
        """
        self._given = max((_step(begin) for begin in quarters), default=self._given)
        for begin, mean in quarters.items():
            if mean.shape == self._nothing.shape:
                self._missed.setdefault(_step(begin), []).append(mean)

    def change_since(self, began: datetime) -> tuple[FloatArray | None, FloatArray | None]:
        """Say what the pressures missed the model by before an instant, and since.

        Args:
            began: tz-aware.

        Returns:
            Both means, shape (2 stations,); None for one of which too little is known.
        """
        first, wide = _step(began), COMPARED // STEP
        before = self._mean(range(first - wide, first), LEAST_BEFORE)
        return before, self._mean(range(first, first + wide), LEAST_AFTER)

    def _mean(self, steps: range, least: int) -> FloatArray | None:
        each = [self._mean_of(step) for step in steps if step in self._missed]
        return None if len(each) < least else _known_mean(np.array(each), self._nothing)

    def _mean_of(self, step: int) -> FloatArray:
        return _known_mean(np.array(self._missed[step]), self._nothing)


def _step(at: datetime) -> int:
    return (at - _EPOCH) // STEP


def _known_mean(rows: FloatArray, nothing: FloatArray) -> FloatArray:
    """Mean of what is known of each, NaN where nothing is."""
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), nothing))
