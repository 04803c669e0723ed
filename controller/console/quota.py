"""How often somebody may ask the engine: what a person does, not what a program can."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

MOST = 60
WITHIN = timedelta(minutes=1)


class TooOftenError(Exception):
    """Somebody has asked too much in too short a time, or looks with too many pages."""


@dataclass
class Quota:
    """What everybody has asked in the last minute.

    Attributes:
        clock: Gives the present, tz-aware.
    """

    clock: Callable[[], datetime]
    _asked: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, name: str) -> None:
        """Count one more.

        Args:
            name: Who asks; one of the store's users, so that their number is bounded.

        Raises:
            TooOftenError: There were too many within the last minute.
        """
        now = self.clock()
        with self._lock:
            own = self._asked.setdefault(name, deque())
            while own and now - own[0] >= WITHIN:
                own.popleft()
            if len(own) >= MOST:
                raise TooOftenError
            own.append(now)
