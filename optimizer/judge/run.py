"""Set up the judge's run of one member, and read what it found."""

import math
from dataclasses import dataclass

import numpy as np

from optimizer.judge.pipework import new_pipework, stored_j
from optimizer.judge.steps import Course, Findings, Present, walk
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, PumpControl
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.physics.layout import (
    CONTENT_RETURN_TEMP_C,
    CONTENT_SUPPLY_TEMP_C,
    STEEL_CP_J_KG_K,
    STEEL_DENSITY_KG_M3,
    Layout,
    build_layout,
)
from optimizer.physics.link_laws import STANDING
from optimizer.physics.loads import in_member
from optimizer.physics.nodal import FlowInputs, new_flow_state
from optimizer.physics.water import (
    REFERENCE_CP_J_KG_K,
    density_kg_m3,
    enthalpy_j_kg,
)
from optimizer.timegrid import curve

# Longest step of the judge, and the parts of a step in which it moves water.
LONGEST_STEP_S = 300
PART_S = 60


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """One member's run: what the judge found, and on what grid.

    Attributes:
        layout: The network as arrays.
        step_s: Step length, s.
        parts: Steps of the judge for each step of the schedule.
        found: Step means.
        outdoor_c: Outdoor temperature at the step boundaries, degC, shape (steps + 1,).
        setpoint_c: Outlet setpoints at the step boundaries, degC, shape (steps + 1, plants).
        pump_setpoint: Pump setpoints at the step boundaries, % or bar, shape (steps + 1, pumps).
        running: Whether each plant runs, shape (steps, plants).
        envelope_end_c: Envelopes at the end, degC, shape (buildings,).
        stored_water_j: Change of heat in water and pipe walls from start to end.
        residual_pct: What the balance of heat does not explain, of the larger of the heat supplied
            and 1 % of capacity, %.
    """

    layout: Layout
    step_s: int
    parts: int
    found: Findings
    outdoor_c: FloatArray
    setpoint_c: FloatArray
    pump_setpoint: FloatArray
    running: BoolArray
    envelope_end_c: FloatArray
    stored_water_j: float
    residual_pct: float


def judge_step_s(step_s: int) -> int:
    """Choose the judge's step: at most 5 minutes, a divisor of the schedule's step and of an hour.

    Args:
        step_s: Step of the schedule, s.

    Returns:
        Step of the judge, s.
    """
    common = math.gcd(step_s, 3600)
    return max(d for d in range(1, min(common, LONGEST_STEP_S) + 1) if common % d == 0)


def hear(
    network: Network, state: PlantState, forecast: Forecast, schedule: Schedule, member: int
) -> Hearing:
    """Run a schedule through one member on the judge's grid.

    Args:
        network: The network.
        state: Where everything stands at the start.
        forecast: Weather.
        schedule: Setpoints on the same grid.
        member: Which member.

    Returns:
        What happened.

    Raises:
        ValueError: If the inputs do not fit each other.
    """
    _require_fit(network, forecast, schedule)
    layout = in_member(build_layout(network), forecast, member)
    step_s = judge_step_s(forecast.step_s)
    parts = forecast.step_s // step_s
    fine = _FineGrid(forecast.steps, parts)
    outdoor = fine.at_bounds(forecast.outdoor_temp_c[member][None, :])[:, 0]
    setpoint_c = fine.at_bounds(_held(schedule.supply_temp_c))
    pump = fine.at_bounds(_held(schedule.pump_setpoint))
    course = _course(network, forecast, schedule, member, step_s, fine)
    present = _present(layout, network, state, course)
    found = _blank(layout, len(course.outdoor_c))
    before = _stored_j(present, 0.0)
    walk(layout, course, present, found)
    stored = _stored_j(present, course.step_s * len(course.outdoor_c)) - before
    stored += float(state.boiler_deficit_j.sum() - present.owed_j.sum())
    return Hearing(
        layout=layout,
        step_s=step_s,
        parts=parts,
        found=found,
        outdoor_c=outdoor,
        setpoint_c=setpoint_c,
        pump_setpoint=pump,
        running=np.repeat(schedule.runs.T, parts, axis=0),
        envelope_end_c=present.envelope_c,
        stored_water_j=stored,
        residual_pct=_residual_pct(layout, found, stored, course),
    )


