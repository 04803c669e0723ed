"""Heat meters: CJ/T 188 and M-Bus frames, right ones, damaged ones, and over a real line."""

import os
import pty
import random
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import BadRequest, DeviceRefused, DriverError, GarbledReply, NoReply
from drivers.link import FieldDevice
from drivers.meters import cjt188, mbus
from drivers.meters.line import Measurement, MeterLine
from drivers.profiles import MeterDialect, load_profile
from drivers.serial_port import SerialPort
from tests.drivers.campaigns import (
    cjt188_answer,
    fuzz_cjt188,
    fuzz_mbus,
    mbus_answer,
    sealed_cjt188,
    sealed_mbus,
)
from tests.drivers.test_profiles import BUILT_IN

# A heat meter's answer as recorded in the field (edition of 2004, unit byte first): 0.02 MWh,
# 10.34 m3, supply 25.35 and return 25.66 degC.
FIELD_ANSWER = bytes.fromhex(
    "fe fe fe fe 68 20 32 41 31 40 00 00 00 81 2e 90 1f 01 08 02 00 00 00 08 02 00 00 00"
    "17 00 00 00 00 35 00 00 00 00 2c 34 10 00 00 35 25 00 66 25 00 00 00 00"
    "53 00 12 10 07 15 20 00 00 31 16"
)
FIELD_DIALECT = MeterDialect(meter_type=0x20, edition=2004, unit_first=True)
FIELD_ADDRESS = "00000040314132"

# The example of "The M-Bus: A Documentation", section 6.3: a water volume, a maximum flow and an
# energy of another tariff.
DOCUMENTED = bytes.fromhex(
    "68 1f 1f 68 08 02 72 78 56 34 12 24 40 01 07 55 00 00 00"
    "03 13 15 31 00 da 02 3b 13 01 8b 60 04 37 18 02 18 16"
)


def test_cjt188_question_as_recorded() -> None:
    question = cjt188.encode_question(FIELD_ADDRESS, FIELD_DIALECT, serial=1)
    assert question == bytes.fromhex("fe fe fe 68 20 32 41 31 40 00 00 00 01 03 90 1f 01 20 16")
    assert cjt188.encode_question(FIELD_ADDRESS, MeterDialect(), serial=1)[14:16] == b"\x1f\x90"


def test_cjt188_answer_as_recorded() -> None:
    assert cjt188.answer_length(FIELD_ANSWER) == len(FIELD_ANSWER)
    measured = cjt188.decode_answer(FIELD_ANSWER, FIELD_ADDRESS, FIELD_DIALECT, serial=1)
    assert measured == {
        "settled_energy": Measurement(value=0.02, unit="MWh"),
        "energy": Measurement(value=0.02, unit="MWh"),
        "power": Measurement(value=0, unit="kW"),
        "flow": Measurement(value=0, unit="m3/h"),
        "volume": Measurement(value=10.34, unit="m3"),
        "supply_temp": Measurement(value=25.35, unit="degC"),
        "return_temp": Measurement(value=25.66, unit="degC"),
        "working_time": Measurement(value=0, unit="h"),
        "status": Measurement(value=0, unit=""),
    }


@pytest.mark.parametrize("code", cjt188.UNIT_CODES)
def test_cjt188_units(code: int) -> None:
    unit, factor = cjt188.UNIT_CODES[code]
    answer = cjt188_answer(energy=123456, energy_unit=code)
    measured = cjt188.decode_answer(answer, "12345678901234", MeterDialect(), serial=7)
    assert measured["energy"].unit == unit
    assert measured["energy"].value == pytest.approx(factor * 1234.56)


