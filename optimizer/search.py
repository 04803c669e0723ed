"""The sequential loop: simulate, linearise, solve, and accept only what the simulation confirms.

A trust-region method on one merit that keeps the order of the tiers. Budgets count rounds, never
seconds, so that the same inputs give the same plan.

Source: R. H. Byrd, N. I. M. Gould, J. Nocedal, R. A. Waltz, An algorithm for nonlinear
optimization using linear programming and equality constrained subproblems, Math. Program. 100
(2004), doi 10.1007/s10107-003-0485-4.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.correction import Remembered, carried, corrected, newly_passed, with_remembered
from optimizer.levers import Levers, limited
from optimizer.linear_model import (
    UNMOVABLE_K,
    LinearModel,
    Task,
    aimed,
    any_at_capacity,
    any_out_of_reach,
    limits_of,
    picture_of,
)
from optimizer.merit import NOTHING_REACHED, VIOLATION_FREE, Merit, merit_of, promised_merit
from optimizer.model.arrays import FloatArray
from optimizer.model.trace import Trace
from optimizer.round import Move, RoundError, solve_round
from optimizer.round_model import NOTHING_TIGHT, Tight
from optimizer.tangents import Lever
from optimizer.trial_run import Run, run_of

# Trust radius of one unit, by lever; the search starts with FIRST_RADIUS of them.
RADIUS_UNIT = {Lever.PLANT: 2.0, Lever.PUMP: 2.5, Lever.PLANT_PUMPS: 2.5, Lever.OFFSET: 2.0}
# Of the range of a pump that holds a pressure.
PRESSURE_UNIT_SHARE = 0.05
FIRST_RADIUS = 2.0
# A search that goes on after a certificate keeps its radius, at least this much: far moves pass
# other limits than those that it has learned to keep away from.
LEAST_KEPT_RADIUS = 0.25
LARGEST_RADIUS = 4.0
LEAST_RADIUS = 0.02
# How the radius follows from gained over hoped-for merit.
LEAST_RATIO = 0.05
GOOD_RATIO = 0.5
WIDENED_FACTOR = 1.6
REFUSED_FACTOR = 0.35
LEAST_SHRINK = 0.5
# A round that hopes for less than this share (of K h, or its equal in cost) is idle; two end the
# search.
LEAST_GAIN = 1e-3
IDLE_ROUNDS = 2
# Proposals from the same slopes before the radius shrinks: what passed limits or left flats
# colder than foretold by more than this is put right; what only cost more would be proposed again.
CORRECTIONS = 1
MISSED_VIOLATION, MISSED_K = 0.01, 0.005
# Shares of a proposal that are tried before another one is made.
SHARES = (1.0, 0.5, 0.25)
# From so many stations on, derivatives take most of the time and serve for a second proposal.
MANY_STATIONS = 300
# With so many, a move that gained less than this of the largest shortfall, and less than these
# shares of their sum and of the cost, is the last: those after it gain less still, in seconds each.
SETTLED_LARGEST_K, SETTLED_SUM_SHARE, SETTLED_COST_SHARE = 0.005, 0.005, 0.001
# Rounds aim above the minimum that runs are judged by, so that what a linear model misses by
# costs nothing: by this much per trust radius, within bounds.
AIM_K_PER_RADIUS = 0.05
LEAST_AIM_K, MOST_AIM_K = 0.02, 0.06

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The best decisions of a search.

    Attributes:
        decisions: Their values, shape (decisions,).
        traces: Their traces in the watched members.
        merit: Their merit.
        rounds: Proposals made.
        simulations: Runs of the simulator, those with derivatives too.
        buildings: Number of buildings with rows of their own in the last round.
        linear: The last linear model, around the decisions or those before the last move.
        tight: What held the last round back.
        radius: The trust radius in the end, for a search that goes on from here.
    """

    decisions: FloatArray
    traces: tuple[Trace, ...]
    merit: Merit
    rounds: int
    simulations: int
    buildings: int
    linear: LinearModel
    tight: Tight
    radius: float


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Decisions simulated in the watched members, with the linear model around them.

    Attributes:
        run: The runs and their merit.
        linear: The linear model.
    """

    run: Run
    linear: LinearModel


def standing_at(task: Task, decisions: FloatArray) -> Standing:
    """Simulate and differentiate decisions, as the first of a search.

    Args:
        task: What is planned.
        decisions: The decisions, shape (decisions,).

    Returns:
        Where a search can start from.
    """
    run = run_of(task, limited(task.levers, decisions))
    limits = limits_of(task, run.traces)
    trace = run.traces[0]
    stand = any_out_of_reach(trace)
    linear = picture_of(task, run.decisions, trace, limits, as_they_stand=stand)
    return Standing(run=replace(run, simulations=run.simulations + 1), linear=linear)


def within_reach(task: Task, standing: Standing) -> Standing:
    """Hold what is beyond the reach of every decision against no plan that goes on from a start.

    Args:
        task: What is planned, with `beyond_reach_k` that was found since.
        standing: A start.

    Returns:
        The same start, with the merit and the flats that count.
    """
    flats = standing.linear.flats
    missing = flats.missing_k - task.beyond_reach_k[flats.boundary, flats.building]
    kept = replace(flats, missing_k=missing, movable=flats.movable | (missing <= UNMOVABLE_K))
    return Standing(
        run=replace(standing.run, merit=merit_of(task, standing.run.traces)),
        linear=replace(standing.linear, flats=kept),
    )


def search(
    task: Task,
    start: Standing,
    session: PersistentSolverBase,
    max_rounds: int,
    progress: Progress,
    tight: Tight = NOTHING_TIGHT,
    radius: float = FIRST_RADIUS,
) -> Found:
    """Improve decisions until a round promises nothing more.

    Args:
        task: What is planned.
        start: Where to start from.
        session: Solver session.
        max_rounds: Largest number of proposals.
        progress: Receives a line a round.
        tight: What is likely to hold the first round back.
        radius: Trust radius to begin with, in units of each decision.

    Returns:
        The best decisions.
    """
    walk = _Walk(task, start, session, progress, tight, radius)
    while walk.rounds < max_rounds and not walk.ended:
        walk.go()
    return Found(
        decisions=walk.now.decisions,
        traces=walk.now.traces,
        merit=walk.now.merit,
        rounds=walk.rounds,
        simulations=walk.simulations,
        buildings=walk.buildings,
        linear=walk.linear,
        tight=walk.tight,
        radius=min(max(walk.radius, LEAST_KEPT_RADIUS), FIRST_RADIUS),
    )


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A simulated proposal: whether it is taken, was foretold well, or promised next to nothing.

    `missed` says whether limits or flats came out worse than foretold.
    """

    run: Run
    accepted: bool
    good: bool
    idle: bool
    missed: bool


