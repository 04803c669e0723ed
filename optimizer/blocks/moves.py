"""Pyomo: how far each decision moves in a round, within range, trust and ramps."""

import numpy as np
import pyomo.environ as pyo

from optimizer.levers import Levers, knot_gaps, start_window
from optimizer.model.arrays import BoolArray, FloatArray


def declare_var_moves(
    model: pyo.ConcreteModel,
    levers: Levers,
    decisions: FloatArray,
    radius: FloatArray,
    held_back: BoolArray,
) -> None:
    """Declare `move[d]`, the change of each decision.

    What a plant at its capacity delivers may fall below the range of its setpoint.

    Args:
        model: Receives the variables.
        levers: The levers.
        decisions: Present decisions, shape (decisions,).
        radius: Trust radius of each decision, in its unit, shape (decisions,).
        held_back: Setpoints that a plant at its capacity does not reach, shape (decisions,).
    """
    model.move = pyo.Var(range(levers.count), initialize=0.0)
    for number, r in enumerate(levers.ranges):
        for i, hour in enumerate(r.knots):
            at = int(levers.first[number]) + i
            low, high = start_window(r, float(hour))
            present = float(decisions[at])
            # Present decisions stay possible even where a limit has moved past them.
            lowest = min(max(low - present, -float(radius[at])), 0.0)
            lowest = -float(radius[at]) if held_back[at] else lowest
            highest = max(min(high - present, float(radius[at])), 0.0)
            model.move[at].setlb(lowest)
            model.move[at].setub(highest)


def declare_ineq_ramps(model: pyo.ConcreteModel, levers: Levers, decisions: FloatArray) -> None:
    """Declare that setpoints keep their ramps from knot to knot.

    Args:
        model: Has `move`; receives `ramp_up` and `ramp_down`.
        levers: The levers.
        decisions: Present decisions, shape (decisions,).
    """
    model.ramp = pyo.ConstraintList()
    for number, r in enumerate(levers.ranges):
        first = int(levers.first[number])
        gaps = knot_gaps(r)
        for i in range(1, len(r.knots)):
            before, at = first + i - 1, first + i
            present = float(decisions[at] - decisions[before])
            low = min(-r.down_per_h * gaps[i] - present, 0.0)
            high = max(r.up_per_h * gaps[i] - present, 0.0)
            model.ramp.add((low, model.move[at] - model.move[before], high))


def ramp_excess(levers: Levers, decisions: FloatArray, moves: FloatArray) -> float:
    """Largest violation of a ramp by moved decisions, beyond what the present ones violate.

    Args:
        levers: The levers.
        decisions: Present decisions, shape (decisions,).
        moves: Their changes, shape (decisions,).

    Returns:
        Excess in the setpoint's unit, never negative.
    """
    worst = 0.0
    for number, r in enumerate(levers.ranges):
        own = slice(levers.first[number], levers.first[number + 1])
        present = np.diff(decisions[own])
        moved = np.diff(decisions[own] + moves[own])
        gaps = knot_gaps(r)[1:]
        above = moved - np.maximum(r.up_per_h * gaps, present)
        below = np.minimum(-r.down_per_h * gaps, present) - moved
        worst = max(worst, float(above.max(initial=0.0)), float(below.max(initial=0.0)))
    return worst
