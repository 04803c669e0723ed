"""Buses, devices and points of a site: who speaks where, and what may be written."""

import re
from collections.abc import Mapping
from pathlib import Path

from controller.paths import built_in_profile
from controller.sitefiles.csv_table import Table
from controller.sitefiles.log import Log
from controller.sitefiles.parts import Bus, BusKind, Device, Direction, Point
from controller.sitefiles.references import unknown_name
from controller.sitefiles.row import Row
from controller.sitefiles.toml_file import Sections, parse_toml
from drivers.base import Problem

HEARTBEAT = "heartbeat"
OFFSET = "secondary_offset_k"
_TIMEOUT_S = 0.5
_QUIET_S = 0.5
# A point is stale after this many polls without an answer.
_STALE_POLLS = 3.0
_STALE_WITHOUT_PROFILE_S = 180.0
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
_SERIAL_NEEDS = ("baudrate", "parity", "stop_bits")

Profile = Mapping[str, object]


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
        The devices of all usable sections, and the content of each profile by device id; a
        profile in error is left out.
    """
    kinds = {bus.bus_id: bus.kind for bus in buses}
    devices: list[Device] = []
    by_name: dict[str, Profile | None] = {}
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
        device = Device(
            device_id=row.text("id"),
            bus_id=bus,
            address=address,
            profile=name,
            profile_path=path or built_in_profile("none"),
        )
        devices.append(device)
    _report_shared_addresses(log, sections, devices)
    profiles = {device.device_id: by_name[device.profile] for device in devices}
    return tuple(devices), {name: one for name, one in profiles.items() if one is not None}


def _profile_path(folder: Path, name: str) -> Path | None:
    """Find a profile: the site's own first, then the built-in ones."""
    if not _SAFE_NAME.fullmatch(name):
        return None
    own = folder / "devices" / f"{name}.toml"
    built_in = built_in_profile(name)
    return own if own.exists() else built_in if built_in.exists() else None


def _read_profile(log: Log, row: Row, path: Path | None) -> Profile | None:
    """Read a profile once; whether it is there and has tags."""
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
    parsed = parse_toml(path, file)
    if isinstance(parsed, Problem):
        log.errors.append(parsed)
        return None
    profile, _ = parsed
    if not isinstance(profile.get("tags"), dict):
        log.errors.append(
            Problem(file=file, column="tags", message="has no tags", remedy="add [tags.NAME]")
        )
        return None
    return profile


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


def build_points(
    log: Log,
    table: Table,
    profiles: Mapping[str, Profile],
    device_ids: frozenset[str] | None,
    target_ids: Mapping[str, frozenset[str] | None],
) -> tuple[Point, ...]:
    """Build the points; those that write need limits, a rate and a readback point.

    Args:
        log: Where errors and derived values go.
        table: points.csv.
        profiles: Profile by device id, where it could be read.
        device_ids: The devices there are, or None where that is not known.
        target_ids: The plants, pumps, stations and buildings there are, by kind; None where
            that is not known.

    Returns:
        The points of all usable rows.
    """
    points: list[Point] = []
    for row in table.whole_rows:
        before = len(log.errors)
        target = _target(log, row, target_ids)
        _check_source(log, row, profiles, device_ids)
        _check_limits(log, row)
        if target is not None and len(log.errors) == before:
            points.append(_point(log, row, target, profiles))
    _check_readbacks(log, table, points)
    return tuple(points)


def _target(
    log: Log, row: Row, target_ids: Mapping[str, frozenset[str] | None]
) -> tuple[str, str] | None:
    """Split and check what a point is about."""
    target = row.text("target")
    if target == "site":
        return "site", ""
    kind, colon, name = target.partition(":")
    if not colon or kind not in target_ids:
        log.errors.append(
            row.problem(
                "target",
                "names nothing a point can be about",
                "write plant:ID, pump:ID, station:ID, building:ID or site",
            )
        )
        return None
    known = target_ids[kind]
    if known is not None and name not in known:
        log.errors.append(unknown_name(row, "target", name, known, kind, "the site"))
        return None
    return kind, name


