"""Plants that stand still: when they run, what their setpoints mean meanwhile, and coming up.

A plant starts from standstill with its pumps at their least setpoint at once and goes on by their
ramp; it stops the same way. Its outlet is bound to no ramp before the first step in which it runs.
"""

from dataclasses import replace

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, frozen
from optimizer.model.network import Network, Plant, Pump
from optimizer.model.schedule import Schedule

HOUR_S = 3600.0
# A boiler goes below its least load for no longer than this as it starts or stops, however slow its
# pumps are: it would stand in its own condensate, or go out.
MOST_COMING_UP_H = 2.0


def running_spans(runs: BoolArray) -> list[tuple[int, int]]:
    """List the times for which a plant runs without a stop.

    Args:
        runs: Whether it runs, shape (steps,).

    Returns:
        First step of each, and the one after its last.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], runs, [False]]).astype(np.int64)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def pumps_running(network: Network, runs: BoolArray) -> BoolArray:
    """Tell which pumps run: those of plants that do, and every booster.

    Args:
        network: The network.
        runs: Whether each plant runs, shape (plants, steps).

    Returns:
        Marks, shape (pumps, steps).
    """
    marks = np.ones((len(network.pumps), runs.shape[1]), dtype=np.bool_)
    for i, pump in enumerate(network.pumps):
        if pump.plant_id is not None:
            marks[i] = runs[network.plant_index[pump.plant_id]]
    return marks


def with_running(network: Network, schedule: Schedule, running: BoolArray) -> Schedule:
    """Let plants stand still in a schedule.

    Meanwhile its outlet keeps the last setpoint with which it ran, and its pumps the least, with
    which they start again.

    Args:
        network: The network.
        schedule: The schedule.
        running: Whether each plant runs, shape (plants, steps).

    Returns:
        The schedule with these times; as it was where all plants run throughout.
    """
    if running.all():
        return replace(schedule, running=None)
    supply, pumps = schedule.supply_temp_c.copy(), schedule.pump_setpoint.copy()
    for row, runs in zip(supply, running, strict=True):
        last = np.maximum.accumulate(np.where(runs, np.arange(len(runs)), -1))
        row[:] = np.where(runs | (last < 0), row, row[last])
    for i, runs in enumerate(pumps_running(network, running)):
        pumps[i] = np.where(runs, pumps[i], pump_setpoint_range(network.pumps[i])[0])
    marks = running.copy()
    marks.setflags(write=False)
    return replace(
        schedule, supply_temp_c=frozen(supply), pump_setpoint=frozen(pumps), running=marks
    )


def coming_up_h(network: Network, plant: Plant) -> float:
    """Time in which the slowest pump of a plant comes from its least to its full speed, bounded.

    Args:
        network: The network.
        plant: One of its plants.

    Returns:
        Hours, at most MOST_COMING_UP_H; 0 without a pump.
    """
    own = [pump for pump in network.pumps if pump.plant_id == plant.plant_id]
    slowest_h = max(
        ((one.max_speed_pct - one.min_speed_pct) / one.max_speed_ramp_pct_h for one in own),
        default=0.0,
    )
    return min(slowest_h, MOST_COMING_UP_H)


def loaded_steps(network: Network, runs: BoolArray, ran: BoolArray, step_s: float) -> BoolArray:
    """Tell when a plant's least load counts: while it runs, but not as it comes up or goes down.

    Args:
        network: The network.
        runs: Whether each plant runs, shape (plants, steps).
        ran: Whether it did before the first step, shape (plants,).
        step_s: Step length, s.

    Returns:
        Marks, shape (plants, steps).
    """
    marks = runs.copy()
    for plant, mark, began in zip(network.plants, marks, ran, strict=True):
        coming = int(np.ceil(coming_up_h(network, plant) * HOUR_S / step_s - 1e-9))
        for begin, end in running_spans(mark.copy()):
            if begin > 0 or not began:
                mark[begin : begin + coming] = False
            if end < len(mark):
                mark[max(end - coming, 0) : end] = False
    return marks


def starts_of(runs: BoolArray, ran: BoolArray) -> FloatArray:
    """Count how often each plant is started.

    Args:
        runs: Whether each plant runs, shape (plants, steps).
        ran: Whether it did before the first step, shape (plants,).

    Returns:
        Starts, shape (plants,).
    """
    before = np.concatenate([ran[:, None], runs[:, :-1]], axis=1)
    counts: FloatArray = (runs & ~before).sum(axis=1).astype(np.float64)
    return counts


def pump_setpoint_range(pump: Pump) -> tuple[float, float, float]:
    """Range and ramp of a pump's setpoint.

    A pump that holds a pressure may be set from a tenth of its shut-off pressure at least speed
    to its shut-off pressure at full speed; its ramp is the share of that range which a speed ramp
    covers.

    Args:
        pump: The pump.

    Returns:
        Lowest and highest setpoint (% or bar) and fastest change per hour.
    """
    if pump.control == "speed":
        return pump.min_speed_pct, pump.max_speed_pct, pump.max_speed_ramp_pct_h
    full_bar = pump.shutoff_head_m * 9.81 * 1000.0 / 1e5 * (pump.max_speed_pct / 100.0) ** 2
    low_bar = 0.1 * full_bar * (pump.min_speed_pct / pump.max_speed_pct) ** 2
    return low_bar, full_bar, 2.0 * full_bar * pump.max_speed_ramp_pct_h / pump.max_speed_pct