def broken(index: int, value: int) -> bytes:
    body = bytearray(cjt188_answer()[:-2])
    body[index] = value
    return sealed_cjt188(bytes(body))


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (broken(2, 0x99), GarbledReply, "of meter"),
        (broken(1, 0x10), GarbledReply, "meter type"),
        (broken(9, 0x84), GarbledReply, "control code"),
        (broken(11, 0x2F), GarbledReply, "another question"),
        (broken(13, 8), GarbledReply, "another question"),
        (broken(14, 0xAA), GarbledReply, "not decimal"),
        (broken(18, 0x77), GarbledReply, "unit code"),
        (broken(0, 0x67), GarbledReply, "wrong ends"),
        (cjt188_answer()[:-2] + b"\x00\x16", GarbledReply, "checksum"),
        (cjt188_answer()[:-1] + b"\x17", GarbledReply, "wrong ends"),
        (b"\xfe" * 5 + cjt188_answer(), GarbledReply, "no frame"),
        (b"", GarbledReply, "no frame"),
        (
            sealed_cjt188(cjt188_answer()[:9] + bytes([0xC1, 3, 7, 4, 0])),
            DeviceRefused,
            "status 0004",
        ),
    ],
)
def test_cjt188_answers_that_are_none(
    answer: bytes, error: type[DriverError], message: str
) -> None:
    with pytest.raises(error, match=message):
        cjt188.decode_answer(answer, "12345678901234", MeterDialect(), serial=7)


@pytest.mark.parametrize(
    "address", ["", "123", "1234567890123x", "AABBCCDDEEFF00", "１２３４５６７８９０１２３４"]
)
def test_cjt188_addresses_that_are_none(address: str) -> None:
    with pytest.raises(BadRequest):
        cjt188.encode_question(address, MeterDialect(), serial=0)


def test_cjt188_any_address_takes_any_meter_s_answer() -> None:
    question = cjt188.encode_question("AA" * 7, MeterDialect(), serial=7)
    assert question[5:12] == b"\xaa" * 7
    assert cjt188.decode_answer(cjt188_answer(), "AA" * 7, MeterDialect(), serial=7)


def every_bit_flipped(frame: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(frame)):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << (bit % 8)
        yield bytes(flipped)


def test_cjt188_single_bit_errors_give_no_value() -> None:
    for frame in every_bit_flipped(cjt188_answer()):
        with pytest.raises(DriverError):
            cjt188.decode_answer(frame, "12345678901234", MeterDialect(), serial=7)


def test_mbus_single_bit_errors_give_no_value() -> None:
    for frame in every_bit_flipped(mbus_answer()):
        with pytest.raises(DriverError):
            mbus.decode_answer(frame, 5, None)


def test_cjt188_fuzzed() -> None:
    assert fuzz_cjt188(50_000, seed=188) == 0


def test_mbus_fuzzed() -> None:
    assert fuzz_mbus(20_000, seed=13757) == 0


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_bytes_are_a_typed_error(data: bytes) -> None:
    with pytest.raises(DriverError):
        cjt188.decode_answer(data, "12345678901234", MeterDialect(), serial=7)
    with pytest.raises(DriverError):
        mbus.decode_answer(data, 5, None)
    cjt188.answer_length(data)
    mbus.answer_length(data)


def test_mbus_documented_example() -> None:
    status, _ = mbus.decode_answer(DOCUMENTED, 2, None)
    measured, more = mbus.decode_records(DOCUMENTED)
    assert status == 0
    assert not more
    # the maximum flow and the energy of tariff 2 are not present values
    assert measured == {"volume": Measurement(value=12.565, unit="m3")}


def test_mbus_heat_meter() -> None:
    measured, _ = mbus.decode_records(mbus_answer())
    assert measured == {
        "energy": Measurement(value=123456000, unit="Wh"),
        "volume": Measurement(value=4321.98, unit="m3"),
        "power": Measurement(value=87600, unit="W"),
        "flow": Measurement(value=1.234, unit="m3/h"),
        "supply_temp": Measurement(value=95.4, unit="degC"),
        "return_temp": Measurement(value=48.7, unit="degC"),
    }


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (b"\xe5", "no long frame"),
        (sealed_mbus(b"\x08\x06" + mbus_answer()[6:-2]), "address 6"),
        (sealed_mbus(b"\x53\x05" + mbus_answer()[6:-2]), "no meter's data"),
        (sealed_mbus(b"\x08\x05\x70" + mbus_answer()[7:-2]), "no meter's data"),
        (mbus_answer()[:-2] + b"\x00\x16", "checksum"),
        (mbus_answer() + b"\x00", "wrong ends"),
        (mbus_answer()[:-2] + mbus_answer()[-1:], "frame says"),
    ],
)
def test_mbus_answers_that_are_none(frame: bytes, message: str) -> None:
    with pytest.raises(GarbledReply, match=message):
        mbus.decode_answer(frame, 5, None)


