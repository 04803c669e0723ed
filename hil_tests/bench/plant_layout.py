"""The virtual plant as built: the network as the arrays that its compiled steps run on.

Cells of pipes are fine, and every number may have been perturbed: the planner's own arrays and
steps are not used here.
"""

import itertools
from typing import NamedTuple

import numpy as np

from hil_tests.bench.plant_elimination import Elimination, elimination
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.network import (
    Network,
    PumpControl,
    Station,
    StationControl,
    StationKind,
    ValveCharacteristic,
)
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

CELL_M = 10.0
# A shorter pipe is counted as this long when its water is reckoned: steps would be too small.
SHORTEST_CELL_M = 4.0
STEEL_J_M3_K = 7850.0 * 480.0
CONTENT_C = (80.0, 50.0)
EXCHANGER, DIRECT, MIXING, LOAD = 0, 1, 2, 3
# Water in a station's secondary side, as the time that it needs to pass, s.
SUPPLY_SIDE_S, RETURN_SIDE_S = 90.0, 180.0


class Pipes(NamedTuple):
    """Supply pipes, then return pipes, each shape (2 * pipes,) unless said otherwise.

    `start` has the cells of each pipe, shape (2 * pipes + 1,); `cell_kg` is the effective mass of
    a cell (water and its share of steel), `loss_w_k` the loss of a cell, `booster` the number of a
    pump or -1, `booster_sign` 1 where it pumps as drawn.
    """

    begin: IntArray
    end: IntArray
    in_service: BoolArray
    length_m: FloatArray
    diameter_m: FloatArray
    roughness_m: FloatArray
    rise_m: FloatArray
    leak_m3_s: FloatArray
    start: IntArray
    cell_kg: FloatArray
    loss_w_k: FloatArray
    booster: IntArray
    booster_sign: FloatArray


class Stations(NamedTuple):
    """Stations, shape (stations,); `first` has each one's buildings, shape (stations + 1,)."""

    node: IntArray
    kind: IntArray
    compensated: BoolArray
    ua_w_k: FloatArray
    kvs: FloatArray
    equal_percentage: BoolArray
    opening: FloatArray
    secondary_kg_s: FloatArray
    supply_side_kg: FloatArray
    return_side_kg: FloatArray
    load_w: FloatArray
    load_return_c: FloatArray
    first: IntArray


class Buildings(NamedTuple):
    """Buildings in the order of their stations, shape (buildings,); `place` is each one's number
    in the site."""

    place: IntArray
    share: FloatArray
    ua_w_k: FloatArray
    air_j_k: FloatArray
    envelope_j_k: FloatArray
    radiator_w: FloatArray
    exponent: FloatArray
    gain_w: FloatArray
    aperture_m2: FloatArray
    wind_ua: FloatArray
    beta: FloatArray


class Machines(NamedTuple):
    """Plants, shape (plants,), and pumps, shape (pumps,); `of_plant` is -1 for a booster."""

    node: IntArray
    max_heat_w: FloatArray
    highest_c: FloatArray
    ramp_k_s: FloatArray
    of_plant: IntArray
    shutoff_pa_kg: FloatArray
    curvature: FloatArray
    efficiency: FloatArray
    min_speed: FloatArray
    max_speed: FloatArray
    holds_pressure: BoolArray


class Layout(NamedTuple):
    """The whole plant; single numbers are arrays of one, as compiled code takes them."""

    nodes: int
    ground_c: float
    makeup_c: float
    leak_reference_pa: float
    leak_exponent: float
    radiator_excess_k: float
    curve_x: FloatArray
    curve_y: FloatArray
    pipes: Pipes
    stations: Stations
    buildings: Buildings
    machines: Machines
    elimination: Elimination


def build_layout(network: Network) -> Layout:
    """Turn a network into arrays.

    Args:
        network: The network, perturbed or not.

    Returns:
        The arrays.
    """
    pipes = _pipes(network)
    stations, buildings = _consumers(network)
    machines = _machines(network)
    count = len(network.nodes)
    begin = [*pipes.begin, *stations.node, *(count + machines.node[machines.of_plant])]
    end = [*pipes.end, *(count + stations.node), *machines.node[machines.of_plant]]
    radiators = network.radiators
    curve = sorted(network.secondary_curve)
    return Layout(
        nodes=count,
        ground_c=network.ground_temp_c,
        makeup_c=network.makeup_temp_c,
        leak_reference_pa=network.leak_reference_bar * 1e5,
        leak_exponent=network.leak_exponent,
        radiator_excess_k=(radiators.supply_c + radiators.return_c) / 2.0 - radiators.indoor_c,
        curve_x=np.array([x for x, _ in curve]),
        curve_y=np.array([y for _, y in curve]),
        pipes=pipes,
        stations=stations,
        buildings=buildings,
        machines=machines,
        elimination=elimination(2 * count, begin, end),
    )


