"""A Modbus TCP master behind the same face as the RTU one.

Here each reply carries its request's transaction number, so a late one is known by it.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b (2006), section 3.1.3 (MBAP header).
"""

import socket
import struct
import threading
import time

from drivers.base import BadRequest, GarbledReply, NoReply, PortLost, UnknownOutcome
from drivers.modbus.master import ModbusMaster
from drivers.modbus.pdu import Request, decode_reply, encode_request

DEFAULT_PORT = 502
HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), bytes that follow, unit
LONGEST_PDU = 253
CONNECT_TIMEOUT_S = 3.0


class TcpMaster(ModbusMaster):
    """The master of one Modbus TCP server or gateway.

    Args:
        host: Name or address.
        port: TCP port.
        timeout_s: How long a reply may take, s.
        retries: How often a read is repeated.
    """

    def __init__(
        self, host: str, port: int = DEFAULT_PORT, *, timeout_s: float = 1.0, retries: int = 1
    ) -> None:
        super().__init__(retries=retries)
        self.host = host
        self.port = port
        self.timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._transaction = 0
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        """Host and port, for people."""
        return f"{self.host}:{self.port}"

    def open(self) -> None:
        """Connect; does nothing where the connection stands.

        Raises:
            PortLost: There is nobody to connect to.
        """
        if self._socket is not None:
            return
        try:
            self._socket = socket.create_connection(
                (self.host, self.port), timeout=max(CONNECT_TIMEOUT_S, self.timeout_s)
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError, OverflowError) as error:
            raise PortLost(
                f"{self.name} can not be reached: {error}; check address, port and network"
            ) from error

    def close(self) -> None:
        """Close the connection; one that is already gone counts as closed."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _transact(self, unit: int, request: Request) -> tuple[int, ...]:
        if not 0 <= unit <= 255:
            raise BadRequest(f"unit {unit} is not between 0 and 255")
        with self._turn:
            self._drop_if_ended()
            self.open()
            try:
                return self._exchange(unit, request)
            except (NoReply, GarbledReply, PortLost) as error:
                if not isinstance(error, NoReply):
                    self.close()
                if request.is_write:
                    raise UnknownOutcome(f"unit {unit}: {error}; read it back") from error
                raise

    def _exchange(self, unit: int, request: Request) -> tuple[int, ...]:
        self._transaction = self._transaction % 0xFFFF + 1
        body = encode_request(request)
        deadline_s = time.monotonic() + self.timeout_s
        self._send(HEADER.pack(self._transaction, 0, len(body) + 1, unit) + body)
        while True:
            transaction, from_unit, reply = self._receive(deadline_s)
            if transaction != self._transaction:
                self.counts.late += 1
                continue
            if from_unit != unit:
                raise GarbledReply(f"a reply from unit {from_unit} instead of {unit}")
            return decode_reply(request, reply)

    def _receive(self, deadline_s: float) -> tuple[int, int, bytes]:
        """Receive one reply: its transaction number, unit and PDU."""
        transaction, protocol, length, unit = HEADER.unpack(self._take(HEADER.size, deadline_s))
        if protocol != 0 or not 2 <= length - 1 <= LONGEST_PDU:
            raise GarbledReply(f"{self.name} does not speak Modbus TCP")
        try:
            return transaction, unit, self._take(length - 1, deadline_s)
        except NoReply as error:
            raise GarbledReply(f"{self.name} stopped in the middle of a reply") from error

    def _take(self, count: int, deadline_s: float) -> bytes:
        """Receive exactly so many bytes before the deadline."""
        taken = b""
        while len(taken) < count:
            left_s = deadline_s - time.monotonic()
            more = self._receive_some(count - len(taken), left_s) if left_s > 0 else None
            if more is None and taken:
                raise GarbledReply(f"{self.name} stopped in the middle of a reply")
            if more is None:
                raise NoReply(f"{self.name} did not answer within {self.timeout_s:g} s")
            taken += more
        return taken

    def _receive_some(self, count: int, wait_s: float) -> bytes | None:
        """Receive what there is; None when nothing came in time."""
        connection = self._connected()
        try:
            connection.settimeout(wait_s)
            more = connection.recv(count)
        except TimeoutError:
            return None
        except OSError as error:
            raise PortLost(f"{self.name} is gone: {error}") from error
        if not more:
            raise PortLost(f"{self.name} closed the connection")
        return more

    def _send(self, frame: bytes) -> None:
        connection = self._connected()
        try:
            connection.settimeout(self.timeout_s)
            connection.sendall(frame)
        except OSError as error:
            raise PortLost(f"{self.name} is gone: {error}") from error

    def _drop_if_ended(self) -> None:
        """Drop a connection that the other side has ended since the last reply.

        Gateways end idle connections; noticed before sending, that is no failure at all.
        """
        if self._socket is None:
            return
        try:
            self._socket.setblocking(False)
            ended = not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self.close()

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise PortLost(f"{self.name} is closed")
        return self._socket
