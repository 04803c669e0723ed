"""Warnings on a sound site: what is possible but most probably a slip of the pen."""

import math
from collections.abc import Iterator

from controller.sitefiles.csv_table import Table
from controller.sitefiles.design_point import WATER_KG_M3, WATER_KJ_KG_K, DesignPoint
from controller.sitefiles.references import Tables, whole_rows_by_id
from controller.sitefiles.rules import choices
from controller.sitefiles.topology import heat_beyond_kw, reached_nodes
from drivers.base import Problem
from optimizer.model.network import Network, Pipe, StationKind
from optimizer.model.policy import District

_BAR_PER_M = WATER_KG_M3 * 9.81 / 1e5
_LONG_PIPE_M = 3000.0
_SHORTER_THAN_DRAWN = 0.9
_LONGER_THAN_DRAWN = 10.0
_UA_W_M2_K = (0.3, 5.0)
_TOO_LARGE_FOR_STATION = 1.5


def implausible(district: District, tables: Tables, design: DesignPoint) -> list[Problem]:
    """Find what is implausible in a sound site.

    Args:
        district: The district as built from the site.
        tables: The five tables, for the place of each warning.
        design: The design day.

    Returns:
        The warnings, by subject.
    """
    heights = {node.node_id: node.elevation_m for node in district.network.nodes}
    return [
        *_pipes(district.network, tables.pipes),
        *_islands(district.network, tables),
        *_consumers(district.network, tables, design),
        *_pressures(district, tables, heights),
        *_capacities(district, tables, design),
        *_direct_limits(district),
        *_settings(district),
    ]


def _pipes(network: Network, table: Table) -> Iterator[Problem]:
    """Lengths that do not fit the map, walls and roughness that do not fit the bore."""
    rows = whole_rows_by_id(table, "pipe_id")
    nodes = {node.node_id: node for node in network.nodes}
    for pipe in network.pipes:
        row = rows[pipe.pipe_id]
        a, b = nodes[pipe.from_node], nodes[pipe.to_node]
        drawn = math.hypot(a.x_m - b.x_m, a.y_m - b.y_m)
        if pipe.length_m > _LONG_PIPE_M:
            yield row.problem(
                "length_m",
                f"is longer than {_LONG_PIPE_M:g} m without a node",
                "check the unit, or divide the pipe",
            )
        elif pipe.length_m < _SHORTER_THAN_DRAWN * drawn:
            yield row.problem(
                "length_m",
                f"is shorter than the straight line between its nodes, {drawn:.1f} m",
                "check the length, or the nodes' x_m and y_m",
            )
        elif drawn > 1.0 and pipe.length_m > _LONGER_THAN_DRAWN * drawn:
            yield row.problem(
                "length_m",
                f"is over {_LONGER_THAN_DRAWN:g} times the straight line, {drawn:.1f} m",
                "check the length, or the nodes' x_m and y_m",
            )
        if pipe.wall_thickness_m > 0.2 * pipe.inner_diameter_m:
            yield row.problem("wall_thickness_mm", "is very thick for its bore", "check the unit")
        if pipe.roughness_m > 0.1 * pipe.inner_diameter_m:
            yield row.problem("roughness_mm", "is very rough for its bore", "check the unit")


def _islands(network: Network, tables: Tables) -> Iterator[Problem]:
    """Nodes that no plant reaches, gathered in one warning, stations among them by name."""
    reached = reached_nodes(network)
    lost = [node.node_id for node in network.nodes if node.node_id not in reached]
    if lost:
        yield Problem(
            file=tables.nodes.file,
            value=choices(lost),
            message="no plant reaches this island of nodes through pipes in service",
            remedy="check pipes.csv: from_node, to_node, in_service",
        )
    for station, row in whole_rows_by_id(tables.stations, "station_id").items():
        if row.text("node_id") not in reached:
            message = f"is on an island: station {station} gets no heat"
            yield row.problem("node_id", message, "connect it with a pipe in service")


