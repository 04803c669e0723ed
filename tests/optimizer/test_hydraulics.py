"""Flows and pressures are found for every network, or the run says that they were not."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import Network, PumpControl
from optimizer.model.schedule import Schedule
from optimizer.physics.friction import pressure_drop
from optimizer.physics.hydraulics import MAX_ITERATIONS
from optimizer.physics.march import march
from optimizer.physics.water import GRAVITY_M_S2, density_kg_m3, viscosity_pa_s
from optimizer.simulate import March, no_seeds, prepare, read_trace, simulate
from tests.optimizer.networks import (
    constant_schedule,
    constant_weather,
    line,
    load,
    network,
    node,
    pipe,
    pump,
    random_network,
    random_schedule,
    random_weather,
    state_of,
)

STEPS = 4
STEP_S = 900
HELD = PumpControl.DIFFERENTIAL_PRESSURE


def jumping_schedule(net: Network, seed: int) -> Schedule:
    """Pumps anywhere between off and full in every step, water anywhere from 30 to 120 degC."""
    draw = np.random.default_rng(seed)
    plain = random_schedule(net, STEPS, STEP_S, seed)
    most = np.array([[5.0 if unit.control is HELD else 100.0] for unit in net.pumps])
    setpoint = most * draw.uniform(0.0, 1.0, (len(net.pumps), STEPS))
    setpoint[draw.random(setpoint.shape) < 0.2] = 0.0
    supply_c = draw.uniform(30.0, 120.0, plain.supply_temp_c.shape)
    return replace(plain, pump_setpoint=frozen(setpoint), supply_temp_c=frozen(supply_c))


def marched(net: Network, schedule: Schedule, seed: int) -> March:
    done = prepare(
        net, state_of(net), random_weather(net, STEPS, STEP_S, seed), schedule, 0, directions=0
    )
    march(*done, no_seeds(STEPS), np.zeros((0, 0)), np.zeros((0, 0)))
    return done


def imbalance_kg_s(done: March) -> float:
    """Largest flow that a node does not account for."""
    graph, record = done.layout.graph, done.record
    into = np.zeros_like(record.pressure)
    for link, (first, second) in enumerate(zip(graph.first, graph.second, strict=True)):
        into[:, first] -= record.flow[:, link]
        into[:, second] += record.flow[:, link]
    into[:, graph.reference] += record.makeup
    return float(np.abs(into - record.leak).max())


def unexplained_pa(done: March) -> FloatArray:
    """Pressure at each station between its ends in the last step, less flow^2 / admittance."""
    layout, inputs = done.layout, done.motion.inputs
    first = 2 * len(layout.pipes.length_m)
    at, half = layout.stations.node, len(layout.graph.elevation_m) // 2
    flow = done.record.flow[-1, first : first + len(at)]
    dp_pa = done.record.pressure[-1, at] - done.record.pressure[-1, half + at]
    # Near no flow the law is linear, not a square.
    between = (flow > 1e-2 * np.sqrt(inputs.admittance * 1e5)) & (flow < inputs.target_kg_s - 1e-9)
    return np.asarray((dp_pa - flow**2 / inputs.admittance)[between])


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(10))
@pytest.mark.parametrize("jumps", [False, True], ids=["smooth", "jumping"])
def test_every_random_network_has_its_flows(hundred: int, jumps: bool) -> None:
    """A thousand networks; what a gauge could show, mass at every node, and every open valve."""
    for seed in range(100 * hundred, 100 * hundred + 100):
        net = random_network(seed)
        schedule = random_schedule(net, STEPS, STEP_S, seed)
        done = marched(net, jumping_schedule(net, seed) if jumps else schedule, seed)
        assert done.record.iterations.max() < MAX_ITERATIONS, seed
        assert np.abs(done.record.pressure).max() < 15e5, seed
        assert imbalance_kg_s(done) < 1e-7, seed
        assert np.abs(unexplained_pa(done)).max(initial=0.0) < 5.0, seed


def test_of_two_pumps_that_hold_the_higher_pressure_wins() -> None:
    """1.5 and 2.0 bar on one plant: the lower one's non-return valve closes, the other feeds all.

    What the holding pump gives way by is 1 Pa for each kilogram a second.
    """
    net = line(load("s", "B", 150.0), pumps=[pump(m, "P", control=HELD) for m in ("low", "high")])
    schedule = constant_schedule(net, STEPS)
    held = frozen(np.repeat([[1.5], [2.0]], STEPS, axis=1))
    trace = simulate(
        net,
        state_of(net),
        constant_weather(net, STEPS),
        replace(schedule, pump_setpoint=held),
    )
    gain = trace.plants.supply_pressure_bar - trace.plants.return_pressure_bar
    assert gain == pytest.approx(2.0, abs=1e-4)
    assert np.abs(trace.pumps.mass_flow_kg_s[:, 0]).max() < 1e-6
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(150.0, rel=1e-6)


def test_pumps_that_stop_at_once_leave_no_flow_behind() -> None:
    """Stations that throttled in one step find no pressure in the next: a step of 1e-8 kg/s is
    all that leads away from their valves' ends, and must not be taken for the solution."""
    net = line(load("s", "B", 150.0), pumps=[pump("M", "P")])
    schedule = constant_schedule(net, STEPS)
    speed = frozen(np.array([[90.0, 0.0, 0.0, 0.0]]))
    trace = simulate(
        net, state_of(net), constant_weather(net, STEPS), replace(schedule, pump_setpoint=speed)
    )
    assert trace.stations.mass_flow_kg_s[0, 0] > 0.5
    assert trace.stations.mass_flow_kg_s[1:].max() < 1e-6


