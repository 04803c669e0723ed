"""Buses and devices of a site: who speaks where, by which profile."""

import re
from dataclasses import replace
from pathlib import Path

from controller import paths
from controller.sitefiles.log import Log
from controller.sitefiles.parts import Bus, BusKind, Device
from controller.sitefiles.row import Row
from controller.sitefiles.rules import shown
from controller.sitefiles.toml_file import Sections, parse_toml
from drivers.base import BadInput, BadRequest, Problem
from drivers.profiles import Profile, find_profile, load_profile

_TIMEOUT_S = 0.5
_QUIET_S = 0.5
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADDRESS = {
    BusKind.RTU: (re.compile(r"[1-9]\d?|1\d\d|2[0-3]\d|24[0-7]"), "1 to 247"),
    BusKind.TCP: (re.compile(r"\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]"), "0 to 255"),
    BusKind.MBUS: (
        re.compile(r"\d|[1-9]\d|1\d\d|2[0-4]\d|250|[0-9A-Fa-f]{16}"),
        "0 to 250, or 16 hexadecimal digits",
    ),
    BusKind.CJT188: (re.compile(r"[0-9A-Fa-f]{14}"), "14 digits"),
}
_PROTOCOLS = {
    BusKind.RTU: ("modbus",),
    BusKind.TCP: ("modbus",),
    BusKind.MBUS: ("mbus",),
    BusKind.CJT188: ("cjt188",),
}
_SERIAL_NEEDS = ("baudrate", "parity", "stop_bits")


def build_buses(log: Log, sections: Sections) -> tuple[Bus, ...]:
    """Build the buses; serial ones need their line settings, network ones a host.

    Args:
        log: Where errors and derived values go.
        sections: What site.toml holds.

    Returns:
        The buses of all usable sections.
    """
    return tuple(_bus(log, row) for row in sections["bus"] if not row.broken)


def _bus(log: Log, row: Row) -> Bus:
    name, kind, port = row.text("id"), BusKind(row.text("kind")), row.values["port"]
    serial = kind is not BusKind.TCP
    if serial != isinstance(port, str):
        wanted = 'a serial port, such as "/dev/ttyUSB0"' if serial else "a number, such as 502"
        log.errors.append(row.problem("port", f"does not fit kind {kind}", f"write {wanted}"))
    for column in _SERIAL_NEEDS if serial else ("host",):
        if column not in row.raw:
            log.errors.append(
                row.problem(column, "is missing", f"a bus of kind {kind} needs {column}")
            )

    def seconds(column: str, value: float) -> float:
        given = row.maybe_number(column)
        if given is None:
            log.derived.append(row.derived(column, f"bus {name}", value, "usual for field buses"))
        return value if given is None else given

    baudrate = row.maybe_number("baudrate")
    return Bus(
        bus_id=name,
        kind=kind,
        port=port if isinstance(port, str) else None,
        host=None if serial else row.maybe_text("host"),
        tcp_port=port if isinstance(port, int) else None,
        baudrate=int(baudrate) if serial and baudrate is not None else None,
        parity=row.maybe_text("parity") if serial else None,
        stop_bits=row.maybe_number("stop_bits") if serial else None,
        timeout_s=seconds("timeout_s", _TIMEOUT_S),
        quiet_s=seconds("quiet_s", _QUIET_S),
        rs485=row.maybe_text("rs485") if serial else None,
    )


def build_devices(
    log: Log, folder: Path, sections: Sections, buses: tuple[Bus, ...]
) -> tuple[tuple[Device, ...], dict[str, Profile]]:
    """Build the devices and read their profiles.

    Args:
        log: Where errors go.
        folder: The site's folder.
        sections: What site.toml holds.
        buses: The site's buses.

    Returns:
        The devices of all usable sections, and the profile of each by device id; one in error is
        left out.
    """
    kinds = {bus.bus_id: bus.kind for bus in buses}
    devices: list[Device] = []
    by_name: dict[str, Profile | None] = {}
    profiles: dict[str, Profile] = {}
    for row in sections["device"]:
        if row.broken:
            continue
        name, bus, address = row.text("profile"), row.text("bus"), row.text("address")
        if bus in kinds and not _ADDRESS[kinds[bus]][0].fullmatch(address):
            log.errors.append(
                row.problem(
                    "address",
                    f"is no address on a bus of kind {kinds[bus]}",
                    f"use {_ADDRESS[kinds[bus]][1]}",
                )
            )
        path = _profile_path(folder, name)
        if name not in by_name:
            by_name[name] = _read_profile(log, row, path)
        profile = by_name[name]
        if bus in kinds and profile is not None and profile.protocol not in _PROTOCOLS[kinds[bus]]:
            message = f"speaks {profile.protocol}, its bus {kinds[bus]}"
            log.errors.append(row.problem("profile", message, "put the device on another bus"))
        elif profile is not None:
            profiles[row.text("id")] = profile
        device = Device(
            device_id=row.text("id"),
            bus_id=bus,
            address=address,
            profile=name,
            profile_path=path or folder / "devices" / f"{name}.toml",
        )
        devices.append(device)
    _report_shared_addresses(log, sections, devices)
    return tuple(devices), profiles


def _profile_path(folder: Path, name: str) -> Path | None:
    """Find a profile: the site's own first, then the built-in ones."""
    if not _SAFE_NAME.fullmatch(name):
        return None
    try:
        return find_profile(name, (folder / "devices", paths.config_dir() / "devices"))
    except BadRequest:
        return None


def _read_profile(log: Log, row: Row, path: Path | None) -> Profile | None:
    """Read a profile once, with everything that is wrong with it."""
    if path is None:
        log.errors.append(
            row.problem(
                "profile",
                "is no device profile of this site, nor a built-in one",
                f"add devices/{row.text('profile')}.toml",
            )
        )
        return None
    file = f"devices/{path.name}"
    # Its syntax first: the messages are those of site.toml.
    parsed = parse_toml(path, file)
    if isinstance(parsed, Problem):
        log.errors.append(parsed)
        return None
    try:
        return load_profile(path)
    except BadInput as refusal:
        log.errors.extend(
            replace(
                problem,
                file=file,
                column=None if problem.column is None else shown(problem.column),
                value=None if problem.value is None else shown(problem.value),
            )
            for problem in refusal.problems
        )
        return None


def _report_shared_addresses(log: Log, sections: Sections, devices: list[Device]) -> None:
    """Two devices that answer to one address garble each other."""
    rows = {row.maybe_text("id"): row for row in sections["device"]}
    seen: dict[tuple[str, str], str] = {}
    for device in devices:
        place = (device.bus_id, device.address.lower())
        if place in seen:
            log.errors.append(
                rows[device.device_id].problem(
                    "address",
                    f"is the address of device {seen[place]} on the same bus",
                    "give each device of a bus its own address",
                )
            )
        seen.setdefault(place, device.device_id)
