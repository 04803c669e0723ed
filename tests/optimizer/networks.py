"""Networks for tests: pieces with sound defaults, and whole random networks of every kind."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
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
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.simulate import uniform_state

START = datetime(2026, 1, 12, tzinfo=UTC)


def node(name: str, **changes: Any) -> Node:
    return replace(Node(node_id=name, x_m=0.0, y_m=0.0, elevation_m=0.0), **changes)


def pipe(name: str, start: str, end: str, **changes: Any) -> Pipe:
    return replace(
        Pipe(
            pipe_id=name,
            from_node=start,
            to_node=end,
            length_m=200.0,
            inner_diameter_m=0.1,
            wall_thickness_m=0.004,
            roughness_m=0.0003,
            heat_loss_w_m_k=0.5,
            max_pressure_bar=16.0,
            max_temp_c=130.0,
            max_ramp_k_h=30.0,
            leak_m3_h=0.0,
            in_service=True,
            year_laid=1990,
        ),
        **changes,
    )


def station(name: str, at: str, **changes: Any) -> Station:
    return replace(
        Station(
            station_id=name,
            node_id=at,
            kind=StationKind.EXCHANGER,
            control=StationControl.COMPENSATED,
            hx_ua_kw_k=40.0,
            valve_kvs=16.0,
            valve_characteristic=ValveCharacteristic.LINEAR,
            opening_pct=50.0,
            secondary_flow_kg_s=4.0,
            min_dp_bar=0.3,
            design_heat_kw=300.0,
        ),
        **changes,
    )


def load(name: str, at: str, kw: float, return_c: float = 40.0, **changes: Any) -> Station:
    return station(
        name,
        at,
        kind=StationKind.LOAD,
        hx_ua_kw_k=0.0,
        secondary_flow_kg_s=0.0,
        load_kw=kw,
        load_return_temp_c=return_c,
        **changes,
    )


def building(name: str, behind: str, **changes: Any) -> Building:
    return replace(
        Building(
            building_id=name,
            station_id=behind,
            floor_area_m2=5000.0,
            year_built=1985,
            ua_kw_k=8.0,
            capacity_kwh_k=250.0,
            radiator_kw=330.0,
            radiator_exponent=1.3,
            height_m=18.0,
            worst_flat_beta=0.05,
            min_indoor_c=18.0,
            internal_gain_w_m2=0.0,
            solar_aperture_m2=0.0,
            wind_ua_pct_per_m_s=0.0,
        ),
        **changes,
    )


def plant(name: str, at: str, **changes: Any) -> Plant:
    return replace(
        Plant(
            plant_id=name,
            node_id=at,
            max_heat_mw=10.0,
            min_supply_temp_c=50.0,
            max_supply_temp_c=130.0,
            ramp_up_k_h=15.0,
            ramp_down_k_h=15.0,
            heat_price_per_mwh=(200.0,) * 24,
            holding_pressure_bar=3.0,
        ),
        **changes,
    )


def pump(name: str, at: str | None = None, **changes: Any) -> Pump:
    return replace(
        Pump(
            pump_id=name,
            plant_id=at,
            pipe_id=None,
            rated_flow_m3_h=30.0,
            rated_head_m=40.0,
            shutoff_head_m=50.0,
            min_speed_pct=30.0,
            max_speed_pct=100.0,
            max_speed_ramp_pct_h=60.0,
            efficiency_pct=70.0,
            control=PumpControl.SPEED,
        ),
        **changes,
    )


def network(
    nodes: list[Node],
    pipes: list[Pipe],
    stations: list[Station],
    buildings: list[Building] | None = None,
    plants: list[Plant] | None = None,
    pumps: list[Pump] | None = None,
    **changes: Any,
) -> Network:
    """Put pieces together; without plants and pumps one of each stands at the first node."""
    first = nodes[0].node_id
    return replace(
        Network(
            nodes=tuple(nodes),
            pipes=tuple(pipes),
            stations=tuple(stations),
            buildings=tuple(buildings or ()),
            plants=tuple(plants or [plant("P", first)]),
            pumps=tuple([pump("M", "P")] if pumps is None else pumps),
            ground_temp_c=5.0,
            makeup_temp_c=10.0,
            leak_reference_bar=5.0,
            leak_exponent=0.9,
            radiators=RadiatorReference(supply_c=60.0, return_c=45.0, indoor_c=18.0),
            secondary_curve=((-15.0, 62.0), (10.0, 40.0)),
        ),
        **changes,
    )


def line(*stations: Station, buildings: list[Building] | None = None, **changes: Any) -> Network:
    """Plant at A, one pipe to B where the stations stand."""
    pipes = [changes.pop("pipe", pipe("AB", "A", "B"))]
    nodes = changes.pop("nodes", [node("A"), node("B")])
    return network(nodes, pipes, list(stations), buildings, **changes)


def constant_weather(
    net: Network, steps: int, step_s: int = 900, outdoor_c: float = -5.0
) -> Forecast:
    return Forecast(
        start=START,
        step_s=step_s,
        outdoor_temp_c=frozen(np.full((1, steps + 1), outdoor_c)),
        wind_m_s=frozen(np.zeros((1, steps))),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(np.full((len(net.plants), steps), 200.0)),
    )


def constant_schedule(
    net: Network, steps: int, step_s: int = 900, supply_c: float = 90.0, pump_at: float = 90.0
) -> Schedule:
    return Schedule(
        start=START,
        step_s=step_s,
        supply_temp_c=frozen(np.full((len(net.plants), steps), supply_c)),
        pump_setpoint=frozen(np.full((len(net.pumps), steps), pump_at)),
        secondary_offset_k=frozen(np.zeros((len(net.stations), steps))),
    )


def state_of(
    net: Network, supply_c: float = 90.0, return_c: float = 50.0, indoor_c: float = 18.0
) -> PlantState:
    return uniform_state(
        net,
        supply_temp_c=supply_c,
        return_temp_c=return_c,
        indoor_temp_c=indoor_c,
        pump_setpoint=np.full(len(net.pumps), 90.0),
    )


def random_network(seed: int, meshed: bool | None = None, loads_only: bool = False) -> Network:
    """A network of 6 to 14 nodes with a bit of everything; the same one for the same seed."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(6, 15))
    meshed = bool(draw.random() < 0.5) if meshed is None else meshed
    nodes = [node(f"n{i}", elevation_m=float(draw.uniform(-8, 8))) for i in range(count)]
    pairs = [(int(draw.integers(0, i)), i) for i in range(1, count)]
    if meshed:
        extra = [(int(a), int(b)) for a, b in draw.integers(0, count, (3, 2)) if a != b]
        pairs += [pair for pair in extra if pair not in pairs and pair[::-1] not in pairs]
    pipes = [_random_pipe(draw, f"p{i}", a, b) for i, (a, b) in enumerate(pairs)]
    at = sorted({0, *map(int, draw.integers(0, count, 1 if meshed else 0))})
    plants = [plant(f"P{i}", f"n{at_node}", max_heat_mw=8.0) for i, at_node in enumerate(at)]
    stations, buildings = _random_consumers(draw, count, loads_only)
    pumps = [
        unit for p in range(len(plants)) for unit in _random_pumps(draw, p, len(stations) * 4.0)
    ]
    if draw.random() < 0.4 and not loads_only:
        pumps.append(pump("booster", None, pipe_id="p0", rated_head_m=4.0, shutoff_head_m=6.0))
    return network(nodes, pipes, stations, buildings, plants, pumps)


