"""How far plans lie above what is proven: python -m benchmarks.bound_gaps SITE.. --data WEATHER.

Plans 48 h of each site in its own mildest and coldest weather and in the coldest days of the
typical years in WEATHER, shifted so that they average what is said, and prints plan, weather curve
and bounds. Where the weather curve leaves nobody short, `taken` is the share of the provable saving
(weather curve minus bound) that the plan takes.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.case import Case
from controller.planning import plan_site
from controller.site import Site, load_site
from controller.translate import weather_on_grid
from drivers.base import WeatherSeries
from drivers.weather.csv_file import read_weather_file
from optimizer.baseline import starting_state
from optimizer.bound import lower_bound
from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.model.plan import Evaluated
from optimizer.plan import PlanOptions

HOURS = 48
# A week before the start leaves the state there, where the file reaches back so far.
HISTORY_H = 168
# File in the weather folder, and what its coldest hours are shifted to average, degC.
TYPICAL = (
    ("CHN_Beijing.Beijing.545110_CSWD.csv", None),
    ("RUS_Moscow.276120_IWEC.csv", -14.0),
    ("RUS_Arkhangelsk.225500_IWEC.csv", -17.0),
)
YEAR = 2025
HEADER = (
    "| site, weather | degC | curve | short, K h | plan | short, K h | bound | gap, % | taken, % "
    "| largest, K | at least, K | s |"
)


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Weather of one case.

    Attributes:
        name: What it is called.
        series: The file's weather, shifted.
        first: Index of the first hour.
    """

    name: str
    series: WeatherSeries
    first: int


def own_weather(site: Path) -> list[Weather]:
    """Find the mildest and the coldest hours of a site's own weather.

    Args:
        site: The site folder.

    Returns:
        Both, at least a day into the file.
    """
    series = read_weather_file(site / "weather.csv", year=YEAR)
    means = _means(series, 24)
    return [
        Weather(name="own, mildest", series=series, first=int(np.nanargmax(means))),
        Weather(name="own, coldest", series=series, first=int(np.nanargmin(means))),
    ]


def typical_weather(folder: Path) -> list[Weather]:
    """Find the coldest hours of the typical years, shifted.

    Args:
        folder: The weather folder.

    Returns:
        One case for each file that is there.
    """
    found = []
    for name, mean_c in TYPICAL:
        if not (folder / name).is_file():
            print(f"{name}: not in {folder}, left out", file=sys.stderr)
            continue
        series = read_weather_file(folder / name, year=YEAR)
        means = _means(series, HISTORY_H)
        first = int(np.nanargmin(means))
        shift = 0.0 if mean_c is None else mean_c - float(means[first])
        shifted = replace(series, outdoor_temp_c=series.outdoor_temp_c + shift)
        place = name.split(".")[0].split("_")[-1]
        called = place if mean_c is None else f"{place} at {mean_c:g}"
        found.append(Weather(name=called, series=shifted, first=first))
    return found


def _means(series: WeatherSeries, before: int) -> np.ndarray:
    """Mean outdoor temperature of the hours from each one on, nan where too near to an end."""
    course = np.asarray(series.outdoor_temp_c[0])
    means = np.convolve(course, np.ones(HOURS) / HOURS, "valid")[:-2]
    means[:before] = np.nan
    return means


def row(site: Site, weather: Weather) -> str:
    """Plan one case and put its figures in a line.

    Args:
        site: The site.
        weather: Its weather.

    Returns:
        A line of the table.
    """
    start = weather.series.times[weather.first]
    forecast, history = weather_on_grid(
        weather.series, district=site.district, timezone=site.timezone, start=start, hours=HOURS
    )
    state = starting_state(site.district, forecast, history)
    case = Case(site=site, forecast=forecast, state=state)
    plan = plan_site(case, PlanOptions(with_bound=False), lambda line: None).plan

    def figures(of: Evaluated) -> tuple[float, float]:
        cost = cost_of_trace(site.district, state, forecast, of.trace).total
        return cost, comfort_of_trace(site.district.network, of.trace).shortfall_k_h

    (usual, usual_short), (cost, short) = figures(plan.baseline), figures(plan.chosen)
    comfort = comfort_of_trace(site.district.network, plan.chosen.trace)
    began = time.perf_counter()
    bound = lower_bound(site.district, state, forecast, comfort, cost)
    took = time.perf_counter() - began
    taken = f"{100.0 * (usual - cost) / (usual - bound.cost_lower):.0f}"
    return (
        f"| {site.site_id}, {weather.name} | {forecast.outdoor_temp_c.mean():.1f} "
        f"| {usual:,.0f} | {usual_short:,.1f} | {cost:,.0f} | {short:,.1f} "
        f"| {bound.cost_lower:,.0f} | {bound.gap_pct:.1f} | {taken if usual_short < 0.1 else '-'} "
        f"| {comfort.max_shortfall_k:.2f} | {bound.max_shortfall_lower_k:.2f} | {took:.2f} |"
    )


def main() -> int:
    """Print the table.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sites", type=Path, nargs="+", help="site folders")
    parser.add_argument("--data", type=Path, required=True, help="folder of typical years")
    arguments = parser.parse_args()
    print(HEADER)
    print("|---|" + "---:|" * (HEADER.count("|") - 2))
    for folder in arguments.sites:
        site = load_site(str(folder))
        for weather in own_weather(folder) + typical_weather(arguments.data):
            print(row(site, weather), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
