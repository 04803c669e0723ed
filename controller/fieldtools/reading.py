"""Reading devices by hand: each value twice, judged as the engine judges it."""

from collections.abc import Iterator, Sequence

from drivers.base import (
    BadRequest,
    DeviceRefused,
    DriverError,
    GarbledReply,
    NoReply,
    PortLost,
    utc_now,
)
from drivers.link import FieldDevice, Link
from drivers.modbus.link import READ_FUNCTION, ModbusLink, unit_of_address
from drivers.modbus.master import ModbusMaster
from drivers.profiles import Table, Tag
from drivers.trust import Judged, Sample, judge

# A gateway refuses in the name of a unit that it has no path to, or that did not answer it.
FROM_GATEWAY = (10, 11)


def read_tags(link: Link, device: FieldDevice, tags: Sequence[Tag]) -> dict[str, Judged]:
    """Read tags twice and judge them; a lost or garbled answer is asked for once more.

    Args:
        link: The device's bus.
        device: The device.
        tags: Tags of its profile.

    Returns:
        The judgement of each tag.

    Raises:
        DriverError: The device could not be read.
    """
    try:
        both = [_once(link, device, tags) for _ in range(2)]
    except (NoReply, GarbledReply):
        both = [_once(link, device, tags) for _ in range(2)]
    return {tag.name: judge(tag, tuple(read[tag.name] for read in both), None) for tag in tags}


def _once(link: Link, device: FieldDevice, tags: Sequence[Tag]) -> dict[str, Sample]:
    raw = link.read(device, tags)
    now = utc_now()
    return {
        tag.name: Sample(raw=raw.get(tag.name), time=now, detail="the device does not give it")
        for tag in tags
    }


def read_registers(
    link: Link, address: str | None, table: str, register: int, count: int
) -> list[tuple[int, int]]:
    """Read plain registers twice, without a profile.

    Args:
        link: A Modbus bus.
        address: The unit, as typed.
        table: coil, discrete, input or holding.
        register: The first, from 0.
        count: How many.

    Returns:
        What the two reads gave of each register.

    Raises:
        BadRequest: No unit was named, or the bus does not speak Modbus.
        DriverError: The device could not be read.
    """
    if address is None:
        raise BadRequest("which device? give --unit")
    if not isinstance(link, ModbusLink):
        raise BadRequest("only Modbus has registers; name a profile")
    unit, function = unit_of_address(address), READ_FUNCTION[Table(table)]
    first, second = (link.master.read(unit, function, register, count) for _ in range(2))
    return list(zip(first, second, strict=True))


def scan(
    master: ModbusMaster, units: Sequence[int], function: int, register: int
) -> Iterator[tuple[int, tuple[int, ...] | DriverError]]:
    """Ask one register of each unit; a refusal is an answer too, but for a gateway's.

    Args:
        master: The bus.
        units: Addresses to try.
        function: Read function, 1 to 4.
        register: The register.

    Yields:
        Each unit with its value, or why there is none.

    Raises:
        BadRequest: There is no such register.
        PortLost: The port failed.
    """
    for unit in units:
        try:
            yield unit, master.read(unit, function, register, 1)
        except (BadRequest, PortLost):
            raise
        except DeviceRefused as refusal:
            by_gateway = refusal.code in FROM_GATEWAY
            yield unit, NoReply(str(refusal)) if by_gateway else refusal
        except DriverError as error:
            yield unit, error