def _random_pipe(draw: np.random.Generator, name: str, a: int, b: int) -> Pipe:
    ends = (a, b) if draw.random() < 0.5 else (b, a)
    return pipe(
        name,
        f"n{ends[0]}",
        f"n{ends[1]}",
        length_m=float(draw.uniform(40, 600)),
        inner_diameter_m=float(draw.choice([0.08, 0.1, 0.125, 0.15])),
        roughness_m=float(draw.uniform(5e-5, 1e-3)),
        heat_loss_w_m_k=float(draw.uniform(0.2, 1.2)),
        leak_m3_h=float(draw.choice([0.0, 0.02])),
    )


def _random_pumps(draw: np.random.Generator, of: int, flow_m3_h: float) -> list[Pump]:
    units = int(draw.integers(1, 3))
    held = draw.random() < 0.3
    return [
        pump(
            f"M{of}{unit}",
            f"P{of}",
            rated_flow_m3_h=flow_m3_h / units,
            control=PumpControl.DIFFERENTIAL_PRESSURE if held else PumpControl.SPEED,
        )
        for unit in range(units)
    ]


def _random_consumers(
    draw: np.random.Generator, count: int, loads_only: bool
) -> tuple[list[Station], list[Building]]:
    stations: list[Station] = []
    buildings: list[Building] = []
    for i in range(1, count):
        if draw.random() < 0.2 and i < count - 1:
            continue
        size = float(draw.uniform(0.4, 1.2))
        name, at = f"s{i}", f"n{i}"
        kind = "load" if loads_only else str(draw.choice(KINDS, p=SHARES))
        stations.append(_random_station(kind, name, at, size, draw))
        if kind == "load":
            continue
        for j in range(int(draw.integers(1, 4))):
            part = size / (j + 1.5)
            buildings.append(
                building(
                    f"b{i}-{j}",
                    name,
                    ua_kw_k=8.0 * part,
                    capacity_kwh_k=float(draw.uniform(150, 400)) * part,
                    radiator_kw=330.0 * part * float(draw.uniform(0.9, 1.2)),
                    radiator_exponent=float(draw.uniform(1.1, 1.4)),
                    internal_gain_w_m2=float(draw.choice([0.0, 3.0])),
                    wind_ua_pct_per_m_s=float(draw.choice([0.0, 2.0])),
                )
            )
    return stations, buildings


