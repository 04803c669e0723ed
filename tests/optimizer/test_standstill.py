"""A plant that stands still: nothing flows through it, its water cools, and both models agree."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.certify import certify
from optimizer.lever_schedules import decisions_of, schedule_of
from optimizer.levers import build_levers, limited
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, PumpControl
from optimizer.model.outcome import Certificate, LimitKind
from optimizer.model.trace import Trace
from optimizer.simulate import simulate
from optimizer.standing import loaded_steps, with_running
from optimizer.tangents import Quantity, Rows, linearise, no_functionals
from tests.optimizer import networks as n
from tests.optimizer.judged import district, limit

STEPS = 32
STOP, START = 8, 20


def two_plants(control: PumpControl = PumpControl.SPEED) -> Network:
    """A base plant at A, a peak boiler at C, two stations between them."""
    return n.network(
        [n.node("A"), n.node("B"), n.node("C")],
        [n.pipe("AB", "A", "B", length_m=300.0), n.pipe("CB", "C", "B", length_m=300.0)],
        [n.station("S1", "B"), n.station("S2", "A")],
        [n.building("b1", "S1"), n.building("b2", "S2")],
        plants=[n.plant("base", "A"), n.plant("peak", "C", can_stop=True, min_heat_mw=0.05)],
        pumps=[n.pump("m1", "base"), n.pump("m2", "peak", control=control)],
    )


def peak_runs(stop: int, start: int) -> BoolArray:
    runs = np.ones((2, STEPS), dtype=np.bool_)
    runs[1, stop:start] = False
    return runs


def run(
    network: Network, runs: BoolArray, peak_pump: FloatArray | float, peak_c: float = 75.0
) -> tuple[Trace, Certificate]:
    weather = n.constant_weather(network, STEPS)
    schedule = n.constant_schedule(network, STEPS, supply_c=75.0, pump_at=80.0)
    pumps, supply = schedule.pump_setpoint.copy(), schedule.supply_temp_c.copy()
    pumps[1] = peak_pump
    supply[1, START:] = peak_c
    schedule = replace(schedule, pump_setpoint=pumps, supply_temp_c=supply)
    schedule = with_running(network, schedule, runs)
    state = replace(n.state_of(network, supply_c=75.0), pump_setpoint=pumps[:, 0])
    certificate = certify(district(network), state, weather, schedule)
    return simulate(network, state, weather, schedule), certificate


def ramped(stop: int, start: int) -> FloatArray:
    """Down to the least speed before a stop and up from it after a start, 60 % an hour."""
    hours = 0.25 * np.arange(STEPS)
    down = 30.0 + 60.0 * np.maximum(0.25 * stop - hours, 0.0)
    up = 30.0 + 60.0 * np.maximum(hours - 0.25 * start, 0.0)
    course: FloatArray = np.minimum(80.0, np.where(np.arange(STEPS) < stop, down, up))
    return course


@pytest.mark.parametrize(
    ("control", "at"), [(PumpControl.SPEED, 80.0), (PumpControl.DIFFERENTIAL_PRESSURE, 3.4)]
)
def test_nothing_flows_and_nothing_is_drawn_at_standstill(control: PumpControl, at: float) -> None:
    trace, _ = run(two_plants(control), peak_runs(STOP, START), at)
    still = slice(STOP, START)
    assert trace.plants.mass_flow_kg_s[: STOP - 1, 1].min() > 0.1
    assert np.abs(trace.plants.mass_flow_kg_s[still, 1]).max() < 1e-6
    assert trace.pumps.power_kw[still, 1].max() == 0.0
    assert trace.pumps.speed_pct[still, 1].max() == 0.0
    assert trace.plants.heat_power_mw[STOP + 1 : START, 1].max() == 0.0
    assert not trace.plants.running[still, 1].any()
    assert trace.plants.mass_flow_kg_s[START + 4 :, 1].min() > 0.1
    assert not trace.unsolved
    assert trace.energy.residual_pct < 0.01


def test_nothing_pushes_water_through_it_either() -> None:
    """Where the network would drive water forward through its pump, the valves are closed."""
    network = two_plants()
    booster = n.pump("boost", None, pipe_id="CB", rated_head_m=60.0, shutoff_head_m=90.0)
    network = replace(network, pumps=(*network.pumps, booster))
    trace, certificate = run(network, peak_runs(0, STEPS), 80.0)
    assert np.abs(trace.pumps.mass_flow_kg_s[:, 1]).max() < 1e-6
    assert np.isfinite(certificate.cost.total)


def test_the_water_in_its_pipe_cools() -> None:
    trace, _ = run(two_plants(), peak_runs(STOP, STEPS), 80.0)
    contents = trace.end_state.supply_contents
    dead = slice(contents.start[1], contents.start[2])
    live = slice(contents.start[0], contents.start[1])
    assert contents.enthalpy_j_kg[dead].max() < contents.enthalpy_j_kg[live].min()


def test_both_models_agree() -> None:
    """What the judge finds with equations of its own: the same heat, and so the same cost."""
    trace, certificate = run(two_plants(), peak_runs(STOP, START), ramped(STOP, START))
    hours = trace.step_s / 3600.0
    fuel = float(trace.plants.heat_power_mw.sum()) * hours * 200.0
    assert certificate.cost.fuel == pytest.approx(fuel, rel=0.01)
    assert certificate.energy_residual_pct < 0.1


def test_a_pump_comes_down_before_a_stop_and_up_from_its_least_speed() -> None:
    _, gentle = run(two_plants(), peak_runs(STOP, START), ramped(STOP, START))
    assert limit(gentle, LimitKind.PUMP_RAMP).margin >= -1e-9
    _, sudden = run(two_plants(), peak_runs(STOP, START), 95.0)
    assert limit(sudden, LimitKind.PUMP_RAMP).worst == pytest.approx(65.0)


def test_an_outlet_is_bound_to_no_ramp_until_it_runs() -> None:
    """30 K hotter than when it stopped: no ramp of the plant, but one of the pipe behind it."""
    _, hotter = run(two_plants(), peak_runs(STOP, START), 80.0, peak_c=105.0)
    assert limit(hotter, LimitKind.PLANT_RAMP).margin == pytest.approx(15.0)
    assert limit(hotter, LimitKind.PIPE_RAMP).where == "CB"
    assert limit(hotter, LimitKind.PIPE_RAMP).margin < 0.0
    _, always = run(two_plants(), peak_runs(STOP, STOP), 80.0, peak_c=105.0)
    assert limit(always, LimitKind.PLANT_RAMP).worst == pytest.approx(30.0)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_short_stop_is_no_way_around_a_ramp(steps: int) -> None:
    _, hotter = run(two_plants(), peak_runs(START - steps, START), 30.0, peak_c=105.0)
    assert limit(hotter, LimitKind.PLANT_RAMP).worst == pytest.approx(30.0)
    assert limit(hotter, LimitKind.PLANT_RAMP).where == "peak"
    _, longer = run(two_plants(), peak_runs(START - 5, START), 30.0, peak_c=105.0)
    assert limit(longer, LimitKind.PLANT_RAMP).worst == pytest.approx(0.0)


@pytest.mark.parametrize(("steps", "most_k"), [(2, 7.5), (4, 15.0), (5, 45.0)])
def test_a_search_keeps_the_ramp_through_a_short_stop(steps: int, most_k: float) -> None:
    """From 75 degC on, at 15 K/h: after a stop of half an hour 7.5 K more, after a long one all."""
    network, runs = two_plants(), peak_runs(START - steps, START)
    levers = build_levers(network, n.state_of(network, supply_c=75.0), 900, STEPS, running=runs)
    template = with_running(network, n.constant_schedule(network, STEPS, supply_c=75.0), runs)
    wanted = decisions_of(levers, template)
    before, after = (i for i, r in enumerate(levers.ranges) if (r.lever, r.which) == (0, 1))
    wanted[levers.first[after] : levers.first[after + 1]] = 120.0
    made = schedule_of(levers, network, limited(levers, wanted), template).supply_temp_c[1]
    assert made[START] - made[START - steps - 1] == pytest.approx(most_k)
    across = (levers.first[after] - 1, levers.first[after])
    assert (across in [(a, b) for a, b, *_ in levers.ramps()]) == (steps <= 4)
    assert before + 1 == after


def test_however_slow_the_pumps_are_a_least_load_is_not_excused_for_long() -> None:
    """Pumps that take seven hours excuse two after a start and two before a stop, no more."""
    network = two_plants()
    slow = replace(network.pumps[1], max_speed_ramp_pct_h=10.0)
    plants = (network.plants[0], replace(network.plants[1], min_heat_mw=9.0))
    network = replace(network, pumps=(network.pumps[0], slow), plants=plants)
    counts = loaded_steps(network, peak_runs(STOP, START), np.array([True, True]), 900.0)
    assert counts[1].tolist() == [k < STOP - 8 or k >= START + 8 for k in range(STEPS)]
    _, certificate = run(network, peak_runs(STOP - 8, START + 4), 80.0)
    assert limit(certificate, LimitKind.PLANT_HEAT).margin >= 0.0
    _, certificate = run(network, peak_runs(STOP - 8, START - 1), 80.0)
    assert limit(certificate, LimitKind.PLANT_HEAT).margin < 0.0


def test_a_least_load_counts_only_while_it_runs_and_is_up() -> None:
    runs = peak_runs(STOP, START)
    counts = loaded_steps(two_plants(), runs, np.array([True, True]), 900.0)
    # From 30 to 100 % at 60 % an hour: 70 minutes, five steps.
    assert counts[1].tolist() == [k < STOP - 5 or k >= START + 5 for k in range(STEPS)]
    assert counts[0].all()
    kept, _ = two_plants(), None
    plants = (kept.plants[0], replace(kept.plants[1], min_heat_mw=9.0))
    _, certificate = run(replace(kept, plants=plants), peak_runs(0, STEPS), 80.0)
    assert limit(certificate, LimitKind.PLANT_HEAT).margin >= 0.0
    _, certificate = run(replace(kept, plants=plants), peak_runs(STOP, START), 80.0)
    assert limit(certificate, LimitKind.PLANT_HEAT).where == "peak"
    assert limit(certificate, LimitKind.PLANT_HEAT).margin < 0.0


def test_each_start_costs() -> None:
    network = two_plants()
    plants = (network.plants[0], replace(network.plants[1], start_cost=700.0))
    _, certificate = run(replace(network, plants=plants), peak_runs(STOP, START), 80.0)
    assert certificate.cost.starts == 700.0
    _, certificate = run(replace(network, plants=plants), peak_runs(STOP, STEPS), 80.0)
    assert certificate.cost.starts == 0.0


def test_derivatives_of_the_levers_that_run_are_exact_through_a_stop() -> None:
    network, runs = two_plants(), peak_runs(STOP, START)
    weather, state = n.constant_weather(network, STEPS), n.state_of(network, supply_c=75.0)
    levers = build_levers(network, state, 900, STEPS, running=runs)
    template = with_running(network, n.constant_schedule(network, STEPS, supply_c=75.0), runs)
    decisions = limited(levers, decisions_of(levers, template))
    step, plant = np.meshgrid(np.arange(STEPS), np.arange(2), indexing="ij")
    rows = Rows(
        quantity=np.full(step.size, int(Quantity.PLANT_HEAT)),
        index=plant.ravel(),
        step=step.ravel(),
    )

    def heat_mw(moved: FloatArray) -> FloatArray:
        schedule = schedule_of(levers, network, moved, template)
        return simulate(network, state, weather, schedule).plants.heat_power_mw.ravel()

    found = linearise(
        network,
        state,
        weather,
        schedule_of(levers, network, decisions, template),
        levers.directions,
        rows,
        no_functionals(network, STEPS),
    )
    slopes = np.empty_like(found.jacobian)
    for d, move in enumerate(1e-4 * np.eye(levers.count)):
        slopes[:, d] = (heat_mw(decisions + move) - heat_mw(decisions - move)) / 2e-4
    # But for kinks, where a front passes a sample.
    off = np.abs(found.jacobian - slopes) > 1e-3 * np.abs(slopes) + 1e-6
    assert off.mean() < 0.01
    assert np.abs(slopes).max() > 1e-3
