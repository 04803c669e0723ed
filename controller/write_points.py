"""From the site's tables to the points that the write path may write, and their fingerprints."""

import hashlib
import json

from controller.actuate import WritePoint
from controller.guard import STEP_SHARE
from controller.guard_limits import HEARTBEAT, resolution_of
from controller.site import Site
from controller.sitefiles.parts import Direction
from drivers.profiles import Tag, load_profile

_DUST = 1e-6


def write_points(site: Site) -> dict[str, WritePoint]:
    """Find the setpoints that the site lets be written.

    Args:
        site: The site.

    Returns:
        By point; heartbeats are no setpoints.
    """
    tags = tags_of(site)
    quiet = {bus.bus_id: bus.quiet_s for bus in site.buses}
    bus_of = {device.device_id: device.bus_id for device in site.devices}
    found = {}
    for point in site.points:
        if point.direction is not Direction.WRITE or point.quantity == HEARTBEAT:
            continue
        assert point.readback_point_id is not None
        assert point.min_value is not None
        assert point.max_value is not None
        assert point.max_rate_per_h is not None
        step = resolution_of(point, tags[point.point_id])
        found[point.point_id] = WritePoint(
            point_id=point.point_id,
            readback_point_id=point.readback_point_id,
            min_value=point.min_value,
            max_value=point.max_value,
            largest_step=STEP_SHARE * point.max_rate_per_h,
            tolerance=0.5 * step + _DUST * max(1.0, abs(point.max_value)),
            quiet_s=quiet[bus_of[point.device_id]],
        )
    return found


def fingerprints(site: Site) -> dict[str, str]:
    """Hash all that a written point's meaning hangs on: it, its readback, device, profile and bus.

    Args:
        site: The site.

    Returns:
        SHA-256 by written point, heartbeats too; any change of one of them gives another.
    """
    points = {point.point_id: point for point in site.points}
    devices = {device.device_id: device for device in site.devices}
    buses = {bus.bus_id: bus for bus in site.buses}
    found = {}
    for point in site.points:
        if point.direction is not Direction.WRITE:
            continue
        back = points[point.readback_point_id] if point.readback_point_id else None
        parts: list[str] = [repr(point), repr(back)]
        for one in (point, back):
            if one is not None:
                device = devices[one.device_id]
                profile = device.profile_path.read_bytes()
                place = (device.device_id, device.bus_id, device.address, device.profile)
                parts += [repr(place), hashlib.sha256(profile).hexdigest()]
                parts.append(repr(buses[device.bus_id]))
        found[point.point_id] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return found


def tags_of(site: Site) -> dict[str, Tag]:
    """Find each point's tag in the profile of its device.

    Args:
        site: The site.

    Returns:
        Tag by point.
    """
    profiles = {device.device_id: load_profile(device.profile_path) for device in site.devices}
    return {point.point_id: profiles[point.device_id].tag(point.tag) for point in site.points}
