"""Modbus frames as the bench's slaves see them: written again, so that no mistake is shared."""

import struct

READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
WRITES = (5, 6, 15, 16)
REFUSED = 0x80  # set in the function of a refusal
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4


def _remainder(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0xA001 if byte & 1 else 0)
    return byte


_REMAINDERS = tuple(_remainder(byte) for byte in range(256))


def crc(body: bytes) -> bytes:
    """Checksum of an RTU frame.

    Args:
        body: Unit and PDU.

    Returns:
        Two bytes, low first. Source: MODBUS over Serial Line V1.02, section 6.2.2.
    """
    register = 0xFFFF
    for byte in body:
        register = (register >> 8) ^ _REMAINDERS[(register ^ byte) & 0xFF]
    return struct.pack("<H", register)


def request_length(buffer: bytes) -> int:
    """Length of the RTU request that a buffer begins with; 0 while that is not known."""
    if len(buffer) < 8:
        return 0
    return 9 + buffer[6] if buffer[1] in (15, 16) else 8


def refusal(function: int, code: int) -> bytes:
    """PDU of an exception."""
    return bytes([function | REFUSED, code])


def read_reply(function: int, words: list[int]) -> bytes:
    """PDU of the answer to a read."""
    if function in (3, 4):
        return struct.pack(f">BB{len(words)}H", function, 2 * len(words), *words)
    packed = bytearray((len(words) + 7) // 8)
    for i, bit in enumerate(words):
        packed[i // 8] |= (bit & 1) << (i % 8)
    return bytes([function, len(packed)]) + bytes(packed)


def written_words(pdu: bytes) -> tuple[int, list[int]]:
    """Address and words of a write's PDU; a coil's word is 0 or 1."""
    function, address, third = struct.unpack(">BHH", pdu[:5])
    if function == 5:
        return address, [1 if third == 0xFF00 else 0]
    if function == 6:
        return address, [third]
    if function == 15:
        return address, [pdu[6 + i // 8] >> (i % 8) & 1 for i in range(third)]
    return address, list(struct.unpack(f">{third}H", pdu[6 : 6 + 2 * third]))
