"""The guard's limits, from the site alone."""

from collections.abc import Sequence

from controller.guard import Deciding, DropTrip, PointLimits
from controller.site import Site
from controller.sitefiles.parts import Direction, Point
from drivers.points import converted, unit_of
from drivers.profiles import Profile, Tag, load_profile
from optimizer.model.network import Pipe, Plant, Pump

HEARTBEAT, REMOTE = "heartbeat", "remote"
# How near a measured value may come to its limit before nothing is increased any more.
TEMP_BAND_K = 0.5
PRESSURE_BAND_BAR = 0.2
MAKEUP_BAND_SHARE = 0.1


def guard_limits(site: Site) -> dict[str, PointLimits]:
    """Find what the site allows each setpoint it can write.

    Args:
        site: The site.

    Returns:
        Limits by point; heartbeats are no setpoints and have none.
    """
    profiles = {device.device_id: load_profile(device.profile_path) for device in site.devices}
    return {
        point.point_id: _limits_of(site, point, profiles[point.device_id])
        for point in site.points
        if point.direction is Direction.WRITE and point.quantity != HEARTBEAT
    }


def _limits_of(site: Site, point: Point, profile: Profile) -> PointLimits:
    rate, back_id = point.max_rate_per_h, point.readback_point_id
    assert rate is not None
    assert back_id is not None
    assert point.min_value is not None
    assert point.max_value is not None
    back = next(one for one in site.points if one.point_id == back_id)
    low, high, up, down = _element_limits(site, point)
    plants = _plants_of(site, point)
    remotes = [one for one in _readings(site, REMOTE) if _same_target(one, point)]
    return PointLimits(
        point_id=point.point_id,
        readback_point_id=back_id,
        readback_stale_s=back.stale_after_s,
        min_value=max(point.min_value, low),
        max_value=min(point.max_value, high),
        up_per_h=min(rate, up),
        down_per_h=min(rate, down),
        resolution=resolution_of(point, profile.tag(point.tag)),
        deciding=_deciding(site, plants),
        drops=_drops(site, plants),
        remote_point_ids=tuple(one.point_id for one in remotes),
        remote_stale_s=min((one.stale_after_s for one in remotes), default=60.0),
    )


def resolution_of(point: Point, tag: Tag) -> float:
    """Find the least step that a point's device can be told.

    Args:
        point: The point.
        tag: Its tag.

    Returns:
        The step in the unit of the point's quantity.
    """
    unit = unit_of(point.quantity)
    return abs(converted(tag.resolution, tag.unit, unit) - converted(0.0, tag.unit, unit))


def makeup_kept_m3_h(site: Site) -> float:
    """Find up to which make-up water anything is increased; what is planned should stay within.

    Args:
        site: The site.

    Returns:
        The make-up water, m3/h.
    """
    return (1.0 - MAKEUP_BAND_SHARE) * _makeup_limit_m3_h(site)


def _makeup_limit_m3_h(site: Site) -> float:
    most = site.district.limits.max_makeup_m3_h
    return most if site.trip is None else min(most, site.trip.max_makeup_m3_h)


def _element_limits(site: Site, point: Point) -> tuple[float, float, float, float]:
    """Least and largest value and the ramps up and down of the plant or pump itself."""
    network, inf = site.district.network, float("inf")
    if point.target_kind == "plant" and point.quantity == "supply_temp_c":
        plant = network.plants[network.plant_index[point.target_id]]
        pipes = _pipes_at(site, plant)
        ramp = min((pipe.max_ramp_k_h for pipe in pipes), default=inf)
        hottest = min((pipe.max_temp_c for pipe in pipes), default=inf)
        return (
            plant.min_supply_temp_c,
            min(plant.max_supply_temp_c, hottest),
            min(plant.ramp_up_k_h, ramp),
            min(plant.ramp_down_k_h, ramp),
        )
    if point.target_kind == "pump" and point.quantity == "speed_pct":
        pump = network.pumps[network.pump_index[point.target_id]]
        ramp = pump.max_speed_ramp_pct_h
        return pump.min_speed_pct, pump.max_speed_pct, ramp, ramp
    return -inf, inf, inf, inf


def _plants_of(site: Site, point: Point) -> tuple[Plant, ...]:
    """The plants whose measurements decide about a point: its own, else all."""
    network = site.district.network
    plant_id: str | None = point.target_id if point.target_kind == "plant" else None
    if point.target_kind == "pump":
        pump: Pump = network.pumps[network.pump_index[point.target_id]]
        plant_id = pump.plant_id
    own = tuple(plant for plant in network.plants if plant.plant_id == plant_id)
    return own or network.plants


def _deciding(site: Site, plants: Sequence[Plant]) -> tuple[Deciding, ...]:
    """Outlet temperature, pressures and make-up water of the plants, with the site's limits."""
    names = {plant.plant_id: plant for plant in plants}
    makeup = _makeup_limit_m3_h(site)
    found = []
    for point in site.points:
        if point.direction is not Direction.READ:
            continue
        if point.quantity == "makeup_m3_h":
            found.append(_decides(point, high=makeup, band=MAKEUP_BAND_SHARE * makeup))
        elif point.target_kind == "plant" and point.target_id in names:
            found.extend(_of_plant(site, names[point.target_id], point))
    return tuple(found)


def _of_plant(site: Site, plant: Plant, point: Point) -> list[Deciding]:
    pipes = _pipes_at(site, plant)
    pressure = min((pipe.max_pressure_bar for pipe in pipes), default=float("inf"))
    hottest = min((pipe.max_temp_c for pipe in pipes), default=float("inf"))
    if point.quantity == "supply_temp_c":
        high = min(plant.max_supply_temp_c, hottest)
        return [_decides(point, high=high, band=TEMP_BAND_K)]
    if point.quantity == "supply_pressure_bar":
        return [_decides(point, high=pressure, band=PRESSURE_BAND_BAR)]
    if point.quantity == "return_pressure_bar":
        low = site.district.limits.min_pressure_bar
        return [_decides(point, high=pressure, low=low, band=PRESSURE_BAND_BAR)]
    return []


def _decides(
    point: Point, *, high: float | None, band: float, low: float | None = None
) -> Deciding:
    return Deciding(
        point_id=point.point_id,
        stale_after_s=point.stale_after_s,
        high=high,
        low=low,
        band=band,
    )


def _drops(site: Site, plants: Sequence[Plant]) -> tuple[DropTrip, ...]:
    if site.trip is None:
        return ()
    names = {plant.plant_id for plant in plants}
    return tuple(
        DropTrip(point_id=point.point_id, max_drop_bar_min=site.trip.max_pressure_drop_bar_min)
        for quantity in ("supply_pressure_bar", "return_pressure_bar")
        for point in _readings(site, quantity)
        if point.target_kind == "plant" and point.target_id in names
    )


def _readings(site: Site, quantity: str) -> list[Point]:
    return [
        point
        for point in site.points
        if point.direction is Direction.READ and point.quantity == quantity
    ]


def _same_target(one: Point, other: Point) -> bool:
    return (one.target_kind, one.target_id) == (other.target_kind, other.target_id)


def _pipes_at(site: Site, plant: Plant) -> list[Pipe]:
    """The pipes that begin or end at a plant: what leaves it is what they get."""
    return [
        pipe
        for pipe in site.district.network.pipes
        if pipe.in_service and plant.node_id in (pipe.from_node, pipe.to_node)
    ]
