"""Until when the first water is under way, by hand."""

import numpy as np
import pytest

from optimizer.physics.flushing import flushed_at_s, is_first_water

# A main 0-1 of 1000 kg and a branch 1-2 of 500 kg at 2 kg/s; a slow branch 1-3 of 300 kg.
BEGIN, END = np.array([0, 1, 1]), np.array([1, 2, 3])
CONTENT_KG = np.array([1000.0, 500.0, 300.0])


def flows(*kg_s: float, steps: int = 20) -> np.ndarray:
    return np.tile(np.array(kg_s), (steps, 1))


def test_water_needs_its_content_over_its_flow_pipe_after_pipe() -> None:
    until = flushed_at_s(BEGIN, END, CONTENT_KG, flows(2.0, 2.0, 0.5), 4, 100.0)
    assert until == pytest.approx([0.0, 500.0, 750.0, 1100.0])


def test_the_way_a_pipe_is_drawn_does_not_matter() -> None:
    until = flushed_at_s(END, BEGIN, CONTENT_KG, -flows(2.0, 2.0, 0.5), 4, 100.0)
    assert until == pytest.approx([0.0, 500.0, 750.0, 1100.0])


def test_where_two_ways_meet_the_slower_water_is_the_last() -> None:
    begin, end = np.array([0, 0]), np.array([1, 1])
    until = flushed_at_s(begin, end, np.array([100.0, 900.0]), flows(1.0, 1.0), 2, 100.0)
    assert until == pytest.approx([0.0, 900.0])


def test_standing_water_arrives_nowhere() -> None:
    until = flushed_at_s(BEGIN, END, CONTENT_KG, flows(2.0, 0.0, 0.0), 4, 100.0)
    assert until == pytest.approx([0.0, 500.0, 0.0, 0.0])


def test_what_comes_through_a_pipe_that_reverses_counts_as_new() -> None:
    turning = flows(2.0, 2.0, 0.5)
    turning[10:, 1] = -1.0
    until = flushed_at_s(BEGIN, END, CONTENT_KG, turning, 4, 100.0)
    assert until == pytest.approx([0.0, 500.0, 0.0, 1100.0])


def test_only_first_water_no_hotter_than_what_was_there_is_forgiven() -> None:
    inlet_c = np.array([[101.0, 101.0], [103.0, 101.0], [101.0, 101.0]])
    first = is_first_water(inlet_c, 102.0, np.array([150.0, 0.0]), 100.0)
    assert first.tolist() == [[True, False], [False, False], [False, False]]
