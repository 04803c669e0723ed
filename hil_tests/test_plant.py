"""The virtual plant: heat balances, it agrees with the planner's model, and goes its own ways."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from controller.paths import config_dir
from controller.site import load_site
from hil_tests.bench.plant import Plant, Setpoints, Snapshot, Weather, setpoints
from hil_tests.bench.plant_parameters import Bounds, as_modelled, perturbed
from optimizer.baseline import fallback_pump_setpoints
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace
from optimizer.simulate import simulate, uniform_state, with_faster_buildings

COLD = Weather(outdoor_temp_c=-9.0, wind_m_s=2.0)
OUTLET_C = 90.0
START = datetime(2026, 1, 16, tzinfo=UTC)
STEP_S = 900


@pytest.fixture(scope="module")
def district() -> District:
    return load_site(config_dir() / "old-east").district


def asked(district: District, outlet_c: float = OUTLET_C) -> Setpoints:
    network = district.network
    pumps = fallback_pump_setpoints(district)
    return setpoints([outlet_c] * len(network.plants), list(pumps), [0.0] * len(network.stations))


@pytest.fixture(scope="module")
def settled(district: District) -> Plant:
    return Plant(as_modelled(district), asked(district), COLD)


def run(plant: Plant, orders: Setpoints, hours: float, weather: Weather = COLD) -> Snapshot:
    for _ in range(round(hours * 12)):
        plant.advance(orders, weather, 300.0)
    return plant.snapshot()


def modelled(district: District, outlet_c: float, hours: int) -> Trace:
    """The planner's simulator: settled at OUTLET_C, then run at another outlet temperature."""
    network = district.network
    orders = asked(district)

    def course(outlet: float, hours: int) -> tuple[Forecast, Schedule]:
        steps = hours * 3600 // STEP_S
        return (
            Forecast(
                start=START, step_s=STEP_S, outdoor_temp_c=np.full((1, steps + 1), -9.0),
                wind_m_s=np.full((1, steps), 2.0), ghi_w_m2=np.zeros((1, steps)),
                heat_price_per_mwh=np.zeros((len(network.plants), steps)),
            ),
            Schedule(
                start=START, step_s=STEP_S,
                supply_temp_c=np.full((len(network.plants), steps), outlet),
                pump_setpoint=np.repeat(orders.pump[:, None], steps, axis=1),
                secondary_offset_k=np.zeros((len(network.stations), steps)),
            ),
        )  # fmt: skip

    begin = uniform_state(
        network, supply_temp_c=OUTLET_C, return_temp_c=50.0, indoor_temp_c=18.0,
        pump_setpoint=orders.pump,
    )  # fmt: skip
    light = with_faster_buildings(network, 20.0)
    state = simulate(light, begin, *course(OUTLET_C, 72)).end_state
    return simulate(network, state, *course(outlet_c, hours))


def balance(plant: Plant, orders: Setpoints, hours: float, weather: Weather) -> tuple[float, float]:
    """What the heat balances of pipes and of buildings leave unexplained, as shares."""
    before = plant.heat_j()
    run(plant, orders, hours, weather)
    did = {name: value - before[name] for name, value in plant.heat_j().items()}
    pipes = did["supplied"] - did["taken"] - did["lost"] - did["leaked"] - did["in_pipes"]
    rooms = did["taken"] - did["outside"] - did["in_buildings"]
    return pipes / did["supplied"], rooms / did["supplied"]


@pytest.mark.parametrize(
    ("outlet_c", "weather"),
    [(96.0, COLD), (108.0, COLD), (80.0, Weather(outdoor_temp_c=2.0, ghi_w_m2=200.0))],
)
def test_heat_balances(
    settled: Plant, district: District, outlet_c: float, weather: Weather
) -> None:
    plant = settled.copy()
    pipes, rooms = balance(plant, asked(district, outlet_c), 12.0, weather)
    assert abs(pipes) < 2e-5
    assert abs(rooms) < 1e-9


