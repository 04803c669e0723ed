"""Offsets moved together: the needy alone, groups that stay the same, derivatives of a group."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import build_levers
from optimizer.model.arrays import IntArray
from optimizer.model.policy import District
from optimizer.simulate import simulate
from optimizer.station_groups import MOST_ALONE, NEEDIEST_ALONE, station_groups
from optimizer.tangents import Lever, Quantity, Rows, linearise, no_functionals

HOURS = 4


@pytest.fixture(scope="module")
def large() -> District:
    return city(220, 1, seed=4)


@pytest.fixture(scope="module")
def group(large: District) -> IntArray:
    return station_groups(large.network)


def test_only_stations_whose_curve_can_be_shifted_have_a_group(
    large: District, group: IntArray
) -> None:
    writable = [station.offset_range_k is not None for station in large.network.stations]
    assert (group >= 0).tolist() == writable
    assert sum(writable) > MOST_ALONE


def test_the_neediest_are_alone_and_all_others_have_company(group: IntArray) -> None:
    sizes = np.bincount(group[group >= 0])
    assert sizes[:NEEDIEST_ALONE].tolist() == [1] * NEEDIEST_ALONE
    assert sizes[NEEDIEST_ALONE:].min() >= 2


def test_a_small_district_moves_every_station_by_itself() -> None:
    small = station_groups(city(60, 1, seed=4).network)
    assert np.bincount(small[small >= 0]).max() == 1


def test_a_flat_that_gets_worse_makes_its_station_one_of_the_neediest(
    large: District, group: IntArray
) -> None:
    network = large.network
    crowded = int(np.flatnonzero(group == group.max())[0])
    name = network.stations[crowded].station_id
    buildings = tuple(
        replace(one, worst_flat_beta=0.5) if one.station_id == name else one
        for one in network.buildings
    )
    assert station_groups(replace(network, buildings=buildings))[crowded] < NEEDIEST_ALONE


def test_the_derivatives_of_a_group_are_those_of_moving_all_its_stations(
    large: District, group: IntArray
) -> None:
    network, weather = large.network, cold_wave(large, HOURS)
    state = starting_state(large, weather, None)
    curve = baseline_schedule(large, weather, state)
    levers = build_levers(network, state, weather.step_s, weather.steps)
    first = next(
        column
        for column, (lever, which) in enumerate(
            zip(levers.directions.lever, levers.directions.which, strict=True)
        )
        if lever == Lever.OFFSET and which == group.max()
    )
    homes = np.arange(len(network.buildings))
    rows = Rows(
        quantity=np.full(len(homes), int(Quantity.INDOOR_TEMP)),
        index=homes,
        step=np.full(len(homes), weather.steps),
    )
    nothing = no_functionals(network, weather.steps)
    slope = linearise(network, state, weather, curve, levers.directions, rows, nothing).jacobian
    decisions = decisions_of(levers, curve)
    ends = []
    for size in (0.01, -0.01):
        moved = decisions.copy()
        moved[first] += size
        schedule = schedule_of(levers, network, moved, curve)
        ends.append(simulate(network, state, weather, schedule).buildings.indoor_temp_c[-1])
    assert slope[:, first] == pytest.approx((ends[0] - ends[1]) / 0.02, rel=1e-3, abs=1e-6)
    assert np.abs(slope[:, first]).max() > 0.01
