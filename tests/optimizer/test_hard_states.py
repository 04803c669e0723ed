"""The ordinary hard states of a network: each has an answer, and says who is short."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from optimizer.model.network import Network, PumpControl, StationControl
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace
from optimizer.physics.water import saturation_temp_c
from optimizer.simulate import simulate
from tests.optimizer.networks import (
    building,
    constant_schedule,
    constant_weather,
    line,
    load,
    network,
    node,
    pipe,
    plant,
    pump,
    state_of,
    station,
)

STEPS = 48


def run(
    net: Network,
    schedule: Schedule | None = None,
    supply_c: float = 90.0,
    pump_at: float = 90.0,
) -> Trace:
    """Run half a day and hold what always holds: no NaN where there is water, no lost heat."""
    weather = constant_weather(net, STEPS, outdoor_c=-8.0)
    schedule = schedule or constant_schedule(net, STEPS, supply_c=supply_c, pump_at=pump_at)
    trace = simulate(net, state_of(net), weather, schedule)
    for part in (trace.plants, trace.pumps, trace.stations, trace.buildings, trace.pipes):
        for field in fields(part):
            assert np.isfinite(getattr(part, field.name)).all(), field.name
    assert trace.energy.residual_pct < 0.1
    return trace


def chain(*consumers: str, control: StationControl = StationControl.COMPENSATED) -> Network:
    """A - B - C - ... with a station and a building at each node but the first."""
    names = ["A", *consumers]
    return network(
        [node(name) for name in names],
        [pipe(a + b, a, b) for a, b in pairwise(names)],
        [station(f"s{name}", name, control=control) for name in consumers],
        [building(f"b{name}", f"s{name}") for name in consumers],
        pumps=[pump("M", "P", rated_flow_m3_h=40.0)],
    )


def test_all_valves_closed() -> None:
    """Nothing flows, nothing is delivered, rooms and water cool."""
    net = chain("B", "C", control=StationControl.FIXED)
    net = replace(net, stations=tuple(replace(s, opening_pct=0.0) for s in net.stations))
    trace = run(net)
    assert trace.stations.mass_flow_kg_s.max() < 1e-4
    assert trace.stations.heat_power_kw[-1].max() < 0.05
    assert (np.diff(trace.buildings.indoor_temp_c, axis=0) < 0.0).all()
    assert (np.diff(trace.nodes.supply_temp_c[2:, 1:], axis=0) < 0.0).all()
    assert trace.plants.heat_power_mw[-1, 0] < 1e-4


def test_one_consumer_at_zero() -> None:
    """Its neighbour does not notice, and it is not counted as short."""
    both = network(
        [node("A"), node("B")],
        [pipe("AB", "A", "B")],
        [load("s", "B", 150.0), load("t", "B", 0.0)],
    )
    trace = run(both)
    assert trace.stations.heat_power_kw[-1] == pytest.approx([150.0, 0.0], abs=1e-9)
    assert trace.stations.mass_flow_kg_s[-1, 1] < 1e-6
    assert trace.stations.unmet_kw.max() < 1e-9


def test_pump_off() -> None:
    """Held below its speed range's head by nothing: no flow, and every station says what lacks."""
    net = chain("B", "C")
    trace = run(net, pump_at=0.0)
    assert np.abs(trace.pumps.mass_flow_kg_s).max() < 1e-3
    assert trace.stations.heat_power_kw[-1].max() < 5.0
    assert (trace.stations.unmet_kw[-1] > 100.0).all()
    assert (trace.stations.valve_opening_pct[-1] > 99.0).all()


