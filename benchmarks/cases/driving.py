"""A plant driven by a policy through a course of weather, and the curve that a person would set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.cases.cold_weeks import STEP_S
from benchmarks.cases.ledger import Account, Ledger
from hil_tests.bench.plant import Plant, Setpoints, Snapshot, Weather
from hil_tests.bench.plant_parameters import PlantParameters
from optimizer.baseline import baseline_schedule
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule

# So long before what counts, whoever drives begins to watch.
WATCHED_H = 12
# Setpoints are followed along the ramp in so many seconds.
FOLLOWED_S = 300

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
    return driven_on(case, warmed_up(case, parameters, watch), policy)


def warmed_up(
    case: Case, parameters: PlantParameters, watch: Watcher = lambda _step, _now: None
) -> Plant:
    """Run a plant by the weather curve until the steps that count.

    Args:
        case: The case.
        parameters: What the plant really is.
        watch: Is shown the plant each cycle of the last hours.

    Returns:
        The plant.
    """
    curve = baseline_schedule(case.district, case.weather)
    plant = Plant(parameters, setpoints_at(curve, 0, 0.0), _weather(case.weather, 0, 0.0))
    for step in range(case.begin):
        watched = step >= case.begin - 4 * WATCHED_H
        if watched and (step - case.begin) % case.cycle == 0:
            watch(step, plant.snapshot())
        for _ in _followed(case, plant, curve, step, 0):
            pass
    return plant


def driven_on(case: Case, plant: Plant, policy: Policy) -> Account:
    """Go on with a plant that has warmed up, by a policy, and account for it.

    Args:
        case: The case.
        plant: The plant; it is driven.
        policy: Gives, at each cycle's first step, setpoints from there on.

    Returns:
        The account.
    """
    ledger = Ledger(district=case.district, plant=plant)
    ledger.begin()
    for step in range(case.begin, case.end):
        if (step - case.begin) % case.cycle == 0:
            schedule, first = policy(step, plant.snapshot()), step
        for now in _followed(case, plant, schedule, step, first):
            ledger.note(now, FOLLOWED_S, case.weather.heat_price_per_mwh[:, step])
    return ledger.account(float(case.weather.heat_price_per_mwh.mean()))


def _followed(
    case: Case, plant: Plant, schedule: Schedule, step: int, first: int
) -> Iterator[Snapshot]:
    """Let the plant follow a schedule that began at a step through another one."""
    for part in range(STEP_S // FOLLOWED_S):
        share = (part + 0.5) * FOLLOWED_S / STEP_S
        yield plant.advance(
            setpoints_at(schedule, step - first, share),
            _weather(case.weather, step, share),
            FOLLOWED_S,
        )


def setpoints_at(schedule: Schedule, step: int, share: float) -> Setpoints:
    """Give setpoints within a step, linear to the next one's.

    Args:
        schedule: The schedule.
        step: The step.
        share: How much of it has passed.

    Returns:
        The setpoints.
    """

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
