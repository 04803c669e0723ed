"""How good a run is, or is promised to be, in the order of the tiers; what a search may give up."""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.comfort import positive_k_h
from optimizer.cost import cost_of_trace
from optimizer.levers import HOUR_S
from optimizer.linear_model import LinearModel, Task, limits_of, missing_k
from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import LimitKind
from optimizer.model.trace import Trace

# Weights of the tiers in the number that accepts a round, in kelvin-hours: per building and scale
# of violation, per building and kelvin of the largest shortfall, per hundred percent of cost.
PER_VIOLATION = 20.0
PER_LARGEST_K = 10.0
# Shares of the largest shortfall and of the kelvin-hours that a later tier may give up.
FAIRNESS_SLACK_SHARE = 0.02
MOST_FAIRNESS_SLACK_K = 0.05
SHORTFALL_SLACK_SHARE = 0.0005
# A largest shortfall that nobody feels, and that the certificate asks for more margin about.
LARGEST_FREE_K = 0.02
PER_COST = 20.0
# A violation that the back-off from the limits takes up.
VIOLATION_FREE = 0.1


@dataclass(frozen=True, kw_only=True)
class Merit:
    """How good a run is, or is promised to be.

    Attributes:
        violation: Sum of each kind's largest excess over its limit, in scales.
        max_shortfall_k: Largest shortfall of a flat within reach, K.
        shortfall_k_h: Sum of the shortfalls within reach, K h.
        cost: Cost.
    """

    violation: float
    max_shortfall_k: float
    shortfall_k_h: float
    cost: float

    def penalty(self, buildings: int, cost_scale: float) -> float:
        """One number that falls when a run gets better in the order of the tiers.

        Args:
            buildings: Number of buildings.
            cost_scale: A typical cost.

        Returns:
            The weighted sum, in kelvin-hours.
        """
        return (
            PER_VIOLATION * buildings * max(self.violation - VIOLATION_FREE, 0.0)
            + PER_LARGEST_K * buildings * max(self.max_shortfall_k - LARGEST_FREE_K, 0.0)
            + self.shortfall_k_h
            + PER_COST * self.cost / cost_scale
        )


@dataclass(frozen=True, kw_only=True)
class Granted:
    """Shortfalls that a search may leave for money: just above the least that it has reached.

    Attributes:
        largest_k: Of the largest shortfall, K.
        sum_k_h: Of all shortfalls, K h.
    """

    largest_k: float
    sum_k_h: float

    def forgiven(self, merit: Merit, present: Merit) -> Merit:
        """Take what is granted for no worse than the present.

        Args:
            merit: Of a run.
            present: Of the run that it would replace.

        Returns:
            The merit as it counts.
        """
        return replace(
            merit,
            max_shortfall_k=_forgiven(
                merit.max_shortfall_k, present.max_shortfall_k, self.largest_k
            ),
            shortfall_k_h=_forgiven(merit.shortfall_k_h, present.shortfall_k_h, self.sum_k_h),
        )

    def reached(self, merit: Merit) -> "Granted":
        """What is granted once a run has been accepted.

        Args:
            merit: Its merit.

        Returns:
            No more than before.
        """
        largest = merit.max_shortfall_k + given_up_k(merit.max_shortfall_k)
        return Granted(
            largest_k=min(self.largest_k, largest),
            sum_k_h=min(self.sum_k_h, (1.0 + SHORTFALL_SLACK_SHARE) * merit.shortfall_k_h),
        )


def _forgiven(value: float, present: float, granted: float) -> float:
    return present if present < value <= granted else value


NOTHING_REACHED = Granted(largest_k=np.inf, sum_k_h=np.inf)


def given_up_k(largest_k: float) -> float:
    """How much colder than need be the coldest flat may get for the tiers that follow.

    Args:
        largest_k: Least largest shortfall, K.

    Returns:
        Kelvins.
    """
    return min(FAIRNESS_SLACK_SHARE * largest_k, MOST_FAIRNESS_SLACK_K)


def merit_of(task: Task, traces: tuple[Trace, ...]) -> Merit:
    """Judge runs by the planner's own lights, backed off from limits and minimum.

    Args:
        task: What is planned.
        traces: A run in each watched member.

    Returns:
        Their merit.
    """
    limits, trace = limits_of(task, traces), traces[0]
    missing = missing_k(task, trace)
    span = max(1, int(HOUR_S) // trace.step_s)
    return Merit(
        violation=violation_of(limits.kind, limits.excess),
        # By the hours that rounds watch: what stands at the start moves with nothing.
        max_shortfall_k=max(float(missing[span::span].max(initial=0.0)), 0.0),
        shortfall_k_h=float(positive_k_h(missing, trace.step_s).sum()),
        cost=cost_of_trace(task.district, task.state, task.forecast, trace).total,
    )


def violation_of(kinds: tuple[LimitKind, ...], excess: FloatArray) -> float:
    """Sum over the kinds of limits of their largest excess.

    Args:
        kinds: Kind of each limit.
        excess: How far each is passed, in scales, shape (limits,).

    Returns:
        The sum, zero where none is passed.
    """
    largest: dict[LimitKind, float] = {}
    for kind, value in zip(kinds, excess.tolist(), strict=True):
        largest[kind] = max(largest.get(kind, 0.0), value)
    return sum(largest.values())


def promised_merit(linear: LinearModel, merit: Merit, moves: FloatArray) -> Merit:
    """What the linear model promises of moved decisions.

    Args:
        linear: The linear model.
        merit: Merit of the decisions it was made around.
        moves: Change of each decision, shape (decisions,).

    Returns:
        The promised merit.
    """
    limits, flats = linear.limits, linear.flats
    excess = limits.excess + (linear.limit_slope @ moves) / limits.scale
    missing = flats.missing_k - flats.slope @ moves
    counted = missing[flats.movable]
    sums = np.maximum(missing[flats.sampled], 0.0) - np.maximum(flats.missing_k[flats.sampled], 0.0)
    bend = float(linear.pump_bend @ (moves * moves))
    return Merit(
        violation=violation_of(limits.kind, excess),
        max_shortfall_k=max(float(counted.max(initial=0.0)), 0.0),
        shortfall_k_h=merit.shortfall_k_h + flats.hours * float(sums.sum()),
        cost=merit.cost + float(linear.cost_slope @ moves) + bend,
    )
