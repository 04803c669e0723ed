"""Time that another process gives: `heatwarden run SITE --clock HOST:PORT`.

The engine's threads take turns, one at a time and always in the same order, and only when all of
them wait does time go on: the process then tells the time service until when it has nothing to do,
and goes on when the service says what time it is. So days pass in minutes, a plan takes no time at
all, and the same readings give the same run.

Lines on the socket, numbers in whole microseconds: `idle MONOTONIC` or `idle never` from here,
`MONOTONIC UNIX` from the service, which may answer with an earlier time than the one asked for.
A third word, `paced`, says that it keeps pace with real time: then time goes on beside a plan.
`now` asks without being idle: `controller/observed_clock.py`, for those who only look.
"""

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from drivers.timekeeping import Event, Worker

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXIT_CLOCK_LOST = 71
MICRO = 1_000_000
NEVER = math.inf
ATTENDED_EVERY_S = 1.0


def local_address(text: str) -> tuple[str, int]:
    """Read the address of a time service: nobody else's clock may drive a plant.

    Args:
        text: HOST:PORT.

    Returns:
        Host and port.

    Raises:
        ValueError: It is no such address, or not one of this machine.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is no HOST:PORT")
    if host not in ("127.0.0.1", "localhost"):
        raise ValueError(f"{host!r} is not this machine; only 127.0.0.1 may give the time")
    return host, int(port)


class TimeService:
    """The line to the process that gives the time.

    Args:
        address: Its host and port.

    Raises:
        OSError: Nobody answers there.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self._socket.makefile("rb")

    def close(self) -> None:
        """End the connection."""
        self._lines.close()
        self._socket.close()

    def idle_until(self, monotonic_us: float) -> tuple[int, int, bool]:
        """Say that nothing is to be done until an instant, and wait for the time to be told.

        Args:
            monotonic_us: The instant, of the monotonic clock; infinity where only others can
                give something to do.

        Returns:
            The monotonic clock and the wall clock, us, and whether they keep pace with real time.

        Raises:
            OSError: The service has gone.
        """
        until = "never" if monotonic_us == NEVER else str(int(monotonic_us))
        self._socket.sendall(f"idle {until}\n".encode())
        told = self._lines.readline().split()
        if len(told) < 2:
            raise ConnectionError("the time service has gone")
        return int(told[0]), int(told[1]), told[2:] == [b"paced"]


@dataclass(eq=False)
class _Turn:
    """A thread that takes turns; `due_us` and `awaited` say what it waits for."""

    number: int
    due_us: float = 0.0
    awaited: "_Event | None" = None
    given: threading.Event = field(default_factory=threading.Event)


class _Event:
    """An event of lockstep; setting it is safe from anywhere and is seen at the next turn."""

    def __init__(self, keeper: "Lockstep") -> None:
        self._keeper = keeper
        self._is_set = False

    def is_set(self) -> bool:
        """Whether it has been set."""
        return self._is_set

    def set(self) -> None:
        """Set it."""
        self._is_set = True

    def clear(self) -> None:
        """Forget that it was set."""
        self._is_set = False

    def wait(self, timeout: float | None = None, /) -> bool:
        """Wait until it is set, at most so many seconds."""
        if not self._is_set:
            self._keeper.pass_turn(self, NEVER if timeout is None else timeout)
        return self._is_set


class _Worker:
    """Work in a thread that takes turns."""

    def __init__(self, done: Event) -> None:
        self._done = done

    def join(self, timeout: float | None = None, /) -> None:
        """Wait until the work is done, at most so many seconds."""
        self._done.wait(timeout)


class Lockstep:
    """A timekeeper that follows a time service; made by the thread that has the first turn.

    Args:
        service: Gives the time.

    Raises:
        OSError: The service has gone.
    """

    def __init__(self, service: TimeService) -> None:
        self._service = service
        self._monotonic_us, self._wall_us, self._is_paced = service.idle_until(0)
        self._turns = 0
        self._waiting: list[_Turn] = []
        self._own = threading.local()
        self._own.turn = self._new_turn()

    def now(self) -> datetime:
        """Give the wall clock, tz-aware UTC."""
        return EPOCH + timedelta(microseconds=self._wall_us)

    def monotonic_s(self) -> float:
        """Give the clock of intervals, s."""
        return self._monotonic_us / MICRO

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.event().wait(seconds)

    def event(self) -> Event:
        """Make an event."""
        return _Event(self)

    def start(self, work: Callable[[], None], name: str) -> Worker:
        """Start work in a thread that takes its first turn when this one next waits."""
        done = self.event()
        turn = self._new_turn()
        turn.due_us = self._monotonic_us
        self._waiting.append(turn)

        def take_turns() -> None:
            self._own.turn = turn
            turn.given.wait()
            try:
                work()
            finally:
                done.set()
                self._next().given.set()

        threading.Thread(target=take_turns, name=name, daemon=True).start()
        return _Worker(done)

    def attend(self, happened: Callable[[float], bool], patience_s: float) -> bool:
        """Wait for something of the real world: while time stands, or in turns where it goes on."""
        if not self._is_paced:
            return happened(patience_s)
        give_up_s = time.monotonic() + patience_s
        while not happened(0.0):
            if time.monotonic() > give_up_s:
                return False
            self.sleep(ATTENDED_EVERY_S)
        return True

    def pass_turn(self, awaited: _Event, seconds: float) -> None:
        """Let others go on until something is set or so many seconds have passed.

        Args:
            awaited: What ends the wait.
            seconds: The longest wait, s; may be infinite.
        """
        turn: _Turn = self._own.turn
        turn.due_us = self._monotonic_us + max(0.0, _whole(seconds * MICRO))
        turn.awaited = awaited
        turn.given.clear()
        self._waiting.append(turn)
        chosen = self._next()
        if chosen is not turn:
            chosen.given.set()
            turn.given.wait()

    def _new_turn(self) -> _Turn:
        self._turns += 1
        return _Turn(self._turns)

    def _next(self) -> _Turn:
        """Choose who goes on, letting time pass where nobody can."""
        while True:
            ready = [
                (min(turn.due_us, self._monotonic_us), turn.number, turn)
                for turn in self._waiting
                if turn.due_us <= self._monotonic_us
                or (turn.awaited is not None and turn.awaited.is_set())
            ]
            if ready:
                chosen = min(ready, key=lambda one: one[:2])[2]
                self._waiting.remove(chosen)
                return chosen
            self._let_pass(min((turn.due_us for turn in self._waiting), default=NEVER))

    def _let_pass(self, until_us: float) -> None:
        """Ask the service for the time; without it the process can only end, as values stay."""
        try:
            self._monotonic_us, self._wall_us, _ = self._service.idle_until(until_us)
        except OSError as error:
            log.critical("%s; the process ends, the last values stay", error)
            os._exit(EXIT_CLOCK_LOST)


def _whole(microseconds: float) -> float:
    """Round up to a whole microsecond, so that who waited is never a hair too early."""
    return microseconds if microseconds == NEVER else math.ceil(microseconds - 1e-3)
