"""Whether somebody set the clock, or the process slept: wall clock against monotonic clock."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=5)


class ClockWatch:
    """Compares the two clocks from look to look.

    Args:
        now: The wall clock at the start, tz-aware UTC.
        monotonic_s: The monotonic clock at the same moment, s.
    """

    def __init__(self, now: datetime, monotonic_s: float) -> None:
        self._now = now
        self._monotonic_s = monotonic_s

    def jump(self, now: datetime, monotonic_s: float) -> timedelta | None:
        """Look at both clocks.

        Args:
            now: The wall clock, tz-aware UTC.
            monotonic_s: The monotonic clock, s.

        Returns:
            By how much the wall clock ran ahead since the last look, None where they agree. A
            small drift from look to look is forgotten, as time servers make it.
        """
        ahead = (now - self._now) - timedelta(seconds=monotonic_s - self._monotonic_s)
        self._now, self._monotonic_s = now, monotonic_s
        return ahead if abs(ahead) > TOLERANCE else None
