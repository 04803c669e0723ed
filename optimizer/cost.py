"""What a run costs, from the planner's own trace."""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.outcome import Cost
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.risk import PipeStress, risk_cost
from optimizer.standing import starts_of
from optimizer.timegrid import step_means


def cost_of_trace(district: District, state: PlantState, forecast: Forecast, trace: Trace) -> Cost:
    """Add up the cost of a trace.

    Args:
        district: Network and prices.
        state: State at the start of the trace.
        forecast: The forecast it ran with, for the price of heat.
        trace: The trace.

    Returns:
        Cost over the horizon in the site's currency.
    """
    hours = trace.step_s / 3600.0
    plants, prices = trace.plants, district.prices
    starts = starts_of(plants.running.T, state.runs)
    stored_mwh = trace.energy.stored_water_mwh + trace.energy.stored_buildings_mwh
    return Cost(
        fuel=float((plants.heat_power_mw * forecast.heat_price_per_mwh.T).sum() * hours),
        electricity=float(trace.pumps.power_kw.sum() * hours / 1e3 * prices.electricity_per_mwh),
        makeup=float(plants.makeup_m3_h.sum() * hours * prices.makeup_per_m3),
        risk=risk_cost(district.network, prices, pipe_stress(district.network, state, trace)),
        stored_heat=-stored_mwh * stored_heat_price(forecast),
        starts=float(starts @ [plant.start_cost for plant in district.network.plants]),
    )


def stored_heat_price(forecast: Forecast) -> float:
    """Price of heat left at the end: the cheapest plant's mean price (convention 12).

    Args:
        forecast: The forecast.

    Returns:
        Currency per MWh.
    """
    return float(forecast.heat_price_per_mwh.mean(axis=1).min())


def pipe_stress(network: Network, state: PlantState, trace: Trace) -> PipeStress:
    """Read from a trace what the pipes went through.

    Args:
        network: The network.
        state: State at the start of the trace.
        trace: The trace.

    Returns:
        Pressures and temperatures of the pipes.
    """
    nodes = trace.nodes
    highest = np.fmax(nodes.supply_pressure_bar, nodes.return_pressure_bar)
    start = [network.node_index[pipe.from_node] for pipe in network.pipes]
    end = [network.node_index[pipe.to_node] for pipe in network.pipes]
    return PipeStress(
        year=trace.start.year,
        step_s=trace.step_s,
        outdoor_c=step_means(trace.outdoor_temp_c),
        pressure_bar=np.fmax(highest[:, start], highest[:, end]),
        supply_inlet_c=_after(state.supply_inlet_temp_c, trace.pipes.supply_inlet_temp_c),
        return_inlet_c=_after(state.return_inlet_temp_c, trace.pipes.return_inlet_temp_c),
    )


def _after(start: FloatArray, course: FloatArray) -> FloatArray:
    return np.concatenate([start[None, :], course])
