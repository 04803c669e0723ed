"""The time that the bench gives: an engine on the loopback says until when it is idle."""

import math
import select
import socket
from collections.abc import Callable
from datetime import datetime

MICRO = 1_000_000
NEVER_US = math.inf
LOOK_S = 1.0
PATIENCE_S = 900.0  # a first plan compiles everything, perhaps beside others


class EngineGoneError(Exception):
    """The engine's end of the line has closed."""


class EngineHangsError(Exception):
    """The engine has been at work for longer than anybody waits."""


class ClockServer:
    """One engine's clock.

    Args:
        start: The wall clock at the start, tz-aware.
        alive: Whether the engine's process runs.
    """

    def __init__(self, start: datetime, alive: Callable[[], bool]) -> None:
        self._alive = alive
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._engine: socket.socket | None = None
        self._received = b""
        self.start_us = round(start.timestamp() * MICRO)
        self.now_us = 0
        self.ahead_us = 0  # what somebody set the wall clock by

    @property
    def address(self) -> str:
        """HOST:PORT for `heatwarden run --clock`."""
        host, port = self._listening.getsockname()
        return f"{host}:{port}"

    def idle_until_us(self) -> float:
        """Wait until the engine has nothing to do, and give until when.

        Returns:
            The instant of the monotonic clock, us; infinity where only others can wake it.

        Raises:
            EngineGoneError: It has ended.
            EngineHangsError: It has not become idle within the bench's patience.
        """
        if self._engine is None:
            self._await(self._listening)
            self._engine, _ = self._listening.accept()
            self._engine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._received = b""
        while b"\n" not in self._received:
            self._await(self._engine)
            try:
                more = self._engine.recv(256)
            except OSError:
                more = b""
            if not more:
                self.hang_up()
                raise EngineGoneError
            self._received += more
        line, self._received = self._received.split(b"\n", 1)
        until = line.split()[1]
        return NEVER_US if until == b"never" else float(int(until))

    def tell(self) -> None:
        """Tell the engine what time it is.

        Raises:
            EngineGoneError: It has ended.
        """
        assert self._engine is not None
        wall_us = self.start_us + self.now_us + self.ahead_us
        try:
            self._engine.sendall(f"{self.now_us} {wall_us}\n".encode())
        except OSError as error:
            self.hang_up()
            raise EngineGoneError from error

    def hang_up(self) -> None:
        """Forget the engine; the next one that comes is served."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def close(self) -> None:
        """Serve nobody any more."""
        self.hang_up()
        self._listening.close()

    def _await(self, line: socket.socket) -> None:
        """Wait for something to come on a line, as long as the engine lives."""
        for _ in range(int(PATIENCE_S / LOOK_S)):
            if select.select([line], [], [], LOOK_S)[0]:
                return
            if not self._alive():
                self.hang_up()
                raise EngineGoneError
        raise EngineHangsError(f"nothing heard of the engine for {PATIENCE_S:.0f} s")