def _consumers(network: Network, tables: Tables, design: DesignPoint) -> Iterator[Problem]:
    """Stations without buildings or too small for them; buildings out of all proportion."""
    stations = whole_rows_by_id(tables.stations, "station_id")
    buildings = whole_rows_by_id(tables.buildings, "building_id")
    drop = design.indoor_c - design.outdoor_c
    need: dict[str, float] = {}
    for building in network.buildings:
        need[building.station_id] = need.get(building.station_id, 0.0) + building.ua_kw_k * drop
        row = buildings[building.building_id]
        loss = 1000.0 * building.ua_kw_k / building.floor_area_m2
        if not _UA_W_M2_K[0] <= loss <= _UA_W_M2_K[1]:
            message = f"is {loss:.2g} W/(m2 K) of floor area, outside {_UA_W_M2_K[0]} to 5"
            yield row.problem("ua_kw_k", message, "check ua_kw_k and floor_area_m2")
    for station in network.stations:
        if station.kind is StationKind.LOAD:
            continue
        row = stations[station.station_id]
        asked = need.get(station.station_id, 0.0)
        if asked == 0.0:
            message = "is a station without buildings"
            yield row.problem("station_id", message, "add its buildings to buildings.csv")
            continue
        given = {"design_heat_kw": station.design_heat_kw}
        if station.kind is StationKind.EXCHANGER:
            given["hx_ua_kw_k"] = station.hx_ua_kw_k * design.exchanger_mean_k
        for column, capacity in given.items():
            if column in row.raw and asked > _TOO_LARGE_FOR_STATION * capacity:
                message = (
                    f"is far too little for its buildings, which need {asked:.0f} kW "
                    f"at {design.outdoor_c:g} degC outside"
                )
                yield row.problem(column, message, "check the station and its buildings")
                break


def _pressures(district: District, tables: Tables, heights: dict[str, float]) -> Iterator[Problem]:
    """The line of holding pressure with pumps at rest, against pipes and radiators."""
    network, limits = district.network, district.limits
    first = network.plants[0]

    def static_bar(node_id: str, above_m: float = 0.0) -> float:
        rise = heights[node_id] + above_m - heights[first.node_id]
        return first.holding_pressure_bar - rise * _BAR_PER_M

    for node_id, row in whole_rows_by_id(tables.nodes, "node_id").items():
        if static_bar(node_id) < limits.min_pressure_bar:
            message = (
                f"lies above the pressure line: {static_bar(node_id):.2f} bar with pumps at rest, "
                f"limits.min_pressure_bar is {limits.min_pressure_bar:g}"
            )
            yield row.problem("elevation_m", message, "check it, or raise holding_pressure_bar")
    pipe_rows = whole_rows_by_id(tables.pipes, "pipe_id")
    for pipe in network.pipes:
        static = max(static_bar(pipe.from_node), static_bar(pipe.to_node))
        if static > pipe.max_pressure_bar:
            message = f"is exceeded with pumps at rest already: {static:.2f} bar"
            yield pipe_rows[pipe.pipe_id].problem(
                "max_pressure_bar", message, "check elevations and holding_pressure_bar"
            )
    stations = {station.station_id: station for station in network.stations}
    rows = whole_rows_by_id(tables.buildings, "building_id")
    for building in network.buildings:
        station = stations[building.station_id]
        if station.kind is not StationKind.DIRECT:
            continue
        row = rows[building.building_id]
        top = static_bar(station.node_id, building.height_m)
        if top < 0.0:
            message = (
                f"puts the top radiator above the pressure line: {top:.2f} bar with pumps at rest"
            )
            yield row.problem("height_m", message, "check it, or raise holding_pressure_bar")
        if "height_m" not in row.raw:
            message = f"is assumed ({building.height_m:g} m) for a direct building"
            yield row.problem("height_m", message, "give it: the top radiator must not run dry")
        bottom = static_bar(station.node_id)
        if limits.max_radiator_pressure_bar is not None and (
            bottom > limits.max_radiator_pressure_bar
        ):
            message = (
                f"is below the pressure line by too much: the lowest radiator holds {bottom:.2f} "
                f"bar with pumps at rest, limits.max_radiator_pressure_bar is "
                f"{limits.max_radiator_pressure_bar:g}"
            )
            yield row.problem("station_id", message, "check elevations and holding_pressure_bar")


