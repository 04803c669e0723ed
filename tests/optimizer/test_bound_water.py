"""Floors of flows and water that the bound stands on, against runs of the simulator."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from optimizer.cost import cost_of_trace
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.physics.layout import Layout, build_layout
from optimizer.physics.water import enthalpy_j_kg, temperature_c
from optimizer.relaxation.floors import (
    WaterFloors,
    coldest_mix,
    hottest_water_c,
    water_floors,
)
from optimizer.relaxation.flows import most_flows, most_leakage_kg_s, most_station_kg_s
from optimizer.relaxation.rooms import linear_rooms
from optimizer.relaxation.throttled import Throttled, find_throttled, holds_setpoint, missed_k
from optimizer.relaxation.tree import find_tree
from optimizer.relaxation.water import heat_within_reach_j, least_cost_of_water
from optimizer.simulate import simulate
from optimizer.timegrid import curve, setpoints_at_boundaries, step_means
from tests.optimizer.bound_districts import RandomCase, mixing, random_case, random_district


def _floors(
    district: District, case: RandomCase, trace: Trace
) -> tuple[Layout, WaterFloors, Throttled]:
    """Floors for rooms as cold as those of a run."""
    layout = build_layout(district.network)
    start = np.stack([case.state.indoor_temp_c, case.state.envelope_temp_c], axis=1)
    throttled = find_throttled(
        district.network,
        layout,
        linear_rooms(layout.buildings, case.forecast, 0),
        case.forecast,
        0,
        start,
        hottest_water_c(district, case.state),
    )
    coldest_air = trace.buildings.indoor_temp_c.min(axis=0)
    return layout, water_floors(district, layout, case.state, coldest_air, throttled), throttled


def _leaking(network: Network, leak_m3_h: float) -> Network:
    pipes = tuple(replace(pipe, leak_m3_h=leak_m3_h) for pipe in network.pipes)
    return replace(network, pipes=pipes)


@pytest.mark.parametrize("leak_m3_h", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("mean_c", [8.0, -8.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_run_falls_below_the_floors(seed: int, mean_c: float, leak_m3_h: float) -> None:
    district = random_district(seed, stations=3 + seed)
    district = replace(district, network=_leaking(district.network, leak_m3_h))
    case = random_case(district, mean_c, seed)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    layout, floors, _ = _floors(district, case, trace)
    assert floors.tree is not None
    assert floors.flows is not None
    flow = trace.stations.mass_flow_kg_s
    assert (floors.flows.station_kg_s > 0.0).all()
    assert (flow >= floors.flows.station_kg_s - 1e-6).all()
    assert (flow <= floors.most_kg_s).all()
    assert (floors.most_kg_s <= most_station_kg_s(layout)).all()
    head_pa = 1e5 * (trace.plants.supply_pressure_bar - trace.plants.return_pressure_bar)
    assert (head_pa >= floors.flows.head_pa).all()
    ends = np.array([floors.tree.node_feeder == pipe for pipe in range(len(floors.supply))])
    far = ends.argmax(axis=1)
    assert (trace.nodes.supply_temp_c[:, far] >= temperature_c(floors.supply) - 1e-6).all()
    assert (trace.nodes.return_temp_c[:, far] >= temperature_c(floors.back) - 1e-6).all()
    difference = trace.nodes.supply_pressure_bar - trace.nodes.return_pressure_bar
    assert (1e5 * difference[:, far] >= floors.flows.difference_pa - 1.0).all()
    assert trace.plants.makeup_m3_h.max() <= most_leakage_kg_s(layout) * 3.6 / 0.99


@pytest.mark.parametrize("leak_m3_h", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("seed", range(6))
def test_the_water_of_no_run_costs_less_than_the_bound(seed: int, leak_m3_h: float) -> None:
    district = random_district(seed, stations=3 + seed)
    district = replace(district, network=_leaking(district.network, leak_m3_h))
    case = random_case(district, 0.0, seed)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    cost = cost_of_trace(district, case.state, case.forecast, trace)
    layout, floors, _ = _floors(district, case, trace)
    least = least_cost_of_water(district, layout, floors, case.forecast)
    lost = trace.energy.pipe_loss_mwh + trace.energy.leaked_mwh
    paid = lost * 190.0 + cost.makeup + cost.electricity
    assert 0.1 * paid < least <= paid
    reach = heat_within_reach_j(layout, floors, case.state, case.forecast)
    assert (np.cumsum(1e3 * trace.stations.heat_power_kw.sum(axis=1)) * 900.0 <= reach).all()


@pytest.mark.parametrize("mixes", [False, True])
@pytest.mark.parametrize("mean_c", [8.0, -4.0, -14.0])
@pytest.mark.parametrize("seed", range(8))
def test_no_loop_is_colder_than_the_least_of_it(seed: int, mean_c: float, mixes: bool) -> None:
    district = random_district(seed, stations=6, compensated_share=0.6)
    district = mixing(district) if mixes else district
    case = random_case(district, mean_c, seed)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    layout, floors, throttled = _floors(district, case, trace)
    supply, opening = trace.stations.secondary_supply_temp_c, trace.stations.valve_opening_pct
    holding = holds_setpoint(layout)
    assert (supply >= floors.secondary_c - 1e-6).all()
    assert np.isfinite(floors.secondary_c[:, holding]).all()
    # The condition of the proof: a throttling valve misses its setpoint by little.
    offsets = setpoints_at_boundaries(case.schedule.secondary_offset_k)
    outdoor = step_means(case.forecast.outdoor_temp_c[0])
    wanted = curve(district.network.secondary_curve, outdoor)[:, None] + step_means(offsets).T
    missed = (supply - wanted)[:, holding]
    allowed = np.broadcast_to(missed_k(layout)[holding], missed.shape)
    throttles = opening[:, holding] < 99.9
    assert (missed <= allowed).all()
    assert (missed >= -allowed)[throttles].all()
    assert (supply[:, holding] <= throttled.most_c[:, holding]).all()


@pytest.mark.parametrize("seed", range(4))
def test_most_flows_are_near_those_of_pumps_at_full_speed(seed: int) -> None:
    district = random_district(seed, compensated_share=0.0)
    network = _leaking(district.network, 0.0)
    case = random_case(replace(district, network=network), 0.0, seed)
    full = replace(case.schedule, pump_setpoint=np.full_like(case.schedule.pump_setpoint, 100.0))
    trace = simulate(network, case.state, case.forecast, full)
    layout = build_layout(network)
    tree = find_tree(layout)
    assert tree is not None
    most = most_flows(layout, tree, 0.0, 110.0)
    flow = trace.stations.mass_flow_kg_s.max(axis=0)
    assert (flow <= most).all()
    assert (flow >= 0.9 * most).all()


def test_rings_boosters_and_second_plants_are_no_trees() -> None:
    network = random_district(2).network
    assert find_tree(build_layout(network)) is not None
    ring = replace(network.pipes[-1], pipe_id="X", from_node="N0", to_node="C1")
    beside = replace(ring, from_node="C1", to_node="C2")
    assert find_tree(build_layout(replace(network, pipes=(*network.pipes, ring, beside)))) is None
    booster = replace(network.pumps[0], pump_id="X", plant_id=None, pipe_id="L0")
    assert find_tree(build_layout(replace(network, pumps=(*network.pumps, booster)))) is None
    plant = replace(network.plants[0], plant_id="X", node_id="C1")
    assert find_tree(build_layout(replace(network, plants=(*network.plants, plant)))) is None


def test_a_pipe_out_of_service_is_not_part_of_the_tree() -> None:
    network = random_district(2).network
    closed = replace(network.pipes[-1], pipe_id="X", from_node="N0", to_node="C1", in_service=False)
    tree = find_tree(build_layout(replace(network, pipes=(*network.pipes, closed))))
    assert tree is not None
    assert len(network.pipes) not in tree.order


def test_the_water_of_a_ring_is_bounded_as_well() -> None:
    district = random_district(5, stations=5)
    network = district.network
    ring = replace(network.pipes[0], pipe_id="X", from_node="C1", to_node="C4")
    beside = replace(ring, pipe_id="Y", from_node="N0", to_node="C4")
    district = replace(district, network=replace(network, pipes=(*network.pipes, ring, beside)))
    case = random_case(district, 0.0, 5)
    trace = simulate(district.network, case.state, case.forecast, case.schedule)
    cost = cost_of_trace(district, case.state, case.forecast, trace)
    layout, floors, _ = _floors(district, case, trace)
    least = least_cost_of_water(district, layout, floors, case.forecast)
    lost = trace.energy.pipe_loss_mwh + trace.energy.leaked_mwh
    assert least <= lost * 190.0 + cost.makeup + cost.electricity


@pytest.mark.parametrize("seed", range(5))
def test_the_coldest_mixture_is_that_of_the_worst_corner(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heat = enthalpy_j_kg(rng.uniform(10.0, 60.0, 5))
    least = rng.uniform(0.0, 1.0, 5)
    most = least + rng.uniform(0.0, 3.0, 5)
    corners = [np.where(pick, most, least) for pick in product([True, False], repeat=5)]
    worst = min(float((flow * heat).sum() / flow.sum()) for flow in corners)
    assert coldest_mix(heat, least, most) == pytest.approx(worst)