def test_flow_reverses_in_a_mesh_during_a_run() -> None:
    """Two plants at the ends of a street: as one slows down, the middle pipe turns round."""
    names = ["A", "B", "C", "D"]
    net = network(
        [node(name) for name in names],
        [pipe(a + b, a, b) for a, b in ("AB", "BC", "CD")],
        [load("sB", "B", 200.0), load("sC", "C", 200.0)],
        plants=[plant("P", "A"), plant("Q", "D")],
        pumps=[pump("M", "P"), pump("N", "Q")],
    )
    schedule = constant_schedule(net, STEPS)
    speeds = np.stack([np.linspace(60.0, 95.0, STEPS), np.linspace(95.0, 60.0, STEPS)])
    trace = run(net, replace(schedule, pump_setpoint=speeds))
    middle = trace.pipes.mass_flow_kg_s[:, 1]
    assert middle[0] < -0.1
    assert middle[-1] > 0.1
    # For a moment the loads get the water that stood and cooled in the idle plant's pipe.
    assert trace.stations.unmet_kw.sum() < 0.015 * 400.0 * STEPS
    assert trace.stations.heat_power_kw[-10:] == pytest.approx(200.0, rel=4e-4)


def test_standstill_overnight_and_restart() -> None:
    """Six hours without flow: the pipe cools as the water that stands in it; then heat returns.

    DN100, 0.5 W/(m K), 36.9 kJ/(m K): of 85 K above ground exp(-0.5 * 21600 / 36900) = 0.746.
    """
    net = line(load("s", "B", 150.0), pumps=[pump("M", "P")])
    schedule = constant_schedule(net, STEPS)
    speeds = schedule.pump_setpoint.copy()
    speeds[:, 8:33] = 0.0
    trace = run(net, replace(schedule, pump_setpoint=speeds))
    before, after = trace.nodes.supply_temp_c[8, 1], trace.nodes.supply_temp_c[32, 1]
    assert after - 5.0 == pytest.approx((before - 5.0) * 0.746, rel=0.02)
    assert (trace.stations.unmet_kw[10:30] > 149.0).all()
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(150.0, rel=1e-9)
    assert trace.nodes.supply_temp_c[-1, 1] > 87.0


def test_supply_below_the_return_setpoint() -> None:
    """Water of 35 degC for loads that return 40: nothing can be had, and they say so."""
    net = line(load("s", "B", 150.0), pumps=[pump("M", "P")])
    weather = constant_weather(net, STEPS)
    cold = state_of(net, supply_c=35.0, return_c=30.0)
    trace = simulate(net, cold, weather, constant_schedule(net, STEPS, supply_c=35.0))
    assert trace.stations.heat_power_kw.max() < 1e-9
    assert trace.stations.unmet_kw[-1, 0] == pytest.approx(150.0)
    assert trace.energy.residual_pct < 0.1
    rooms = chain("B", "C")
    trace = run(rooms, supply_c=30.0)
    assert trace.stations.heat_power_kw[-1].min() >= 0.0
    assert (trace.stations.unmet_kw[-1] > 50.0).all()


def test_demand_beyond_the_plant() -> None:
    """0.2 MW for loads of 0.4: the outlet falls, the plant is at its capacity, loads are short."""
    net = network(
        [node("A"), node("B")],
        [pipe("AB", "A", "B", heat_loss_w_m_k=0.0)],
        [load("s", "B", 200.0), load("t", "B", 200.0)],
        plants=[plant("P", "A", max_heat_mw=0.2)],
    )
    trace = run(net)
    assert trace.plants.heat_power_mw.max() <= 0.2 + 1e-9
    assert trace.plants.heat_power_mw[-1, 0] == pytest.approx(0.2, rel=1e-3)
    assert trace.plants.supply_temp_c[-1, 0] < 89.0
    assert trace.plants.setpoint_c[-1, 0] == 90.0
    assert trace.stations.heat_power_kw[-1].sum() == pytest.approx(200.0, rel=0.02)
    assert trace.stations.unmet_kw[-1].sum() == pytest.approx(200.0, rel=0.02)


def test_a_pipe_out_of_service_isolates_a_branch() -> None:
    """Behind it there is no pressure to speak of, no heat, and the stations there are short."""
    net = chain("B", "C", "D")
    closed = tuple(replace(p, in_service=p.pipe_id != "BC") for p in net.pipes)
    trace = run(replace(net, pipes=closed))
    assert trace.stations.unmet_kw[-1, 0] < 1.0
    assert (trace.stations.unmet_kw[-1, 1:] > 100.0).all()
    assert trace.stations.heat_power_kw[-1, 1:] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert np.isnan(trace.nodes.supply_pressure_bar[-1, 2:]).all()
    assert np.isfinite(trace.nodes.supply_pressure_bar[-1, :2]).all()


