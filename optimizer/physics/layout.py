"""The network as plain arrays for compiled code: indices instead of names, SI units throughout."""

from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.network import (
    Network,
    PumpControl,
    StationControl,
    StationKind,
    ValveCharacteristic,
)
from optimizer.physics.ldl import Pattern, analyse
from optimizer.physics.stirring import stirred_mass_kg
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

STEEL_DENSITY_KG_M3 = 7850.0
STEEL_CP_J_KG_K = 490.0
# Ratio of largest to smallest controllable flow of an equal-percentage valve (IEC 60534-2-4).
RANGEABILITY = 50.0
# Mean temperatures at which the mass of water in the pipes is reckoned; it stays constant.
CONTENT_SUPPLY_TEMP_C = 85.0
CONTENT_RETURN_TEMP_C = 45.0
# How a station turns flow into heat: what compiled code branches on.
FIXED_EXCHANGER, HELD_EXCHANGER, FIXED_DIRECT, HELD_MIXING, LOAD = range(5)


class Graph(NamedTuple):
    """Nodes, links and the nodal equations' pattern.

    Nodes 0..n-1 are the supply side, n..2n-1 the return side. Links are the supply pipes, the
    return pipes, the stations (supply to return) and the pumps (return to supply), in this order.

    Attributes:
        elevation_m: Above the first plant, shape (2 n,).
        first, second: Ends of each link, shape (links,).
        alive: False for links out of service or cut off, shape (links,).
        unknown: Position of each node in the elimination order, -1 for the reference node and
            nodes that are cut off, shape (2 n,).
        upper: Position of each link's off-diagonal entry, -1 for none, shape (links,).
        reference: The node where pressure is held.
        adjacent_start, adjacent_pipe: Pipes at each node (drawn, one side), compressed rows.
        pattern: Symbolic analysis of the nodal equations.
    """

    elevation_m: FloatArray
    first: IntArray
    second: IntArray
    alive: BoolArray
    unknown: IntArray
    upper: IntArray
    reference: int
    adjacent_start: IntArray
    adjacent_pipe: IntArray
    pattern: Pattern


class Pipes(NamedTuple):
    """Pipes as drawn, each array of shape (pipes,); masses have shape (2, pipes): supply, return.

    `content_kg` is water plus the wall's heat capacity expressed as water, `stirred_kg` the mass of
    each of the tanks at its outlet (see `stirring`); `loss_w_k` is for the whole pipe; `leak_m3_s`
    for each of the two pipes at the reference pressure; `booster` is the pump in the return pipe or
    -1, `booster_sign` +1 if it pumps in the drawn direction.
    """

    length_m: FloatArray
    diameter_m: FloatArray
    roughness_m: FloatArray
    content_kg: FloatArray
    stirred_kg: FloatArray
    loss_w_k: FloatArray
    leak_m3_s: FloatArray
    booster: IntArray
    booster_sign: FloatArray


class Stations(NamedTuple):
    """Stations; buildings of station i are start[i] to start[i + 1] in the sorted order `member`.

    `flow_coefficient` is (kvs/3600)^2 / 100: mass flow = sqrt(coefficient * density * dp) fully
    open. `opening_share` is the flow coefficient's share of kvs where the valve is fixed.
    """

    node: IntArray
    mode: IntArray
    ua_w_k: FloatArray
    flow_coefficient: FloatArray
    fixed_share: FloatArray
    equal_percentage: BoolArray
    secondary_w_k: FloatArray
    load_w: FloatArray
    load_return_c: FloatArray
    start: IntArray
    member: IntArray


class Buildings(NamedTuple):
    """Buildings in site order; `share` is the part of the station's secondary flow."""

    station: IntArray
    share: FloatArray
    ua_w_k: FloatArray
    air_j_k: FloatArray
    envelope_j_k: FloatArray
    radiator_w: FloatArray
    exponent: FloatArray
    excess_k: float
    gain_w: FloatArray
    aperture_m2: FloatArray
    wind_ua: FloatArray
    beta: FloatArray


class Plants(NamedTuple):
    """Plants; `weight` is each one's share of the whole capacity."""

    node: IntArray
    max_heat_w: FloatArray
    weight: FloatArray


