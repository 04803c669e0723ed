"""Planning with plants that may stand still: the few most promising choices, the best one kept."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.certified_search import Attempt, is_better
from optimizer.certify import certify
from optimizer.commitment import choose_running
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import build_levers, limited
from optimizer.linear_model import Task
from optimizer.members import deciding_member, runs_in
from optimizer.model.arrays import BoolArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.plan import Evaluated
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.round import choice_solver
from optimizer.search import Progress
from optimizer.standing import with_running

# Shares of the weather curve's load that a choice has to carry: what it is, then more where that
# came to nothing, for what heat alone does not say, and less where it did, for what a plan saves.
AS_IT_IS, CAREFUL, BOLD = 1.0, 1.1, 0.9


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was found for one choice of running plants, and the task that it was found for."""

    task: Task
    attempt: Attempt


# Searches from what the weather curve comes to with some plants at standstill, and its runs.
Search = Callable[[Evaluated, tuple[Trace, ...]], Searched]


def search_with_stops(
    district: District,
    state: PlantState,
    forecast: Forecast,
    curve: Schedule,
    traces: tuple[Trace, ...],
    all_running: Searched,
    search: Search,
    progress: Progress,
) -> Searched:
    """Plan the most promising times of running beside all plants running, and keep the best.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        curve: The weather curve, all plants running.
        traces: Its runs, one a weather member.
        all_running: What was found with all plants running.
        search: Plans one choice.
        progress: Receives a line now and then.

    Returns:
        The best by warmth, then cost, among what is certified.
    """
    best, tried = all_running, [curve.runs]

    def choose(factor: float) -> BoolArray | None:
        runs = choose_running(district, state, forecast, traces, factor, choice_solver())
        known = runs is None or any(np.array_equal(runs, other) for other in tried)
        return None if known else runs

    for first in (True, False):
        factor = AS_IT_IS if first else CAREFUL if best.task is all_running.task else BOLD
        runs = choose(factor)
        if runs is None:
            continue
        tried.append(runs)
        progress(_line(district.network, forecast, runs))
        best = _better(best, search(*_curve_with(district, state, forecast, curve, runs)))
    return best


def _curve_with(
    district: District, state: PlantState, forecast: Forecast, curve: Schedule, runs: BoolArray
) -> tuple[Evaluated, tuple[Trace, ...]]:
    """The weather curve with plants at standstill, their pumps within their ramps, and its runs."""
    network = district.network
    template = with_running(network, curve, runs)
    levers = build_levers(network, state, forecast.step_s, forecast.steps, running=runs)
    decisions = limited(levers, decisions_of(levers, template))
    schedule = schedule_of(levers, network, decisions, template)
    found = runs_in(network, state, forecast, schedule, range(forecast.members))
    deciding = deciding_member(district, forecast, found)
    certificate = certify(district, state, forecast, schedule)
    return Evaluated(schedule=schedule, trace=found[deciding], certificate=certificate), found


def _better(old: Searched, new: Searched) -> Searched:
    """The better of two, with the effort of both."""
    ours, theirs = old.attempt.best, new.attempt.best
    wins = theirs is not None and is_better(
        theirs.certificate, None if ours is None else ours.certificate
    )
    kept = new if wins else old
    return replace(
        kept,
        attempt=replace(
            kept.attempt,
            rounds=old.attempt.rounds + new.attempt.rounds,
            simulations=old.attempt.simulations + new.attempt.simulations,
        ),
    )


def _line(network: Network, forecast: Forecast, runs: BoolArray) -> str:
    hours = (~runs).sum(axis=1) * forecast.step_s / 3600.0
    still = [
        f"{plant.plant_id} {standing:g} h"
        for plant, standing in zip(network.plants, hours, strict=True)
        if standing > 0.0
    ]
    return f"planning with plants at standstill: {', '.join(still) or 'none'}"
