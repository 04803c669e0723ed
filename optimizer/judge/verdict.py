"""The judge's own reading of a run: every limit, and what the run costs."""

import numpy as np

from optimizer.judge.run import Hearing
from optimizer.judge.standstill import (
    carries_its_least,
    pumps_through_stops,
    speed_through_stops,
    times_of_running,
    while_running,
)
from optimizer.limit_table import LimitTable, lower_limit, tighter, upper_limit
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.network import Network, StationKind
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.compiled import compiled
from optimizer.physics.flushing import flushed_at_s, hottest_c, is_first_water
from optimizer.physics.water import (
    GRAVITY_M_S2,
    density_kg_m3,
    saturation_temp_c,
    temperature_c,
)

RAMP_WINDOW_S = 3600.0
# Below this flow no water enters a pipe.
STANDING_KG_S = 1e-6

# A plant that gives less than this share of its capacity stands still.
OFF_SHARE = 1e-4


class Reading:
    """One run in the units of the limits; arrays of shape (steps, things)."""

    def __init__(self, district: District, state: PlantState, hearing: Hearing) -> None:
        self.network = district.network
        self.limits = district.limits
        self.state = state
        self.run = hearing
        self.count = len(self.network.nodes)
        self.pressure_bar = hearing.found.pressure_pa / 1e5
        self.temp_c: FloatArray = temperature_c(hearing.found.node_j_kg)
        self.connected = self._connected()
        self.first = hearing.layout.graph.first[: len(self.network.pipes)]
        self.second = hearing.layout.graph.second[: len(self.network.pipes)]
        self.supply_inlet_c = self._inlet_c(0, self.temp_c)
        self.return_inlet_c = self._inlet_c(1, self.temp_c)
        ends_c: FloatArray = temperature_c(hearing.found.node_end_j_kg)
        # Means over steps would hide the corners of a course: ramps are taken between instants.
        self.inlets_at_instants_c = (
            self._from_the_instant_it_begins(0, self._inlet_c(0, ends_c)),
            self._from_the_instant_it_begins(1, self._inlet_c(1, ends_c)),
        )
        self.highest_bar = self._highest_bar()

    def _connected(self) -> BoolArray:
        """Nodes that the held pressure reaches, supply side first."""
        graph = self.run.layout.graph
        connected: BoolArray = graph.unknown >= 0
        connected[graph.reference] = True
        return connected

    def flow_kg_s(self, side: int) -> FloatArray:
        """Flow of each pipe of one side, as drawn."""
        pipes = len(self.network.pipes)
        return self.run.found.flow_kg_s[:, side * pipes : (side + 1) * pipes]

    def _highest_bar(self) -> FloatArray:
        """Pressure at the higher end of each pair, both sides."""
        ends = [end + side * self.count for end in (self.first, self.second) for side in (0, 1)]
        highest: FloatArray = np.maximum.reduce([self.pressure_bar[:, end] for end in ends])
        return highest

    def _inlet_c(self, side: int, node_c: FloatArray) -> FloatArray:
        """Water entering each pipe of a side, the start state first; held where none enters."""
        flow, temp = self.flow_kg_s(side), node_c[:, side * self.count : (side + 1) * self.count]
        start_c = (self.state.supply_inlet_temp_c, self.state.return_inlet_temp_c)[side]
        entering = np.where(flow > 0.0, temp[:, self.first], temp[:, self.second])
        course = np.concatenate([start_c[None, :], entering])
        last = np.where(np.abs(flow) > STANDING_KG_S, np.arange(1, len(course))[:, None], 0)
        last = np.maximum.accumulate(np.concatenate([np.zeros_like(last[:1]), last]), axis=0)
        return np.take_along_axis(course, last, axis=0)

    def _from_the_instant_it_begins(self, side: int, course: FloatArray) -> FloatArray:
        """Add the water that stands at each pipe's inlet when the run begins, after the state's."""
        node_c = (self.state.supply_node_temp_c, self.state.return_node_temp_c)[side]
        flow = self.flow_kg_s(side)[0]
        entering = np.where(flow > 0.0, node_c[self.first], node_c[self.second])
        first = np.where(np.abs(flow) > STANDING_KG_S, entering, course[0])
        return np.concatenate([course[:1], first[None, :], course[1:]])


def judged_limits(reading: Reading) -> list[LimitTable]:
    """Hold a run against every limit that applies.

    Args:
        reading: The run.

    Returns:
        One table for each limit that concerns anything.
    """
    tables = [
        _supply_temp(reading),
        _plant_ramp(reading),
        _plant_heat(reading),
        _pump_ramp(reading),
        *_pipe_tables(reading),
        *_water_tables(reading),
        *_direct_tables(reading),
    ]
    return [table for table in tables if table.where]