class Pumps(NamedTuple):
    """Pumps in SI units: head H0 s^2 - curvature Q^2 with Q in m3/s; plant is -1 for boosters."""

    plant: IntArray
    pipe: IntArray
    shutoff_head_m: FloatArray
    curvature: FloatArray
    efficiency: FloatArray
    min_speed: FloatArray
    max_speed: FloatArray
    holds_pressure: BoolArray


class Layout(NamedTuple):
    """Everything compiled code needs to know of a network."""

    graph: Graph
    pipes: Pipes
    stations: Stations
    buildings: Buildings
    plants: Plants
    pumps: Pumps
    ground_temp_c: float
    makeup_temp_c: float
    holding_pa: float
    leak_reference_pa: float
    leak_exponent: float


def build_layout(network: Network) -> Layout:
    """Turn a network into arrays.

    Args:
        network: The network.

    Returns:
        Its layout.

    Raises:
        ValueError: If a pipe has more than one booster pump.
    """
    return Layout(
        graph=_graph(network),
        pipes=_pipes(network),
        stations=_stations(network),
        buildings=_buildings(network),
        plants=_plants(network),
        pumps=_pumps(network),
        ground_temp_c=network.ground_temp_c,
        makeup_temp_c=network.makeup_temp_c,
        holding_pa=network.plants[0].holding_pressure_bar * 1e5,
        leak_reference_pa=network.leak_reference_bar * 1e5,
        leak_exponent=network.leak_exponent,
    )


