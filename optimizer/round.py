"""One round of planning: the linear model solved tier by tier, with rows added as they are needed.

Tiers, none traded against a lower one: limits; the largest shortfall of a flat; the sum of
shortfalls; cost. Only entries that the solution would push past their limit get rows.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.base import PersistentSolverBase, SolverBase
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus
from pyomo.contrib.solver.common.solution_loader import SolutionLoader
from pyomo.core.expr import LinearExpression

from optimizer.blocks.comfort import (
    declare_ineq_fairness,
    declare_ineq_warmth,
    declare_var_shortfall,
)
from optimizer.blocks.cost import cost_expression, declare_var_bend
from optimizer.blocks.limits import declare_ineq_limit, declare_var_excess
from optimizer.blocks.moves import declare_ineq_ramps, declare_var_moves, ramp_excess
from optimizer.levers import Levers
from optimizer.linear_model import LinearModel
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.outcome import LimitKind

# Shares of the largest shortfall and of the kelvin-hours that a later tier may give up.
FAIRNESS_SLACK_SHARE = 0.02
MOST_FAIRNESS_SLACK_K = 0.05
SHORTFALL_SLACK_SHARE = 0.0005
# Rows are added while a limit would be passed by this share of its scale, a flat by this much.
LIMIT_TOLERANCE = 1e-3
FLAT_TOLERANCE_K = 1e-3
MAX_PASSES = 16
LEAST_WORTH = 1e-9
MAX_ROWS_PER_PASS = 300
MAX_ROWS_PER_ELEMENT = 4
# Rows that come nearer than this to their limit are expected to hold the next round back as well.
TIGHT_SCALES = 0.1
TIGHT_K = 0.02
# A solution is believed if it satisfies ramps and limits within this, in their scales.
RESIDUAL_TOLERANCE = 1e-5


class RoundError(Exception):
    """A round's linear model has no solution that can be believed."""


class Tier(StrEnum):
    """What is minimised, in this order."""

    LIMITS = "limits"
    LARGEST = "largest"
    SUM = "sum"
    COST = "cost"


