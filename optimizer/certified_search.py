"""Search, certificate, search again: until what is found passes no limit on the judge's finer grid.

Where the certificate finds a limit passed, the search keeps further away from it and goes on from
where it stood. From a last plan that leads nowhere, because the plant did not follow it, it begins
anew at the weather curve; where that does not help either, less is moved.
"""

from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.backoff import Backoff, learned_passed, learned_ramps
from optimizer.certify import certify
from optimizer.evaluate import evaluate
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import limited
from optimizer.linear_model import LinearModel, Task
from optimizer.members import runs_in, watched_members
from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import Certificate, LimitKind
from optimizer.model.plan import Evaluated
from optimizer.round import Worth
from optimizer.round_model import NOTHING_TIGHT
from optimizer.search import FIRST_RADIUS, Found, Progress, Standing, search, standing_at
from optimizer.worth import worth_around

# How much of a shortfall that a certificate finds the next search stays above.
MARGIN_FACTOR = 1.3
# Shortfalls small enough to be mended by a margin, and the share they change by where it can.
MENDED_BELOW_K, MOVED_SHARE = 0.3, 0.01
CERTIFICATES = 6
# So many where nothing has come of it until then: a cycle without a plan costs more than minutes.
MOST_CERTIFICATES = 9
# So many certificates in a row that pass limits by no less than one before end the search.
HOPELESS = 2
# Shares of the way to what was found that are tried where no certificate was passed.
GENTLER = (0.95, 0.85, 0.7, 0.4)
# Rounds before a certificate: many where they take a moment, fewer from so many stations on.
LEAST_ROUNDS, MOST_ROUNDS, STATIONS_TIMES_ROUNDS = 6, 24, 240
# Going on from the last plan, a third of them, and so many certificates where it still passes no
# limit: what they would gain the next plan gains.
GOING_ON_SHARE, GOING_ON_CERTIFICATES = 3, 2
# And half of the radius: plans that leap from one to the next ask pipes for what no plan asks.
GOING_ON_RADIUS = 0.5 * FIRST_RADIUS
# Differences of warmth that nobody feels: of the largest shortfall, and of their sum.
EQUALLY_WARM_K = 0.001
EQUALLY_WARM_K_H = 0.001


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to search.

    Attributes:
        rounds: Before each certificate; None for as many as suit the district's size.
        anew: Whether the start is not the weather curve, so that a search may begin anew there.
        goes_on: Whether it is the last plan, which is nearly done.
    """

    rounds: int | None = None
    anew: bool = False
    goes_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The best certified schedule, if any, and what finding it took.

    Attributes:
        best: The schedule, judged.
        worth: What more of each limit would buy there.
        backoff, comfort_margin_k: What was kept away from limits and above minima in the end.
        rounds, simulations: What it took.
        buildings: Buildings with rows of their own in the last round.
    """

    best: Evaluated | None
    worth: tuple[Worth, ...]
    backoff: Backoff
    comfort_margin_k: float
    rounds: int
    simulations: int
    buildings: int


def search_certified(
    task: Task,
    standing: Standing,
    baseline: Evaluated,
    session: PersistentSolverBase,
    budget: Budget,
    progress: Progress,
) -> Attempt:
    """Search, judge, keep further away from what the judge found passed, and search again.

    Args:
        task: What is planned.
        standing: Where the search starts.
        baseline: The weather curve; certified, it is what a plan has to beat.
        session: Solver session.
        budget: How long to search.
        progress: Receives a line now and then.

    Returns:
        What was found.
    """
    hunt = _Hunt(task, standing, baseline, budget, progress)
    number, begins = 0, standing
    while number < hunt.most_certificates:
        number += 1
        found = search(
            *(hunt.task, begins, session, hunt.rounds_each, progress),
            tight=hunt.tight,
            radius=hunt.radius,
        )
        after = hunt.judged(number, found)
        if after is None:
            break
        begins = standing_at(hunt.task, after)
    if hunt.around is None:
        hunt.go_part_of_the_way(found.decisions)
    return Attempt(
        best=hunt.best,
        worth=() if hunt.around is None else worth_around(*hunt.around, session, hunt.tight),
        backoff=hunt.task.backoff,
        comfort_margin_k=hunt.task.comfort_margin_k,
        rounds=hunt.rounds,
        simulations=hunt.simulations,
        buildings=found.buildings,
    )


