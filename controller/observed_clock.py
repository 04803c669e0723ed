"""The time that a bench gives, for those who only look: the console of a simulated plant."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE_S = 2.0
GOOD_FOR_S = 0.1


class ObservedClock:
    """A clock that follows the time service of `heatwarden run --clock`; any thread may ask it.

    Args:
        address: HOST:PORT of the service.

    Raises:
        OSError: Nobody answers there.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._line = socket.create_connection((host, int(port)), PATIENCE_S)
        self._lines = self._line.makefile("rb")
        self._turn = threading.Lock()
        self._asked_s = float("-inf")
        self._seen = EPOCH

    def __call__(self) -> datetime:
        """Give the wall clock, tz-aware UTC; it stands still once the service has gone."""
        with self._turn:
            if time.monotonic() - self._asked_s >= GOOD_FOR_S:
                self._asked_s = time.monotonic()
                self._ask()
            return self._seen

    def _ask(self) -> None:
        try:
            self._line.sendall(b"now\n")
            told = self._lines.readline().split()
        except OSError:
            return
        if len(told) >= 2:
            self._seen = EPOCH + timedelta(microseconds=int(told[1]))
