"""What water costs at least: losses to the ground, leaks, make-up and the pumps' work."""

import numpy as np

from optimizer.cost import stored_heat_price
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.layout import Layout
from optimizer.physics.nodal import LINEAR_LEAK_SHARE
from optimizer.physics.water import (
    GRAVITY_M_S2,
    REFERENCE_CP_J_KG_K,
    density_kg_m3,
    enthalpy_j_kg,
)
from optimizer.relaxation.floors import WaterFloors
from optimizer.relaxation.flows import MOST_DENSITY, most_leakage_kg_s
from optimizer.relaxation.friction import most_friction_pa
from optimizer.relaxation.tree import NOWHERE

JOULES_PER_MWH = 3.6e9
# No water is lighter or thicker, kg/m3 and Pa s.
LEAST_DENSITY = 900.0
MOST_VISCOSITY = 1.8e-3


def least_cost_of_water(
    district: District, layout: Layout, floors: WaterFloors, forecast: Forecast
) -> float:
    """Lower bound of heat lost in the ground and with leaks, of make-up and of pumping.

    Args:
        district: The district.
        layout: Its network.
        floors: How cold its water can be.
        forecast: Prices.

    Returns:
        Cost, currency.
    """
    seconds = float(forecast.step_s * forecast.steps)
    price_j = stored_heat_price(forecast) / JOULES_PER_MWH
    lost_w = _least_lost_w(layout, floors)
    leaks = _least_leak_rate(layout, floors, price_j, district.prices.makeup_per_m3)
    pumping = _least_pump_w(layout, floors) * district.prices.electricity_per_mwh / JOULES_PER_MWH
    return (price_j * lost_w + leaks + pumping) * seconds


def heat_within_reach_j(
    layout: Layout,
    floors: WaterFloors,
    state: PlantState,
    forecast: Forecast,
) -> FloatArray:
    """Find the most heat that stations can have had since the start.

    Plants at their most, water cooled to its floors, and what boilers may have lent to the water.

    Args:
        layout: The network.
        floors: How cold its water can be.
        state: State at the start.
        forecast: The grid.

    Returns:
        Heat by each boundary but the first, J, shape (steps,).
    """
    step_s = float(forecast.step_s)
    sides = (state.supply_contents, floors.supply), (state.return_contents, floors.back)
    water_j = sum(
        float(contents.mass_kg @ contents.enthalpy_j_kg - content_kg @ floor)
        for (contents, floor), content_kg in zip(sides, layout.pipes.content_kg, strict=True)
    )
    lost_w = _least_lost_w(layout, floors) + _least_leak_rate(layout, floors, 1.0, 0.0)
    # A boiler lends no more than what its flow can bring it less of in a step than in the last.
    coldest = min(float(floors.back.min()), float(enthalpy_j_kg(layout.makeup_temp_c)))
    flow = float(floors.most_kg_s.sum()) + most_leakage_kg_s(layout)
    lent_j = flow * step_s * (floors.hottest - coldest)
    most_w = float(layout.plants.max_heat_w.sum()) - lost_w
    elapsed = np.arange(1.0, forecast.steps + 1.0) * step_s
    reach: FloatArray = water_j + lent_j + most_w * elapsed
    return reach


def _least_lost_w(layout: Layout, floors: WaterFloors) -> float:
    """Heat that pipes lose to the ground with all water at its floors."""
    ground = float(enthalpy_j_kg(layout.ground_temp_c))
    above = (floors.supply - ground) + (floors.back - ground)
    return float((layout.pipes.loss_w_k * above).sum()) / REFERENCE_CP_J_KG_K


def _least_leak_rate(
    layout: Layout, floors: WaterFloors, price_j: float, makeup_per_m3: float
) -> float:
    """Cost of what leaks a second: its heat above the make-up's, and the make-up."""
    makeup = float(enthalpy_j_kg(layout.makeup_temp_c))
    water = makeup_per_m3 / float(density_kg_m3(layout.makeup_temp_c))
    rate = 0.0
    back_pa = _least_return_pa(layout, floors)
    supply_pa = back_pa if floors.flows is None else back_pa + floors.flows.difference_pa
    for side, pressure_pa in ((floors.supply, supply_pa), (floors.back, back_pa)):
        per_kg = price_j * (_at_ends(floors, side, makeup) - makeup) + water
        leaks = _leaks_kg_s(layout, pressure_pa)
        rate += float((np.maximum(per_kg, 0.0) * leaks).sum())
        # Colder water than the make-up would gain by leaking: all that can leak then does.
        rate += float(np.minimum(per_kg, 0.0).min(initial=0.0)) * most_leakage_kg_s(layout)
    return rate


def _at_ends(floors: WaterFloors, side: FloatArray, makeup: float) -> FloatArray:
    """The colder of the floors at a pipe's ends, where it leaks; make-up enters at the plant."""
    if floors.tree is None:
        return side
    near = np.where(floors.tree.feeder == NOWHERE, makeup, side[floors.tree.feeder])
    return np.minimum(side, near)


def _least_return_pa(layout: Layout, floors: WaterFloors) -> FloatArray:
    """Least pressure at the ends of each pipe: held at the plant, rising against the flow.

    Only what leaks can flow from the plant into the return side, and lower it.
    """
    pipes = layout.pipes
    if floors.tree is None:
        return np.zeros(len(pipes.length_m))
    leak = np.full(len(pipes.length_m), most_leakage_kg_s(layout))
    drop = most_friction_pa(pipes, leak, LEAST_DENSITY, MOST_VISCOSITY)
    lowered = np.zeros(len(drop))
    for pipe in floors.tree.order:
        feeder = floors.tree.feeder[pipe]
        lowered[pipe] = drop[pipe] + (lowered[feeder] if feeder != NOWHERE else 0.0)
    ends = np.stack([layout.graph.first[: len(drop)], layout.graph.second[: len(drop)]])
    highest_m = np.maximum(layout.graph.elevation_m[ends].max(axis=0), 0.0)
    held = layout.holding_pa - MOST_DENSITY * GRAVITY_M_S2 * highest_m - lowered
    reached = np.zeros(len(drop))
    reached[floors.tree.order] = np.maximum(held, 0.0)[floors.tree.order]
    return reached


def _leaks_kg_s(layout: Layout, pressure_pa: FloatArray) -> FloatArray:
    """Leakage of each pipe of a side at a pressure, none where it is next to nothing."""
    share = pressure_pa / layout.leak_reference_pa
    powered = np.where(share > LINEAR_LEAK_SHARE, share, 0.0) ** layout.leak_exponent
    leaks: FloatArray = layout.pipes.leak_m3_s * LEAST_DENSITY * powered
    return leaks


def _least_pump_w(layout: Layout, floors: WaterFloors) -> float:
    """Electric power at the least flow and the least head, of the best of the pumps."""
    if floors.flows is None:
        return 0.0
    best = MOST_DENSITY * float(layout.pumps.efficiency.max())
    return floors.flows.head_pa * float(floors.flows.station_kg_s.sum()) / best
