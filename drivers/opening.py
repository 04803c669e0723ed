"""From a bus's settings to the link that speaks on it."""

from dataclasses import dataclass
from enum import StrEnum

from drivers.base import BadRequest
from drivers.link import Link
from drivers.modbus.link import ModbusLink
from drivers.modbus.master import ModbusMaster
from drivers.modbus.rtu import RtuMaster
from drivers.modbus.tcp import TcpMaster
from drivers.serial_port import Direction, SerialPort


class BusKind(StrEnum):
    """How a bus speaks."""

    RTU = "rtu"
    TCP = "tcp"
    MBUS = "mbus"
    CJT188 = "cjt188"


@dataclass(frozen=True, kw_only=True, slots=True)
class BusSettings:
    """A serial line (`port`) or a Modbus TCP server (`host`, `tcp_port`) and how to speak there."""

    kind: BusKind
    port: str = ""
    host: str = ""
    tcp_port: int = 502
    baudrate: int = 9600
    parity: str = "N"
    stop_bits: float = 1
    timeout_s: float = 0.5
    quiet_s: float = 0.5
    rs485: Direction = Direction.ADAPTER

    @property
    def name(self) -> str:
        """The port or `tcp://host:port`, for people and for locks."""
        return f"tcp://{self.host}:{self.tcp_port}" if self.kind is BusKind.TCP else self.port


def modbus_master(settings: BusSettings, *, retries: int) -> ModbusMaster:
    """Make the master of a Modbus bus; it opens its port when it is first used.

    Args:
        settings: Of kind rtu or tcp.
        retries: How often a read is repeated.

    Returns:
        The master.

    Raises:
        BadRequest: The bus is of another kind.
    """
    if settings.kind is BusKind.TCP:
        return TcpMaster(
            settings.host, settings.tcp_port, timeout_s=settings.timeout_s, retries=retries
        )
    if settings.kind is BusKind.RTU:
        return RtuMaster(
            settings.port,
            baudrate=settings.baudrate,
            parity=settings.parity,
            stop_bits=settings.stop_bits,
            timeout_s=settings.timeout_s,
            quiet_s=settings.quiet_s,
            retries=retries,
            direction=settings.rs485,
        )
    raise BadRequest(f"a bus of kind {settings.kind} does not speak Modbus")


def link_for(settings: BusSettings) -> Link:
    """Make the link of a bus, without opening it.

    Args:
        settings: How to speak where.

    Returns:
        The link; its transactions are not repeated, which is the caller's to decide.
    """
    if settings.kind in (BusKind.RTU, BusKind.TCP):
        return ModbusLink(modbus_master(settings, retries=0))
    from drivers.meters.cjt188 import Cjt188Link
    from drivers.meters.line import MeterLine
    from drivers.meters.mbus import MbusLink

    port = SerialPort(
        settings.port,
        baudrate=settings.baudrate,
        parity=settings.parity,
        stop_bits=settings.stop_bits,
        direction=settings.rs485,
    )
    line = MeterLine(port, timeout_s=settings.timeout_s, quiet_s=settings.quiet_s)
    return MbusLink(line) if settings.kind is BusKind.MBUS else Cjt188Link(line)
