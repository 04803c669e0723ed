"""The sequential loop: simulate, linearise, solve, and accept only what the simulation confirms.

A trust-region method on the lexicographic merit. Budgets count rounds, never seconds, so that the
same inputs give the same plan.

Source: R. H. Byrd, N. I. M. Gould, J. Nocedal, R. A. Waltz, An algorithm for nonlinear
optimization using linear programming and equality constrained subproblems, Math. Program. 100
(2004), doi 10.1007/s10107-003-0485-4.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.levers import Levers, decisions_of, limited, schedule_of
from optimizer.linear_model import LinearModel, Merit, Task, linear_model, merit_of
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
# Differences of merit that do not count.
VIOLATION_TOLERANCE = 0.05
SHORTFALL_TOLERANCE_K = 0.004
KELVIN_HOURS_SHARE = 0.002
COST_SHARE = 2e-5

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best decisions of a search.

    Attributes:
        decisions: Their values, shape (decisions,).
        trace: Their trace.
        merit: Their merit.
        rounds, simulations: What the search took.
        buildings: Number of buildings with rows of their own in the last round.
        linear: The last linear model, for reasons.
    """

    decisions: FloatArray
    trace: Trace
    merit: Merit
    rounds: int
    simulations: int
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
        max_rounds: Largest number of linearisations and of proposals.
        progress: Receives a line a round.
        radius: First trust radius, in units.

    Returns:
        The best decisions.
    """
    unit = _units(task.levers)
    now = _run(task, limited(task.levers, start))
    best = now.merit
    simulations, buildings, rounds = 1, 0, 0
    linear = linear_model(task, now.decisions, now.trace)
    fresh = True
    while rounds < max_rounds and radius >= LEAST_RADIUS:
        rounds += 1
        if not fresh:
            linear = linear_model(task, now.decisions, now.trace)
            fresh = True
        try:
            move = solve_round(task.levers, linear, radius * unit, session)
        except RoundError:
            radius *= 0.25
            continue
        buildings = move.buildings
        trial = _run(task, limited(task.levers, now.decisions + move.change))
        simulations += 1
        accepted = acceptable(trial.merit, now.merit, best)
        progress(_line(rounds, radius, trial.merit, accepted))
        if not accepted:
            radius *= 0.35
            continue
        radius *= _radius_factor(trial.merit, now.merit, -move.cost_change)
        radius = min(radius, LARGEST_RADIUS)
        best = _best(best, trial.merit)
        now, fresh = trial, False
    return Found(
        decisions=now.decisions,
        trace=now.trace,
        merit=now.merit,
        rounds=rounds,
        simulations=simulations,
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
    """Setpoints beyond a plant's capacity, brought down to what it delivers.

    There the derivative by the setpoint is zero and a linear model sees no lever.
    """
    setpoints = schedule_of(task.levers, task.district.network, decisions, task.template)
    delivered = np.minimum(trace.plants.supply_temp_c.T, setpoints.supply_temp_c)
    if np.all(delivered >= setpoints.supply_temp_c - 1e-3):
        return decisions
    reached = decisions_of(task.levers, replace(setpoints, supply_temp_c=delivered))
    return limited(task.levers, np.minimum(reached, decisions))


def _units(levers: Levers) -> FloatArray:
    units = []
    for r in levers.ranges:
        unit = RADIUS_UNIT[r.lever]
        if r.lever in (Lever.PUMP, Lever.PLANT_PUMPS) and r.high <= 25.0:
            unit = PRESSURE_UNIT_SHARE * (r.high - r.low)
        units += [unit] * len(r.knots)
    return np.array(units)


def acceptable(trial: Merit, now: Merit, best: Merit) -> bool:
    """Whether a trial may replace the present decisions.

    Args:
        trial: Merit of the trial.
        now: Merit of the present decisions.
        best: The best of each tier so far, which no later tier may give up.

    Returns:
        True where it is better in the first tier that tells them apart.
    """
    if trial.violation > VIOLATION_TOLERANCE:
        return trial.violation < 0.9 * now.violation
    if now.violation > VIOLATION_TOLERANCE:
        return True
    kept = best.max_shortfall_k + SHORTFALL_TOLERANCE_K
    if best.max_shortfall_k > 0.1:
        kept += 0.05
    if trial.max_shortfall_k > kept:
        return False
    if trial.max_shortfall_k < now.max_shortfall_k - 0.02:
        return True
    share = KELVIN_HOURS_SHARE + (0.005 if best.shortfall_k_h > 1.0 else 0.0)
    if trial.shortfall_k_h > best.shortfall_k_h * (1.0 + share) + 0.01:
        return False
    if trial.shortfall_k_h < now.shortfall_k_h * (1.0 - 0.003) - 0.01:
        return True
    return trial.cost < now.cost


def _best(best: Merit, new: Merit) -> Merit:
    """Best of each tier; a new best in a tier starts the lower ones afresh."""
    if best.violation > VIOLATION_TOLERANCE:
        return new
    if new.max_shortfall_k < best.max_shortfall_k - 0.02:
        return new
    return Merit(
        violation=0.0,
        max_shortfall_k=min(best.max_shortfall_k, new.max_shortfall_k),
        shortfall_k_h=min(best.shortfall_k_h, new.shortfall_k_h),
        cost=min(best.cost, new.cost),
    )


def _radius_factor(trial: Merit, now: Merit, promised: float) -> float:
    """How the trust radius follows from what an accepted round promised and kept."""
    if _barely_better(trial, now):
        return 0.4
    warmer = now.shortfall_k_h - trial.shortfall_k_h > 0.01 * now.shortfall_k_h
    kept = now.cost - trial.cost
    if warmer or trial.violation < now.violation - VIOLATION_TOLERANCE or kept > 0.6 * promised:
        return 1.5
    return 0.5 if kept < 0.25 * promised else 1.0


def _barely_better(trial: Merit, now: Merit) -> bool:
    return (
        abs(now.cost - trial.cost) < COST_SHARE * abs(now.cost)
        and now.max_shortfall_k - trial.max_shortfall_k < 0.01
        and now.shortfall_k_h - trial.shortfall_k_h < 0.002 * now.shortfall_k_h + 0.02
        and now.violation <= VIOLATION_TOLERANCE
    )


def _line(number: int, radius: float, merit: Merit, accepted: bool) -> str:
    return (
        f"round {number}: trust {radius:.2f}, violation {merit.violation:.3f}, "
        f"largest shortfall {merit.max_shortfall_k:.3f} K, {merit.shortfall_k_h:.2f} K h, "
        f"cost {merit.cost:.1f}, {'accepted' if accepted else 'refused'}"
    )
