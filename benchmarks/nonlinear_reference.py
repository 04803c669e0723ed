"""Is a plan dearer than what a full nonlinear solver finds?

python -m benchmarks.nonlinear_reference [--sites 20] [--rounds 24] [--hours 24]
    [--hourly-price]

Random sites of at most ten stations in weather that leaves nobody short, so that plans differ by
their cost alone. The planner's search, with one budget of rounds, is held against IPOPT on the very
same task: the same simulator with its derivatives, decisions, ramps, limits and margins, every
limit that comes near a constraint of its own. IPOPT starts at the weather curve and at the plan;
limits that its answer passes are added, and it is asked again. Needs `casadi` (extra `benchmarks`).
"""

import argparse
import sys
import time
from dataclasses import replace

import numpy as np

from benchmarks.cases.cities import city, cold_wave
from benchmarks.cases.nonlinear_program import Constraints, Program, solved
from benchmarks.cases.prices import with_hourly_price
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.correction import Remembered, newly_passed
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import limited
from optimizer.linear_model import Task, limits_of, missing_k
from optimizer.merit import Merit, merit_of
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.trace import Trace
from optimizer.plan import PlanOptions, task_for
from optimizer.round import solver_session
from optimizer.search import search, standing_at, within_reach
from optimizer.simulate import simulate
from optimizer.watched_limits import WatchedLimits, joined

# Flats that come nearer to their minimum than this have constraints of their own, K.
NEAR_K = 2.0
MOST_REPEATS = 4
# What a merit may show before it counts as colder or as passing a limit.
AS_WARM_K_H, AS_LAWFUL = 0.05, 0.1


def simulated(task: Task, decisions: FloatArray) -> Trace:
    """Run decisions."""
    network = task.district.network
    schedule = schedule_of(task.levers, network, decisions, task.template)
    return simulate(network, task.state, task.forecast, schedule)


def referred(task: Task, starts: list[FloatArray], scale: float) -> tuple[FloatArray, Merit] | None:
    """The cheapest lawful and warm answer of IPOPT from several starts.

    Args:
        task: What is planned.
        starts: Where to start.
        scale: A typical cost.

    Returns:
        Decisions and merit; None where no answer is lawful and warm.
    """
    best: tuple[FloatArray, Merit] | None = None
    for start in starts:
        trace = simulated(task, start)
        limits = limits_of(task, (trace,)).without_twins()
        decisions = start
        for _ in range(MOST_REPEATS):
            building, boundary = _near_flats(task, [trace, simulated(task, decisions)])
            kept = Constraints(limits=limits, trace=trace, building=building, boundary=boundary)
            decisions = solved(Program(task, kept, scale), decisions)
            run = simulated(task, decisions)
            merit = merit_of(task, (run,))
            if merit.violation <= AS_LAWFUL and merit.shortfall_k_h <= AS_WARM_K_H:
                if best is None or merit.cost < best[1].cost:
                    best = decisions, merit
                break
            limits = _with_passed(limits, task, run, trace)
    return best


def _near_flats(task: Task, traces: list[Trace]) -> tuple[IntArray, IntArray]:
    span = 3600 // task.forecast.step_s
    near = [missing_k(task, one) > -NEAR_K for one in traces]
    hour, building = np.nonzero(np.logical_or.reduce(near)[span::span])
    return building.astype(np.int64), ((hour + 1) * span).astype(np.int64)


def _with_passed(limits: WatchedLimits, task: Task, run: Trace, trace: Trace) -> WatchedLimits:
    """Add what a run passes, with the values that it has in the trace of the others."""
    new = newly_passed(limits, limits_of(task, (run,)))
    return joined([limits, Remembered(limits=new, trace=run).at(trace)])


def compared(number: int, rounds: int, hours: int, *, hourly: bool) -> tuple[float, float]:
    """Plan a random site both ways, and print a line.

    Args:
        number: Of the site.
        rounds: Budget of the planner's search.
        hours: Horizon.
        hourly: Whether dear hours cost three times.

    Returns:
        Cost of the plan and of the reference.
    """
    began = time.process_time()
    chance = np.random.default_rng(number)
    stations = int(chance.integers(3, 11))
    district = city(stations, 2, plants=1 + int(stations >= 6 and number % 3 == 0), seed=number)
    wave = cold_wave(district, hours)
    milder = wave.outdoor_temp_c + 6.0 + 4.0 * chance.random()
    weather = replace(wave, outdoor_temp_c=frozen(milder))
    weather = with_hourly_price(weather) if hourly else weather
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)
    traces = (simulate(district.network, state, weather, curve),)
    task = task_for(district, state, weather, curve, traces, PlanOptions())
    usual = limited(task.levers, decisions_of(task.levers, curve))
    standing = within_reach(task, standing_at(task, usual))
    found = search(task, standing, solver_session(), rounds, lambda _line: None)
    planned = time.process_time() - began
    ours, before = found.merit, standing.run.merit
    reference = referred(task, [usual, found.decisions], before.cost)
    theirs = None if reference is None else reference[1]
    cost = np.nan if theirs is None else theirs.cost
    print(
        f"| {number} | {stations} | {before.cost:.2f} / {before.shortfall_k_h:.2f} "
        f"| {ours.cost:.2f} / {ours.shortfall_k_h:.2f} / {ours.violation:.2f} | {cost:.2f} "
        f"| {100.0 * (ours.cost / cost - 1.0):+.3f} | {planned:.0f} "
        f"| {time.process_time() - began - planned:.0f} |",
        flush=True,
    )
    return ours.cost, float(cost)


def main() -> int:
    """Print a table of sites.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=24, help="as the planner takes by itself")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--hourly-price", action="store_true", help="dear hours cost three times")
    words = parser.parse_args()
    print(
        "| site | stations | curve: cost / K h | plan: cost / K h / violation | IPOPT "
        "| plan dearer, % | plan, CPU s | IPOPT, CPU s |\n|---|---|---|---|---|---|---|---|"
    )
    pairs = np.array(
        [
            compared(number, words.rounds, words.hours, hourly=words.hourly_price)
            for number in range(1, words.sites + 1)
        ]
    )
    dearer = 100.0 * (pairs[:, 0] / pairs[:, 1] - 1.0)
    print(f"dearer by at most {np.nanmax(dearer):.3f} %, median {np.nanmedian(dearer):.3f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
