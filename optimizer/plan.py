"""The planner: baseline, search, certificate, bound and reasons, put together.

Nothing is recommended without a certificate. Where the certificate, on its finer grid, finds a
limit passed, the search keeps further away from that limit and goes on from where it stood; where
that does not help, the weather curve is what remains, and the plan says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.backoff import first_backoff, learned_passed, learned_ramps
from optimizer.baseline import baseline_schedule
from optimizer.bound import lower_bound
from optimizer.certify import certify
from optimizer.comfort import comfort_of_trace, deciding_rank
from optimizer.cost import cost_of_trace
from optimizer.levers import build_levers, decisions_of, limited, schedule_of
from optimizer.linear_model import LinearModel, Task
from optimizer.members import runs_in, watched_members
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Certificate, LimitKind
from optimizer.model.plan import Bound, Evaluated, Plan, PlanStatus, SolveStatistics
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.reasons import find_reasons
from optimizer.round import Worth
from optimizer.search import Found, Progress, Standing, search, standing_at, within_reach
from optimizer.worth import worth_around

# How much of a shortfall that a certificate finds the next search stays above.
MARGIN_FACTOR = 1.3
CERTIFICATES = 6
# So many certificates in a row that pass limits by no less than one before end the search.
HOPELESS = 2
# Shares of the way to what was found that are tried where no certificate was passed.
GENTLER = (0.7, 0.4, 0.0)
# Rounds before a certificate: many where they take a moment, fewer from so many stations on.
LEAST_ROUNDS, MOST_ROUNDS, STATIONS_TIMES_ROUNDS = 6, 24, 240
# Differences of warmth that nobody feels: of the largest shortfall, and of their sum.
EQUALLY_WARM_K = 0.001
EQUALLY_WARM_K_H = 0.001


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """How to plan.

    Attributes:
        with_offsets: Whether station offsets may be moved.
        max_rounds: Budget of rounds before each certificate; None for one by the district's size.
        start: A schedule to start from; the baseline when None.
        with_bound: Whether to prove a bound.
        comfort_margin_k: What flats are planned to stay above their minimum by; shortfalls are
            counted below the minimum itself.
    """

    with_offsets: bool = True
    max_rounds: int | None = None
    start: Schedule | None = None
    with_bound: bool = True
    comfort_margin_k: float = 0.0


def plan(
    district: District,
    state: PlantState,
    forecast: Forecast,
    session: PersistentSolverBase,
    options: PlanOptions,
    progress: Progress,
    clock: Callable[[], float],
) -> Plan:
    """Plan outlet temperatures, pump setpoints and station offsets.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices; one plan serves all of its members.
        session: Solver session.
        options: How to plan.
        progress: Receives a line now and then.
        clock: Tells seconds, for the report of how long it took; decides nothing.

    Returns:
        The plan, certified or the weather curve.
    """
    began = clock()
    curve = baseline_schedule(district, forecast, state)
    traces = runs_in(district.network, state, forecast, curve, range(forecast.members))
    task = task_for(district, state, forecast, curve, traces, options)
    start = curve if options.start is None else options.start
    decisions = limited(task.levers, decisions_of(task.levers, start))
    usual = certify(district, state, forecast, curve)
    progress("the weather curve is simulated and judged")
    baseline = Evaluated(schedule=curve, trace=traces[task.members[0]], certificate=usual)
    task = _with_ramps(task, baseline, searched=False)
    standing = standing_at(task, decisions)
    task = _with_reach(task, standing.linear)
    attempt = _search_certified(
        task, within_reach(task, standing), baseline, session, options, progress
    )
    chosen = attempt.best if attempt.best is not None else baseline
    bound = None
    if options.with_bound:
        progress("proving a bound")
        bound = _bound(task, chosen)
    return Plan(
        status=PlanStatus.FALLBACK if attempt.best is None else PlanStatus.CERTIFIED,
        chosen=chosen,
        baseline=baseline,
        bound=bound,
        solve=SolveStatistics(
            wall_s=clock() - began,
            iterations=attempt.rounds,
            simulations=attempt.simulations,
            buildings=attempt.buildings,
        ),
        reasons=find_reasons(district, state, forecast, chosen, baseline, attempt.worth),
    )


def evaluate(
    district: District, state: PlantState, forecast: Forecast, schedule: Schedule
) -> Evaluated:
    """Simulate and judge a schedule that is given.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        schedule: The schedule.

    Returns:
        The schedule with its certificate, and its trace in the member in which warmth is counted.
    """
    traces = runs_in(district.network, state, forecast, schedule, range(forecast.members))
    return Evaluated(
        schedule=schedule,
        trace=traces[watched_members(district, state, forecast, traces)[0]],
        certificate=certify(district, state, forecast, schedule),
    )


def _bound(task: Task, chosen: Evaluated) -> Bound:
    """Bound what is as warm as a plan in so many members as it has to be warm in.

    Any plan is as warm in at least that many, so that its dearest member costs no less than the
    cheapest of their bounds but for as many.
    """
    district, state, forecast = task.district, task.state, task.forecast
    comfort = comfort_of_trace(district.network, chosen.trace)
    cost = cost_of_trace(district, state, forecast, chosen.trace).total
    bounds = [
        lower_bound(district, state, forecast, comfort, cost, member)
        for member in range(forecast.members)
    ]
    rank = deciding_rank(district.comfort.shortfall_quantile, forecast.members)
    return sorted(bounds, key=lambda bound: bound.cost_lower)[rank]


def task_for(
    district: District,
    state: PlantState,
    forecast: Forecast,
    curve: Schedule,
    traces: tuple[Trace, ...],
    options: PlanOptions,
) -> Task:
    """Put a planning task together, before anything of it has been differentiated.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        curve: The weather curve's schedule.
        traces: Its run in each weather member.
        options: How to plan.

    Returns:
        The task.
    """
    levers = build_levers(
        district.network,
        state,
        forecast.step_s,
        forecast.steps,
        with_offsets=options.with_offsets,
    )
    return Task(
        district=district,
        state=state,
        forecast=forecast,
        levers=levers,
        template=curve,
        backoff=first_backoff(district.network),
        comfort_margin_k=options.comfort_margin_k,
        beyond_reach=np.zeros(
            (forecast.steps + 1, len(district.network.buildings)), dtype=np.bool_
        ),
        members=watched_members(district, state, forecast, traces),
    )


def _with_ramps(task: Task, judged: Evaluated, *, searched: bool) -> Task:
    """Keep as far from the ramps of pipes as the judge's finer grid asks for."""
    backoff = learned_ramps(
        task.backoff,
        task.district,
        task.state,
        judged.trace,
        judged.certificate,
        searched=searched,
    )
    return replace(task, backoff=backoff)


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """The best certified schedule, if any, and what finding it took.

    `worth` says what more of each limit would buy there.
    """

    best: Evaluated | None
    worth: tuple[Worth, ...]
    rounds: int
    simulations: int
    buildings: int


