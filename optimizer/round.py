"""One round of planning: the linear model solved tier by tier, with rows added as they are needed.

Tiers, none traded against a lower one: limits; the largest shortfall of a flat; the sum of
shortfalls; cost. Only entries that the solution would push past their limit get rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.base import PersistentSolverBase, SolverBase
from pyomo.contrib.solver.common.factory import SolverFactory
from pyomo.contrib.solver.common.results import SolutionStatus
from pyomo.contrib.solver.common.solution_loader import SolutionLoader
from pyomo.core.expr import LinearExpression

from optimizer.blocks.cost import cost_expression
from optimizer.blocks.moves import ramp_excess
from optimizer.levers import Levers
from optimizer.linear_model import Flats, LinearModel
from optimizer.merit import SHORTFALL_SLACK_SHARE, given_up_k
from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import LimitKind
from optimizer.round_model import (
    FLAT_TOLERANCE_K,
    LIMIT_TOLERANCE,
    NOTHING_TIGHT,
    RoundModel,
    Tier,
    Tight,
    add_rows,
    excess_after,
    moves_of,
    value_of,
)

# Rows are added pass by pass, so many times at most.
MAX_PASSES = 16
LEAST_WORTH = 1e-9
# How much more of a limit is asked about, in its scale, and of how many limits.
BIT_SCALES, MOST_PRICED = 0.25, 12
# Rows that come nearer than this to their limit are expected to hold the next round back as well.
TIGHT_SCALES = 0.1
TIGHT_K = 0.02
# A solution is believed if it satisfies ramps and limits within this, in their scales.
RESIDUAL_TOLERANCE = 1e-5


class RoundError(Exception):
    """A round's linear model has no solution that can be believed."""


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
    """

    change: FloatArray
    buildings: int
    tight: Tight


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
    # Rows are added and an objective replaced; what a model has already stays as it is, but for
    # the bounds of its variables. To compare all of it before each solve takes as long as solving.
    updates = session.config.auto_updates
    updates.update_constraints = False
    updates.update_parameters = False
    updates.update_named_expressions = False
    updates.update_objective = False
    updates.check_for_new_or_removed_params = False
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


def solve_round(
    levers: Levers,
    linear: LinearModel,
    radius: FloatArray,
    session: PersistentSolverBase,
    expected: Tight = NOTHING_TIGHT,
) -> Move:
    """Find the best move within the trust radius.

    Args:
        levers: The levers.
        linear: The linear model.
        radius: Trust radius of each decision, shape (decisions,).
        session: Solver session.
        expected: What held the round before back; it gets its rows at once.

    Returns:
        The move.

    Raises:
        RoundError: If the solver finds no solution, or one that is not what it says.
    """
    work = RoundModel(levers, linear, radius, expected)
    _solve_first_tiers(work, session)
    if work.counted:
        _solve_tier(work, Tier.SUM, session)
        allowed = value_of(work.model.objective) * (1.0 + SHORTFALL_SLACK_SHARE)
        work.model.sum_kept = pyo.Constraint(expr=(None, _sum_expression(work), allowed + 1e-6))
    _solve_tier(work, Tier.COST, session)
    flats = linear.flats
    rows = sorted(set(work.warmth_rows) | work.fairness_rows)
    return Move(
        change=moves_of(work),
        buildings=len(set(flats.building[rows].tolist())),
        tight=_tight(work),
    )


def _solve_first_tiers(work: RoundModel, session: PersistentSolverBase) -> None:
    """Limits, then the coldest flat, which is counted where it is short."""
    if work.violated():
        _solve_tier(work, Tier.LIMITS, session)
        work.least_excess = excess_after(work.linear, moves_of(work))
        for excess in work.limit_rows.values():
            excess.setub(max(value_of(excess), 0.0) + LIMIT_TOLERANCE)
    work.counted = work.short(moves_of(work))
    if work.counted:
        _solve_tier(work, Tier.LARGEST, session)
        largest = max(value_of(work.model.largest), 0.0)
        work.model.largest.setub(largest + given_up_k(largest) + FLAT_TOLERANCE_K)
        work.counted = largest > FLAT_TOLERANCE_K


def what_more_buys(
    levers: Levers,
    linear: LinearModel,
    radius: FloatArray,
    session: PersistentSolverBase,
    expected: Tight = NOTHING_TIGHT,
) -> tuple[Worth, ...]:
    """Ask what a bit more of each limit would buy, one after the other.

    Where several sets of limits bind at once, a dual is anything between what more would buy and
    what less would cost: so the duals only say which limits to ask about.

    Args:
        levers: The levers.
        linear: The linear model.
        radius: Trust radius of each decision, shape (decisions,).
        session: Solver session.
        expected: What is likely to bind.

    Returns:
        The limits that would buy something: warmth where flats are short, else money.

    Raises:
        RoundError: If the solver finds no solution, or one that is not what it says.
    """
    work = RoundModel(levers, linear, radius, expected)
    _solve_first_tiers(work, session)
    tier = Tier.LARGEST if work.counted else Tier.COST
    duals = _duals(work, _solve_tier(work, tier, session))
    before = value_of(work.model.objective)
    found = []
    for (kind, index), rows in _priced_limits(work, duals):
        given = [work.limit_rows[r] for r in rows]
        for excess in given:
            excess.setub(excess.ub + BIT_SCALES)
        _solve_checked(work, session)
        for excess in given:
            excess.setub(excess.ub - BIT_SCALES)
        bought = before - value_of(work.model.objective)
        bit = BIT_SCALES * float(linear.limits.scale[rows[0]])
        if bought > LEAST_WORTH:
            found.append(Worth(kind=kind, index=index, warmth=work.counted, value=bought / bit))
    return tuple(found)


def _priced_limits(
    work: RoundModel, duals: dict[int, float]
) -> list[tuple[tuple[LimitKind, int], list[int]]]:
    """Limits of which duals say that more would buy something, dearest first."""
    limits, sums = work.linear.limits, dict[tuple[LimitKind, int], float]()
    rows: dict[tuple[LimitKind, int], list[int]] = {}
    for r, dual in duals.items():
        key = limits.kind[r], int(limits.index[r, 0])
        sums[key] = sums.get(key, 0.0) + dual
        rows.setdefault(key, []).append(r)
    priced = sorted((key for key in sums if sums[key] > LEAST_WORTH), key=lambda key: -sums[key])
    return [(key, rows[key]) for key in priced[:MOST_PRICED]]


def _tight(work: RoundModel) -> Tight:
    """Limits and flats with rows that the solution comes near to."""
    moves, flats = moves_of(work), work.linear.flats
    names = work.linear.limits.names
    excess = excess_after(work.linear, moves)
    missing = flats.missing_k - flats.slope @ moves
    largest = missing[list(work.fairness_rows)].max(initial=0.0)
    return Tight(
        limits=frozenset(names[r] for r in work.limit_rows if excess[r] > -TIGHT_SCALES),
        short=_pairs(flats, (r for r in work.warmth_rows if missing[r] > -TIGHT_K)),
        coldest=_pairs(flats, (r for r in work.fairness_rows if missing[r] > largest - TIGHT_K)),
    )


def _pairs(flats: Flats, rows: Iterable[int]) -> frozenset[tuple[int, int]]:
    """Name rows of flats by building and boundary."""
    return frozenset((int(flats.building[r]), int(flats.boundary[r])) for r in rows)


def _solve_tier(work: RoundModel, tier: Tier, session: PersistentSolverBase) -> SolutionLoader:
    """Solve one tier, adding rows until the solution passes nothing that has no row."""
    add_rows(work, tier)
    for number in range(1, MAX_PASSES + 1):
        _set_objective(work, tier)
        solution = _solve_checked(work, session)
        if number == MAX_PASSES or not add_rows(work, tier):
            break
    return solution


def _set_objective(work: RoundModel, tier: Tier) -> None:
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


def _sum_expression(work: RoundModel) -> LinearExpression:
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


def _duals(work: RoundModel, loader: SolutionLoader) -> dict[int, float]:
    """What one scale more of each limit with a row takes from the objective."""
    rows = list(work.limit_rows)
    if not rows:
        return {}
    constraints = [work.model.limit[number + 1] for number in range(len(rows))]
    duals = loader.get_duals(constraints)
    return {r: -float(duals[one]) for r, one in zip(rows, constraints, strict=True)}


def _solve_checked(work: RoundModel, session: PersistentSolverBase) -> SolutionLoader:
    """Solve, and believe the answer only if it satisfies the rows; else solve from cold once."""
    for attempt in (session, solver_session()):
        results = attempt.solve(work.model)
        if results.solution_status is SolutionStatus.optimal:
            results.solution_loader.load_vars()
            if _residual(work) < RESIDUAL_TOLERANCE:
                return results.solution_loader
    raise RoundError(f"no believable solution: {results.termination_condition}")


def _residual(work: RoundModel) -> float:
    """Largest violation of a ramp or limit row by the solution, recomputed from the numbers."""
    moves = moves_of(work)
    worst = ramp_excess(work.levers, work.linear.decisions, moves)
    limits, slope = work.linear.limits, work.linear.limit_slope
    for r, excess in work.limit_rows.items():
        passed = (limits.value[r] + slope[r] @ moves - limits.allowed[r]) / limits.scale[r]
        worst = max(worst, float(passed) - value_of(excess))
    return worst
