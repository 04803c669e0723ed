"""What plants at their capacity deliver of their setpoints, in means of the steps."""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.trace import Trace
from optimizer.timegrid import setpoints_at_boundaries, step_means


def outlet_setpoints_c(trace: Trace) -> FloatArray:
    """Mean of each plant's outlet setpoint over each step.

    Args:
        trace: A run.

    Returns:
        Temperatures, degC, shape (steps, plants).
    """
    return step_means(setpoints_at_boundaries(trace.plants.setpoint_c.T)).T


def beyond_capacity_k(trace: Trace) -> FloatArray:
    """By how much setpoints lie above what plants deliver, as means of the steps.

    A falling setpoint lies below where it stood as the step began: what a plant at its capacity
    lacks is a matter of the step's mean.

    Args:
        trace: A run.

    Returns:
        K, zero where a plant reaches its setpoint, shape (steps, plants).
    """
    delivered = trace.plants.supply_temp_c
    held_back = delivered != trace.plants.setpoint_c
    return np.where(held_back, np.maximum(outlet_setpoints_c(trace) - delivered, 0.0), 0.0)
