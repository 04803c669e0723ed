"""A serial port whose every failure is a PortLost."""

import errno
import sys
import time
from enum import StrEnum
from types import TracebackType

import serial
from serial.rs485 import RS485Settings

from drivers.base import BadRequest, PortBusy, PortLost

TICK_S = 0.01  # how long one wait for bytes lasts; deadlines are overrun by at most this
WRITE_TIMEOUT_S = 2.0
ENCODABLE_BITS = 8


class Direction(StrEnum):
    """Who switches the RS-485 driver between sending and listening."""

    ADAPTER = "adapter"  # the adapter by itself, as nearly all USB ones do
    KERNEL = "kernel"  # the operating system's RS-485 mode of a built-in UART (Linux)
    RTS = "rts"  # this program, by raising RTS while it sends


def _port_errors() -> tuple[type[Exception], ...]:
    """All that pyserial raises when a port fails, its own and the operating system's.

    After an unplug its POSIX part lets the terminal layer's untyped error through; that class is
    taken from pyserial because the module it lives in does not exist on Windows.
    """
    terminal = getattr(sys.modules.get("serial.serialposix"), "termios", None)
    found: tuple[type[Exception], ...] = (serial.SerialException, OSError, ValueError)
    if terminal is not None:
        found += (terminal.error,)
    return found


_PORT_ERRORS = _port_errors()


class SerialPort:
    """Bytes out and bytes in, with the time each takes on the wire.

    Attributes:
        name: Device name or URL, as pyserial takes it (COM3, /dev/ttyUSB0, socket://host:port).
        char_s: Time of one character on the wire, s.
    """

    def __init__(
        self,
        name: str,
        *,
        baudrate: int,
        parity: str = "N",
        stop_bits: float = 1,
        direction: Direction = Direction.ADAPTER,
    ) -> None:
        if baudrate <= 0:
            raise BadRequest(f"baudrate {baudrate} is not above 0")
        self.name = name
        self.baudrate = baudrate
        self.parity = parity
        self.stop_bits = stop_bits
        self.direction = direction
        parity_bits = 0 if parity == "N" else 1
        self.char_s = (1 + ENCODABLE_BITS + parity_bits + stop_bits) / baudrate
        self._serial: serial.Serial | None = None

    @property
    def is_open(self) -> bool:
        """Whether the port is open, as far as anyone knows."""
        return self._serial is not None

    def open(self) -> None:
        """Open the port for this process alone; does nothing where it is open.

        Raises:
            PortLost: It is not there, held by another process, or refuses these settings.
        """
        if self._serial is not None:
            return
        with self._named_errors("cannot be opened"):
            port = serial.serial_for_url(
                self.name,
                do_not_open=True,
                baudrate=self.baudrate,
                parity=self.parity,
                stopbits=self.stop_bits,
                timeout=TICK_S,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
            if self.direction is Direction.KERNEL:
                port.rs485_mode = RS485Settings()
            if self.direction is Direction.RTS:
                port.rts = False
            port.open()
            self._serial = port

    def close(self) -> None:
        """Close the port; a port that is already gone counts as closed."""
        port, self._serial = self._serial, None
        if port is None:
            return
        try:
            port.close()
        except _PORT_ERRORS:
            return

    def write(self, data: bytes) -> None:
        """Hand bytes to the port, driving the line's direction where that is ours to do.

        Args:
            data: What to send.

        Raises:
            PortLost: The port failed; some of the bytes may have left.
        """
        port = self._require()
        with self._named_errors("failed while sending"):
            if self.direction is Direction.RTS:
                port.rts = True
                started = time.monotonic()
                port.write(data)
                port.flush()
                # Drivers report "sent" when the last bytes are still in the adapter's buffer.
                left_s = started + len(data) * self.char_s - time.monotonic()
                time.sleep(max(0.0, left_s))
                port.rts = False
            else:
                port.write(data)

    def read(self, count: int) -> bytes:
        """Wait a tick for bytes.

        Args:
            count: The most to take.

        Returns:
            What came within TICK_S, as soon as `count` bytes are there; perhaps nothing.

        Raises:
            PortLost: The port failed.
        """
        port = self._require()
        with self._named_errors("failed while listening"):
            return bytes(port.read(count))

    def read_waiting(self) -> bytes:
        """Take what has already arrived, without waiting.

        Returns:
            The bytes, perhaps none.

        Raises:
            PortLost: The port failed.
        """
        port = self._require()
        with self._named_errors("failed while listening"):
            waiting = port.in_waiting
            return bytes(port.read(waiting)) if waiting else b""

    def _require(self) -> serial.Serial:
        if self._serial is None:
            raise PortLost(f"{self.name} is closed")
        return self._serial

    def _named_errors(self, what: str) -> "_NamedErrors":
        return _NamedErrors(self, what)


class _NamedErrors:
    """Turns whatever a port raises into PortLost, and closes it so that it can come back.

    A class and no generator: it is entered half a dozen times for every frame.
    """

    __slots__ = ("_port", "_what")

    def __init__(self, port: SerialPort, what: str) -> None:
        self._port, self._what = port, what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, _PORT_ERRORS):
            return
        name = self._port.name
        self._port.close()
        if getattr(error, "errno", None) in (errno.EAGAIN, errno.EBUSY):
            raise PortBusy(f"{name} is in use by another program") from error
        raise PortLost(
            f"{name} {self._what}: {error}; check the cable, the name and the settings"
        ) from error


def known_ports() -> list[tuple[str, str]]:
    """List the serial ports that the operating system knows.

    Returns:
        Name and description of each, sorted.
    """
    from serial.tools.list_ports import comports

    return sorted((port.device, port.description) for port in comports())
