"""Modbus requests and replies as bytes, without address, checksum or port.

Source: MODBUS Application Protocol Specification V1.1b3 (2012), sections 6 and 7.
"""

import struct
from dataclasses import dataclass

from drivers.base import BadRequest, DeviceRefused, GarbledReply

READ_COILS = 1
READ_DISCRETE_INPUTS = 2
READ_HOLDING_REGISTERS = 3
READ_INPUT_REGISTERS = 4
WRITE_COIL = 5
WRITE_REGISTER = 6
WRITE_COILS = 15
WRITE_REGISTERS = 16

# Largest counts that fit a PDU of 253 bytes (sections 6.1 to 6.12).
LARGEST_COUNT = {
    READ_COILS: 2000,
    READ_DISCRETE_INPUTS: 2000,
    READ_HOLDING_REGISTERS: 125,
    READ_INPUT_REGISTERS: 125,
    WRITE_COIL: 1,
    WRITE_REGISTER: 1,
    WRITE_COILS: 1968,
    WRITE_REGISTERS: 123,
}
READS = (READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS)
BIT_READS = (READ_COILS, READ_DISCRETE_INPUTS)
BIT_WRITES = (WRITE_COIL, WRITE_COILS)
COIL_ON = 0xFF00

EXCEPTION_FLAG = 0x80
EXCEPTION_NAMES = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge, still working",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A read or write of `count` registers or coils from `address`; `values` for a write."""

    function: int
    address: int
    count: int
    values: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        largest = LARGEST_COUNT.get(self.function)
        if largest is None:
            raise BadRequest(f"function {self.function} is not one of {sorted(LARGEST_COUNT)}")
        if not 1 <= self.count <= largest:
            raise BadRequest(
                f"count {self.count} is not between 1 and {largest} for function {self.function}; "
                "split the request"
            )
        if not 0 <= self.address <= 0x10000 - self.count:
            raise BadRequest(
                f"registers {self.address} to {self.address + self.count - 1} are not all between "
                "0 and 65535; addresses count from 0"
            )
        if self.is_write:
            self._check_values()

    def _check_values(self) -> None:
        largest = 1 if self.function in BIT_WRITES else 0xFFFF
        if len(self.values) != self.count:
            raise BadRequest(f"{len(self.values)} values for {self.count} registers")
        for value in self.values:
            if not isinstance(value, int) or not 0 <= value <= largest:
                raise BadRequest(f"value {value!r} is not a whole number from 0 to {largest}")

    @property
    def is_write(self) -> bool:
        """Whether it changes anything in the device."""
        return self.function not in READS

    @property
    def reply_bytes(self) -> int:
        """Length of the normal reply's PDU."""
        if self.is_write:
            return 5
        return 2 + _data_bytes(self)


def encode_request(request: Request) -> bytes:
    """Encode a request.

    Args:
        request: What to ask.

    Returns:
        The PDU: function code and data.
    """
    function, address = request.function, request.address
    if function == WRITE_COIL:
        return struct.pack(">BHH", function, address, COIL_ON if request.values[0] else 0)
    if function == WRITE_REGISTER:
        return struct.pack(">BHH", function, address, request.values[0])
    head = struct.pack(">BHH", function, address, request.count)
    if function == WRITE_REGISTERS:
        return head + struct.pack(f">B{request.count}H", 2 * request.count, *request.values)
    if function == WRITE_COILS:
        return head + bytes([_data_bytes(request)]) + _pack_bits(request.values)
    return head


def decode_reply(request: Request, pdu: bytes) -> tuple[int, ...]:
    """Decode the reply to a request, checking all that can be checked.

    Args:
        request: What was asked.
        pdu: The reply's function code and data.

    Returns:
        The values read; empty for a write.

    Raises:
        DeviceRefused: A well-formed exception reply to this function.
        GarbledReply: Anything else that is not this request's reply.
    """
    if not pdu:
        raise GarbledReply("an empty reply")
    if pdu[0] == request.function | EXCEPTION_FLAG:
        if len(pdu) != 2 or pdu[1] == 0:
            raise GarbledReply(f"an exception reply of {len(pdu)} bytes: {pdu.hex(' ')}")
        name = EXCEPTION_NAMES.get(pdu[1], "unknown to the standard")
        raise DeviceRefused(pdu[1], f"the device refused: exception {pdu[1]} ({name})")
    if pdu[0] != request.function:
        raise GarbledReply(f"a reply to function {pdu[0]} instead of {request.function}")
    if len(pdu) != request.reply_bytes:
        raise GarbledReply(f"{len(pdu)} bytes instead of {request.reply_bytes}")
    if request.is_write:
        _check_echo(request, pdu)
        return ()
    if pdu[1] != len(pdu) - 2:
        raise GarbledReply(f"byte count {pdu[1]} with {len(pdu) - 2} bytes of data")
    if request.function in BIT_READS:
        return tuple(pdu[2 + i // 8] >> (i % 8) & 1 for i in range(request.count))
    return struct.unpack(f">{request.count}H", pdu[2:])


def _check_echo(request: Request, pdu: bytes) -> None:
    """Functions 5 and 6 echo address and value, 15 and 16 address and count."""
    expected = encode_request(request)[:5]
    if pdu != expected:
        raise GarbledReply(f"echo {pdu.hex(' ')} instead of {expected.hex(' ')}")


def _data_bytes(request: Request) -> int:
    if request.function in BIT_READS or request.function == WRITE_COILS:
        return (request.count + 7) // 8
    return 2 * request.count


def _pack_bits(values: tuple[int, ...]) -> bytes:
    packed = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        packed[i // 8] |= value << (i % 8)
    return bytes(packed)
