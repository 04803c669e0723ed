"""Pyomo: what a round's moves cost, with the bend of the pumps' power."""

import numpy as np
import pyomo.environ as pyo

from optimizer.blocks.rows import row_expression
from optimizer.model.arrays import FloatArray

# Where the parabola of a pump's power is touched by tangents, in trust radii.
TANGENTS = (-1.0, -0.5, -0.2, 0.2, 0.5, 1.0)


def declare_var_bend(model: pyo.ConcreteModel, pump_bend: FloatArray, radius: FloatArray) -> None:
    """Declare `bend[d]`, at least the second-order cost of moving each pump decision.

    Args:
        model: Has `move`; receives `bend` and `tangent`.
        pump_bend: Half the second derivative of the cost, shape (decisions,).
        radius: Trust radius of each decision, shape (decisions,).
    """
    bent = [int(d) for d in np.flatnonzero(pump_bend > 0.0)]
    model.bend = pyo.Var(bent, domain=pyo.NonNegativeReals, initialize=0.0)
    model.tangent = pyo.ConstraintList()
    for d in bent:
        unit = np.zeros(len(pump_bend))
        unit[d] = 1.0
        for share in TANGENTS:
            at = share * float(radius[d])
            slope = 2.0 * float(pump_bend[d]) * at
            line = row_expression(model, slope * unit, ((-1.0, model.bend[d]),))
            model.tangent.add((None, line, 0.5 * slope * at))


def cost_expression(model: pyo.ConcreteModel, cost_slope: FloatArray) -> pyo.Expression:
    """Change of the cost.

    Args:
        model: Has `move` and `bend`.
        cost_slope: Derivative of the cost, shape (decisions,).

    Returns:
        The expression to minimise.
    """
    bends = tuple((1.0, model.bend[d]) for d in model.bend)
    return row_expression(model, cost_slope, bends)
