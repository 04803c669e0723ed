"""What the load forecast has learned beyond the weather, put into the plan's model of the district.

The planner's loads come from its buildings. Where the learned forecast says that a station will
take more or less heat over the next day than weather alone explains, its buildings gain that much
less or more. The hours' profile is left out: walls average it.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from controller.knowing.loads import TOTAL
from optimizer.forecast.forecaster import LoadForecast
from optimizer.forecast.known import DAY_H
from optimizer.model.policy import District

# A need that is learned to be smaller must not make a flat colder than one that is larger warms it.
LEAST_SHARE, LARGEST_SHARE = -0.05, 0.15


def residual_share(made: LoadForecast) -> float:
    """The learned part of the next day's load, relative to physics.

    Args:
        made: The forecast.

    Returns:
        A share within LEAST_SHARE and LARGEST_SHARE; zero where physics stands alone.
    """
    physics = float(np.mean(made.physics_kw[:DAY_H]))
    if not made.learned or physics <= 0.0:
        return 0.0
    share = float(np.mean(made.load_kw[:DAY_H])) / physics - 1.0
    return min(max(share, LEAST_SHARE), LARGEST_SHARE)


def with_residual(
    district: District, shares: Mapping[str, float], outdoor_temp_c: float
) -> District:
    """Let the buildings of a district need what the forecast has learned.

    Args:
        district: The district.
        shares: By station; TOTAL stands for stations that are not in it.
        outdoor_temp_c: Mean of the next day, degC.

    Returns:
        The district, the same where nothing is learned.
    """
    if not any(shares.values()):
        return district
    buildings = tuple(
        replace(
            building,
            internal_gain_w_m2=building.internal_gain_w_m2
            - shares.get(building.station_id, shares.get(TOTAL, 0.0))
            * 1e3
            * building.ua_kw_k
            * max(building.min_indoor_c - outdoor_temp_c, 0.0)
            / building.floor_area_m2,
        )
        for building in district.network.buildings
    )
    return replace(district, network=replace(district.network, buildings=buildings))
