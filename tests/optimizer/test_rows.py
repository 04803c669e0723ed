"""Rows of the rounds' model."""

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizer.blocks.rows import row_expression
from optimizer.round import solver_session


def test_next_to_nothing_is_left_out_and_the_solver_has_nothing_to_warn_of(
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = pyo.ConcreteModel()
    model.move = pyo.Var(range(3), bounds=(0.0, 1.0), initialize=0.0)
    model.rows = pyo.ConstraintList()
    model.worth = pyo.Objective(expr=-sum(model.move[d] for d in range(3)))
    session = solver_session()
    session.solve(model)
    # The solver holds the model by now: what is added goes to it outside of a solve.
    model.rows.add((None, row_expression(model, np.array([1e-9, -1e-12, 2.0])), 1.0))
    results = session.solve(model)
    results.solution_loader.load_vars()
    assert [pyo.value(model.move[d]) for d in range(3)] == pytest.approx([1.0, 1.0, 0.5])
    assert capfd.readouterr() == ("", "")
