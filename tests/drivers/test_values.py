"""Numbers in registers, against struct and worked examples."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import BadRequest, GarbledReply
from drivers.values import Order, ValueType, decode_number, encode_number, register_count

BIG, LITTLE = Order.BIG, Order.LITTLE


@pytest.mark.parametrize(
    ("value_type", "word_order", "byte_order", "registers", "number"),
    [
        ("int16", BIG, BIG, (0xFFFF,), -1),
        ("int16", BIG, LITTLE, (0xFEFF,), -2),
        ("uint16", BIG, BIG, (0xFFFF,), 65535),
        ("int32", BIG, BIG, (0xFFFF, 0xFFFE), -2),
        ("int32", LITTLE, BIG, (0xFFFE, 0xFFFF), -2),
        ("uint32", BIG, BIG, (1, 2), 65538),
        ("uint32", LITTLE, BIG, (1, 2), 131073),
        ("uint32", BIG, LITTLE, (0x0100, 0x0200), 65538),
        ("float32", BIG, BIG, (0x42F6, 0xE979), 123.45600128173828),
        ("float32", LITTLE, BIG, (0xE979, 0x42F6), 123.45600128173828),
        ("float32", LITTLE, LITTLE, (0x79E9, 0xF642), 123.45600128173828),
        ("float64", BIG, BIG, (0x405E, 0xDD2F, 0x1A9F, 0xBE77), 123.456),
        ("uint64", BIG, BIG, (0, 0, 1, 0), 65536),
        ("uint64", LITTLE, BIG, (0, 1, 0, 0), 65536),
        ("int64", BIG, BIG, (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF), -1),
        ("bit", BIG, BIG, (1,), 1),
    ],
)
def test_worked_examples(
    value_type: str, word_order: Order, byte_order: Order, registers: tuple[int, ...], number: float
) -> None:
    kind = ValueType(value_type)
    orders = {"word_order": word_order, "byte_order": byte_order}
    assert decode_number(registers, kind, **orders) == number
    assert encode_number(number, kind, **orders) == registers


@given(
    value_type=st.sampled_from([t for t in ValueType if t is not ValueType.BIT]),
    word_order=st.sampled_from(Order),
    byte_order=st.sampled_from(Order),
    data=st.data(),
)
def test_what_is_decoded_is_encoded_back(
    value_type: ValueType, word_order: Order, byte_order: Order, data: st.DataObject
) -> None:
    count = register_count(value_type)
    word = st.integers(0, 65535)
    registers = tuple(data.draw(st.lists(word, min_size=count, max_size=count)))
    number = decode_number(registers, value_type, word_order=word_order, byte_order=byte_order)
    if not math.isfinite(number) or abs(number) > 2**53:
        return
    back = encode_number(number, value_type, word_order=word_order, byte_order=byte_order)
    assert decode_number(
        back, value_type, word_order=word_order, byte_order=byte_order
    ) == number  # fmt: skip


@pytest.mark.parametrize(
    ("number", "value_type"),
    [
        (65536, "uint16"), (-1, "uint16"), (32768, "int16"), (2**32, "uint32"), (1e39, "float32"),
        (math.nan, "float32"), (math.inf, "int16"), (0.5, "bit"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(number: float, value_type: str) -> None:
    with pytest.raises(BadRequest):
        encode_number(number, ValueType(value_type))


def test_missing_register_is_garbled() -> None:
    with pytest.raises(GarbledReply):
        decode_number((1,), ValueType.FLOAT32)