def _pipes(network: Network) -> Pipes:
    place, count = network.node_index, len(network.nodes)
    pipes = network.pipes
    begin = np.array([place[pipe.from_node] for pipe in pipes], dtype=np.int64)
    end = np.array([place[pipe.to_node] for pipe in pipes], dtype=np.int64)
    length = np.array([pipe.length_m for pipe in pipes])
    diameter = np.array([pipe.inner_diameter_m for pipe in pipes])
    wall = np.array([pipe.wall_thickness_m for pipe in pipes])
    cells = np.maximum(1, np.round(length / CELL_M)).astype(np.int64)
    cell_m = np.maximum(length / cells, SHORTEST_CELL_M)
    steel_kg = np.pi * (diameter + wall) * wall * STEEL_J_M3_K / REFERENCE_CP_J_KG_K
    area = np.pi * diameter**2 / 4.0
    content = [cell_m * (area * float(density_kg_m3(t)) + steel_kg) for t in CONTENT_C]
    height = np.array([node.elevation_m for node in network.nodes])
    booster, sign = _boosters(network)
    start = np.zeros(2 * len(pipes) + 1, dtype=np.int64)
    np.cumsum(np.concatenate([cells, cells]), out=start[1:])
    loss = np.array([pipe.heat_loss_w_m_k for pipe in pipes]) * length / cells
    return Pipes(
        begin=np.concatenate([begin, count + begin]),
        end=np.concatenate([end, count + end]),
        in_service=np.array([pipe.in_service for pipe in pipes] * 2, dtype=np.bool_),
        length_m=np.tile(length, 2),
        diameter_m=np.tile(diameter, 2),
        roughness_m=np.tile([pipe.roughness_m for pipe in pipes], 2),
        rise_m=np.tile(height[end] - height[begin], 2),
        leak_m3_s=np.tile([pipe.leak_m3_h / 2.0 / 3600.0 for pipe in pipes], 2),
        start=start,
        cell_kg=np.concatenate(content),
        loss_w_k=np.tile(loss, 2),
        booster=np.concatenate([np.full(len(pipes), -1), booster]),
        booster_sign=np.concatenate([np.ones(len(pipes)), sign]),
    )


def _boosters(network: Network) -> tuple[IntArray, FloatArray]:
    """Booster pump of each return pipe, and whether it pumps as drawn: towards the plants."""
    hops = _hops_to_plants(network)
    booster = np.full(len(network.pipes), -1, dtype=np.int64)
    sign = np.ones(len(network.pipes))
    for number, pump in enumerate(network.pumps):
        if pump.pipe_id is not None:
            at = network.pipe_index[pump.pipe_id]
            booster[at] = number
            pipe = network.pipes[at]
            sign[at] = 1.0 if hops[pipe.from_node] >= hops[pipe.to_node] else -1.0
    return booster, sign


def _hops_to_plants(network: Network) -> dict[str, float]:
    """Length of the shortest way to a plant, m, from each node."""
    way = {node.node_id: np.inf for node in network.nodes}
    way |= {plant.node_id: 0.0 for plant in network.plants}
    for _ in network.nodes:
        for pipe in network.pipes:
            if pipe.in_service:
                a, b = pipe.from_node, pipe.to_node
                way[a] = min(way[a], way[b] + pipe.length_m)
                way[b] = min(way[b], way[a] + pipe.length_m)
    return way


def _kind(station: Station) -> int:
    if station.kind is StationKind.LOAD:
        return LOAD
    if station.kind is StationKind.EXCHANGER:
        return EXCHANGER
    return MIXING if station.control is StationControl.COMPENSATED else DIRECT