def _require_fit(network: Network, forecast: Forecast, schedule: Schedule) -> None:
    if (forecast.start, forecast.step_s, forecast.steps) != (
        schedule.start,
        schedule.step_s,
        schedule.steps,
    ):
        raise ValueError("forecast and schedule are on different grids")
    things = (len(network.plants), len(network.pumps), len(network.stations))
    rows = (
        len(schedule.supply_temp_c),
        len(schedule.pump_setpoint),
        len(schedule.secondary_offset_k),
    )
    if things != rows:
        raise ValueError(
            f"the schedule has rows for {rows} plants, pumps and stations; the network has {things}"
        )


def _held(values: FloatArray) -> FloatArray:
    """Setpoints at the boundaries: the last one is held to the end."""
    return np.concatenate([values, values[:, -1:]], axis=1)


@dataclass(frozen=True, slots=True)
class _FineGrid:
    """The judge's grid between the boundaries of the schedule's."""

    steps: int
    parts: int

    def at_bounds(self, values: FloatArray) -> FloatArray:
        """Values at the judge's boundaries of what is linear between the schedule's.

        Args:
            values: At the schedule's boundaries, shape (things, steps + 1).

        Returns:
            Shape (steps * parts + 1, things).
        """
        place = np.arange(self.steps * self.parts + 1) / self.parts
        before = np.minimum(place.astype(np.int64), self.steps - 1)
        share = (place - before)[:, None]
        rows = values.T
        return np.ascontiguousarray(rows[before] * (1.0 - share) + rows[before + 1] * share)

    def means(self, values: FloatArray) -> FloatArray:
        """Step means of the same, shape (steps * parts, things)."""
        bounds = self.at_bounds(values)
        return 0.5 * (bounds[:-1] + bounds[1:])

    def repeated(self, values: FloatArray) -> FloatArray:
        """Values of the judge's steps of what is constant in the schedule's."""
        return np.repeat(values, self.parts)


