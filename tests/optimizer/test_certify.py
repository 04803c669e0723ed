"""The judge: what it certifies, what it refuses, and that it stands on its own."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.certify import certify, examine
from optimizer.judge.run import hear, judge_step_s
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.outcome import LimitKind
from optimizer.model.trace import Trace
from optimizer.physics.layout import Layout, build_layout
from optimizer.physics.water import temperature_c
from optimizer.simulate import simulate
from optimizer.timegrid import refine_forecast, refine_schedule
from tests.optimizer.judged import district, limit, verdict
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
    random_network,
    random_schedule,
    random_weather,
    state_of,
    station,
)

FLAT = pump("M", "P", rated_flow_m3_h=1e4, rated_head_m=39.999, shutoff_head_m=40.0)


def one_station(**changes: Any) -> Network:
    return line(station("s", "B"), buildings=[building("b", "s", **changes)], pumps=[FLAT])


# --- What it certifies ---


def test_a_sound_schedule_is_certified() -> None:
    certificate = verdict(district(one_station()))
    assert certificate.certified
    assert min(one.margin for one in certificate.limits) > 0.0
    assert certificate.energy_residual_pct < 0.01


def test_a_shortfall_of_warmth_is_told_and_no_reason_to_refuse() -> None:
    certificate = verdict(district(one_station(worst_flat_beta=0.3)))
    assert certificate.certified
    assert certificate.comfort.max_shortfall_k > 5.0
    assert certificate.comfort.building_id == "b"


def test_one_limit_passed_is_enough_to_refuse() -> None:
    certificate = verdict(district(one_station(), max_velocity_m_s=0.01))
    assert not certificate.certified
    beyond = [one.limit for one in certificate.limits if one.margin < 0.0]
    assert beyond == [LimitKind.VELOCITY]


def test_not_a_number_certifies_nothing() -> None:
    net = one_station()
    state = replace(state_of(net), indoor_temp_c=frozen([np.nan]))
    assert not verdict(district(net), state=state).certified


def test_what_cannot_be_warmed_is_passed_on() -> None:
    net = one_station()
    found = certify(
        district(net), state_of(net), constant_weather(net, 4), constant_schedule(net, 4), ("b",)
    )
    assert found.comfort.unwarmable == ("b",)


def members(net: Network, outdoor_c: list[float], steps: int = 8) -> Forecast:
    calm = np.zeros((len(outdoor_c), steps))
    return replace(
        constant_weather(net, steps),
        outdoor_temp_c=frozen(np.repeat(np.array(outdoor_c)[:, None], steps + 1, axis=1)),
        wind_m_s=frozen(calm),
        ghi_w_m2=frozen(calm),
    )


def test_every_member_counts_in_each_figure() -> None:
    """The cold member has the largest shortfall, the mild one ends with the cooler rooms."""
    net = one_station(worst_flat_beta=0.1)
    subject, schedule, state = district(net), constant_schedule(net, 8), state_of(net)
    cold, mild, both = (
        certify(subject, state, members(net, outdoor), schedule)
        for outdoor in ([-20.0], [5.0], [5.0, -20.0])
    )
    assert cold.comfort.max_shortfall_k > mild.comfort.max_shortfall_k
    assert both.comfort.max_shortfall_k == cold.comfort.max_shortfall_k
    assert both.comfort.shortfall_k_h == cold.comfort.shortfall_k_h
    ends_c = [one.comfort.mean_indoor_end_c for one in (cold, mild)]
    assert both.comfort.mean_indoor_end_c == min(ends_c)
    assert both.cost == max((cold.cost, mild.cost), key=lambda cost: cost.total)
    for kind in (LimitKind.VELOCITY, LimitKind.MIN_PRESSURE, LimitKind.PIPE_PRESSURE):
        worst = min(limit(one, kind).margin for one in (cold, mild))
        assert limit(both, kind).margin == worst


# --- What it refuses to judge ---


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pump_setpoint": frozen([[120.0] * 8])}, "pump M is set between 120 and 120 %"),
        ({"pump_setpoint": frozen([[90.0] * 7 + [20.0]])}, "outside 30 to 100"),
        ({"secondary_offset_k": frozen([[1.0] * 8])}, "secondary offset of station s"),
        ({"supply_temp_c": frozen([[90.0] * 8] * 2)}, "rows for"),
        ({"step_s": 300}, "different grids"),
    ],
)
def test_what_no_actuator_could_follow_is_refused(change: dict[str, Any], message: str) -> None:
    net = one_station()
    schedule = replace(constant_schedule(net, 8), **change)
    with pytest.raises(ValueError, match=message):
        verdict(district(net), schedule=schedule)


def test_an_offset_may_move_in_its_own_range_only() -> None:
    net = one_station()
    net = replace(net, stations=(replace(net.stations[0], offset_range_k=(-5.0, 2.0)),))
    within = replace(constant_schedule(net, 8), secondary_offset_k=frozen([[-5.0] * 7 + [2.0]]))
    beyond = replace(within, secondary_offset_k=frozen([[-5.1] * 8]))
    assert verdict(district(net), schedule=within).certified
    with pytest.raises(ValueError, match="outside -5 to 2"):
        verdict(district(net), schedule=beyond)


def test_a_study_may_go_beyond_what_can_be_written() -> None:
    net = one_station()
    schedule = replace(constant_schedule(net, 8), secondary_offset_k=frozen([[-8.0] * 8]))
    forecast, state = constant_weather(net, 8), state_of(net)
    trimmed = examine(district(net), state, forecast, schedule)
    usual = examine(district(net), state, forecast, constant_schedule(net, 8))
    assert trimmed.comfort.mean_indoor_end_c < usual.comfort.mean_indoor_end_c


# --- That it agrees with the simulator, which steps differently ---


@pytest.mark.parametrize(
    ("step_s", "judges_s"), [(900, 300), (300, 300), (60, 60), (1200, 300), (3600, 300), (420, 60)]
)
def test_its_step(step_s: int, judges_s: int) -> None:
    assert judge_step_s(step_s) == judges_s


def largest(ours: FloatArray, theirs: FloatArray) -> float:
    """Largest difference of hourly means; the water that stands in dead ends aside."""
    gap = np.abs(ours - theirs)
    return float(np.nanmax(gap)) if gap.size else 0.0


def hourly(values: FloatArray, step_s: float) -> FloatArray:
    parts = int(3600.0 / step_s)
    means: FloatArray = values.reshape(-1, parts, values.shape[1]).mean(axis=1)
    return means


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 2, 5, 6, 10, 11, 16, 20, 22, 27, 29, 44])
def test_it_finds_what_the_simulator_finds_in_short_steps(seed: int) -> None:
    """Trees and meshes, several plants, pumps of both kinds, boosters, every kind of station."""
    net, steps = random_network(seed), 48
    forecast = random_weather(net, steps, 900, seed)
    schedule = random_schedule(net, steps, 900, seed)
    hearing = hear(net, state_of(net), forecast, schedule, 0)
    found, step_s = hearing.found, hearing.step_s
    trace: Trace = simulate(
        net, state_of(net), refine_forecast(forecast, 60), refine_schedule(schedule, 60)
    )
    nodes = len(net.nodes)
    ours_bar = hourly(found.pressure_pa / 1e5, step_s)
    assert not found.unsolved.any()
    assert hearing.residual_pct < 0.01
    pressure_gap = largest(ours_bar[:, :nodes], hourly(trace.nodes.supply_pressure_bar, 60.0))
    assert pressure_gap < 0.01
    assert largest(found.indoor_c[::12], trace.buildings.indoor_temp_c[::60]) < 0.06
    fired = hourly(found.fired_w / 1e6, step_s)
    assert largest(fired, hourly(trace.plants.heat_power_mw, 60.0)) < 0.01
    heat = hourly(found.station_w / 1e3, step_s)
    assert largest(heat, hourly(trace.stations.heat_power_kw, 60.0)) < 3.0
    supply_c = hourly(temperature_c(found.node_j_kg[:, :nodes]), step_s)
    gap = np.abs(supply_c - hourly(trace.nodes.supply_temp_c, 60.0))
    assert np.mean(gap) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 16, 20, 29])
def test_what_parts_it_from_the_simulator_at_the_nodes_is_what_walls_do_to_a_front(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge moves plugs with sharp ends; the simulator blurs them as a wall does, by tanks at
    each pipe's outlet. Where fronts creep through an hour's mean, that is up to 0.9 K; without the
    tanks, 0.13 K at most and a hundredth on average."""

    def without_tanks(net: Network) -> Layout:
        layout = build_layout(net)
        sharp = np.zeros_like(layout.pipes.stirred_kg)
        return layout._replace(pipes=layout.pipes._replace(stirred_kg=sharp))

    monkeypatch.setattr("optimizer.simulate.build_layout", without_tanks)
    net, steps = random_network(seed), 48
    forecast = random_weather(net, steps, 900, seed)
    schedule = random_schedule(net, steps, 900, seed)
    hearing = hear(net, state_of(net), forecast, schedule, 0)
    trace = simulate(
        net, state_of(net), refine_forecast(forecast, 60), refine_schedule(schedule, 60)
    )
    ours_c = temperature_c(hearing.found.node_j_kg[:, : len(net.nodes)])
    gap = np.abs(hourly(ours_c, hearing.step_s) - hourly(trace.nodes.supply_temp_c, 60.0))
    assert gap.max() < 0.2
    assert gap.mean() < 0.01


