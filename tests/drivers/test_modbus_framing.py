"""Frames on bytes alone: right ones are read, damaged ones are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import BadRequest, DeviceRefused, DriverError, GarbledReply
from drivers.modbus.framing import crc16, decode_reply_frame, encode_frame, reply_length
from drivers.modbus.pdu import Request, decode_reply, encode_request
from tests.drivers.campaigns import NEVER_ACCEPTED, UNIT, fuzz_rtu, rtu_cases
from tests.drivers.wire import framed


def test_checksum_of_the_standard_catalogue() -> None:
    assert crc16(b"123456789") == 0x4B37  # CRC-16/MODBUS check value


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        # the examples of the application protocol specification, sections 6.1 to 6.12
        (Request(function=1, address=0x13, count=0x13), "01 00 13 00 13"),
        (Request(function=3, address=0x6B, count=3), "03 00 6b 00 03"),
        (Request(function=5, address=0xAC, count=1, values=(1,)), "05 00 ac ff 00"),
        (Request(function=6, address=1, count=1, values=(3,)), "06 00 01 00 03"),
        (
            Request(function=15, address=0x13, count=10, values=(1, 0, 1, 1, 0, 0, 1, 1, 1, 0)),
            "0f 00 13 00 0a 02 cd 01",
        ),
        (
            Request(function=16, address=1, count=2, values=(10, 258)),
            "10 00 01 00 02 04 00 0a 01 02",
        ),
    ],
)
def test_requests_as_in_the_standard(request_: Request, expected: str) -> None:
    assert encode_request(request_) == bytes.fromhex(expected)


def test_reply_of_coils_as_in_the_standard() -> None:
    request = Request(function=1, address=19, count=19)
    values = decode_reply(request, bytes.fromhex("01 03 cd 6b 05"))
    assert values == (1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1)


@pytest.mark.parametrize("case", rtu_cases(), ids=lambda c: f"f{c[0].function}x{c[0].count}")
def test_right_replies_are_read(case: tuple[Request, bytes]) -> None:
    request, reply = case
    assert reply_length(reply) == len(reply)
    assert len(decode_reply_frame(UNIT, request, reply)) == (
        0 if request.is_write else request.count
    )


def test_damaged_frames() -> None:
    result = fuzz_rtu(250_000, seed=20260104)
    assert sum(result.tried.values()) >= 200_000
    assert [result.accepted[kind] for kind in NEVER_ACCEPTED] == [0, 0, 0, 0]
    # chance alone lets 1 of 65,536 random bodies through; 10 times that would be a fault
    assert result.accepted["random body"] <= 10 + result.tried["random body"] / 6554
    assert result.accepted["random bytes"] == 0


@given(
    function=st.sampled_from((1, 2, 3, 4, 5, 6, 15, 16)),
    pdu=st.binary(max_size=300),
)
@settings(max_examples=500, deadline=None)
def test_any_bytes_give_values_or_a_typed_error(function: int, pdu: bytes) -> None:
    request = Request(
        function=function, address=1, count=1, values=() if function < 5 else (1,)
    )  # fmt: skip
    try:
        values = decode_reply(request, pdu)
    except DriverError:
        return
    assert len(values) == (1 if function < 5 else 0)


@given(st.data())
def test_written_values_come_back_as_read(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 65535), min_size=1, max_size=123))
    request = Request(function=16, address=0, count=len(values), values=tuple(values))
    body = encode_request(request)[6:]
    read = Request(function=3, address=0, count=len(values))
    assert decode_reply(read, bytes([3, len(body)]) + body) == tuple(values)


@pytest.mark.parametrize(
    ("pdu", "error"),
    [
        ("83 02", DeviceRefused),
        ("83 00", GarbledReply),  # no such exception
        ("83", GarbledReply),
        ("83 02 00", GarbledReply),
        ("84 02", GarbledReply),  # refusal of another function
        ("03 02 00", GarbledReply),
        ("03 04 00 01", GarbledReply),  # byte count that lies
        ("03 02 00 01 00", GarbledReply),
        ("04 02 00 01", GarbledReply),
        ("", GarbledReply),
    ],
)
def test_replies_that_are_none(pdu: str, error: type[DriverError]) -> None:
    with pytest.raises(error):
        decode_reply(Request(function=3, address=0, count=1), bytes.fromhex(pdu))


def test_broadcasts_are_not_sent() -> None:
    with pytest.raises(BadRequest):
        encode_frame(0, Request(function=6, address=0, count=1, values=(1,)))


def test_frame_from_another_unit_is_garbled() -> None:
    with pytest.raises(GarbledReply, match="unit 9"):
        decode_reply_frame(
            8, Request(function=3, address=0, count=1), framed(b"\x09\x03\x02\x00\x01")
        )
