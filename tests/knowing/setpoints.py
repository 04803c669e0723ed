"""Setpoints that stay where they are."""

from datetime import datetime

import numpy as np

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState


def constant(state: PlantState, start: datetime, step_s: int, hours: int) -> Schedule:
    def held(values: FloatArray) -> FloatArray:
        return frozen(np.repeat(np.asarray(values)[:, None], hours * 3600 // step_s, axis=1))

    return Schedule(
        start=start,
        step_s=step_s,
        supply_temp_c=held(state.supply_temp_setpoint_c),
        pump_setpoint=held(state.pump_setpoint),
        secondary_offset_k=held(state.secondary_offset_k),
    )
