"""The simulator: a schedule and a forecast run through the network model give a trace.

Source of the physics: see the modules of `optimizer.physics`. Deterministic: the same inputs give
the same trace to the last bit.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, StationControl
from optimizer.model.schedule import Schedule
from optimizer.model.state import PipeContents, PlantState
from optimizer.model.trace import (
    BuildingTrace,
    EnergyBalance,
    NodeTrace,
    PipeTrace,
    PlantTrace,
    PumpTrace,
    StationTrace,
    Trace,
)
from optimizer.physics.consumers import new_consumers
from optimizer.physics.flow_tangents import new_flow_derivatives
from optimizer.physics.hydraulics import MAX_ITERATIONS
from optimizer.physics.layout import RANGEABILITY, Layout, build_layout
from optimizer.physics.link_laws import STANDING
from optimizer.physics.loads import in_member
from optimizer.physics.march import Drive, Motion, Record, Seeds, march
from optimizer.physics.nodal import FlowInputs, new_flow_state
from optimizer.physics.plugs import Row
from optimizer.physics.transport import Side, new_side, new_source
from optimizer.physics.water import (
    GRAVITY_M_S2,
    density_kg_m3,
    enthalpy_j_kg,
    temperature_c,
)
from optimizer.standing import pumps_running
from optimizer.timegrid import curve, setpoints_at_boundaries, step_means

JOULES_PER_MWH = 3.6e9
# Below this difference a station has no pressure to speak of.
LEAST_DP_PA = 100.0
# Plugs that a pipe can hold; the oldest neighbours merge beyond.
PLUGS = 64


class March(NamedTuple):
    """A march made ready: what `optimizer.physics.march.march` is called with."""

    layout: Layout
    drive: Drive
    motion: Motion
    record: Record


def simulate(
    network: Network, state: PlantState, forecast: Forecast, schedule: Schedule, member: int = 0
) -> Trace:
    """Run a schedule through the network model.

    Args:
        network: The network.
        state: Where everything stands at the start.
        forecast: Weather, on the grid of the steps.
        schedule: Setpoints on the same grid.
        member: Which member.

    Returns:
        The trace, with the state at its end.

    Raises:
        ValueError: If forecast and schedule differ in start, step or length, or do not fit the
            network.
    """
    prepared = prepare(network, state, forecast, schedule, member, directions=0)
    seeds = no_seeds(forecast.steps)
    march(
        prepared.layout,
        prepared.drive,
        prepared.motion,
        prepared.record,
        seeds,
        np.zeros((0, 0)),
        np.zeros((0, 0)),
    )
    return read_trace(network, prepared, state, forecast, schedule, member)


def prepare(
    network: Network,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    member: int,
    directions: int,
) -> March:
    """Make a march ready.

    Args:
        network: The network.
        state: Where everything stands at the start.
        forecast: Weather.
        schedule: Setpoints.
        member: Which member.
        directions: Number of derivatives carried along.

    Returns:
        The march.

    Raises:
        ValueError: If the inputs do not fit each other.
    """
    _require_fit(network, forecast, schedule)
    layout = in_member(build_layout(network), forecast, member)
    drive = _drive(network, forecast, schedule, member)
    motion = _motion(layout, network, state, directions)
    return March(layout, drive, motion, _record(layout, forecast.steps))


def _require_fit(network: Network, forecast: Forecast, schedule: Schedule) -> None:
    ours = (forecast.start, forecast.step_s, forecast.steps)
    theirs = (schedule.start, schedule.step_s, schedule.steps)
    if ours != theirs:
        raise ValueError(f"forecast {ours} and schedule {theirs} are on different grids")
    expected = (len(network.plants), len(network.pumps), len(network.stations))
    found = (
        len(schedule.supply_temp_c),
        len(schedule.pump_setpoint),
        len(schedule.secondary_offset_k),
    )
    if expected != found:
        raise ValueError(f"schedule is for {found} plants, pumps and stations, not {expected}")
    factor = forecast.load_factor
    if factor is not None and not (np.isfinite(factor) & (factor > 0.0)).all():
        raise ValueError("a factor of the loads is not a number above zero")


def _drive(network: Network, forecast: Forecast, schedule: Schedule, member: int) -> Drive:
    outdoor = step_means(forecast.outdoor_temp_c[member])
    offsets = step_means(setpoints_at_boundaries(schedule.secondary_offset_k))
    pumps = step_means(setpoints_at_boundaries(schedule.pump_setpoint))
    scale = np.array([1e5 if pump.control == "dp" else 0.01 for pump in network.pumps])
    return Drive(
        step_s=float(forecast.step_s),
        outdoor_c=outdoor,
        wind_m_s=np.array(forecast.wind_m_s[member]),
        ghi_w_m2=np.array(forecast.ghi_w_m2[member]),
        secondary_c=np.ascontiguousarray(
            curve(network.secondary_curve, outdoor)[:, None] + offsets.T
        ),
        plant_c=np.ascontiguousarray(step_means(setpoints_at_boundaries(schedule.supply_temp_c)).T),
        pump=np.ascontiguousarray(
            np.where(pumps_running(network, schedule.runs), scale[:, None] * pumps, STANDING).T
        ),
    )


def _motion(layout: Layout, network: Network, state: PlantState, directions: int) -> Motion:
    pipes, nodes = len(network.pipes), len(network.nodes)
    stations, buildings = len(network.stations), len(network.buildings)
    plants, pumps = len(network.plants), len(network.pumps)
    supply = new_side(pipes, nodes, PLUGS, directions)
    back = new_side(pipes, nodes, PLUGS, directions)
    _fill(supply, state.supply_contents, state.supply_node_temp_c)
    _fill(back, state.return_contents, state.return_node_temp_c)
    outlet_c = state.supply_node_temp_c[[network.node_index[p.node_id] for p in network.plants]]
    return Motion(
        flows=new_flow_state(layout),
        inputs=FlowInputs(
            target_kg_s=np.zeros(stations),
            admittance=np.zeros(stations),
            pump_setpoint=np.zeros(pumps),
            pump_density=np.zeros(pumps),
            density=np.zeros(2),
            viscosity=np.zeros(2),
        ),
        flow_change=new_flow_derivatives(layout, directions),
        supply=supply,
        back=back,
        supply_source=new_source(nodes, directions),
        back_source=new_source(nodes, directions),
        consumers=new_consumers(stations, buildings, directions),
        indoor_c=state.indoor_temp_c.copy(),
        indoor_d=np.zeros((buildings, directions)),
        envelope_c=state.envelope_temp_c.copy(),
        envelope_d=np.zeros((buildings, directions)),
        station_back_c=state.station_return_temp_c.copy(),
        station_back_d=np.zeros((stations, directions)),
        plant_c=np.array(outlet_c),
        plant_d=np.zeros((plants, directions)),
        deficit_j=state.boiler_deficit_j.copy(),
        deficit_d=np.zeros((plants, directions)),
        fired_d=np.zeros((plants, directions)),
        drawn_d=np.zeros((pumps, directions)),
        inlet_c=np.zeros(stations),
        inlet_d=np.zeros((stations, directions)),
        setpoint_d=np.zeros((stations, directions)),
        overshoot=np.zeros(stations),
    )


def _fill(side: Side, contents: PipeContents, node_temp_c: FloatArray) -> None:
    for pipe, (begin, end) in enumerate(zip(contents.start[:-1], contents.start[1:], strict=True)):
        count = end - begin
        side.contents.filled[pipe] = count
        side.contents.size[:count, pipe] = contents.mass_kg[begin:end]
        side.contents.enthalpy[:count, pipe] = contents.enthalpy_j_kg[begin:end]
    side.mean[:] = enthalpy_j_kg(node_temp_c)
    side.end[:] = side.mean


def _record(layout: Layout, steps: int) -> Record:
    links = len(layout.graph.first)
    both = len(layout.graph.elevation_m)
    nodes = both // 2
    plants, pumps = len(layout.plants.node), len(layout.pumps.plant)
    stations, buildings = len(layout.stations.node), len(layout.buildings.ua_w_k)
    return Record(
        flow=np.zeros((steps, links)),
        pressure=np.zeros((steps, both)),
        supply_h=np.zeros((steps, nodes)),
        back_h=np.zeros((steps, nodes)),
        leak=np.zeros((steps, both)),
        plant_c=np.zeros((steps, plants)),
        plant_capped=np.zeros((steps, plants)),
        plant_w=np.zeros((steps, plants)),
        plant_flow=np.zeros((steps, plants)),
        pump_w=np.zeros((steps, pumps)),
        pump_gain_pa=np.zeros((steps, pumps)),
        makeup=np.zeros(steps),
        station_c=np.zeros((steps, stations)),
        station_back_c=np.zeros((steps, stations)),
        station_w=np.zeros((steps, stations)),
        station_supply_c=np.zeros((steps, stations)),
        station_secondary_back_c=np.zeros((steps, stations)),
        admittance=np.zeros((steps, stations)),
        unmet_w=np.zeros((steps, stations)),
        room_w=np.zeros((steps, buildings)),
        indoor_c=np.zeros((steps + 1, buildings)),
        envelope_c=np.zeros((steps + 1, buildings)),
        energy_j=np.zeros(4),
        iterations=np.zeros(steps, dtype=np.int64),
    )


def no_seeds(steps: int) -> Seeds:
    """Directions of a plain simulation: none.

    Args:
        steps: Number of steps.

    Returns:
        Empty seeds.
    """
    whole = np.zeros(0, dtype=np.int64)
    return Seeds(
        lever=whole,
        which=whole,
        group=whole,
        weight=np.zeros((steps, 0)),
        used=np.zeros(steps, dtype=np.int64),
        row_start=np.zeros(steps + 2, dtype=np.int64),
        quantity=whole,
        element=whole,
        plant_heat=np.zeros((0, steps, 0)),
        pump_power=np.zeros((0, steps, 0)),
        makeup=np.zeros((0, steps)),
        indoor=np.zeros((0, steps + 1, 0)),
        envelope_end=np.zeros((0, 0)),
        water_end=np.zeros(0),
    )


def read_trace(
    network: Network,
    done: March,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    member: int,
) -> Trace:
    """Turn what a march wrote down into a trace.

    Args:
        network: The network.
        done: The march, after it ran.
        state: The state it started from.
        forecast: The weather it ran in.
        schedule: The setpoints it ran with.
        member: The member it ran with.

    Returns:
        The trace.
    """
    outdoor_c = forecast.outdoor_temp_c[member]
    nodes = _node_trace(network, done)
    pipes = _pipe_trace(network, done, nodes)
    return Trace(
        start=forecast.start,
        step_s=forecast.step_s,
        outdoor_temp_c=frozen(outdoor_c),
        plants=_plant_trace(network, done, schedule),
        pumps=_pump_trace(network, done, nodes),
        nodes=nodes,
        pipes=pipes,
        stations=_station_trace(network, done),
        buildings=_building_trace(done, outdoor_c),
        energy=_energy(network, done, state),
        unsolved=tuple(map(int, np.flatnonzero(done.record.iterations >= MAX_ITERATIONS))),
        end_state=_end_state(done, schedule, pipes),
    )


def _temps(enthalpy: FloatArray) -> FloatArray:
    return frozen(temperature_c(enthalpy))


def _per_plant(network: Network, values: FloatArray) -> FloatArray:
    """Pick the columns of the plants' nodes."""
    return values[:, [network.node_index[plant.node_id] for plant in network.plants]]


