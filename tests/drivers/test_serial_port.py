"""Who switches an RS-485 line, and when."""

import threading
import time

import pytest

from drivers.base import PortLost
from drivers.serial_port import Direction, SerialPort
from tests.drivers.wire import slave_on_pty

BAUDRATE = 1200
FRAME = bytes(24)  # 0.2 s of line


def test_rts_is_up_as_long_as_the_line_sends_and_not_longer() -> None:
    """On pyserial's loop, whose CTS shows RTS."""
    port = SerialPort("loop://", baudrate=BAUDRATE, direction=Direction.RTS)
    port.open()
    assert port._serial is not None
    line = port._serial
    seen: list[tuple[float, bool, float]] = []  # looked no sooner, what, no later
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(0.002):
            seen.append((time.monotonic(), line.cts, time.monotonic()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    time.sleep(0.05)
    began_s = time.monotonic()
    port.write(FRAME)
    ended_s = time.monotonic()
    time.sleep(0.05)
    ending.set()
    watcher.join()
    port.close()
    up = [(sooner_s, later_s) for sooner_s, is_up, later_s in seen if is_up]
    assert up
    assert began_s <= up[0][1]
    assert up[-1][0] <= ended_s
    assert ended_s - began_s >= len(FRAME) * port.char_s  # the last bits are out before it falls


@pytest.mark.parametrize("direction", [Direction.KERNEL, Direction.RTS])
def test_a_port_that_can_not_switch_is_a_lost_port(direction: Direction) -> None:
    with slave_on_pty() as (name, slave):
        port = SerialPort(name, baudrate=BAUDRATE, direction=direction)
        with pytest.raises(PortLost):
            open_and_send(port)
        assert not slave.heard
        assert not port.is_open


def open_and_send(port: SerialPort) -> None:
    port.open()
    port.write(FRAME)
