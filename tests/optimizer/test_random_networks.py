"""What holds for every network: balances, symmetry, convergence."""

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.trace import Trace
from optimizer.physics.march import march
from optimizer.physics.water import (
    GRAVITY_M_S2,
    density_kg_m3,
    enthalpy_j_kg,
    viscosity_pa_s,
)
from optimizer.simulate import March, no_seeds, prepare, simulate, with_faster_buildings
from tests.optimizer.networks import (
    constant_schedule,
    constant_weather,
    random_network,
    random_schedule,
    random_weather,
    state_of,
)

SEEDS = range(12)
STEP_S = 900
STEPS = 24


def run(net: Network, seed: int, step_s: int = STEP_S, steps: int = STEPS) -> Trace:
    weather = random_weather(net, steps, step_s, seed)
    return simulate(net, state_of(net), weather, random_schedule(net, steps, step_s, seed))


def marched(net: Network, seed: int) -> March:
    weather = random_weather(net, STEPS, STEP_S, seed)
    schedule = random_schedule(net, STEPS, STEP_S, seed)
    prepared = prepare(net, state_of(net), weather, schedule, 0, directions=0)
    march(*prepared, no_seeds(STEPS), np.zeros((0, 0)), np.zeros((0, 0)))
    return prepared


def temperatures(trace: Trace) -> FloatArray:
    return np.concatenate(
        [
            trace.nodes.supply_temp_c,
            trace.nodes.return_temp_c,
            trace.stations.heat_power_kw,
            trace.buildings.indoor_temp_c[1:],
        ],
        axis=1,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_what_flows_into_a_node_flows_out_of_it_or_leaks(seed: int) -> None:
    net = random_network(seed)
    done = marched(net, seed)
    graph, record = done.layout.graph, done.record
    into = np.zeros_like(record.pressure)
    for link, (first, second) in enumerate(zip(graph.first, graph.second, strict=True)):
        into[:, first] -= record.flow[:, link]
        into[:, second] += record.flow[:, link]
    into[:, graph.reference] += record.makeup
    assert np.abs(into - record.leak).max() < 1e-7


@pytest.mark.parametrize("seed", SEEDS)
def test_heat_is_conserved(seed: int) -> None:
    assert run(random_network(seed), seed).energy.residual_pct < 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_each_pipe_drops_the_pressure_of_its_friction(seed: int) -> None:
    """Node pressures close every loop; each pipe's law is worked out here anew."""
    net = random_network(seed)
    done = marched(net, seed)
    graph, record, k = done.layout.graph, done.record, STEPS - 1
    boosted = {unit.pipe_id for unit in net.pumps}
    weight = np.array([plant.max_heat_mw for plant in net.plants])
    for side, water_c in ((0, record.plant_c[k - 1]), (1, None)):
        if water_c is None:
            at = [net.node_index[p.node_id] for p in net.plants]
            water_c = _last_return(done, net)[at]
        mean_c = float(water_c @ weight / weight.sum())
        density, viscosity = float(density_kg_m3(mean_c)), float(viscosity_pa_s(mean_c))
        for i, pipe in enumerate(net.pipes):
            if side == 1 and pipe.pipe_id in boosted:
                continue
            link = i + side * len(net.pipes)
            a, b = graph.first[link], graph.second[link]
            rise = graph.elevation_m[b] - graph.elevation_m[a]
            expected = _friction_pa(record.flow[k, link], pipe, density, viscosity)
            expected += density * GRAVITY_M_S2 * rise
            found = record.pressure[k, a] - record.pressure[k, b]
            assert found == pytest.approx(expected, abs=3.0 + 2e-3 * abs(expected)), pipe.pipe_id


def _last_return(done: March, net: Network) -> FloatArray:
    """Return temperatures near the last step (means of the one before), degC."""
    from optimizer.physics.water import temperature_c

    return np.asarray(temperature_c(done.record.back_h[-2]))


def _friction_pa(flow_kg_s: float, pipe: object, density: float, viscosity: float) -> float:
    """Darcy-Weisbach with Colebrook by plain repetition; laminar below Re 2000."""
    diameter, length = pipe.inner_diameter_m, pipe.length_m  # type: ignore[attr-defined]
    speed = abs(flow_kg_s) / (density * math.pi / 4 * diameter**2)
    reynolds = density * speed * diameter / viscosity
    if reynolds < 1e-9:
        return 0.0
    factor = 64.0 / reynolds
    if reynolds > 2000.0:
        root = 8.0
        for _ in range(50):
            rough = pipe.roughness_m / (3.7 * diameter)  # type: ignore[attr-defined]
            root = -2.0 * math.log10(rough + 2.51 * root / reynolds)
        turbulent = 1.0 / root**2
        share = min(max((reynolds - 2000.0) / 2000.0, 0.0), 1.0)
        blend = share * share * (3.0 - 2.0 * share)
        factor += blend * (turbulent - factor)
    return math.copysign(factor * length / diameter * density * speed**2 / 2.0, flow_kg_s)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_steady_state_every_node_mixes_what_its_pipes_bring(seed: int) -> None:
    """Cooling along each pipe and mixing at each node, worked out here from flows alone."""
    net = replace(with_faster_buildings(random_network(seed), 20.0), makeup_temp_c=10.0)
    steps = 400
    weather, schedule = constant_weather(net, steps), constant_schedule(net, steps)
    held = [unit.control == "dp" for unit in net.pumps]
    setpoint = np.where(held, 2.5, 90.0)
    schedule = replace(schedule, pump_setpoint=np.repeat(setpoint[:, None], steps, axis=1))
    trace = simulate(net, state_of(net), weather, schedule)
    sides = (
        (trace.pipes.mass_flow_kg_s[-1], trace.nodes.supply_temp_c[-1], 85.0),
        (trace.pipes.return_mass_flow_kg_s[-1], trace.nodes.return_temp_c[-1], 45.0),
    )
    ground = float(enthalpy_j_kg(net.ground_temp_c))
    for which, (flow, temp_c, _) in enumerate(sides):
        enthalpy = enthalpy_j_kg(temp_c)
        mass, power = np.zeros(len(net.nodes)), np.zeros(len(net.nodes))
        _add_sources(net, trace, which, mass, power)
        for i, pipe in enumerate(net.pipes):
            a, b = net.node_index[pipe.from_node], net.node_index[pipe.to_node]
            start, end = (a, b) if flow[i] > 0 else (b, a)
            if abs(flow[i]) < 1e-4:
                continue
            loss = pipe.heat_loss_w_m_k * pipe.length_m / (abs(flow[i]) * 4190.0)
            leaving = ground + (enthalpy[start] - ground) * math.exp(-loss)
            mass[end] += abs(flow[i])
            power[end] += abs(flow[i]) * leaving
        before = trace.nodes.supply_temp_c if which == 0 else trace.nodes.return_temp_c
        steady = np.abs(before[-20:] - before[-1]).max(axis=0) < 0.003
        fed = (mass > 0.1) & steady
        assert fed.any()
        found = (power[fed] / mass[fed] - enthalpy[fed]) / 4190.0
        assert np.abs(found).max() < 0.02


def _add_sources(
    net: Network, trace: Trace, which: int, mass: FloatArray, power: FloatArray
) -> None:
    """Water that enters the nodes of one side from plants or stations."""
    if which == 0:
        for i, plant in enumerate(net.plants):
            at = net.node_index[plant.node_id]
            mass[at] += trace.plants.mass_flow_kg_s[-1, i]
            outlet_c = float(trace.plants.supply_temp_c[-1, i])
            power[at] += trace.plants.mass_flow_kg_s[-1, i] * float(enthalpy_j_kg(outlet_c))
        return
    for i, station in enumerate(net.stations):
        at = net.node_index[station.node_id]
        flow = trace.stations.mass_flow_kg_s[-1, i]
        mass[at] += flow
        power[at] += flow * float(enthalpy_j_kg(float(trace.stations.return_temp_c[-1, i])))
    at = net.node_index[net.plants[0].node_id]
    makeup = trace.plants.makeup_m3_h[-1].sum() / 3600.0 * float(density_kg_m3(10.0))
    mass[at] += makeup
    power[at] += makeup * float(enthalpy_j_kg(10.0))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_drawn_direction_of_a_pipe_means_nothing(seed: int) -> None:
    net = random_network(seed)
    turned = tuple(
        replace(pipe, from_node=pipe.to_node, to_node=pipe.from_node) if i % 2 else pipe
        for i, pipe in enumerate(net.pipes)
    )
    ours, theirs = run(net, seed), run(replace(net, pipes=turned), seed)
    assert np.abs(temperatures(ours) - temperatures(theirs)).max() < 1e-4
    sign = np.where(np.arange(len(net.pipes)) % 2, -1.0, 1.0)
    flows = ours.pipes.mass_flow_kg_s - sign * theirs.pipes.mass_flow_kg_s
    assert np.abs(flows).max() < 1e-5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_rows_means_nothing(seed: int) -> None:
    net = random_network(seed)
    turned = replace(
        net,
        nodes=net.nodes[::-1],
        pipes=net.pipes[::-1],
        stations=net.stations[::-1],
        buildings=net.buildings[::-1],
    )
    schedule = random_schedule(net, STEPS, STEP_S, seed)
    weather = random_weather(net, STEPS, STEP_S, seed)
    reverse = replace(schedule, secondary_offset_k=schedule.secondary_offset_k[::-1])
    ours = simulate(net, state_of(net), weather, schedule)
    theirs = simulate(turned, state_of(turned), weather, reverse)
    assert np.allclose(ours.nodes.supply_temp_c, theirs.nodes.supply_temp_c[:, ::-1], atol=1e-4)
    assert np.allclose(ours.nodes.return_temp_c, theirs.nodes.return_temp_c[:, ::-1], atol=1e-4)
    indoor = theirs.buildings.indoor_temp_c[:, ::-1]
    assert np.allclose(ours.buildings.indoor_temp_c, indoor, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_shorter_steps_converge(seed: int) -> None:
    net = random_network(seed)
    hours = 6
    runs = {
        step_s: run(net, seed, step_s, hours * 3600 // step_s) for step_s in (900, 300, 100, 50)
    }
    indoor = {step_s: trace.buildings.indoor_temp_c[-1] for step_s, trace in runs.items()}
    heat = {step_s: trace.energy.supplied_mwh for step_s, trace in runs.items()}
    if len(net.buildings):
        coarse = np.abs(indoor[900] - indoor[50]).max()
        fine = np.abs(indoor[100] - indoor[50]).max()
        assert fine < max(0.5 * coarse, 0.003)
        assert coarse < 0.25
    assert abs(heat[100] - heat[50]) < max(0.5 * abs(heat[900] - heat[50]), 0.002 * heat[50])
    assert heat[900] == pytest.approx(heat[50], rel=0.03)
