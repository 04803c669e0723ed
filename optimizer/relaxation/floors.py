"""How cold the water in each pipe can be.

No water is colder than the coldest of what it meets. In a tree the flows have a least value, so
that water has cooled only so much on its way: each pipe then has a floor of its own.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.policy import District
from optimizer.model.state import PipeContents, PlantState
from optimizer.physics.layout import Layout
from optimizer.physics.water import REFERENCE_CP_J_KG_K, enthalpy_j_kg, temperature_c
from optimizer.relaxation.flows import LeastFlows, least_flows, most_station_kg_s
from optimizer.relaxation.returns import Served, coldest_return_c
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
        tree: The network's tree; None where it is none.
        flows: Least flows; None where the network is no tree.
    """

    supply: FloatArray
    back: FloatArray
    hottest: float
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
    """

    supply_begun: FloatArray
    back_begun: FloatArray
    outlet: float
    hottest_c: float
    coldest_air_c: FloatArray


def water_floors(
    district: District, layout: Layout, state: PlantState, coldest_air_c: FloatArray
) -> WaterFloors:
    """Find how cold the water in each pipe can be.

    Args:
        district: The district.
        layout: Its network.
        state: State at the start.
        coldest_air_c: Air of each building is never colder, degC, shape (buildings,).

    Returns:
        The floors.
    """
    plants = district.network.plants
    begun = np.concatenate(
        [state.supply_contents.enthalpy_j_kg, state.return_contents.enthalpy_j_kg]
    )
    hottest_c = max(float(temperature_c(begun).max()), *(p.max_supply_temp_c for p in plants))
    bounds = _Bounds(
        supply_begun=_coldest_begun(state.supply_contents),
        back_begun=_coldest_begun(state.return_contents),
        outlet=float(enthalpy_j_kg(min(plant.min_supply_temp_c for plant in plants))),
        hottest_c=hottest_c,
        coldest_air_c=coldest_air_c,
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


def _returned(
    layout: Layout, bounds: _Bounds, inlet: FloatArray, least_kg_s: FloatArray
) -> FloatArray:
    """Coldest water that each station hands back, J/kg."""
    start, member = layout.stations.start, layout.stations.member
    found = [
        coldest_return_c(
            layout,
            i,
            Served(
                coldest_supply_c=float(temperature_c(inlet[i])),
                hottest_supply_c=bounds.hottest_c,
                least_flow_kg_s=float(least_kg_s[i]),
                coldest_air_c=bounds.coldest_air_c[member[start[i] : start[i + 1]]],
            ),
        )
        for i in range(len(inlet))
    ]
    floors: FloatArray = enthalpy_j_kg(np.array(found))
    return floors


def _floors_of_any(layout: Layout, bounds: _Bounds) -> WaterFloors:
    """One floor for all water: the coldest that there is."""
    stations = len(layout.stations.node)
    supplied = min(_met(layout), bounds.outlet, float(bounds.supply_begun.min()))
    returned = _returned(layout, bounds, np.full(stations, supplied), np.zeros(stations))
    coldest = min(supplied, float(bounds.back_begun.min()), float(returned.min(initial=supplied)))
    all_pipes = np.full(len(bounds.supply_begun), coldest)
    return WaterFloors(
        supply=all_pipes,
        back=all_pipes,
        hottest=float(enthalpy_j_kg(bounds.hottest_c)),
        tree=None,
        flows=None,
    )


def _floors_of_tree(layout: Layout, tree: Tree, bounds: _Bounds) -> WaterFloors:
    flows = least_flows(layout, tree, FREEZING_C, bounds.hottest_c)
    supply = _supply_floors(layout, tree, flows, bounds)
    feeders = tree.node_feeder[layout.stations.node]
    inlet = np.where(feeders == NOWHERE, _met(layout), supply[feeders])
    returned = _returned(layout, bounds, inlet, flows.station_kg_s)
    back = _return_floors(layout, tree, flows, bounds, returned)
    hottest = float(enthalpy_j_kg(bounds.hottest_c))
    return WaterFloors(supply=supply, back=back, hottest=hottest, tree=tree, flows=flows)


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
    layout: Layout, tree: Tree, flows: LeastFlows, bounds: _Bounds, returned: FloatArray
) -> FloatArray:
    """From the farthest pipes back to the plant: mixed from what stations and branches bring."""
    most = most_station_kg_s(layout)
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
