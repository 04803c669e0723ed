"""The district heating network as built: nodes, pipes, stations, buildings, plants and pumps.

Every object is frozen and complete: what a site leaves out has been derived before it gets here.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class StationKind(StrEnum):
    """How a station takes heat from the network."""

    EXCHANGER = "exchanger"
    DIRECT = "direct"
    LOAD = "load"


class StationControl(StrEnum):
    """What moves a station's valve."""

    COMPENSATED = "compensated"
    FIXED = "fixed"


class ValveCharacteristic(StrEnum):
    """How a valve's flow coefficient follows its opening."""

    LINEAR = "linear"
    EQUAL_PERCENTAGE = "equal_percentage"


class PumpControl(StrEnum):
    """What a pump's setpoint means."""

    SPEED = "speed"
    DIFFERENTIAL_PRESSURE = "dp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A junction of supply and return pipes; `elevation_m` is above the site's datum."""

    node_id: str
    x_m: float
    y_m: float
    elevation_m: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Pipe:
    """A pair of equal pipes, supply and return, between two nodes.

    `heat_loss_w_m_k` is per metre of each of the two; `leak_m3_h` is for the pair at the
    network's reference pressure; the limits hold for both.
    """

    pipe_id: str
    from_node: str
    to_node: str
    length_m: float
    inner_diameter_m: float
    wall_thickness_m: float
    roughness_m: float
    heat_loss_w_m_k: float
    max_pressure_bar: float
    max_temp_c: float
    max_ramp_k_h: float
    leak_m3_h: float
    in_service: bool
    year_laid: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    """A consumer on the network: exchanger, direct connection or prescribed load.

    `valve_kvs` is the flow coefficient of the whole primary path, fully open. `opening_pct`
    matters for fixed control. `hx_ua_kw_k` is zero without an exchanger; `secondary_flow_kg_s` is
    zero for a fixed direct station. `load_kw` and `load_return_temp_c` describe a prescribed load.
    `offset_range_k` is None where the secondary setpoint cannot be written.
    """

    station_id: str
    node_id: str
    kind: StationKind
    control: StationControl
    hx_ua_kw_k: float
    valve_kvs: float
    valve_characteristic: ValveCharacteristic
    opening_pct: float
    secondary_flow_kg_s: float
    min_dp_bar: float
    design_heat_kw: float
    load_kw: float = 0.0
    load_return_temp_c: float = 40.0
    offset_range_k: tuple[float, float] | None = None
    offset_rate_k_h: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Building:
    """A building and its coldest flat.

    `ua_kw_k` is indoor air to outdoor air in steady state, `capacity_kwh_k` the whole capacity,
    `radiator_kw` the radiators' output at the network's radiator reference. The worst flat is
    `mean - worst_flat_beta * (mean - outdoor)`.
    """

    building_id: str
    station_id: str
    floor_area_m2: float
    year_built: int
    ua_kw_k: float
    capacity_kwh_k: float
    radiator_kw: float
    radiator_exponent: float
    height_m: float
    worst_flat_beta: float
    min_indoor_c: float
    internal_gain_w_m2: float
    solar_aperture_m2: float
    wind_ua_pct_per_m_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Plant:
    """A heat source between a return node and a supply node of the same name.

    `heat_price_per_mwh` has 24 values, by local hour. `min_heat_mw` is the least it can run at. One
    that can stop may stand still for `min_off_h` hours at least, then runs for `min_on_h` at least;
    each start costs `start_cost`.
    """

    plant_id: str
    node_id: str
    max_heat_mw: float
    min_supply_temp_c: float
    max_supply_temp_c: float
    ramp_up_k_h: float
    ramp_down_k_h: float
    heat_price_per_mwh: tuple[float, ...]
    holding_pressure_bar: float
    min_heat_mw: float = 0.0
    can_stop: bool = False
    min_on_h: float = 0.0
    min_off_h: float = 0.0
    start_cost: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pump:
    """A circulation pump on a plant (`plant_id`) or a booster in a pipe's return (`pipe_id`).

    Head curve at relative speed s: H = H0 s^2 - (H0 - Hr) (Q / Qr)^2, flow never negative. With
    differential-pressure control the setpoint is `dp_bar`, reached within the speed range.
    """

    pump_id: str
    plant_id: str | None
    pipe_id: str | None
    rated_flow_m3_h: float
    rated_head_m: float
    shutoff_head_m: float
    min_speed_pct: float
    max_speed_pct: float
    max_speed_ramp_pct_h: float
    efficiency_pct: float
    control: PumpControl


@dataclass(frozen=True, kw_only=True, slots=True)
class RadiatorReference:
    """The temperatures at which `radiator_kw` is stated."""

    supply_c: float
    return_c: float
    indoor_c: float


@dataclass(frozen=True, kw_only=True)
class Network:
    """Everything that physics needs to know about a district.

    `secondary_curve` holds (outdoor_temp_c, secondary_supply_temp_c) points. Pressure is held at
    the return node of the first plant.
    """

    nodes: tuple[Node, ...]
    pipes: tuple[Pipe, ...]
    stations: tuple[Station, ...]
    buildings: tuple[Building, ...]
    plants: tuple[Plant, ...]
    pumps: tuple[Pump, ...]
    ground_temp_c: float
    makeup_temp_c: float
    leak_reference_bar: float
    leak_exponent: float
    radiators: RadiatorReference
    secondary_curve: tuple[tuple[float, float], ...]

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Position of each node by its name."""
        return {node.node_id: i for i, node in enumerate(self.nodes)}

    @cached_property
    def pipe_index(self) -> dict[str, int]:
        """Position of each pipe by its name."""
        return {pipe.pipe_id: i for i, pipe in enumerate(self.pipes)}

    @cached_property
    def station_index(self) -> dict[str, int]:
        """Position of each station by its name."""
        return {station.station_id: i for i, station in enumerate(self.stations)}

    @cached_property
    def plant_index(self) -> dict[str, int]:
        """Position of each plant by its name."""
        return {plant.plant_id: i for i, plant in enumerate(self.plants)}

    @cached_property
    def pump_index(self) -> dict[str, int]:
        """Position of each pump by its name."""
        return {pump.pump_id: i for i, pump in enumerate(self.pumps)}

    @cached_property
    def building_index(self) -> dict[str, int]:
        """Position of each building by its name."""
        return {building.building_id: i for i, building in enumerate(self.buildings)}