def test_a_booster_in_the_return_of_a_mesh() -> None:
    """A - B - D and A - C - D, the booster in B - D: it pumps towards the plant and raises the
    pressure there by its head, the loop closes, and the way that it helps carries more."""
    names = ["A", "B", "C", "D"]
    net = network(
        [node(name) for name in names],
        [pipe(a + b, a, b) for a, b in ("AB", "AC", "BD", "CD")],
        [load("s", "D", 600.0)],
        pumps=[pump("M", "P"), pump("R", None, pipe_id="BD", rated_head_m=0.2, shutoff_head_m=0.4)],
    )
    trace = simulate(
        net, state_of(net), constant_weather(net, STEPS), constant_schedule(net, STEPS)
    )
    helped, other = trace.pipes.return_mass_flow_kg_s[-1, [2, 3]]
    assert trace.pumps.mass_flow_kg_s[-1, 1] == pytest.approx(-helped)
    assert -helped > 1.2 * -other > 0.0
    # The supply side has no pump: by symmetry both its ways carry the same.
    supply = trace.pipes.mass_flow_kg_s[-1]
    assert supply[0] == pytest.approx(supply[1], rel=1e-6)
    back_c = trace.plants.return_temp_c[-1, 0]
    density, viscosity = density_kg_m3(back_c), viscosity_pa_s(back_c)

    def two_pipes_pa(flow: float) -> float:
        return 2.0 * pressure_drop(flow, 200.0, 0.1, 0.0003, density, viscosity, 0.0)[0]

    gain_pa = trace.pumps.head_m[-1, 1] * GRAVITY_M_S2 * density
    assert two_pipes_pa(-helped) - gain_pa == pytest.approx(
        two_pipes_pa(-other), abs=0.01 * gain_pa
    )
    assert trace.energy.residual_pct < 1e-6
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(600.0, rel=1e-6)


def test_a_step_that_was_not_solved_is_named() -> None:
    """No network is known that has one; what the solver's count says must reach the trace."""
    net = line(load("s", "B", 150.0))
    schedule, weather = constant_schedule(net, STEPS), constant_weather(net, STEPS)
    done = marched(net, schedule, 0)
    assert read_trace(net, done, state_of(net), weather, schedule, 0).unsolved == ()
    done.record.iterations[2] = MAX_ITERATIONS
    assert read_trace(net, done, state_of(net), weather, schedule, 0).unsolved == (2,)


def test_numbers_that_are_none_are_not_taken_for_a_solution() -> None:
    net = line(load("s", "B", 150.0))
    speed = frozen(np.array([[90.0, np.nan, 90.0, 90.0]]))
    schedule = replace(constant_schedule(net, STEPS), pump_setpoint=speed)
    assert marched(net, schedule, 0).record.iterations[0] == MAX_ITERATIONS
