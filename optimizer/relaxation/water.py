"""What water costs at least when nothing is known of the flows: losses, leaks and make-up."""

import numpy as np

from optimizer.cost import stored_heat_price
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.layout import Layout
from optimizer.physics.water import (
    GRAVITY_M_S2,
    density_kg_m3,
    enthalpy_j_kg,
    temperature_c,
)

JOULES_PER_MWH = 3.6e9


def coldest_water_c(district: District, state: PlantState, coldest_air_c: float) -> float:
    """A temperature that no water in the network falls below: nothing it meets is colder.

    Args:
        district: The district.
        state: State at the start.
        coldest_air_c: The coldest that any heated room may be, degC.

    Returns:
        Temperature, degC.
    """
    contents = np.concatenate(
        [state.supply_contents.enthalpy_j_kg, state.return_contents.enthalpy_j_kg]
    )
    network = district.network
    surroundings = min(network.ground_temp_c, network.makeup_temp_c, coldest_air_c)
    return min(float(temperature_c(contents).min(initial=surroundings)), surroundings)


def most_leakage_kg_s(layout: Layout) -> float:
    """Leakage at the highest pressure that pumps, column and holding pressure can add up to.

    Args:
        layout: The network.

    Returns:
        Leakage, kg/s.
    """
    pumps = layout.pumps
    heads = float((pumps.shutoff_head_m * pumps.max_speed**2).sum())
    heads += float(np.ptp(layout.graph.elevation_m))
    weight = 1000.0 * GRAVITY_M_S2
    share = (layout.holding_pa + weight * heads) / layout.leak_reference_pa
    rate = 2.0 * float(layout.pipes.leak_m3_s.sum()) * 1000.0
    return float(rate * max(share, 1.0) ** layout.leak_exponent)


def least_cost_of_water(
    district: District,
    layout: Layout,
    state: PlantState,
    forecast: Forecast,
    coldest_air_c: float,
) -> float:
    """Lower bound of heat lost in the ground and with leaks, and of make-up.

    Args:
        district: The district.
        layout: Its network.
        state: State at the start.
        forecast: Prices.
        coldest_air_c: The coldest that any heated room may be, degC.

    Returns:
        Cost, currency, not above zero: water may be as cold as the coldest thing it meets.
    """
    seconds = float(forecast.step_s * forecast.steps)
    price_j = stored_heat_price(forecast) / JOULES_PER_MWH
    coldest = coldest_water_c(district, state, coldest_air_c)
    lost_w = 2.0 * float(layout.pipes.loss_w_k.sum()) * min(coldest - layout.ground_temp_c, 0.0)
    cooling = float(enthalpy_j_kg(coldest) - enthalpy_j_kg(layout.makeup_temp_c))
    per_kg = price_j * cooling
    per_kg += district.prices.makeup_per_m3 / float(density_kg_m3(layout.makeup_temp_c))
    return price_j * lost_w * seconds + min(per_kg, 0.0) * most_leakage_kg_s(layout) * seconds
