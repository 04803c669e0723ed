"""Weights that make the cost's gradient come out of a differentiated march."""

import numpy as np

from optimizer.cost import stored_heat_price
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.physics.layout import build_layout
from optimizer.physics.water import density_kg_m3
from optimizer.tangents import Functionals

JOULES_PER_MWH = 3.6e9


def cost_functionals(district: District, forecast: Forecast) -> Functionals:
    """Weights of the cost without risk, and of its electricity alone.

    Args:
        district: The district.
        forecast: Prices of heat.

    Returns:
        Two functionals: the whole cost, then its electricity.
    """
    network, prices = district.network, district.prices
    steps, hours = forecast.steps, forecast.step_s / 3600.0
    buildings = build_layout(network).buildings
    plants, pumps, rooms = len(network.plants), len(network.pumps), len(network.buildings)
    credit = -stored_heat_price(forecast) / JOULES_PER_MWH
    plant_heat = np.zeros((2, steps, plants))
    plant_heat[0] = forecast.heat_price_per_mwh.T * hours
    makeup = np.zeros((2, steps))
    makeup[0] = prices.makeup_per_m3 * hours * 3600.0 / density_kg_m3(network.makeup_temp_c)
    indoor = np.zeros((2, steps + 1, rooms))
    indoor[0, -1] = credit * buildings.air_j_k
    envelope = np.zeros((2, rooms))
    envelope[0] = credit * buildings.envelope_j_k
    return Functionals(
        plant_heat=plant_heat,
        pump_power=np.full((2, steps, pumps), prices.electricity_per_mwh * hours / 1e3),
        makeup=makeup,
        indoor=indoor,
        envelope_end=envelope,
        water_end=np.array([credit, 0.0]),
    )
