"""The bound of buildings on their own, against the linear program that it is a value of."""

import numpy as np
import pytest
from scipy.optimize import linprog

from optimizer.comfort import positive_k_h, worst_flat_shortfall_k
from optimizer.model.arrays import FloatArray
from optimizer.physics.layout import build_layout
from optimizer.relaxation.alone import least_cost_alone
from optimizer.relaxation.radiators import least_supply, no_supply
from optimizer.relaxation.rooms import Rooms, linear_rooms
from optimizer.relaxation.warmth import Warmth, warmth_of
from tests.optimizer.bound_districts import random_district, weather

PRICE_J = 190.0 / 3.6e9
STEPS = 96


def _least_cost_by_program(
    rooms: Rooms, start_c: FloatArray, warmth: Warmth, most_heat_w: FloatArray
) -> float:
    """Cheapest heating of all buildings, step means of shortfalls counted, solved to the end.

    Columns of one building: heat in units of what `most_heat_w` is, then the steps' shortfalls.
    """
    count = len(start_c)
    kernels = [_air_by_heat(rooms, b) for b in range(count)]
    free = _free_air(rooms, start_c)
    cost, rows, needs = [], [], []
    constant = 0.0
    for b, (air, left_j) in enumerate(kernels):
        cost += list((rooms.step_s - left_j) * PRICE_J * most_heat_w[b]) + [0.0] * STEPS
        block = np.zeros((STEPS, count * 2 * STEPS))
        at = 2 * STEPS * b
        mean = 0.5 * (air[:-1] + air[1:]) * (1.0 - warmth.beta[b])
        block[:, at : at + STEPS] = -mean * most_heat_w[b]
        block[:, at + STEPS : at + 2 * STEPS] = -np.eye(STEPS)
        rows.append(block)
        reached = 0.5 * (free[:-1, b, 0] + free[1:, b, 0]) * (1.0 - warmth.beta[b])
        needs.append(reached - warmth.step_needs()[:, b])
        constant -= PRICE_J * float(rooms.capacity_j_k[b] @ (free[-1, b] - start_c[b]))
    hours = np.tile(np.r_[np.zeros(STEPS), np.full(STEPS, rooms.step_s / 3600.0)], count)
    found = linprog(
        cost,
        A_ub=np.vstack([*rows, hours]),
        b_ub=np.r_[np.concatenate(needs), warmth.allowed_k_h],
        bounds=([(0.0, 1.0)] * STEPS + [(0.0, warmth.allowed_k)] * STEPS) * count,
    )
    assert found.fun is not None
    return constant + float(found.fun)


def _air_by_heat(rooms: Rooms, b: int) -> tuple[FloatArray, FloatArray]:
    """Air at the boundaries by each step's watt, and the joules of it left at the end."""
    air = np.zeros((STEPS + 1, STEPS))
    state = np.zeros((2, STEPS))
    for k in range(STEPS):
        state = rooms.transition[k, b] @ state
        state[:, k] += rooms.input_k_w[k, b]
        air[k + 1] = state[0]
    return air, rooms.capacity_j_k[b] @ state


def _free_air(rooms: Rooms, start_c: FloatArray) -> FloatArray:
    course = [start_c]
    for k in range(STEPS):
        course.append(np.einsum("bij,bj->bi", rooms.transition[k], course[-1]) + rooms.drift_c[k])
    return np.stack(course)


@pytest.mark.parametrize(
    ("start_c", "allowed_k", "allowed_k_h"),
    [
        pytest.param(20.0, 0.0, 0.0, id="warm at first, no shortfall"),
        pytest.param(18.0, 2.0, 10.0, id="cold at first, some shortfall"),
        pytest.param(21.0, 1.0, 20.0, id="warm at first, some shortfall"),
    ],
)
def test_the_value_is_a_bound_and_a_near_one(
    start_c: float, allowed_k: float, allowed_k_h: float
) -> None:
    network = random_district(1, stations=2).network
    buildings = build_layout(network).buildings
    forecast = weather(-3.0, 5.0, steps=STEPS)
    rooms = linear_rooms(buildings, forecast, 0)
    warmth = warmth_of(network.buildings, forecast.outdoor_temp_c[0], allowed_k, allowed_k_h)
    start = np.full((len(network.buildings), 2), start_c)
    start[:, 1] -= 2.0
    most = 3.0 * buildings.radiator_w
    exact = _least_cost_by_program(rooms, start, warmth, most)
    idle = no_supply(buildings, STEPS)
    bound = least_cost_alone(rooms, start, warmth, idle, most, PRICE_J)
    assert bound <= exact * (1.0 + 1e-9)
    assert bound >= 0.97 * exact


@pytest.mark.parametrize("supply_c", [30.0, 40.0, 48.0])
@pytest.mark.parametrize("seed", range(5))
def test_no_heating_above_the_least_beats_the_value(seed: int, supply_c: float) -> None:
    """Walks of heat above what water of a least temperature gives, judged by their own warmth."""
    network = random_district(seed, stations=2).network
    buildings = build_layout(network).buildings
    forecast = weather(2.0, 5.0, steps=STEPS)
    rooms = linear_rooms(buildings, forecast, 0)
    count = len(network.buildings)
    flow = buildings.radiator_w / 7.5
    least = least_supply(buildings, np.full((STEPS, count), supply_c), flow)
    rng = np.random.default_rng(seed)
    start = np.full((count, 2), 20.0)
    for more in (0.0, 0.1, 0.4):
        now, course, heat = start, [start[:, 0]], np.empty((STEPS, count))
        extra = more * rng.uniform(0.0, 1.0, (STEPS, count)) * buildings.radiator_w
        for k in range(STEPS):
            heat[k] = least.heat_w(k, now[:, 0])[0] + extra[k]
            now = np.einsum("bij,bj->bi", rooms.transition[k], now) + rooms.drift_c[k]
            now = now + rooms.input_k_w[k] * heat[k][:, None]
            course.append(now[:, 0])
        cost = PRICE_J * float(
            heat.sum() * rooms.step_s - (rooms.capacity_j_k * (now - start)).sum()
        )
        outdoor = forecast.outdoor_temp_c[0]
        short = worst_flat_shortfall_k(network.buildings, np.stack(course), outdoor)
        warmth = warmth_of(
            network.buildings,
            outdoor,
            float(short.max(initial=0.0)),
            float(positive_k_h(short, rooms.step_s).sum()),
        )
        most = 3.0 * buildings.radiator_w
        bound = least_cost_alone(rooms, start, warmth, least, most, PRICE_J)
        assert bound <= cost + 1e-6
        if more == 0.0 and short.max() <= 0.0:
            assert bound >= cost - 1e-6


def test_rooms_march_as_the_simulator_does() -> None:
    """One step of constant heat and weather settles where a building's UA says it must."""
    network = random_district(1, stations=2).network
    forecast = weather(-3.0, 0.0, steps=STEPS)
    buildings = build_layout(network).buildings
    rooms = linear_rooms(buildings, forecast, 0)
    heat = 1000.0
    dark = np.flatnonzero(forecast.ghi_w_m2[0] == 0.0)[0]
    still = np.linalg.solve(
        np.eye(2) - rooms.transition[dark],
        (rooms.input_k_w[dark] * heat + rooms.drift_c[dark])[:, :, None],
    )[:, 0, 0]
    ua = buildings.ua_w_k * (1.0 + 3.0 * buildings.wind_ua)
    np.testing.assert_allclose(still, -3.0 + (heat + buildings.gain_w) / ua, rtol=1e-9)
