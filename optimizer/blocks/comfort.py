"""Pyomo: how far the worst flats stay below their minimum."""

import pyomo.environ as pyo

from optimizer.blocks.rows import row_expression
from optimizer.model.arrays import FloatArray


def declare_var_shortfall(model: pyo.ConcreteModel) -> None:
    """Declare `largest`, the largest shortfall, and the containers of the single ones.

    Args:
        model: Receives `largest`, `shortfall`, `warmth` and `fairness`.
    """
    model.largest = pyo.Var(domain=pyo.NonNegativeReals, initialize=0.0)
    model.shortfall = pyo.VarList(domain=pyo.NonNegativeReals)
    model.warmth = pyo.ConstraintList()
    model.fairness = pyo.ConstraintList()


def declare_ineq_warmth(
    model: pyo.ConcreteModel, missing_k: float, slope: FloatArray, *, soft: bool
) -> pyo.Var | None:
    """Declare one flat at one hour: missing - slope * move <= shortfall.

    Args:
        model: Has `move`, `shortfall` and `warmth`.
        missing_k: Minimum less worst flat at present, K.
        slope: Derivatives of the worst flat, shape (decisions,).
        soft: Whether a shortfall is allowed at all.

    Returns:
        The shortfall, or None where none is allowed.
    """
    if not soft:
        model.warmth.add((None, row_expression(model, -slope), -missing_k))
        return None
    shortfall = model.shortfall.add()
    model.warmth.add((None, row_expression(model, -slope, ((-1.0, shortfall),)), -missing_k))
    return shortfall


def declare_ineq_fairness(model: pyo.ConcreteModel, missing_k: float, slope: FloatArray) -> None:
    """Declare that the largest shortfall is at least that of one flat at one hour.

    Args:
        model: Has `move`, `largest` and `fairness`.
        missing_k: Minimum less worst flat at present, K.
        slope: Derivatives of the worst flat, shape (decisions,).
    """
    model.fairness.add((None, row_expression(model, -slope, ((-1.0, model.largest),)), -missing_k))
