"""Leaks rise with age, cold, pressure and warming; cycles are counted as the standard does."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.physics.wear import (
    StressModel,
    expected_leaks,
    full_cycles,
    leaks_per_km_year,
    life_cycles,
    rain_flow,
    stress_factor,
)

TEMPS = st.lists(st.floats(20.0, 130.0), max_size=60)


def cycles_of(temps: list[float]) -> float:
    """Full cycles of one pipe."""
    return float(full_cycles(np.array(temps)[:, None])[0])


@pytest.mark.parametrize(
    ("age_years", "rate"),
    [
        (10.0, 0.049932),  # in its quiet years: 5.7e-6 * 8760
        (2.0, 0.049932 * 0.2**-0.2),
        (40.0, 0.049932 * 4.0 ** (0.5 * math.exp(2.0) - 1.0)),
    ],
)
def test_leaks_by_age(age_years: float, rate: float) -> None:
    assert leaks_per_km_year(np.array([age_years]))[0] == pytest.approx(rate, rel=1e-6)


def test_a_new_and_a_very_old_pipe_have_a_finite_rate() -> None:
    young, one, sixty, ancient = leaks_per_km_year(np.array([0.0, 1.0, 60.0, 500.0]))
    assert (young, ancient) == (one, sixty)


def test_stress_multiplies() -> None:
    model = StressModel(per_k_of_cold=0.03, pressure_growth=1.0, at_allowed_rise=1.0)
    mild = stress_factor(np.array(5.0), np.array(0.0), np.array(-1.0), model)
    worst = stress_factor(np.array(-20.0), np.array(1.0), np.array(1.0), model)
    assert mild == pytest.approx(1.0)
    assert worst == pytest.approx(1.6 * math.e * 2.0)


def test_expected_leaks_of_two_kilometres_in_a_day() -> None:
    factor = np.full((24, 1), 3.0)
    leaks = expected_leaks(np.array([2000.0]), np.array([10.0]), factor, 3600.0)
    assert leaks[0] == pytest.approx(0.049932 * 2.0 * 3.0 / 365.0)


def test_rain_flow_counts_the_standards_example() -> None:
    ranges, counts = rain_flow([-2, 1, -3, 5, -1, 3, -4, 4, -2])
    found: Counter[float] = Counter()
    for size, count in zip(ranges, counts, strict=True):
        found[size] += count
    assert dict(found) == {3.0: 0.5, 4.0: 1.5, 6.0: 0.5, 8.0: 1.0, 9.0: 0.5}


def test_a_full_swing_and_back_is_one_full_cycle() -> None:
    assert cycles_of([10.0, 120.0, 10.0]) == pytest.approx(1.0)
    assert cycles_of([60.0, 115.0, 60.0]) == pytest.approx(1.0 / 16.0)
    assert cycles_of([80.0, 80.0]) == 0.0
    assert cycles_of([]) == 0.0


@pytest.mark.parametrize(("bore_m", "cycles"), [(0.05, 1000.0), (0.1, 250.0), (0.6, 100.0)])
def test_life_by_duty(bore_m: float, cycles: float) -> None:
    assert life_cycles(bore_m) == cycles


@given(temps=TEMPS)
def test_counting_ignores_pauses_and_direction(temps: list[float]) -> None:
    held = [temp for temp in temps for _ in range(2)]
    assert cycles_of(held) == pytest.approx(cycles_of(temps))
    assert cycles_of([200.0 - temp for temp in temps]) == pytest.approx(cycles_of(temps))


@given(temps=TEMPS.filter(lambda temps: len(set(temps)) > 1))
def test_the_largest_range_is_that_of_the_series(temps: list[float]) -> None:
    ranges, counts = rain_flow(temps)
    assert max(ranges) == pytest.approx(max(temps) - min(temps))
    assert set(counts) <= {0.5, 1.0}
