"""Where the boiler is too small: does climbing from everything at its most warm the coldest more?

python -m benchmarks.local_ascent [--site SITE ..] [--cities 6] [--sweeps 12]

Each case is planned, then climbed: every outlet and pump at the top of its range and every offset
where the weather curve has it, then one decision after the other moved up and down, by a third as
much where no move helps, as long as the largest shortfall falls and no limit is passed that the
start does not pass. Moves are judged by the simulator with the planner's margins from limits; at
the end the judge certifies. Sites are planned in the coldest 48 h of their weather with the boiler
at BOILER of its capacity, cities in a cold wave of 24 h.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cases.cities import city, cold_wave, with_boiler
from controller.site import load_site
from controller.translate import weather_on_grid
from drivers.weather.csv_file import read_weather_file
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.evaluate import evaluate
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import limited
from optimizer.linear_model import Task, limits_of
from optimizer.members import runs_in
from optimizer.merit import VIOLATION_FREE, violation_of
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import Certificate
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.plan import PlanOptions, plan, task_for
from optimizer.round import solver_session
from optimizer.search import units_of
from optimizer.simulate import simulate
from optimizer.tangents import Lever

HOURS, CITY_HOURS = 48, 24
YEAR = 2026
# Of its capacity, what a site's boiler has left; of a city's, drawn between these.
BOILER, CITY_BOILER = 0.75, (0.55, 0.7)
# First moves, in units of the planner's trust radius, and where a climb ends.
FIRST_MOVE, LEAST_MOVE = 4.0, 0.1
SHORTER = 1.0 / 3.0
# What one move must gain, K.
LEAST_GAIN_K = 1e-4


@dataclass(frozen=True, kw_only=True)
class Case:
    """A district that is short of heat."""

    name: str
    district: District
    state: PlantState
    weather: Forecast


def city_case(number: int) -> Case:
    """A random city in a cold wave.

    Args:
        number: Seed.

    Returns:
        The case.
    """
    chance = np.random.default_rng(number)
    stations, share = int(chance.integers(5, 31)), float(chance.uniform(*CITY_BOILER))
    district = with_boiler(city(stations, 2, seed=number), share)
    weather = cold_wave(district, CITY_HOURS)
    return Case(
        name=f"city {number}, {stations} stations, boiler {100.0 * share:.0f} %",
        district=district,
        state=starting_state(district, weather, None),
        weather=weather,
    )


def site_case(folder: Path, weather_file: Path) -> Case:
    """A site in the coldest hours of its weather.

    Args:
        folder: The site.
        weather_file: Its weather.

    Returns:
        The case.
    """
    site, series = load_site(str(folder)), read_weather_file(str(weather_file), year=YEAR)
    course = np.asarray(series.outdoor_temp_c[0])
    means = np.convolve(course, np.ones(HOURS) / HOURS, "valid")[:-2]
    means[:24] = np.inf
    weather, history = weather_on_grid(
        series,
        district=site.district,
        timezone=site.timezone,
        start=series.times[int(means.argmin())],
        hours=HOURS,
    )
    district = with_boiler(site.district, BOILER)
    return Case(
        name=f"{site.site_id}, boiler {100.0 * BOILER:.0f} %",
        district=district,
        state=starting_state(district, weather, history),
        weather=weather,
    )


class Climb:
    """Coordinate moves on the simulator, limits kept.

    Args:
        task: What is planned.
        start: Where to start.
    """

    def __init__(self, task: Task, start: FloatArray) -> None:
        self.task, self.unit, self.runs = task, units_of(task.levers), 0
        self.now = limited(task.levers, start)
        self.passed, self.short = self._judged(self.now)

    def _judged(self, decisions: FloatArray) -> tuple[float, tuple[float, float]]:
        """Violation, and largest shortfall with the sum of all."""
        task, network = self.task, self.task.district.network
        schedule = schedule_of(task.levers, network, decisions, task.template)
        trace = simulate(network, task.state, task.forecast, schedule)
        limits = limits_of(task, (trace,))
        least = np.array([one.min_indoor_c for one in network.buildings])
        missing = np.maximum(least - trace.buildings.worst_flat_temp_c, 0.0)
        self.runs += 1
        passed = max(violation_of(limits.kind, limits.excess), VIOLATION_FREE)
        return passed, (float(missing.max()), float(missing.mean()))

    def _is_better(self, passed: float, short: tuple[float, float]) -> bool:
        if passed < self.passed - LEAST_GAIN_K:
            return True
        return passed <= self.passed and short[0] < self.short[0] - LEAST_GAIN_K

    def up(self, sweeps: int) -> FloatArray:
        """Climb.

        Args:
            sweeps: Most passes over all decisions.

        Returns:
            Where no move helps any more, or the sweeps ended.
        """
        size = FIRST_MOVE
        for _ in range(sweeps):
            if not self._swept(size):
                size *= SHORTER
                if size < LEAST_MOVE:
                    break
        return self.now

    def _swept(self, size: float) -> bool:
        """Move every decision, and all of one lever's together; whether anything helped."""
        helped, levers = False, self.task.levers
        wholes = [slice(a, b) for a, b in zip(levers.first[:-1], levers.first[1:], strict=True)]
        for part in wholes + [slice(d, d + 1) for d in range(levers.count)]:
            for sign in (1.0, -1.0):
                tried = self.now.copy()
                tried[part] += sign * size * self.unit[part]
                tried = limited(levers, tried)
                if np.array_equal(tried, self.now):
                    continue
                passed, short = self._judged(tried)
                if self._is_better(passed, short):
                    self.now, self.passed, self.short = tried, passed, short
                    helped = True
                    break
        return helped


