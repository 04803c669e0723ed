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
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.cases.cities import city
from benchmarks.cases.cold_weeks import (
    STEP_S,
    coldest_days,
    mistaken,
    true_weather,
)
from benchmarks.cases.driving import Case, curve_policy, driven, setpoints_at
from benchmarks.cases.hindsight import (
    as_dear,
    as_warm,
    shifted_as,
    shifted_until,
    tuned_in_hindsight,
)
from benchmarks.cases.metered import Metered
from benchmarks.cases.prices import price_of_day
from controller.site import load_site
from hil_tests.bench.plant import Snapshot
from hil_tests.bench.plant_parameters import perturbed
from optimizer.baseline import baseline_schedule
from optimizer.levers import EVERY_LEVER, PUMP_LEVERS
from optimizer.model.plan import LastPlan
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.plan import PlanOptions, plan
from optimizer.round import solver_session
from optimizer.tangents import Lever
from optimizer.timegrid import part_of

# The plant settles and the model with it; then it counts.
WARM_UP_H = 48.0
HORIZON_H = 36
SHORT_SHARES = (0.05, 0.5)


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
        self.to_go_on: LastPlan | None = None
        self.uncertified = 0

    def watch(self, step: int, now: Snapshot) -> tuple[PlantState, District]:
        """Take note of the plant, whose setpoints stand where the last plan, or the curve, is."""
        if self.last is None:
            held = setpoints_at(self.curve, step, 0.0)
        else:
            held = setpoints_at(self.last, self.case.cycle, 0.0)
        return self.known.state_at(step, now, held)

    def __call__(self, step: int, now: Snapshot) -> Schedule:
        """Plan from what the meters say."""
        case = self.case
        ahead = part_of(case.weather, step, HORIZON_H * 3600 // STEP_S)
        seen = mistaken(ahead, step, case.seed) if self.errors else ahead
        state, district = self.watch(step, now)
        options = PlanOptions(
            with_bound=False,
            last=self.to_go_on,
            movable=self.movable,
            comfort_margin_k=district.comfort.margin_k if self.errors else 0.0,
        )
        made = plan(
            *(district, state, seen, solver_session(), options), lambda _: None, lambda: 0.0
        )
        self.uncertified += made.status.value != "certified"
        self.last, self.to_go_on = made.chosen.schedule, made.to_go_on
        return self.last


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
