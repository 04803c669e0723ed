"""Which points of a site tell of leaks: make-up meters, and pressures at the stations."""

from controller.site import Site
from controller.sitefiles.parts import Direction

MAKEUP = "makeup_m3_h"
# Supply before return: arrays of pressures stand in this order.
PRESSURES = ("supply_pressure_bar", "return_pressure_bar")


def makeup_points(site: Site) -> tuple[str, ...]:
    """List the make-up meters.

    Args:
        site: The site.

    Returns:
        Their points.
    """
    return tuple(point.point_id for point in site.points if point.quantity == MAKEUP)


def pressure_stations(site: Site) -> int:
    """Count the stations that measure a pressure.

    Args:
        site: The site.

    Returns:
        How many do.
    """
    return len(
        {
            point.target_id
            for point in site.points
            if point.target_kind == "station"
            and point.quantity in PRESSURES
            and point.direction is Direction.READ
        }
    )