def everything_at_most(task: Task) -> FloatArray:
    """Outlets and pumps at the top of their ranges.

    Args:
        task: What is planned.

    Returns:
        Decisions.
    """
    decisions = decisions_of(task.levers, task.template)
    for number, one in enumerate(task.levers.ranges):
        if one.lever is not Lever.OFFSET:
            decisions[task.levers.first[number] : task.levers.first[number + 1]] = one.high
    return limited(task.levers, decisions)


def compared(case: Case, sweeps: int) -> float:
    """Plan a case, climb from both starts, and print a line.

    Args:
        case: The case.
        sweeps: Most passes of a climb.

    Returns:
        How much warmer than the plan's the coldest flat of the better climb is, K.
    """
    began = time.process_time()
    options = PlanOptions(with_bound=False)
    found = plan(
        *(case.district, case.state, case.weather, solver_session(), options),
        lambda _line: None,
        lambda: 0.0,
    )
    planned_s = time.process_time() - began
    network, curve = (
        case.district.network,
        baseline_schedule(case.district, case.weather, case.state),
    )
    traces = runs_in(network, case.state, case.weather, curve, range(1))
    task = task_for(case.district, case.state, case.weather, curve, traces, PlanOptions())
    starts = everything_at_most(task), decisions_of(task.levers, found.chosen.schedule)
    climbs = [Climb(task, start) for start in starts]
    ends = [
        evaluate(
            *(case.district, case.state, case.weather),
            schedule_of(task.levers, network, climb.up(sweeps), task.template),
        ).certificate
        for climb in climbs
    ]
    ours, usual = found.chosen.certificate, found.baseline.certificate
    print(
        f"| {case.name} | {_figure(usual)} | {_figure(ours)} | {_figure(ends[0])} "
        f"| {_figure(ends[1])} | {planned_s:.0f} | {climbs[0].runs + climbs[1].runs} "
        f"| {time.process_time() - began - planned_s:.0f} |",
        flush=True,
    )
    warmest = [one.comfort.max_shortfall_k for one in ends if one.certified]
    return ours.comfort.max_shortfall_k - min(warmest, default=np.inf)


def _figure(judged: Certificate) -> str:
    comfort = judged.comfort
    passed = "" if judged.certified else " (passes limits)"
    return f"{comfort.max_shortfall_k:.3f} / {comfort.shortfall_k_h:.0f}{passed}"


def main() -> int:
    """Print a table.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, action="append", default=[], help="site folder")
    parser.add_argument("--cities", type=int, default=6)
    parser.add_argument("--sweeps", type=int, default=12, help="passes of a climb at most")
    words = parser.parse_args()
    print(
        "| case | curve: largest, K / K h | plan | everything at its most, climbed | plan, climbed "
        "| plan, CPU s | runs | CPU s |\n|---|---|---|---|---|---|---|---|"
    )
    cases = [city_case(number) for number in range(1, words.cities + 1)]
    cases += [site_case(folder, folder / "weather.csv") for folder in words.site]
    warmer = np.array([compared(case, words.sweeps) for case in cases])
    print(f"warmer than the plan by at most {warmer.max():.3f} K, median {np.median(warmer):.3f} K")
    return 0


if __name__ == "__main__":
    sys.exit(main())
