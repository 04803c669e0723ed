"""Plan two sites through the coldest 48 hours of three cities, beside the weather curve.

python -m benchmarks.six_cases --weather DIR --site DIR [--site DIR ...] [--json]

DIR of the weather holds hourly typical years (`*Beijing*.csv`, ...); the week before gives the
state at the start. Moscow and Arkhangelsk are shifted as a whole, so that their coldest 48 hours
average what a site of this kind is built for, and less.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from controller.case import Case
from controller.planning import plan_site
from controller.site import Site, load_site
from controller.translate import weather_on_grid
from drivers.base import WeatherSeries
from drivers.weather.csv_file import read_weather_file
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.levers import EVERY_LEVER
from optimizer.model.plan import Plan
from optimizer.plan import PlanOptions
from optimizer.simulate import simulate
from optimizer.tangents import Lever

YEAR = 2025
HOURS = 48
WEEK_H = 168
# Part of the file's name, and the mean that the coldest hours are shifted to, degC.
CITIES = (("Beijing", None), ("Moscow", -14.0), ("Arkhangelsk", -17.0))
# The curve is shifted by at most this, K.
MOST_SHIFT_K = 60.0
BISECTIONS = 24


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one case shows; shortfalls and costs are the judge's, those of the shifted curve the
    simulation's, None where no shift gives equal warmth."""

    site: str
    weather: str
    status: str
    curve_k_h: float
    plan_k_h: float
    fixed_k_h: float
    curve_max_k: float
    plan_max_k: float
    fixed_max_k: float
    curve_cost: float
    plan_cost: float
    fixed_cost: float
    shifted_cost: float | None
    bound: float
    saving_share: float | None
    curve_end_c: float
    plan_end_c: float
    binding: str
    seconds: float


def coldest(series: WeatherSeries, mean_c: float | None) -> tuple[WeatherSeries, datetime]:
    """Find the coldest 48 hours that have a week before them, and shift the series.

    Args:
        series: A year of hours.
        mean_c: What these hours are to average, degC; None leaves them.

    Returns:
        The series and when these hours begin.
    """
    course = series.outdoor_temp_c[0]
    means = np.convolve(course, np.ones(HOURS) / HOURS, "valid")[WEEK_H:-1]
    at = WEEK_H + int(means.argmin())
    if mean_c is None:
        return series, series.times[at]
    shift = mean_c - float(course[at : at + HOURS].mean())
    return replace(series, outdoor_temp_c=series.outdoor_temp_c + shift), series.times[at]


def case_of(site: Site, file: Path, mean_c: float | None) -> Case:
    """A site in the coldest hours of a weather file.

    Args:
        site: The site.
        file: Hourly typical year.
        mean_c: What the coldest hours are to average, degC.

    Returns:
        The case.
    """
    series, start = coldest(read_weather_file(str(file), year=YEAR), mean_c)
    forecast, history = weather_on_grid(
        series, district=site.district, timezone=site.timezone, start=start, hours=HOURS
    )
    state = starting_state(site.district, forecast, history)
    return Case(site=site, forecast=forecast, state=state)


def shifted_curve_cost(case: Case, shortfall_k_h: float) -> float | None:
    """Cost of the weather curve shifted in hindsight until it is as warm as a plan.

    Args:
        case: The case.
        shortfall_k_h: The plan's shortfall, K h.

    Returns:
        The cost, or None where no shift is as warm.
    """
    cold, warm = -MOST_SHIFT_K, MOST_SHIFT_K
    least = max(shortfall_k_h, 0.05)
    if _shifted(case, warm)[0] > least:
        return None
    for _ in range(BISECTIONS):
        middle = 0.5 * (cold + warm)
        cold, warm = (middle, warm) if _shifted(case, middle)[0] > least else (cold, middle)
    return _shifted(case, warm)[1]


def _shifted(case: Case, shift_k: float) -> tuple[float, float]:
    """Shortfall and cost of the curve with all its temperatures shifted."""
    district = case.site.district
    curve = tuple((out, supply + shift_k) for out, supply in district.control.heating_curve)
    control = replace(district.control, heating_curve=curve)
    schedule = baseline_schedule(replace(district, control=control), case.forecast, case.state)
    trace = simulate(district.network, case.state, case.forecast, schedule)
    cost = cost_of_trace(district, case.state, case.forecast, trace).total
    return comfort_of_trace(district.network, trace).shortfall_k_h, cost


