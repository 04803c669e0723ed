"""M-Bus meters (EN 13757): frames checked here, records decoded by pyMeterBus.

The library takes frames with wrong lengths and checksums and fails with untyped errors, so nothing
reaches it before start, both lengths, end, checksum, control, address and identification agree.

Source: EN 13757-2 (link layer: 10 C A CS 16 and 68 L L 68 C A CI data CS 16), EN 13757-3 (variable
data structure, CI 72, LSB first); "The M-Bus: A Documentation", version 4.8, sections 5 and 6.
"""

import decimal
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from drivers.base import BadRequest, GarbledReply
from drivers.link import FieldDevice
from drivers.meters.line import Measurement, MeterLine, raw_by_tag
from drivers.profiles import Tag

ACKNOWLEDGE = b"\xe5"
START_SHORT, START_LONG, END = 0x10, 0x68, 0x16
RESET, REQUEST_DATA, SEND_DATA = 0x40, 0x5B, 0x53
FRAME_COUNT_BIT = 0x20
# RSP_UD with its two flags (access demand, data flow control) set or not.
RESPONSES = (0x08, 0x18, 0x28, 0x38)
VARIABLE_DATA = 0x72
SELECT = 0x52
BY_SECONDARY_ADDRESS = 0xFD
HIGHEST_PRIMARY = 250
HEAD, TAIL = 4, 2
SHORTEST_BODY = 3 + 12  # C, A, CI and the fixed header of the variable data structure
STATUS_AT = 3 + 9  # after identification, maker, version, medium and access number
MOST_TELEGRAMS = 8

# What pyMeterBus lets through on bytes that pass every check above (found by fuzzing it).
_LIBRARY_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    decimal.DecimalException,
    struct.error,
)

# Unit of the library -> (key of points.UNITS, factor).
_UNITS: dict[str, tuple[str, float]] = {
    "Wh": ("Wh", 1.0),
    "kWh": ("kWh", 1.0),
    "J": ("kJ", 1e-3),
    "m^3": ("m3", 1.0),
    "l": ("l", 1.0),
    "W": ("W", 1.0),
    "J/h": ("MJ/h", 1e-6),
    "m^3/h": ("m3/h", 1.0),
    "m^3/min": ("m3/h", 60.0),
    "m^3/s": ("m3/s", 1.0),
    "kg/h": ("kg/h", 1.0),
    "C": ("degC", 1.0),
    "K": ("K", 1.0),
    "bar": ("bar", 1.0),
    "seconds": ("s", 1.0),
    "minutes": ("s", 60.0),
    "hours": ("h", 1.0),
    "days": ("h", 24.0),
}
# Kind of value in the library -> field of a profile.
_FIELDS = {
    "ENERGY_WH": "energy",
    "ENERGY_J": "energy",
    "VOLUME": "volume",
    "POWER_W": "power",
    "POWER_J_H": "power",
    "VOLUME_FLOW": "flow",
    "VOLUME_FLOW_EXT": "flow",
    "VOLUME_FLOW_EXT_S": "flow",
    "MASS_FLOW": "mass_flow",
    "FLOW_TEMPERATURE": "supply_temp",
    "RETURN_TEMPERATURE": "return_temp",
    "TEMPERATURE_DIFFERENCE": "temp_difference",
    "EXTERNAL_TEMPERATURE": "external_temp",
    "PRESSURE": "pressure",
    "ON_TIME": "on_time",
    "OPERATING_TIME": "working_time",
    # the tables of extended codes FB name their kinds so
    "Energy": "energy",
    "Volume": "volume",
    "Power": "power",
}


class _Record(Protocol):
    """What is used of a record of the library."""

    @property
    def interpreted(self) -> dict[str, object]: ...
    @property
    def unit(self) -> object: ...
    @property
    def value(self) -> object: ...


def short_frame(control: int, address: int) -> bytes:
    """Encode a frame without data.

    Args:
        control: The C field.
        address: The A field.

    Returns:
        The frame.
    """
    return bytes([START_SHORT, control, address, (control + address) % 256, END])


def select_frame(secondary: bytes) -> bytes:
    """Encode the selection of a meter by its secondary address.

    Args:
        secondary: Identification, maker, version and medium, 8 bytes as on the wire.

    Returns:
        The frame.
    """
    body = bytes([SEND_DATA, BY_SECONDARY_ADDRESS, SELECT]) + secondary
    return (
        bytes([START_LONG, len(body), len(body), START_LONG])
        + body
        + bytes([sum(body) % 256, END])
    )  # fmt: skip


def answer_length(received: bytes) -> int:
    """Tell how long the answer is that begins with these bytes.

    Args:
        received: What has come so far.

    Returns:
        Bytes of the whole answer; one more than there are as long as it can not be told.
    """
    if received[:1] == ACKNOWLEDGE:
        return 1
    if len(received) < 2:
        return 2 if received else 1
    return HEAD + received[1] + TAIL


