"""A Modbus TCP server of the tests' own on loopback, with chosen faults."""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from tests.drivers.wire import Registers

HANG_UP = b"hang up"
TcpFault = Callable[[bytes, bytes], list[tuple[float, bytes]]]


class Server(threading.Thread):
    """One connection after the other; `faults` as on the serial line."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.port: int = self.listener.getsockname()[1]
        self.registers = Registers()
        self.faults: deque[TcpFault] = deque()
        self.heard: list[bytes] = []
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                with connection:
                    self.serve(connection)

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        while not self.ending.is_set():
            try:
                request = connection.recv(4096)
            except TimeoutError:
                continue
            if not request:
                return
            self.heard.append(request)
            pdu = self.registers.answer(request[7:])
            reply = request[:4] + struct.pack(">HB", len(pdu) + 1, request[6]) + pdu
            fault = self.faults.popleft() if self.faults else None
            for delay_s, piece in [(0.0, reply)] if fault is None else fault(request, reply):
                time.sleep(delay_s)
                if piece == HANG_UP:
                    return
                connection.sendall(piece)


@contextlib.contextmanager
def tcp_server() -> Iterator[Server]:
    """Yield a running server; its `port` is free before."""
    server = Server()
    server.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.join(5)
        server.listener.close()
