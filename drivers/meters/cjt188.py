"""CJ/T 188 heat meters: frames on bytes, and the link that asks for them.

Frame: up to four FE, 68, T, A0 to A6 (low byte first), C, L, DI, SER, data, CS, 16; CS is the sum
mod 256 of everything from 68; numbers are little-endian BCD. The edition of 2018 sends the data
identifier 901F as 1F 90, that of 2004 as 90 1F. Heat meters answer 901F with settled energy,
energy, power, flow, volume (4 bytes BCD and a unit byte each), supply and return temperature and
working hours (3 bytes BCD), the clock (7 bytes BCD) and a status (2 bytes).

Source: CJ/T 188-2018, sections 6 (link layer) and 7 with tables of data items and unit codes; some
makers put the unit byte first, which a profile says with `unit_first`.
"""

from collections.abc import Mapping, Sequence

from drivers.base import BadRequest, DeviceRefused, GarbledReply
from drivers.link import FieldDevice
from drivers.meters.line import Measurement, MeterLine, raw_by_tag
from drivers.profiles import MeterDialect, Tag

WAKE_UP = b"\xfe\xfe\xfe"
START, END, WAKE = 0x68, 0x16, 0xFE
LONGEST_WAKE_UP = 4
READ, READ_ANSWER, READ_REFUSED = 0x01, 0x81, 0xC1
READ_METERING = 0x901F
ANY_ADDRESS = "AA" * 7
HEAD = 11  # 68, T, A0..A6, C, L
HEAT_DATA = 43
HEAT_METERS = range(0x20, 0x2A)

# Unit code -> (key of points.UNITS, factor); table of unit codes, the same in both editions.
UNIT_CODES: dict[int, tuple[str, float]] = {
    0x02: ("Wh", 1.0),
    0x05: ("kWh", 1.0),
    0x08: ("MWh", 1.0),
    0x0A: ("MWh", 100.0),
    0x01: ("kJ", 1e-3),
    0x0B: ("kJ", 1.0),
    0x0E: ("MJ", 1.0),
    0x11: ("GJ", 1.0),
    0x13: ("GJ", 100.0),
    0x14: ("W", 1.0),
    0x17: ("kW", 1.0),
    0x1A: ("MW", 1.0),
    0x29: ("l", 1.0),
    0x2C: ("m3", 1.0),
    0x32: ("l/h", 1.0),
    0x35: ("m3/h", 1.0),
}
# Field -> digits after the decimal point; in the order of the answer.
_WITH_UNIT = {"settled_energy": 2, "energy": 2, "power": 2, "flow": 4, "volume": 2}
_WITHOUT_UNIT = {"supply_temp": (2, "degC"), "return_temp": (2, "degC"), "working_time": (0, "h")}


def encode_question(address: str, dialect: MeterDialect, *, serial: int) -> bytes:
    """Encode the question for a meter's data.

    Args:
        address: 14 digits, A6 first, as on the meter; AA seven times asks any (a single) meter.
        dialect: The meter's edition and type.
        serial: Number of the question, 0 to 255, which the answer repeats.

    Returns:
        The bytes with their wake-up.

    Raises:
        BadRequest: The address is none.
    """
    body = bytes([START, dialect.meter_type]) + _address_bytes(address)
    body += bytes([READ, 3]) + _identifier(dialect) + bytes([serial])
    return WAKE_UP + body + bytes([sum(body) % 256, END])


def answer_length(received: bytes) -> int:
    """Tell how long the answer is that begins with these bytes.

    Args:
        received: What has come so far, wake-up included.

    Returns:
        Bytes of the whole answer; one more than there are as long as it can not be told.
    """
    wake_up = len(received) - len(received.lstrip(bytes([WAKE])))
    if len(received) < wake_up + HEAD:
        return len(received) + 1
    return wake_up + HEAD + received[wake_up + HEAD - 1] + 2