def _course(
    network: Network,
    forecast: Forecast,
    schedule: Schedule,
    member: int,
    step_s: int,
    fine: _FineGrid,
) -> Course:
    outdoor = fine.means(forecast.outdoor_temp_c[member][None, :])[:, 0]
    moves = max(1, step_s // PART_S)
    finer = _FineGrid(fine.steps, fine.parts * moves)
    outlet_c = finer.means(_held(schedule.supply_temp_c))
    units = [1e5 if p.control is PumpControl.DIFFERENTIAL_PRESSURE else 0.01 for p in network.pumps]
    offsets = fine.means(_held(schedule.secondary_offset_k))
    pump = fine.means(_held(schedule.pump_setpoint)) * np.array(units)
    for i, runs in _of_plants(network, np.repeat(schedule.runs.T, fine.parts, axis=0)):
        pump[~runs, i] = STANDING
    return Course(
        step_s=float(step_s),
        outdoor_c=outdoor,
        wind_m_s=fine.repeated(forecast.wind_m_s[member]),
        ghi_w_m2=fine.repeated(forecast.ghi_w_m2[member]),
        secondary_c=curve(network.secondary_curve, outdoor)[:, None] + offsets,
        outlet_j_kg=enthalpy_j_kg(outlet_c).reshape(len(outdoor), moves, len(network.plants)),
        pump=pump,
    )


def _of_plants(network: Network, running: BoolArray) -> list[tuple[int, BoolArray]]:
    """Each pump of a plant, and whether that runs, shape (steps,)."""
    return [
        (i, running[:, network.plant_index[pump.plant_id]])
        for i, pump in enumerate(network.pumps)
        if pump.plant_id is not None
    ]


def _contents_kg(network: Network, temp_c: float) -> FloatArray:
    """Water of each pipe and the heat capacity of its wall, as water."""
    bore = np.array([pipe.inner_diameter_m for pipe in network.pipes])
    wall = np.array([pipe.wall_thickness_m for pipe in network.pipes])
    length = np.array([pipe.length_m for pipe in network.pipes])
    outer = bore + 2.0 * wall
    steel_m3 = np.pi / 4.0 * (outer**2 - bore**2) * length
    water_kg = np.pi / 4.0 * bore**2 * length * density_kg_m3(temp_c)
    steel_j_k = steel_m3 * STEEL_DENSITY_KG_M3 * STEEL_CP_J_KG_K
    content: FloatArray = water_kg + steel_j_k / REFERENCE_CP_J_KG_K
    return content


def _present(layout: Layout, network: Network, state: PlantState, course: Course) -> Present:
    loss_w_k = np.array([pipe.heat_loss_w_m_k * pipe.length_m for pipe in network.pipes])
    ground = float(enthalpy_j_kg(network.ground_temp_c))
    moves = course.outlet_j_kg.shape[1]
    contents = [
        _contents_kg(network, temp_c) for temp_c in (CONTENT_SUPPLY_TEMP_C, CONTENT_RETURN_TEMP_C)
    ]
    supply, back = (
        new_pipework(
            plugs,
            enthalpy_j_kg(node_c),
            kg,
            loss_w_k / (kg * REFERENCE_CP_J_KG_K),
            ground,
            moves,
        )
        for plugs, node_c, kg in (
            (state.supply_contents, state.supply_node_temp_c, contents[0]),
            (state.return_contents, state.return_node_temp_c, contents[1]),
        )
    )
    at = layout.plants.node
    station = layout.stations.node
    stations, nodes = len(station), len(network.nodes)
    outlets = enthalpy_j_kg(state.supply_node_temp_c[at])
    return Present(
        supply=supply,
        back=back,
        flows=new_flow_state(layout),
        inputs=_blank_inputs(layout),
        outlet_j_kg=np.repeat(outlets[None, :], moves, axis=0),
        plant_back_c=state.return_node_temp_c[at].copy(),
        owed_j=state.boiler_deficit_j.copy(),
        inlet_c=state.supply_node_temp_c[station].copy(),
        back_c=state.station_return_temp_c.copy(),
        wanted_w=np.zeros(stations),
        heat_w=np.zeros(stations),
        secondary_c=state.station_return_temp_c.copy(),
        room_w=np.zeros(len(network.buildings)),
        wanted_room_w=np.zeros(len(network.buildings)),
        indoor_c=state.indoor_temp_c.copy(),
        envelope_c=state.envelope_temp_c.copy(),
        middle_c=state.indoor_temp_c.copy(),
        trend_k=np.zeros(len(network.buildings)),
        last_inlet_c=np.zeros(stations),
        last_back_c=np.zeros(stations),
        last_outlet_j_kg=np.zeros((moves, len(at))),
        source_kg_s=np.zeros(nodes),
        source_w=np.zeros((moves, nodes)),
    )


def _blank_inputs(layout: Layout) -> FlowInputs:
    stations, pumps = len(layout.stations.node), len(layout.pumps.plant)
    return FlowInputs(
        target_kg_s=np.zeros(stations),
        admittance=np.zeros(stations),
        pump_setpoint=np.zeros(pumps),
        pump_density=np.zeros(pumps),
        density=np.zeros(2),
        viscosity=np.zeros(2),
    )


def _blank(layout: Layout, steps: int) -> Findings:
    both = len(layout.graph.elevation_m)
    plants, pumps = len(layout.plants.node), len(layout.pumps.plant)
    stations, buildings = len(layout.stations.node), len(layout.buildings.ua_w_k)
    counts: IntArray = np.zeros(steps, dtype=np.int64)
    return Findings(
        flow_kg_s=np.zeros((steps, len(layout.graph.first))),
        pressure_pa=np.zeros((steps, both)),
        node_j_kg=np.zeros((steps, both)),
        node_end_j_kg=np.zeros((steps, both)),
        outlet_c=np.zeros((steps, plants)),
        fired_w=np.zeros((steps, plants)),
        pump_gain_pa=np.zeros((steps, pumps)),
        pump_w=np.zeros((steps, pumps)),
        pump_density=np.zeros((steps, pumps)),
        makeup_kg_s=np.zeros(steps),
        to_radiators_c=np.zeros((steps, stations)),
        station_back_c=np.zeros((steps, stations)),
        station_w=np.zeros((steps, stations)),
        indoor_c=np.zeros((steps + 1, buildings)),
        heat_j=np.zeros(4),
        trials=counts,
        unsolved=counts.copy(),
    )


def _stored_j(present: Present, now_s: float) -> float:
    """Heat above the ground's temperature in all pipes."""
    return sum(float(stored_j(work, now_s).sum()) for work in (present.supply, present.back))


def _residual_pct(layout: Layout, found: Findings, stored: float, course: Course) -> float:
    supplied, delivered, lost, leaked = found.heat_j
    duration = course.step_s * len(course.outdoor_c)
    scale = max(supplied, 0.01 * float(layout.plants.max_heat_w.sum()) * duration)
    return float(100.0 * abs(supplied - delivered - lost - leaked - stored) / scale)
