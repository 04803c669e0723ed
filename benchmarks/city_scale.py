"""Plan whole cities: cold, again a quarter of an hour later, and with ten weather members.

python -m benchmarks.city_scale [--stations 1000] [--buildings 3] [--plants 1] [--members 10]
"""

import argparse
import resource
import sys
import time
from dataclasses import replace

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import starting_state
from optimizer.model.forecast import Forecast
from optimizer.model.plan import LastPlan, Plan
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.simulate import simulate
from optimizer.timegrid import first_steps, part_of

HOURS = 48


def timed(
    name: str,
    district: District,
    state: PlantState,
    weather: Forecast,
    last: LastPlan | None = None,
) -> Plan:
    """Plan, and print what it took on the clock and of the cores."""
    options = PlanOptions(with_bound=False, last=last)
    clock_s, cores_s = time.perf_counter(), time.process_time()
    found = plan(
        *(district, state, weather, solver_session(), options), lambda _: None, time.perf_counter
    )
    clock_s, cores_s = time.perf_counter() - clock_s, time.process_time() - cores_s
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0**2
    ours, usual = found.chosen.certificate, found.baseline.certificate
    print(
        f"{name}: {clock_s:.1f} s, {cores_s:.1f} s of a core, peak {gib:.2f} GiB, "
        f"{found.status.value}, {found.solve.iterations} rounds, largest shortfall "
        f"{ours.comfort.max_shortfall_k:.2f} ({usual.comfort.max_shortfall_k:.2f}) K, "
        f"cost {ours.cost.total:.0f} ({usual.cost.total:.0f})",
        flush=True,
    )
    return found


def main() -> int:
    """Print a line a plan.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--buildings", type=int, default=3, help="behind each station")
    parser.add_argument("--plants", type=int, default=1)
    parser.add_argument("--members", type=int, default=10)
    words = parser.parse_args()
    district = city(
        words.stations, words.buildings, plants=words.plants, meshed=words.plants > 1, seed=1
    )
    course = cold_wave(district, HOURS + 1, members=words.members)
    central = part_of(course, 0, HOURS * 4)
    alone = _first_member(central)
    state = starting_state(district, alone, None)
    timed("compiling", city(8, 1, seed=1), *_small())
    first = timed("cold", district, state, alone)
    begun = first_steps(first.chosen.schedule, 1)
    then = simulate(district.network, state, part_of(alone, 0, 1), begun).end_state
    again = _first_member(part_of(course, 1, HOURS * 4))
    timed("a quarter of an hour later", district, then, again, first.to_go_on)
    if words.members > 1:
        timed(f"{words.members} members", district, state, central)
    return 0


def _first_member(weather: Forecast) -> Forecast:
    return replace(
        weather,
        outdoor_temp_c=weather.outdoor_temp_c[:1],
        wind_m_s=weather.wind_m_s[:1],
        ghi_w_m2=weather.ghi_w_m2[:1],
    )


def _small() -> tuple[PlantState, Forecast]:
    tiny = city(8, 1, seed=1)
    weather = cold_wave(tiny, 4)
    return starting_state(tiny, weather, None), weather


if __name__ == "__main__":
    sys.exit(main())
