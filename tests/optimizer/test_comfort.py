"""Shortfalls of the worst flats, with numbers worked by hand."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.comfort import comfort, positive_k_h, worst_flat_shortfall_k
from optimizer.model.outcome import ComfortResult
from tests.optimizer.networks import START, building


def judged(indoor_c: list[list[float]], outdoor_c: float = -10.0) -> ComfortResult:
    """Two buildings, hours apart; the second has the worse flat and half the area."""
    buildings = [
        building("big", "s", floor_area_m2=4000.0, worst_flat_beta=0.05),
        building("small", "s", floor_area_m2=2000.0, worst_flat_beta=0.10),
    ]
    values = np.array(indoor_c)
    return comfort(buildings, values, np.full(len(values), outdoor_c), START, 3600.0, ())


def test_the_worst_flat_is_colder_than_the_mean_by_its_share_of_the_difference() -> None:
    """20 - 0.1 * (20 + 10) = 17 degC, 1 K below 18."""
    short = worst_flat_shortfall_k(
        [building("b", "s", worst_flat_beta=0.1)], np.array([[20.0]]), np.array([-10.0])
    )
    assert short[0, 0] == pytest.approx(1.0)


def test_shortfalls_of_all_buildings_add_up_over_time() -> None:
    """big: 20 - 1.5 = 18.5 is enough. small: 17 and 17.9 degC, short by 1.0 and 0.1 K: 0.55 K h."""
    found = judged([[20.0, 20.0], [20.0, 21.0]])
    assert found.shortfall_k_h == pytest.approx(0.5 * (1.0 + 0.1))
    assert found.max_shortfall_k == pytest.approx(1.0)
    assert (found.building_id, found.time) == ("small", START)


def test_the_largest_shortfall_has_its_place_and_time() -> None:
    """big at 17 degC: 17 - 1.35 = 15.65, short by 2.35 K, two hours after the start."""
    found = judged([[20.0, 20.0], [19.0, 20.0], [17.0, 20.0], [18.0, 20.0]])
    assert found.max_shortfall_k == pytest.approx(2.35)
    assert (found.building_id, found.time) == ("big", START + timedelta(hours=2))


def test_where_all_are_warm_nothing_is_named() -> None:
    found = judged([[22.0, 23.0], [22.0, 23.0]])
    assert (found.shortfall_k_h, found.building_id, found.time) == (0.0, None, None)
    assert found.max_shortfall_k == 0.0


def test_the_mean_at_the_end_is_by_floor_area() -> None:
    assert judged([[22.0, 22.0], [21.0, 24.0]]).mean_indoor_end_c == pytest.approx(22.0)


@pytest.mark.parametrize(
    ("course_k", "k_h"),
    [
        ([1.0, 1.0], 1.0),
        ([0.0, 2.0], 1.0),
        ([-1.0, 1.0], 0.25),  # half an hour above zero, 0.5 K on average
        ([-1.0, 3.0], 1.125),  # three quarters of an hour, 1.5 K
        ([-1.0, -2.0], 0.0),
        ([2.0, -2.0, 2.0], 1.0),
    ],
)
def test_the_part_above_zero_of_a_course_is_integrated_exactly(
    course_k: list[float], k_h: float
) -> None:
    assert positive_k_h(np.array(course_k)[:, None], 3600.0)[0] == pytest.approx(k_h)


@given(st.lists(st.floats(-20.0, 20.0), min_size=2, max_size=12))
def test_the_integral_lies_between_its_bounds_and_does_not_depend_on_the_grid(
    course_k: list[float],
) -> None:
    course = np.array(course_k)
    found = positive_k_h(course[:, None], 900.0)[0]
    assert 0.0 <= found <= np.maximum(course, 0.0).max() * 0.25 * (len(course) - 1) + 1e-9
    coarse = np.arange(len(course))
    fine = np.interp(np.arange(4 * len(course) - 3) / 4.0, coarse, course)
    assert positive_k_h(fine[:, None], 225.0)[0] == pytest.approx(found, abs=1e-9)
