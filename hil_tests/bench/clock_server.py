"""The time that the bench gives: an engine on the loopback says until when it is idle."""

import contextlib
import math
import queue
import socket
import threading
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
    """One engine's clock; others may ask what time it is.

    Args:
        start: The wall clock at the start, tz-aware.
        alive: Whether the engine's process runs.
        paced: Whether it keeps pace with real time.
    """

    def __init__(self, start: datetime, alive: Callable[[], bool], *, paced: bool = False) -> None:
        self._alive = alive
        self._paced = paced
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._engine: socket.socket | None = None
        # What engines say, with the line it came on; None when that has closed.
        self._said: queue.Queue[tuple[socket.socket, bytes | None]] = queue.Queue()
        self.start_us = round(start.timestamp() * MICRO)
        self.now_us = 0
        self.ahead_us = 0  # what somebody set the wall clock by
        threading.Thread(target=self._accept, daemon=True).start()

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
        for _ in range(int(PATIENCE_S / LOOK_S)):
            try:
                line, said = self._said.get(timeout=LOOK_S)
            except queue.Empty:
                if self._alive():
                    continue
                self.hang_up()
                raise EngineGoneError from None
            if said is None:
                if line is self._engine or not self._alive():
                    self.hang_up()
                    raise EngineGoneError
                continue  # an engine that was killed long ago
            self._engine = line
            until = said.split()[1]
            return NEVER_US if until == b"never" else float(int(until))
        raise EngineHangsError(f"nothing heard of the engine for {PATIENCE_S:.0f} s")

    def tell(self) -> None:
        """Tell the engine what time it is.

        Raises:
            EngineGoneError: It has ended.
        """
        assert self._engine is not None
        try:
            self._engine.sendall(self._time())
        except OSError as error:
            self.hang_up()
            raise EngineGoneError from error

    def hang_up(self) -> None:
        """Forget the engine; the next one that comes is served."""
        if self._engine is not None:
            with contextlib.suppress(OSError):
                self._engine.shutdown(socket.SHUT_RDWR)
            self._engine = None

    def close(self) -> None:
        """Serve nobody any more."""
        self.hang_up()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _time(self) -> bytes:
        wall_us = self.start_us + self.now_us + self.ahead_us
        paced = " paced" if self._paced else ""
        return f"{self.now_us} {wall_us}{paced}\n".encode()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._hear, args=(line,), daemon=True).start()

    def _hear(self, line: socket.socket) -> None:
        """Pass on what an engine says; answer those who only ask."""
        is_engine = False
        with contextlib.suppress(OSError), line.makefile("rb") as lines:
            for said in lines:
                if said.startswith(b"idle "):
                    is_engine = True
                    self._said.put((line, said))
                else:
                    line.sendall(self._time())
        if is_engine:
            self._said.put((line, None))
        line.close()
