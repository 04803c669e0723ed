"""Which plants run when: a few promising choices, made before anything is planned.

A plant that may stand still is chosen to run, hour by hour, by what the district takes under the
weather curve, by prices, capacities, least loads and what a start costs. How warm it keeps people
and whether pipes bear it is for the search and the judge to say.
"""

import numpy as np
from pyomo.contrib.solver.common.base import SolverBase
from pyomo.contrib.solver.common.results import SolutionStatus

from optimizer.blocks.commitment import Fleet, declare_commitment
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.standing import coming_up_h, pump_setpoint_range
from optimizer.travel import arrival_s

HOUR_S = 3600


def may_stand(network: Network) -> bool:
    """Tell whether any plant of a network may stand still.

    Args:
        network: The network.

    Returns:
        True where one may.
    """
    return any(plant.can_stop for plant in network.plants)


def choose_running(
    district: District,
    state: PlantState,
    forecast: Forecast,
    traces: tuple[Trace, ...],
    load_factor: float,
    solver: SolverBase,
) -> BoolArray | None:
    """Choose in which steps each plant runs.

    Args:
        district: The district.
        state: State at the start.
        forecast: Prices, on the grid of the steps.
        traces: Runs of the weather curve with all plants, one a weather member.
        load_factor: What the plants have to carry, as a share of what they gave there.
        solver: Solver for choices in whole numbers.

    Returns:
        Whether each plant runs, shape (plants, steps); None where the solver finds no choice.
    """
    load_mw = load_factor * hourly_load(district.network, traces)
    fleet = _fleet(district.network, state, forecast, len(load_mw))
    model = declare_commitment(fleet, load_mw)
    if solver.solve(model).solution_status is not SolutionStatus.optimal:
        return None
    on = np.array([[model.on[p, h].value > 0.5 for h in range(len(load_mw))] for p in _all(fleet)])
    return np.repeat(on, max(1, HOUR_S // forecast.step_s), axis=1)[:, : forecast.steps]


def _all(fleet: Fleet) -> range:
    return range(len(fleet.ran))


def hourly_load(network: Network, traces: tuple[Trace, ...]) -> FloatArray:
    """Find the heat that plants have to give together in each hour.

    What the farthest building takes leaves the plants before: each hour has the largest load until
    the water is there.

    Args:
        network: The network.
        traces: Runs with all plants, one a weather member.

    Returns:
        Heat of the dearest member, MW, shape (hours,).
    """
    span = max(1, HOUR_S // traces[0].step_s)
    given = np.max([trace.plants.heat_power_mw.sum(axis=1) for trace in traces], axis=0)
    hours = -(-len(given) // span)
    load = np.array([given[h * span : (h + 1) * span].mean() for h in range(hours)])
    nodes = [network.node_index[station.node_id] for station in network.stations]
    arrival = arrival_s(network, traces[0])[nodes]
    reached = arrival[np.isfinite(arrival)]
    ahead = int(np.ceil(reached.max(initial=0.0) / HOUR_S))
    return np.array([load[h : h + ahead + 1].max() for h in range(hours)])


def _fleet(network: Network, state: PlantState, forecast: Forecast, hours: int) -> Fleet:
    plants, span = network.plants, max(1, HOUR_S // forecast.step_s)
    price = forecast.heat_price_per_mwh
    return Fleet(
        price=np.array(
            [[row[h * span : (h + 1) * span].mean() for h in range(hours)] for row in price]
        ),
        most_mw=np.array([plant.max_heat_mw for plant in plants]),
        least_mw=np.array([plant.min_heat_mw for plant in plants]),
        start_cost=np.array([plant.start_cost for plant in plants]),
        ran=state.runs,
        bound_to_run=_bound_to_run(network, state, hours),
        on_h=_whole_hours([plant.min_on_h for plant in plants]),
        off_h=_whole_hours([plant.min_off_h for plant in plants]),
        coming_h=_whole_hours([coming_up_h(network, plant) for plant in plants]),
    )


def _whole_hours(hours: list[float]) -> IntArray:
    return np.maximum(np.ceil(np.array(hours) - 1e-9), 1.0).astype(np.int64)


def _bound_to_run(network: Network, state: PlantState, hours: int) -> BoolArray:
    """Plants that cannot stop at all, and the first hours until pumps have come down to stop."""
    bound = np.zeros((len(network.plants), hours), dtype=np.bool_)
    for p, plant in enumerate(network.plants):
        bound[p] = not plant.can_stop
    for i, pump in enumerate(network.pumps):
        if pump.plant_id is not None and state.runs[network.plant_index[pump.plant_id]]:
            least, _, ramp = pump_setpoint_range(pump)
            down_h = int(np.ceil((float(state.pump_setpoint[i]) - least) / ramp - 1e-9))
            bound[network.plant_index[pump.plant_id], : max(down_h, 0)] = True
    return bound