def _plant_trace(network: Network, done: March, schedule: Schedule) -> PlantTrace:
    record, layout = done.record, done.layout
    nodes = len(network.nodes)
    setpoints = schedule.supply_temp_c.T
    makeup = np.zeros_like(record.plant_w)
    cold = density_kg_m3(layout.makeup_temp_c)
    makeup[:, 0] = record.makeup / cold * 3600.0
    power = np.zeros_like(record.plant_w)
    for pump, plant in enumerate(layout.pumps.plant):
        if plant >= 0:
            power[:, plant] += record.pump_w[:, pump] / 1e3
    held_back = record.plant_capped != 0.0
    return PlantTrace(
        supply_temp_c=frozen(np.where(held_back, record.plant_c, setpoints)),
        setpoint_c=frozen(setpoints),
        return_temp_c=_temps(_per_plant(network, record.back_h)),
        mass_flow_kg_s=frozen(record.plant_flow),
        heat_power_mw=frozen(record.plant_w / 1e6),
        supply_pressure_bar=frozen(_per_plant(network, record.pressure[:, :nodes]) / 1e5),
        return_pressure_bar=frozen(_per_plant(network, record.pressure[:, nodes:]) / 1e5),
        makeup_m3_h=frozen(makeup),
        pump_power_kw=frozen(power),
        running=schedule.runs.T,
    )


