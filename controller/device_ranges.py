"""What the device of each point can measure, or take."""

from controller.site import Site
from controller.write_points import tags_of
from drivers.points import converted, unit_of


def device_ranges(site: Site) -> dict[str, tuple[float, float]]:
    """Find the range of each point's tag.

    Args:
        site: The site.

    Returns:
        Least and largest value by point, in the unit of its quantity.
    """
    tags = tags_of(site)
    found = {}
    for point in site.points:
        tag, unit = tags[point.point_id], unit_of(point.quantity)
        ends = [converted(end, tag.unit, unit) for end in (tag.min_value, tag.max_value)]
        found[point.point_id] = (min(ends), max(ends))
    return found