def test_a_front_arrives_when_the_water_has_flowed_through() -> None:
    """2.387 kg/s through 1 km of 100 mm: 7,854 litres of 965.3 kg/m3 and a wall of 1,026 kg of
    steel per 100 m, 10.26 t at 0.115 of water's heat: 7,581 + 1,140 kg take 61 minutes."""
    long = pipe("AB", "A", "B", length_m=1000.0, heat_loss_w_m_k=0.0)
    net = line(load("s", "B", 400.0, return_c=50.0), pipe=long, pumps=[FLAT])
    steps = 12
    schedule = constant_schedule(net, steps, supply_c=95.0, pump_at=90.0)
    hearing = hear(net, state_of(net), constant_weather(net, steps), schedule, 0)
    arrives_c = temperature_c(hearing.found.node_j_kg[:, 1])
    passed = int(np.argmax(arrives_c > 92.5))
    assert abs(passed * hearing.step_s / 60.0 - 61.0) < 8.0
    assert arrives_c[-1] == pytest.approx(95.0, abs=0.01)


def test_no_flow_at_all_is_an_ordinary_state() -> None:
    """A plant alone with a pipe that leads nowhere."""
    net = network([node("A"), node("B")], [pipe("AB", "A", "B")], [], pumps=[FLAT])
    certificate = verdict(district(net))
    assert certificate.certified
    assert certificate.energy_residual_pct < 0.01


