"""What operation does to old pipes: expected leaks, and fatigue by temperature cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.physics.compiled import compiled

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
    course = np.array(values, dtype=np.float64)
    ranges, counts = np.zeros(len(course)), np.zeros(len(course))
    found = _count_cycles(course, np.zeros(len(course)), ranges, counts)
    return ranges[:found], counts[:found]


def full_cycles(temp_c: FloatArray) -> FloatArray:
    """Weigh the temperature cycles of pipes into full ones: sum n (dT / 110 K)^4.

    Args:
        temp_c: Water temperature of each pipe over time, degC, shape (instants, pipes).

    Returns:
        Number of full cycles that do the same harm, shape (pipes,).

    Source:
        EN 13941-1:2019 (equivalent full action cycles, slope 4).
    """
    return _full_cycles(np.ascontiguousarray(temp_c.T))


@compiled
def _full_cycles(courses: FloatArray) -> FloatArray:
    """Weigh the cycles of each row."""
    pipes, instants = courses.shape
    turns = np.zeros(instants)
    ranges = np.zeros(instants)
    counts = np.zeros(instants)
    full = np.zeros(pipes)
    for pipe in range(pipes):
        for cycle in range(_count_cycles(courses[pipe], turns, ranges, counts)):
            full[pipe] += counts[cycle] * (ranges[cycle] / FULL_CYCLE_K) ** _SLOPE
    return full


@compiled
def _count_cycles(
    values: FloatArray, stack: FloatArray, ranges: FloatArray, counts: FloatArray
) -> int:
    """Count cycles into `ranges` and `counts`; `stack` is working memory, all as long as values."""
    turns = _keep_turning_points(values, stack)
    found = 0
    high = 0
    for turn in range(turns):
        stack[high] = stack[turn]
        high += 1
        while high >= 3:
            last = abs(stack[high - 1] - stack[high - 2])
            before = abs(stack[high - 2] - stack[high - 3])
            if last < before:
                break
            ranges[found] = before
            if high == 3:
                # The range holds the series' start: half a cycle, and the start moves on.
                counts[found] = 0.5
                stack[0] = stack[1]
                stack[1] = stack[2]
                high = 2
            else:
                counts[found] = 1.0
                stack[high - 3] = stack[high - 1]
                high -= 2
            found += 1
    for i in range(high - 1):
        ranges[found] = abs(stack[i + 1] - stack[i])
        counts[found] = 0.5
        found += 1
    return found


@compiled
def _keep_turning_points(values: FloatArray, turns: FloatArray) -> int:
    """Peaks and valleys of a series, its ends included, equal neighbours once; their number."""
    count = 0
    for i in range(len(values)):
        value = values[i]
        if count > 0 and value == turns[count - 1]:
            continue
        if count > 1 and (turns[count - 1] - turns[count - 2]) * (value - turns[count - 1]) > 0.0:
            turns[count - 1] = value
        else:
            turns[count] = value
            count += 1
    return count


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
