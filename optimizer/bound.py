"""A cost that no schedule of the same warmth can undercut: `docs/bound.md` has the proof."""

from dataclasses import dataclass

import numpy as np

from optimizer.cost import stored_heat_price
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import ComfortResult
from optimizer.model.plan import Bound
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.layout import FIXED_DIRECT, Layout, build_layout
from optimizer.physics.loads import in_member
from optimizer.physics.water import REFERENCE_CP_J_KG_K, temperature_c
from optimizer.relaxation.alone import least_cost_alone
from optimizer.relaxation.coldest import least_shortfall_k
from optimizer.relaxation.floors import WaterFloors, hottest_water_c, water_floors
from optimizer.relaxation.radiators import LeastSupply, least_supply, no_supply
from optimizer.relaxation.rooms import Rooms, linear_rooms
from optimizer.relaxation.throttled import find_throttled
from optimizer.relaxation.warmest import warmest_rooms_c
from optimizer.relaxation.warmth import Warmth, warmth_of
from optimizer.relaxation.water import heat_within_reach_j, least_cost_of_water
from optimizer.risk import PipeStress, risk_cost
from optimizer.timegrid import step_means

JOULES_PER_MWH = 3.6e9
# Where the start alone decides, the bound is exact but for the steps' rounding.
ROUNDING_K = 1e-3


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
    bound holds for the simulator on the forecast's grid, for levers within their ranges, outlets
    as delivered not below the plants' least. The largest shortfall is bounded too, for schedules
    that also keep the pipes' highest temperatures.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        comfort: Comfort of the plan.
        plan_cost: Total cost of the plan, currency.
        member: Which member.

    Returns:
        The bounds, and how far the plan lies above that of cost in % of the plan's cost.
    """
    task = _task(district, state, forecast, comfort, member)
    lowest = _least_cost(task, forecast)
    return Bound(
        cost_lower=lowest,
        gap_pct=100.0 * (plan_cost - lowest) / max(abs(plan_cost), 1e-9),
        max_shortfall_lower_k=_least_shortfall_k(task, state, forecast),
    )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What both bounds start from; `held_c` is the most that valves let secondary supplies be."""

    district: District
    layout: Layout
    rooms: Rooms
    start_c: FloatArray
    warmth: Warmth
    floors: WaterFloors
    held_c: FloatArray
    member: int


def _task(
    district: District,
    state: PlantState,
    forecast: Forecast,
    comfort: ComfortResult,
    member: int,
) -> _Task:
    network = district.network
    layout = in_member(build_layout(network), forecast, member)
    warmth = warmth_of(
        network.buildings,
        forecast.outdoor_temp_c[member],
        comfort.max_shortfall_k,
        comfort.shortfall_k_h,
    )
    coldest_air_c = np.minimum(
        warmth.air_floors(comfort.max_shortfall_k).min(axis=0), state.indoor_temp_c
    )
    rooms = linear_rooms(layout.buildings, forecast, member)
    start_c = np.stack([state.indoor_temp_c, state.envelope_temp_c], axis=1)
    hottest_c = hottest_water_c(district, state)
    throttled = find_throttled(network, layout, rooms, forecast, member, start_c, hottest_c)
    floors = water_floors(district, layout, state, coldest_air_c, throttled)
    return _Task(
        district=district,
        layout=layout,
        rooms=rooms,
        start_c=start_c,
        warmth=warmth,
        floors=floors,
        held_c=throttled.most_c
        if floors.tree is not None
        else np.full_like(throttled.most_c, np.inf),
        member=member,
    )


def _least_cost(task: _Task, forecast: Forecast) -> float:
    """Every building and every pipe on its own."""
    heating = least_cost_alone(
        task.rooms,
        task.start_c,
        task.warmth,
        _least_supply(task.layout, task.floors),
        _most_heat_w(task.layout, task.district),
        stored_heat_price(forecast) / JOULES_PER_MWH,
    )
    cheap = _least_cost_of_cheap_hours(task.layout, forecast)
    water = least_cost_of_water(task.district, task.layout, task.floors, forecast)
    return heating + cheap + water + _least_risk(task.district, forecast, task.member)


def _least_shortfall_k(task: _Task, state: PlantState, forecast: Forecast) -> float:
    """No room is warmer than the hottest water makes it, and plants give no more than they can."""
    if task.warmth.allowed_k <= 0.0:
        return 0.0
    layout, floors = task.layout, task.floors
    hottest_c, most = _hottest_c(task, state), floors.most_kg_s
    warmest = warmest_rooms_c(layout, task.rooms, task.start_c, hottest_c, most, task.held_c)
    reach = heat_within_reach_j(layout, floors, state, forecast)
    idle = no_supply(layout.buildings, task.rooms.steps)
    least_k = least_shortfall_k(task.rooms, task.start_c, task.warmth, idle, warmest, reach)
    return max(least_k - ROUNDING_K, 0.0)


def _least_supply(layout: Layout, floors: WaterFloors) -> LeastSupply:
    """What the radiators get at least: the secondary's, or the water itself where it is direct."""
    of, stations = layout.buildings.station, layout.stations
    if floors.flows is None:
        return no_supply(layout.buildings, len(floors.secondary_c))
    direct = stations.mode == FIXED_DIRECT
    supply = np.where(direct, temperature_c(floors.inlet), floors.secondary_c)
    primary_w_k = floors.flows.station_kg_s * REFERENCE_CP_J_KG_K
    flow = np.where(direct, primary_w_k, stations.secondary_w_k)
    return least_supply(layout.buildings, supply[:, of], layout.buildings.share * flow[of])


def _hottest_c(task: _Task, state: PlantState) -> FloatArray:
    """Hottest water that may come to each station: what is in its pipes, or what they may bear."""
    tree, stations = task.floors.tree, len(task.layout.stations.node)
    if tree is None:
        return np.full(stations, float(temperature_c(task.floors.hottest)))
    contents = state.supply_contents
    begun = temperature_c(np.maximum.reduceat(contents.enthalpy_j_kg, contents.start[:-1]))
    allowed = np.array([pipe.max_temp_c for pipe in task.district.network.pipes])
    on_the_way = tree.below.T
    hottest = max(plant.max_supply_temp_c for plant in task.district.network.plants)
    bears = np.where(on_the_way, allowed, hottest).min(axis=1, initial=hottest)
    found: FloatArray = np.maximum(np.where(on_the_way, begun, -np.inf).max(axis=1), bears)
    return found


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
