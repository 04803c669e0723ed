"""The judge's own reading of a run: every limit, and what the run costs."""

import numpy as np

from optimizer.judge.ramps import plant_ramp, pump_ramp, ramp_table
from optimizer.judge.reading import Reading
from optimizer.judge.standstill import carries_its_least
from optimizer.limit_table import LimitTable, lower_limit, tighter, upper_limit
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network, StationKind
from optimizer.model.outcome import LimitKind
from optimizer.physics.flushing import flushed_at_s, hottest_c, is_first_water
from optimizer.physics.water import GRAVITY_M_S2, density_kg_m3, saturation_temp_c

# A plant that gives less than this share of its capacity stands still.
OFF_SHARE = 1e-4


def judged_limits(reading: Reading) -> list[LimitTable]:
    """Hold a run against every limit that applies.

    Args:
        reading: The run.

    Returns:
        One table for each limit that concerns anything.
    """
    tables = [
        _supply_temp(reading),
        plant_ramp(reading),
        _plant_heat(reading),
        pump_ramp(reading),
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
        ramp_table(kinds[1], "K/h", names, course[:, live], at_s, ramp, ramp)
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