def decode_answer(frame: bytes, address: int, secondary: bytes | None) -> tuple[int, bytes]:
    """Check an answer's frame.

    Args:
        frame: All bytes that came.
        address: The primary address that was asked.
        secondary: The secondary address that was selected, or None.

    Returns:
        The meter's status byte and the data records that follow its header.

    Raises:
        GarbledReply: Anything that is not the answer of this meter.
    """
    if len(frame) < HEAD + SHORTEST_BODY + TAIL or frame[0] != START_LONG:
        raise GarbledReply(f"no long frame: {frame[:16].hex(' ')}")
    length = frame[1]
    if frame[2] != length or frame[3] != START_LONG or frame[-1] != END:
        raise GarbledReply(f"a frame with wrong ends: {frame[:16].hex(' ')}")
    if len(frame) != HEAD + length + TAIL:
        raise GarbledReply(f"{len(frame)} bytes where the frame says {HEAD + length + TAIL}")
    body = frame[HEAD:-TAIL]
    if sum(body) % 256 != frame[-2]:
        raise GarbledReply("a wrong checksum")
    if body[0] not in RESPONSES or body[2] != VARIABLE_DATA:
        raise GarbledReply(f"control {body[0]:02X} and kind {body[2]:02X} are no meter's data")
    if secondary is not None and not _same_meter(body[3:11], secondary):
        raise GarbledReply(f"an answer of meter {body[6:2:-1].hex()}")
    if secondary is None and body[1] != address:
        raise GarbledReply(f"an answer of address {body[1]} instead of {address}")
    return body[STATUS_AT], body[SHORTEST_BODY:]


def _same_meter(found: bytes, asked: bytes) -> bool:
    """Compare secondary addresses; F digits of the one asked match anything."""
    pairs = zip(found.hex(), asked.hex(), strict=True)
    return all(a == b or b == "f" for a, b in pairs)


def decode_records(frame: bytes) -> tuple[dict[str, Measurement], bool]:
    """Decode the records of a checked frame.

    Args:
        frame: A frame that `decode_answer` has passed.

    Returns:
        The present values (first of each kind; no maxima, history, tariffs or sub-units) by field,
        and whether the meter has more telegrams.

    Raises:
        GarbledReply: The records can not be decoded.
        BadRequest: The decoding library is not installed.
    """
    try:
        import meterbus  # an extra: only those with M-Bus meters need it
    except ImportError as error:
        raise BadRequest("M-Bus meters need pyMeterBus: install heatwarden[mbus]") from error
    try:
        telegram = meterbus.load(frame)
        records = [*_present_values(telegram.records)]
        more = bool(telegram.more_records_follow)
    except (*_LIBRARY_ERRORS, meterbus.exceptions.MBusError) as error:
        raise GarbledReply(f"records that can not be decoded: {error!r}") from error
    measured: dict[str, Measurement] = {}
    for field, measurement in records:
        measured.setdefault(field, measurement)
    return measured, more


def _present_values(records: Sequence[_Record]) -> Iterator[tuple[str, Measurement]]:
    for record in records:
        shown = record.interpreted
        kind = str(shown.get("type", "")).removeprefix("VIFUnit.")
        present = str(shown.get("function")).endswith("INSTANTANEOUS_VALUE")
        plain = not (shown.get("storage_number") or shown.get("tariff") or shown.get("device"))
        if kind not in _FIELDS or not present or not plain or "unit_enh" in shown:
            continue
        unit, value = str(record.unit), record.value
        if unit not in _UNITS or not isinstance(value, (int, decimal.Decimal)):
            continue
        name, factor = _UNITS[unit]
        number = float(f"{float(value) * factor:.12g}")
        if math.isfinite(number):
            yield _FIELDS[kind], Measurement(value=number, unit=name)


class MbusLink:
    """The M-Bus meters on one line, by primary (0 to 250) or secondary address (16 digits)."""

    def __init__(self, line: MeterLine) -> None:
        self._line = line

    def open(self) -> None:
        """Open the port; PortLost where that fails."""
        self._line.open()

    def close(self) -> None:
        """Close the port."""
        self._line.close()

    def read(self, device: FieldDevice, tags: Sequence[Tag]) -> Mapping[str, float]:
        """Read a meter once; see `drivers.link.Link.read`."""
        return raw_by_tag(self.measure(device.address), tags)

    def write(self, device: FieldDevice, tag: Tag, value: float) -> None:
        """Refuse: meters are not written."""
        raise BadRequest(f"tag {tag.name} of meter {device.device_id} can not be written")

    def measure(self, address: str) -> dict[str, Measurement]:
        """Ask a meter for everything it shows.

        Args:
            address: Primary or secondary address.

        Returns:
            Its present values by field, `status` being 0 where all is well.

        Raises:
            DriverError: No or a garbled answer, or a lost port.
        """
        primary, secondary = parse_address(address)
        opening = short_frame(RESET, primary) if secondary is None else select_frame(secondary)
        if self._line.ask(opening, answer_length) != ACKNOWLEDGE:
            raise GarbledReply(f"meter {address} did not acknowledge")
        measured: dict[str, Measurement] = {}
        for i in range(MOST_TELEGRAMS):
            control = REQUEST_DATA | (0 if i % 2 else FRAME_COUNT_BIT)
            frame = self._line.ask(short_frame(control, primary), answer_length)
            status, _ = decode_answer(frame, primary, secondary)
            found, more = decode_records(frame)
            measured = found | measured | {"status": Measurement(value=status, unit="")}
            if not more:
                break
        return measured


def parse_address(address: str) -> tuple[int, bytes | None]:
    """Read a meter's address.

    Args:
        address: 0 to 250, or 16 hexadecimal digits: identification (8), maker, version, medium.

    Returns:
        The address for the A field, and the secondary address as on the wire or None.

    Raises:
        BadRequest: It is neither.
    """
    if address.isascii() and address.isdecimal() and len(address) <= 3:
        if int(address) <= HIGHEST_PRIMARY:
            return int(address), None
    elif len(address) == 16:
        try:
            digits = bytes.fromhex(address)
        except ValueError:
            digits = b""
        if digits:
            # People write the identification as it is printed, high digits first.
            return BY_SECONDARY_ADDRESS, digits[3::-1] + digits[4:]
    raise BadRequest(f"address {address!r} is no M-Bus address: 0 to 250 or 16 hexadecimal digits")
