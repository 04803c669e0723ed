"""How far plans lie above what is proven.

python -m benchmarks.bound_gaps SITE.. --data WEATHER
python -m benchmarks.bound_gaps --random 20 [--held]

Plans 48 h of each site in its own mildest and coldest weather and in the coldest days of the
typical years in WEATHER, shifted so that they average what is said, and prints plan, weather curve
and bounds. Where the weather curve leaves nobody short, `taken` is the share of the provable saving
(weather curve minus bound) that the plan takes.

`--random` plans so many random cities of 50 to 300 stations through 24 h of a cold wave, every
fourth with a boiler that is too small for it, and prints the medians. In cities every valve follows
a curve, and three in ten curves can be shifted; `--held` lets every one be shifted.
"""

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.cases.cities import city, cold_wave, with_boiler
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
from optimizer.model.policy import District
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session

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
# Random cities: hours, how often the boiler is too small, and what is left of it.
RANDOM_HOURS, EVERY_SHORT, BOILER = 24, 4, (0.6, 0.75)
OFFSET_RANGE_K = (-5.0, 8.0)
# What the weather curve may be colder by and still be compared by its cost.
AS_WARM_K = 0.02
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
    found = plan_site(case, PlanOptions(with_bound=False), lambda line: None).plan

    def figures(of: Evaluated) -> tuple[float, float]:
        cost = cost_of_trace(site.district, state, forecast, of.trace).total
        return cost, comfort_of_trace(site.district.network, of.trace).shortfall_k_h

    (usual, usual_short), (cost, short) = figures(found.baseline), figures(found.chosen)
    comfort = comfort_of_trace(site.district.network, found.chosen.trace)
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


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What one random city shows.

    Attributes:
        gap_pct: Of the plan above the bound, % of the plan's cost.
        of_saving_pct: The same in % of what the weather curve lies above the bound; nan where the
            plan is warmer than the curve, and money says nothing.
        colder_k: Largest shortfall less what it is at least.
    """

    gap_pct: float
    of_saving_pct: float
    colder_k: float


def random_row(number: int, *, held: bool) -> Gap:
    """Plan a random city, and print a line.

    Args:
        number: Seed.
        held: Whether every station's curve can be shifted.

    Returns:
        Its gaps.
    """
    chance = np.random.default_rng(number)
    stations = int(chance.integers(50, 301))
    district = city(stations, 2, seed=number)
    if held:
        district = _every_curve_shifted(district)
    if number % EVERY_SHORT == 0:
        district = with_boiler(district, float(chance.uniform(*BOILER)))
    weather = cold_wave(district, RANDOM_HOURS)
    state = starting_state(district, weather, None)
    found = plan(
        *(district, state, weather, solver_session(), PlanOptions(with_bound=True)),
        lambda _line: None,
        lambda: 0.0,
    )
    assert found.bound is not None
    lower, costs, short = found.bound.cost_lower, [], []
    for one in (found.baseline, found.chosen):
        comfort = comfort_of_trace(district.network, one.trace)
        costs.append(cost_of_trace(district, state, weather, one.trace).total)
        short.append(comfort.max_shortfall_k)
    (usual, cost), least_k = costs, found.bound.max_shortfall_lower_k
    as_warm = short[0] <= short[1] + AS_WARM_K
    gap = Gap(
        gap_pct=100.0 * (cost - lower) / cost,
        of_saving_pct=100.0 * (cost - lower) / (usual - lower) if as_warm else np.nan,
        colder_k=short[1] - least_k,
    )
    print(
        f"| {number} | {stations} | {usual:,.0f} / {short[0]:.2f} | {cost:,.0f} / {short[1]:.2f} "
        f"| {lower:,.0f} | {gap.gap_pct:.1f} | {gap.of_saving_pct:.0f} | {least_k:.2f} |",
        flush=True,
    )
    return gap


def _every_curve_shifted(district: District) -> District:
    network = district.network
    stations = tuple(
        replace(one, offset_range_k=OFFSET_RANGE_K, offset_rate_k_h=10.0)
        for one in network.stations
    )
    return replace(district, network=replace(network, stations=stations))


def random_table(sites: int, *, held: bool) -> None:
    """Print a line for each random city, and the medians.

    Args:
        sites: How many.
        held: Whether every station's curve can be shifted.
    """
    print(
        "| city | stations | curve: cost / largest, K | plan | bound | gap, % "
        "| of curve - bound, % | largest at least, K |\n|---|---|---|---|---|---|---|---|"
    )
    gaps = [random_row(number, held=held) for number in range(1, sites + 1)]
    pct, share, colder = (
        np.array([getattr(one, name) for one in gaps])
        for name in ("gap_pct", "of_saving_pct", "colder_k")
    )
    print(
        f"gap: median {np.median(pct):.2f} %, least {pct.min():.2f} %; "
        f"of (curve - bound): median {np.nanmedian(share):.0f} %; "
        f"coldest flat above its own bound: median {np.median(colder):.2f} K, "
        f"most {colder.max():.2f} K"
    )


def main() -> int:
    """Print the table.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sites", type=Path, nargs="*", help="site folders")
    parser.add_argument("--data", type=Path, help="folder of typical years")
    parser.add_argument("--random", type=int, default=0, help="so many random cities instead")
    parser.add_argument("--held", action="store_true", help="every curve can be shifted")
    arguments = parser.parse_args()
    if arguments.random:
        random_table(arguments.random, held=arguments.held)
        return 0
    if not arguments.sites or arguments.data is None:
        parser.error("give site folders with --data, or --random")
    print(HEADER)
    print("|---|" + "---:|" * (HEADER.count("|") - 2))
    for folder in arguments.sites:
        site = load_site(str(folder))
        for weather in own_weather(folder) + typical_weather(arguments.data):
            print(row(site, weather), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
