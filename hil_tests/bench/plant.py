"""The virtual plant: setpoints and weather in, what really happens out.

Its physics is the planner's by source, not by code: cells instead of plugs, another hydraulic
method, moving valves, boilers and pumps with lag, water in secondary loops. Pure: no clock, no
wire; the same calls give the same numbers.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from hil_tests.bench.plant_consumers import Consumers, consumers_stored_j
from hil_tests.bench.plant_flow import Flow
from hil_tests.bench.plant_layout import Layout, build_layout
from hil_tests.bench.plant_parameters import PlantParameters
from hil_tests.bench.plant_run import Asked, Machinery, run
from hil_tests.bench.plant_water import Water, stored_j
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network, PumpControl
from optimizer.physics.water import enthalpy_j_kg, temperature_c

BAR = 1e5
AT_FIRST_RETURN_C = 50.0
# Buildings this much lighter reach the steady state of a constant weather in a simulated day.
LIGHTER = 0.04
SETTLING_S = 36 * 3600.0
ENOUGH_MAKEUP = 3.0  # the make-up pump delivers this many times what the site allows


@dataclass(frozen=True, kw_only=True)
class Setpoints:
    """What is asked of the plant: outlet temperature of each plant degC, each pump's % or bar,
    each station's offset K, in the site's order."""

    supply_temp_c: FloatArray
    pump: FloatArray
    secondary_offset_k: FloatArray


@dataclass(frozen=True, kw_only=True)
class Weather:
    """The weather of a moment."""

    outdoor_temp_c: float
    wind_m_s: float = 0.0
    ghi_w_m2: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is true at an instant, in the site's order; arrays by plant, pump, node, pipe, station
    and building. `seconds` counts from the plant's start. Flows are positive as drawn;
    `plant_heat_mw` is the mean of the last call's last step."""

    seconds: float
    weather: Weather
    setpoint_c: FloatArray
    plant_supply_c: FloatArray
    plant_return_c: FloatArray
    plant_flow_kg_s: FloatArray
    plant_heat_mw: FloatArray
    plant_supply_bar: FloatArray
    plant_return_bar: FloatArray
    makeup_m3_h: float
    pump_speed_pct: FloatArray
    pump_power_kw: FloatArray
    node_supply_c: FloatArray
    node_return_c: FloatArray
    node_supply_bar: FloatArray
    node_return_bar: FloatArray
    pipe_flow_kg_s: FloatArray
    pipe_velocity_m_s: FloatArray
    pipe_supply_inlet_c: FloatArray
    pipe_return_inlet_c: FloatArray
    station_supply_c: FloatArray
    station_return_c: FloatArray
    station_flow_kg_s: FloatArray
    station_heat_kw: FloatArray
    station_secondary_c: FloatArray
    station_opening_pct: FloatArray
    station_dp_bar: FloatArray
    indoor_c: FloatArray
    worst_flat_c: FloatArray


