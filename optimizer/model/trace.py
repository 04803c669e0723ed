"""What a simulation shows: time series of plants, pumps, nodes, pipes, stations and buildings."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.state import PlantState


@dataclass(frozen=True, kw_only=True)
class PlantTrace:
    """Plants, each array of shape (steps, plants).

    `supply_temp_c` is the delivered outlet temperature at the step's start (the setpoint, or less
    where the plant is at its capacity); `running` says whether it runs in the step; the others are
    means of the step.
    """

    supply_temp_c: FloatArray
    setpoint_c: FloatArray
    return_temp_c: FloatArray
    mass_flow_kg_s: FloatArray
    heat_power_mw: FloatArray
    supply_pressure_bar: FloatArray
    return_pressure_bar: FloatArray
    makeup_m3_h: FloatArray
    pump_power_kw: FloatArray
    running: BoolArray


@dataclass(frozen=True, kw_only=True)
class PumpTrace:
    """Pumps, each array of shape (steps, pumps)."""

    mass_flow_kg_s: FloatArray
    head_m: FloatArray
    power_kw: FloatArray
    speed_pct: FloatArray


@dataclass(frozen=True, kw_only=True)
class NodeTrace:
    """Nodes, step means, each array of shape (steps, nodes); NaN where nothing is connected."""

    supply_temp_c: FloatArray
    return_temp_c: FloatArray
    supply_pressure_bar: FloatArray
    return_pressure_bar: FloatArray


@dataclass(frozen=True, kw_only=True)
class PipeTrace:
    """Pipes, step means, each array of shape (steps, pipes); flow is positive as drawn.

    `velocity_m_s` is the larger of the two pipes of the pair, never negative. The inlet
    temperatures are those of the water entering the supply and the return pipe.
    """

    mass_flow_kg_s: FloatArray
    return_mass_flow_kg_s: FloatArray
    velocity_m_s: FloatArray
    supply_inlet_temp_c: FloatArray
    return_inlet_temp_c: FloatArray


@dataclass(frozen=True, kw_only=True)
class StationTrace:
    """Stations, step means, each array of shape (steps, stations).

    `unmet_kw` is the heat that a compensated station or prescribed load asked for and did not get.
    """

    supply_temp_c: FloatArray
    return_temp_c: FloatArray
    mass_flow_kg_s: FloatArray
    heat_power_kw: FloatArray
    secondary_supply_temp_c: FloatArray
    secondary_return_temp_c: FloatArray
    valve_opening_pct: FloatArray
    dp_bar: FloatArray
    unmet_kw: FloatArray


@dataclass(frozen=True, kw_only=True)
class BuildingTrace:
    """Buildings: temperatures at the step boundaries, shape (steps + 1, buildings), and the mean
    heat of each step, shape (steps, buildings)."""

    indoor_temp_c: FloatArray
    worst_flat_temp_c: FloatArray
    envelope_temp_c: FloatArray
    heat_power_kw: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyBalance:
    """Where the heat of a run went, MWh.

    `stored_*` are changes from start to end. The residual is what the balance of the network does
    not explain, relative to the larger of the heat supplied and 1 % of the plants' capacity.
    """

    supplied_mwh: float
    delivered_mwh: float
    pipe_loss_mwh: float
    leaked_mwh: float
    stored_water_mwh: float
    stored_buildings_mwh: float
    residual_pct: float


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One run of the network model from `start` in steps of `step_s` seconds.

    `unsolved` lists the steps whose flows and pressures do not balance: nothing that the run shows
    from the first of them on can be trusted. No network is known that has one.
    """

    start: datetime
    step_s: int
    outdoor_temp_c: FloatArray
    plants: PlantTrace
    pumps: PumpTrace
    nodes: NodeTrace
    pipes: PipeTrace
    stations: StationTrace
    buildings: BuildingTrace
    energy: EnergyBalance
    unsolved: tuple[int, ...]
    end_state: PlantState
