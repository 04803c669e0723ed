"""Pyomo: which few valves to turn, and how far, so that the coldest flats gain most."""

import numpy as np
import pyomo.environ as pyo

from optimizer.model.arrays import FloatArray


def declare_turns(
    spare_k: FloatArray,
    slope: FloatArray,
    low: FloatArray,
    high: FloatArray,
    most: int,
    per_largest: float,
    effort: float,
) -> pyo.ConcreteModel:
    """Declare the choice of turns for a linear picture of the flats.

    Args:
        spare_k: How far each coldest flat stays above its minimum, K, shape (flats,).
        slope: Its derivatives by the logarithm of each valve's opening, shape (flats, valves).
        low, high: How far each logarithm may move, low at most 0 and high at least 0.
        most: How many valves may be turned.
        per_largest: Weight of the largest shortfall beside the sum of all.
        effort: Weight of each turn, so that a valve is not turned for nothing.

    Returns:
        A model with `move` and `turned` for each valve.
    """
    model = pyo.ConcreteModel()
    valves, flats = range(slope.shape[1]), range(slope.shape[0])
    model.move = pyo.Var(valves, bounds=lambda _, v: (float(low[v]), float(high[v])))
    model.turned = pyo.Var(valves, domain=pyo.Binary)
    model.short = pyo.Var(flats, domain=pyo.NonNegativeReals)
    model.largest = pyo.Var(domain=pyo.NonNegativeReals)
    model.rows = pyo.ConstraintList()
    for v in valves:
        model.rows.add(model.move[v] <= float(high[v]) * model.turned[v])
        model.rows.add(model.move[v] >= float(low[v]) * model.turned[v])
    for f in flats:
        gained = sum(float(slope[f, v]) * model.move[v] for v in np.flatnonzero(slope[f]).tolist())
        model.rows.add(model.short[f] >= -float(spare_k[f]) - gained)
        model.rows.add(model.largest >= model.short[f])
    model.rows.add(sum(model.turned[v] for v in valves) <= most)
    model.objective = pyo.Objective(
        expr=per_largest * model.largest
        + sum(model.short[f] for f in flats)
        + effort * sum(model.turned[v] for v in valves)
    )
    return model
