"""How cold the water in each pipe can be.

No water is colder than the coldest of what it meets. In a tree the flows have a least value, so
that water has cooled only so much on its way: each pipe then has a floor of its own.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.policy import District
from optimizer.model.state import PipeContents, PlantState
from optimizer.physics.layout import FIXED_EXCHANGER, Layout
from optimizer.physics.water import REFERENCE_CP_J_KG_K, enthalpy_j_kg, temperature_c
from optimizer.relaxation.flows import LeastFlows, least_flows, most_flows, most_station_kg_s
from optimizer.relaxation.returns import Served, coldest_return_c, secondary_supply_c
from optimizer.relaxation.throttled import Throttled, holds_setpoint
from optimizer.relaxation.tree import NOWHERE, Tree, find_tree

# Colder water than this has no viscosity here; water in the ground does not freeze.
FREEZING_C = 0.0


@dataclass(frozen=True, kw_only=True)
class WaterFloors:
    """Enthalpies that no water falls below, J/kg, shape (pipes,), and the flows behind them.

    Attributes:
        supply: In each supply pipe.
        back: In each return pipe.
        hottest: No water anywhere is above it, J/kg.
        inlet: Of water that comes to each station, J/kg, shape (stations,).
        secondary_c: Secondary supply of each station in each step, degC, minus infinity where
            nothing is known, shape (steps, stations).
        most_kg_s: Flow that no station exceeds, kg/s, shape (stations,).
        tree: The network's tree; None where it is none.
        flows: Least flows; None where the network is no tree.
    """

    supply: FloatArray
    back: FloatArray
    hottest: float
    inlet: FloatArray
    secondary_c: FloatArray
    most_kg_s: FloatArray
    tree: Tree | None
    flows: LeastFlows | None


@dataclass(frozen=True, kw_only=True)
class _Bounds:
    """What is known before anything is solved.

    Attributes:
        supply_begun, back_begun: Coldest water in each pipe at the start, J/kg, shape (pipes,).
        outlet: No plant sends colder water, J/kg.
        hottest_c: No water is hotter, degC.
        coldest_air_c: Air of each building is never colder, degC, shape (buildings,).
        throttled: What is known of stations that hold a setpoint.
    """

    supply_begun: FloatArray
    back_begun: FloatArray
    outlet: float
    hottest_c: float
    coldest_air_c: FloatArray
    throttled: Throttled


def hottest_water_c(district: District, state: PlantState) -> float:
    """Find a temperature that no water exceeds: the start's and the plants' highest.

    Args:
        district: The district.
        state: State at the start.

    Returns:
        Temperature, degC.
    """
    begun = np.concatenate(
        [state.supply_contents.enthalpy_j_kg, state.return_contents.enthalpy_j_kg]
    )
    plants = district.network.plants
    return max(float(temperature_c(begun).max()), *(p.max_supply_temp_c for p in plants))


def water_floors(
    district: District,
    layout: Layout,
    state: PlantState,
    coldest_air_c: FloatArray,
    throttled: Throttled,
) -> WaterFloors:
    """Find how cold the water in each pipe can be.

    Args:
        district: The district.
        layout: Its network.
        state: State at the start.
        coldest_air_c: Air of each building is never colder, degC, shape (buildings,).
        throttled: What is known of stations that hold a setpoint.

    Returns:
        The floors.
    """
    plants = district.network.plants
    bounds = _Bounds(
        supply_begun=_coldest_begun(state.supply_contents),
        back_begun=_coldest_begun(state.return_contents),
        outlet=float(enthalpy_j_kg(min(plant.min_supply_temp_c for plant in plants))),
        hottest_c=hottest_water_c(district, state),
        coldest_air_c=coldest_air_c,
        throttled=throttled,
    )
    tree = find_tree(layout)
    if tree is None:
        return _floors_of_any(layout, bounds)
    return _floors_of_tree(layout, tree, bounds)


def _coldest_begun(contents: PipeContents) -> FloatArray:
    floors: FloatArray = np.minimum.reduceat(contents.enthalpy_j_kg, contents.start[:-1])
    return floors


def _met(layout: Layout) -> float:
    """The colder of the ground and the make-up, J/kg."""
    return float(enthalpy_j_kg(min(layout.ground_temp_c, layout.makeup_temp_c)))


def _served(
    layout: Layout,
    bounds: _Bounds,
    inlet: FloatArray,
    least_kg_s: FloatArray,
    secondary_c: FloatArray,
) -> list[Served]:
    """What is known of every station."""
    start, member = layout.stations.start, layout.stations.member
    lowest = secondary_c.min(axis=0, initial=np.inf)
    highest = bounds.throttled.most_c.max(axis=0, initial=-np.inf)
    return [
        Served(
            coldest_supply_c=float(temperature_c(inlet[i])),
            hottest_supply_c=bounds.hottest_c,
            least_flow_kg_s=float(least_kg_s[i]),
            coldest_air_c=bounds.coldest_air_c[member[start[i] : start[i + 1]]],
            secondary_c=(float(lowest[i]), float(highest[i])),
        )
        for i in range(len(inlet))
    ]


def _returned(layout: Layout, served: list[Served]) -> FloatArray:
    """Coldest water that each station hands back, J/kg."""
    found = [coldest_return_c(layout, i, one) for i, one in enumerate(served)]
    floors: FloatArray = enthalpy_j_kg(np.array(found))
    return floors


def _floors_of_any(layout: Layout, bounds: _Bounds) -> WaterFloors:
    """One floor for all water: the coldest that there is."""
    stations = len(layout.stations.node)
    unknown = np.full(bounds.throttled.least_c.shape, -np.inf)
    supplied = min(_met(layout), bounds.outlet, float(bounds.supply_begun.min()))
    inlet = np.full(stations, supplied)
    returned = _returned(layout, _served(layout, bounds, inlet, np.zeros(stations), unknown))
    coldest = min(supplied, float(bounds.back_begun.min()), float(returned.min(initial=supplied)))
    all_pipes = np.full(len(bounds.supply_begun), coldest)
    return WaterFloors(
        supply=all_pipes,
        back=all_pipes,
        hottest=float(enthalpy_j_kg(bounds.hottest_c)),
        inlet=inlet,
        secondary_c=unknown,
        most_kg_s=most_station_kg_s(layout),
        tree=None,
        flows=None,
    )


def _floors_of_tree(layout: Layout, tree: Tree, bounds: _Bounds) -> WaterFloors:
    asked = bounds.throttled.least_kg_s
    flows = least_flows(layout, tree, FREEZING_C, bounds.hottest_c, asked)
    supply = _supply_floors(layout, tree, flows, bounds)
    feeders = tree.node_feeder[layout.stations.node]
    inlet = np.where(feeders == NOWHERE, _met(layout), supply[feeders])
    secondary = _secondary_c(layout, bounds, inlet, flows)
    served = _served(layout, bounds, inlet, flows.station_kg_s, secondary)
    returned = _returned(layout, served)
    most = most_flows(layout, tree, FREEZING_C, bounds.hottest_c)
    return WaterFloors(
        supply=supply,
        back=_return_floors(layout, tree, flows, bounds, returned, most),
        hottest=float(enthalpy_j_kg(bounds.hottest_c)),
        inlet=inlet,
        secondary_c=secondary,
        most_kg_s=most,
        tree=tree,
        flows=flows,
    )


def _secondary_c(
    layout: Layout, bounds: _Bounds, inlet: FloatArray, flows: LeastFlows
) -> FloatArray:
    """Coldest secondary supplies: what a valve that is wide open gives, or holds by throttling."""
    least = bounds.throttled.least_c
    found = np.full(least.shape, -np.inf)
    served = _served(layout, bounds, inlet, flows.open_kg_s, found)
    fixed = layout.stations.mode == FIXED_EXCHANGER
    holding = holds_setpoint(layout)
    for i in np.flatnonzero(np.diff(layout.stations.start) > 0).tolist():
        if flows.open_kg_s[i] <= 0.0:
            continue
        if fixed[i]:
            found[:, i] = secondary_supply_c(layout, i, served[i])
        elif holding[i]:
            found[:, i] = np.minimum(least[:, i], secondary_supply_c(layout, i, served[i]))
    return found


def _cooled(layout: Layout, flows: LeastFlows, pipe: int, entering: float) -> float:
    """What water is at the end of a pipe that it passes at the least flow."""
    ground = float(enthalpy_j_kg(layout.ground_temp_c))
    flow = flows.pipe_kg_s[pipe]
    if flow <= 0.0:
        return min(entering, _met(layout))
    fade = float(np.exp(-layout.pipes.loss_w_k[pipe] / (flow * REFERENCE_CP_J_KG_K)))
    return ground + (entering - ground) * (fade if entering > ground else 1.0)


def _supply_floors(layout: Layout, tree: Tree, flows: LeastFlows, bounds: _Bounds) -> FloatArray:
    floors = np.minimum(bounds.supply_begun, _met(layout))
    for pipe in tree.order:
        feeder = tree.feeder[pipe]
        entering = bounds.outlet if feeder == NOWHERE else floors[feeder]
        floors[pipe] = _cooled(layout, flows, pipe, min(entering, bounds.supply_begun[pipe]))
    return floors


def _return_floors(
    layout: Layout,
    tree: Tree,
    flows: LeastFlows,
    bounds: _Bounds,
    returned: FloatArray,
    most: FloatArray,
) -> FloatArray:
    """From the farthest pipes back to the plant: mixed from what stations and branches bring."""
    most_pipe = tree.sums(most)
    floors = np.minimum(bounds.back_begun, min(_met(layout), float(returned.min(initial=0.0))))
    at = tree.node_feeder[layout.stations.node]
    for pipe in tree.order[::-1]:
        if flows.pipe_kg_s[pipe] <= 0.0:
            continue
        own, branches = at == pipe, tree.feeder == pipe
        entering = coldest_mix(
            np.concatenate([returned[own], floors[branches]]),
            np.concatenate([flows.station_kg_s[own], flows.pipe_kg_s[branches]]),
            np.concatenate([most[own], most_pipe[branches]]),
        )
        floors[pipe] = _cooled(layout, flows, pipe, min(entering, bounds.back_begun[pipe]))
    return floors


def coldest_mix(enthalpy: FloatArray, least: FloatArray, most: FloatArray) -> float:
    """Find the least mean of streams whose flows are only known within bounds.

    Args:
        enthalpy: Of each stream, J/kg, shape (streams,).
        least: Its least flow, kg/s, shape (streams,).
        most: Its most.

    Returns:
        Enthalpy of the coldest mixture, J/kg.
    """
    order = np.argsort(enthalpy)
    cold, few, many = enthalpy[order], least[order], most[order]
    # The coldest mixture takes all of the coldest streams and as little as can be of the others.
    mass = np.cumsum(many) + (few.sum() - np.cumsum(few))
    heat = np.cumsum(many * cold) + ((few * cold).sum() - np.cumsum(few * cold))
    moving = mass > 0.0
    return float((heat[moving] / mass[moving]).min(initial=float(cold[-1])))
