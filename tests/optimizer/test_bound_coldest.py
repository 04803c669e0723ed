"""The bound of the coldest flat: no schedule holds it warmer, and a simple site reaches it."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases.cities import city, cold_wave
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.bound import lower_bound
from optimizer.comfort import comfort_of_trace
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import StationControl
from optimizer.model.policy import District
from optimizer.physics.layout import build_layout
from optimizer.relaxation.flows import most_station_kg_s
from optimizer.relaxation.rooms import linear_rooms
from optimizer.relaxation.warmest import warmest_rooms_c
from optimizer.simulate import simulate
from tests.optimizer.bound_districts import RandomCase, random_case, random_district, weather


def _at_its_most(district: District, mean_c: float, capacity: float) -> tuple[District, RandomCase]:
    """Everything at its maximum behind a plant of which a share is left."""
    plant = district.network.plants[0]
    network = replace(
        district.network, plants=(replace(plant, max_heat_mw=capacity * plant.max_heat_mw),)
    )
    district = replace(district, network=network)
    forecast = weather(mean_c, 4.0)
    state = starting_state(district, forecast, None)
    template = baseline_schedule(district, forecast, state)
    schedule = replace(
        template,
        supply_temp_c=frozen(np.full_like(template.supply_temp_c, plant.max_supply_temp_c)),
        pump_setpoint=frozen(np.full_like(template.pump_setpoint, 100.0)),
    )
    return district, RandomCase(state=state, forecast=forecast, schedule=schedule)


def _reached_and_bound(district: District, case: RandomCase) -> tuple[float, float]:
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    comfort = comfort_of_trace(district.network, trace)
    bound = lower_bound(district, case.state, case.forecast, comfort, 1.0)
    return comfort.max_shortfall_k, bound.max_shortfall_lower_k


@pytest.mark.parametrize("mean_c", [-8.0, -20.0])
@pytest.mark.parametrize("capacity", [1.0, 0.7])
@pytest.mark.parametrize("seed", range(4))
def test_no_run_holds_the_coldest_flat_warmer(seed: int, capacity: float, mean_c: float) -> None:
    district, hot = _at_its_most(random_district(seed), mean_c, capacity)
    for case in (hot, random_case(district, mean_c, seed)):
        reached, bound = _reached_and_bound(district, case)
        assert bound <= reached


def test_a_search_for_a_warmer_coldest_flat_stays_above_the_bound() -> None:
    district, case = _at_its_most(random_district(1, stations=3), -16.0, 0.8)
    reached, bound = _reached_and_bound(district, case)
    rng = np.random.default_rng(1)
    best = case.schedule
    for _ in range(40):
        lowered = best.pump_setpoint - rng.uniform(0.0, 10.0)
        tried = replace(best, pump_setpoint=frozen(np.clip(lowered, 50.0, 100.0)))
        trace = simulate(district.network, case.state, case.forecast, tried)
        shortfall = comfort_of_trace(district.network, trace).max_shortfall_k
        if shortfall < reached:
            best, reached = tried, shortfall
    assert 0.0 < bound <= reached


def _one_building(district: District) -> District:
    """The first building alone behind an open station, at a plant too small for it."""
    network = district.network
    station = replace(
        network.stations[0], control=StationControl.FIXED, opening_pct=100.0, offset_range_k=None
    )
    building = network.buildings[0]
    plant = replace(network.plants[0], max_heat_mw=building.ua_kw_k * 22.0 / 1e3)
    return replace(
        district,
        network=replace(
            network,
            nodes=network.nodes[:2],
            pipes=network.pipes[:1],
            stations=(station,),
            buildings=(building,),
            plants=(plant,),
        ),
    )


@pytest.mark.parametrize("seed", [0, 3, 4])
def test_one_building_behind_a_small_plant_comes_near_its_bound(seed: int) -> None:
    district, case = _at_its_most(_one_building(random_district(seed, stations=1)), -14.0, 1.0)
    reached, bound = _reached_and_bound(district, case)
    assert reached > 2.0
    assert 0.65 * reached < bound <= reached


def test_where_valves_follow_a_curve_the_coldest_flat_comes_near_its_bound() -> None:
    """Hotter water does not help who gets no more than the curve lets through."""
    district = city(20, 2, seed=3)
    forecast = cold_wave(district, 24)
    state = starting_state(district, forecast, None)
    curve = baseline_schedule(district, forecast, state)
    case = RandomCase(state=state, forecast=forecast, schedule=curve)
    reached, bound = _reached_and_bound(district, case)
    assert reached > 0.6
    assert reached - 0.35 < bound <= reached


@pytest.mark.parametrize("seed", range(4))
def test_no_room_gets_warmer_than_the_warmest(seed: int) -> None:
    district, case = _at_its_most(random_district(seed), 4.0, 3.0)
    network = district.network
    layout = build_layout(network)
    trace = simulate(network, case.state, case.forecast, case.schedule)
    start: FloatArray = np.stack([case.state.indoor_temp_c, case.state.envelope_temp_c], axis=1)
    warmest = warmest_rooms_c(
        layout,
        linear_rooms(layout.buildings, case.forecast, 0),
        start,
        np.full(len(network.stations), 110.0),
        most_station_kg_s(layout),
        np.full((case.forecast.steps, len(network.stations)), np.inf),
    )
    assert (trace.buildings.indoor_temp_c <= warmest + 1e-9).all()
    assert np.isfinite(warmest).all()
