"""Plan one case from schedules drawn at random: do all searches end at the same cost?

python -m benchmarks.random_starts SITE --weather FILE --start TIME [--rounds N]
"""

import argparse
import sys

import numpy as np

from controller.case import Case, read_case
from controller.planning import plan_site
from optimizer.baseline import baseline_schedule
from optimizer.lever_schedules import schedule_of
from optimizer.levers import build_levers, limited
from optimizer.model.schedule import Schedule
from optimizer.plan import PlanOptions

STARTS = 5
HOURS = 48.0
# Spread of a lever's knots around its own random level, as a share of its range.
KNOT_SPREAD = 0.1


def random_schedule(case: Case, seed: int) -> Schedule:
    """Every lever at a level of its own with a walk around it, within range and ramps.

    Args:
        case: The case.
        seed: Seed.

    Returns:
        The schedule.
    """
    district, grid = case.site.district, case.forecast
    template = baseline_schedule(district, grid, case.state)
    levers = build_levers(district.network, case.state, grid.step_s, grid.steps)
    rng = np.random.default_rng(seed)
    courses = [
        rng.uniform(r.low, r.high) + rng.normal(0.0, KNOT_SPREAD * (r.high - r.low), len(r.knots))
        for r in levers.ranges
    ]
    decisions = limited(levers, np.concatenate(courses))
    return schedule_of(levers, district.network, decisions, template)


def main() -> int:
    """Print a line a start, and the spread of the costs.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", help="site folder")
    parser.add_argument("--weather", required=True, help="weather file")
    parser.add_argument("--start", required=True, help="ISO 8601 with offset")
    parser.add_argument("--rounds", type=int, default=16, help="rounds before each certificate")
    words = parser.parse_args()
    case = read_case(
        words.site,
        words.weather,
        words.start,
        HOURS,
        shortest_h=1.0,
        longest_h=96.0,
        tell=lambda _: None,
    )
    costs = []
    for seed in range(STARTS):
        options = PlanOptions(
            start=random_schedule(case, seed), with_bound=False, max_rounds=words.rounds
        )
        plan = plan_site(case, options, lambda _: None).plan
        judged = plan.chosen.certificate
        costs.append(judged.cost.total)
        print(
            f"start {seed}: {plan.status}, {judged.comfort.shortfall_k_h:.3f} K h, "
            f"largest {judged.comfort.max_shortfall_k:.3f} K, cost {judged.cost.total:.1f}"
        )
    print(f"costs lie within {100.0 * (max(costs) - min(costs)) / min(costs):.3f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
