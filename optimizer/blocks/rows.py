"""Pyomo: linear expressions of the moves, built from a row of coefficients."""

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.model.arrays import FloatArray


def row_expression(
    model: pyo.ConcreteModel,
    coefficients: FloatArray,
    extra: tuple[tuple[float, pyo.Var], ...] = (),
) -> LinearExpression:
    """Sum of coefficients times moves, and of further terms.

    Args:
        model: Has `move`.
        coefficients: One per decision, shape (decisions,).
        extra: Further (coefficient, variable) terms.

    Returns:
        The expression.
    """
    used = np.flatnonzero(coefficients)
    return LinearExpression(
        constant=0.0,
        linear_coefs=[float(coefficients[d]) for d in used] + [factor for factor, _ in extra],
        linear_vars=[model.move[int(d)] for d in used] + [variable for _, variable in extra],
    )