class Plant:
    """A plant at work.

    Args:
        parameters: What it is.
        setpoints: Where it is run at the start.
        weather: The weather that it has settled in.
    """

    def __init__(self, parameters: PlantParameters, setpoints: Setpoints, weather: Weather) -> None:
        self.parameters = parameters
        self._network = parameters.network
        self._layout = build_layout(self._network)
        self._asked = _asked(self._network)
        self._flow = _flow(self._layout, self._network)
        self._water = _water(self._layout, setpoints)
        self._consumers = _consumers(self._layout)
        self._machinery = _machinery(self._layout, setpoints)
        self._weather = weather
        self._order(setpoints)
        self._settle()

    def advance(self, setpoints: Setpoints, weather: Weather, seconds: float) -> Snapshot:
        """Let the plant go on at constant setpoints and weather.

        Args:
            setpoints: What is asked of it.
            weather: The weather meanwhile.
            seconds: How long; it steps by 30 s at most.

        Returns:
            What is true at the end.
        """
        self._order(setpoints)
        self._weather = weather
        self._run(self._layout, seconds)
        return self.snapshot()

    def copy(self) -> "Plant":
        """Give a second plant in the same state that goes its own way from here."""
        twin = object.__new__(Plant)
        twin.__dict__ = {
            name: value if name in ("parameters", "_network", "_layout") else deepcopy(value)
            for name, value in self.__dict__.items()
        }
        return twin

    def set_capacity(self, plant: int, share: float) -> None:
        """Leave a share of a plant's capacity."""
        self._asked.capacity[plant] = share

    def set_pump(self, pump: int, *, works: bool) -> None:
        """Trip a pump, or let it run again."""
        self._asked.pump_works[pump] = works

    def set_burst(self, pipe: int, m3_h: float) -> None:
        """Let a supply pipe lose so much more at the network's reference pressure; 0 mends it."""
        self._asked.burst_m3_s[pipe] = m3_h / 3600.0

    def set_makeup_capacity(self, m3_h: float) -> None:
        """Limit what the make-up pump delivers."""
        self._asked.most_makeup_m3_s[0] = m3_h / 3600.0

    @property
    def makeup_capacity_m3_h(self) -> float:
        """What the make-up pump can deliver."""
        return float(self._asked.most_makeup_m3_s[0] * 3600.0)

    def set_valve(self, station: int, *, stuck: bool) -> None:
        """Let a station's valve stand, or move again."""
        self._consumers.stuck[station] = stuck

    def heat_j(self) -> dict[str, float]:
        """Heat since the start, J: what the boilers gave and where it went; they balance."""
        gave, took, lost, leaked = (float(value) for value in self._water.counted)
        rooms, outside = (float(value) for value in self._consumers.counted)
        return {
            "supplied": gave, "taken": took, "lost": lost, "leaked": leaked,
            "radiators": rooms, "outside": outside,
            "in_pipes": stored_j(self._layout, self._water),
            "in_buildings": consumers_stored_j(self._layout, self._consumers),
        }  # fmt: skip

    def stored_j(self) -> float:
        """Heat in pipes, secondary water and buildings, J above 0 degC."""
        heat = self.heat_j()
        return heat["in_pipes"] + heat["in_buildings"]

    @property
    def iterations(self) -> int:
        """Of the last search for the flows."""
        return int(self._flow.iterations[0])

    def snapshot(self) -> Snapshot:
        """Give what is true now."""
        layout, flow, water, consumers = self._layout, self._flow, self._water, self._consumers
        pipes, machines = layout.pipes, layout.machines
        nodes, count = layout.nodes, len(pipes.begin)
        stations = len(layout.stations.node)
        bar = flow.pressure_pa / BAR
        node_c = temperature_c(water.node_j_kg)
        area = np.pi * pipes.diameter_m**2 / 4.0
        velocity = np.abs(flow.link_kg_s[:count]) / 975.0 / area
        forward = flow.link_kg_s[:count] >= 0.0
        inlet = node_c[np.where(forward, pipes.begin, pipes.end)]
        through = np.zeros(len(machines.node))
        driven = machines.of_plant >= 0
        np.add.at(through, machines.of_plant[driven], flow.link_kg_s[count + stations :][driven])
        at = layout.stations.node
        indoor = _in_site_order(layout, consumers.indoor_c)
        beta = _in_site_order(layout, layout.buildings.beta)
        half = count // 2
        return Snapshot(
            seconds=float(self._machinery.seconds[0]),
            weather=self._weather,
            setpoint_c=self._asked.supply_c.copy(),
            plant_supply_c=self._machinery.outlet_c.copy(),
            plant_return_c=node_c[nodes + machines.node],
            plant_flow_kg_s=through,
            plant_heat_mw=water.plant_w / 1e6,
            plant_supply_bar=bar[machines.node],
            plant_return_bar=bar[nodes + machines.node],
            makeup_m3_h=float(self._machinery.makeup_m3_s[0] * 3600.0),
            pump_speed_pct=flow.speed * 100.0,
            pump_power_kw=self._machinery.pump_w / 1e3,
            node_supply_c=node_c[:nodes],
            node_return_c=node_c[nodes:],
            node_supply_bar=bar[:nodes],
            node_return_bar=bar[nodes:],
            pipe_flow_kg_s=flow.link_kg_s[:half].copy(),
            pipe_velocity_m_s=np.maximum(velocity[:half], velocity[half:]),
            pipe_supply_inlet_c=inlet[:half],
            pipe_return_inlet_c=inlet[half:],
            station_supply_c=node_c[at],
            station_return_c=self._machinery.return_c.copy(),
            station_flow_kg_s=flow.link_kg_s[count : count + stations].copy(),
            station_heat_kw=water.station_w / 1e3,
            station_secondary_c=consumers.supply_c.copy(),
            station_opening_pct=consumers.opening * 100.0,
            station_dp_bar=bar[at] - bar[nodes + at],
            indoor_c=indoor,
            worst_flat_c=indoor - beta * (indoor - self._weather.outdoor_temp_c),
        )

    def _order(self, setpoints: Setpoints) -> None:
        self._asked.supply_c[:] = setpoints.supply_temp_c
        scale = [1e-2 if pump.control is PumpControl.SPEED else BAR for pump in self._network.pumps]
        self._asked.pump[:] = np.asarray(setpoints.pump) * scale
        self._asked.offset_k[:] = setpoints.secondary_offset_k

    def _run(self, layout: Layout, seconds: float) -> None:
        now = self._weather
        weather = (float(now.outdoor_temp_c), float(now.wind_m_s), float(now.ghi_w_m2))
        run(layout, self._flow, self._water, self._consumers, self._machinery, self._asked,
            weather, float(seconds))  # fmt: skip

    def _settle(self) -> None:
        """Reach the steady state of the present weather and setpoints, then start counting."""
        heavy = self._layout.buildings
        light = heavy._replace(
            air_j_k=heavy.air_j_k * LIGHTER, envelope_j_k=heavy.envelope_j_k * LIGHTER
        )
        self._run(self._layout._replace(buildings=light), SETTLING_S)
        self._water.counted[:] = 0.0
        self._consumers.counted[:] = 0.0
        self._machinery.seconds[0] = 0.0