def test_two_plants_push_against_each_other() -> None:
    """The weaker pump's valve closes; the stronger plant feeds all, the other fires nothing."""
    net = network(
        [node("A"), node("B"), node("C")],
        [pipe("AB", "A", "B"), pipe("BC", "B", "C")],
        [load("s", "B", 250.0)],
        plants=[plant("P", "A"), plant("Q", "C")],
        pumps=[pump("M", "P"), pump("N", "Q")],
    )
    schedule = constant_schedule(net, STEPS)
    speeds = np.stack([np.full(STEPS, 95.0), np.full(STEPS, 40.0)])
    trace = run(net, replace(schedule, pump_setpoint=speeds))
    assert trace.plants.mass_flow_kg_s[-1, 1] == pytest.approx(0.0, abs=1e-4)
    assert trace.plants.heat_power_mw[-1, 1] == pytest.approx(0.0, abs=1e-4)
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(250.0, rel=4e-4)


def test_pressure_below_the_boiling_margin() -> None:
    """120 degC at 0.2 bar held: the trace tells pressure and temperature, and does not fail."""
    low = plant("P", "A", holding_pressure_bar=0.2)
    high = [node("A"), node("B", elevation_m=15.0)]
    flat = pump("M", "P", control=PumpControl.DIFFERENTIAL_PRESSURE)
    net = line(load("s", "B", 100.0), plants=[low], pumps=[flat], nodes=high)
    trace = run(net, supply_c=120.0, pump_at=0.8)
    boiling = saturation_temp_c(trace.nodes.supply_pressure_bar[-1])
    assert boiling[1] - trace.nodes.supply_temp_c[-1, 1] < -20.0
    assert trace.nodes.supply_pressure_bar[-1, 1] < trace.nodes.supply_pressure_bar[-1, 0]


def test_prescribed_loads_get_what_they_ask_where_the_network_can_deliver() -> None:
    """A day of changing supply temperature: at least 99.96 % of what is asked."""
    names = ["A", "B", "C", "D"]
    net = network(
        [node(name) for name in names],
        [pipe(a + b, a, b) for a, b in ("AB", "BC", "CD")],
        [load(f"s{name}", name, 150.0) for name in names[1:]],
        pumps=[pump("M", "P", rated_flow_m3_h=60.0)],
    )
    schedule = constant_schedule(net, STEPS)
    waves = 90.0 + 8.0 * np.sin(np.arange(STEPS) / 5.0)
    trace = run(net, replace(schedule, supply_temp_c=waves[None]))
    asked = 3 * 150.0 * STEPS
    assert trace.stations.heat_power_kw.sum() / asked > 0.9996


def test_after_a_standstill_a_load_takes_no_more_than_it_asks() -> None:
    """Its valve opens wide for water that has cooled below its return; then hot water comes."""
    net = line(load("s", "B", 50.0, return_c=60.0), pumps=[pump("M", "P")])
    weather = constant_weather(net, STEPS)
    cold = state_of(net, supply_c=40.0, return_c=40.0)
    trace = simulate(net, cold, weather, constant_schedule(net, STEPS))
    assert trace.stations.heat_power_kw.max() <= 50.0 + 1e-9
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(50.0)
    assert trace.energy.residual_pct < 0.1


def test_a_booster_drives_a_ring() -> None:
    """Strong enough to send the return round in a circle: heat is still conserved."""
    names = ["A", "B", "C"]
    strong = pump("R", None, pipe_id="AB", rated_head_m=20.0, shutoff_head_m=25.0)
    net = network(
        [node(name) for name in names],
        [pipe("AB", "A", "B"), pipe("BC", "B", "C"), pipe("CA", "C", "A", length_m=30.0)],
        [load("s", "B", 100.0), load("t", "C", 100.0)],
        pumps=[pump("M", "P"), strong],
    )
    trace = run(net)
    assert trace.pumps.mass_flow_kg_s[-1, 1] > 3.0
    assert trace.energy.residual_pct < 1e-6
    assert trace.stations.heat_power_kw[-1] == pytest.approx([100.0, 100.0], rel=1e-6)