def _capacities(district: District, tables: Tables, design: DesignPoint) -> Iterator[Problem]:
    """Plants, make-up and pipes against the design day."""
    network = district.network
    asked = sum(station.design_heat_kw for station in network.stations)
    lost = sum(_pipe_loss_kw(pipe, network.ground_temp_c, design) for pipe in network.pipes)
    capacity = 1000.0 * sum(plant.max_heat_mw for plant in network.plants)
    if asked + lost > capacity:
        yield Problem(
            file="site.toml",
            column="plant.max_heat_mw",
            value=f"{capacity / 1000.0:g}",
            message=(
                f"is too small for {asked / 1000.0:.3g} MW at the stations and "
                f"{lost / 1000.0:.2g} MW lost at {design.outdoor_c:g} degC outside"
            ),
            remedy="check max_heat_mw, design_heat_kw and the buildings",
        )
    holding = max(network.plants[0].holding_pressure_bar, 0.0)
    scale = (holding / network.leak_reference_bar) ** network.leak_exponent
    leak = scale * sum(pipe.leak_m3_h for pipe in network.pipes if pipe.in_service)
    if leak > district.limits.max_makeup_m3_h:
        yield Problem(
            file="site.toml",
            column="limits.max_makeup_m3_h",
            value=f"{district.limits.max_makeup_m3_h:g}",
            message=f"is less than what leaks with pumps at rest, {leak:.3g} m3/h",
            remedy="check leak_m3_h in pipes.csv and max_makeup_m3_h",
        )
    heat: dict[str, float] = {}
    for station in network.stations:
        heat[station.node_id] = heat.get(station.node_id, 0.0) + station.design_heat_kw
    rows = whole_rows_by_id(tables.pipes, "pipe_id")
    beyond = heat_beyond_kw(network, heat) or {}
    for pipe in network.pipes:
        carried = beyond.get(pipe.pipe_id, 0.0)
        velocity = _velocity_m_s(pipe, carried, design)
        if velocity > district.limits.max_velocity_m_s:
            message = (
                f"is narrow: the {carried:.0f} kW beyond it flow at {velocity:.2f} m/s, "
                f"limits.max_velocity_m_s is {district.limits.max_velocity_m_s:g}"
            )
            yield rows[pipe.pipe_id].problem("inner_diameter_mm", message, "check the diameter")


def _pipe_loss_kw(pipe: Pipe, ground_c: float, design: DesignPoint) -> float:
    """Loss of both pipes of a pair on the design day."""
    excess = design.supply_c + design.primary_return_c - 2.0 * ground_c
    return pipe.heat_loss_w_m_k * pipe.length_m * excess / 1000.0 if pipe.in_service else 0.0


def _velocity_m_s(pipe: Pipe, heat_kw: float, design: DesignPoint) -> float:
    """Velocity of the design flow."""
    flow_kg_s = heat_kw / (WATER_KJ_KG_K * design.primary_drop_k)
    return flow_kg_s / WATER_KG_M3 / (math.pi / 4.0 * pipe.inner_diameter_m**2)


def _direct_limits(district: District) -> Iterator[Problem]:
    """Direct buildings have limits of their own, which the site should give."""
    direct = [
        station.station_id
        for station in district.network.stations
        if station.kind is StationKind.DIRECT
    ]
    limits = district.limits
    given = {
        "max_radiator_pressure_bar": limits.max_radiator_pressure_bar,
        "max_radiator_temp_c": limits.max_radiator_temp_c,
    }
    for name, value in given.items():
        if direct and value is None:
            yield Problem(
                file="site.toml",
                column=f"limits.{name}",
                message=f"is not given, but stations are direct: {choices(direct)}",
                remedy="give it: network water enters their radiators",
            )


def _settings(district: District) -> Iterator[Problem]:
    """Settings that do not fit one another."""
    network, control = district.network, district.control

    def warning(column: str, value: float, message: str, remedy: str) -> Problem:
        return Problem(
            file="site.toml", column=column, value=f"{value:g}", message=message, remedy=remedy
        )

    hottest = max(supply for _, supply in control.heating_curve)
    highest = max(plant.max_supply_temp_c for plant in network.plants)
    if hottest > highest:
        message = f"is above what any plant may deliver, {highest:g} degC"
        yield warning("control.heating_curve", hottest, message, "check max_supply_temp_c")
    if not 24 <= control.horizon_h <= 96:
        message = "is outside the usual 24 to 96 h"
        yield warning("control.horizon_h", control.horizon_h, message, "48 h suits most networks")
    for pump in network.pumps:
        if not pump.min_speed_pct <= control.fallback_speed_pct <= pump.max_speed_pct:
            message = f"is outside the range of pump {pump.pump_id}, which will keep within it"
            yield warning(
                "control.fallback_speed_pct", control.fallback_speed_pct, message, "check both"
            )
    for plant in network.plants:
        if not any(pump.plant_id == plant.plant_id for pump in network.pumps):
            message = f"plant {plant.plant_id} has no pump"
            yield warning("pump.plant", 0, message, "add a [[pump]] for it")
    if district.comfort.min_indoor_c > network.radiators.indoor_c + 4.0:
        message = "is far above radiators.reference_indoor_c"
        yield warning("comfort.min_indoor_c", district.comfort.min_indoor_c, message, "check both")
