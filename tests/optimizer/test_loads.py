"""Stations that take more or less than their tables say, in simulator, judge and bound alike."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.judge.run import hear
from optimizer.members import need_of_members
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, StationControl, StationKind
from optimizer.model.trace import Trace
from optimizer.simulate import simulate
from optimizer.timegrid import part_of, refine_forecast
from tests.optimizer.networks import (
    building,
    constant_schedule,
    constant_weather,
    line,
    load,
    state_of,
    station,
)

STEPS = 48
HELD = line(station("s", "B"), buildings=[building("b", "s")])
STANDING = line(
    station("s", "B", kind=StationKind.DIRECT, control=StationControl.FIXED, hx_ua_kw_k=0.0,
            secondary_flow_kg_s=0.0, valve_kvs=2.5, opening_pct=100.0),
    buildings=[building("b", "s")],
)  # fmt: skip


def members(net: Network, *factors: float) -> Forecast:
    weather = constant_weather(net, STEPS)
    many = [np.repeat(one, len(factors), axis=0) for one in (
        weather.outdoor_temp_c, weather.wind_m_s, weather.ghi_w_m2)]  # fmt: skip
    return replace(
        weather, outdoor_temp_c=many[0], wind_m_s=many[1], ghi_w_m2=many[2],
        load_factor=np.array(factors)[:, None],
    )  # fmt: skip


def ran(net: Network, factor: float) -> Trace:
    return simulate(net, state_of(net), members(net, factor), constant_schedule(net, STEPS))


def test_where_nothing_is_learned_nothing_changes() -> None:
    plain = simulate(
        HELD, state_of(HELD), constant_weather(HELD, STEPS), constant_schedule(HELD, STEPS)
    )
    ours = ran(HELD, 1.0)
    assert np.array_equal(ours.stations.heat_power_kw, plain.stations.heat_power_kw)
    assert np.array_equal(ours.buildings.indoor_temp_c, plain.buildings.indoor_temp_c)


@pytest.mark.parametrize("factor", [np.nan, np.inf, 0.0, -1.0])
def test_a_factor_that_is_no_number_above_zero_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor of the loads"):
        ran(HELD, factor)


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_station_that_holds_its_setpoint_takes_as_much_more_and_rooms_stay(factor: float) -> None:
    usual, ours = ran(HELD, 1.0), ran(HELD, factor)
    heat = ours.stations.heat_power_kw[-1, 0] / usual.stations.heat_power_kw[-1, 0]
    assert heat == pytest.approx(factor, rel=5e-3)
    rooms = ours.buildings.indoor_temp_c - usual.buildings.indoor_temp_c
    assert np.abs(rooms[-1]).max() < 0.05
    assert (ours.plants.mass_flow_kg_s[-1] > usual.plants.mass_flow_kg_s[-1]) == (factor > 1.0)


def test_behind_a_valve_that_stands_rooms_get_colder_instead() -> None:
    usual, ours = ran(STANDING, 1.0), ran(STANDING, 1.1)
    colder_k = usual.buildings.indoor_temp_c[-1, 0] - ours.buildings.indoor_temp_c[-1, 0]
    assert colder_k > 0.3
    heat = ours.stations.heat_power_kw[-1, 0] / usual.stations.heat_power_kw[-1, 0]
    assert 1.0 < heat < 1.08


def test_a_load_without_buildings_takes_as_much_more() -> None:
    net = line(load("s", "B", 200.0))
    usual, ours = ran(net, 1.0), ran(net, 1.1)
    ratio = ours.stations.heat_power_kw[-1, 0] / usual.stations.heat_power_kw[-1, 0]
    assert ratio == pytest.approx(1.1, rel=1e-6)


@pytest.mark.parametrize("net", [HELD, STANDING])
def test_the_judge_hears_the_same_loads(net: Network) -> None:
    weather, schedule = members(net, 1.0, 1.1), constant_schedule(net, STEPS)
    for member in (0, 1):
        ours = simulate(net, state_of(net), weather, schedule, member)
        found = hear(net, state_of(net), weather, schedule, member).found
        assert found.indoor_c[-1] == pytest.approx(ours.buildings.indoor_temp_c[-1], abs=0.02)


def test_loads_stay_with_the_weather_when_its_grid_changes() -> None:
    weather = members(HELD, 0.9, 1.1)
    for other in (refine_forecast(weather, 300), part_of(weather, 4, 8)):
        assert other.load_factor is weather.load_factor


def test_of_two_members_the_larger_load_needs_more() -> None:
    need = need_of_members(members(HELD, 0.9, 1.1))
    assert need == pytest.approx([0.9 * 25.0, 1.1 * 25.0])