def row_of(case: Case, weather: str, rounds: int) -> Row:
    """Plan a case with and without writable offsets.

    Args:
        case: The case.
        weather: What the weather is called.
        rounds: Rounds before each certificate.

    Returns:
        The figures.
    """
    options = PlanOptions(max_rounds=rounds)
    without = PlanOptions(max_rounds=rounds, movable=EVERY_LEVER - {Lever.OFFSET}, with_bound=False)
    plan, fixed = (plan_site(case, o, lambda _: None).plan for o in (options, without))
    curve, ours, less = (one.certificate for one in (plan.baseline, plan.chosen, fixed.chosen))
    bound = plan.bound.cost_lower if plan.bound is not None else float("nan")
    unshort = curve.comfort.shortfall_k_h < 0.05
    saved, provable = curve.cost.total - ours.cost.total, curve.cost.total - bound
    return Row(
        site=case.site.name,
        weather=weather,
        status=str(plan.status),
        curve_k_h=curve.comfort.shortfall_k_h,
        plan_k_h=ours.comfort.shortfall_k_h,
        fixed_k_h=less.comfort.shortfall_k_h,
        curve_max_k=curve.comfort.max_shortfall_k,
        plan_max_k=ours.comfort.max_shortfall_k,
        fixed_max_k=less.comfort.max_shortfall_k,
        curve_cost=curve.cost.total,
        plan_cost=ours.cost.total,
        fixed_cost=less.cost.total,
        shifted_cost=shifted_curve_cost(case, ours.comfort.shortfall_k_h),
        bound=bound,
        saving_share=saved / provable if unshort else None,
        curve_end_c=curve.comfort.mean_indoor_end_c,
        plan_end_c=ours.comfort.mean_indoor_end_c,
        binding=", ".join(_binding(plan)),
        seconds=plan.solve.wall_s,
    )


def _binding(plan: Plan) -> list[str]:
    named = [str(r.values["limit"]) for r in plan.reasons if r.code == "binding_limit"]
    return sorted(set(named))


def as_markdown(rows: list[Row]) -> str:
    """The figures as one table.

    Args:
        rows: The cases.

    Returns:
        Markdown; each triple is curve / plan / plan without offsets.
    """
    lines = [
        "| site | weather | | shortfall, K h | largest, K | cost | shifted curve | bound "
        "| of the provable saving | mean indoor end, degC | binding | s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        shifted = "none as warm" if r.shifted_cost is None else f"{r.shifted_cost:.0f}"
        share = "-" if r.saving_share is None else f"{100 * r.saving_share:.0f} %"
        lines.append(
            f"| {r.site} | {r.weather} | {r.status} "
            f"| {r.curve_k_h:.2f} / {r.plan_k_h:.2f} / {r.fixed_k_h:.2f} "
            f"| {r.curve_max_k:.2f} / {r.plan_max_k:.2f} / {r.fixed_max_k:.2f} "
            f"| {r.curve_cost:.0f} / {r.plan_cost:.0f} / {r.fixed_cost:.0f} "
            f"| {shifted} | {r.bound:.0f} | {share} "
            f"| {r.curve_end_c:.2f} / {r.plan_end_c:.2f} | {r.binding} | {r.seconds:.1f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Print the table.

    Returns:
        0, or 2 where a weather file is missing.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weather", type=Path, required=True, help="folder of typical years")
    parser.add_argument("--site", type=Path, action="append", required=True, help="site folder")
    parser.add_argument("--rounds", type=int, default=8, help="rounds before each certificate")
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    arguments = parser.parse_args()
    rows = []
    for folder in arguments.site:
        site = load_site(str(folder))
        for city, mean_c in CITIES:
            files = sorted(arguments.weather.glob(f"*{city}*.csv"))
            if not files:
                print(f"no weather of {city} in {arguments.weather}", file=sys.stderr)
                return 2
            name = city if mean_c is None else f"{city} at {mean_c:g}"
            print(f"{folder} {name} ...", file=sys.stderr)
            rows.append(row_of(case_of(site, files[0], mean_c), name, arguments.rounds))
    print(json.dumps([asdict(row) for row in rows]) if arguments.json else as_markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