@dataclass(frozen=True, kw_only=True)
class Tight:
    """What held a round back, and is likely to hold the next one.

    Attributes:
        limits: Keys of limits.
        flats: Pairs of building and boundary.
    """

    limits: frozenset[tuple[object, ...]]
    flats: frozenset[tuple[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What one unit more of a limit would buy: warmth where flats are short, else money.

    Attributes:
        kind: Which limit.
        index: Element of its first entry: a node, pipe, plant or station.
        warmth: Whether it buys warmth.
        value: Fall of the largest shortfall, K per unit, or of the cost, currency per unit.
    """

    kind: LimitKind
    index: int
    warmth: bool
    value: float


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a round proposes.

    Attributes:
        change: Change of each decision, shape (decisions,).
        buildings: Number of buildings with rows of their own.
        tight: The limits and flats that held it back.
        worth: What more of each limit would buy, for those that would buy something.
    """

    change: FloatArray
    buildings: int
    tight: Tight
    worth: tuple[Worth, ...]


NOTHING_TIGHT = Tight(limits=frozenset(), flats=frozenset())


def solver_session() -> PersistentSolverBase:
    """Start a HiGHS session for rounds: one thread, fixed seed, simplex.

    Returns:
        The session.
    """
    session = SolverFactory("highs")
    session.config.threads = 1
    session.config.load_solutions = False
    session.config.raise_exception_on_nonoptimal_result = False
    session.config.solver_options["random_seed"] = 1
    session.config.solver_options["solver"] = "simplex"
    return session


def choice_solver() -> SolverBase:
    """Start a HiGHS solver for choices in whole numbers: one thread, fixed seed.

    Returns:
        The solver; it keeps nothing from one model to the next.
    """
    solver = SolverFactory("highs")
    solver.config.threads = 1
    solver.config.load_solutions = True
    solver.config.raise_exception_on_nonoptimal_result = False
    solver.config.solver_options["random_seed"] = 1
    return solver


class _Round:
    """The Pyomo model of one round and what has been added to it so far."""

    def __init__(
        self,
        levers: Levers,
        linear: LinearModel,
        radius: FloatArray,
        expected: Tight,
        *,
        with_worth: bool,
    ) -> None:
        self.with_worth = with_worth
        self.levers = levers
        self.linear = linear
        self.limit_element = _limit_elements(linear)
        self.least_excess = linear.limits.excess
        self.counted = False
        self.limit_rows: dict[int, pyo.Var] = {}
        self.warmth_rows: dict[int, pyo.Var | None] = {}
        self.fairness_rows: set[int] = set()
        self.duals: dict[Tier, dict[int, float]] = {}
        self.model = pyo.ConcreteModel()
        declare_var_moves(self.model, levers, linear.decisions, radius)
        declare_ineq_ramps(self.model, levers, linear.decisions)
        declare_var_excess(self.model)
        declare_var_shortfall(self.model)
        declare_var_bend(self.model, linear.pump_bend, radius)
        self.expected_limits = np.array(
            [key in expected.limits for key in linear.limits.keys], dtype=np.bool_
        )
        pairs = zip(linear.flats.building.tolist(), linear.flats.boundary.tolist(), strict=True)
        self.expected_flats = np.array([pair in expected.flats for pair in pairs], dtype=np.bool_)
        self.reach = np.abs(linear.flats.slope) @ radius

    def violated(self) -> bool:
        """Whether the present decisions pass a limit."""
        return bool((self.linear.limits.excess > LIMIT_TOLERANCE).any())

    def short(self, moves: FloatArray) -> bool:
        """Whether moves leave a flat short that can be warmed."""
        flats = self.linear.flats
        missing = flats.missing_k - flats.slope @ moves
        return bool((flats.movable & (missing > FLAT_TOLERANCE_K)).any())

    def deep(self) -> BoolArray:
        """Mark flats that stay short whatever this round does."""
        return np.asarray(self.linear.flats.missing_k > self.reach)


def solve_round(
    levers: Levers,
    linear: LinearModel,
    radius: FloatArray,
    session: PersistentSolverBase,
    expected: Tight = NOTHING_TIGHT,
    *,
    with_worth: bool = False,
) -> Move:
    """Find the best move within the trust radius.

    Args:
        levers: The levers.
        linear: The linear model.
        radius: Trust radius of each decision, shape (decisions,).
        session: Solver session.
        expected: What held the round before back; it gets its rows at once.
        with_worth: Whether to ask what more of each limit would buy.

    Returns:
        The move.

    Raises:
        RoundError: If the solver finds no solution, or one that is not what it says.
    """
    work = _Round(levers, linear, radius, expected, with_worth=with_worth)
    if work.violated():
        _solve_tier(work, Tier.LIMITS, session)
        work.least_excess = _excess(linear, _moves(work))
        for excess in work.limit_rows.values():
            excess.setub(max(_value(excess), 0.0) + LIMIT_TOLERANCE)
    work.counted = work.short(_moves(work))
    if work.counted:
        _solve_tier(work, Tier.LARGEST, session)
        largest = max(_value(work.model.largest), 0.0)
        slack = min(FAIRNESS_SLACK_SHARE * largest, MOST_FAIRNESS_SLACK_K) + FLAT_TOLERANCE_K
        work.model.largest.setub(largest + slack)
        work.counted = largest > FLAT_TOLERANCE_K
    if work.counted:
        _solve_tier(work, Tier.SUM, session)
        allowed = _value(work.model.objective) * (1.0 + SHORTFALL_SLACK_SHARE)
        work.model.sum_kept = pyo.Constraint(expr=(None, _sum_expression(work), allowed + 1e-6))
    _solve_tier(work, Tier.COST, session)
    flats = linear.flats
    rows = sorted(set(work.warmth_rows) | work.fairness_rows)
    return Move(
        change=_moves(work),
        buildings=len(set(flats.building[rows].tolist())),
        tight=_tight(work),
        worth=_worth(work),
    )


def _worth(work: _Round) -> tuple[Worth, ...]:
    """Add up what the rows of each limit's instants are worth, from the duals of a tier.

    Where flats are short, what a limit gives goes into warmth; money is what it saves elsewhere.
    """
    tier = Tier.LARGEST if work.counted else Tier.COST
    sums: dict[tuple[LimitKind, int], float] = {}
    for r, value in work.duals.get(tier, {}).items():
        key = work.linear.limits.kind[r], int(work.linear.limits.index[r, 0])
        sums[key] = sums.get(key, 0.0) + value
    return tuple(
        Worth(kind=kind, index=index, warmth=work.counted, value=value)
        for (kind, index), value in sums.items()
        if value > LEAST_WORTH
    )


def _tight(work: _Round) -> Tight:
    """Limits and flats with rows that the solution comes near to."""
    moves, flats = _moves(work), work.linear.flats
    keys = work.linear.limits.keys
    excess = _excess(work.linear, moves)
    missing = flats.missing_k - flats.slope @ moves
    return Tight(
        limits=frozenset(keys[r] for r in work.limit_rows if excess[r] > -TIGHT_SCALES),
        flats=frozenset(
            (int(flats.building[r]), int(flats.boundary[r]))
            for r in set(work.warmth_rows) | work.fairness_rows
            if missing[r] > -TIGHT_K
        ),
    )


def _value(component: pyo.Var | pyo.Objective) -> float:
    return float(pyo.value(component))


def _moves(work: _Round) -> FloatArray:
    return np.array([_value(work.model.move[d]) for d in range(work.levers.count)])


def _solve_tier(work: _Round, tier: Tier, session: PersistentSolverBase) -> None:
    """Solve one tier, adding rows until the solution passes nothing that has no row."""
    _add_rows(work, tier)
    for number in range(1, MAX_PASSES + 1):
        _set_objective(work, tier)
        _solve_checked(work, tier, session)
        if number == MAX_PASSES or not _add_rows(work, tier):
            break


def _add_rows(work: _Round, tier: Tier) -> int:
    """Give rows to whatever the solution would pass; returns how many."""
    moves = _moves(work)
    added = _add_limit_rows(work, tier, moves)
    added += _add_warmth_rows(work, tier, moves)
    if tier is not Tier.LIMITS:
        added += _add_fairness_rows(work, moves)
    return added


def _set_objective(work: _Round, tier: Tier) -> None:
    work.model.del_component("objective")
    if tier is Tier.LIMITS:
        expression = sum(work.limit_rows.values()) if work.limit_rows else 0.0 * work.model.largest
    elif tier is Tier.LARGEST:
        expression = 1.0 * work.model.largest
    elif tier is Tier.SUM:
        expression = _sum_expression(work)
    else:
        expression = cost_expression(work.model, work.linear.cost_slope)
    work.model.objective = pyo.Objective(expr=expression)
    if work.model.find_component("sum_kept") is not None:
        upper = pyo.value(work.model.sum_kept.upper)
        work.model.del_component("sum_kept")
        work.model.sum_kept = pyo.Constraint(expr=(None, _sum_expression(work), upper))


def _sum_expression(work: _Round) -> LinearExpression:
    """Kelvin-hours: those of flats with a row, and the linear change of those short throughout."""
    flats = work.linear.flats
    deep = work.deep() & flats.sampled
    slope = -flats.hours * flats.slope[deep].sum(axis=0)
    terms = [
        (flats.hours, shortfall) for shortfall in work.warmth_rows.values() if shortfall is not None
    ]
    used = np.flatnonzero(slope)
    return LinearExpression(
        constant=float(flats.hours * flats.missing_k[deep].sum()),
        linear_coefs=[float(slope[d]) for d in used] + [hours for hours, _ in terms],
        linear_vars=[work.model.move[int(d)] for d in used] + [v for _, v in terms],
    )


def _duals(work: _Round, loader: SolutionLoader) -> dict[int, float]:
    """What one unit more of each limit with a row takes from the objective."""
    rows = list(work.limit_rows)
    if not rows:
        return {}
    constraints = [work.model.limit[number + 1] for number in range(len(rows))]
    duals = loader.get_duals(constraints)
    scale = work.linear.limits.scale
    return {
        r: -float(duals[one]) / float(scale[r]) for r, one in zip(rows, constraints, strict=True)
    }


def _solve_checked(work: _Round, tier: Tier, session: PersistentSolverBase) -> None:
    """Solve, and believe the answer only if it satisfies the rows; else solve from cold once."""
    for attempt in (session, solver_session()):
        results = attempt.solve(work.model)
        if results.solution_status is SolutionStatus.optimal:
            results.solution_loader.load_vars()
            if _residual(work) < RESIDUAL_TOLERANCE:
                if work.with_worth:
                    work.duals[tier] = _duals(work, results.solution_loader)
                return
    raise RoundError(f"no believable solution: {results.termination_condition}")


def _residual(work: _Round) -> float:
    """Largest violation of a ramp or limit row by the solution, recomputed from the numbers."""
    moves = _moves(work)
    worst = ramp_excess(work.levers, work.linear.decisions, moves)
    limits, slope = work.linear.limits, work.linear.limit_slope
    for r, excess in work.limit_rows.items():
        passed = (limits.value[r] + slope[r] @ moves - limits.allowed[r]) / limits.scale[r]
        worst = max(worst, float(passed) - _value(excess))
    return worst


def _excess(linear: LinearModel, moves: FloatArray) -> FloatArray:
    """How far moved decisions pass each limit, in scales."""
    return linear.limits.excess + (linear.limit_slope @ moves) / linear.limits.scale


def _add_limit_rows(work: _Round, tier: Tier, moves: FloatArray) -> int:
    """Give rows to the limits that the moves would pass."""
    limits = work.linear.limits
    passed = _excess(work.linear, moves)
    passed[list(work.limit_rows)] = -np.inf
    chosen = _worst(passed, LIMIT_TOLERANCE, work.limit_element, work.expected_limits)
    for r in chosen:
        excess = declare_ineq_limit(work.model, limits, work.linear.limit_slope, r)
        work.limit_rows[r] = excess
        if tier is not Tier.LIMITS:
            # What the first tier found must remain possible.
            excess.setub(max(float(work.least_excess[r]), 0.0) + LIMIT_TOLERANCE)
    return len(chosen)


def _add_warmth_rows(work: _Round, tier: Tier, moves: FloatArray) -> int:
    """Give rows to the flats that would be short; soft ones where shortfalls are counted."""
    if tier in (Tier.LIMITS, Tier.LARGEST):
        return 0
    flats = work.linear.flats
    missing = flats.missing_k - flats.slope @ moves
    missing[work.deep()] = -np.inf
    missing[list(work.warmth_rows)] = -np.inf
    if work.counted:
        missing[~flats.sampled] = -np.inf
    else:
        missing[~flats.movable] = -np.inf
    chosen = _worst(missing, FLAT_TOLERANCE_K, flats.building, work.expected_flats)
    for r in chosen:
        present = float(flats.missing_k[r]) - (0.0 if work.counted else FLAT_TOLERANCE_K)
        work.warmth_rows[r] = declare_ineq_warmth(
            work.model, present, flats.slope[r], soft=work.counted
        )
    return len(chosen)


def _add_fairness_rows(work: _Round, moves: FloatArray) -> int:
    """Give rows to the flats that would be colder than the largest shortfall says."""
    if not work.counted:
        return 0
    flats = work.linear.flats
    missing = flats.missing_k - flats.slope @ moves - _value(work.model.largest)
    missing[~flats.movable] = -np.inf
    missing[list(work.fairness_rows)] = -np.inf
    chosen = _worst(missing, FLAT_TOLERANCE_K, flats.building, work.expected_flats)
    for r in chosen:
        declare_ineq_fairness(work.model, float(flats.missing_k[r]), flats.slope[r])
        work.fairness_rows.add(r)
    return len(chosen)


def _worst(values: FloatArray, above: float, element: IntArray, expected: BoolArray) -> list[int]:
    """Positions of expected rows and of the largest values above a threshold, so many a pass.

    Neighbouring instants of one element pass their limit together and have nearly the same row, so
    that few of each are taken. What already has a row is minus infinity.
    """
    chosen = np.flatnonzero(expected & (values > -np.inf)).tolist()
    candidates = np.flatnonzero((values > above) & ~expected)
    falling = candidates[np.argsort(-values[candidates], kind="stable")]
    taken: Counter[int] = Counter()
    for r in falling.tolist():
        if taken[element[r]] < MAX_ROWS_PER_ELEMENT and len(chosen) < MAX_ROWS_PER_PASS:
            taken[element[r]] += 1
            chosen.append(r)
    return chosen


def _limit_elements(linear: LinearModel) -> IntArray:
    """Number the pairs of kind and element that the watched limits belong to."""
    limits = linear.limits
    kinds = [list(LimitKind).index(kind) for kind in limits.kind]
    pairs = np.stack([np.array(kinds, dtype=np.int64), limits.index[:, 0]], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
