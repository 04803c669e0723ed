"""The planner: baseline, search, certificate, bound and reasons, put together.

Nothing is recommended without a certificate. Where the certificate, on its finer grid, finds a
limit passed, the search keeps further away from that limit and goes on from where it stood; where
that does not help, the weather curve is what remains, and the plan says so. Where plants may stand
still, a few choices of when each runs are planned one after the other, all running the first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.backoff import carried_backoff, carried_margin_k, first_backoff
from optimizer.baseline import baseline_schedule
from optimizer.bound import lower_bound
from optimizer.certified_search import Budget, search_certified, with_ramps
from optimizer.certify import certify
from optimizer.comfort import comfort_of_trace, deciding_rank
from optimizer.commitment import may_stand
from optimizer.cost import cost_of_trace
from optimizer.lever_schedules import continued, decisions_of
from optimizer.levers import EVERY_LEVER, build_levers, limited
from optimizer.linear_model import LinearModel, Task, missing_k
from optimizer.members import deciding_member, runs_in, watched_members
from optimizer.model.forecast import Forecast
from optimizer.model.plan import Bound, Evaluated, LastPlan, Plan, PlanStatus, SolveStatistics
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.reasons import find_reasons, run_untouched
from optimizer.search import Progress, standing_at, within_reach
from optimizer.side_by_side import both
from optimizer.stops import Searched, search_with_stops
from optimizer.tangents import Lever


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """How to plan.

    Attributes:
        movable: Kinds of levers that may be moved; what may not stays with the weather curve.
        max_rounds: Budget of rounds before each certificate; None for one by the district's size.
        start: A schedule to start from; the baseline when None.
        last: The last certified plan, to go on from where it reaches beyond the start; far fewer
            rounds are needed then.
        with_bound: Whether to prove a bound.
        comfort_margin_k: What flats are planned to stay above their minimum by; shortfalls are
            counted below the minimum itself.
        may_stop: Whether plants that can stop may stand still; else all run throughout.
    """

    movable: frozenset[Lever] = EVERY_LEVER
    max_rounds: int | None = None
    start: Schedule | None = None
    last: LastPlan | None = None
    with_bound: bool = True
    comfort_margin_k: float = 0.0
    may_stop: bool = False


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
    anew = replace(options, start=None, last=None)
    curve = baseline_schedule(district, forecast, state)
    traces = runs_in(district.network, state, forecast, curve, range(forecast.members))
    usual, untouched = both(
        lambda: certify(district, state, forecast, curve),
        lambda: run_untouched(district, state, forecast),
    )
    progress("the weather curve is simulated and judged")

    def searched(
        usual: Evaluated, runs: tuple[Trace, ...], options: PlanOptions = anew
    ) -> Searched:
        task = task_for(district, state, forecast, usual.schedule, runs, options)
        return _searched(task, usual, session, options, progress)

    deciding = deciding_member(district, forecast, traces)
    baseline = Evaluated(schedule=curve, trace=traces[deciding], certificate=usual)
    found = searched(baseline, traces, options)
    stopping = options.may_stop and may_stand(district.network)
    if stopping:
        found = search_with_stops(
            district, state, forecast, curve, traces, found, searched, progress
        )
    task, attempt = found.task, found.attempt
    chosen = attempt.best if attempt.best is not None else baseline
    bound = None
    # The bound holds for plants that all run.
    if options.with_bound and not stopping:
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
        reasons=find_reasons(district, state, forecast, chosen, baseline, untouched, attempt.worth),
        to_go_on=None
        if attempt.best is None
        else LastPlan(
            schedule=chosen.schedule,
            backoff=attempt.backoff,
            comfort_margin_k=attempt.comfort_margin_k,
        ),
    )


def _searched(
    task: Task,
    usual: Evaluated,
    session: PersistentSolverBase,
    options: PlanOptions,
    progress: Progress,
) -> Searched:
    """Search for one choice of running plants: on from the last plan, or from what is given."""
    curve = usual.schedule
    gone_on = _gone_on(task, options.last)
    task, start = (task, options.start or curve) if gone_on is None else gone_on
    decisions = limited(task.levers, decisions_of(task.levers, start))
    task = with_ramps(task, usual, searched=False)
    standing = standing_at(task, decisions)
    task = with_reach(task, standing.linear)
    budget = Budget(rounds=options.max_rounds, anew=start is not curve, goes_on=gone_on is not None)
    attempt = search_certified(task, within_reach(task, standing), usual, session, budget, progress)
    return Searched(task=task, attempt=attempt)


def _gone_on(task: Task, last: LastPlan | None) -> tuple[Task, Schedule] | None:
    """The task with what the last plan's search had learned, and that plan from now on.

    None where there is no last plan on the same grid that reaches beyond now.
    """
    ahead = task.template
    if last is None or (last.schedule.step_s, last.schedule.steps) != (ahead.step_s, ahead.steps):
        return None
    gone_s = (ahead.start - last.schedule.start).total_seconds()
    if not 0.0 <= gone_s < ahead.steps * ahead.step_s:
        return None
    margin_k = carried_margin_k(last.comfort_margin_k, task.comfort_margin_k)
    backoff = carried_backoff(last.backoff, task.district.network)
    knowing = replace(task, backoff=backoff, comfort_margin_k=margin_k)
    return knowing, continued(last.schedule, ahead.start)


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
        curve: The weather curve's schedule, which says when plants run.
        traces: Its run in each member.
        options: How to plan.

    Returns:
        The task.
    """
    levers = build_levers(
        district.network, state, forecast.step_s, forecast.steps, options.movable, curve.running
    )
    return Task(
        district=district,
        state=state,
        forecast=forecast,
        levers=levers,
        template=curve,
        backoff=first_backoff(district.network),
        comfort_margin_k=options.comfort_margin_k,
        beyond_reach_k=np.zeros((forecast.steps + 1, len(district.network.buildings))),
        members=watched_members(district, state, forecast, traces),
    )


def with_reach(task: Task, linear: LinearModel) -> Task:
    """Note what flats lack that no decision moves: in the first hours, and where a valve decides.

    A station at the top of its own curve passes on nothing of a hotter supply, but a colder one
    leaves its flats colder still: they need no more than they have, and no less.

    Args:
        task: What is planned.
        linear: Around where the search starts.

    Returns:
        The task, with what is beyond reach from there.
    """
    flats = linear.flats
    missing = np.maximum(missing_k(task, linear.trace), 0.0)
    beyond = task.beyond_reach_k.copy()
    span = int(flats.boundary.min()) if len(flats.boundary) else 1
    for building, boundary in zip(
        flats.building[~flats.movable], flats.boundary[~flats.movable], strict=True
    ):
        hour = slice(boundary - span, boundary + 1)
        beyond[hour, building] = missing[hour, building]
    return replace(task, beyond_reach_k=beyond)