class _Walk:
    """Where a search stands, and its next step."""

    def __init__(
        self,
        task: Task,
        start: Standing,
        session: PersistentSolverBase,
        progress: Progress,
        tight: Tight,
        radius: float,
    ) -> None:
        self.task, self.session, self.progress = task, session, progress
        self.radius, self.unit = radius, units_of(task.levers)
        self.rounds, self.buildings, self.idle, self.corrections = 0, 0, 0, 0
        self.tight = tight
        self.simulations = start.run.simulations
        self.remembered: list[Remembered] = []
        self.differentiated, self.exact, self.foretold = 0, True, False
        self.many = len(task.district.network.stations) >= MANY_STATIONS
        self.settled = False
        self.now = start.run
        self.pictured: Run | None = start.run
        self.linear = self.picture = start.linear
        # How plants at their capacity are looked at, and whether the other way was refused here.
        self.as_they_stand, self.looked_both_ways = start.linear.as_they_stand, False
        self.granted = NOTHING_REACHED.reached(self.now.merit)
        self.weights = (len(task.district.network.buildings), abs(self.now.merit.cost) + 1.0)

    @property
    def ended(self) -> bool:
        """Whether another round promises nothing."""
        return self.settled or self.radius < LEAST_RADIUS or self.idle >= IDLE_ROUNDS

    def _is_settled(self, new: Merit) -> bool:
        """Whether what a move has gained is not worth another one."""
        old = self.now.merit
        return (
            self.many
            and max(old.violation, new.violation) <= VIOLATION_FREE
            and old.max_shortfall_k - new.max_shortfall_k < SETTLED_LARGEST_K
            and old.shortfall_k_h - new.shortfall_k_h <= SETTLED_SUM_SHARE * old.shortfall_k_h
            and old.cost - new.cost < SETTLED_COST_SHARE * old.cost
        )

    def _may_carry(self) -> bool:
        """Whether the slopes of the last accepted proposal serve once more."""
        if not self.many or not self.foretold or not self.exact:
            return False
        return not len(newly_passed(self.linear.limits, limits_of(self.task, self.now.traces)).kind)

    def _look_around(self) -> None:
        """Picture where the search stands, once with the slopes of the step before if they held."""
        if self._may_carry():
            self.linear = carried(self.linear, self.now.decisions, self.now.traces[0])
            self.pictured, self.picture, self.exact = self.now, self.linear, False
        else:
            self._differentiate()

    def _differentiate(self) -> None:
        """Make the linear model around where the search stands."""
        trace = self.now.traces[0]
        limits = with_remembered(limits_of(self.task, self.now.traces), self.remembered, trace)
        self.linear = picture_of(
            self.task, self.now.decisions, trace, limits, as_they_stand=self.as_they_stand
        )
        self.as_they_stand = self.linear.as_they_stand
        self.simulations += 1
        self.differentiated, self.pictured = len(self.remembered), self.now
        self.picture, self.exact = self.linear, True

    def _simulated(self, decisions: FloatArray) -> Run:
        run = run_of(self.task, decisions)
        self.simulations += run.simulations
        return run

    def go(self) -> None:
        """Propose a move, simulate shares of it, and accept one or learn from the last."""
        self.rounds += 1
        if self.pictured is not self.now:
            self._look_around()
        try:
            move = self._propose()
        except RoundError as problem:
            self.progress(f"round {self.rounds}: {problem}")
            self._shrink()
            return
        self.buildings, self.tight = move.buildings, move.tight
        for share in SHARES:
            trial = self._try(share * move.change)
            self._remember(trial.run)
            if trial.accepted or trial.idle:
                break
        self.idle += trial.idle
        if trial.accepted:
            self._adapt(share, trial)
            self.settled = self._is_settled(trial.run.merit)
            # Looked at when the next round needs it: after the last one nobody does.
            self.now, self.corrections, self.foretold = trial.run, 0, trial.good
            self.looked_both_ways = False
            self.granted = self.granted.reached(trial.run.merit)
        elif not self.exact:
            self.pictured, self.foretold = None, False
        elif self.corrections < CORRECTIONS and trial.missed:
            self._correct(share * move.change, trial.run)
        elif not self.looked_both_ways and any_at_capacity(self.now.traces[0]):
            self._look_the_other_way()
        else:
            self._shrink()

    def _look_the_other_way(self) -> None:
        """Look at plants at their capacity as they stand, where they were just below, or back."""
        before, self.looked_both_ways, self.corrections = self.as_they_stand, True, 0
        self.as_they_stand = not before
        self._differentiate()
        if self.as_they_stand == before:
            self._shrink()

    def _propose(self) -> Move:
        aim = min(max(LEAST_AIM_K, AIM_K_PER_RADIUS * self.radius), MOST_AIM_K)
        picture = aimed(self.picture, aim)
        reach = self.radius * self.unit
        return solve_round(self.task.levers, picture, reach, self.session, self.tight)

    def _try(self, change: FloatArray) -> _Trial:
        """Simulate a move, and say whether it gains a fair share of what was hoped for."""
        promised = promised_merit(self.picture, self.now.merit, change)
        run = self._simulated(limited(self.task.levers, self.now.decisions + change))
        hoped, gained = self._gain(promised), self._gain(run.merit)
        accepted = gained > 0.0 and gained > LEAST_RATIO * hoped
        self.progress(_line(self.rounds, self.radius, run.merit, accepted))
        return _Trial(
            run=run,
            accepted=accepted,
            good=gained > GOOD_RATIO * hoped,
            idle=abs(hoped) < LEAST_GAIN,
            missed=run.merit.violation > promised.violation + MISSED_VIOLATION
            or run.merit.max_shortfall_k > promised.max_shortfall_k + MISSED_K,
        )

    def _gain(self, merit: Merit) -> float:
        """How much better than the present one a run is, a little warmth granted for money."""
        counted = self.granted.forgiven(merit, self.now.merit)
        return self.now.merit.penalty(*self.weights) - counted.penalty(*self.weights)

    def _remember(self, trial: Run) -> None:
        """Watch from now on what a proposal passed unwatched."""
        new = newly_passed(self.linear.limits, limits_of(self.task, trial.traces))
        if len(new.kind):
            self.remembered.append(Remembered(limits=new, trace=trial.traces[0]))

    def _adapt(self, share: float, trial: _Trial) -> None:
        if share < 1.0:
            self.radius *= max(share, LEAST_SHRINK)
        elif trial.good and not self.corrections:
            self.radius = min(WIDENED_FACTOR * self.radius, LARGEST_RADIUS)

    def _correct(self, change: FloatArray, trial: Run) -> None:
        corrections = self.corrections + 1
        if len(self.remembered) > self.differentiated:
            self._differentiate()
        self.corrections = corrections
        self.picture = corrected(self.linear, change, trial.traces[0])

    def _shrink(self) -> None:
        self.radius *= REFUSED_FACTOR
        self.corrections, self.picture, self.looked_both_ways = 0, self.linear, False


def units_of(levers: Levers) -> FloatArray:
    """Give each decision its unit of the trust radius.

    Args:
        levers: The levers.

    Returns:
        Units in K, % or bar, shape (decisions,).
    """
    units = []
    for r in levers.ranges:
        unit = RADIUS_UNIT[r.lever]
        if r.lever in (Lever.PUMP, Lever.PLANT_PUMPS) and r.high <= 25.0:
            unit = PRESSURE_UNIT_SHARE * (r.high - r.low)
        units += [unit] * len(r.knots)
    return np.array(units)


def _line(number: int, radius: float, merit: Merit, accepted: bool) -> str:
    return (
        f"round {number}: trust {radius:.2f}, violation {merit.violation:.3f}, "
        f"largest shortfall {merit.max_shortfall_k:.3f} K, {merit.shortfall_k_h:.2f} K h, "
        f"cost {merit.cost:.1f}, {'accepted' if accepted else 'refused'}"
    )
