"""A planning task as a nonlinear program over the simulator, solved by IPOPT through CasADi.

Source: A. Wächter, L. T. Biegler, On the implementation of an interior-point filter line-search
algorithm for large-scale nonlinear programming, Math. Program. 106 (2006), doi
10.1007/s10107-004-0559-y.
"""

from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from optimizer.correction import change_of_limits
from optimizer.cost import cost_of_trace
from optimizer.cost_slope import cost_functionals
from optimizer.lever_schedules import schedule_of
from optimizer.levers import Levers, limited
from optimizer.linear_model import Task
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.trace import Trace
from optimizer.tangents import Quantity, Rows, linearise
from optimizer.watched_limits import WatchedLimits, jacobian_of_limits, rows_of_limits

ITERATIONS = 200
OPTIONS: Any = {
    "ipopt.hessian_approximation": "limited-memory",
    "ipopt.limited_memory_max_history": 30,
    "ipopt.max_iter": ITERATIONS,
    "ipopt.tol": 1e-6,
    "ipopt.acceptable_tol": 1e-4,
    "ipopt.acceptable_obj_change_tol": 1e-6,
    "ipopt.print_level": 0,
    "print_time": False,
    "error_on_fail": False,
}


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What the nonlinear program keeps: limits, with the run of their values, and flats."""

    limits: WatchedLimits
    trace: Trace
    building: IntArray
    boundary: IntArray


@dataclass(frozen=True, kw_only=True)
class Value:
    """Cost and constraints (never above zero) at some decisions, with their derivatives."""

    cost: float
    slope: FloatArray
    excess: FloatArray
    jacobian: FloatArray


class Program:
    """The task as a nonlinear program.

    Args:
        task: What is planned.
        kept: Its constraints.
        scale: A typical cost.
    """

    def __init__(self, task: Task, kept: Constraints, scale: float) -> None:
        self.task, self.kept, self.scale = task, kept, scale
        self.count = len(kept.limits.kind) + len(kept.building)
        self._at: tuple[bytes, Value] | None = None
        of_limits = rows_of_limits(kept.limits)
        self._rows = Rows(
            quantity=np.concatenate(
                [of_limits.quantity, np.full(len(kept.building), Quantity.INDOOR_TEMP)]
            ),
            index=np.concatenate([of_limits.index, kept.building]),
            step=np.concatenate([of_limits.step, kept.boundary]),
        )

    def at(self, decisions: FloatArray) -> Value:
        """Simulate and differentiate.

        Args:
            decisions: Shape (decisions,).

        Returns:
            Cost and constraints, scaled.
        """
        key = decisions.tobytes()
        if self._at is None or self._at[0] != key:
            self._at = (key, self._computed(decisions))
        return self._at[1]

    def _computed(self, decisions: FloatArray) -> Value:
        task, kept = self.task, self.kept
        network = task.district.network
        done = linearise(
            network,
            task.state,
            task.forecast,
            schedule_of(task.levers, network, decisions, task.template),
            task.levers.directions,
            self._rows,
            cost_functionals(task.district, task.forecast),
            0,
        )
        limits = kept.limits
        moved = change_of_limits(limits, kept.trace, done.trace)
        rows = len(self._rows.step) - len(kept.building)
        beta = np.array([one.worst_flat_beta for one in network.buildings])[kept.building]
        least = np.array([one.min_indoor_c for one in network.buildings])[kept.building]
        flats = done.trace.buildings.worst_flat_temp_c[kept.boundary, kept.building]
        passed = (limits.value + moved - limits.allowed) / limits.scale
        slope = jacobian_of_limits(limits, done.jacobian[:rows]) / limits.scale[:, None]
        return Value(
            cost=cost_of_trace(task.district, task.state, task.forecast, done.trace).total
            / self.scale,
            slope=done.gradients[0] / self.scale,
            excess=np.concatenate([passed, least + task.comfort_margin_k - flats]),
            jacobian=np.concatenate([slope, -done.jacobian[rows:] * (1.0 - beta)[:, None]]),
        )


class _Evaluated(casadi.Callback):
    """Cost and constraints for IPOPT; its derivative is the other class."""

    def __init__(self, program: Program) -> None:
        casadi.Callback.__init__(self)
        self.program = program
        # CasADi keeps no reference of its own.
        self.derivative: _Derivative | None = None
        self.construct("program", {"enable_fd": False})

    def get_n_in(self) -> int:
        return 1

    def get_n_out(self) -> int:
        return 2

    def get_sparsity_in(self, _i: int) -> Any:
        return casadi.Sparsity.dense(self.program.task.levers.count, 1)

    def get_sparsity_out(self, i: int) -> Any:
        return casadi.Sparsity.dense(1 if i == 0 else self.program.count, 1)

    def eval(self, given: Any) -> Any:
        value = self.program.at(np.array(given[0]).ravel())
        return [value.cost, value.excess]

    def has_jacobian(self) -> bool:
        return True

    def get_jacobian(self, name: str, _in: Any, _out: Any, _options: Any) -> Any:
        self.derivative = _Derivative(name, self.program)
        return self.derivative


class _Derivative(casadi.Callback):
    def __init__(self, name: str, program: Program) -> None:
        casadi.Callback.__init__(self)
        self.program = program
        self.construct(name, {"enable_fd": False})

    def get_n_in(self) -> int:
        return 3

    def get_n_out(self) -> int:
        return 2

    def get_sparsity_in(self, i: int) -> Any:
        rows = (self.program.task.levers.count, 1, self.program.count)[i]
        return casadi.Sparsity.dense(rows, 1)

    def get_sparsity_out(self, i: int) -> Any:
        rows = 1 if i == 0 else self.program.count
        return casadi.Sparsity.dense(rows, self.program.task.levers.count)

    def eval(self, given: Any) -> Any:
        value = self.program.at(np.array(given[0]).ravel())
        return [value.slope[None, :], value.jacobian]


def ramp_rows(levers: Levers) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ramps between knots as rows of a linear inequality.

    Args:
        levers: The levers.

    Returns:
        Rows, and what each must lie between.
    """
    rows, low, high = [], [], []
    for number, one in enumerate(levers.ranges):
        for k in range(1, len(one.knots)):
            row = np.zeros(levers.count)
            row[levers.first[number] + k], row[levers.first[number] + k - 1] = 1.0, -1.0
            hours = one.knots[k] - one.knots[k - 1]
            rows.append(row)
            low.append(-one.down_per_h * hours)
            high.append(one.up_per_h * hours)
    return np.array(rows), np.array(low), np.array(high)