def _supply_temp(r: Reading) -> LimitTable:
    """Outlets within each plant's range; what a plant at its capacity misses is no violation."""
    plants, kind = r.network.plants, LimitKind.SUPPLY_TEMP
    names = [plant.plant_id for plant in plants]
    most = np.array([plant.max_supply_temp_c for plant in plants])
    least = np.array([plant.min_supply_temp_c for plant in plants])
    highest = np.maximum(r.run.setpoint_c[:-1], r.run.found.outlet_c)
    hot = upper_limit(kind, "degC", names, highest, most, r.run.step_s)
    return tighter(
        hot, lower_limit(kind, "degC", names, r.run.setpoint_c[:-1], least, r.run.step_s)
    )


def _plant_ramp(r: Reading) -> LimitTable:
    """Change of each outlet within any hour, also from before a stop to after it."""
    plants = r.network.plants
    up = np.array([plant.ramp_up_k_h for plant in plants])
    down = np.array([plant.ramp_down_k_h for plant in plants])
    course = np.concatenate([r.state.supply_temp_setpoint_c[None, :], r.run.setpoint_c])
    names = [plant.plant_id for plant in plants]
    running = while_running(course, times_of_running(r.state.runs, r.run.running))
    return _ramp_table(LimitKind.PLANT_RAMP, "K/h", names, running, _setpoint_at_s(r), up, down)


def _setpoint_at_s(r: Reading) -> FloatArray:
    """Instants of the setpoints; the last one before the start is a step of the schedule back."""
    at_s: FloatArray = np.arange(-1.0, len(r.run.setpoint_c)) * r.run.step_s
    at_s[0] *= r.run.parts
    return at_s


def _pump_ramp(r: Reading) -> LimitTable:
    """Change of each pump's speed; where it holds a pressure, of the speed that this takes."""
    pumps, laws = r.network.pumps, r.run.layout.pumps
    allowed = np.array([pump.max_speed_ramp_pct_h for pump in pumps])
    course = pumps_through_stops(
        r.network,
        np.concatenate([r.state.runs[None, :], r.run.running]),
        np.concatenate([r.state.pump_setpoint[None, :], r.run.pump_setpoint]),
    )
    names = [pump.pump_id for pump in pumps]
    kind = LimitKind.PUMP_RAMP
    by_setpoint = _ramp_table(kind, "%/h", names, course, _setpoint_at_s(r), allowed, allowed)
    if not laws.holds_pressure.any():
        return by_setpoint
    speed = _running_speed_pct(r)
    middle_s: FloatArray = np.arange(0.5, len(speed)) * r.run.step_s
    by_speed = _ramp_table(kind, "%/h", names, speed, middle_s, allowed, allowed)
    holds = laws.holds_pressure
    return LimitTable(
        limit=kind,
        unit="%/h",
        where=tuple(names),
        worst=np.where(holds, by_speed.worst, by_setpoint.worst),
        allowed=allowed,
        margin=np.where(holds, by_speed.margin, by_setpoint.margin),
        scale=allowed,
        at_s=np.where(holds, by_speed.at_s, by_setpoint.at_s),
    )


def _running_speed_pct(r: Reading) -> FloatArray:
    """Speed that gives each pump's head at its flow: H = H0 s^2 - curvature Q^2."""
    laws, found = r.run.layout.pumps, r.run.found
    pipes = len(r.network.pipes)
    flow = found.flow_kg_s[:, found.flow_kg_s.shape[1] - len(laws.plant) :].copy()
    for pump, pipe in enumerate(laws.pipe):
        if pipe >= 0:
            sign = r.run.layout.pipes.booster_sign[pipe]
            flow[:, pump] = sign * found.flow_kg_s[:, pipes + pipe]
    volume = np.maximum(flow, 0.0) / found.pump_density
    head = found.pump_gain_pa / (found.pump_density * GRAVITY_M_S2)
    squared = (head + laws.curvature * volume**2) / laws.shutoff_head_m
    speed: FloatArray = 100.0 * np.sqrt(np.maximum(squared, 0.0))
    return speed_through_stops(r.network, r.run.running, speed)