def _pump_trace(network: Network, done: March, water: NodeTrace) -> PumpTrace:
    record, layout = done.record, done.layout
    pipes, pumps = len(network.pipes), len(network.pumps)
    flow = record.flow[:, record.flow.shape[1] - pumps :].copy()
    for pump, pipe in enumerate(layout.pumps.pipe):
        if pipe >= 0:
            flow[:, pump] = layout.pipes.booster_sign[pipe] * record.flow[:, pipes + pipe]
    flow = np.maximum(flow, 0.0)
    back_c = water.return_temp_c[:, [_pump_node(network, pump) for pump in range(pumps)]]
    density = density_kg_m3(back_c)
    head = record.pump_gain_pa / (density * GRAVITY_M_S2)
    resisted = layout.pumps.curvature * (flow / density) ** 2
    speed = np.sqrt(np.maximum(head + resisted, 0.0) / layout.pumps.shutoff_head_m)
    speed = np.where(layout.pumps.holds_pressure, speed, done.drive.pump)
    return PumpTrace(
        mass_flow_kg_s=frozen(flow),
        head_m=frozen(head),
        power_kw=frozen(record.pump_w / 1e3),
        speed_pct=frozen(np.where(done.drive.pump == STANDING, 0.0, speed) * 100.0),
    )