def _consumers(network: Network) -> tuple[Stations, Buildings]:
    stations = network.stations
    groups: list[list[int]] = [[] for _ in stations]
    for number, building in enumerate(network.buildings):
        groups[network.station_index[building.station_id]].append(number)
    first = np.zeros(len(stations) + 1, dtype=np.int64)
    np.cumsum([len(group) for group in groups], out=first[1:])
    flow = np.array(
        [s.secondary_flow_kg_s or s.design_heat_kw * 1e3 / (4190.0 * 40.0) for s in stations]
    )
    held = [s.control is StationControl.COMPENSATED or s.kind is StationKind.LOAD for s in stations]
    return (
        Stations(
            node=np.array([network.node_index[s.node_id] for s in stations], dtype=np.int64),
            kind=np.array([_kind(s) for s in stations], dtype=np.int64),
            compensated=np.array(held, dtype=np.bool_),
            ua_w_k=np.array([s.hx_ua_kw_k * 1e3 for s in stations]),
            kvs=np.array([s.valve_kvs for s in stations]),
            equal_percentage=np.array(
                [s.valve_characteristic is ValveCharacteristic.EQUAL_PERCENTAGE for s in stations],
                dtype=np.bool_,
            ),
            opening=np.array([s.opening_pct / 100.0 for s in stations]),
            secondary_kg_s=np.array([s.secondary_flow_kg_s for s in stations]),
            supply_side_kg=flow * SUPPLY_SIDE_S,
            return_side_kg=flow * RETURN_SIDE_S,
            load_w=np.array([s.load_kw * 1e3 for s in stations]),
            load_return_c=np.array([s.load_return_temp_c for s in stations]),
            first=first,
        ),
        _buildings(network, [number for group in groups for number in group], first),
    )


def _buildings(network: Network, order: list[int], first: IntArray) -> Buildings:
    members = [network.buildings[number] for number in order]
    radiator = np.array([b.radiator_kw * 1e3 for b in members])
    share = np.array(radiator)
    for begin, end in itertools.pairwise(first):
        share[begin:end] /= max(radiator[begin:end].sum(), 1e-9)
    capacity = np.array([b.capacity_kwh_k * 3.6e6 for b in members])
    return Buildings(
        place=np.array(order, dtype=np.int64),
        share=share,
        ua_w_k=np.array([b.ua_kw_k * 1e3 for b in members]),
        air_j_k=0.15 * capacity,
        envelope_j_k=0.85 * capacity,
        radiator_w=radiator,
        exponent=np.array([b.radiator_exponent for b in members]),
        gain_w=np.array([b.internal_gain_w_m2 * b.floor_area_m2 for b in members]),
        aperture_m2=np.array([b.solar_aperture_m2 for b in members]),
        wind_ua=np.array([b.wind_ua_pct_per_m_s / 100.0 for b in members]),
        beta=np.array([b.worst_flat_beta for b in members]),
    )


# The plant's own controller ramps the boiler this much faster than the site's limit: it protects
# the boiler; keeping the network's ramp is the supervisor's part, and a fault in it must show.
OWN_RAMP = 4.0
# Its own interlock stops the boiler this far above the highest setpoint of the site.
OWN_HIGHEST_K = 5.0


def _machines(network: Network) -> Machines:
    plants, pumps = network.plants, network.pumps
    index = network.plant_index
    rated = np.array([pump.rated_flow_m3_h / 3600.0 for pump in pumps])
    drop = np.array([pump.shutoff_head_m - pump.rated_head_m for pump in pumps])
    return Machines(
        node=np.array([network.node_index[p.node_id] for p in plants], dtype=np.int64),
        max_heat_w=np.array([p.max_heat_mw * 1e6 for p in plants]),
        highest_c=np.array([p.max_supply_temp_c + OWN_HIGHEST_K for p in plants]),
        ramp_k_s=np.array([OWN_RAMP * p.ramp_up_k_h / 3600.0 for p in plants]),
        of_plant=np.array(
            [index[pump.plant_id] if pump.plant_id else -1 for pump in pumps], dtype=np.int64
        ),
        shutoff_pa_kg=np.array([9.81 * pump.shutoff_head_m for pump in pumps]),
        curvature=9.81 * drop / rated**2,
        efficiency=np.array([pump.efficiency_pct / 100.0 for pump in pumps]),
        min_speed=np.array([pump.min_speed_pct / 100.0 for pump in pumps]),
        max_speed=np.array([pump.max_speed_pct / 100.0 for pump in pumps]),
        holds_pressure=np.array(
            [pump.control is PumpControl.DIFFERENTIAL_PRESSURE for pump in pumps], dtype=np.bool_
        ),
    )
