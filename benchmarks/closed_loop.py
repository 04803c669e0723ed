"""What the planner is worth in the loop, on plants that are not as modelled.

python -m benchmarks.closed_loop --weather DIR [--site SITE ..] [--seed N] [--days 3] [--cycle-h 1]

Each case is a site in the coldest days of a climate, shifted as a whole until so large a share of
the flat-hours is short under the weather curve. The plant is drawn from the seed and is never as
the planner believes; forecasts are wrong by 1.5 K after a day, 2.5 K after two, with a bias of 1 K
that lasts. The planner sees what the engine would: its state filter on the meters of plant and
stations and a thermometer in one building of ten. It is held against the site's curve shifted in
hindsight (b), against slope, shift and pump speed chosen in hindsight (c), and against itself with
the plant's own parameters and the weather that comes (d). `--levers` holds it against itself with
each kind of lever left alone in turn, and against the curve as it is, instead.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.cases.cities import city
from benchmarks.cases.cold_weeks import (
    STEP_S,
    coldest_days,
    mistaken,
    true_weather,
)
from benchmarks.cases.ledger import Account, Ledger
from benchmarks.cases.metered import Metered
from benchmarks.cases.prices import price_of_day
from controller.site import load_site
from hil_tests.bench.plant import Plant, Setpoints, Snapshot, Weather
from hil_tests.bench.plant_parameters import PlantParameters, perturbed
from optimizer.baseline import baseline_schedule
from optimizer.levers import EVERY_LEVER, PUMP_LEVERS, continued
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.tangents import Lever
from optimizer.timegrid import part_of

# The plant settles and the model with it; then it counts.
WARM_UP_H = 48.0
# So long before, the filter begins to watch.
WATCHED_H = 12
HORIZON_H = 36
# Setpoints are followed along the ramp in so many seconds.
FOLLOWED_S = 300
# Shifts of the curve among which the one that is as warm, or as dear, is found by halving.
SHIFTS_K = (-27.0, 15.0)
HALVINGS = 5
SLOPES = (0.85, 1.0, 1.15)
SPEED_SHARES = (0.85, 1.0, 1.15)
SHORT_SHARES = (0.05, 0.5)

Policy = Callable[[int, Snapshot], Schedule]
Watcher = Callable[[int, Snapshot], object]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A site in a course of weather; what counts begins at step `begin`."""

    name: str
    district: District
    weather: Forecast
    begin: int
    steps: int
    cycle: int
    seed: int

    @property
    def end(self) -> int:
        """Step after the last that counts."""
        return self.begin + self.steps


