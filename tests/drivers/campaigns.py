"""Campaigns against the drivers: short in the suite, long under soak; the same code for both."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.base import DeviceRefused, DriverError, GarbledReply
from drivers.meters import cjt188, mbus
from drivers.modbus.framing import decode_reply_frame, reply_length
from drivers.modbus.pdu import Request
from drivers.profiles import MeterDialect
from tests.drivers.wire import Registers, framed

UNIT = 17
# Kinds of damage that a CRC-16 and strict lengths must find without exception.
NEVER_ACCEPTED = ("flipped bits", "burst", "truncated", "lengthened")


@dataclass
class FuzzResult:
    """How many frames of each kind were tried, and how many were taken for an answer."""

    tried: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)


def rtu_cases() -> list[tuple[Request, bytes]]:
    """Requests of every function with their right reply frames."""
    requests = [
        Request(function=f, address=a, count=c)
        for f in (1, 2, 3, 4)
        for a, c in ((0, 1), (100, 2), (3, 10), (200, 61), (0, 125))
    ]
    requests += [
        Request(function=5, address=7, count=1, values=(1,)),
        Request(function=6, address=40, count=1, values=(713,)),
        Request(function=15, address=1, count=9, values=(1, 0, 1, 1, 0, 0, 1, 0, 1)),
        Request(function=16, address=40, count=2, values=(713, 1)),
    ]
    return [(request, right_reply(request)) for request in requests]


def right_reply(request: Request) -> bytes:
    """The reply that the tests' own device gives."""
    body = request.function.to_bytes(1, "big") + request.address.to_bytes(2, "big")
    if request.function in (1, 2, 3, 4, 15, 16):
        body += request.count.to_bytes(2, "big")
    elif request.function == 5:
        body += b"\xff\x00" if request.values[0] else b"\x00\x00"
    else:
        body += request.values[0].to_bytes(2, "big")
    if request.function == 15:
        body += bytes([2, 0b01001101, 1])
    if request.function == 16:
        body += bytes([4]) + b"".join(v.to_bytes(2, "big") for v in request.values)
    return framed(bytes([UNIT]) + Registers().answer(body))