def _pump_node(network: Network, pump: int) -> int:
    """Node whose return water a pump moves: its plant's, or the first plant's for a booster."""
    plant_id = network.pumps[pump].plant_id or network.plants[0].plant_id
    plant = network.plants[network.plant_index[plant_id]]
    return network.node_index[plant.node_id]


def _node_trace(network: Network, done: March) -> NodeTrace:
    record, graph = done.record, done.layout.graph
    nodes = len(network.nodes)
    cut_off = graph.unknown < 0
    cut_off[graph.reference] = False
    pressure = np.where(cut_off, np.nan, record.pressure / 1e5)
    return NodeTrace(
        supply_temp_c=_temps(record.supply_h),
        return_temp_c=_temps(record.back_h),
        supply_pressure_bar=frozen(pressure[:, :nodes]),
        return_pressure_bar=frozen(pressure[:, nodes:]),
    )


def _pipe_trace(network: Network, done: March, water: NodeTrace) -> PipeTrace:
    record, layout = done.record, done.layout
    pipes = len(network.pipes)
    supply, back = record.flow[:, :pipes], record.flow[:, pipes : 2 * pipes]
    supply_c, back_c = water.supply_temp_c, water.return_temp_c
    first, second = layout.graph.first[:pipes], layout.graph.second[:pipes]
    supply_in = np.where(supply >= 0.0, supply_c[:, first], supply_c[:, second])
    back_in = np.where(back >= 0.0, back_c[:, first], back_c[:, second])
    area = np.pi / 4.0 * layout.pipes.diameter_m**2
    speeds = [
        np.abs(flow) / (density_kg_m3(inlet_c) * area)
        for flow, inlet_c in ((supply, supply_in), (back, back_in))
    ]
    return PipeTrace(
        mass_flow_kg_s=frozen(supply),
        return_mass_flow_kg_s=frozen(back),
        velocity_m_s=frozen(np.maximum(*speeds)),
        supply_inlet_temp_c=frozen(supply_in),
        return_inlet_temp_c=frozen(back_in),
    )


