"""The judge's own reading of plants that stand still: what ramps and least loads then mean."""

from itertools import pairwise

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, Pump, PumpControl
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

# For so long a plant may be under its least load after a start and before a stop, at most.
MOST_COMING_UP_H = 2.0

# The times in which a plant runs: instants of the start and of its end, or of the horizon's.
Times = list[tuple[int, int]]


def times_of_running(ran: BoolArray, running: BoolArray) -> list[Times]:
    """List the times in which each plant runs.

    Args:
        ran: Whether it did before the start, shape (plants,).
        running: Whether it does in each step, shape (steps, plants).

    Returns:
        In instants, of which the first is before the start and the second the start itself; what
        a plant is set to as it stops belongs to the time that ends there.
    """
    every = []
    for p in range(running.shape[1]):
        times: Times = []
        begin = -1
        for instant, on in enumerate([ran[p], *running[:, p], False]):
            if on and begin < 0:
                begin = instant
            elif not on and begin >= 0:
                times.append((begin, instant))
                begin = -1
        every.append(times)
    return every


def while_running(course: FloatArray, times: list[Times]) -> FloatArray:
    """Leave out of courses what plants are set to while they stand.

    Args:
        course: Values at the instants, the one before the start first, shape (instants, plants).
        times: When each runs.

    Returns:
        Courses of the same shape, NaN where a plant stands: what it ran with before is still
        compared with what it runs with after.
    """
    runs = np.zeros(course.shape, dtype=np.bool_)
    for p, one in enumerate(times):
        for begin, end in one:
            runs[begin : end + 1, p] = True
    return np.where(runs, course, np.nan)


def pumps_through_stops(network: Network, runs: BoolArray, setpoint: FloatArray) -> FloatArray:
    """Set pumps of standing plants to the least: there they start from, and from there they stop.

    Args:
        network: The network.
        runs: Whether each plant runs, before the start and in each step, shape (steps + 1, plants).
        setpoint: Setpoints before the start and at the boundaries, shape (steps + 2, pumps).

    Returns:
        Setpoints through standstill, same shape.
    """
    course = setpoint.copy()
    for i, pump in enumerate(network.pumps):
        if pump.plant_id is not None:
            own = runs[:, network.plant_index[pump.plant_id]]
            course[~np.concatenate([own, own[-1:]]), i] = _least_setpoint(pump)
    return course


def _least_setpoint(pump: Pump) -> float:
    """Least speed, or a pressure that asks for no more than that."""
    return 0.0 if pump.control is PumpControl.DIFFERENTIAL_PRESSURE else pump.min_speed_pct


def speed_through_stops(network: Network, running: BoolArray, speed_pct: FloatArray) -> FloatArray:
    """Give pumps of standing plants the least speed.

    Args:
        network: The network.
        running: Whether each plant runs, shape (steps, plants).
        speed_pct: Speed of each pump, %, shape (steps, pumps).

    Returns:
        Speeds through standstill, same shape.
    """
    course = speed_pct.copy()
    for i, pump in enumerate(network.pumps):
        if pump.plant_id is not None:
            course[~running[:, network.plant_index[pump.plant_id]], i] = pump.min_speed_pct
    return course


def carries_its_least(
    network: Network, ran: BoolArray, running: BoolArray, step_s: int, parts: int
) -> BoolArray:
    """Tell when each plant runs and its pumps have had the time from least to full speed, bounded.

    Args:
        network: The network.
        ran: Whether it ran before the start, shape (plants,).
        running: Whether it does in each step, shape (steps, plants).
        step_s: Step length, s.
        parts: Steps for each one of the schedule; times are rounded up to whole ones of those.

    Returns:
        Marks, shape (steps, plants).
    """
    carries = running.copy()
    for p, times in enumerate(times_of_running(ran, running)):
        slowest_s = max(
            (
                (pump.max_speed_pct - pump.min_speed_pct) / pump.max_speed_ramp_pct_h * 3600.0
                for pump in network.pumps
                if pump.plant_id == network.plants[p].plant_id
            ),
            default=0.0,
        )
        slowest_s = min(slowest_s, MOST_COMING_UP_H * 3600.0)
        steps = int(np.ceil(slowest_s / (step_s * parts) - 1e-9)) * parts
        for begin, end in times:
            first, after = begin - 1, end - 1
            if begin > 0:
                carries[first : first + steps, p] = False
            if after < len(carries):
                carries[max(after - steps, 0) : after, p] = False
    return carries


def require_allowed_stops(network: Network, state: PlantState, schedule: Schedule) -> None:
    """Refuse standstill where a plant may not stop, and starts and stops that follow too soon.

    Only times that begin and end within the schedule are held against the least ones.

    Args:
        network: The network.
        state: State at the start.
        schedule: The schedule.

    Raises:
        ValueError: If a plant stands still that may not, or too briefly, or runs too briefly.
    """
    if schedule.running is None:
        return
    step_h = schedule.step_s / 3600.0
    for plant, runs, ran in zip(network.plants, schedule.runs, state.runs, strict=True):
        if not plant.can_stop and not runs.all():
            raise ValueError(f"plant {plant.plant_id} stands still and may not")
        course = np.concatenate([[ran], runs])
        changes = np.flatnonzero(course[1:] != course[:-1])
        for begin, end in pairwise(changes):
            least_h = plant.min_on_h if runs[begin] else plant.min_off_h
            if (end - begin) * step_h < least_h - 1e-9:
                word = "runs" if runs[begin] else "stands still"
                raise ValueError(
                    f"plant {plant.plant_id} {word} for {(end - begin) * step_h:g} h, less than "
                    f"{least_h:g}"
                )
