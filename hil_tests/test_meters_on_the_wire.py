"""The bench's heat meters, read by the drivers over a pseudo-terminal."""

from pathlib import Path

import pytest

from drivers.base import NoReply
from drivers.meters.cjt188 import Cjt188Link
from drivers.meters.line import MeterLine
from drivers.meters.mbus import MbusLink
from drivers.profiles import MeterDialect
from drivers.serial_port import SerialPort
from hil_tests.bench.wire.lines import PtyLine
from hil_tests.bench.wire.log import WireLog
from hil_tests.bench.wire.meters import MeterBus
from tests.peers import need_package

SHOWN = {"energy": 12345.0, "volume": 678.9, "power": 321.5, "flow": 12.34,
         "supply_temp": 91.25, "return_temp": 44.5}  # fmt: skip
METER = "12345678901234"


class Showing:
    def __init__(self, shown: dict[str, float] = SHOWN) -> None:
        self._shown = shown

    def show(self) -> dict[str, float]:
        return self._shown


def line_to(kind: str, address: str, folder: Path) -> tuple[PtyLine, MeterLine, WireLog]:
    log = WireLog()
    bus = MeterBus("meters", kind, {address: Showing()}, log, lambda: 0.0, 1)
    line = PtyLine(bus, folder / kind)
    port = SerialPort(line.port, baudrate=2400)
    return line, MeterLine(port, timeout_s=0.5, quiet_s=0.05), log


def test_a_cjt188_meter_is_read(tmp_path: Path) -> None:
    line, own, log = line_to("cjt188", METER, tmp_path)
    try:
        measured = Cjt188Link(own).measure(METER, MeterDialect())
        with pytest.raises(NoReply):
            Cjt188Link(own).measure("99999999999999", MeterDialect())
    finally:
        own.close()
        line.close()
    assert {name: measured[name].value for name in SHOWN} == pytest.approx(SHOWN, rel=1e-3)
    assert [frame.is_reply for frame in log.frames] == [False, True, False]


def test_an_mbus_meter_is_read(tmp_path: Path) -> None:
    need_package("meterbus")
    line, own, _ = line_to("mbus", "5", tmp_path)
    try:
        measured = MbusLink(own).measure("5")
        with pytest.raises(NoReply):
            MbusLink(own).measure("6")
    finally:
        own.close()
        line.close()
    factor = {"energy": 1.0, "volume": 1.0, "power": 1.0, "flow": 1.0}
    units = {name: measured[name].unit for name in SHOWN}
    in_kw = {"Wh": 1e-3, "W": 1e-3, "l": 1e-3}
    found = {n: measured[n].value * in_kw.get(units[n], factor.get(n, 1.0)) for n in SHOWN}
    assert found == pytest.approx(SHOWN, rel=1e-3)


TWO_METERS = ("1234567824400104", "1234567924400104")


def test_mbus_meters_are_read_by_secondary_address(tmp_path: Path) -> None:
    need_package("meterbus")
    log = WireLog()
    first, second = ({**SHOWN, "supply_temp": temp_c} for temp_c in (81.0, 82.0))
    meters = {TWO_METERS[0]: Showing(first), TWO_METERS[1]: Showing(second)}
    bus = MeterBus("meters", "mbus", meters, log, lambda: 0.0, 1)
    line = PtyLine(bus, tmp_path / "mbus")
    own = MeterLine(SerialPort(line.port, baudrate=2400), timeout_s=0.5, quiet_s=0.05)
    link = MbusLink(own)
    try:
        shown_c = [link.measure(one)["supply_temp"].value for one in (*TWO_METERS, TWO_METERS[0])]
        by_any_maker = link.measure("12345679FFFFFFFF")["supply_temp"].value
        for nobody_or_both in ("99999999FFFFFFFF", "1234567FFFFFFFFF", "5"):
            with pytest.raises(NoReply):
                link.measure(nobody_or_both)
        bus.faults.dead.add(TWO_METERS[1])
        with pytest.raises(NoReply):
            link.measure(TWO_METERS[1])
    finally:
        own.close()
        line.close()
    assert shown_c == [81.0, 82.0, 81.0]
    assert by_any_maker == 82.0
    assert {frame.unit for frame in log.frames if frame.is_reply} == {5678, 5679}