def solved(program: Program, start: FloatArray) -> FloatArray:
    """Let IPOPT solve the program.

    Args:
        program: The program.
        start: Where to start.

    Returns:
        Its decisions, brought within ranges and ramps.
    """
    levers = program.task.levers
    function = _Evaluated(program)
    x = casadi.MX.sym("x", levers.count)
    cost, excess = function(x)
    rows, low, high = ramp_rows(levers)
    kept = casadi.vertcat(excess, casadi.mtimes(casadi.DM(rows), x))
    problem: Any = {"x": x, "f": cost, "g": kept}
    solver = casadi.nlpsol("reference", "ipopt", problem, OPTIONS)
    # The first knot stands where everything stands.
    lowest = limited(levers, np.full(levers.count, -1e6))
    highest = limited(levers, np.full(levers.count, 1e6))
    bounds = [(one.low, one.high, len(one.knots)) for one in levers.ranges]
    least = np.concatenate([np.full(n, a) for a, _, n in bounds])
    most = np.concatenate([np.full(n, b) for _, b, n in bounds])
    first = levers.first[:-1]
    least[first], most[first] = lowest[first], highest[first]
    answer = solver(
        x0=start,
        lbx=least,
        ubx=most,
        lbg=np.concatenate([np.full(program.count, -np.inf), low]),
        ubg=np.concatenate([np.zeros(program.count), high]),
    )
    return limited(levers, np.array(answer["x"]).ravel())
