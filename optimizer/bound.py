"""A cost that no schedule of the same warmth can undercut: `docs/bound.md` has the proof."""

import numpy as np

from optimizer.cost import stored_heat_price
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import ComfortResult
from optimizer.model.plan import Bound
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.layout import Layout, build_layout
from optimizer.relaxation.alone import least_cost_alone
from optimizer.relaxation.rooms import linear_rooms
from optimizer.relaxation.warmth import warmth_of
from optimizer.relaxation.water import least_cost_of_water
from optimizer.risk import PipeStress, risk_cost
from optimizer.timegrid import step_means

JOULES_PER_MWH = 3.6e9


def lower_bound(
    district: District,
    state: PlantState,
    forecast: Forecast,
    comfort: ComfortResult,
    plan_cost: float,
    member: int = 0,
) -> Bound:
    """Bound the cost of every schedule that keeps people as warm as a plan does.

    As warm means: the largest shortfall and the kelvin-hours of `comfort` are not exceeded. The
    bound holds for the simulator on the forecast's grid, for setpoints within the levers' ranges
    and ramps.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        comfort: Comfort of the plan.
        plan_cost: Total cost of the plan, currency.
        member: Which weather member.

    Returns:
        The bound, and how far the plan lies above it in % of the plan's cost.
    """
    lowest = _cost_apart(district, state, forecast, comfort, member)
    gap = 100.0 * (plan_cost - lowest) / max(abs(plan_cost), 1e-9)
    return Bound(cost_lower=lowest, gap_pct=gap)


def _cost_apart(
    district: District,
    state: PlantState,
    forecast: Forecast,
    comfort: ComfortResult,
    member: int,
) -> float:
    """Every building and every pipe on its own."""
    network = district.network
    layout = build_layout(network)
    rooms = linear_rooms(layout.buildings, forecast, member)
    price_j = stored_heat_price(forecast) / JOULES_PER_MWH
    warmth = warmth_of(
        network.buildings,
        forecast.outdoor_temp_c[member],
        comfort.max_shortfall_k,
        comfort.shortfall_k_h,
    )
    start = np.stack([state.indoor_temp_c, state.envelope_temp_c], axis=1)
    heating = least_cost_alone(rooms, start, warmth, _most_heat_w(layout, district), price_j)
    cheap = _least_cost_of_cheap_hours(layout, forecast)
    floors = warmth.air_floors(comfort.max_shortfall_k)
    coldest = np.minimum(floors.min(axis=0), start[:, 0])
    water = least_cost_of_water(district, layout, state, forecast, coldest)
    return heating + cheap + water + _least_risk(district, forecast, member)


def _least_risk(district: District, forecast: Forecast, member: int) -> float:
    """Risk of pipes that stand without pressure and are never warmed: age and cold alone."""
    pipes = len(district.network.pipes)
    still = np.zeros((forecast.steps + 1, pipes))
    stress = PipeStress(
        year=forecast.start.year,
        step_s=forecast.step_s,
        outdoor_c=step_means(forecast.outdoor_temp_c[member]),
        pressure_bar=still[1:],
        supply_inlet_c=still,
        return_inlet_c=still,
    )
    return risk_cost(district.network, district.prices, stress)


def _most_heat_w(layout: Layout, district: District) -> FloatArray:
    """Radiators at the hottest water that any plant may send, the air at freezing."""
    hottest = max(plant.max_supply_temp_c for plant in district.network.plants)
    buildings = layout.buildings
    heat: FloatArray = buildings.radiator_w * (hottest / buildings.excess_k) ** buildings.exponent
    return heat


def _least_cost_of_cheap_hours(layout: Layout, forecast: Forecast) -> float:
    """The most that can be saved by firing when heat is cheaper than it is valued at."""
    below = np.minimum(forecast.heat_price_per_mwh - stored_heat_price(forecast), 0.0)
    hours = forecast.step_s / 3600.0
    return float((below * layout.plants.max_heat_w[:, None]).sum()) * hours / 1e6
