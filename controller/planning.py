"""From a site's case to a plan, with what the optimizer may not touch itself: clock and solver."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.case import Case
from optimizer.model.plan import Plan
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session


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
