"""Each kind of wrong sensor is named for what it is, and sound ones are left in peace."""

import numpy as np
import pytest

from optimizer.estimate.bad_data import Fault, find_bad
from optimizer.model.arrays import FloatArray

SAMPLES, SENSORS = 96, 12
NAMES = tuple(f"T{k:02d}" for k in range(SENSORS))
SIGMA = np.full(SENSORS, 0.5)


def sound(seed: int) -> tuple[FloatArray, FloatArray]:
    dice = np.random.default_rng(seed)
    at = np.arange(SAMPLES)[:, None]
    level = 60.0 + 3.0 * np.arange(SENSORS)
    expected = level + 3.0 * np.sin(at / 15.0 + np.arange(SENSORS)) + np.zeros((SAMPLES, SENSORS))
    lasting = dice.normal(0.0, 0.3, SENSORS)
    return expected + lasting + dice.normal(0.0, 0.3, expected.shape), expected


def spoilt(fault: Fault, seed: int) -> tuple[FloatArray, FloatArray, set[str]]:
    measured, expected = sound(seed)
    k, other = seed % SENSORS, (seed + 4) % SENSORS
    if fault is Fault.MISSING:
        measured[-5:, k] = np.nan
    elif fault is Fault.STUCK:
        measured[-40:, k] = measured[-40, k]
    elif fault is Fault.SPIKE:
        measured[-1, k] += 25.0
    elif fault is Fault.DRIFT:
        measured[:, k] += np.linspace(0.0, 4.0, SAMPLES)
    elif fault is Fault.SCALED:
        measured[:, k] *= 1.8
    elif fault is Fault.SWAPPED:
        measured[:, [k, other]] = measured[:, [other, k]]
        return measured, expected, {NAMES[k], NAMES[other]}
    else:
        measured[:, k] += 5.0
    return measured, expected, {NAMES[k]}


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("seed", range(12))
def test_every_fault_is_found_named_and_nothing_else(fault: Fault, seed: int) -> None:
    measured, expected, wrong = spoilt(fault, seed)
    found = find_bad(NAMES, measured, expected, SIGMA)
    assert {one.sensor for one in found} == wrong
    assert {one.fault for one in found} == {fault}


def test_sound_sensors_are_left_in_peace() -> None:
    for seed in range(100):
        measured, expected = sound(seed)
        assert find_bad(NAMES, measured, expected, SIGMA) == ()


def test_a_swap_says_with_whom_and_a_scale_by_how_much() -> None:
    measured, expected, _ = spoilt(Fault.SWAPPED, 1)
    first, second = find_bad(NAMES, measured, expected, SIGMA)
    assert (first.with_sensor, second.with_sensor) == (second.sensor, first.sensor)
    measured, expected, _ = spoilt(Fault.SCALED, 1)
    (one,) = find_bad(NAMES, measured, expected, SIGMA)
    assert one.factor == pytest.approx(1.8, abs=0.05)


STEADY: list[tuple[str, FloatArray, bool]] = [
    ("a model that has just begun comes nearer", np.geomspace(29.5, 24.4, 24), False),
    ("nothing contradicts it", np.full(24, 24.4), False),
    ("what is expected goes away", np.linspace(24.4, 27.0, 24), True),
    ("and comes back", 24.4 + 3.0 * np.sin(np.linspace(0.0, np.pi, 24)), True),
]


@pytest.mark.parametrize(("what", "expected", "stuck"), STEADY)
def test_a_value_is_stuck_where_what_is_expected_has_gone_away_from_it(
    what: str, expected: FloatArray, stuck: bool
) -> None:
    said = np.full((24, 1), 24.3)
    found = find_bad(["B4.indoor"], said, expected[:, None], np.ones(1))
    assert [one.fault for one in found] == ([Fault.STUCK] if stuck else []), what
