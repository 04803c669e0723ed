"""One bus of slaves: requests in, replies out, and what a fault makes of them."""

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hil_tests.bench.wire import frames
from hil_tests.bench.wire.log import Frame, WireLog

Pieces = list[tuple[float, bytes]]


class Slave(Protocol):
    """A device on the bus."""

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """Give words; None where there are none."""
        ...

    def write(self, table: str, address: int, words: list[int]) -> int:
        """Take words; 0, or the code of a refusal."""
        ...

    def beats(self, address: int) -> bool:
        """Whether a holding register is the heartbeat."""
        ...


@dataclass
class WireFaults:
    """What is wrong with a bus just now. Times in s of the wire, shares of frames.

    `dead` are addresses without power; `late_s` is by how much replies miss their timeout.
    """

    drop: float = 0.0
    noise: float = 0.0
    delay_s: float = 0.0
    late_s: float = 0.0
    duplicate: float = 0.0
    dead: set[str] = field(default_factory=set)


class SlaveBus:
    """Answers what is asked on one bus.

    Args:
        bus_id: Its name.
        slaves: The devices by unit.
        log: Receives every frame.
        seconds: Gives the plant's time.
        seed: Of what happens by chance.
    """

    def __init__(
        self,
        bus_id: str,
        slaves: Mapping[int, Slave],
        log: WireLog,
        seconds: Callable[[], float],
        seed: int,
    ) -> None:
        self.bus_id = bus_id
        self.faults = WireFaults()
        self.timeout_s = 0.0  # the master's; late replies miss it
        # Called once after a setpoint has been taken and before it is answered.
        self.on_write: Callable[[], None] | None = None
        self._slaves = slaves
        self._log = log
        self._seconds = seconds
        self._chance = random.Random(f"{seed} {bus_id}")

    def serve(self, slaves: Mapping[int, Slave]) -> None:
        """Put other devices on the bus."""
        self._slaves = slaves

    def request_length(self, buffer: bytes) -> int:
        """Length of the serial request that a buffer begins with; 0 while that is not known."""
        return frames.request_length(buffer)

    def answer_serial(self, request: bytes) -> Pieces:
        """Answer an RTU frame.

        Args:
            request: The frame, checksum included.

        Returns:
            Pieces to send, each after a delay, s; none for silence.
        """
        if frames.crc(request[:-2]) != request[-2:]:
            return []

        def framed(pdu: bytes) -> bytes:
            body = request[:1] + pdu
            return body + frames.crc(body)

        return self._answer(request[0], request[1:-2], request, framed)

    def answer_tcp(self, request: bytes) -> Pieces:
        """Answer a Modbus TCP frame.

        Args:
            request: The frame, header included.

        Returns:
            As `answer_rtu`.
        """

        def framed(pdu: bytes) -> bytes:
            return request[:4] + struct.pack(">HB", len(pdu) + 1, request[6]) + pdu

        return self._answer(request[6], request[7:], request, framed)

    def _answer(
        self, unit: int, pdu: bytes, raw: bytes, framed: Callable[[bytes], bytes]
    ) -> Pieces:
        slave = self._slaves.get(unit)
        function = pdu[0]
        if function not in frames.READS and function not in frames.WRITES:
            code = frames.ILLEGAL_FUNCTION
            return [] if slave is None else [(0.0, framed(frames.refusal(function, code)))]
        address, words = _content(pdu)
        lost = self._lost(unit, slave)
        self._keep(unit, function, address, words, raw, is_reply=False, note=lost)
        if lost or slave is None:
            return []
        reply, words = _carried_out(slave, function, address, words, pdu)
        if self.on_write is not None and function in frames.WRITES and not slave.beats(address):
            called, self.on_write = self.on_write, None
            called()
        pieces, note = self._spoilt(framed(reply))
        note = note or ("refused" if reply[0] & frames.REFUSED else "")
        self._keep(unit, function, address, words, pieces[0][1], is_reply=True, note=note)
        return pieces

    def _lost(self, unit: int, slave: Slave | None) -> str:
        """Why a request reaches nobody; empty where it does."""
        if slave is None:
            return "nobody there"
        if str(unit) in self.faults.dead:
            return "no power"
        if self.faults.drop and self._chance.random() < self.faults.drop:
            return "lost"
        return ""

    def _keep(
        self, unit: int, function: int, address: int, words: list[int], raw: bytes,
        *, is_reply: bool, note: str,
    ) -> None:  # fmt: skip
        second = self._seconds()
        self._log.add(
            Frame(second, self.bus_id, unit, function, address, tuple(words), is_reply, raw, note)
        )

    def _spoilt(self, reply: bytes) -> tuple[Pieces, str]:
        """What the faults of the moment make of a right reply, and in words."""
        faults, chance = self.faults, self._chance
        note = ""
        if faults.noise and chance.random() < faults.noise:
            at = chance.randrange(len(reply))
            reply = reply[:at] + bytes([reply[at] ^ (1 << chance.randrange(8))]) + reply[at + 1 :]
            note = "garbled"
        wait_s = faults.delay_s
        if faults.late_s:
            wait_s += self.timeout_s + faults.late_s
            note = "late"
        pieces = [(wait_s, reply)]
        if faults.duplicate and chance.random() < faults.duplicate:
            pieces.append((0.002, reply))
            note = "sent twice"
        return pieces, note


def _content(pdu: bytes) -> tuple[int, list[int]]:
    """Address and words of a request; for a read, the count."""
    if pdu[0] in frames.WRITES:
        return frames.written_words(pdu)
    address, count = struct.unpack(">HH", pdu[1:5])
    return address, [count]


def _carried_out(
    slave: Slave, function: int, address: int, words: list[int], pdu: bytes
) -> tuple[bytes, list[int]]:
    """The reply's PDU and the words that were read or written."""
    if function in frames.WRITES:
        code = slave.write("coil" if function in (5, 15) else "holding", address, words)
        return (frames.refusal(function, code) if code else pdu[:5]), words
    found = slave.read(frames.READS[function], address, words[0])
    if found is None:
        return frames.refusal(function, frames.ILLEGAL_ADDRESS), []
    return frames.read_reply(function, found), found
