"""Districts of any size for timing: streets on a grid, sized by what flows through them."""

import math

import numpy as np

from optimizer.model.network import (
    Building,
    Network,
    Node,
    Pipe,
    Plant,
    Pump,
    PumpControl,
    RadiatorReference,
    Station,
    StationControl,
    StationKind,
    ValveCharacteristic,
)

BLOCK_M = 60.0
BUILDING_KW = 60.0
# 70/40 degC at design: what sizes pipes, valves and pumps.
DESIGN_W_PER_KG_S = 4190.0 * 35.0
SERIES_M = (0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
SECONDARY_CURVE = ((-15.0, 62.0), (10.0, 38.0))


def district(
    stations: int,
    *,
    buildings_per_station: int = 5,
    plants: int = 1,
    meshed: bool = False,
    control: StationControl = StationControl.COMPENSATED,
    load: bool = False,
    seed: int = 0,
) -> Network:
    """Lay out a district of streets.

    Stations stand at the crossings of a square grid of streets; a trunk street runs through the
    middle and side streets leave it. Meshed districts also have every eighth cross street.

    Args:
        stations: Number of stations.
        buildings_per_station: Buildings behind each.
        plants: Number of plants along the trunk.
        meshed: Whether cross streets close rings.
        control: Whether valves follow their curve or stand.
        load: Stations are prescribed loads without buildings instead.
        seed: Varies the buildings.

    Returns:
        The network.
    """
    columns = max(1, math.isqrt(stations - 1) + 1)
    rows = math.ceil(stations / columns)
    station_heat = np.full(stations, buildings_per_station * BUILDING_KW * 1e3)
    nodes, edges = _streets(stations, rows, columns, meshed)
    plant_rows = [round((2 * p + 1) * rows / (2 * plants)) % rows for p in range(plants)]
    plant_nodes = [row * columns + columns // 2 for row in plant_rows]
    plant_nodes = [min(node, stations - 1) for node in plant_nodes]
    carried = _design_flows(stations, edges, plant_nodes, station_heat / DESIGN_W_PER_KG_S)
    total_kg_s = float(station_heat.sum() / DESIGN_W_PER_KG_S)
    pipes = tuple(
        _pipe(number, nodes[a], nodes[b], a, b, carried[number])
        for number, (a, b) in enumerate(edges)
    )
    return Network(
        nodes=nodes,
        pipes=pipes,
        stations=tuple(
            _station(i, station_heat[i], control, buildings_per_station, load)
            for i in range(stations)
        ),
        buildings=() if load else _buildings(stations, buildings_per_station, seed),
        plants=tuple(
            _plant(p, node, float(station_heat.sum()) / plants)
            for p, node in enumerate(plant_nodes)
        ),
        pumps=tuple(_pump(p, total_kg_s / plants, rows + columns) for p in range(plants)),
        ground_temp_c=5.0,
        makeup_temp_c=10.0,
        leak_reference_bar=6.0,
        leak_exponent=1.0,
        radiators=RadiatorReference(supply_c=60.0, return_c=45.0, indoor_c=18.0),
        secondary_curve=SECONDARY_CURVE,
    )


def _streets(
    stations: int, rows: int, columns: int, meshed: bool
) -> tuple[tuple[Node, ...], list[tuple[int, int]]]:
    nodes = tuple(
        Node(
            node_id=f"n{i}",
            x_m=(i % columns) * BLOCK_M,
            y_m=(i // columns) * BLOCK_M,
            elevation_m=5.0 * math.sin(i // columns / 7.0),
        )
        for i in range(stations)
    )
    trunk = columns // 2
    edges: list[tuple[int, int]] = []
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            if here >= stations:
                continue
            if column > 0:
                edges.append((here - 1, here))
            cross = meshed and column % 8 == 0
            if row > 0 and (column == trunk or cross or (row == rows - 1 and column == 0)):
                edges.append((here - columns, here))
    if not meshed:
        edges = _tree(stations, edges)
    return nodes, edges


def _tree(stations: int, edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop what closes a ring (a short last street can)."""
    root = list(range(stations))

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    kept = []
    for a, b in edges:
        if find(a) != find(b):
            root[find(a)] = find(b)
            kept.append((a, b))
    return kept


def _design_flows(
    stations: int, edges: list[tuple[int, int]], plants: list[int], wanted: np.ndarray
) -> np.ndarray:
    """Flow of each pipe if all stations draw along their shortest way to a plant."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    ends = np.array(edges).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(stations,) * 2)
    distance, before, _ = dijkstra(
        graph.tocsr(), directed=False, indices=plants, min_only=True, return_predecessors=True
    )
    drawn = wanted.copy()
    place = {frozenset(pair): number for number, pair in enumerate(edges)}
    flows = np.full(len(edges), 0.1 * float(wanted.mean()))
    for node in np.argsort(-distance):
        if before[node] >= 0:
            flows[place[frozenset((int(before[node]), int(node)))]] += drawn[node]
            drawn[before[node]] += drawn[node]
    return flows


def _pipe(number: int, start: Node, end: Node, a: int, b: int, flow_kg_s: float) -> Pipe:
    length = math.hypot(start.x_m - end.x_m, start.y_m - end.y_m)
    # Largest diameter that keeps 1.2 m/s and about 150 Pa/m.
    bore = max((4.0 * flow_kg_s / (math.pi * 975.0 * 1.2)) ** 0.5, 0.029 * flow_kg_s**0.38)
    diameter = next((size for size in SERIES_M if size >= bore), SERIES_M[-1])
    return Pipe(
        pipe_id=f"p{number}",
        from_node=f"n{a}",
        to_node=f"n{b}",
        length_m=length,
        inner_diameter_m=diameter,
        wall_thickness_m=0.0032 + 0.008 * diameter,
        roughness_m=0.0003,
        heat_loss_w_m_k=0.25 + 0.9 * diameter,
        max_pressure_bar=16.0,
        max_temp_c=130.0,
        max_ramp_k_h=30.0,
        leak_m3_h=0.0005 * length / BLOCK_M,
        in_service=True,
        year_laid=1990,
    )


def _station(
    number: int, heat_w: float, control: StationControl, buildings: int, load: bool
) -> Station:
    flow_m3_h = heat_w / DESIGN_W_PER_KG_S / 975.0 * 3600.0
    return Station(
        station_id=f"s{number}",
        node_id=f"n{number}",
        kind=StationKind.LOAD if load else StationKind.EXCHANGER,
        control=control,
        hx_ua_kw_k=0.0 if load else heat_w / 1e3 / 8.0,
        valve_kvs=flow_m3_h * 1.6,
        valve_characteristic=ValveCharacteristic.LINEAR,
        opening_pct=60.0,
        secondary_flow_kg_s=0.0 if load else heat_w / (4190.0 * 17.0),
        min_dp_bar=0.3,
        design_heat_kw=heat_w / 1e3,
        load_kw=heat_w / 1e3 if load else 0.0,
    )


def _buildings(stations: int, each: int, seed: int) -> tuple[Building, ...]:
    draw = np.random.default_rng(seed)
    size = draw.uniform(0.7, 1.3, stations * each)
    return tuple(
        Building(
            building_id=f"b{number}",
            station_id=f"s{number // each}",
            floor_area_m2=1000.0 * float(size[number]),
            year_built=1985,
            ua_kw_k=BUILDING_KW / 34.0 * float(size[number]),
            capacity_kwh_k=80.0 * float(size[number]),
            radiator_kw=BUILDING_KW * 1.2 * float(size[number]),
            radiator_exponent=1.3,
            height_m=18.0,
            worst_flat_beta=0.05,
            min_indoor_c=18.0,
            internal_gain_w_m2=3.0,
            solar_aperture_m2=0.0,
            wind_ua_pct_per_m_s=0.0,
        )
        for number in range(stations * each)
    )


def _plant(number: int, node: int, heat_w: float) -> Plant:
    return Plant(
        plant_id=f"plant{number}",
        node_id=f"n{node}",
        max_heat_mw=1.3 * heat_w / 1e6,
        min_supply_temp_c=60.0,
        max_supply_temp_c=120.0,
        ramp_up_k_h=10.0,
        ramp_down_k_h=10.0,
        heat_price_per_mwh=(200.0,) * 24,
        holding_pressure_bar=4.0,
    )


def _pump(number: int, flow_kg_s: float, blocks: int) -> Pump:
    head = 20.0 + blocks * BLOCK_M * 2.0 * 150.0 / 9810.0
    return Pump(
        pump_id=f"pump{number}",
        plant_id=f"plant{number}",
        pipe_id=None,
        rated_flow_m3_h=flow_kg_s / 975.0 * 3600.0 * 1.1,
        rated_head_m=head,
        shutoff_head_m=1.3 * head,
        min_speed_pct=40.0,
        max_speed_pct=100.0,
        max_speed_ramp_pct_h=60.0,
        efficiency_pct=75.0,
        control=PumpControl.SPEED,
    )
