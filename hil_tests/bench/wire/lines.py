"""Where slaves are reached: a pseudo-terminal, a serial adapter, a socket, a TCP server.

In real time characters are paced to the baud rate; in lockstep the bytes are real and their time
is not slept.
"""

import contextlib
import os
import select
import socket
import threading
import time
from pathlib import Path

from hil_tests.bench.wire.bus import Pieces, SlaveBus

BITS_PER_CHAR = 11
HALF_A_REQUEST_S = 0.05


class PtyLine:
    """A bus behind a pseudo-terminal, found under a name that stays when it is unplugged.

    Args:
        bus: Who answers.
        path: The name that the engine opens.
        baudrate: Paces the bytes; None sends at once.
    """

    def __init__(self, bus: SlaveBus, path: Path, baudrate: int | None = None) -> None:
        self._bus = bus
        self.path = path
        self._char_s = BITS_PER_CHAR / baudrate if baudrate else 0.0
        self._ending = threading.Event()
        self._near, self._far = -1, -1
        self._thread: threading.Thread | None = None
        self.plug()

    @property
    def port(self) -> str:
        """What the engine opens."""
        return str(self.path)

    def plug(self) -> None:
        """Put the cable in."""
        import pty
        import tty

        self._near, self._far = pty.openpty()
        tty.setraw(self._near)
        tty.setraw(self._far)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._far))
        self._ending.clear()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable: whoever has the port open sees it go."""
        if self._thread is None:
            return
        self._ending.set()
        self._thread.join()
        self._thread = None
        self.path.unlink(missing_ok=True)
        for descriptor in (self._near, self._far):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def close(self) -> None:
        """End."""
        self.unplug()

    def _serve(self) -> None:
        buffer = b""
        while not self._ending.is_set():
            patience_s = HALF_A_REQUEST_S if buffer else 0.2
            ready, _, _ = select.select([self._near], [], [], patience_s)
            if not ready:
                buffer = b""
                continue
            with contextlib.suppress(OSError):
                buffer += os.read(self._near, 4096)
            while (length := self._bus.request_length(buffer)) and len(buffer) >= length:
                request, buffer = buffer[:length], buffer[length:]
                began_s = time.monotonic() + length * self._char_s
                self._send(self._bus.answer_serial(request), began_s)

    def _send(self, pieces: Pieces, due_s: float) -> None:
        for delay_s, piece in pieces:
            due_s += delay_s
            _sleep_until(due_s)
            if not self._char_s:
                os.write(self._near, piece)
                continue
            for byte in piece:  # the last bit leaves when its time is up
                due_s += self._char_s
                _sleep_until(due_s)
                os.write(self._near, bytes([byte]))


class TcpLine:
    """A bus behind a Modbus TCP server on the loopback, or RTU frames behind a plain socket.

    Args:
        bus: Who answers.
        rtu: Whether RTU frames are spoken on it (`socket://` where there is no pseudo-terminal).
        port: A port to listen on; any when 0.
    """

    def __init__(self, bus: SlaveBus, *, rtu: bool = False, port: int = 0) -> None:
        self._bus = bus
        self._rtu = rtu
        self._listening = socket.create_server(("127.0.0.1", port))
        self.host, self.tcp_port = self._listening.getsockname()
        self._connected: set[socket.socket] = set()
        self._plugged = True
        self._ending = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> str:
        """What the engine opens where RTU is spoken."""
        return f"socket://{self.host}:{self.tcp_port}"

    def plug(self) -> None:
        """Put the cable in."""
        self._plugged = True

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged = False
        for connection in list(self._connected):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End."""
        self._ending = True
        self.unplug()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while not self._ending:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            if not self._plugged:
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._connected.add(connection)
        buffer = b""
        with contextlib.suppress(OSError), connection:
            while more := connection.recv(4096):
                buffer += more
                while (length := self._length(buffer)) and len(buffer) >= length:
                    request, buffer = buffer[:length], buffer[length:]
                    answer = self._bus.answer_serial if self._rtu else self._bus.answer_tcp
                    due_s = time.monotonic()
                    for delay_s, piece in answer(request):
                        due_s += delay_s
                        _sleep_until(due_s)
                        connection.sendall(piece)
        self._connected.discard(connection)

    def _length(self, buffer: bytes) -> int:
        if self._rtu:
            return self._bus.request_length(buffer)
        return 6 + int.from_bytes(buffer[4:6]) if len(buffer) >= 8 else 0


class SerialLine:
    """A bus behind a real adapter.

    Args:
        bus: Who answers.
        port: The adapter's port, such as /dev/ttyUSB0; the engine has the other end of the cable.
        baudrate: Bits per second.
        parity: N, E or O.
        stop_bits: 1 or 2.
    """

    def __init__(
        self, bus: SlaveBus, port: str, *, baudrate: int, parity: str, stop_bits: float
    ) -> None:
        import serial

        self._bus = bus
        self._serial = serial.serial_for_url(
            port, baudrate=baudrate, parity=parity, stopbits=stop_bits, timeout=HALF_A_REQUEST_S
        )
        self.port = port
        self._plugged = True
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def plug(self) -> None:
        """Answer again."""
        self._plugged = True

    def unplug(self) -> None:
        """Fall silent: the cable itself is in somebody's hand."""
        self._plugged = False

    def close(self) -> None:
        """End."""
        self._ending.set()
        self._thread.join()
        self._serial.close()

    def _serve(self) -> None:
        buffer = b""
        while not self._ending.is_set():
            more = self._serial.read(max(1, self._serial.in_waiting))
            buffer = buffer + more if more else b""
            while (length := self._bus.request_length(buffer)) and len(buffer) >= length:
                request, buffer = buffer[:length], buffer[length:]
                if self._plugged:
                    for delay_s, piece in self._bus.answer_serial(request):
                        time.sleep(delay_s)
                        self._serial.write(piece)


Line = PtyLine | TcpLine | SerialLine


def _sleep_until(instant_s: float) -> None:
    left_s = instant_s - time.monotonic()
    if left_s > 0:
        time.sleep(left_s)