def _check_source(
    log: Log, row: Row, profiles: Mapping[str, Profile], device_ids: frozenset[str] | None
) -> None:
    """The device must exist and its profile have the tag, writable where it is written."""
    device, tag = row.text("device"), row.text("tag")
    if device_ids is not None and device not in device_ids:
        log.errors.append(unknown_name(row, "device", device, device_ids, "device", "[[device]]"))
        return
    if device not in profiles:
        return
    tags = profiles[device]["tags"]
    assert isinstance(tags, dict)
    if tag not in tags:
        log.errors.append(
            unknown_name(row, "tag", tag, tags, "tag", f"the profile of device {device}")
        )
    elif (
        row.text("direction") == Direction.WRITE
        and isinstance(tags[tag], dict)
        and tags[tag].get("write") is not True
    ):
        log.errors.append(
            row.problem("tag", "is a tag that cannot be written", "set write = true in the profile")
        )


def _check_limits(log: Log, row: Row) -> None:
    """A written point has all of min, max, max_rate_per_h, readback_point; a heartbeat two."""
    low, high = row.maybe_number("min"), row.maybe_number("max")
    if low is not None and high is not None and low >= high:
        log.errors.append(
            row.problem("max", f"must be above min, which is {low:g}", "correct them")
        )
    if row.text("direction") != Direction.WRITE:
        return
    needed = ["min", "max"]
    if row.text("quantity") != HEARTBEAT:
        needed += ["max_rate_per_h", "readback_point"]
    missing = [name for name in needed if name not in row.values]
    if missing:
        log.errors.append(
            row.problem(
                missing[0],
                f"is missing on a point that is written ({', '.join(missing)})"
                if len(missing) > 1
                else "is missing on a point that is written",
                "give min, max, max_rate_per_h and readback_point, or make it a read point",
            )
        )


def _point(log: Log, row: Row, target: tuple[str, str], profiles: Mapping[str, Profile]) -> Point:
    name = row.text("point_id")
    stale = row.maybe_number("stale_after_s")
    if stale is None:
        poll = profiles.get(row.text("device"), {}).get("poll_s")
        known = isinstance(poll, (int, float)) and not isinstance(poll, bool) and 0 < poll < 86_400
        stale = _STALE_POLLS * float(str(poll)) if known else _STALE_WITHOUT_PROFILE_S
        source = f"{_STALE_POLLS:g} polls of its profile" if known else "no poll_s in its profile"
        log.derived.append(row.derived("stale_after_s", f"point {name}", stale, source))
    return Point(
        point_id=name,
        device_id=row.text("device"),
        tag=row.text("tag"),
        target_kind=target[0],
        target_id=target[1],
        quantity=row.text("quantity"),
        direction=Direction(row.text("direction")),
        min_value=row.maybe_number("min"),
        max_value=row.maybe_number("max"),
        max_rate_per_h=row.maybe_number("max_rate_per_h"),
        readback_point_id=row.maybe_text("readback_point"),
        stale_after_s=stale,
    )


def _check_readbacks(log: Log, table: Table, points: list[Point]) -> None:
    """A readback point must exist and be read; each quantity is written by one point only."""
    directions = {row.text("point_id"): row.text("direction") for row in table.whole_rows}
    rows = {row.text("point_id"): row for row in table.whole_rows}
    writers: dict[tuple[str, str, str], str] = {}
    for point in points:
        row, back = rows[point.point_id], point.readback_point_id
        if back is not None and table.sure_ids is not None and back not in table.sure_ids:
            log.errors.append(
                unknown_name(row, "readback_point", back, table.ids, "point", "points.csv")
            )
        elif back is not None and directions.get(back) == Direction.WRITE:
            log.errors.append(
                row.problem("readback_point", "is itself written", "name a point that is read")
            )
        if point.direction is not Direction.WRITE:
            continue
        what = (point.target_kind, point.target_id, point.quantity)
        if what in writers:
            log.errors.append(
                row.problem(
                    "quantity",
                    f"of {row.text('target')} is written by point {writers[what]} too",
                    "let one point write it",
                )
            )
        writers.setdefault(what, point.point_id)


def writable_offsets(points: tuple[Point, ...]) -> dict[str, tuple[float, float, float]]:
    """Find the stations whose secondary offset can be written.

    Args:
        points: The site's points.

    Returns:
        Least and largest offset, K, and its rate, K/h, by station.
    """
    return {
        point.target_id: (point.min_value, point.max_value, point.max_rate_per_h)
        for point in points
        if point.direction is Direction.WRITE
        and point.target_kind == "station"
        and point.quantity == OFFSET
        and point.min_value is not None
        and point.max_value is not None
        and point.max_rate_per_h is not None
    }
