"""Heat meters on a line: M-Bus (EN 13757-2 and -3) and CJ/T 188-2018, written again here."""

from collections.abc import Callable, Mapping
from typing import Protocol

from hil_tests.bench.wire.bus import Pieces, SlaveBus, WireFaults
from hil_tests.bench.wire.log import Frame, WireLog

ACKNOWLEDGE = b"\xe5"
REQUESTS, OPENINGS = (0x5B, 0x7B), (0x40, 0x53)
SELECT, SELECTED = 0x52, 0xFD  # by secondary address, and whoever has been selected so
SECONDARY_DIGITS = 16  # identification (8), maker (4), version (2), medium (2)
START, LONG, END, WAKE = 0x10, 0x68, 0x16, 0xFE
BROADCAST = (0xFE, 0xFF)
USUAL_METER = "1234567824400104"  # who answers by primary address
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
        meters: The meters by address, as the site writes it: on M-Bus a primary address, or 16
            hexadecimal digits for a meter that has a secondary address only.
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
        self._selected = ""

    def read_from(self, meters: Mapping[str, Meter]) -> None:
        """Put other meters on the line."""
        self._meters = meters
        self._selected = ""

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
        dead = address in self.faults.dead
        lost = "no power" if dead else lost or ("" if reply else "nobody there")
        number = _number_of(address)
        self._log.add(Frame(self._seconds(), self.bus_id, number, 0, 0, (), False, request, lost))
        if lost:
            return []
        pieces, note = self._spoilt(reply)
        raw = pieces[0][1]
        self._log.add(Frame(self._seconds(), self.bus_id, number, 0, 0, (), True, raw, note))
        return pieces

    def _mbus(self, request: bytes) -> tuple[str, bytes]:
        """By primary address, or by secondary address once a meter has been selected by it."""
        if request[0] == LONG:
            return self._select(request)
        if (request[1] + request[2]) % 256 != request[3]:
            return "0", b""
        control, number = request[1], request[2]
        address = self._selected if number == SELECTED else str(number)
        if number in BROADCAST and len(self._meters) == 1:
            address = next(iter(self._meters))
        if address not in self._meters:
            return address, b""
        if control in OPENINGS:
            return address, ACKNOWLEDGE
        if control not in REQUESTS:
            return address, b""
        return address, mbus_answer(address, self._meters[address].show())

    def _select(self, request: bytes) -> tuple[str, bytes]:
        """The one meter that a selection fits listens from now on; F fits any digit."""
        body = request[4:-2]
        head = bytes([OPENINGS[1], SELECTED, SELECT])
        if sum(body) % 256 != request[-2] or body[:3] != head or len(body) != len(head) + 8:
            return "0", b""
        asked = (body[6:2:-1] + body[7:]).hex()
        fitting = [one for one in self._meters if _fits(asked, one.lower())]
        self._selected = fitting[0] if len(fitting) == 1 else ""
        return self._selected or asked, ACKNOWLEDGE if self._selected else b""

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


def _fits(asked: str, address: str) -> bool:
    if len(address) != SECONDARY_DIGITS:
        return False
    return all(a in ("f", b) for a, b in zip(asked, address, strict=True))


def _number_of(address: str) -> int:
    """What the wire log calls a meter: its primary address, or the end of its printed number."""
    printed = address[4:8] if len(address) == SECONDARY_DIGITS else address[-4:]
    return int(printed) if printed.isdecimal() else 0


def mbus_answer(address: str, shown: Mapping[str, float]) -> bytes:
    """Encode an M-Bus meter's answer (RSP_UD, variable data structure).

    Args:
        address: Primary or secondary address.
        shown: Its fields.

    Returns:
        The frame.
    """
    own = bytes.fromhex(address if len(address) == SECONDARY_DIGITS else USUAL_METER)
    primary = 0 if len(address) == SECONDARY_DIGITS else int(address)
    body = bytes([0x08, primary, 0x72]) + own[3::-1] + own[4:] + bytes([0x55, 0, 0, 0])
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
