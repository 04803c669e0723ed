"""What a person could have done who had known the weather: the site's curve, shifted and turned."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.cases.driving import Case, curve_policy, driven, driven_on, warmed_up
from benchmarks.cases.ledger import Account
from hil_tests.bench.plant_parameters import PlantParameters

# Shifts of the curve among which the one that is as warm, or as dear, is found by halving.
SHIFTS_K = (-27.0, 15.0)
HALVINGS = 5
SLOPES = (0.85, 1.0, 1.15)
SPEED_SHARES = (0.85, 1.0, 1.15)


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

    begun = warmed_up(case, parameters)

    def run(shift_k: float) -> Account:
        policy = curve_policy(case, shift_k, slope, speed_share)
        return driven_on(case, begun.copy(), policy)

    low, high = SHIFTS_K
    above = run(high)
    if wanted(above) > 0.0:
        return None  # not warm enough even with the highest shift
    below = run(low)
    if wanted(below) <= 0.0:
        return _between(below, below, 0.0)
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