def _station_trace(network: Network, done: March) -> StationTrace:
    record, layout = done.record, done.layout
    pipes, nodes, stations = len(network.pipes), len(network.nodes), len(network.stations)
    flow = np.maximum(record.flow[:, 2 * pipes : 2 * pipes + stations], 0.0)
    at = layout.stations.node
    dp_pa = record.pressure[:, at] - record.pressure[:, nodes + at]
    return StationTrace(
        supply_temp_c=frozen(record.station_c),
        return_temp_c=frozen(record.station_back_c),
        mass_flow_kg_s=frozen(flow),
        heat_power_kw=frozen(record.station_w / 1e3),
        secondary_supply_temp_c=frozen(record.station_supply_c),
        secondary_return_temp_c=frozen(record.station_secondary_back_c),
        valve_opening_pct=frozen(_openings(network, done, flow, dp_pa)),
        dp_bar=frozen(dp_pa / 1e5),
        unmet_kw=frozen(record.unmet_w / 1e3),
    )


def _openings(network: Network, done: March, flow: FloatArray, dp_pa: FloatArray) -> FloatArray:
    """Valve openings: where a fixed one stands, and what a throttling one needs for its flow."""
    stations = done.layout.stations
    share = flow / np.sqrt(np.maximum(done.record.admittance * np.maximum(dp_pa, 1e-3), 1e-30))
    share = np.clip(share, 0.0, 1.0)
    logarithmic = 1.0 + np.log(np.maximum(share, 1.0 / RANGEABILITY)) / np.log(RANGEABILITY)
    held = np.where(stations.equal_percentage, np.where(share > 0.0, logarithmic, 0.0), share)
    # Without pressure no flow tells how far a valve stands open: one that asks stands wide open.
    held = np.where((done.record.unmet_w > 0.0) & (dp_pa < LEAST_DP_PA), 1.0, held)
    fixed = np.array([station.control is StationControl.FIXED for station in network.stations])
    standing = np.array([station.opening_pct for station in network.stations])
    return np.where(fixed, standing, 100.0 * held)


def _building_trace(done: March, outdoor_c: FloatArray) -> BuildingTrace:
    record = done.record
    beta = done.layout.buildings.beta
    worst = record.indoor_c - beta * (record.indoor_c - outdoor_c[:, None])
    return BuildingTrace(
        indoor_temp_c=frozen(record.indoor_c),
        worst_flat_temp_c=frozen(worst),
        envelope_temp_c=frozen(record.envelope_c),
        heat_power_kw=frozen(record.room_w / 1e3),
    )


def _contents_j(contents: PipeContents) -> float:
    return float(contents.mass_kg @ contents.enthalpy_j_kg)


def _energy(network: Network, done: March, state: PlantState) -> EnergyBalance:
    """Balance of the network's water, and the change of heat stored in the buildings."""
    supplied, delivered, lost, leaked = (float(joules) for joules in done.record.energy_j)
    motion, buildings = done.motion, done.layout.buildings
    before = _contents_j(state.supply_contents) + _contents_j(state.return_contents)
    after = _contents_j(_contents(motion.supply.contents))
    after += _contents_j(_contents(motion.back.contents))
    stored = after - before - float(np.sum(motion.deficit_j - state.boiler_deficit_j))
    rooms = float(buildings.air_j_k @ (motion.indoor_c - state.indoor_temp_c))
    rooms += float(buildings.envelope_j_k @ (motion.envelope_c - state.envelope_temp_c))
    duration = done.drive.step_s * len(done.drive.outdoor_c)
    scale = max(supplied, 0.01 * float(done.layout.plants.max_heat_w.sum()) * duration)
    residual = supplied - delivered - lost - leaked - stored
    return EnergyBalance(
        supplied_mwh=supplied / JOULES_PER_MWH,
        delivered_mwh=delivered / JOULES_PER_MWH,
        pipe_loss_mwh=lost / JOULES_PER_MWH,
        leaked_mwh=leaked / JOULES_PER_MWH,
        stored_water_mwh=stored / JOULES_PER_MWH,
        stored_buildings_mwh=rooms / JOULES_PER_MWH,
        residual_pct=100.0 * abs(residual) / scale,
    )


