"""Pyomo: linear expressions of the moves, built from a row of coefficients."""

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from optimizer.model.arrays import FloatArray

# What the solver leaves out of a row by itself, after a warning on standard output.
LEAST_COEFFICIENT = 1e-9


def row_expression(
    model: pyo.ConcreteModel,
    coefficients: FloatArray,
    extra: tuple[tuple[float, pyo.Var], ...] = (),
) -> LinearExpression:
    """Sum of coefficients times moves, and of further terms.

    Args:
        model: Has `move`.
        coefficients: One per decision, shape (decisions,); next to nothing counts as nothing.
        extra: Further (coefficient, variable) terms.

    Returns:
        The expression.
    """
    used = np.flatnonzero(np.abs(coefficients) > LEAST_COEFFICIENT)
    return LinearExpression(
        constant=0.0,
        linear_coefs=[float(coefficients[d]) for d in used] + [factor for factor, _ in extra],
        linear_vars=[model.move[int(d)] for d in used] + [variable for _, variable in extra],
    )
