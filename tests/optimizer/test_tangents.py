"""The derivatives of a trace, held against differences of traces."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network, PumpControl
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.physics.water import density_kg_m3
from optimizer.simulate import simulate
from optimizer.tangents import (
    Directions,
    Functionals,
    Lever,
    Linearisation,
    Quantity,
    Rows,
    linearise,
    no_functionals,
    no_rows,
)
from tests.optimizer.networks import random_network, random_schedule, random_weather, state_of

STEPS = 16
# Small beside every kink's distance, large beside the last digits of a solve.
MOVE = 2e-5

SERIES: dict[Quantity, Callable[[Trace], FloatArray]] = {
    Quantity.INDOOR_TEMP: lambda t: t.buildings.indoor_temp_c[1:],
    Quantity.STATION_SUPPLY_TEMP: lambda t: t.stations.supply_temp_c,
    Quantity.STATION_RETURN_TEMP: lambda t: t.stations.return_temp_c,
    Quantity.STATION_FLOW: lambda t: t.stations.mass_flow_kg_s,
    Quantity.STATION_HEAT: lambda t: t.stations.heat_power_kw,
    Quantity.PLANT_HEAT: lambda t: t.plants.heat_power_mw,
    Quantity.PLANT_RETURN_TEMP: lambda t: t.plants.return_temp_c,
    Quantity.PLANT_FLOW: lambda t: t.plants.mass_flow_kg_s,
    Quantity.PUMP_POWER: lambda t: t.pumps.power_kw,
    Quantity.MAKEUP: lambda t: t.plants.makeup_m3_h / 3600.0 * float(density_kg_m3(10.0)),
    Quantity.SUPPLY_PRESSURE: lambda t: t.nodes.supply_pressure_bar,
    Quantity.RETURN_PRESSURE: lambda t: t.nodes.return_pressure_bar,
    Quantity.SUPPLY_NODE_TEMP: lambda t: t.nodes.supply_temp_c,
    Quantity.RETURN_NODE_TEMP: lambda t: t.nodes.return_temp_c,
    Quantity.SUPPLY_PIPE_FLOW: lambda t: t.pipes.mass_flow_kg_s,
    Quantity.RETURN_PIPE_FLOW: lambda t: t.pipes.return_mass_flow_kg_s,
}
# Below these a derivative per K, % or bar is nothing: kW, degC, kg/s, bar, MW as the series.
FLOOR = 1e-6


def levers(net: Network) -> Directions:
    """Every plant, every pump and three stations, each moved at two times."""
    moved: list[tuple[Lever, int, int]] = []
    for first in (0, 6):
        moved += [(Lever.PLANT, i, first) for i in range(len(net.plants))]
        moved += [(Lever.PUMP, i, first) for i in range(len(net.pumps))]
        moved += [(Lever.OFFSET, i, first) for i in range(0, len(net.stations), 3)]
    profile = np.zeros((len(moved), STEPS))
    for row, (_, _, first) in zip(profile, moved, strict=True):
        row[first : first + 4] = 1.0
    return Directions(
        lever=np.array([int(lever) for lever, _, _ in moved]),
        which=np.array([which for _, which, _ in moved]),
        profile=profile,
    )


def everything(trace: Trace) -> Rows:
    """One row for every entry of every series, series by series, step by step."""
    parts = []
    for quantity, series in SERIES.items():
        steps, elements = _wide(quantity, series(trace)).shape
        step, index = np.meshgrid(np.arange(steps), np.arange(elements), indexing="ij")
        at = step + 1 if quantity is Quantity.INDOOR_TEMP else step
        parts.append((np.full(step.size, int(quantity)), index.ravel(), at.ravel()))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Rows(quantity=joined[0], index=joined[1], step=joined[2])


def _wide(quantity: Quantity, values: FloatArray) -> FloatArray:
    return values[:, :1] if quantity is Quantity.MAKEUP else values


def values(trace: Trace) -> FloatArray:
    return np.concatenate([_wide(q, series(trace)).ravel() for q, series in SERIES.items()])


def shifted(schedule: Schedule, directions: Directions, d: int, size: float) -> Schedule:
    name = {
        Lever.PLANT: "supply_temp_c",
        Lever.PUMP: "pump_setpoint",
        Lever.OFFSET: "secondary_offset_k",
    }[Lever(int(directions.lever[d]))]
    setpoints = getattr(schedule, name).copy()
    setpoints[directions.which[d]] += size * directions.profile[d]
    changes: dict[str, FloatArray] = {name: setpoints}
    return replace(schedule, **changes)  # type: ignore[arg-type]


def differentiated(net: Network, seed: int, step_s: int) -> tuple[Linearisation, Rows, Schedule]:
    weather = random_weather(net, STEPS, step_s, seed)
    schedule = random_schedule(net, STEPS, step_s, seed)
    rows = everything(simulate(net, state_of(net), weather, schedule))
    functionals = no_functionals(net, STEPS)
    result = linearise(net, state_of(net), weather, schedule, levers(net), rows, functionals)
    return result, rows, schedule


@pytest.mark.parametrize("step_s", [900, 60])
@pytest.mark.parametrize("seed", range(8))
def test_derivatives_are_those_of_the_trace(seed: int, step_s: int) -> None:
    """Within 1e-4 but for kinks: under 1 % of the entries, listed where there are more."""
    net = random_network(seed)
    result, rows, schedule = differentiated(net, seed, step_s)
    weather = random_weather(net, STEPS, step_s, seed)
    directions = levers(net)
    off = np.zeros(result.jacobian.shape, dtype=bool)
    for d in range(len(directions.lever)):
        ahead, behind = (
            values(simulate(net, state_of(net), weather, shifted(schedule, directions, d, size)))
            for size in (MOVE, -MOVE)
        )
        slope = (ahead - behind) / (2.0 * MOVE)
        noise = 1e-9 * np.abs(ahead) / MOVE
        allowed = 1e-4 * np.abs(slope) + FLOOR + noise
        off[:, d] = ~(np.abs(result.jacobian[:, d] - slope) <= allowed)
    listed = [
        (Lever(int(directions.lever[d])).name, Quantity(int(rows.quantity[r])).name, rows.step[r])
        for r, d in np.argwhere(off)[:40]
    ]
    assert off.mean() < 0.01, (float(off.mean()), listed)


def settled(net: Network, seed: int) -> tuple[PlantState, Schedule]:
    """All plants and all pumps of a plant alike, and the state a day of that leaves."""
    schedule = random_schedule(net, STEPS, 900, seed)
    twin = [_first_beside(net, i) for i in range(len(net.pumps))]
    alike = replace(
        schedule,
        supply_temp_c=np.repeat(schedule.supply_temp_c[:1], len(net.plants), axis=0),
        pump_setpoint=schedule.pump_setpoint[twin],
    )
    steps = 96
    before = replace(
        alike,
        supply_temp_c=np.repeat(alike.supply_temp_c[:, :1], steps, axis=1),
        pump_setpoint=np.repeat(alike.pump_setpoint[:, :1], steps, axis=1),
        secondary_offset_k=np.repeat(alike.secondary_offset_k[:, :1], steps, axis=1),
    )
    weather = random_weather(net, steps, 900, seed)
    return simulate(net, state_of(net), weather, before).end_state, alike


def _first_beside(net: Network, pump: int) -> int:
    return next(i for i, p in enumerate(net.pumps) if p.plant_id == net.pumps[pump].plant_id)


def surprise(net: Network, seed: int, lever: Lever) -> FloatArray:
    """Error of the predicted indoor temperatures after moving each plant by 2 K or 5 %."""
    state, schedule = settled(net, seed)
    weather = random_weather(net, STEPS, 900, seed)
    plants = len(net.plants)
    profile = np.zeros((plants, STEPS))
    profile[:, 4:] = 1.0
    directions = Directions(
        lever=np.full(plants, int(lever)), which=np.arange(plants), profile=profile
    )
    rows = everything(simulate(net, state, weather, schedule))
    indoor = rows.quantity == Quantity.INDOOR_TEMP
    result = linearise(net, state, weather, schedule, directions, rows, no_functionals(net, STEPS))
    errors = []
    for p, plant in enumerate(net.plants):
        of_plant = [i for i, pump in enumerate(net.pumps) if pump.plant_id == plant.plant_id]
        held = net.pumps[of_plant[0]].control is not PumpControl.SPEED
        size = 2.0 if lever is Lever.PLANT else 0.1 if held else 5.0
        name = "supply_temp_c" if lever is Lever.PLANT else "pump_setpoint"
        setpoints = getattr(schedule, name).copy()
        setpoints[[p] if lever is Lever.PLANT else of_plant] += size * profile[p]
        changes: dict[str, FloatArray] = {name: setpoints}
        moved = simulate(net, state, weather, replace(schedule, **changes))  # type: ignore[arg-type]
        predicted = result.trace.buildings.indoor_temp_c[1:].ravel()
        predicted = predicted + size * result.jacobian[indoor, p]
        errors.append(np.abs(moved.buildings.indoor_temp_c[1:].ravel() - predicted))
    return np.concatenate(errors)


@pytest.mark.parametrize("seed", range(16))
def test_a_move_of_2_k_is_predicted_within_a_tenth_of_a_kelvin(seed: int) -> None:
    """All but the rooms of a station whose valve reaches its stop on the way."""
    errors = surprise(random_network(seed), seed, Lever.PLANT)
    assert (errors > 0.1).mean() < 0.01
    assert errors.max(initial=0.0) < 0.2


def test_a_move_of_5_pct_of_speed_is_predicted_within_a_tenth_of_a_kelvin() -> None:
    """One plant: all but stations that a standstill ends. Two plants share a mesh: a pump also
    moves the place where their waters meet, and a station there changes plants at a stroke."""
    single: list[BoolArray] = []
    shared: list[BoolArray] = []
    for seed in range(16):
        net = random_network(seed)
        (single if len(net.plants) == 1 else shared).append(
            surprise(net, seed, Lever.PLANT_PUMPS) > 0.1
        )
    assert len(single) > 3
    assert len(shared) > 3
    assert np.concatenate(single).mean() < 0.01
    assert np.concatenate(shared).mean() < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_gradients_of_weighted_sums(seed: int) -> None:
    net = random_network(seed)
    draw = np.random.default_rng(seed)
    weights = Functionals(
        plant_heat=draw.random((2, STEPS, len(net.plants))),
        pump_power=draw.random((2, STEPS, len(net.pumps))),
        makeup=draw.random((2, STEPS)),
        indoor=draw.random((2, STEPS + 1, len(net.buildings))),
        envelope_end=draw.random((2, len(net.buildings))),
        water_end=np.array([1e-9, 0.0]),
    )
    weather = random_weather(net, STEPS, 900, seed)
    schedule = random_schedule(net, STEPS, 900, seed)
    directions = levers(net)
    result = linearise(net, state_of(net), weather, schedule, directions, no_rows(), weights)

    def worth(trace: Trace) -> FloatArray:
        makeup = SERIES[Quantity.MAKEUP](trace)[:, 0]
        water = (trace.energy.stored_water_mwh) * 3.6e9
        return np.array(
            [
                (weights.plant_heat[f] * trace.plants.heat_power_mw).sum()
                + (weights.pump_power[f] * trace.pumps.power_kw).sum()
                + (weights.makeup[f] * makeup).sum()
                + (weights.indoor[f] * trace.buildings.indoor_temp_c).sum()
                + (weights.envelope_end[f] * trace.buildings.envelope_temp_c[-1]).sum()
                + weights.water_end[f] * water
                for f in range(2)
            ]
        )

    wrong = 0
    for d in range(len(directions.lever)):
        ahead, behind = (
            worth(simulate(net, state_of(net), weather, shifted(schedule, directions, d, size)))
            for size in (MOVE, -MOVE)
        )
        slope = (ahead - behind) / (2.0 * MOVE)
        wrong += int((np.abs(result.gradients[:, d] - slope) > 2e-4 * np.abs(slope) + 1e-5).sum())
    assert wrong <= 0.1 * result.gradients.size