def _plant_heat(r: Reading) -> LimitTable:
    """Capacity and least load.

    A plant through which nothing flows is off and has no least, and neither has one while its pumps
    come up from standstill or go down to it.
    """
    plants, kind = r.network.plants, LimitKind.PLANT_HEAT
    names = [plant.plant_id for plant in plants]
    most = np.array([plant.max_heat_mw for plant in plants])
    least = np.array([plant.min_heat_mw for plant in plants])
    fired_mw = r.run.found.fired_w / 1e6
    full = upper_limit(kind, "MW", names, fired_mw, most, r.run.step_s)
    off = (fired_mw <= OFF_SHARE * most) | ~carries_its_least(
        r.network, r.state.runs, r.run.running, r.run.step_s, r.run.parts
    )
    running_mw = np.where(off | (least == 0.0), most, fired_mw)
    low = lower_limit(kind, "MW", names, running_mw, least, r.run.step_s, scale=most)
    return tighter(full, low)


def _pipe_tables(r: Reading) -> list[LimitTable]:
    """Temperature, ramp, pressure and velocity of every pair that is in service and reached."""
    live = np.flatnonzero(r.run.layout.graph.alive[: len(r.network.pipes)])
    pipes = [r.network.pipes[i] for i in live]
    names = [pipe.pipe_id for pipe in pipes]
    step_s, inlets = r.run.step_s, (_chosen_inlet_c(r)[:, live], r.return_inlet_c[1:, live])
    ramp = np.array([pipe.max_ramp_k_h for pipe in pipes])
    # The start state holds the mean of the schedule's step before.
    before_s = -0.5 * r.run.parts * step_s
    at_s = np.concatenate([[before_s], np.arange(len(inlets[0]) + 1.0) * step_s])
    kinds = LimitKind.PIPE_TEMP, LimitKind.PIPE_RAMP, LimitKind.PIPE_PRESSURE, LimitKind.VELOCITY
    ramps = [
        _ramp_table(kinds[1], "K/h", names, course[:, live], at_s, ramp, ramp)
        for course in r.inlets_at_instants_c
    ]
    return [
        upper_limit(
            kinds[0],
            "degC",
            names,
            np.maximum(*inlets),
            np.array([pipe.max_temp_c for pipe in pipes]),
            step_s,
        ),
        tighter(*ramps),
        upper_limit(
            kinds[2],
            "bar",
            names,
            r.highest_bar[:, live],
            np.array([pipe.max_pressure_bar for pipe in pipes]),
            step_s,
        ),
        upper_limit(
            kinds[3],
            "m/s",
            names,
            _velocity_m_s(r)[:, live],
            np.full(len(pipes), r.limits.max_velocity_m_s),
            step_s,
        ),
    ]


def _chosen_inlet_c(r: Reading) -> FloatArray:
    """Water entering the supply pipes, but for what was under way at the start and too hot."""
    inlet_c = r.supply_inlet_c[1:]
    allowed_c = np.array([pipe.max_temp_c for pipe in r.network.pipes])
    hottest = hottest_c(r.state.supply_contents)
    if np.all(hottest <= allowed_c) or np.all(inlet_c <= allowed_c):
        return inlet_c
    flow = r.flow_kg_s(0)
    content_kg = r.run.layout.pipes.content_kg[0]
    flushed_s = flushed_at_s(r.first, r.second, content_kg, flow, r.count, r.run.step_s)
    upstream = np.where(flow.mean(axis=0) < 0.0, r.second, r.first)
    first = is_first_water(inlet_c, hottest, flushed_s[upstream], r.run.step_s)
    return np.where(first, np.minimum(inlet_c, allowed_c), inlet_c)


def _velocity_m_s(r: Reading) -> FloatArray:
    bore = np.array([pipe.inner_diameter_m for pipe in r.network.pipes])
    speeds = [
        np.abs(r.flow_kg_s(side)) / (density_kg_m3(inlet[1:]) * np.pi / 4.0 * bore**2)
        for side, inlet in ((0, r.supply_inlet_c), (1, r.return_inlet_c))
    ]
    faster: FloatArray = np.maximum(*speeds)
    return faster


def _water_tables(r: Reading) -> list[LimitTable]:
    """Least pressure anywhere, boiling margin on the supply side, make-up."""
    step_s = r.run.step_s
    ids = [node.node_id for node in r.network.nodes]
    least_bar = np.where(r.connected, r.pressure_bar, np.inf)
    lowest = np.minimum(least_bar[:, : r.count], least_bar[:, r.count :])
    reached = np.flatnonzero(r.connected[: r.count] | r.connected[r.count :])
    hot = np.flatnonzero(r.connected[: r.count])
    boiling = saturation_temp_c(r.pressure_bar[:, hot]) - r.temp_c[:, hot]
    makeup = r.run.found.makeup_kg_s / density_kg_m3(r.network.makeup_temp_c) * 3600.0
    return [
        lower_limit(
            LimitKind.MIN_PRESSURE,
            "bar",
            [ids[i] for i in reached],
            lowest[:, reached],
            np.full(len(reached), r.limits.min_pressure_bar),
            step_s,
        ),
        lower_limit(
            LimitKind.BOILING_MARGIN,
            "K",
            [ids[i] for i in hot],
            boiling,
            np.full(len(hot), r.limits.boiling_margin_k),
            step_s,
        ),
        upper_limit(
            LimitKind.MAKEUP,
            "m3/h",
            ["site"],
            makeup[:, None],
            np.array([r.limits.max_makeup_m3_h]),
            step_s,
        ),
    ]


