"""From the command line of `heatwarden bus` to a device: by hand or out of a site."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from controller.paths import config_dir
from drivers.base import BadRequest
from drivers.link import FieldDevice
from drivers.opening import BusKind, BusSettings
from drivers.points import FieldPoint
from drivers.profiles import Profile, find_profile, load_profile
from drivers.serial_port import Direction

TCP_PREFIX = "tcp://"
METER_BAUDRATE = 2400
MODBUS_BAUDRATE = 9600
QUIET_S = 0.5
LONGEST_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A bus and, where the command names one, a device on it.

    `site` is None without a site; `points` are the site's points on the device.
    """

    settings: BusSettings
    device: FieldDevice | None
    profile_path: Path | None
    site: Path | None
    points: tuple[FieldPoint, ...] = ()


def connection(arguments: argparse.Namespace) -> Connection:
    """Find out what the command line talks to.

    Args:
        arguments: With site, device, port, address, profile and the line's settings.

    Returns:
        The connection.

    Raises:
        BadRequest: Something is missing or does not fit.
        BadInput: The site or the profile is wrong.
    """
    if arguments.site is not None:
        return _of_site(arguments)
    if arguments.port is None:
        raise BadRequest("which bus? give --port, or --site with --device")
    if arguments.device is not None:
        raise BadRequest("--device is a name of a site's; give --site, or --unit with --profile")
    profile, path = None, None
    if arguments.profile is not None:
        path = profile_path(arguments.profile)
        profile = load_profile(path)
    settings = _by_hand(arguments, "modbus" if profile is None else profile.protocol)
    device = None
    if profile is not None:
        if arguments.address is None:
            raise BadRequest("which device? give --unit")
        device = FieldDevice(
            device_id=str(arguments.address), address=str(arguments.address), profile=profile
        )
    return Connection(settings=settings, device=device, profile_path=path, site=None)


def profile_path(name: str, own: Path | None = None) -> Path:
    """Find a profile by its name or path.

    Args:
        name: A built-in or the site's own profile, or the path of a TOML file.
        own: The site's profile folder, looked into first.

    Returns:
        The file.

    Raises:
        BadRequest: There is none.
    """
    if name.endswith(".toml"):
        return Path(name)
    folders = (config_dir() / "devices",) if own is None else (own, config_dir() / "devices")
    return find_profile(name, folders)


def _by_hand(arguments: argparse.Namespace, protocol: str) -> BusSettings:
    port: str = arguments.port
    timeout_s: float = arguments.timeout
    if not 0 < timeout_s <= LONGEST_TIMEOUT_S:  # refuses NaN too
        raise BadRequest(f"--timeout {timeout_s:g} is not above 0 and up to {LONGEST_TIMEOUT_S:g}")
    if port.startswith(TCP_PREFIX):
        if protocol != "modbus":
            raise BadRequest(f"{protocol} meters are not on Modbus TCP")
        host, tcp_port = _host_and_port(port)
        return BusSettings(kind=BusKind.TCP, host=host, tcp_port=tcp_port, timeout_s=timeout_s)
    modbus = protocol == "modbus"
    usual_baudrate = MODBUS_BAUDRATE if modbus else METER_BAUDRATE
    return BusSettings(
        kind=BusKind.RTU if modbus else BusKind(protocol),
        port=port,
        baudrate=usual_baudrate if arguments.baudrate is None else arguments.baudrate,
        parity=arguments.parity or ("N" if modbus else "E"),
        stop_bits=arguments.stop_bits,
        timeout_s=timeout_s,
        quiet_s=QUIET_S,
        rs485=Direction(arguments.rs485 or Direction.ADAPTER),
    )


def _host_and_port(port: str) -> tuple[str, int]:
    host, _, number = port.removeprefix(TCP_PREFIX).rstrip("/").rpartition(":")
    if not host:
        host, number = number, "502"
    if not (number.isascii() and number.isdecimal()) or not 0 < int(number) < 65536 or not host:
        raise BadRequest(f"--port {port} is not like tcp://192.168.1.50:502")
    return host.strip("[]"), int(number)


def _of_site(arguments: argparse.Namespace) -> Connection:
    from controller.field import bus_settings, field_point
    from controller.site import SiteError, load_site
    from drivers.base import BadInput

    if arguments.device is None:
        raise BadRequest("which device of the site? give --device")
    by_hand = ("port", "baudrate", "parity", "rs485", "address", "profile")
    given = [name for name in by_hand if getattr(arguments, name) is not None]
    if given:
        named = "unit" if given[0] == "address" else given[0]
        raise BadRequest(f"--{named} comes from the site; leave it out, or leave --site out")
    try:
        site = load_site(arguments.site)
    except SiteError as error:
        raise BadInput(error.problems) from error
    device = next((d for d in site.devices if d.device_id == arguments.device), None)
    if device is None:
        known = ", ".join(d.device_id for d in site.devices)
        raise BadRequest(f"the site has no device {arguments.device}; it has {known}")
    bus = next(bus for bus in site.buses if bus.bus_id == device.bus_id)
    profile: Profile = load_profile(device.profile_path)
    return Connection(
        settings=bus_settings(bus),
        device=FieldDevice(device_id=device.device_id, address=device.address, profile=profile),
        profile_path=device.profile_path,
        site=site.folder,
        points=tuple(field_point(p) for p in site.points if p.device_id == device.device_id),
    )
