"""A network whose stations have more or less to heat than its tables say."""

import numpy as np

from optimizer.model.forecast import Forecast
from optimizer.physics.layout import Layout


def in_member(layout: Layout, forecast: Forecast, member: int) -> Layout:
    """Give a network the loads of a member: as if so many times as many buildings stood there.

    They lose, gain and take so many times as much, so that at the same temperatures the load is
    that much larger while rooms stay as they are; where valves, exchangers or plants give no more,
    rooms get colder. What stores heat stays: walls do not get heavier by what people draw.

    Args:
        layout: The network as the tables have it.
        forecast: The members.
        member: Which.

    Returns:
        The network in that member.
    """
    if forecast.load_factor is None:
        return layout
    factor = np.asarray(forecast.load_factor[member])
    stations, buildings = layout.stations, layout.buildings
    of_building = factor[buildings.station]
    return layout._replace(
        stations=stations._replace(
            secondary_w_k=stations.secondary_w_k * factor, load_w=stations.load_w * factor
        ),
        buildings=buildings._replace(
            ua_w_k=buildings.ua_w_k * of_building,
            radiator_w=buildings.radiator_w * of_building,
            gain_w=buildings.gain_w * of_building,
            aperture_m2=buildings.aperture_m2 * of_building,
        ),
    )
