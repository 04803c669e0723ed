"""Pyomo: what the pipes, plants and radiators can take."""

import pyomo.environ as pyo

from optimizer.blocks.rows import row_expression
from optimizer.model.arrays import FloatArray
from optimizer.watched_limits import WatchedLimits


def declare_var_excess(model: pyo.ConcreteModel) -> None:
    """Declare `excess[r]`, how far limit r is passed, in its scale; and the rows' container.

    Args:
        model: Receives `excess` and `limit`.
    """
    model.excess = pyo.VarList(domain=pyo.NonNegativeReals)
    model.limit = pyo.ConstraintList()


def declare_ineq_limit(
    model: pyo.ConcreteModel, limits: WatchedLimits, slope: FloatArray, r: int
) -> pyo.Var:
    """Declare one limit: value + slope * move <= allowed + scale * excess.

    Args:
        model: Has `move`, `excess` and `limit`.
        limits: The watched limits.
        slope: Their derivatives, shape (limits, decisions).
        r: Which limit.

    Returns:
        Its excess.
    """
    excess = model.excess.add()
    scale = float(limits.scale[r])
    expression = row_expression(model, slope[r] / scale, ((-1.0, excess),))
    room = float(limits.allowed[r] - limits.value[r]) / scale
    model.limit.add((None, expression, room))
    return excess
