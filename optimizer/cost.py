"""What a run costs (conventions 9, 12 and 13 of a site), and the gradient of that cost."""

import numpy as np

from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Cost
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.physics.layout import build_layout
from optimizer.physics.water import density_kg_m3
from optimizer.tangents import Functionals

JOULES_PER_MWH = 3.6e9


def stored_heat_price(forecast: Forecast) -> float:
    """Price at which heat left at the end is valued: the cheapest plant's mean.

    Args:
        forecast: Prices of heat.

    Returns:
        Price, currency/MWh.
    """
    return float(forecast.heat_price_per_mwh.mean(axis=1).min())


def cost_of(district: District, forecast: Forecast, trace: Trace, risk: float = 0.0) -> Cost:
    """Cost of a run.

    Args:
        district: The district.
        forecast: Prices of heat on the run's grid.
        trace: The run.
        risk: Expected cost of leaks and fatigue, currency.

    Returns:
        The cost and its parts.
    """
    hours = trace.step_s / 3600.0
    prices = district.prices
    stored = trace.energy.stored_water_mwh + trace.energy.stored_buildings_mwh
    heat = trace.plants.heat_power_mw.T
    return Cost(
        fuel=float((forecast.heat_price_per_mwh * heat).sum()) * hours,
        electricity=float(trace.pumps.power_kw.sum()) * hours / 1e3 * prices.electricity_per_mwh,
        makeup=float(trace.plants.makeup_m3_h.sum()) * hours * prices.makeup_per_m3,
        risk=risk,
        stored_heat=-stored * stored_heat_price(forecast),
    )


def cost_functionals(district: District, forecast: Forecast) -> Functionals:
    """Weights whose gradients are those of the cost without risk, and of electricity alone.

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
