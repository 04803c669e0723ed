"""A pseudo-terminal with a Modbus slave of the tests' own behind it: real bytes, chosen faults.

Framing and checksum are written again here, so that a mistake in the drivers' does not hide.
"""

import contextlib
import os
import pty
import select
import struct
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Iterator

# What a fault makes of a request and its right reply: pieces to send, each after a delay.
Fault = Callable[[bytes, bytes], list[tuple[float, bytes]]]
BITS_PER_CHAR = 10


def crc(body: bytes) -> bytes:
    register = 0xFFFF
    for byte in body:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xA001 if register & 1 else 0)
    return struct.pack("<H", register)


def framed(body: bytes) -> bytes:
    return body + crc(body)


class Registers:
    """The memory of one device; `holding` and `input` are separate."""

    def __init__(self, size: int = 1000) -> None:
        self.holding = [(7 * i + 3) % 65536 for i in range(size)]
        self.input = [(11 * i + 5) % 65536 for i in range(size)]
        self.coils = [i % 3 == 0 for i in range(size)]
        self.inputs = [i % 5 == 0 for i in range(size)]

    def answer(self, pdu: bytes) -> bytes:
        function, address, third = struct.unpack(">BHH", pdu[:5])
        if function in (1, 2):
            bits = (self.coils if function == 1 else self.inputs)[address : address + third]
            if len(bits) < third:
                return bytes([function | 0x80, 2])
            packed = bytearray((third + 7) // 8)
            for i, bit in enumerate(bits):
                packed[i // 8] |= bit << (i % 8)
            return bytes([function, len(packed)]) + packed
        if function in (3, 4):
            words = (self.holding if function == 3 else self.input)[address : address + third]
            if len(words) < third:
                return bytes([function | 0x80, 2])
            return struct.pack(f">BB{third}H", function, 2 * third, *words)
        return self._written(function, address, third, pdu)

    def _written(self, function: int, address: int, third: int, pdu: bytes) -> bytes:
        if function not in (5, 6, 15, 16):
            return bytes([function | 0x80, 1])
        if address >= len(self.holding):
            return bytes([function | 0x80, 2])
        if function == 5:
            self.coils[address] = third == 0xFF00
        elif function == 6:
            self.holding[address] = third
        elif function == 15:
            for i in range(third):
                self.coils[address + i] = bool(pdu[6 + i // 8] >> (i % 8) & 1)
        else:
            self.holding[address : address + third] = struct.unpack(f">{third}H", pdu[6:])
        return pdu[:5]


class Slave(threading.Thread):
    """Answers requests on the far end of a pseudo-terminal.

    `faults` are used up one per request; `None` in it, or an empty queue, answers rightly.
    `heard` is every request frame, in order. `baudrate` paces the bytes; None sends at once.
    """

    def __init__(self, fd: int, units: dict[int, Registers], baudrate: int | None = None) -> None:
        super().__init__(daemon=True)
        self.fd = fd
        self.units = units
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.heard: list[bytes] = []
        self.char_s = BITS_PER_CHAR / baudrate if baudrate else 0.0
        self._ending = threading.Event()

    def run(self) -> None:
        buffer = b""
        while not self._ending.is_set():
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if not ready:
                buffer = b""  # half a request: a silence ends it
                continue
            try:
                buffer += os.read(self.fd, 4096)
            except OSError:  # nobody has the port open just now
                time.sleep(0.01)
                continue
            arrived_s = time.monotonic()
            while (length := _request_length(buffer)) and len(buffer) >= length:
                request, buffer = buffer[:length], buffer[length:]
                self._hear(request, arrived_s + length * self.char_s)

    def _hear(self, request: bytes, complete_s: float) -> None:
        self.heard.append(request)
        if crc(request[:-2]) != request[-2:] or request[0] not in self.units:
            return
        reply = framed(request[:1] + self.units[request[0]].answer(request[1:-2]))
        fault = self.faults.popleft() if self.faults else self.always
        pieces = [(0.0, reply)] if fault is None else fault(request, reply)
        due_s = complete_s
        for delay_s, piece in pieces:
            due_s += delay_s
            _sleep_until(due_s)
            self.send(piece, due_s)
            due_s += len(piece) * self.char_s

    def send(self, data: bytes, start_s: float) -> None:
        """Send bytes, the last of them when a line that began at `start_s` would be through."""
        if not self.char_s:
            os.write(self.fd, data)
            return
        sent = 0
        while sent < len(data):
            due = min(len(data), int((time.monotonic() - start_s) / self.char_s))
            if due > sent:
                os.write(self.fd, data[sent:due])
                sent = due
            if sent < len(data):
                _sleep_until(start_s + (sent + 1) * self.char_s)

    def unplug(self, after: bytes = b"") -> list[tuple[float, bytes]]:
        """Close the far end for good, after some last bytes; usable as a fault."""
        os.write(self.fd, after)
        time.sleep(0.02)
        self._ending.set()
        os.close(self.fd)
        return []

    def stop(self) -> None:
        self._ending.set()
        self.join(5)


def _sleep_until(instant_s: float) -> None:
    left_s = instant_s - time.monotonic()
    if left_s > 0:
        time.sleep(left_s)


def _request_length(buffer: bytes) -> int:
    if len(buffer) < 8:
        return 0
    return 9 + buffer[6] if buffer[1] in (15, 16) else 8


@contextlib.contextmanager
def slave_on_pty(
    units: dict[int, Registers] | None = None, baudrate: int | None = None
) -> Iterator[tuple[str, Slave]]:
    """Yield a port's name and the slave behind it."""
    near, far = pty.openpty()
    tty.setraw(near)
    tty.setraw(far)
    slave = Slave(near, {1: Registers()} if units is None else units, baudrate)
    slave.start()
    try:
        yield os.ttyname(far), slave
    finally:
        slave.stop()
        for fd in (near, far):
            with contextlib.suppress(OSError):
                os.close(fd)


@contextlib.contextmanager
def joined_ptys() -> Iterator[tuple[str, str]]:
    """Yield the names of two serial ports that are wired to each other."""
    near_a, far_a = pty.openpty()
    near_b, far_b = pty.openpty()
    for fd in (near_a, far_a, near_b, far_b):
        tty.setraw(fd)
    ending = threading.Event()

    def relay() -> None:
        other = {near_a: near_b, near_b: near_a}
        while not ending.is_set():
            for fd in select.select([near_a, near_b], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):
                    os.write(other[fd], os.read(fd, 4096))

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield os.ttyname(far_a), os.ttyname(far_b)
    finally:
        ending.set()
        thread.join(5)
        for fd in (near_a, far_a, near_b, far_b):
            os.close(fd)