KINDS = ("exchanger", "equal", "fixed", "direct", "mixing", "load")
SHARES = (0.4, 0.1, 0.2, 0.1, 0.1, 0.1)


def _random_station(
    kind: str, name: str, at: str, size: float, draw: np.random.Generator
) -> Station:
    flows = {"hx_ua_kw_k": 40.0 * size, "secondary_flow_kg_s": 4.0 * size}
    valve = {"valve_kvs": 14.0 * size}
    fixed = {"control": StationControl.FIXED, "opening_pct": float(draw.uniform(25, 60))}
    direct = {"kind": StationKind.DIRECT, "hx_ua_kw_k": 0.0}
    if kind == "load":
        return load(name, at, 250.0 * size, **valve)
    if kind == "equal":
        equal = ValveCharacteristic.EQUAL_PERCENTAGE
        return station(name, at, **flows, **valve, valve_characteristic=equal)
    if kind == "fixed":
        return station(name, at, **flows, **valve, **fixed)
    if kind == "direct":
        small = {"valve_kvs": 8.0 * size, "secondary_flow_kg_s": 0.0}
        return station(name, at, **direct, **small, **fixed)
    if kind == "mixing":
        return station(name, at, **direct, **valve, secondary_flow_kg_s=4.0 * size)
    return station(name, at, **flows, **valve)


def random_weather(net: Network, steps: int, step_s: int, seed: int) -> Forecast:
    draw = np.random.default_rng(1000 + seed)
    hours = np.arange(steps + 1) * step_s / 3600.0
    outdoor = draw.uniform(-12, 2) + draw.uniform(1, 6) * np.sin(hours / 24 * 2 * np.pi + seed)
    return Forecast(
        start=START,
        step_s=step_s,
        outdoor_temp_c=frozen(outdoor[None]),
        wind_m_s=frozen(np.full((1, steps), draw.uniform(0, 6))),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(np.full((len(net.plants), steps), 200.0)),
    )


def random_schedule(net: Network, steps: int, step_s: int, seed: int) -> Schedule:
    """Smooth setpoints, so that different grids can sample the same ones."""
    draw = np.random.default_rng(2000 + seed)
    hours = np.arange(steps) * step_s / 3600.0

    def wave(middle: float, size: float) -> FloatArray:
        swing = np.sin(hours * draw.uniform(0.3, 1.0) + draw.uniform(0, 6))
        return middle + size * swing

    dp = PumpControl.DIFFERENTIAL_PRESSURE
    pumps = [wave(2.5, 0.3) if unit.control is dp else wave(88.0, 6.0) for unit in net.pumps]
    return Schedule(
        start=START,
        step_s=step_s,
        supply_temp_c=frozen([wave(92.0, 8.0) for _ in net.plants]),
        pump_setpoint=frozen(pumps),
        secondary_offset_k=frozen([wave(0.0, 2.0) for _ in net.stations]),
    )