class _Hunt:
    """What is known after so many searches and certificates."""

    def __init__(
        self,
        task: Task,
        standing: Standing,
        baseline: Evaluated,
        budget: Budget,
        progress: Progress,
    ) -> None:
        self.task, self.baseline, self.progress = task, baseline, progress
        self._rounds = _rounds_for(task) if budget.rounds is None else budget.rounds
        self.rounds_each = self._rounds
        if budget.goes_on:
            self.rounds_each = max(self._rounds // GOING_ON_SHARE, 1)
        self.best = baseline if baseline.certificate.certified else None
        self.around: tuple[Task, LinearModel] | None = None
        self.tight = NOTHING_TIGHT
        self.radius = GOING_ON_RADIUS if budget.goes_on else FIRST_RADIUS
        # The weather curve's simulations.
        self.rounds, self.simulations = 0, task.forecast.members
        self._curve = decisions_of(task.levers, baseline.schedule)
        self._anew, self._least, self._hopeless = budget.anew, np.inf, 0
        # The last plan, until it is judged itself.
        self._last = standing if budget.goes_on else None
        self._goes_on = budget.goes_on
        # The margin that was asked for, and the largest shortfall that made it wider.
        self._margin, self._short = task.comfort_margin_k, 0.0

    @property
    def most_certificates(self) -> int:
        """How many certificates the search is worth, as things stand."""
        if self.around is None:
            return MOST_CERTIFICATES
        return GOING_ON_CERTIFICATES if self._goes_on else CERTIFICATES

    def judged(self, number: int, found: Found) -> FloatArray | None:
        """Judge what a search found; where the next one begins, or None where none is needed."""
        self.rounds, self.tight = self.rounds + found.rounds, found.tight
        self.radius = found.radius
        self.simulations += found.simulations
        one = _judge(self.task, found)
        passed = one.certificate.certified
        self.progress(f"certificate {number}: {'passed' if passed else 'refused'}")
        if is_better(one.certificate, None if self.best is None else self.best.certificate):
            self.best, self.around = one, (self.task, found.linear)
        elif not passed:
            self._judge_the_last_plan(found)
        tightened = _tightened(self.task, one, self._margin_for(one.certificate))
        self.task = self.task if tightened is None else _watching_more(tightened, one)
        lost = self.around is None and self._anew
        stuck = self._is_hopeless(one.certificate, lost) or tightened is None
        if lost and (stuck or number == CERTIFICATES // 2):
            self.progress("beginning anew at the weather curve")
            self._anew, self._least, self._hopeless = False, np.inf, 0
            self.rounds_each, self.radius = self._rounds, FIRST_RADIUS
            return self._curve
        return None if stuck else found.decisions

    def _judge_the_last_plan(self, found: Found) -> None:
        """Where what was made of it is refused, the last plan may still pass no limit."""
        last, self._last = self._last, None
        if last is None or np.array_equal(last.run.decisions, found.decisions):
            return
        task = self.task
        network, decisions = task.district.network, last.run.decisions
        schedule = schedule_of(task.levers, network, decisions, task.template)
        one = evaluate(task.district, task.state, task.forecast, schedule)
        old = None if self.best is None else self.best.certificate
        if is_better(one.certificate, old):
            self.progress("certified: the last plan, gone on with")
            self.best, self.around = one, (task, last.linear)

    def go_part_of_the_way(self, decisions: FloatArray) -> None:
        """Where no search was certified, go only part of the way to what the last one found.

        From the weather curve where that passes no limit, else from where everything stands: what
        moves less passes fewer limits. Staying put is the last resort before the curve.
        """
        task, levers = self.task, self.task.levers
        begin, shares = self._curve, list(GENTLER)
        if self.best is None:
            begin = np.concatenate([np.full(len(r.knots), r.start) for r in levers.ranges])
            shares.append(0.0)
        for share in shares:
            part = limited(levers, begin + share * (decisions - begin))
            schedule = schedule_of(levers, task.district.network, part, task.template)
            judged = evaluate(task.district, task.state, task.forecast, schedule)
            old = None if self.best is None else self.best.certificate
            if is_better(judged.certificate, old):
                start = "the present setpoints" if old is None else "the weather curve"
                self.progress(f"certified: {100.0 * share:.0f} % of the way from {start}")
                self.best = judged
                return

    def _margin_for(self, certificate: Certificate) -> float:
        """How far above their minimum flats are planned to stay: further while they come out short.

        A shortfall that a wider margin leaves as it was is one that nothing mends, of a flat that
        is short as the plan begins: what is asked for then only costs.
        """
        largest, usual = certificate.comfort.max_shortfall_k, self.baseline.certificate.comfort
        if abs(largest - self._short) <= MOVED_SHARE * self._short:
            return self._margin
        if not 0.0 < largest < MENDED_BELOW_K or usual.max_shortfall_k >= MENDED_BELOW_K:
            return self.task.comfort_margin_k
        self._short = largest
        return self.task.comfort_margin_k + largest * MARGIN_FACTOR

    def _is_hopeless(self, certificate: Certificate, lost: bool) -> bool:
        """Whether certificates go on passing limits by as much; of a lost search one is enough."""
        passed = _passed(certificate)
        worse = passed >= self._least > 0.0
        self._least = min(self._least, passed)
        self._hopeless = self._hopeless + 1 if worse else 0
        return self._hopeless >= (1 if lost else HOPELESS)


def _rounds_for(task: Task) -> int:
    stations = max(len(task.district.network.stations), 1)
    return min(max(STATIONS_TIMES_ROUNDS // stations, LEAST_ROUNDS), MOST_ROUNDS)


def _passed(judged: Certificate) -> float:
    """Add up by how much of themselves limits are passed."""
    shares = (-one.margin / max(abs(one.allowed), 1.0) for one in judged.limits if one.margin < 0.0)
    return sum(shares, 0.0)


def _watching_more(task: Task, judged: Evaluated) -> Task:
    """Watch the members too that come near to a limit under what a search has found."""
    every = range(task.forecast.members)
    if judged.certificate.certified or len(task.members) == len(every):
        return task
    traces = runs_in(task.district.network, task.state, task.forecast, judged.schedule, every)
    near = watched_members(task.district, task.state, task.forecast, traces)
    more = tuple(member for member in near if member not in task.members)
    return replace(task, members=task.members + more)


def _judge(task: Task, found: Found) -> Evaluated:
    network = task.district.network
    schedule = schedule_of(task.levers, network, found.decisions, task.template)
    unwarmable = _unwarmable(task, found)
    certificate = certify(task.district, task.state, task.forecast, schedule, unwarmable)
    return Evaluated(schedule=schedule, trace=found.traces[0], certificate=certificate)


def _unwarmable(task: Task, found: Found) -> tuple[str, ...]:
    """Buildings that are short at the end of the horizon and beyond the reach of every decision."""
    flats = found.linear.flats
    last = flats.boundary == flats.boundary.max(initial=0)
    beyond_k = task.beyond_reach_k[flats.boundary, flats.building]
    short = flats.missing_k + beyond_k > task.comfort_margin_k
    lost = last & short & (~flats.movable | (beyond_k > 0.0))
    names = {task.district.network.buildings[int(b)].building_id for b in flats.building[lost]}
    return tuple(sorted(names))


def is_better(new: Certificate, old: Certificate | None) -> bool:
    """Whether a certified schedule beats the best so far: warmer, or as warm and cheaper.

    Args:
        new: Certificate of the new schedule.
        old: Certificate of the best so far, None for none.

    Returns:
        True where the new one is to be preferred.
    """
    if not new.certified:
        return False
    if old is None:
        return True
    largest = new.comfort.max_shortfall_k - old.comfort.max_shortfall_k
    more = new.comfort.shortfall_k_h - old.comfort.shortfall_k_h
    if largest < -0.05 or (more < -0.005 * old.comfort.shortfall_k_h - 0.01 and largest < 0.05):
        return True
    as_warm = largest < EQUALLY_WARM_K and more < EQUALLY_WARM_K_H
    return as_warm and new.cost.total < old.cost.total


def _tightened(task: Task, judged: Evaluated, margin_k: float) -> Task | None:
    """Keep further away from limits that were passed, and flats so far above their minimum.

    Returns None where nothing is to be mended.
    """
    if judged.certificate.certified and margin_k <= task.comfort_margin_k:
        return None
    further = learned_passed(task.backoff, judged.certificate)
    ramps = with_ramps(task, judged, searched=True).backoff[LimitKind.PIPE_RAMP]
    return replace(task, backoff={**further, LimitKind.PIPE_RAMP: ramps}, comfort_margin_k=margin_k)


def with_ramps(task: Task, judged: Evaluated, *, searched: bool) -> Task:
    """Keep as far from the ramps of pipes as the judge's finer grid asks for.

    Args:
        task: What is planned.
        judged: What the judge has looked at.
        searched: Whether a search found it; the weather curve tells less of how near it came.

    Returns:
        The task, further away from those ramps.
    """
    backoff = learned_ramps(
        task.backoff,
        task.district,
        task.state,
        judged.trace,
        judged.certificate,
        searched=searched,
    )
    return replace(task, backoff=backoff)
