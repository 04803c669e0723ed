"""Numbers in registers: 16, 32 and 64 bits, floats, word and byte order."""

import math
import struct
from enum import StrEnum

from drivers.base import BadRequest, GarbledReply

REGISTER_BYTES = 2


class ValueType(StrEnum):
    """How a number lies in registers; BIT is a coil or discrete input."""

    BIT = "bit"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Order(StrEnum):
    """Which of two words, or bytes, comes first: the high one (big) or the low one (little)."""

    BIG = "big"
    LITTLE = "little"


_FORMATS = {
    ValueType.INT16: ">h",
    ValueType.UINT16: ">H",
    ValueType.INT32: ">i",
    ValueType.UINT32: ">I",
    ValueType.INT64: ">q",
    ValueType.UINT64: ">Q",
    ValueType.FLOAT32: ">f",
    ValueType.FLOAT64: ">d",
}
_COUNTS = {kind: struct.calcsize(layout) // REGISTER_BYTES for kind, layout in _FORMATS.items()} | {
    ValueType.BIT: 1
}
_FLOATS = (ValueType.FLOAT32, ValueType.FLOAT64)


def register_count(value_type: ValueType) -> int:
    """How many registers (or coils) a number takes.

    Args:
        value_type: Its type.

    Returns:
        1, 2 or 4.
    """
    return _COUNTS[value_type]


def decode_number(
    registers: tuple[int, ...],
    value_type: ValueType,
    *,
    word_order: Order = Order.BIG,
    byte_order: Order = Order.BIG,
) -> float:
    """Decode the number in some registers.

    Args:
        registers: As read, as many as the type takes.
        value_type: Its type.
        word_order: Whether the first register is the high one.
        byte_order: Whether a register's first byte is the high one; big by the standard.

    Returns:
        The number; NaN where a float register holds one.

    Raises:
        GarbledReply: Not as many registers as the type takes.
    """
    if len(registers) != register_count(value_type):
        raise GarbledReply(f"{len(registers)} registers for a {value_type}")
    if value_type is ValueType.BIT:
        return registers[0]
    data = _bytes_of(registers, word_order, byte_order)
    return float(struct.unpack(_FORMATS[value_type], data)[0])


def encode_number(
    number: float,
    value_type: ValueType,
    *,
    word_order: Order = Order.BIG,
    byte_order: Order = Order.BIG,
) -> tuple[int, ...]:
    """Encode a number; one of a whole type is rounded to the nearest.

    Args:
        number: The number.
        value_type: Its type.
        word_order: Whether the first register is the high one.
        byte_order: Whether a register's first byte is the high one.

    Returns:
        The registers.

    Raises:
        BadRequest: Not a number, or too large for the type.
    """
    if not math.isfinite(number):
        raise BadRequest(f"{number} can not be written")
    if value_type is ValueType.BIT:
        if number not in (0, 1):
            raise BadRequest(f"{number:g} is neither 0 nor 1")
        return (int(number),)
    packed = number if value_type in _FLOATS else round(number)
    try:
        data = struct.pack(_FORMATS[value_type], packed)
    except (struct.error, OverflowError) as error:
        raise BadRequest(f"{number:g} does not fit {value_type}") from error
    words = struct.unpack(f">{len(data) // REGISTER_BYTES}H", data)
    if byte_order is Order.LITTLE:
        words = tuple(_swapped(word) for word in words)
    return words if word_order is Order.BIG else words[::-1]


def _bytes_of(registers: tuple[int, ...], word_order: Order, byte_order: Order) -> bytes:
    words = registers if word_order is Order.BIG else registers[::-1]
    if byte_order is Order.LITTLE:
        words = tuple(_swapped(word) for word in words)
    return struct.pack(f">{len(words)}H", *words)


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8
