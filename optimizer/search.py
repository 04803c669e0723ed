"""The sequential loop: simulate, linearise, solve, and accept only what the simulation confirms.

A trust-region method on one merit that keeps the order of the tiers. Budgets count rounds, never
seconds, so that the same inputs give the same plan.

Source: R. H. Byrd, N. I. M. Gould, J. Nocedal, R. A. Waltz, An algorithm for nonlinear
optimization using linear programming and equality constrained subproblems, Math. Program. 100
(2004), doi 10.1007/s10107-003-0485-4.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.levers import Levers, decisions_of, limited, schedule_of
from optimizer.linear_model import (
    LinearModel,
    Merit,
    Task,
    linear_model,
    merit_of,
    promised_merit,
)
from optimizer.model.arrays import FloatArray
from optimizer.model.trace import Trace
from optimizer.round import RoundError, solve_round
from optimizer.simulate import simulate
from optimizer.tangents import Lever

# Trust radius of one unit, by lever; the search starts with FIRST_RADIUS of them.
RADIUS_UNIT = {Lever.PLANT: 2.0, Lever.PUMP: 5.0, Lever.PLANT_PUMPS: 5.0, Lever.OFFSET: 2.0}
# Of the range of a pump that holds a pressure.
PRESSURE_UNIT_SHARE = 0.05
FIRST_RADIUS = 2.0
LARGEST_RADIUS = 4.0
LEAST_RADIUS = 0.02
# A setpoint this far above what a plant can deliver is brought down.
FAR_BEYOND_K = 1.0
# How the radius follows from gained over hoped-for merit.
LEAST_RATIO = 0.05
GOOD_RATIO = 0.5
WIDENED_FACTOR = 1.6
REFUSED_FACTOR = 0.35
# A round that hopes for less than this (K h, or its equal in cost) is idle; two end the search.
LEAST_GAIN = 4e-4
IDLE_ROUNDS = 2

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best decisions of a search.

    Attributes:
        decisions: Their values, shape (decisions,).
        trace: Their trace.
        merit: Their merit.
        rounds: Proposals simulated.
        buildings: Number of buildings with rows of their own in the last round.
        linear: The last linear model, for reasons.
    """

    decisions: FloatArray
    trace: Trace
    merit: Merit
    rounds: int
    buildings: int
    linear: LinearModel


def search(
    task: Task,
    start: FloatArray,
    session: PersistentSolverBase,
    max_rounds: int,
    progress: Progress,
    radius: float = FIRST_RADIUS,
) -> Found:
    """Improve decisions until a round promises nothing more.

    Args:
        task: What is planned.
        start: First decisions, shape (decisions,).
        session: Solver session.
        max_rounds: Largest number of proposals.
        progress: Receives a line a round.
        radius: First trust radius, in units.

    Returns:
        The best decisions.
    """
    unit = _units(task.levers)
    now = _run(task, limited(task.levers, start))
    linear = linear_model(task, now.decisions, now.trace)
    weights = (len(task.district.network.buildings), abs(now.merit.cost) + 1.0)
    rounds, buildings, idle = 0, 0, 0
    while rounds < max_rounds and radius >= LEAST_RADIUS and idle < IDLE_ROUNDS:
        rounds += 1
        try:
            move = solve_round(task.levers, linear, radius * unit, session)
        except RoundError as problem:
            progress(f"round {rounds}: {problem}")
            radius *= REFUSED_FACTOR
            continue
        buildings = move.buildings
        promised = promised_merit(linear, now.merit, move.change)
        trial = _run(task, limited(task.levers, now.decisions + move.change))
        hoped = now.merit.penalty(*weights) - promised.penalty(*weights)
        gained = now.merit.penalty(*weights) - trial.merit.penalty(*weights)
        accepted = gained > 0.0 and gained > LEAST_RATIO * hoped
        progress(_line(rounds, radius, trial.merit, accepted))
        if abs(hoped) < LEAST_GAIN * (1.0 + now.merit.shortfall_k_h):
            idle += 1
        if not accepted:
            radius *= REFUSED_FACTOR
            continue
        if gained > GOOD_RATIO * hoped:
            radius = min(WIDENED_FACTOR * radius, LARGEST_RADIUS)
        now = trial
        linear = linear_model(task, now.decisions, now.trace)
    return Found(
        decisions=now.decisions,
        trace=now.trace,
        merit=now.merit,
        rounds=rounds,
        buildings=buildings,
        linear=linear,
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    decisions: FloatArray
    trace: Trace
    merit: Merit


def _run(task: Task, decisions: FloatArray) -> _Run:
    """Simulate decisions; where a plant cannot reach its setpoint, lower that to what it gives."""
    trace = _simulate(task, decisions)
    lowered = _lowered(task, decisions, trace)
    if not np.array_equal(lowered, decisions):
        decisions = lowered
        trace = _simulate(task, decisions)
    return _Run(decisions=decisions, trace=trace, merit=merit_of(task, trace))


def _simulate(task: Task, decisions: FloatArray) -> Trace:
    network = task.district.network
    schedule = schedule_of(task.levers, network, decisions, task.template)
    return simulate(network, task.state, task.forecast, schedule)


def _lowered(task: Task, decisions: FloatArray, trace: Trace) -> FloatArray:
    """Setpoints far beyond a plant's capacity, brought down to just above what it delivers.

    There the derivative by the setpoint is zero and a linear model sees no lever.
    """
    setpoints = schedule_of(task.levers, task.district.network, decisions, task.template)
    delivered = trace.plants.supply_temp_c.T
    if np.all(setpoints.supply_temp_c <= delivered + FAR_BEYOND_K):
        return decisions
    near = np.minimum(setpoints.supply_temp_c, delivered + 0.5 * FAR_BEYOND_K)
    reached = decisions_of(task.levers, replace(setpoints, supply_temp_c=near))
    return limited(task.levers, np.minimum(reached, decisions))


def _units(levers: Levers) -> FloatArray:
    units = []
    for r in levers.ranges:
        unit = RADIUS_UNIT[r.lever]
        if r.lever in (Lever.PUMP, Lever.PLANT_PUMPS) and r.high <= 25.0:
            unit = PRESSURE_UNIT_SHARE * (r.high - r.low)
        units += [unit] * len(r.knots)
    return np.array(units)


def _line(number: int, radius: float, merit: Merit, accepted: bool) -> str:
    return (
        f"round {number}: trust {radius:.2f}, violation {merit.violation:.3f}, "
        f"largest shortfall {merit.max_shortfall_k:.3f} K, {merit.shortfall_k_h:.2f} K h, "
        f"cost {merit.cost:.1f}, {'accepted' if accepted else 'refused'}"
    )
