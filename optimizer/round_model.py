"""The Pyomo model of one round: what has rows so far, and which rows a solution asks for.

Only entries that a solution would push past their limit get rows.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyomo.environ as pyo

from optimizer.blocks.comfort import (
    declare_ineq_fairness,
    declare_ineq_warmth,
    declare_var_shortfall,
)
from optimizer.blocks.cost import declare_var_bend
from optimizer.blocks.limits import declare_ineq_limit, declare_var_excess
from optimizer.blocks.moves import declare_ineq_ramps, declare_var_moves
from optimizer.levers import Levers
from optimizer.linear_model import LinearModel
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.outcome import LimitKind

# Rows are added while a limit would be passed by this share of its scale, a flat by this much.
LIMIT_TOLERANCE = 1e-3
FLAT_TOLERANCE_K = 1e-3
MAX_ROWS_PER_PASS = 300
MAX_ROWS_PER_ELEMENT = 4


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
        limits: Names of limits.
        short: Pairs of building and boundary at their minimum or short of it.
        coldest: Those that lacked as much as any.
    """

    limits: frozenset[tuple[object, ...]]
    short: frozenset[tuple[int, int]]
    coldest: frozenset[tuple[int, int]]


NOTHING_TIGHT = Tight(limits=frozenset(), short=frozenset(), coldest=frozenset())


class RoundModel:
    """The Pyomo model of one round and what has been added to it so far."""

    def __init__(
        self,
        levers: Levers,
        linear: LinearModel,
        radius: FloatArray,
        expected: Tight,
    ) -> None:
        self.levers = levers
        self.linear = linear
        self.limit_element = _limit_elements(linear)
        self.least_excess = linear.limits.excess
        self.counted = False
        self.limit_rows: dict[int, pyo.Var] = {}
        self.warmth_rows: dict[int, pyo.Var | None] = {}
        self.fairness_rows: set[int] = set()
        self.model = pyo.ConcreteModel()
        declare_var_moves(self.model, levers, linear.decisions, radius, linear.held_back)
        declare_ineq_ramps(self.model, levers, linear.decisions)
        declare_var_excess(self.model)
        declare_var_shortfall(self.model)
        declare_var_bend(self.model, linear.pump_bend, radius)
        self.expected_limits = np.array(
            [name in expected.limits for name in linear.limits.names], dtype=np.bool_
        )
        pairs = list(
            zip(linear.flats.building.tolist(), linear.flats.boundary.tolist(), strict=True)
        )
        self.expected_short = np.array([pair in expected.short for pair in pairs], dtype=np.bool_)
        self.expected_coldest = np.array(
            [pair in expected.coldest for pair in pairs], dtype=np.bool_
        )
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


def value_of(component: pyo.Var | pyo.Objective) -> float:
    """Read a number from the last solution.

    Args:
        component: A variable, or the objective.

    Returns:
        Its value.
    """
    return float(pyo.value(component))


def moves_of(work: RoundModel) -> FloatArray:
    """Read the decisions' changes from the last solution.

    Args:
        work: The round's model.

    Returns:
        Changes, shape (decisions,).
    """
    return np.array([value_of(work.model.move[d]) for d in range(work.levers.count)])


def add_rows(work: RoundModel, tier: Tier) -> int:
    """Give rows to whatever the last solution would pass.

    Args:
        work: The round's model; receives them.
        tier: What is being minimised.

    Returns:
        How many rows were added.
    """
    moves = moves_of(work)
    added = _add_limit_rows(work, tier, moves)
    added += _add_warmth_rows(work, tier, moves)
    if tier is not Tier.LIMITS:
        added += _add_fairness_rows(work, moves)
    return added


def excess_after(linear: LinearModel, moves: FloatArray) -> FloatArray:
    """Say how far moved decisions would pass each limit.

    Args:
        linear: The linear model.
        moves: Changes of the decisions, shape (decisions,).

    Returns:
        In scales, negative inside, shape (limits,).
    """
    return linear.limits.excess + (linear.limit_slope @ moves) / linear.limits.scale


def _add_limit_rows(work: RoundModel, tier: Tier, moves: FloatArray) -> int:
    """Give rows to the limits that the moves would pass."""
    limits = work.linear.limits
    passed = excess_after(work.linear, moves)
    passed[list(work.limit_rows)] = -np.inf
    chosen = _worst(passed, LIMIT_TOLERANCE, work.limit_element, work.expected_limits)
    for r in chosen:
        excess = declare_ineq_limit(work.model, limits, work.linear.limit_slope, r)
        work.limit_rows[r] = excess
        if tier is not Tier.LIMITS:
            # What the first tier found must remain possible.
            excess.setub(max(float(work.least_excess[r]), 0.0) + LIMIT_TOLERANCE)
    return len(chosen)


def _add_warmth_rows(work: RoundModel, tier: Tier, moves: FloatArray) -> int:
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
    chosen = _worst(missing, FLAT_TOLERANCE_K, flats.building, work.expected_short)
    for r in chosen:
        present = float(flats.missing_k[r]) - (0.0 if work.counted else FLAT_TOLERANCE_K)
        work.warmth_rows[r] = declare_ineq_warmth(
            work.model, present, flats.slope[r], soft=work.counted
        )
    return len(chosen)


def _add_fairness_rows(work: RoundModel, moves: FloatArray) -> int:
    """Give rows to the flats that would be colder than the largest shortfall says."""
    if not work.counted:
        return 0
    flats = work.linear.flats
    missing = flats.missing_k - flats.slope @ moves - value_of(work.model.largest)
    missing[~flats.movable] = -np.inf
    missing[list(work.fairness_rows)] = -np.inf
    chosen = _worst(missing, FLAT_TOLERANCE_K, flats.building, work.expected_coldest)
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
