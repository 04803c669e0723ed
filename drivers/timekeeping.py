"""Time as the owners of buses and the engine see it: two clocks, waiting, and their threads.

Whoever waits for anything but bytes does it through a timekeeper, so that a bench can let days
pass in minutes while the program stays the same. Timeouts of bytes on a wire are real time always.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from drivers.base import utc_now


class Event(Protocol):
    """What `threading.Event` does."""

    def is_set(self) -> bool:
        """Whether it has been set."""
        ...

    def set(self) -> None:
        """Set it, from any thread or from a signal's handler."""
        ...

    def clear(self) -> None:
        """Forget that it was set."""
        ...

    def wait(self, timeout: float | None = None, /) -> bool:
        """Wait until it is set, at most so many seconds; give whether it is."""
        ...


class Worker(Protocol):
    """What a started `threading.Thread` does."""

    def join(self, timeout: float | None = None, /) -> None:
        """Wait until the work is done, at most so many seconds."""
        ...


class Timekeeper(Protocol):
    """The clocks, and the threads and events that live by them."""

    def now(self) -> datetime:
        """Give the wall clock, tz-aware UTC."""
        ...

    def monotonic_s(self) -> float:
        """Give the clock of intervals, s."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        ...

    def event(self) -> Event:
        """Make an event that can be waited for."""
        ...

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Start work in a thread of its own that does not keep the process alive."""
        ...

    def attend(self, happened: Callable[[float], bool], patience_s: float) -> bool:
        """Wait for something of the real world, such as another process's answer.

        Args:
            happened: Waits for it so many real seconds at most; gives whether it has happened.
            patience_s: The longest wait, real seconds.

        Returns:
            Whether it has happened.
        """
        ...


class WallTime:
    """The machine's own clocks and threads."""

    def now(self) -> datetime:
        """Give the wall clock, tz-aware UTC."""
        return utc_now()

    def monotonic_s(self) -> float:
        """Give the clock of intervals, s."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)

    def event(self) -> Event:
        """Make an event."""
        return threading.Event()

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Start work in a thread of its own."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread

    def attend(self, happened: Callable[[float], bool], patience_s: float) -> bool:
        """Wait for something of the real world."""
        return happened(patience_s)


WALL_TIME = WallTime()
