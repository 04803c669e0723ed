"""Setpoints over a horizon: outlet temperatures, pump setpoints and station offsets."""

from dataclasses import dataclass
from datetime import datetime

from optimizer.model.arrays import FloatArray


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
    """

    start: datetime
    step_s: int
    supply_temp_c: FloatArray
    pump_setpoint: FloatArray
    secondary_offset_k: FloatArray

    @property
    def steps(self) -> int:
        """Number of steps."""
        return int(self.supply_temp_c.shape[1])
