"""The state of a plant at an instant: what is in the pipes, the walls and the buildings."""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class PipeContents:
    """Plugs of water in the pipes of one side (supply or return), in drawn direction.

    Attributes:
        start: Position of each pipe's first plug in the two arrays below, shape (pipes + 1,).
        mass_kg: Effective mass (water and its share of wall) of each plug, shape (plugs,).
        enthalpy_j_kg: Specific enthalpy of each plug, shape (plugs,).
    """

    start: IntArray
    mass_kg: FloatArray
    enthalpy_j_kg: FloatArray


@dataclass(frozen=True, kw_only=True)
class PlantState:
    """Everything the next step depends on.

    Attributes:
        supply_contents: Water in the supply pipes.
        return_contents: Water in the return pipes.
        supply_node_temp_c: Water at each node's supply side, degC, shape (nodes,).
        return_node_temp_c: Water at each node's return side, degC, shape (nodes,).
        station_return_temp_c: Primary return of each station, degC, shape (stations,).
        boiler_deficit_j: Heat that each plant has lent to the water beyond its capacity and
            takes back in the next step, J, never negative, shape (plants,).
        indoor_temp_c: Air of each building, degC, shape (buildings,).
        envelope_temp_c: Envelope of each building, degC, shape (buildings,).
        supply_temp_setpoint_c: Last setpoint of each plant, degC, shape (plants,).
        pump_setpoint: Last setpoint of each pump (% or bar), shape (pumps,).
        secondary_offset_k: Last offset of each station, K, shape (stations,).
        supply_inlet_temp_c: Water entering each supply pipe, degC, shape (pipes,).
        return_inlet_temp_c: Water entering each return pipe, degC, shape (pipes,).
        running: Whether each plant runs, shape (plants,); None where all do.
    """

    supply_contents: PipeContents
    return_contents: PipeContents
    supply_node_temp_c: FloatArray
    return_node_temp_c: FloatArray
    station_return_temp_c: FloatArray
    boiler_deficit_j: FloatArray
    indoor_temp_c: FloatArray
    envelope_temp_c: FloatArray
    supply_temp_setpoint_c: FloatArray
    pump_setpoint: FloatArray
    secondary_offset_k: FloatArray
    supply_inlet_temp_c: FloatArray
    return_inlet_temp_c: FloatArray
    running: BoolArray | None = None

    @property
    def runs(self) -> BoolArray:
        """Whether each plant runs, shape (plants,)."""
        if self.running is None:
            return np.ones(self.supply_temp_setpoint_c.shape, dtype=np.bool_)
        return self.running