def driven(
    case: Case,
    parameters: PlantParameters,
    policy: Policy,
    watch: Watcher = lambda _step, _now: None,
) -> Account:
    """Run a plant by a policy and account for it.

    Args:
        case: The case.
        parameters: What the plant really is.
        policy: Gives, at each cycle's first step, setpoints from there on.
        watch: Is shown the plant each cycle of the last hours before.

    Returns:
        The account of the steps that count.
    """
    curve = baseline_schedule(case.district, case.weather)
    plant = Plant(parameters, _at(curve, 0, 0.0), _weather(case.weather, 0, 0.0))
    ledger = Ledger(district=case.district, plant=plant)
    schedule, first = curve, 0
    for step in range(case.end):
        if step == case.begin:
            ledger.begin()
        if (step - case.begin) % case.cycle == 0 and step >= case.begin:
            schedule, first = policy(step, plant.snapshot()), step
        elif (step - case.begin) % case.cycle == 0 and step >= case.begin - 4 * WATCHED_H:
            watch(step, plant.snapshot())
        for part in range(STEP_S // FOLLOWED_S):
            share = (part + 0.5) * FOLLOWED_S / STEP_S
            now = plant.advance(
                _at(schedule, step - first, share),
                _weather(case.weather, step, share),
                FOLLOWED_S,
            )
            if step >= case.begin:
                price = case.weather.heat_price_per_mwh[:, step]
                ledger.note(now, FOLLOWED_S, price)
    return ledger.account(float(case.weather.heat_price_per_mwh.mean()))


def _at(schedule: Schedule, step: int, share: float) -> Setpoints:
    """Setpoints within a step, linear to the next one's."""

    def mixed(values: FloatArray) -> FloatArray:
        after = min(step + 1, values.shape[1] - 1)
        return np.asarray((1.0 - share) * values[:, step] + share * values[:, after])

    return Setpoints(
        supply_temp_c=mixed(schedule.supply_temp_c),
        pump=mixed(schedule.pump_setpoint),
        secondary_offset_k=mixed(schedule.secondary_offset_k),
    )


def _weather(weather: Forecast, step: int, share: float) -> Weather:
    course = weather.outdoor_temp_c[0]
    return Weather(outdoor_temp_c=float((1.0 - share) * course[step] + share * course[step + 1]))


class Planner:
    """The planner in the loop: the engine's filter, a forecast, a plan a cycle.

    Args:
        case: The case.
        district: As the planner believes it to be.
        errors: Whether forecasts are wrong, and flats are planned with the site's margin.
        movable: Kinds of levers that plans may move.
    """

    def __init__(
        self,
        case: Case,
        district: District,
        *,
        errors: bool,
        movable: frozenset[Lever] = EVERY_LEVER,
    ) -> None:
        self.case, self.district = case, district
        self.errors, self.movable = errors, movable
        self.known = Metered(district, case.weather, case.seed)
        self.curve = baseline_schedule(case.district, case.weather)
        self.last: Schedule | None = None
        self.uncertified = 0

    def watch(self, step: int, now: Snapshot) -> tuple[PlantState, District]:
        """Take note of the plant, whose setpoints stand where the last plan, or the curve, is."""
        if self.last is None:
            held = _at(self.curve, step, 0.0)
        else:
            held = _at(self.last, self.case.cycle, 0.0)
        return self.known.state_at(step, now, held)

    def __call__(self, step: int, now: Snapshot) -> Schedule:
        """Plan from what the meters say."""
        case = self.case
        ahead = part_of(case.weather, step, HORIZON_H * 3600 // STEP_S)
        seen = mistaken(ahead, step, case.seed) if self.errors else ahead
        state, district = self.watch(step, now)
        options = PlanOptions(
            with_bound=False,
            start=None if self.last is None else continued(self.last, seen.start),
            movable=self.movable,
            comfort_margin_k=district.comfort.margin_k if self.errors else 0.0,
        )
        made = plan(
            *(district, state, seen, solver_session(), options), lambda _: None, lambda: 0.0
        )
        self.uncertified += made.status.value != "certified"
        self.last = made.chosen.schedule
        return self.last


def curve_policy(case: Case, shift_k: float, slope: float, speed_share: float) -> Policy:
    """The site's weather curve, turned about its mild end and shifted, at a share of its speed."""
    control = case.district.control
    mild = min(water_c for _, water_c in control.heating_curve)
    curve = tuple(
        (outdoor_c, mild + slope * (water_c - mild) + shift_k)
        for outdoor_c, water_c in control.heating_curve
    )
    speed = min(control.fallback_speed_pct * speed_share, 100.0)
    changed = replace(control, heating_curve=curve, fallback_speed_pct=speed)
    whole = baseline_schedule(replace(case.district, control=changed), case.weather)

    def policy(step: int, _now: Snapshot) -> Schedule:
        return replace(
            whole,
            supply_temp_c=whole.supply_temp_c[:, step:],
            pump_setpoint=whole.pump_setpoint[:, step:],
            secondary_offset_k=whole.secondary_offset_k[:, step:],
        )

    return policy


@dataclass(frozen=True, kw_only=True)
class Hindsight:
    """What a curve shifted in hindsight costs and leaves cold, between two runs beside it."""

    cost: float
    shortfall_k_h: float
    max_shortfall_k: float


def shifted_as(
    case: Case,
    parameters: PlantParameters,
    slope: float,
    speed_share: float,
    wanted: Callable[[Account], float],
) -> Hindsight | None:
    """Shift the curve in hindsight until it is as warm, or as dear, as is wanted.

    Args:
        case: The case.
        parameters: What the plant really is.
        slope: Of the curve, as a share of the site's.
        speed_share: Of the site's fallback speed.
        wanted: Of a run, what it has too little of; falls as the curve is shifted up.

    Returns:
        Between the runs of the shifts on both sides, or None where no shift will do.
    """

    def run(shift_k: float) -> Account:
        return driven(case, parameters, curve_policy(case, shift_k, slope, speed_share))

    low, high = SHIFTS_K
    below, above = run(low), run(high)
    if wanted(above) > 0.0 or wanted(below) <= 0.0:
        # Warm enough even with the lowest shift, or not even with the highest.
        return None if wanted(above) > 0.0 else _between(below, below, 0.0)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        found = run(middle)
        if wanted(found) > 0.0:
            low, below = middle, found
        else:
            high, above = middle, found
    missing, spare = wanted(below), -wanted(above)
    return _between(below, above, missing / (missing + spare))


def _between(one: Account, other: Account, share: float) -> Hindsight:
    def mixed(name: str) -> float:
        return float((1.0 - share) * getattr(one, name) + share * getattr(other, name))

    return Hindsight(
        cost=mixed("cost"),
        shortfall_k_h=mixed("shortfall_k_h"),
        max_shortfall_k=mixed("max_shortfall_k"),
    )


def as_warm(than: Account) -> Callable[[Account], float]:
    """Kelvin-hours by which a run is colder than another."""
    return lambda one: one.shortfall_k_h - than.shortfall_k_h


def as_dear(than: Account) -> Callable[[Account], float]:
    """Money by which a run is cheaper than another."""
    return lambda one: than.cost - one.cost


def tuned_in_hindsight(case: Case, real: PlantParameters, than: Account) -> Hindsight | None:
    """The cheapest of speeds at the site's slope, then of slopes at that speed, each as warm."""

    def cheapest(of: list[tuple[float, float]]) -> tuple[float, float, Hindsight] | None:
        tried = [(*one, shifted_as(case, real, *one, as_warm(than))) for one in of]
        done = [(slope, speed, one) for slope, speed, one in tried if one is not None]
        return min(done, key=lambda one: one[2].cost, default=None)

    by_speed = cheapest([(1.0, speed) for speed in SPEED_SHARES])
    if by_speed is None:
        return None
    by_slope = cheapest([(slope, by_speed[1]) for slope in SLOPES if slope != 1.0])
    both = [by_speed[2], *([] if by_slope is None else [by_slope[2]])]
    return min(both, key=lambda one: one.cost)


def shifted_until(case: Case, share: float, parameters: PlantParameters) -> Case:
    """Shift the weather until such a share of the flat-hours is short under the curve."""
    low, high = -15.0, 15.0
    for _ in range(5):
        middle = 0.5 * (low + high)
        found = driven(
            _shifted(case, middle), parameters, curve_policy(_shifted(case, middle), 0, 1, 1)
        )
        low, high = (middle, high) if found.short_share > share else (low, middle)
    return _shifted(case, 0.5 * (low + high))


def _shifted(case: Case, kelvin: float) -> Case:
    colder = case.weather.outdoor_temp_c + kelvin
    return replace(case, weather=replace(case.weather, outdoor_temp_c=colder))


def compared(case: Case) -> dict[str, object]:
    """Run all that is compared on one case."""
    real = perturbed(case.district, case.seed)
    planner = Planner(case, case.district, errors=True)
    knowing = Planner(case, replace(case.district, network=real.network), errors=False)
    ours = driven(case, real, planner, planner.watch)
    runs = {
        "plan": ours,
        "perfect": driven(case, real, knowing, knowing.watch),
        "curve": driven(case, real, curve_policy(case, 0.0, 1.0, 1.0)),
        "b_as_warm": shifted_as(case, real, 1.0, 1.0, as_warm(ours)),
        "b_as_dear": shifted_as(case, real, 1.0, 1.0, as_dear(ours)),
        "c_as_warm": tuned_in_hindsight(case, real, ours),
    }
    accounts = {name: None if one is None else asdict(one) for name, one in runs.items()}
    return {"case": case.name, "uncertified_cycles": planner.uncertified, **accounts}


def in_turn(case: Case) -> dict[str, object]:
    """Run the planner with every lever, with each kind left alone in turn, and the curve."""
    real = perturbed(case.district, case.seed)
    left_alone = {
        "plan": frozenset[Lever](),
        "without_plants": {Lever.PLANT},
        "without_pumps": PUMP_LEVERS,
        "without_offsets": {Lever.OFFSET},
    }
    found: dict[str, object] = {"case": case.name}
    for name, kinds in left_alone.items():
        planner = Planner(case, case.district, errors=True, movable=EVERY_LEVER - kinds)
        found[name] = asdict(driven(case, real, planner, planner.watch))
    return {**found, "curve": asdict(driven(case, real, curve_policy(case, 0.0, 1.0, 1.0)))}


def sites(folders: list[str]) -> list[tuple[str, District]]:
    """Site folders by name, or small cities where none is named."""
    if folders:
        return [(Path(folder).name, load_site(folder).district) for folder in folders]
    return [(f"city of {n}", city(n, 2, seed=n)) for n in (8, 12, 16, 20, 24)]


def main() -> int:
    """Print a line of JSON a case.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weather", type=Path, required=True, help="folder of typical years")
    parser.add_argument("--site", action="append", default=[], help="site folder")
    parser.add_argument("--climate", action="append", default=[], help="part of a file's name")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=float, default=3.0)
    parser.add_argument("--cycle-h", type=float, default=1.0)
    parser.add_argument("--levers", action="store_true", help="each kind left alone in turn")
    parser.add_argument("--hourly-price", action="store_true", help="dear hours cost three times")
    words = parser.parse_args()
    files = [
        file
        for file in sorted(words.weather.glob("*.csv"))
        if file.name != "index.csv"
        and (not words.climate or any(part in file.name for part in words.climate))
    ]
    for name, district in sites(words.site):
        usual = district.network.plants[0].heat_price_per_mwh[0]
        price = price_of_day(usual, hourly=words.hourly_price)
        for file in files:
            first, hourly_c = coldest_days(file, words.days, WARM_UP_H)
            weather = true_weather(district, first, hourly_c, price)
            case = Case(
                name=f"{name}, {file.name.split('_')[1].split('.')[0]}",
                district=district,
                weather=weather,
                begin=round(WARM_UP_H * 3600 / STEP_S),
                steps=round(words.days * 86400 / STEP_S),
                cycle=round(words.cycle_h * 3600 / STEP_S),
                seed=words.seed,
            )
            real = perturbed(district, words.seed)
            for share in SHORT_SHARES:
                cold = shifted_until(case, share, real)
                shown = replace(cold, name=f"{cold.name}, {100 * share:.0f} % short")
                run = in_turn if words.levers else compared
                print(json.dumps(run(shown)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
