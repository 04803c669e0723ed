"""Setpoints over a horizon: outlets, pumps, station offsets, and which plants run."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Setpoints at each step's start, linear between steps, the last value held.

    Attributes:
        start: First instant, tz-aware UTC.
        step_s: Step length, s.
        supply_temp_c: Outlet temperature setpoint of each plant, degC, shape (plants, steps).
        pump_setpoint: Setpoint of each pump, shape (pumps, steps): relative speed in % for speed
            control, differential pressure in bar for differential-pressure control.
        secondary_offset_k: Offset to each station's weather curve, K, shape (stations, steps).
        running: Whether each plant runs, for whole steps, shape (plants, steps); None where all
            run throughout. The pumps of a plant that stands still stand too, whatever they are set
            to, and their non-return valves are closed.
    """

    start: datetime
    step_s: int
    supply_temp_c: FloatArray
    pump_setpoint: FloatArray
    secondary_offset_k: FloatArray
    running: BoolArray | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.supply_temp_c.shape[1])

    @property
    def runs(self) -> BoolArray:
        """Whether each plant runs in each step, shape (plants, steps)."""
        if self.running is None:
            return np.ones(self.supply_temp_c.shape, dtype=np.bool_)
        return self.running
