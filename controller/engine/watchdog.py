"""A watch over the safety loop: a process in which it hangs ends, and is started anew from INIT."""

import logging
import os
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

PATIENCE_S = 90.0
LOOKS_S = 1.0
# The watch itself was away for so long: the whole process slept, and nobody hung.
SLEPT_S = 10.0
EXIT_CODE = 70


class Watch:
    """Tells a loop that hangs from a process that slept.

    Args:
        now_s: The clock of intervals, s.
    """

    def __init__(self, now_s: float) -> None:
        self._seen_s = now_s
        self._looked_s = now_s

    def pet(self, now_s: float) -> None:
        """Take a sign of life.

        Args:
            now_s: The clock of intervals, s.
        """
        self._seen_s = now_s

    def hangs(self, now_s: float) -> bool:
        """Look, as it is done every second.

        Args:
            now_s: The clock of intervals, s.

        Returns:
            Whether there was no sign of life for too long while the watch was awake.
        """
        if now_s - self._looked_s > SLEPT_S:
            self._seen_s = now_s
        self._looked_s = now_s
        return now_s - self._seen_s > PATIENCE_S


class Watchdog:
    """Ends the process when the safety loop hangs.

    Args:
        monotonic_s: Gives the clock of intervals, s.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._watch = Watch(monotonic_s())
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
        self._thread.start()

    def pet(self) -> None:
        """Give a sign of life."""
        self._watch.pet(self._monotonic_s())

    def stop(self) -> None:
        """End the watch."""
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.wait(LOOKS_S):
            if self._watch.hangs(self._monotonic_s()):
                log.critical("the safety loop has hung for %.0f s; the process ends", PATIENCE_S)
                os._exit(EXIT_CODE)
