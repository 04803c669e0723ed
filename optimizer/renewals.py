"""Which single renewal of a pipe or retrofit of a building would buy most warmth or money.

Every candidate is tried first under the plan as it stands: near an optimum that shows its effect
to first order. The few that do most, and those that carry the limits which bind, are then planned
anew, so that what the table says is what a plan with them reaches.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from optimizer.certified_search import is_better
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.model.forecast import Forecast
from optimizer.model.plan import Plan
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.side_by_side import side_by_side
from optimizer.simulate import simulate
from optimizer.what_if import retrofitted, with_renewed_pipe

# What door curtains and sealed windows leave of an old building's loss.
RETROFIT_FACTOR = 0.85
# A kelvin of the largest shortfall counts like so many kelvin-hours of all flats in the order of
# what is planned anew.
PER_LARGEST_K = 10.0


class RenewalKind(StrEnum):
    """What is renewed."""

    PIPE = "pipe"
    BUILDING = "building"


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """One candidate with what it buys over the horizon: positive is warmer, or cheaper."""

    kind: RenewalKind
    element_id: str
    largest_k: float
    shortfall_k_h: float
    saved: float


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    kind: RenewalKind
    element_id: str
    district: District


def rank_renewals(
    district: District,
    state: PlantState,
    forecast: Forecast,
    plan: Plan,
    most: int,
    replan: Callable[[District], Plan],
    progress: Callable[[str], None],
) -> tuple[Renewal, ...]:
    """Rank single renewals by what they buy.

    Args:
        district: The district as it is.
        state: State at the start.
        forecast: Weather and prices.
        plan: Its plan.
        most: How many candidates are planned anew.
        replan: Plans a changed district from the same start.
        progress: Receives a line now and then.

    Returns:
        The renewals that were planned anew, those that buy most warmth first, then most money.
    """
    candidates = _candidates(district, forecast.start.year)
    progress(f"trying {len(candidates)} renewals under the plan as it stands")
    tried = side_by_side(lambda one: _tried(one, state, forecast, plan, district), candidates)
    binding = {limit.where for limit in plan.chosen.certificate.limits if limit.margin < 0.1}
    order = sorted(
        range(len(candidates)),
        key=lambda i: (candidates[i].element_id not in binding, *_order(tried[i])),
    )
    by_effect = sorted(range(len(candidates)), key=lambda i: _order(tried[i]))
    # What one more search makes of the district as it is owes nothing to a renewal.
    again = replan(district)
    if is_better(again.chosen.certificate, plan.chosen.certificate):
        plan = again
    half = (most + 1) // 2
    chosen = list(dict.fromkeys([*by_effect[:half], *order[: most - half], *by_effect]))[:most]
    renewals = []
    for number, i in enumerate(chosen, start=1):
        progress(f"planning {number} of {len(chosen)}: {candidates[i].element_id} renewed")
        renewals.append(_planned(candidates[i], plan, replan(candidates[i].district)))
    return tuple(sorted(renewals, key=_order))


def _candidates(district: District, year: int) -> list[_Candidate]:
    network = district.network
    pipes = [
        _Candidate(
            kind=RenewalKind.PIPE,
            element_id=pipe.pipe_id,
            district=with_renewed_pipe(district, pipe.pipe_id, year),
        )
        for pipe in network.pipes
        if pipe.in_service
    ]
    buildings = [
        _Candidate(
            kind=RenewalKind.BUILDING,
            element_id=building.building_id,
            district=retrofitted(district, {building.building_id: RETROFIT_FACTOR}),
        )
        for building in network.buildings
    ]
    return pipes + buildings


def _tried(
    candidate: _Candidate, state: PlantState, forecast: Forecast, plan: Plan, before: District
) -> Renewal:
    """The effect of a candidate under the plan's own schedule."""
    trace = simulate(candidate.district.network, state, forecast, plan.chosen.schedule)
    now, then = (
        comfort_of_trace(before.network, plan.chosen.trace),
        comfort_of_trace(candidate.district.network, trace),
    )
    costs = [
        cost_of_trace(where, state, forecast, run).total
        for where, run in ((before, plan.chosen.trace), (candidate.district, trace))
    ]
    return Renewal(
        kind=candidate.kind,
        element_id=candidate.element_id,
        largest_k=now.max_shortfall_k - then.max_shortfall_k,
        shortfall_k_h=now.shortfall_k_h - then.shortfall_k_h,
        saved=costs[0] - costs[1],
    )


def _planned(candidate: _Candidate, before: Plan, after: Plan) -> Renewal:
    now, then = before.chosen.certificate, after.chosen.certificate
    return Renewal(
        kind=candidate.kind,
        element_id=candidate.element_id,
        largest_k=now.comfort.max_shortfall_k - then.comfort.max_shortfall_k,
        shortfall_k_h=now.comfort.shortfall_k_h - then.comfort.shortfall_k_h,
        saved=now.cost.total - then.cost.total,
    )


def _order(renewal: Renewal) -> tuple[float, float]:
    """Most warmth first, then most money; what nobody feels is no warmth."""
    warmth = PER_LARGEST_K * renewal.largest_k + renewal.shortfall_k_h
    return -round(warmth, 1), -renewal.saved