def test_as_modelled_it_agrees_with_the_planners_simulator(
    settled: Plant, district: District
) -> None:
    there = modelled(district, 94.0, 24)
    here = run(settled.copy(), asked(district, 94.0), 24.0)
    assert here.plant_heat_mw == pytest.approx(there.plants.heat_power_mw[-1], rel=0.01)
    assert here.plant_flow_kg_s == pytest.approx(there.plants.mass_flow_kg_s[-1], rel=0.01)
    assert here.plant_return_c == pytest.approx(there.plants.return_temp_c[-1], abs=0.3)
    assert here.indoor_c == pytest.approx(there.buildings.indoor_temp_c[-1], abs=0.2)
    flows = there.stations.mass_flow_kg_s[-1]
    assert here.station_flow_kg_s == pytest.approx(flows, rel=0.02, abs=0.02)
    wet = np.isfinite(there.nodes.supply_pressure_bar[-1])
    for ours, theirs in (
        (here.node_supply_bar, there.nodes.supply_pressure_bar[-1]),
        (here.node_return_bar, there.nodes.return_pressure_bar[-1]),
    ):
        assert ours[wet] == pytest.approx(theirs[wet], abs=0.05)


def test_the_same_calls_give_the_same_numbers(settled: Plant, district: District) -> None:
    orders = asked(district, 100.0)
    first, second = (run(settled.copy(), orders, 2.0) for _ in range(2))
    for name in ("indoor_c", "node_supply_c", "node_supply_bar", "station_flow_kg_s"):
        assert (getattr(first, name) == getattr(second, name)).all()


def test_a_front_arrives_late_at_the_farthest_and_never_overshoots(
    settled: Plant, district: District
) -> None:
    plant, orders = settled.copy(), asked(district, 96.0)
    before = plant.snapshot()
    soon = run(plant, orders, 0.25)
    later = run(plant, orders, 6.0)
    rise = later.station_supply_c - before.station_supply_c
    assert (soon.station_supply_c <= later.station_supply_c + 1e-6).all()
    assert (later.node_supply_c <= later.plant_supply_c.max() + 1e-6).all()
    assert rise.min() > 3.0
    assert (soon.station_supply_c - before.station_supply_c).min() < 0.1


def test_mishaps_show(settled: Plant, district: District) -> None:
    orders, hour = asked(district, 100.0), 1.0
    sound = run(settled.copy(), orders, hour)
    tripped, weak, burst, poor = (settled.copy() for _ in range(4))
    tripped.set_pump(0, works=False)
    weak.set_capacity(0, 0.6)
    burst.set_burst(0, 12.0)
    poor.set_burst(0, 12.0)
    poor.set_makeup_capacity(3.0)
    assert run(tripped, orders, hour).plant_flow_kg_s[0] < 0.85 * sound.plant_flow_kg_s[0]
    assert run(weak, orders, hour).plant_supply_c[0] < sound.plant_supply_c[0] - 5.0
    assert run(burst, orders, hour).makeup_m3_h > sound.makeup_m3_h + 6.0
    assert run(poor, orders, hour).plant_return_bar[0] < sound.plant_return_bar[0] - 0.5


def test_every_valve_shut_is_an_ordinary_state(settled: Plant, district: District) -> None:
    plant = settled.copy()
    plant._layout.stations.compensated[:] = False
    try:
        plant._consumers.opening[:] = 0.0
        found = run(plant, asked(district), 1.0)
    finally:
        plant._layout.stations.compensated[:] = settled_compensated(district)
    assert found.plant_flow_kg_s[0] < 2.0
    for name in ("node_supply_bar", "node_supply_c", "node_return_c", "indoor_c"):
        assert np.isfinite(getattr(found, name)).all(), name


def settled_compensated(district: District) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([one.control.value == "compensated" for one in district.network.stations])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_perturbed_plant_stays_within_its_bounds(district: District, seed: int) -> None:
    model, real = district.network, perturbed(district, seed).network
    bounds = Bounds()

    def spread(name: str, group: str) -> tuple[float, float]:
        pairs = zip(getattr(model, group), getattr(real, group), strict=True)
        ratios = [getattr(b, name) / getattr(a, name) for a, b in pairs]
        return min(ratios), max(ratios)

    for name, group, bound in (
        ("heat_loss_w_m_k", "pipes", bounds.heat_loss),
        ("ua_kw_k", "buildings", bounds.building_ua),
        ("capacity_kwh_k", "buildings", bounds.heat_capacity),
    ):
        low, high = spread(name, group)
        assert 1.0 - bound <= low < high <= 1.0 + bound
    low, high = spread("valve_kvs", "stations")
    assert 0.5 * (1.0 - bounds.valve_kv) <= low < high <= 1.0 + bounds.valve_kv
    assert perturbed(district, seed) == perturbed(district, seed)
    assert perturbed(district, seed + 1).network != real
    assert len(perturbed(district, seed).changes) == 2
    assert replace(real, pipes=model.pipes, stations=model.stations, buildings=model.buildings) == (
        model
    )
