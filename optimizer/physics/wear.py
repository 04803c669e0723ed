"""What operation does to old pipes: expected leaks, and fatigue by temperature cycles."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from optimizer.model.arrays import FloatArray

# Leaks per km of pipe pair and year in the quiet years of a pipe's life, and the age law below:
# methodical guidelines for heat supply schemes, order 212 of the Russian Ministry of Energy (2019),
# reliability of networks: lambda_0 = 5.7e-6 1/(km h).
_QUIET_PER_KM_YEAR = 5.7e-6 * 8760.0
_RUNNING_IN_YEARS = 3.0
_WEARING_OUT_YEARS = 17.0
_LEAST_AGE_YEARS = 1.0
_OLDEST_YEARS = 60.0
# Age that a pipe of unknown year is taken to have.
UNKNOWN_AGE_YEARS = 30.0

# Full temperature cycle and slope of the fatigue curve of steel pipes: EN 13941-1:2019.
FULL_CYCLE_K = 110.0
_SLOPE = 4.0
# Full cycles that a pipe is designed for over 30 years, by the pipe's duty, which its bore tells:
# transmission, distribution, house connection. EN 13941-1:2019, lowest of each class.
_LIFE_CYCLES = ((0.3, 100.0), (0.1, 250.0), (0.0, 1000.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class StressModel:
    """How much more often pipes leak under stress; each factor is 1 on a mild, quiet day.

    Attributes:
        per_k_of_cold: Growth for each kelvin of outdoor air below zero, 1/K.
        pressure_growth: Growth of the logarithm from no pressure to the allowed one.
        at_allowed_rise: Growth where the water warms at the pipe's allowed ramp.
    """

    per_k_of_cold: float = 0.03
    pressure_growth: float = 1.0
    at_allowed_rise: float = 1.0


def leaks_per_km_year(age_years: FloatArray) -> FloatArray:
    """Expected leaks of a pipe pair by its age: lambda_0 (0.1 t)^(a - 1).

    a = 0.8 in the first three years, 1 up to 17, 0.5 exp(t / 20) after.

    Args:
        age_years: Age, years, any shape; counted as 1 at least and 60 at most.

    Returns:
        Leaks per km and year, same shape.

    Source:
        Order 212 of the Russian Ministry of Energy (2019), Weibull law of wear.
    """
    age = np.clip(age_years, _LEAST_AGE_YEARS, _OLDEST_YEARS)
    shape = np.where(age <= _RUNNING_IN_YEARS, 0.8, 1.0)
    shape = np.where(age > _WEARING_OUT_YEARS, 0.5 * np.exp(age / 20.0), shape)
    rate: FloatArray = _QUIET_PER_KM_YEAR * np.power(0.1 * age, shape - 1.0)
    return rate


def stress_factor(
    outdoor_temp_c: FloatArray,
    pressure_share: FloatArray,
    rise_share: FloatArray,
    model: StressModel,
) -> FloatArray:
    """How much more often pipes leak in the cold, under pressure and while being warmed.

    Args:
        outdoor_temp_c: Outdoor temperature, degC.
        pressure_share: Pressure over the allowed one.
        rise_share: Temperature rise rate over the allowed ramp; a fall counts as zero.
        model: The strengths of the three.

    Returns:
        Factor on the rate by age, of the three arrays' common shape.

    Source:
        The form is a prior without a published counterpart; see docs/decisions/0104.
    """
    cold = 1.0 + model.per_k_of_cold * np.maximum(-np.asarray(outdoor_temp_c), 0.0)
    pressure = np.exp(model.pressure_growth * np.maximum(pressure_share, 0.0))
    rise = 1.0 + model.at_allowed_rise * np.maximum(rise_share, 0.0)
    factor: FloatArray = cold * pressure * rise
    return factor


def expected_leaks(
    length_m: FloatArray, age_years: FloatArray, factor: FloatArray, step_s: float
) -> FloatArray:
    """Expected leaks of each pipe pair over a run.

    Args:
        length_m: Length of each pair, m, shape (pipes,).
        age_years: Age of each pair, years, shape (pipes,).
        factor: Stress of each pair in each step, shape (steps, pipes).
        step_s: Step length, s.

    Returns:
        Expected leaks, shape (pipes,).

    Source:
        See `leaks_per_km_year` and `stress_factor`.
    """
    years = factor.sum(axis=0) * step_s / (8760.0 * 3600.0)
    leaks: FloatArray = leaks_per_km_year(age_years) * length_m / 1000.0 * years
    return leaks


def rain_flow(values: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Count the cycles in a series.

    Args:
        values: The series, any unit.

    Returns:
        Range of each cycle, in the series' unit, and its count: 1, or 0.5 for a half cycle.

    Source:
        ASTM E1049-85 (2017), 5.4.4.
    """
    stack: list[float] = []
    ranges: list[float] = []
    counts: list[float] = []
    for turn in _turning_points(values):
        stack.append(turn)
        while len(stack) >= 3:
            last, before = abs(stack[-1] - stack[-2]), abs(stack[-2] - stack[-3])
            if last < before:
                break
            ranges.append(before)
            if len(stack) == 3:
                # The range holds the series' start: half a cycle, and the start moves on.
                counts.append(0.5)
                del stack[0]
            else:
                counts.append(1.0)
                del stack[-3:-1]
    for first, second in pairwise(stack):
        ranges.append(abs(second - first))
        counts.append(0.5)
    return np.array(ranges), np.array(counts)


def full_cycles(temp_c: Sequence[float]) -> float:
    """Weigh the temperature cycles of a pipe into full ones: sum n (dT / 110 K)^4.

    Args:
        temp_c: Water temperature of a pipe over time, degC.

    Returns:
        Number of full cycles that do the same harm.

    Source:
        EN 13941-1:2019 (equivalent full action cycles, slope 4).
    """
    ranges, counts = rain_flow(temp_c)
    return float(np.sum(counts * np.power(ranges / FULL_CYCLE_K, _SLOPE)))


def life_cycles(inner_diameter_m: float) -> float:
    """Full cycles that a pipe of this bore is designed for over 30 years.

    Args:
        inner_diameter_m: Inner diameter, m.

    Returns:
        Number of full cycles.

    Source:
        EN 13941-1:2019, lowest of each class.
    """
    return next(cycles for least, cycles in _LIFE_CYCLES if inner_diameter_m >= least)


def _turning_points(values: Sequence[float]) -> list[float]:
    """Peaks and valleys of a series, its ends included, equal neighbours once."""
    turns: list[float] = []
    for value in values:
        if turns and value == turns[-1]:
            continue
        if len(turns) >= 2 and (turns[-1] - turns[-2]) * (value - turns[-1]) > 0.0:
            turns[-1] = value
        else:
            turns.append(value)
    return turns
