"""Modbus RTU frames as bytes, without a port.

Source: MODBUS over Serial Line Specification and Implementation Guide V1.02 (2006), section 2.5.1
and appendix B (CRC-16, polynomial 0xA001 reflected, low byte first).
"""

from drivers.base import BadRequest, GarbledReply
from drivers.modbus.pdu import EXCEPTION_FLAG, READS, Request, decode_reply, encode_request

SHORTEST_REPLY = 5  # an exception reply: unit, function, code, two bytes of CRC
LONGEST_FRAME = 256
LOWEST_UNIT, HIGHEST_UNIT = 1, 247


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Compute the checksum of a frame's bytes.

    Args:
        data: Unit, function and data.

    Returns:
        CRC-16/MODBUS.
    """
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def encode_frame(unit: int, request: Request) -> bytes:
    """Encode a request to one device.

    Args:
        unit: Device address, 1 to 247; broadcasts have no reply and are not sent.
        request: What to ask.

    Returns:
        The frame with its checksum.

    Raises:
        BadRequest: The unit is out of range.
    """
    check_unit(unit)
    body = bytes([unit]) + encode_request(request)
    return body + crc16(body).to_bytes(2, "little")


def check_unit(unit: int) -> None:
    """Refuse addresses that no single device has.

    Args:
        unit: Device address.

    Raises:
        BadRequest: It is not between 1 and 247.
    """
    if not LOWEST_UNIT <= unit <= HIGHEST_UNIT:
        raise BadRequest(f"unit {unit} is not between {LOWEST_UNIT} and {HIGHEST_UNIT}")


def decode_frame(frame: bytes) -> tuple[int, bytes]:
    """Split a complete frame.

    Args:
        frame: From the first byte after silence to the last before it.

    Returns:
        Unit and PDU.

    Raises:
        GarbledReply: Too short, too long, or with a wrong checksum.
    """
    if not SHORTEST_REPLY <= len(frame) <= LONGEST_FRAME:
        raise GarbledReply(f"{len(frame)} bytes are no frame: {_shown(frame)}")
    if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        raise GarbledReply(f"a wrong checksum: {_shown(frame)}")
    return frame[0], frame[1:-2]


def decode_reply_frame(unit: int, request: Request, frame: bytes) -> tuple[int, ...]:
    """Decode the frame that answers a request.

    Args:
        unit: The device that was asked.
        request: What it was asked.
        frame: What came back.

    Returns:
        The values read; empty for a write.

    Raises:
        DeviceRefused: A well-formed exception reply from this unit to this function.
        GarbledReply: Anything else that is not this request's reply.
    """
    from_unit, pdu = decode_frame(frame)
    if from_unit != unit:
        raise GarbledReply(f"a reply from unit {from_unit} instead of {unit}")
    return decode_reply(request, pdu)


def reply_length(received: bytes) -> int | None:
    """Tell how long the reply is that begins with these bytes.

    Args:
        received: The first bytes of a reply, at least three.

    Returns:
        Length of the whole frame, None for a function that this master never asks.
    """
    function = received[1]
    if function & EXCEPTION_FLAG:
        return SHORTEST_REPLY
    if function in READS:
        return 5 + received[2]
    if function in (5, 6, 15, 16):
        return 8
    return None


def _shown(frame: bytes) -> str:
    return frame[:16].hex(" ") + (" ..." if len(frame) > 16 else "")