def _search_certified(
    task: Task,
    standing: Standing,
    baseline: Evaluated,
    session: PersistentSolverBase,
    options: PlanOptions,
    progress: Progress,
) -> _Attempt:
    """Search, judge, keep further away from what the judge found passed, and search again."""
    # A certified weather curve is what a plan has to beat.
    best: Evaluated | None = baseline if baseline.certificate.certified else None
    # The weather curve's.
    rounds, simulations, buildings = 0, task.forecast.members, 0
    around: tuple[Task, LinearModel] | None = None
    least, hopeless = np.inf, 0
    usual, anew = decisions_of(task.levers, baseline.schedule), options.start is not None
    most_rounds = _rounds_for(task) if options.max_rounds is None else options.max_rounds
    for number in range(1, CERTIFICATES + 1):
        found = search(task, standing, session, most_rounds, progress)
        rounds += found.rounds
        simulations += found.simulations
        buildings = found.buildings
        judged = _judge(task, found)
        progress(f"certificate {number}: {'passed' if judged.certificate.certified else 'refused'}")
        if is_better(judged.certificate, None if best is None else best.certificate):
            best, around = judged, (task, found.linear)
        passed = _passed(judged.certificate)
        least, hopeless = min(least, passed), hopeless + 1 if passed >= least > 0.0 else 0
        tightened = _tightened(task, judged, baseline.certificate)
        lost = best is None and anew
        stuck = tightened is None or hopeless == (1 if lost else HOPELESS)
        task = task if tightened is None else _watching_more(tightened, judged)
        begins = found.decisions
        if lost and (stuck or number == CERTIFICATES // 2):
            # Where the last plan leads nowhere, because the plant did not follow it, begin anew.
            progress("beginning anew at the weather curve")
            begins, anew, least, hopeless = usual, False, np.inf, 0
        elif stuck:
            break
        standing = standing_at(task, begins)
    if best is None:
        best = _gentler(task, found.decisions, progress)
    return _Attempt(
        best=best,
        worth=() if around is None else worth_around(*around, session),
        rounds=rounds,
        simulations=simulations,
        buildings=buildings,
    )


def _rounds_for(task: Task) -> int:
    stations = max(len(task.district.network.stations), 1)
    return min(max(STATIONS_TIMES_ROUNDS // stations, LEAST_ROUNDS), MOST_ROUNDS)


def _passed(judged: Certificate) -> float:
    """Add up by how much of themselves limits are passed."""
    shares = (-one.margin / max(abs(one.allowed), 1.0) for one in judged.limits if one.margin < 0.0)
    return sum(shares, 0.0)


def _gentler(task: Task, decisions: FloatArray, progress: Progress) -> Evaluated | None:
    """Where nothing was certified, go only part of the way from where everything stands.

    What moves less passes fewer limits; staying put is the last resort before the weather curve.
    """
    network = task.district.network
    stay = np.concatenate([np.full(len(r.knots), r.start) for r in task.levers.ranges])
    for share in GENTLER:
        part = limited(task.levers, stay + share * (decisions - stay))
        schedule = schedule_of(task.levers, network, part, task.template)
        judged = evaluate(task.district, task.state, task.forecast, schedule)
        if judged.certificate.certified:
            progress(f"certified: {100.0 * share:.0f} % of the way from the present setpoints")
            return judged
    return None


def _with_reach(task: Task, linear: LinearModel) -> Task:
    """Mark the flats whose shortfall no decision moves: the first hours, and lost buildings."""
    flats = linear.flats
    beyond = task.beyond_reach.copy()
    span = int(flats.boundary.min()) if len(flats.boundary) else 1
    for building, boundary in zip(
        flats.building[~flats.movable], flats.boundary[~flats.movable], strict=True
    ):
        beyond[boundary - span : boundary + 1, building] = True
    return replace(task, beyond_reach=beyond)


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
    lost = last & ~flats.movable & (flats.missing_k > task.comfort_margin_k)
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


def _tightened(task: Task, judged: Evaluated, baseline: Certificate) -> Task | None:
    """Keep further away from limits that were passed and flats that came out short.

    Returns None where nothing is to be mended.
    """
    margin = task.comfort_margin_k
    comfort = judged.certificate.comfort
    if 0.0 < comfort.max_shortfall_k < 0.3 and baseline.comfort.max_shortfall_k < 0.3:
        margin += comfort.max_shortfall_k * MARGIN_FACTOR
    if judged.certificate.certified and margin == task.comfort_margin_k:
        return None
    further = learned_passed(task.backoff, judged.certificate)
    ramps = _with_ramps(task, judged, searched=True).backoff[LimitKind.PIPE_RAMP]
    return replace(task, backoff={**further, LimitKind.PIPE_RAMP: ramps}, comfort_margin_k=margin)
