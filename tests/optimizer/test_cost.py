"""What a run costs, by the judge and by the planner's trace, with numbers worked by hand.

Water by the steam tables: 376.9 kJ/kg at 90 degC, 209.3 at 50 degC, 42.1 at 10 degC.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.certify import certify
from optimizer.cost import cost_of_trace
from optimizer.model.arrays import frozen
from optimizer.model.network import Network
from optimizer.model.outcome import Cost
from optimizer.simulate import simulate
from tests.optimizer.judged import district
from tests.optimizer.networks import (
    building,
    constant_schedule,
    constant_weather,
    line,
    load,
    pipe,
    plant,
    pump,
    state_of,
    station,
)

FLAT = pump("M", "P", rated_flow_m3_h=1e4, rated_head_m=39.999, shutoff_head_m=40.0)
LOSSLESS = pipe("AB", "A", "B", heat_loss_w_m_k=0.0)
STEPS = 48  # twelve hours


def one_load(kw: float = 400.0, **changes: Any) -> Network:
    pieces: dict[str, Any] = {"pumps": [FLAT], "pipe": LOSSLESS}
    return line(load("s", "B", kw, return_c=50.0), **{**pieces, **changes})


def costs(net: Network, *, by_step_price: list[float] | None = None, **prices: Any) -> list[Cost]:
    """The judge's bill and the planner's, for the same run."""
    subject = district(net, prices)
    weather = constant_weather(net, STEPS)
    if by_step_price is not None:
        weather = replace(weather, heat_price_per_mwh=frozen([by_step_price]))
    schedule = constant_schedule(net, STEPS, pump_at=100.0)
    state = state_of(net)
    judged = certify(subject, state, weather, schedule).cost
    trace = simulate(net, state, weather, schedule)
    return [judged, cost_of_trace(subject, state, weather, trace)]


def test_fuel_is_heat_times_the_price_of_its_hour() -> None:
    """0.4 MW for six hours at 100 and six at 300 per MWh: 240 + 720."""
    for cost in costs(one_load(), by_step_price=[100.0] * 24 + [300.0] * 24):
        assert cost.fuel == pytest.approx(960.0, rel=2e-3)


def test_electricity_is_what_the_pumps_draw() -> None:
    """2.387 kg/s from 90 to 50 degC at 40 m and 70 %: 1.338 kW, for 12 h at 1000 per MWh."""
    for cost in costs(one_load(), electricity_per_mwh=1000.0):
        assert cost.electricity == pytest.approx(1.338 * 12.0, rel=3e-3)


def test_makeup_costs_its_water_and_its_heating() -> None:
    """1 m3/h at 5 bar leaks 0.655 m3/h out of the supply and 0.312 out of the return, as it comes
    in (see the limit on make-up): 11.45 m3 of it at 20 each; and 0.179 kg/s at 376.9 and 0.0866
    at 209.3 kJ/kg leave for water that comes at 42.1: 74 kW beside the 400 of the load."""
    net = one_load(pipe=replace(LOSSLESS, leak_m3_h=1.0))
    for cost in costs(net, makeup_per_m3=20.0):
        assert cost.makeup == pytest.approx(0.954 * 12.0 * 20.0, rel=0.01)
        lost_kw = 0.179 * (376.9 - 42.1) + 0.0866 * (209.3 - 42.1)
        assert cost.fuel + cost.stored_heat == pytest.approx(
            (400.0 + lost_kw) * 0.012 * 200.0, rel=0.005
        )


def test_heat_gained_by_buildings_is_credited_at_the_cheapest_plants_mean_price() -> None:
    """What the rooms hold more at the end than at the start is worth what it would cost."""
    net = line(
        station("s", "B"), buildings=[building("b", "s")], pumps=[FLAT], pipe=LOSSLESS
    )  # fmt: skip
    subject, weather = district(net), constant_weather(net, STEPS)
    schedule, state = constant_schedule(net, STEPS, pump_at=100.0), state_of(net)
    trace = simulate(net, state, weather, schedule)
    end = trace.end_state
    # 250 kWh/K, of which 15 % in air and furniture.
    rooms_mwh = 0.25 * (
        0.15 * (end.indoor_temp_c[0] - 18.0) + 0.85 * (end.envelope_temp_c[0] - 18.0)
    )
    water_mwh = trace.energy.stored_water_mwh
    assert rooms_mwh < 3.0 * water_mwh < 0.0
    for cost in costs(net):
        assert cost.stored_heat == pytest.approx(-200.0 * (rooms_mwh + water_mwh), rel=0.03)
    assert certify(subject, state, weather, schedule).cost.total == pytest.approx(
        sum(getattr(costs(net)[0], part) for part in PARTS)
    )


PARTS = ("fuel", "electricity", "makeup", "risk", "stored_heat")


def test_of_two_plants_the_cheaper_one_prices_what_is_stored() -> None:
    weak = pump("N", "Q", rated_head_m=15.0, shutoff_head_m=20.0)
    net = one_load(plants=[plant("P", "A"), plant("Q", "B")], pumps=[FLAT, weak])
    weather = constant_weather(net, STEPS)
    dear_and_cheap = np.array([[300.0] * STEPS, [100.0] * 24 + [200.0] * 24])
    weather = replace(weather, heat_price_per_mwh=frozen(dear_and_cheap))
    schedule = constant_schedule(net, STEPS, supply_c=80.0, pump_at=95.0)
    cost = certify(district(net), state_of(net), weather, schedule).cost
    trace = simulate(net, state_of(net), weather, schedule)
    assert trace.energy.stored_water_mwh < -0.01
    assert cost.stored_heat == pytest.approx(-150.0 * trace.energy.stored_water_mwh, rel=0.02)


def test_without_prices_of_leaks_and_cycles_there_is_no_risk() -> None:
    assert [cost.risk for cost in costs(one_load())] == [0.0, 0.0]


def test_risk_is_expected_leaks_and_cycles_at_their_prices() -> None:
    leaks = costs(one_load(), leak_risk_per_event=1e6)
    both = costs(one_load(), leak_risk_per_event=1e6, fatigue_per_cycle=100.0)
    doubled = costs(one_load(), leak_risk_per_event=2e6)
    for once, with_cycles, twice in zip(leaks, both, doubled, strict=True):
        assert once.risk > 0.0
        assert with_cycles.risk >= once.risk
        assert twice.risk == pytest.approx(2.0 * once.risk)


def test_judge_and_planner_agree_on_the_bill() -> None:
    prices: dict[str, Any] = {
        "electricity_per_mwh": 700.0,
        "makeup_per_m3": 10.0,
        "leak_risk_per_event": 1e4,
    }
    net = one_load(pipe=replace(LOSSLESS, leak_m3_h=0.2))
    judged, traced = costs(net, **prices)
    for part in PARTS:
        assert getattr(judged, part) == pytest.approx(getattr(traced, part), rel=0.01, abs=0.5)
