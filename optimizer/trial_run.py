"""Decisions simulated in the watched members, as a search tries them."""

from dataclasses import dataclass

import numpy as np

from optimizer.capacity import beyond_capacity_k
from optimizer.lever_schedules import schedule_of
from optimizer.levers import limited
from optimizer.linear_model import Task
from optimizer.members import runs_in
from optimizer.merit import Merit, merit_of
from optimizer.model.arrays import FloatArray
from optimizer.model.trace import Trace
from optimizer.tangents import Lever

# A setpoint further above what a plant can deliver is brought down to where it is half as far, so
# many times at most.
FAR_BEYOND_K = 0.5
LOWERINGS = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """Decisions simulated in the watched members, and how many simulations it took."""

    decisions: FloatArray
    traces: tuple[Trace, ...]
    merit: Merit
    simulations: int


def run_of(task: Task, decisions: FloatArray) -> Run:
    """Simulate decisions; where a plant cannot reach its setpoint, lower that to what it gives.

    Far beyond its capacity a small move of a plant's setpoint moves nothing.

    Args:
        task: What is planned.
        decisions: The decisions, shape (decisions,).

    Returns:
        The run.
    """
    traces, times = _simulate(task, decisions), 1
    while times <= LOWERINGS:
        lowered = _lowered(task, decisions, traces[0])
        if np.array_equal(lowered, decisions):
            break
        decisions = lowered
        traces, times = _simulate(task, decisions), times + 1
    return Run(
        decisions=decisions,
        traces=traces,
        merit=merit_of(task, traces),
        simulations=times * len(traces),
    )


def _simulate(task: Task, decisions: FloatArray) -> tuple[Trace, ...]:
    network = task.district.network
    schedule = schedule_of(task.levers, network, decisions, task.template)
    return runs_in(network, task.state, task.forecast, schedule, task.members)


def _lowered(task: Task, decisions: FloatArray, trace: Trace) -> FloatArray:
    """Setpoints beyond a plant's capacity, brought down by what it lacked around each knot."""
    lacking = beyond_capacity_k(trace)
    if np.all(lacking <= FAR_BEYOND_K):
        return decisions
    levers, lowered = task.levers, decisions.copy()
    hats = levers.directions.profile > 0.0
    for number, r in enumerate(levers.ranges):
        if r.lever is Lever.PLANT:
            for knot in range(levers.first[number], levers.first[number + 1]):
                lack = float(lacking[hats[knot], r.which].max(initial=0.0))
                lowered[knot] -= lack - 0.5 * FAR_BEYOND_K if lack > FAR_BEYOND_K else 0.0
    return limited(levers, np.minimum(lowered, decisions))
