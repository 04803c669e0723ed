"""Pyomo: how far each decision moves in a round, within range, trust and ramps."""

import pyomo.environ as pyo

from optimizer.levers import Levers, start_window
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
    for before, at, fall, rise in levers.ramps():
        present = float(decisions[at] - decisions[before])
        low, high = min(-fall - present, 0.0), max(rise - present, 0.0)
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
    for before, at, fall, rise in levers.ramps():
        present = float(decisions[at] - decisions[before])
        moved = present + float(moves[at] - moves[before])
        worst = max(worst, moved - max(rise, present), min(-fall, present) - moved)
    return worst
