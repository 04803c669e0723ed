"""Who has failed to sign in too often: locked for a while, by name and address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

MOST_OF_ONE_NAME = 5
MOST_OF_ONE_ADDRESS = 20
LASTS = timedelta(minutes=15)
_MOST_KEPT = 10_000


@dataclass
class Lockout:
    """Failures of the last quarter of an hour.

    Attributes:
        clock: Gives the present, tz-aware.
    """

    clock: Callable[[], datetime]
    _failures: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def is_locked(self, name: str, address: str) -> bool:
        """Whether somebody has to wait.

        Args:
            name: The name that is tried.
            address: Where from.

        Returns:
            Whether this name from there, or everybody from there, has failed too often.
        """
        with self._lock:
            by_name = len(self._recent((address, name)))
            by_address = len(self._recent((address, "")))
        return by_name >= MOST_OF_ONE_NAME or by_address >= MOST_OF_ONE_ADDRESS

    def failed(self, name: str, address: str) -> None:
        """Count a failure, or a try before it is known to be none.

        Args:
            name: The name that was tried.
            address: Where from.
        """
        with self._lock:
            if len(self._failures) > _MOST_KEPT:
                self._failures = {key: at for key in self._failures if (at := self._recent(key))}
            for key in ((address, name), (address, "")):
                self._failures[key] = [*self._recent(key), self.clock()]

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name that has got in, and the try that was none.

        Args:
            name: The name.
            address: Where from.
        """
        with self._lock:
            self._failures.pop((address, name), None)
            self._failures[address, ""] = self._recent((address, ""))[:-1]

    def _recent(self, key: tuple[str, str]) -> list[datetime]:
        now = self.clock()
        return [at for at in self._failures.get(key, []) if now - at < LASTS]