def fuzz_rtu(count: int, seed: int) -> FuzzResult:
    """Throw damaged frames at the decoder; an untyped exception ends the campaign."""
    rng = random.Random(seed)
    cases = rtu_cases()
    result = FuzzResult()
    kinds = [*DAMAGE.items()]
    for i in range(count):
        request, reply = cases[i % len(cases)]
        kind, damage = kinds[i // len(cases) % len(kinds)]
        frame = damage(rng, reply)
        if frame == reply:
            continue
        result.tried[kind] += 1
        if len(frame) >= 3:
            reply_length(frame)
        try:
            decode_reply_frame(UNIT, request, frame)
        except GarbledReply:
            continue
        except DeviceRefused:
            pass
        result.accepted[kind] += 1
    return result


def flipped(rng: random.Random, frame: bytes) -> bytes:
    """Up to three different bits flipped."""
    bits = int.from_bytes(frame, "big")
    for bit in rng.sample(range(8 * len(frame)), rng.randint(1, 3)):
        bits ^= 1 << bit
    return bits.to_bytes(len(frame), "big")


def burst(rng: random.Random, frame: bytes) -> bytes:
    """An error burst of at most 16 bits, in the order in which the line sends them."""
    length = rng.randint(1, 16)
    pattern = 1 | 1 << (length - 1) | rng.getrandbits(length)
    # A line sends each byte's low bit first: little-endian order is the order on the wire.
    bits = int.from_bytes(frame, "little") ^ pattern << rng.randint(0, 8 * len(frame) - length)
    return bits.to_bytes(len(frame), "little")


def truncated(rng: random.Random, frame: bytes) -> bytes:
    """A frame that ends early, mostly without its checksum."""
    return frame[: rng.randrange(len(frame))]


def lengthened(rng: random.Random, frame: bytes) -> bytes:
    """A right frame with noise before or after it."""
    noise = rng.randbytes(rng.randint(1, 8))
    return noise + frame if rng.random() < 0.5 else frame + noise


def random_body(rng: random.Random, frame: bytes) -> bytes:
    """The right header with random content: 1 in 65,536 has a right checksum by chance."""
    return frame[:3] + rng.randbytes(len(frame) - 3)


def random_bytes(rng: random.Random, frame: bytes) -> bytes:
    """Nothing but noise."""
    return rng.randbytes(rng.randint(0, 280))


def rewritten(rng: random.Random, frame: bytes) -> bytes:
    """A changed body under a right checksum: only the structure can give it away."""
    body = bytearray(frame[:-2])
    for _ in range(rng.randint(1, 3)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    cut = rng.choice((0, 0, 0, 1, 2))
    return framed(bytes(body[: len(body) - cut]))


DAMAGE = {
    "flipped bits": flipped,
    "burst": burst,
    "truncated": truncated,
    "lengthened": lengthened,
    "random body": random_body,
    "random bytes": random_bytes,
    "rewritten": rewritten,
}


def bcd(number: int, size: int) -> bytes:
    """Little-endian BCD."""
    return bytes.fromhex(f"{number:0{2 * size}d}")[::-1]


def sealed_cjt188(body: bytes) -> bytes:
    """A frame with its checksum and end."""
    return body + bytes([sum(body) % 256, 0x16])


def cjt188_answer(*, serial: int = 7, energy: int = 123456, energy_unit: int = 0x05) -> bytes:
    """A heat meter's answer: 1,234.56 (kWh), 87.60 kW, 1.2340 m3/h, 95.40 and 48.70 degC."""
    data = b"".join(
        (
            bcd(100000, 4) + bytes([0x05]),
            bcd(energy, 4) + bytes([energy_unit]),
            bcd(8760, 4) + b"\x17",
            bcd(12340, 4) + b"\x35",
            bcd(432198, 4) + b"\x2c",
            bcd(9540, 3) + bcd(4870, 3) + bcd(12345, 3),
            bcd(20260104080000, 7) + b"\x00\x00",
        )
    )
    head = b"\x68\x20" + bytes.fromhex("12345678901234")[::-1] + bytes([0x81, 3 + len(data)])
    return sealed_cjt188(head + b"\x1f\x90" + bytes([serial]) + data)


def sealed_mbus(body: bytes) -> bytes:
    """A long frame round C, A, CI and data."""
    size = len(body) % 256
    return bytes([0x68, size, size, 0x68]) + body + bytes([sum(body) % 256, 0x16])


def mbus_answer() -> bytes:
    """A heat meter's answer at address 5: 123,456 kWh, 4,321.98 m3, 87.6 kW, 1.234 m3/h, ..."""
    records = (
        b"\x0c\x06" + bcd(123456, 4),  # energy, kWh
        b"\x0c\x14" + bcd(432198, 4),  # volume, 0.01 m3
        b"\x0b\x2d" + bcd(876, 3),  # power, 100 W
        b"\x0b\x3b" + bcd(1234, 3),  # flow, l/h
        b"\x0a\x5a" + bcd(954, 2),  # supply, 0.1 degC
        b"\x0a\x5e" + bcd(487, 2),  # return, 0.1 degC
        b"\x4c\x06" + bcd(100000, 4),  # energy at the last reading day
        b"\x1b\x2d" + bcd(999, 3),  # highest power
    )
    header = bytes.fromhex("78563412 2d2c 01 04 2a 00 0000")
    return sealed_mbus(b"\x08\x05\x72" + header + b"".join(records))


def fuzz_cjt188(count: int, seed: int) -> int:
    """Damaged answers; returns how many single-bit errors gave a value."""
    rng = random.Random(seed)
    right = cjt188_answer()
    accepted = 0
    for i in range(count):
        frame = _damaged_meter_frame(rng, right, i, sealed_cjt188)
        try:
            cjt188.decode_answer(frame, "12345678901234", MeterDialect(), serial=7)
        except DriverError:
            continue
        accepted += i % 4 == 0
    return accepted


def fuzz_mbus(count: int, seed: int) -> int:
    """Damaged answers; returns how many single-bit errors gave a value."""
    rng = random.Random(seed)
    right = mbus_answer()
    accepted = 0
    for i in range(count):
        frame = _damaged_meter_frame(rng, right, i, lambda body: sealed_mbus(body[4:]))
        try:
            mbus.decode_answer(frame, 5, None)
            mbus.decode_records(frame)
        except DriverError:
            continue
        accepted += i % 4 == 0
    return accepted


def _damaged_meter_frame(
    rng: random.Random, right: bytes, turn: int, seal: Callable[[bytes], bytes]
) -> bytes:
    """By turns: one bit flipped, noise, a changed body under a right checksum, random records."""
    if turn % 4 == 0:
        bit = rng.randrange(8 * len(right))
        flipped = bytearray(right)
        flipped[bit // 8] ^= 1 << (bit % 8)
        return bytes(flipped)
    if turn % 4 == 1:
        return rng.randbytes(rng.randint(0, 280))
    body = bytearray(right[:-2])
    if turn % 4 == 2:
        for _ in range(rng.randint(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        return seal(bytes(body))
    head = 19  # of an M-Bus frame up to its records
    return seal(bytes(body[:head]) + rng.randbytes(rng.randint(0, 200)))
