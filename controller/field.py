"""From a site's tables to its running field: one owner thread per bus."""

from controller.site import Site
from controller.sitefiles import parts
from controller.sitefiles.parts import Direction
from drivers.bus import Bus, Field
from drivers.link import FieldDevice
from drivers.lock import port_lock
from drivers.opening import BusKind, BusSettings, link_for
from drivers.points import FieldPoint
from drivers.profiles import load_profile
from drivers.serial_port import Direction as SwitchedBy
from drivers.timekeeping import WALL_TIME, Timekeeper

_BAUDRATE, _TCP_PORT = 9600, 502


def bus_settings(bus: parts.Bus) -> BusSettings:
    """Give a bus's settings as the drivers take them.

    Args:
        bus: A bus of the site.

    Returns:
        The settings.
    """
    return BusSettings(
        kind=BusKind(bus.kind),
        port=bus.port or "",
        host=bus.host or "",
        tcp_port=bus.tcp_port or _TCP_PORT,
        baudrate=bus.baudrate or _BAUDRATE,
        parity=bus.parity or "N",
        stop_bits=bus.stop_bits or 1,
        timeout_s=bus.timeout_s,
        quiet_s=bus.quiet_s,
        rs485=SwitchedBy(bus.rs485 or SwitchedBy.ADAPTER),
    )


def field_of(site: Site, timekeeper: Timekeeper = WALL_TIME) -> Field:
    """Make a site's field, not yet started.

    Args:
        site: The site.
        timekeeper: Gives the buses their time.

    Returns:
        All its buses.

    Raises:
        BadRequest: A point does not fit its device.
    """
    return Field([_bus(site, bus, timekeeper) for bus in site.buses])


def _bus(site: Site, bus: parts.Bus, timekeeper: Timekeeper) -> Bus:
    devices = [device for device in site.devices if device.bus_id == bus.bus_id]
    names = {device.device_id for device in devices}
    settings = bus_settings(bus)
    return Bus(
        bus.bus_id,
        link_for(settings),
        [
            FieldDevice(
                device_id=device.device_id,
                address=device.address,
                profile=load_profile(device.profile_path),
            )
            for device in devices
        ],
        [field_point(point) for point in site.points if point.device_id in names],
        lock=port_lock(settings.name),
        timekeeper=timekeeper,
    )


def field_point(point: parts.Point) -> FieldPoint:
    """Give a point as the drivers take it.

    Args:
        point: A point of the site.

    Returns:
        The point.
    """
    return FieldPoint(
        point_id=point.point_id,
        device_id=point.device_id,
        tag=point.tag,
        quantity=point.quantity,
        writable=point.direction is Direction.WRITE,
        min_value=point.min_value,
        max_value=point.max_value,
        stale_after_s=point.stale_after_s,
    )