def test_mbus_secondary_addresses() -> None:
    primary, secondary = mbus.parse_address("1234567824400107")
    assert (primary, secondary) == (0xFD, bytes.fromhex("7856341224400107"))
    assert secondary is not None
    mbus.decode_answer(DOCUMENTED, primary, secondary)
    mbus.decode_answer(DOCUMENTED, primary, mbus.parse_address("12345678FFFFFFFF")[1])
    with pytest.raises(GarbledReply, match="of meter 12345678"):
        mbus.decode_answer(DOCUMENTED, primary, mbus.parse_address("1234567924400107")[1])


@pytest.mark.parametrize("address", ["", "251", "-1", "12345", "123456782440010G", "1 2"])
def test_mbus_addresses_that_are_none(address: str) -> None:
    with pytest.raises(BadRequest):
        mbus.parse_address(address)


@contextmanager
def meter_on_pty(answer_to: Callable[[bytes], bytes]) -> Iterator[MeterLine]:
    """A line with a meter that answers whatever is asked."""
    near, far = pty.openpty()
    tty.setraw(near)
    tty.setraw(far)

    def serve() -> None:
        with suppress(OSError):
            while question := os.read(near, 4096):
                os.write(near, answer_to(question))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    line = MeterLine(SerialPort(os.ttyname(far), baudrate=2400), timeout_s=0.1, quiet_s=0.05)
    line.open()
    try:
        yield line
    finally:
        line.close()
        os.close(far)
        thread.join(5)
        os.close(near)


def device(profile: str, address: str) -> FieldDevice:
    path: Path = BUILT_IN / f"{profile}.toml"
    return FieldDevice(device_id="meter", address=address, profile=load_profile(path))


def test_cjt188_over_a_line() -> None:
    with meter_on_pty(lambda q: b"\xfe\xfe" + cjt188_answer(serial=q[16])) as line:
        meter = device("heat-meter-cjt188", "12345678901234")
        tags = [meter.profile.tag(name) for name in ("energy", "power", "supply_temp")]
        raw = cjt188.Cjt188Link(line).read(meter, tags)
        assert raw == {"energy": 1234.56, "power": 87.6, "supply_temp": 95.4}
        with pytest.raises(BadRequest):
            cjt188.Cjt188Link(line).write(meter, tags[0], 1.0)


def test_mbus_over_a_line() -> None:
    with meter_on_pty(lambda q: b"\xe5" if q[1] == 0x40 else mbus_answer()) as line:
        meter = device("heat-meter-mbus", "5")
        tags = [meter.profile.tag(name) for name in ("energy", "power", "return_temp")]
        raw = mbus.MbusLink(line).read(meter, tags)
        assert raw == pytest.approx({"energy": 123456.0, "power": 87.6, "return_temp": 48.7})


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"", NoReply), (b"\x68\x20\x11", GarbledReply), (cjt188_answer() + b"\x00", GarbledReply)],
)
def test_bad_answers_on_a_line(answer: bytes, error: type[DriverError]) -> None:
    with meter_on_pty(lambda q: answer) as line, pytest.raises(error):
        cjt188.Cjt188Link(line).measure("12345678901234", MeterDialect())


def test_units_that_measure_something_else_are_garbled() -> None:
    with meter_on_pty(lambda q: cjt188_answer(serial=q[16], energy_unit=0x2C)) as line:
        meter = device("heat-meter-cjt188", "12345678901234")
        with pytest.raises(GarbledReply, match="energy"):
            cjt188.Cjt188Link(line).read(meter, [meter.profile.tag("energy")])


def test_damaged_meter_frames_are_never_looped_over() -> None:
    """Records with a length of nothing must not hold the bus."""
    rng = random.Random(1)
    for _ in range(200):
        frame = sealed_mbus(mbus_answer()[4:19] + bytes(rng.choices((0, 0x0D, 0x80), k=200)))
        mbus.decode_answer(frame, 5, None)
        with suppress(GarbledReply):
            mbus.decode_records(frame)
