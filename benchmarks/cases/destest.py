"""DESTEST's common exercises CE_0 (steady) and CE_1 (a week), against the participants' band.

Simulated by others, not measured: they prove agreement only.
"""

import csv
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.cases.steady import constant_setpoints, constant_weather, first_state, steady
from benchmarks.cases.tables import BadTableError, Figure, Row, column, number, read_rows, text
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import (
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
from optimizer.model.trace import Trace
from optimizer.physics.friction import pressure_drop
from optimizer.physics.water import enthalpy_j_kg
from optimizer.simulate import simulate

LIFT_BAR = 3.0
CE0_SUPPLY_C, CE0_DROP_K, CE0_FLOW_KG_S = 70.0, 30.0, 553.0 / 3600.0
CE0_GROUND_C, CE0_ROUGHNESS_M = 10.0, 0.007e-3
CE0_WALL_W_M_K, CE0_INSULATION_W_M_K = 0.35, 0.026
# The friction of CE_0 is reckoned with the case's own water, as all participants do.
CE0_DENSITY_KG_M3, CE0_VISCOSITY_PA_S = 988.0, 0.0005434
# CE_1: supply and surroundings as the data README infers them. The consumers' drop is not known;
# 20 K is assumed, which only the losses depend on noticeably.
CE1_SUPPLY_C, CE1_GROUND_C, CE1_DROP_K = 50.0, 12.0, 20.0
CE1_STEP_S = 900
DAY_S = 86400.0
CRITICAL_HOME = "SimpleDistrict_1"


def _pipe(count: int, row: Row, u_w_m_k: float, roughness_m: float, wall_m: float) -> Pipe:
    return Pipe(
        pipe_id=f"p{count}",
        from_node=text(row, "Beginning Node"),
        to_node=text(row, "Ending Node"),
        length_m=number(row, "Length [m]"),
        inner_diameter_m=number(row, "Inner Diameter [m]"),
        wall_thickness_m=wall_m,
        roughness_m=roughness_m,
        heat_loss_w_m_k=u_w_m_k,
        max_pressure_bar=16.0,
        max_temp_c=130.0,
        max_ramp_k_h=100.0,
        leak_m3_h=0.0,
        in_service=True,
        year_laid=None,
    )


def _consumer(at: str, load_kw: float, return_c: float) -> Station:
    return Station(
        station_id=at,
        node_id=at,
        kind=StationKind.LOAD,
        control=StationControl.COMPENSATED,
        hx_ua_kw_k=0.0,
        valve_kvs=4.0,
        valve_characteristic=ValveCharacteristic.LINEAR,
        opening_pct=100.0,
        secondary_flow_kg_s=0.0,
        min_dp_bar=0.1,
        design_heat_kw=load_kw,
        load_kw=load_kw,
        load_return_temp_c=return_c,
    )


def _network(pipes: list[Pipe], ground_c: float) -> Network:
    names = list(dict.fromkeys(n for pipe in pipes for n in (pipe.to_node, pipe.from_node)))
    names.sort(key=lambda name: (name != "i", name))
    homes = [name for name in names if name.startswith("SimpleDistrict")]
    return Network(
        nodes=tuple(Node(node_id=n, x_m=0.0, y_m=0.0, elevation_m=0.0) for n in names),
        pipes=tuple(pipes),
        stations=tuple(_consumer(home, 10.0, 30.0) for home in homes),
        buildings=(),
        plants=(
            Plant(
                plant_id="plant",
                node_id="i",
                max_heat_mw=2.0,
                min_supply_temp_c=10.0,
                max_supply_temp_c=110.0,
                ramp_up_k_h=100.0,
                ramp_down_k_h=100.0,
                heat_price_per_mwh=(0.0,) * 24,
                holding_pressure_bar=3.0,
            ),
        ),
        pumps=(
            Pump(
                pump_id="pump",
                plant_id="plant",
                pipe_id=None,
                rated_flow_m3_h=50.0,
                rated_head_m=60.0,
                shutoff_head_m=70.0,
                min_speed_pct=1.0,
                max_speed_pct=100.0,
                max_speed_ramp_pct_h=100.0,
                efficiency_pct=70.0,
                control=PumpControl.DIFFERENTIAL_PRESSURE,
            ),
        ),
        ground_temp_c=ground_c,
        makeup_temp_c=10.0,
        leak_reference_bar=5.0,
        leak_exponent=1.0,
        radiators=RadiatorReference(supply_c=60.0, return_c=45.0, indoor_c=18.0),
        secondary_curve=((-10.0, 60.0), (10.0, 40.0)),
    )


# --- CE_0 ---

CE0_QUANTITIES = (
    ("mass flow", "kg/h"),
    ("pressure drop supply i-e", "Pa"),
    ("pressure drop return a-i", "Pa"),
    ("pressure drop return i-h", "Pa"),
    *((f"supply at {node}", "degC") for node in ("i", "h", "g", "f", "e", "house 1")),
    *((f"return at {node}", "degC") for node in ("i", "h", "g", "f", "e", "house 1")),
    ("heat loss supply i-h", "W"),
    ("heat supplied", "W"),
)


def ce0(data: Path) -> list[Figure]:
    """CE_0: each quantity against the six participants' band.

    Args:
        data: The data folder.

    Returns:
        One figure a quantity.
    """
    folder = data / "destest"
    band = _ce0_band(folder / "peer_results_ce0")
    ours = _ce0_quantities(_ce0_steady(folder / "network_ce1"))
    return [
        Figure(
            case="DESTEST CE_0",
            quantity=name,
            unit=unit,
            ours=value,
            peers={"least": float(low), "most": float(high)},
            at_least=float(low),
            at_most=float(high),
        )
        for (name, unit), value, low, high in zip(
            CE0_QUANTITIES, ours, band.min(axis=0), band.max(axis=0), strict=True
        )
    ]


def _ce0_band(folder: Path) -> FloatArray:
    """Last row of each participant, shape (participants, quantities)."""
    rows = []
    for path in sorted(folder.glob("*.csv")):
        values = _last_row(path)
        if values[-2] < 10.0:  # one participant gives this loss in kW
            values[-2] *= 1e3
        rows.append(values)
    if not rows:
        raise BadTableError(str(folder), "there are no results", "add a participant's CSV file")
    return np.array(rows)


def _last_row(path: Path) -> list[float]:
    """The quantities in the last row; titles differ between participants, the order does not."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            last = list(csv.reader(file))[-1]
        values = [float(value) for value in last[1 : 1 + len(CE0_QUANTITIES)]]
    except (OSError, ValueError, IndexError, csv.Error) as error:
        message, remedy = f"no results: {error}", "its last row must hold the case's quantities"
        raise BadTableError(str(path), message, remedy) from error
    if len(values) < len(CE0_QUANTITIES):
        message = f"{len(values)} quantities in the last row"
        raise BadTableError(str(path), message, f"the case has {len(CE0_QUANTITIES)}")
    return values


def _pipe_size_mm(row: Row) -> tuple[float, float]:
    """Outer diameter and wall of a plastic pipe, written as 40x3.7."""
    size = text(row, "pipe_size")
    outer, _, wall = size.partition("x")
    try:
        return float(outer), float(wall)
    except ValueError as error:
        message, remedy = "is no pipe size", "write outer diameter x wall in mm, 40x3.7"
        column = "pipe_size"
        raise BadTableError(
            row.file, message, remedy, row=row.line, column=column, value=size
        ) from error


def _ce0_steady(folder: Path) -> tuple[Network, Trace]:
    """Flows are given, so loads and returns follow from the temperatures: found by repetition."""
    pipes = []
    for count, row in enumerate(read_rows(folder / "pipes_16_ce0_as_used_by_pydhn.csv")):
        outer_mm, wall_mm = _pipe_size_mm(row)
        inner = number(row, "Inner Diameter [m]")
        jacket = outer_mm / 1e3 + 2.0 * number(row, "Insulation Thickness [m]")
        resistance = math.log(outer_mm / 1e3 / inner) / (2.0 * math.pi * CE0_WALL_W_M_K)
        resistance += math.log(jacket / (outer_mm / 1e3)) / (2.0 * math.pi * CE0_INSULATION_W_M_K)
        pipes.append(_pipe(count, row, 1.0 / resistance, CE0_ROUGHNESS_M, wall_mm / 1e3))
    network = _network(pipes, CE0_GROUND_C)
    inlet = np.full(len(network.stations), CE0_SUPPLY_C)
    for _ in range(4):
        duty = CE0_FLOW_KG_S * (enthalpy_j_kg(inlet) - enthalpy_j_kg(inlet - CE0_DROP_K)) / 1e3
        stations = tuple(
            replace(s, load_kw=float(q), load_return_temp_c=float(t - CE0_DROP_K))
            for s, q, t in zip(network.stations, duty, inlet, strict=True)
        )
        network = replace(network, stations=stations)
        trace = steady(network, CE0_SUPPLY_C, CE0_SUPPLY_C - CE0_DROP_K, LIFT_BAR)
        inlet = trace.stations.supply_temp_c[-1]
    return network, trace


def _ce0_quantities(solved: tuple[Network, Trace]) -> list[float]:
    network, trace = solved
    at = network.node_index
    nodes, plants = trace.nodes, trace.plants

    def supply(name: str) -> float:
        return float(nodes.supply_temp_c[-1, at[name]])

    def back(name: str) -> float:
        return float(nodes.return_temp_c[-1, at[name]])

    def drop_pa(flow: FloatArray, way: str) -> float:
        pipes = [_pipe_between(network, a, b) for a, b in pairwise(way)]
        return sum(_case_drop_pa(network.pipes[pipe], float(flow[-1, pipe])) for pipe in pipes)

    home = CRITICAL_HOME
    flow = float(plants.mass_flow_kg_s[-1, 0])
    branch = abs(float(trace.pipes.mass_flow_kg_s[-1, _pipe_between(network, "h", "i")]))
    loss_w = branch * float(enthalpy_j_kg(supply("i")) - enthalpy_j_kg(supply("h")))
    return [
        flow * 3600.0,
        drop_pa(trace.pipes.mass_flow_kg_s, "ihgfe"),
        drop_pa(trace.pipes.return_mass_flow_kg_s, "abcdi"),
        drop_pa(trace.pipes.return_mass_flow_kg_s, "hi"),
        *(supply(name) for name in ("i", "h", "g", "f", "e", home)),
        *(back(name) for name in ("i", "h", "g", "f", "e", home)),
        loss_w,
        float(plants.heat_power_mw[-1, 0]) * 1e6,
    ]


def _case_drop_pa(pipe: Pipe, flow_kg_s: float) -> float:
    """The simulator's friction with the water that the case prescribes, Pa."""
    drop = pressure_drop(
        abs(flow_kg_s),
        pipe.length_m,
        pipe.inner_diameter_m,
        pipe.roughness_m,
        CE0_DENSITY_KG_M3,
        CE0_VISCOSITY_PA_S,
        0.0,
    )
    return float(drop[0])


def _pipe_between(network: Network, first: str, second: str) -> int:
    ends = {first, second}
    return next(i for i, p in enumerate(network.pipes) if {p.from_node, p.to_node} == ends)


# --- CE_1 ---

# Has other columns, and another supply temperature (data README).
CE1_LEFT_OUT = "AAU"


def ce1(data: Path) -> list[Figure]:
    """CE_1, after the first day, against four participants' means.

    Args:
        data: The data folder.

    Returns:
        Injected heat, losses and temperature at the critical consumer.
    """
    folder = data / "destest"
    peers = {
        path.name.removesuffix("_Network_1.csv"): read_rows(path)
        for path in sorted((folder / "peer_results_ce1").glob("*.csv"))
        if CE1_LEFT_OUT not in path.name
    }
    if not peers:
        raise BadTableError(
            str(folder / "peer_results_ce1"), "there are no results", "add a CSV file"
        )
    ours = _ce1_means(folder / "network_ce1")
    names = ("Qheat_injection_W", "Qheat_losses_W", "Critical_temp_K")
    units = ("W", "W", "K")
    labels = ("mean heat injected", "mean heat losses", "mean temperature at the critical point")
    figures = []
    for name, unit, label, value in zip(names, units, labels, ours, strict=True):
        means = {peer: _late_mean(rows, name) for peer, rows in peers.items()}
        figures.append(
            Figure(
                case="DESTEST CE_1",
                quantity=label,
                unit=unit,
                ours=value,
                peers=means,
                at_least=min(means.values()),
                at_most=max(means.values()),
                note=f"supply {CE1_SUPPLY_C:.0f} degC, drop {CE1_DROP_K:.0f} K assumed",
            )
        )
    return figures


def _late_mean(rows: list[Row], name: str) -> float:
    late = column(rows, "Datetime") >= DAY_S
    return float(column(rows, name)[late].mean())


def _ce1_means(folder: Path) -> list[float]:
    rows = read_rows(folder / "pipes_16.csv")
    pipes = []
    for count, row in enumerate(rows):
        inner = number(row, "Inner Diameter [m]")
        jacket = inner + 2.0 * number(row, "Insulation Thickness [m]")
        loss = 2.0 * math.pi * number(row, "U-value [W/mK]") / math.log(jacket / inner)
        pipes.append(_pipe(count, row, loss, CE0_ROUGHNESS_M, 0.0026))
    network = _network(pipes, CE1_GROUND_C)
    demand = read_rows(folder / "heat_demand_one_building.csv")
    elapsed = column(demand, "Elapsed time [sec]")
    watts = column(demand, "Building heat demand [W]")
    return _ce1_run(network, elapsed, watts)


def _ce1_run(network: Network, elapsed: FloatArray, watts: FloatArray) -> list[float]:
    """A week, step by step: the load of a step is a property of the network."""
    state = first_state(network, CE1_SUPPLY_C, CE1_SUPPLY_C - CE1_DROP_K, LIFT_BAR)
    weather = constant_weather(network, 1, CE1_STEP_S, 0.0)
    setpoints = constant_setpoints(network, 1, CE1_STEP_S, CE1_SUPPLY_C, LIFT_BAR)
    steps = int(7 * DAY_S / CE1_STEP_S)
    place = network.station_index[CRITICAL_HOME]
    means: FloatArray = np.zeros((steps, 3))
    for k in range(steps):
        middle = (k + 0.5) * CE1_STEP_S
        load_kw = float(np.interp(middle, elapsed, watts)) / 1e3
        loaded = replace(
            network,
            stations=tuple(
                replace(s, load_kw=load_kw, load_return_temp_c=CE1_SUPPLY_C - CE1_DROP_K)
                for s in network.stations
            ),
        )
        trace = simulate(loaded, state, weather, setpoints)
        state = trace.end_state
        critical = float(trace.stations.supply_temp_c[0, place]) + 273.15
        losses = trace.energy.pipe_loss_mwh * 3.6e9 / CE1_STEP_S
        means[k] = (trace.plants.heat_power_mw[0, 0] * 1e6, losses, critical)
    late = (np.arange(steps) + 0.5) * CE1_STEP_S >= DAY_S
    return [float(value) for value in frozen(means[late].mean(axis=0))]
