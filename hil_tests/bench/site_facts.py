"""From a site to the facts that assertions need of it."""

from controller.site import Site
from drivers.points import converted, unit_of
from drivers.profiles import load_profile
from hil_tests.bench.facts import Facts


def facts_of(site: Site) -> Facts:
    """Take the facts out of a site.

    Args:
        site: The site.

    Returns:
        The facts.
    """
    network, district = site.district.network, site.district
    index = network.node_index
    setpoints, heartbeats = _registers(site)
    return Facts(
        pipe_ends=tuple((index[p.from_node], index[p.to_node]) for p in network.pipes),
        pipe_in_service=tuple(p.in_service for p in network.pipes),
        pipe_max_bar=tuple(p.max_pressure_bar for p in network.pipes),
        pipe_max_c=tuple(p.max_temp_c for p in network.pipes),
        pipe_ramp_k_h=tuple(p.max_ramp_k_h for p in network.pipes),
        plant_ramp_up_k_h=tuple(p.ramp_up_k_h for p in network.plants),
        plant_ramp_down_k_h=tuple(p.ramp_down_k_h for p in network.plants),
        plant_max_c=tuple(p.max_supply_temp_c for p in network.plants),
        pump_ramp_pct_h=tuple(p.max_speed_ramp_pct_h for p in network.pumps),
        max_velocity_m_s=district.limits.max_velocity_m_s,
        max_makeup_m3_h=district.limits.max_makeup_m3_h,
        boiling_margin_k=district.limits.boiling_margin_k,
        min_pressure_bar=district.limits.min_pressure_bar,
        min_indoor_c=tuple(b.min_indoor_c for b in network.buildings),
        heat_price_per_mwh=tuple(p.heat_price_per_mwh for p in network.plants),
        electricity_per_mwh=district.prices.electricity_per_mwh,
        makeup_per_m3=district.prices.makeup_per_m3,
        currency=district.prices.currency,
        setpoints=setpoints,
        ranges=_ranges(site),
        heartbeats=heartbeats,
    )


def setpoint_ids(site: Site) -> tuple[str, ...]:
    """Name the points that setpoints are written through."""
    return tuple(_registers(site)[0])


def _registers(
    site: Site,
) -> tuple[dict[str, tuple[str, int, int]], tuple[tuple[str, int, int], ...]]:
    devices = {device.device_id: device for device in site.devices}
    found, beats = {}, []
    for point in site.points:
        if point.direction != "write":
            continue
        device = devices[point.device_id]
        place = load_profile(device.profile_path).tags[point.tag].registers
        if place is None:
            continue
        key = (device.bus_id, int(device.address), place.register)
        if point.quantity == "heartbeat":
            beats.append(key)
        else:
            found[point.point_id] = key
    return found, tuple(beats)


def _ranges(site: Site) -> dict[str, tuple[float, float]]:
    """What each point's register may hold by the site's own limits, as the register's number."""
    devices = {device.device_id: device for device in site.devices}
    found = {}
    for point in site.points:
        if point.readback_point_id is None or point.min_value is None or point.max_value is None:
            continue
        tag = load_profile(devices[point.device_id].profile_path).tags[point.tag]
        ends = [
            (converted(value, unit_of(point.quantity), tag.unit) - tag.offset) / tag.scale
            for value in (point.min_value, point.max_value)
        ]
        found[point.point_id] = (min(ends), max(ends))
    return found