def _direct_tables(r: Reading) -> list[LimitTable]:
    """Radiators of direct buildings: pressure at the lowest, head over the top one, temperature."""
    tallest = _tallest_m(r.network)
    at = r.run.layout.stations.node
    direct = np.array(
        [
            i
            for i, station in enumerate(r.network.stations)
            if station.kind is StationKind.DIRECT and i in tallest and r.connected[at[i]]
        ],
        dtype=np.int64,
    )
    names = [r.network.stations[i].station_id for i in direct]
    tables = [_static_head(r, direct, names, np.array([tallest[int(i)] for i in direct]))]
    if r.limits.max_radiator_pressure_bar is not None:
        most = np.full(len(direct), r.limits.max_radiator_pressure_bar)
        supply_bar = r.pressure_bar[:, at[direct]]
        kind = LimitKind.RADIATOR_PRESSURE
        tables.append(upper_limit(kind, "bar", names, supply_bar, most, r.run.step_s))
    if r.limits.max_radiator_temp_c is not None:
        most = np.full(len(direct), r.limits.max_radiator_temp_c)
        water_c = r.run.found.to_radiators_c[:, direct]
        tables.append(
            upper_limit(LimitKind.RADIATOR_TEMP, "degC", names, water_c, most, r.run.step_s)
        )
    return tables


def _tallest_m(network: Network) -> dict[int, float]:
    """Height of the tallest building behind each station that has any."""
    tallest: dict[int, float] = {}
    for building in network.buildings:
        station = network.station_index[building.station_id]
        tallest[station] = max(building.height_m, tallest.get(station, 0.0))
    return tallest


def _static_head(
    r: Reading, direct: IntArray, names: list[str], height_m: FloatArray
) -> LimitTable:
    """Return pressure left at the top radiator of the tallest building."""
    at = r.run.layout.stations.node[direct] + r.count
    column_bar = density_kg_m3(r.run.found.station_back_c[:, direct]) * GRAVITY_M_S2 / 1e5
    left = r.pressure_bar[:, at] - column_bar * height_m
    return lower_limit(
        LimitKind.STATIC_HEAD,
        "bar",
        names,
        left,
        np.zeros(len(names)),
        r.run.step_s,
        scale=column_bar[0] * height_m,
    )


def _ramp_table(
    kind: LimitKind,
    unit: str,
    names: list[str],
    course: FloatArray,
    at_s: FloatArray,
    up: FloatArray,
    down: FloatArray,
) -> LimitTable:
    """Largest rise and largest fall within any window of an hour."""
    rise, rise_at, fall, fall_at = largest_changes(course, at_s)

    def side(change: FloatArray, when: FloatArray, allowed: FloatArray) -> LimitTable:
        return LimitTable(
            limit=kind,
            unit=unit,
            where=tuple(names),
            worst=change,
            allowed=allowed,
            margin=allowed - change,
            scale=allowed,
            at_s=np.maximum(when, 0.0),
        )

    return tighter(side(rise, rise_at, up), side(fall, fall_at, down))


@compiled
def largest_changes(
    course: FloatArray, at_s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Find the largest rise and fall of each course within any hour.

    Args:
        course: Values at instants, shape (instants, things); NaN is compared with nothing.
        at_s: The instants, s, increasing, shape (instants,).

    Returns:
        Largest rise (not below zero) and the instant at which it ends, then the same of the fall,
        each of shape (things,).
    """
    things = course.shape[1]
    rise = np.zeros(things)
    fall = np.zeros(things)
    rise_at = np.zeros(things)
    fall_at = np.zeros(things)
    begin = 0
    for end in range(len(at_s)):
        while at_s[end] - at_s[begin] > RAMP_WINDOW_S + 1e-6:
            begin += 1
        for before in range(begin, end):
            for thing in range(things):
                change = course[end, thing] - course[before, thing]
                if change > rise[thing]:
                    rise[thing] = change
                    rise_at[thing] = at_s[end]
                elif -change > fall[thing]:
                    fall[thing] = -change
                    fall_at[thing] = at_s[end]
    return rise, rise_at, fall, fall_at