def test_the_same_inputs_give_the_same_certificate() -> None:
    net = random_network(5)
    runs = [certify_random(net, seed=5) for _ in range(2)]
    assert runs[0] == runs[1]


def certify_random(net: Network, seed: int) -> object:
    forecast, schedule = random_weather(net, 16, 900, seed), random_schedule(net, 16, 900, seed)
    return examine(district(net), state_of(net), forecast, schedule)


def test_a_plant_that_owes_heat_at_the_start_gives_it_back_first() -> None:
    net = line(load("s", "B", 200.0), plants=[plant("P", "A", max_heat_mw=0.3)], pumps=[FLAT])
    owing = replace(state_of(net), boiler_deficit_j=frozen([3.6e7]))
    fuel = [verdict(district(net), state=state).cost.fuel for state in (state_of(net), owing)]
    # 10 kWh at 200 per MWh.
    assert fuel[1] - fuel[0] == pytest.approx(2.0, abs=0.02)


# --- That it stands on its own ---


def test_importing_it_loads_no_solver_and_no_planner() -> None:
    strangers = (
        "import optimizer.certify, sys;"
        "wrong = ('pyomo', 'highspy', 'optimizer.plan', 'optimizer.search', 'optimizer.blocks',"
        " 'optimizer.simulate', 'optimizer.tangents', 'optimizer.physics.march',"
        " 'optimizer.physics.transport', 'optimizer.physics.consumers');"
        "print([name for name in sys.modules if name.startswith(wrong)])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", strangers], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