def _floats(values: list[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _ints(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _graph(network: Network) -> Graph:
    count = len(network.nodes)
    place = network.node_index
    start = _ints([place[pipe.from_node] for pipe in network.pipes])
    end = _ints([place[pipe.to_node] for pipe in network.pipes])
    station = _ints([place[station.node_id] for station in network.stations])
    of_plant = {plant.plant_id: place[plant.node_id] for plant in network.plants}
    pump = _ints([of_plant[pump.plant_id] if pump.plant_id else 0 for pump in network.pumps])
    in_service = np.array([pipe.in_service for pipe in network.pipes], dtype=np.bool_)
    on_plant = np.array([pump.plant_id is not None for pump in network.pumps], dtype=np.bool_)
    first = np.concatenate([start, start + count, station, pump + count])
    second = np.concatenate([end, end + count, station + count, pump])
    alive = np.concatenate(
        [in_service, in_service, np.ones(len(station), dtype=np.bool_), on_plant]
    )
    reference = place[network.plants[0].node_id] + count
    reached = _reached(2 * count, first, second, alive, reference)
    alive &= reached[first]
    unknown, upper, pattern = _nodal_pattern(first, second, alive, reached, reference)
    elevation = _floats([node.elevation_m for node in network.nodes])
    elevation = elevation - elevation[reference - count]
    adjacent_start, adjacent_pipe = _adjacency(count, start, end, in_service)
    return Graph(
        elevation_m=np.concatenate([elevation, elevation]),
        first=first,
        second=second,
        alive=alive,
        unknown=unknown,
        upper=upper,
        reference=reference,
        adjacent_start=adjacent_start,
        adjacent_pipe=adjacent_pipe,
        pattern=pattern,
    )


def _reached(
    count: int, first: IntArray, second: IntArray, alive: BoolArray, reference: int
) -> BoolArray:
    """Nodes that the held pressure reaches through links in service."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = np.flatnonzero(alive)
    graph = coo_matrix((np.ones(len(links)), (first[links], second[links])), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label == label[reference], dtype=np.bool_)


def _nodal_pattern(
    first: IntArray, second: IntArray, alive: BoolArray, reached: BoolArray, reference: int
) -> tuple[IntArray, IntArray, Pattern]:
    """Pattern of the nodal equations and where each link enters them."""
    known = ~reached
    known[reference] = True
    number = np.full(len(reached), -1, dtype=np.int64)
    number[~known] = np.arange(np.count_nonzero(~known))
    paired = np.flatnonzero(alive & (number[first] >= 0) & (number[second] >= 0))
    pattern, position = analyse(
        int(np.count_nonzero(~known)), number[first[paired]], number[second[paired]]
    )
    unknown = np.full(len(reached), -1, dtype=np.int64)
    unknown[~known] = pattern.order[number[~known]]
    upper = np.full(len(first), -1, dtype=np.int64)
    upper[paired] = position
    return unknown, upper, pattern


def _adjacency(
    count: int, start: IntArray, end: IntArray, in_service: BoolArray
) -> tuple[IntArray, IntArray]:
    pipes = np.flatnonzero(in_service)
    nodes = np.concatenate([start[pipes], end[pipes]])
    both = np.concatenate([pipes, pipes])
    order = np.argsort(nodes, kind="stable")
    adjacent_start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(nodes, minlength=count), out=adjacent_start[1:])
    return adjacent_start, both[order].astype(np.int64)


def _pipes(network: Network) -> Pipes:
    length = _floats([pipe.length_m for pipe in network.pipes])
    diameter = _floats([pipe.inner_diameter_m for pipe in network.pipes])
    wall = _floats([pipe.wall_thickness_m for pipe in network.pipes])
    wall_j_m_k = np.pi * (diameter + wall) * wall * STEEL_DENSITY_KG_M3 * STEEL_CP_J_KG_K
    volume = np.pi / 4.0 * diameter**2 * length
    contents = [
        volume * density_kg_m3(temp_c) + wall_j_m_k * length / REFERENCE_CP_J_KG_K
        for temp_c in (CONTENT_SUPPLY_TEMP_C, CONTENT_RETURN_TEMP_C)
    ]
    booster, sign = _boosters(network)
    return Pipes(
        length_m=length,
        diameter_m=diameter,
        roughness_m=_floats([pipe.roughness_m for pipe in network.pipes]),
        content_kg=np.stack(contents),
        stirred_kg=stirred_mass_kg(length, diameter, wall, wall_j_m_k),
        loss_w_k=_floats([pipe.heat_loss_w_m_k for pipe in network.pipes]) * length,
        leak_m3_s=_floats([pipe.leak_m3_h for pipe in network.pipes]) / 2.0 / 3600.0,
        booster=booster,
        booster_sign=sign,
    )


def _boosters(network: Network) -> tuple[IntArray, FloatArray]:
    """Booster of each pipe and whether it pumps as drawn: always towards the plants."""
    booster = np.full(len(network.pipes), -1, dtype=np.int64)
    sign = np.ones(len(network.pipes))
    distance = _distance_to_plants(network)
    for number, pump in enumerate(network.pumps):
        if pump.pipe_id is None:
            continue
        at = network.pipe_index[pump.pipe_id]
        if booster[at] >= 0:
            raise ValueError(f"pipe {pump.pipe_id} has more than one booster pump")
        booster[at] = number
        pipe = network.pipes[at]
        ends = network.node_index[pipe.from_node], network.node_index[pipe.to_node]
        sign[at] = 1.0 if distance[ends[0]] >= distance[ends[1]] else -1.0
    return booster, sign


def _distance_to_plants(network: Network) -> FloatArray:
    """Length of the shortest way in service from each node to a plant, m."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    place = network.node_index
    pipes = [pipe for pipe in network.pipes if pipe.in_service]
    lengths = _floats([pipe.length_m for pipe in pipes])
    starts = _ints([place[pipe.from_node] for pipe in pipes])
    ends = _ints([place[pipe.to_node] for pipe in pipes])
    graph = coo_matrix((lengths, (starts, ends)), shape=(len(network.nodes),) * 2).tocsr()
    plants = [place[plant.node_id] for plant in network.plants]
    return np.asarray(dijkstra(graph, directed=False, indices=plants, min_only=True))


def _mode(kind: StationKind, control: StationControl) -> int:
    if kind is StationKind.LOAD:
        return LOAD
    if kind is StationKind.EXCHANGER:
        return HELD_EXCHANGER if control is StationControl.COMPENSATED else FIXED_EXCHANGER
    return HELD_MIXING if control is StationControl.COMPENSATED else FIXED_DIRECT


def valve_share(opening: float, characteristic: ValveCharacteristic) -> float:
    """Share of kvs at an opening.

    Args:
        opening: Opening, 0 to 1.
        characteristic: The valve's inherent characteristic.

    Returns:
        Kv / kvs; zero where closed.

    Source: IEC 60534-2-4, rangeability 50.
    """
    if opening <= 0.0:
        return 0.0
    if characteristic is ValveCharacteristic.EQUAL_PERCENTAGE:
        return float(RANGEABILITY ** (opening - 1.0))
    return opening


def _stations(network: Network) -> Stations:
    stations = network.stations
    index = network.station_index
    of_building = _ints([index[building.station_id] for building in network.buildings])
    start = np.zeros(len(stations) + 1, dtype=np.int64)
    np.cumsum(np.bincount(of_building, minlength=len(stations)), out=start[1:])
    fixed = [
        valve_share(station.opening_pct / 100.0, station.valve_characteristic)
        if station.control is StationControl.FIXED and station.kind is not StationKind.LOAD
        else 1.0
        for station in stations
    ]
    return Stations(
        node=_ints([network.node_index[station.node_id] for station in stations]),
        mode=_ints([_mode(station.kind, station.control) for station in stations]),
        ua_w_k=_floats([station.hx_ua_kw_k * 1e3 for station in stations]),
        flow_coefficient=_floats(
            [(station.valve_kvs / 3600.0) ** 2 / 100.0 for station in stations]
        ),
        fixed_share=_floats(fixed),
        equal_percentage=np.array(
            [s.valve_characteristic is ValveCharacteristic.EQUAL_PERCENTAGE for s in stations],
            dtype=np.bool_,
        ),
        secondary_w_k=_floats([s.secondary_flow_kg_s * REFERENCE_CP_J_KG_K for s in stations]),
        load_w=_floats([station.load_kw * 1e3 for station in stations]),
        load_return_c=_floats([station.load_return_temp_c for station in stations]),
        start=start,
        member=np.argsort(of_building, kind="stable").astype(np.int64),
    )


def _buildings(network: Network) -> Buildings:
    buildings = network.buildings
    station = _ints([network.station_index[building.station_id] for building in buildings])
    radiator = _floats([building.radiator_kw * 1e3 for building in buildings])
    total = np.bincount(station, weights=radiator, minlength=len(network.stations))
    capacity = _floats([building.capacity_kwh_k * 3.6e6 for building in buildings])
    reference = network.radiators
    return Buildings(
        station=station,
        share=radiator / total[station] if len(buildings) else radiator,
        ua_w_k=_floats([building.ua_kw_k * 1e3 for building in buildings]),
        air_j_k=0.15 * capacity,
        envelope_j_k=0.85 * capacity,
        radiator_w=radiator,
        exponent=_floats([building.radiator_exponent for building in buildings]),
        excess_k=(reference.supply_c + reference.return_c) / 2.0 - reference.indoor_c,
        gain_w=_floats([b.internal_gain_w_m2 * b.floor_area_m2 for b in buildings]),
        aperture_m2=_floats([building.solar_aperture_m2 for building in buildings]),
        wind_ua=_floats([building.wind_ua_pct_per_m_s / 100.0 for building in buildings]),
        beta=_floats([building.worst_flat_beta for building in buildings]),
    )


def _plants(network: Network) -> Plants:
    heat = _floats([plant.max_heat_mw * 1e6 for plant in network.plants])
    return Plants(
        node=_ints([network.node_index[plant.node_id] for plant in network.plants]),
        max_heat_w=heat,
        weight=heat / heat.sum(),
    )


def _pumps(network: Network) -> Pumps:
    pumps = network.pumps
    plant = network.plant_index
    pipe = network.pipe_index
    rated = _floats([pump.rated_flow_m3_h / 3600.0 for pump in pumps])
    drop = _floats([pump.shutoff_head_m - pump.rated_head_m for pump in pumps])
    return Pumps(
        plant=_ints([plant[pump.plant_id] if pump.plant_id else -1 for pump in pumps]),
        pipe=_ints([pipe[pump.pipe_id] if pump.pipe_id else -1 for pump in pumps]),
        shutoff_head_m=_floats([pump.shutoff_head_m for pump in pumps]),
        curvature=drop / rated**2,
        efficiency=_floats([pump.efficiency_pct / 100.0 for pump in pumps]),
        min_speed=_floats([pump.min_speed_pct / 100.0 for pump in pumps]),
        max_speed=_floats([pump.max_speed_pct / 100.0 for pump in pumps]),
        holds_pressure=np.array(
            [pump.control is PumpControl.DIFFERENTIAL_PRESSURE for pump in pumps], dtype=np.bool_
        ),
    )
