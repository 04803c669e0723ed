"""Heat meters on a line: M-Bus (EN 13757-2 and -3) and CJ/T 188-2018, written again here."""

from collections.abc import Callable, Mapping
from typing import Protocol

from hil_tests.bench.wire.bus import Pieces, SlaveBus, WireFaults
from hil_tests.bench.wire.log import Frame, WireLog

ACKNOWLEDGE = b"\xe5"
REQUESTS, OPENINGS = (0x5B, 0x7B), (0x40, 0x53)
START, LONG, END, WAKE = 0x10, 0x68, 0x16, 0xFE
BROADCAST = (0xFE, 0xFF)
# Data and value information, and the factor from the meter's unit, of each field of a heat meter.
MBUS_FIELDS: tuple[tuple[str, bytes, int, float], ...] = (
    ("energy", b"\x04\x06", 4, 1.0),  # kWh
    ("volume", b"\x04\x13", 4, 1e3),  # m3 -> l
    ("power", b"\x04\x2b", 4, 1e3),  # kW -> W
    ("flow", b"\x04\x3b", 4, 1e3),  # m3/h -> l/h
    ("supply_temp", b"\x02\x59", 2, 100.0),
    ("return_temp", b"\x02\x5d", 2, 100.0),
)
# Field, decimals and unit code of CJ/T 188's answer, in its order.
CJT_FIELDS = (("energy", 2, 0x05), ("energy", 2, 0x05), ("power", 2, 0x17), ("flow", 4, 0x35),
              ("volume", 2, 0x2C))  # fmt: skip


class Meter(Protocol):
    """What a meter shows, in kWh, m3, kW, m3/h and degC."""

    def show(self) -> Mapping[str, float]:
        """Give its fields."""
        ...


class MeterBus(SlaveBus):
    """Meters on one line.

    Args:
        bus_id: Its name.
        kind: mbus or cjt188.
        meters: The meters by address, as the site writes it.
        log: Receives every frame.
        seconds: Gives the plant's time.
        seed: Of what happens by chance.
    """

    def __init__(
        self,
        bus_id: str,
        kind: str,
        meters: Mapping[str, Meter],
        log: WireLog,
        seconds: Callable[[], float],
        seed: int,
    ) -> None:
        super().__init__(bus_id, {}, log, seconds, seed)
        self.faults = WireFaults()
        self._kind = kind
        self._meters = meters

    def read_from(self, meters: Mapping[str, Meter]) -> None:
        """Put other meters on the line."""
        self._meters = meters

    def request_length(self, buffer: bytes) -> int:
        """Length of the question that a buffer begins with; 0 while that is not known."""
        if self._kind == "mbus":
            if buffer[:1] == bytes([LONG]):
                return buffer[1] + 6 if len(buffer) > 1 else 0
            return 5
        wake = len(buffer) - len(buffer.lstrip(bytes([WAKE])))
        return wake + 13 + buffer[wake + 10] if len(buffer) > wake + 10 else 0

    def answer_serial(self, request: bytes) -> Pieces:
        """Answer a question."""
        address, reply = self._mbus(request) if self._kind == "mbus" else self._cjt188(request)
        lost = "lost" if self.faults.drop and self._chance.random() < self.faults.drop else ""
        dead = address.isdecimal() and int(address) in self.faults.dead
        lost = "no power" if dead else lost or ("" if reply else "nobody there")
        number = int(address) % 65536 if address.isdecimal() else 0
        self._log.add(Frame(self._seconds(), self.bus_id, number, 0, 0, (), False, request, lost))
        if lost:
            return []
        pieces, note = self._spoilt(reply)
        raw = pieces[0][1]
        self._log.add(Frame(self._seconds(), self.bus_id, number, 0, 0, (), True, raw, note))
        return pieces

    def _mbus(self, request: bytes) -> tuple[str, bytes]:
        """By primary address; a selection by secondary address is not answered."""
        if request[0] != START or (request[1] + request[2]) % 256 != request[3]:
            return "0", b""
        control, number = request[1], request[2]
        address = next((one for one in self._meters if one == str(number)), "")
        if number in BROADCAST and len(self._meters) == 1:
            address = next(iter(self._meters))
        if not address:
            return str(number), b""
        if control in OPENINGS:
            return address, ACKNOWLEDGE
        if control not in REQUESTS:
            return address, b""
        return address, mbus_answer(int(address), self._meters[address].show())

    def _cjt188(self, request: bytes) -> tuple[str, bytes]:
        frame = request.lstrip(bytes([WAKE]))
        if sum(frame[:-2]) % 256 != frame[-2] or frame[9] != 0x01:
            return "0", b""
        address = frame[8:1:-1].hex()
        if address.upper() == "AA" * 7 and len(self._meters) == 1:
            address = next(iter(self._meters))
        meter = self._meters.get(address)
        if meter is None:
            return address, b""
        return address, cjt188_answer(frame, bytes.fromhex(address)[::-1], meter.show())


def mbus_answer(address: int, shown: Mapping[str, float]) -> bytes:
    """Encode an M-Bus meter's answer (RSP_UD, variable data structure).

    Args:
        address: Primary address.
        shown: Its fields.

    Returns:
        The frame.
    """
    body = bytes([0x08, address, 0x72]) + bytes.fromhex("78563412 2440 01 04 55 00 0000")
    for name, information, size, factor in MBUS_FIELDS:
        number = round(shown.get(name, 0.0) * factor)
        body += information + number.to_bytes(size, "little", signed=True)
    head = bytes([LONG, len(body), len(body), LONG])
    return head + body + bytes([sum(body) % 256, END])


def cjt188_answer(question: bytes, address: bytes, shown: Mapping[str, float]) -> bytes:
    """Encode a CJ/T 188 heat meter's answer.

    Args:
        question: The frame that asked.
        address: Of the meter, low byte first.
        shown: Its fields.

    Returns:
        The frame with its wake-up.
    """
    data = question[11:14]
    for name, decimals, code in CJT_FIELDS:
        data += _bcd(shown.get(name, 0.0) * 10**decimals, 4) + bytes([code])
    for name in ("supply_temp", "return_temp"):
        data += _bcd(shown.get(name, 0.0) * 100.0, 3)
    data += _bcd(0, 3) + bytes.fromhex("00000007151020") + b"\x00\x00"
    body = bytes([LONG, question[1]]) + address + bytes([0x81, len(data)]) + data
    return bytes([WAKE] * 3) + body + bytes([sum(body) % 256, END])


def _bcd(number: float, size: int) -> bytes:
    digits = f"{min(max(round(number), 0), 10 ** (2 * size) - 1):0{2 * size}d}"
    return bytes.fromhex(digits)[::-1]