def _slots(row: Row) -> tuple[IntArray, IntArray]:
    """Slot and pipe of every plug, pipe by pipe, in drawn direction."""
    pipe = np.repeat(np.arange(len(row.filled)), row.filled)
    first = np.cumsum(row.filled) - row.filled
    place = np.arange(len(pipe)) - np.repeat(first, row.filled)
    return (np.repeat(row.head, row.filled) + place) % row.size.shape[0], pipe


def _contents(row: Row) -> PipeContents:
    places = _slots(row)
    start = np.concatenate([[0], np.cumsum(row.filled)]).astype(np.int64)
    return PipeContents(
        start=start,
        mass_kg=frozen(row.size[places]),
        enthalpy_j_kg=frozen(row.enthalpy[places]),
    )


def _end_state(done: March, schedule: Schedule, pipes: PipeTrace) -> PlantState:
    motion = done.motion
    return PlantState(
        supply_contents=_contents(motion.supply.contents),
        return_contents=_contents(motion.back.contents),
        supply_node_temp_c=_temps(motion.supply.end),
        return_node_temp_c=_temps(motion.back.end),
        station_return_temp_c=frozen(motion.station_back_c),
        boiler_deficit_j=frozen(motion.deficit_j),
        indoor_temp_c=frozen(motion.indoor_c),
        envelope_temp_c=frozen(motion.envelope_c),
        supply_temp_setpoint_c=frozen(schedule.supply_temp_c[:, -1]),
        pump_setpoint=frozen(schedule.pump_setpoint[:, -1]),
        secondary_offset_k=frozen(schedule.secondary_offset_k[:, -1]),
        supply_inlet_temp_c=frozen(pipes.supply_inlet_temp_c[-1]),
        return_inlet_temp_c=frozen(pipes.return_inlet_temp_c[-1]),
        running=None if schedule.running is None else schedule.running[:, -1].copy(),
    )


def uniform_state(
    network: Network,
    *,
    supply_temp_c: float,
    return_temp_c: float,
    indoor_temp_c: float,
    pump_setpoint: FloatArray,
) -> PlantState:
    """A state in which everything of a kind has one temperature: where a warm-up begins.

    Args:
        network: The network.
        supply_temp_c: Water of the supply side, degC.
        return_temp_c: Water of the return side, degC.
        indoor_temp_c: Air and envelope of every building, degC.
        pump_setpoint: Setpoint of each pump, % or bar, shape (pumps,).

    Returns:
        The state.
    """
    layout = build_layout(network)
    count = len(network.pipes)

    def side(which: int, temp_c: float) -> PipeContents:
        return PipeContents(
            start=np.arange(count + 1, dtype=np.int64),
            mass_kg=frozen(layout.pipes.content_kg[which]),
            enthalpy_j_kg=frozen(np.full(count, enthalpy_j_kg(temp_c))),
        )

    nodes, buildings = len(network.nodes), len(network.buildings)
    return PlantState(
        supply_contents=side(0, supply_temp_c),
        return_contents=side(1, return_temp_c),
        supply_node_temp_c=frozen(np.full(nodes, supply_temp_c)),
        return_node_temp_c=frozen(np.full(nodes, return_temp_c)),
        station_return_temp_c=frozen(np.full(len(network.stations), return_temp_c)),
        boiler_deficit_j=frozen(np.zeros(len(network.plants))),
        indoor_temp_c=frozen(np.full(buildings, indoor_temp_c)),
        envelope_temp_c=frozen(np.full(buildings, indoor_temp_c)),
        supply_temp_setpoint_c=frozen(np.full(len(network.plants), supply_temp_c)),
        pump_setpoint=frozen(pump_setpoint),
        secondary_offset_k=frozen(np.zeros(len(network.stations))),
        supply_inlet_temp_c=frozen(np.full(count, supply_temp_c)),
        return_inlet_temp_c=frozen(np.full(count, return_temp_c)),
    )


def with_faster_buildings(network: Network, factor: float) -> Network:
    """A network whose buildings store less heat, so that it settles quickly.

    Args:
        network: The network.
        factor: What the capacities are divided by.

    Returns:
        The network with light buildings; its steady states are those of the original.
    """
    light = tuple(
        replace(building, capacity_kwh_k=building.capacity_kwh_k / factor)
        for building in network.buildings
    )
    return replace(network, buildings=light)