def _in_site_order(layout: Layout, values: FloatArray) -> FloatArray:
    found = np.empty_like(values)
    found[layout.buildings.place] = values
    return found


def _asked(network: Network) -> Asked:
    leaks = sum(pipe.leak_m3_h for pipe in network.pipes if pipe.in_service)
    return Asked(
        supply_c=np.zeros(len(network.plants)),
        pump=np.zeros(len(network.pumps)),
        offset_k=np.zeros(len(network.stations)),
        capacity=np.ones(len(network.plants)),
        pump_works=np.ones(len(network.pumps), dtype=np.bool_),
        burst_m3_s=np.zeros(len(network.pipes)),
        most_makeup_m3_s=np.array([ENOUGH_MAKEUP * max(leaks, 1.0) / 3600.0 + 0.01]),
        held_pa=np.array([network.plants[0].holding_pressure_bar * BAR]),
    )


def _flow(layout: Layout, network: Network) -> Flow:
    links, nodes = len(layout.elimination.begin), 2 * layout.nodes
    held = network.plants[0].holding_pressure_bar * BAR
    begun_kg_s = np.ones(links)
    begun_kg_s[: len(layout.pipes.begin)][~layout.pipes.in_service] = 0.0
    return Flow(
        link_kg_s=begun_kg_s,
        pressure_pa=np.full(nodes, held),
        demand_kg_s=np.zeros(nodes),
        slope=np.ones(links),
        drop_pa=np.zeros(links),
        diagonal=np.zeros(nodes),
        right=np.zeros(nodes),
        entries=np.zeros(len(layout.elimination.later)),
        kv=np.zeros(len(network.stations)),
        speed=layout.machines.max_speed.copy(),
        running=np.ones(len(network.pumps), dtype=np.bool_),
        held_pa=np.array([held]),
        iterations=np.zeros(1),
    )


def _water(layout: Layout, setpoints: Setpoints) -> Water:
    pipes, nodes = layout.pipes, layout.nodes
    hot = float(enthalpy_j_kg(float(np.mean(setpoints.supply_temp_c))))
    cold = float(enthalpy_j_kg(AT_FIRST_RETURN_C))
    cells = int(pipes.start[-1])
    cell_j_kg = np.full(cells, cold)
    cell_j_kg[: int(pipes.start[len(pipes.begin) // 2])] = hot
    return Water(
        cell_j_kg=cell_j_kg,
        node_j_kg=np.concatenate([np.full(nodes, hot), np.full(nodes, cold)]),
        boiler_j_kg=enthalpy_j_kg(np.asarray(setpoints.supply_temp_c, dtype=np.float64)),
        station_w=np.zeros(len(layout.stations.node)),
        mass_kg_s=np.zeros(2 * nodes),
        heat_w=np.zeros(2 * nodes),
        face_j_kg=np.zeros(int(np.diff(pipes.start).max()) + 1),
        counted=np.zeros(4),
        plant_w=np.zeros(len(layout.machines.node)),
    )


def _consumers(layout: Layout) -> Consumers:
    stations, buildings = len(layout.stations.node), len(layout.buildings.ua_w_k)
    return Consumers(
        opening=np.where(layout.stations.compensated, 0.5, layout.stations.opening),
        stuck=np.zeros(stations, dtype=np.bool_),
        supply_c=np.full(stations, AT_FIRST_RETURN_C),
        back_c=np.full(stations, AT_FIRST_RETURN_C - 10.0),
        seen_c=np.full(stations, AT_FIRST_RETURN_C),
        error_k=np.zeros(stations),
        asked_w=layout.stations.load_w.copy(),
        indoor_c=np.full(buildings, 18.0),
        envelope_c=np.full(buildings, 14.0),
        excess_k=np.full(buildings, 20.0),
        room_w=np.zeros(buildings),
        counted=np.zeros(2),
    )


def _machinery(layout: Layout, setpoints: Setpoints) -> Machinery:
    supply = np.array(setpoints.supply_temp_c, dtype=np.float64)
    return Machinery(
        inner_c=supply.copy(),
        outlet_c=supply.copy(),
        makeup_m3_s=np.zeros(1),
        water_c=np.full(len(layout.pipes.begin), AT_FIRST_RETURN_C),
        return_c=np.full(len(layout.stations.node), AT_FIRST_RETURN_C),
        pump_w=np.zeros(len(layout.machines.of_plant)),
        seconds=np.zeros(1),
    )


def setpoints(
    supply_temp_c: Sequence[float], pump: Sequence[float], secondary_offset_k: Sequence[float]
) -> Setpoints:
    """Make setpoints of plain numbers.

    Args:
        supply_temp_c: Outlet temperature of each plant, degC.
        pump: Setpoint of each pump, % or bar.
        secondary_offset_k: Offset of each station, K.

    Returns:
        The setpoints.
    """
    return Setpoints(
        supply_temp_c=np.array(supply_temp_c, dtype=np.float64),
        pump=np.array(pump, dtype=np.float64),
        secondary_offset_k=np.array(secondary_offset_k, dtype=np.float64),
    )
