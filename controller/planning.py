"""From a site's case to a plan, with what the optimizer may not touch itself: clock and solver."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from controller.case import Case
from optimizer.baseline import baseline_schedule
from optimizer.evaluate import evaluate
from optimizer.model.plan import Plan, PlanStatus, SolveStatistics
from optimizer.model.policy import District
from optimizer.plan import PlanOptions, plan
from optimizer.renewals import Renewal, rank_renewals
from optimizer.round import solver_session

Ranking = tuple[Renewal, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedSite:
    """A plan with the case that it was made for."""

    case: Case
    plan: Plan


def plan_site(case: Case, options: PlanOptions, tell: Callable[[str], None]) -> PlannedSite:
    """Plan a case.

    Args:
        case: Site, weather and state.
        options: How to plan.
        tell: Receives progress.

    Returns:
        The plan with its case.
    """
    found = plan(
        case.site.district,
        case.state,
        case.forecast,
        solver_session(),
        options,
        tell,
        time.perf_counter,
    )
    return PlannedSite(case=case, plan=found)


def renewals_of(
    planned: PlannedSite, most: int, options: PlanOptions, tell: Callable[[str], None]
) -> Ranking:
    """Rank single renewals of pipes and retrofits of buildings by what they buy.

    Args:
        planned: A plan with its case.
        most: How many candidates are planned anew.
        options: How the plan was made; each candidate is planned so too, from the plan on.
        tell: Receives progress.

    Returns:
        The ranking, most warmth first, then most money.
    """
    case, found = planned.case, planned.plan
    options = replace(options, with_bound=False, start=found.chosen.schedule)

    def replan(district: District) -> Plan:
        changed = replace(case, site=replace(case.site, district=district))
        return plan_site(changed, options, lambda _: None).plan

    district = case.site.district
    return rank_renewals(district, case.state, case.forecast, found, most, replan, tell)


def curve_alone(case: Case) -> PlannedSite:
    """Judge the weather curve of a case; nothing is searched for.

    Args:
        case: Site, weather and state.

    Returns:
        The curve in a plan's place, as `baseline_shown` gives it.
    """
    began_s = time.perf_counter()
    given = case.site.district, case.state, case.forecast
    curve = evaluate(*given, baseline_schedule(case.site.district, case.forecast, case.state))
    found = Plan(
        status=PlanStatus.FALLBACK,
        chosen=curve,
        baseline=curve,
        bound=None,
        solve=SolveStatistics(
            wall_s=time.perf_counter() - began_s,
            iterations=0,
            simulations=case.forecast.members,
            buildings=0,
        ),
        reasons=(),
        to_go_on=None,
    )
    return PlannedSite(case=case, plan=found)


def baseline_shown(planned: PlannedSite) -> PlannedSite:
    """Let the weather curve take the plan's place, as if nothing better had been found.

    Args:
        planned: A plan with its case.

    Returns:
        The same with the curve as what is recommended, without bound and reasons of the plan.
    """
    plan = planned.plan
    curve = replace(plan, status=PlanStatus.FALLBACK, chosen=plan.baseline, bound=None, reasons=())
    return replace(planned, plan=curve)