def decode_answer(
    answer: bytes, address: str, dialect: MeterDialect, *, serial: int
) -> dict[str, Measurement]:
    """Decode a heat meter's answer, checking all that can be checked.

    Args:
        answer: All bytes that came.
        address: The address that was asked.
        dialect: The meter's edition and type.
        serial: The question's number.

    Returns:
        Its values by field, `status` being 0 where all is well.

    Raises:
        DeviceRefused: The meter says that it can not answer; the code is its status.
        GarbledReply: Anything that is not this question's answer.
    """
    frame = _checked_frame(answer)
    if frame[1] != dialect.meter_type or frame[1] not in HEAT_METERS:
        raise GarbledReply(f"an answer of meter type {frame[1]:02X}")
    if address.upper() != ANY_ADDRESS and frame[2:9] != _address_bytes(address):
        raise GarbledReply(f"an answer of meter {frame[8:1:-1].hex()} instead of {address}")
    control, data = frame[9], frame[HEAD:-2]
    if control == READ_REFUSED and len(data) == 3 and data[0] == serial:
        code = int.from_bytes(data[1:], "little")
        raise DeviceRefused(code, f"meter {address} can not answer: status {code:04X}")
    if control != READ_ANSWER:
        raise GarbledReply(f"control code {control:02X} instead of {READ_ANSWER:02X}")
    if data[:3] != _identifier(dialect) + bytes([serial]):
        raise GarbledReply(f"an answer to another question: {data[:3].hex(' ')}")
    if len(data) != 3 + HEAT_DATA:
        raise GarbledReply(f"{len(data) - 3} bytes of data where a heat meter has {HEAT_DATA}")
    return _heat_data(data[3:], dialect)


def _checked_frame(answer: bytes) -> bytes:
    """The frame without its wake-up, its ends, length and checksum checked."""
    frame = answer.lstrip(bytes([WAKE]))
    if len(answer) - len(frame) > LONGEST_WAKE_UP or len(frame) < HEAD + 2:
        raise GarbledReply(f"no frame: {answer[:16].hex(' ')}")
    if frame[0] != START or frame[-1] != END or len(frame) != HEAD + frame[HEAD - 1] + 2:
        raise GarbledReply(f"a frame with wrong ends or length: {frame[:16].hex(' ')}")
    if sum(frame[:-2]) % 256 != frame[-2]:
        raise GarbledReply("a wrong checksum")
    return frame


def _heat_data(data: bytes, dialect: MeterDialect) -> dict[str, Measurement]:
    measured = {}
    at = 0
    for field, decimals in _WITH_UNIT.items():
        part = data[at : at + 5]
        number, code = (part[1:], part[0]) if dialect.unit_first else (part[:4], part[4])
        if code not in UNIT_CODES:
            raise GarbledReply(f"{field} has the unknown unit code {code:02X}")
        unit, factor = UNIT_CODES[code]
        value = factor * _bcd(number, field) / 10**decimals
        measured[field] = Measurement(value=value, unit=unit)
        at += 5
    for field, (decimals, unit) in _WITHOUT_UNIT.items():
        value = _bcd(data[at : at + 3], field) / 10**decimals
        measured[field] = Measurement(value=value, unit=unit)
        at += 3
    _bcd(data[at : at + 7], "clock")
    status = int.from_bytes(data[at + 7 :], "little")
    measured["status"] = Measurement(value=status, unit="")
    return measured


def _bcd(data: bytes, field: str) -> int:
    """Read little-endian BCD; digits above 9 are how meters say that they do not know."""
    digits = data[::-1].hex()
    if not digits.isdecimal():
        raise GarbledReply(f"{field} is not decimal: {digits}")
    return int(digits)


def _identifier(dialect: MeterDialect) -> bytes:
    return READ_METERING.to_bytes(2, "little" if dialect.edition >= 2018 else "big")


def _address_bytes(address: str) -> bytes:
    decimal = address.isascii() and address.isdecimal()
    if len(address) != 14 or not (decimal or address.upper() == ANY_ADDRESS):
        raise BadRequest(f"address {address!r} has not the 14 digits of a CJ/T 188 meter")
    return bytes.fromhex(address)[::-1]


class Cjt188Link:
    """The heat meters on one line."""

    def __init__(self, line: MeterLine) -> None:
        self._line = line
        self._serial = 0

    def open(self) -> None:
        """Open the port; PortLost where that fails."""
        self._line.open()

    def close(self) -> None:
        """Close the port."""
        self._line.close()

    def read(self, device: FieldDevice, tags: Sequence[Tag]) -> Mapping[str, float]:
        """Read a meter once; see `drivers.link.Link.read`."""
        return raw_by_tag(self.measure(device.address, device.profile.dialect), tags)

    def write(self, device: FieldDevice, tag: Tag, value: float) -> None:
        """Refuse: meters are not written."""
        raise BadRequest(f"tag {tag.name} of meter {device.device_id} can not be written")

    def measure(self, address: str, dialect: MeterDialect) -> dict[str, Measurement]:
        """Ask a meter for everything it shows.

        Args:
            address: 14 digits, or AA seven times.
            dialect: Its edition and type.

        Returns:
            Its values by field.

        Raises:
            DriverError: No, a garbled or a refusing answer, or a lost port.
        """
        self._serial = (self._serial + 1) % 256
        question = encode_question(address, dialect, serial=self._serial)
        answer = self._line.ask(question, answer_length)
        return decode_answer(answer, address, dialect, serial=self._serial)
