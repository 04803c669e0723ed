"""The conventions of a site, each with a number worked by hand.

The numbers in the comments were worked on paper with a pocket calculator, not by this program.
Water at the temperatures used, by the steam tables: 965.3 kg/m3 and 376.9 kJ/kg at 90 degC,
992.2 kg/m3 and 167.5 kJ/kg at 40 degC.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.model.network import (
    Network,
    PumpControl,
    StationControl,
    StationKind,
    ValveCharacteristic,
)
from optimizer.model.trace import Trace
from optimizer.physics.exchanger import conductance_w_k, needed_flow_kg_s
from optimizer.physics.friction import pressure_drop
from optimizer.physics.layout import valve_share
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.rooms import step_response
from optimizer.physics.water import (
    density_kg_m3,
    enthalpy_j_kg,
    saturation_temp_c,
    temperature_c,
    viscosity_pa_s,
)
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

# A pump so strong and flat that its head is 40 m whatever flows.
FLAT = pump("M", "P", rated_flow_m3_h=1e4, rated_head_m=39.999, shutoff_head_m=40.0)
LOSSLESS = pipe("AB", "A", "B", heat_loss_w_m_k=0.0)


def run(net: Network, steps: int = 3, step_s: int = 900, **setpoints: float) -> Trace:
    weather = constant_weather(net, steps, step_s, setpoints.pop("outdoor_c", -5.0))
    start = state_of(
        net,
        supply_c=setpoints.pop("start_supply_c", 90.0),
        return_c=setpoints.pop("start_return_c", 40.0),
        indoor_c=setpoints.pop("indoor_c", 18.0),
    )
    return simulate(net, start, weather, constant_schedule(net, steps, step_s, **setpoints))


# --- 1. Pressures ---


def test_pressure_is_held_gauge_at_the_first_plants_return() -> None:
    trace = run(line(load("s", "B", 200.0), pumps=[FLAT]), pump_at=100.0)
    assert trace.nodes.return_pressure_bar[-1, 0] == pytest.approx(3.0, abs=1e-9)
    # The pump adds 40 m of water at 40 degC: 992.2 * 9.81 * 40 Pa = 3.893 bar.
    assert trace.nodes.supply_pressure_bar[-1, 0] == pytest.approx(6.893, abs=0.005)


def test_pressure_falls_with_height_by_the_weight_of_the_water() -> None:
    """No flow to speak of, 20 m up: 965.3 * 9.81 * 20 Pa = 1.894 bar in the supply."""
    high = [node("A"), node("B", elevation_m=20.0)]
    trace = run(line(load("s", "B", 0.01), nodes=high, pumps=[FLAT]), pump_at=100.0)
    drop = trace.nodes.supply_pressure_bar[-1, 0] - trace.nodes.supply_pressure_bar[-1, 1]
    assert drop == pytest.approx(1.894, abs=0.003)


def test_boiling_margin_uses_the_absolute_pressure() -> None:
    """Water boils at 100 degC at 0 bar gauge, at 133.5 degC at 3 bar absolute (steam table)."""
    assert saturation_temp_c(0.0) == pytest.approx(100.0, abs=0.2)
    assert saturation_temp_c(3.0 - 1.01325) == pytest.approx(133.5, abs=0.2)


# --- 2. Capacity ---


def test_a_plant_at_its_capacity_delivers_what_it_reaches() -> None:
    """0.1 MW at 1 kg/s from 40 degC: 167.5 + 100 = 267.5 kJ/kg, which is 63.9 degC."""
    small = plant("P", "A", max_heat_mw=0.1)
    # The load wants 209.4 kW = 1 kg/s from 90 to 40 degC.
    trace = run(line(load("s", "B", 209.4), plants=[small], pumps=[FLAT]), 2, 60, pump_at=100.0)
    assert trace.plants.mass_flow_kg_s[0, 0] == pytest.approx(1.0, rel=2e-3)
    assert trace.plants.setpoint_c[0, 0] == 90.0
    assert trace.plants.supply_temp_c[0, 0] == pytest.approx(63.9, abs=0.2)
    assert trace.plants.heat_power_mw[0, 0] == pytest.approx(0.1, rel=1e-6)


# --- 3. Pumps ---


@pytest.mark.parametrize(
    ("speed_pct", "flow_m3_h", "head_m"),
    [
        (100.0, 30.0, 40.0),  # the rated point
        (80.0, 0.0, 32.0),  # 50 * 0.8^2
        (80.0, 15.0, 29.5),  # 32 - 10 * (15 / 30)^2
    ],
)
def test_pump_head_follows_the_affinity_law(
    speed_pct: float, flow_m3_h: float, head_m: float
) -> None:
    """The load draws the flow: m3/h at 40 degC times 992.2 kg/m3 over 50 K of 4.188 kJ/kg."""
    kilowatts = max(flow_m3_h / 3600.0 * 992.2 * 209.4, 0.001)
    wide = pipe("AB", "A", "B", inner_diameter_m=0.3, heat_loss_w_m_k=0.0)
    net = line(load("s", "B", kilowatts, valve_kvs=500.0), pipe=wide, pumps=[pump("M", "P")])
    trace = run(net, pump_at=speed_pct)
    assert trace.pumps.head_m[-1, 0] == pytest.approx(head_m, abs=0.05)


def test_pump_power_is_pressure_times_volume_over_efficiency() -> None:
    """29.5 m * 992.2 * 9.81 Pa * 15/3600 m3/s / 0.7 = 1.709 kW."""
    wide = pipe("AB", "A", "B", inner_diameter_m=0.3, heat_loss_w_m_k=0.0)
    consumer = load("s", "B", 15.0 / 3600.0 * 992.2 * 209.4, valve_kvs=500.0)
    trace = run(line(consumer, pipe=wide), pump_at=80.0)
    assert trace.pumps.power_kw[-1, 0] == pytest.approx(1.709, rel=3e-3)


def test_no_water_flows_backwards_through_a_pump() -> None:
    """Of two parallel pumps one is too slow to lift its valve: 50 * 0.3^2 = 4.5 m."""
    wide = pipe("AB", "A", "B", inner_diameter_m=0.3)
    net = line(
        load("s", "B", 800.0, valve_kvs=500.0), pipe=wide, pumps=[pump("M", "P"), pump("N", "P")]
    )
    slow = replace(constant_schedule(net, 2), pump_setpoint=np.array([[100.0] * 2, [30.0] * 2]))
    trace = simulate(net, state_of(net), constant_weather(net, 2), slow)
    assert trace.pumps.mass_flow_kg_s[-1, 1] == pytest.approx(0.0, abs=1e-5)
    assert trace.pumps.mass_flow_kg_s[-1, 0] > 3.0
    drawn = trace.stations.mass_flow_kg_s[-1, 0]
    assert trace.pumps.mass_flow_kg_s[-1, 0] == pytest.approx(drawn, rel=1e-5)


def test_a_pump_holds_its_pressure_within_its_range_of_speed() -> None:
    held = pump("M", "P", control=PumpControl.DIFFERENTIAL_PRESSURE)
    net = line(load("s", "B", 200.0), pumps=[held])
    trace = run(net, pump_at=2.0)
    lift = trace.plants.supply_pressure_bar - trace.plants.return_pressure_bar
    assert lift[-1, 0] == pytest.approx(2.0, abs=1e-3)
    # 9 bar is beyond full speed: 50 m at 992 kg/m3 are 4.87 bar, less what the flow takes.
    lift = run(net, pump_at=9.0).plants.supply_pressure_bar[-1, 0] - 3.0
    assert lift == pytest.approx(4.85, abs=0.04)


# --- 4. Valves ---


def test_flow_through_a_valve_by_its_kv() -> None:
    """Kvs 16 half open is Kv 8: at 1 bar of water 8 m3/h; at 2.25 bar 8 * 1.5 = 12 m3/h."""
    fixed = {"control": StationControl.FIXED, "opening_pct": 50.0, "valve_kvs": 16.0}
    wide = pipe("AB", "A", "B", inner_diameter_m=0.4, heat_loss_w_m_k=0.0)
    net = line(station("s", "B", **fixed), pipe=wide, buildings=[building("b", "s")])
    trace = run(net, pump_at=85.0)
    dp, return_c = trace.stations.dp_bar[-1, 0], float(trace.stations.return_temp_c[-2, 0])
    gravity = float(density_kg_m3(return_c)) / 1000.0
    expected_m3_h = 8.0 * math.sqrt(dp / gravity)
    found = trace.stations.mass_flow_kg_s[-1, 0] / float(density_kg_m3(return_c)) * 3600.0
    assert found == pytest.approx(expected_m3_h, rel=2e-3)
    assert 1.5 < dp < 4.5


def test_valve_characteristics() -> None:
    """Linear: share is opening. Equal percentage, rangeability 50: 50^-0.5 = 0.1414."""
    assert valve_share(0.5, ValveCharacteristic.LINEAR) == 0.5
    half = valve_share(0.5, ValveCharacteristic.EQUAL_PERCENTAGE)
    assert half == pytest.approx(0.1414, abs=1e-4)
    assert valve_share(0.0, ValveCharacteristic.EQUAL_PERCENTAGE) == 0.0


# --- 5. Exchangers and their control ---


def test_counterflow_effectiveness() -> None:
    """UA 10 kW/K, streams of 10 and 20 kW/K: NTU 1, ratio 0.5:
    (1 - e^-0.5) / (1 - 0.5 e^-0.5) = 0.3935 / 0.6967 = 0.5647, times 10 kW/K."""
    value, _ = conductance_w_k(10e3, 10e3, 20e3)
    assert value == pytest.approx(5647.0, rel=2e-4)
    # Equal streams: NTU / (1 + NTU) = 0.5.
    assert conductance_w_k(10e3, 10e3, 10e3)[0] == pytest.approx(5e3, rel=1e-6)


def test_flow_that_a_duty_needs() -> None:
    """300 kW from 90 degC into 45/60 degC at a mean of 20 K: return 45 + 12.55 = 57.55 degC.

    LMTD(30, x) = 15 has x = 6.08; here UA 20 kW/K, so 300 / 20 = 15 K: return 51.08 degC, and the
    flow is 300 / (4.19 * (90 - 51.08)) = 1.840 kg/s.
    """
    flow = needed_flow_kg_s(300e3, 20e3, 90.0, 60.0, 45.0)[0]
    assert flow == pytest.approx(1.840, rel=2e-3)


def test_a_compensated_station_holds_its_curve_plus_offset() -> None:
    """Curve (-15, 62), (10, 40): 53.2 degC at -5 degC, 55.2 with an offset of 2 K."""
    net = line(station("s", "B"), buildings=[building("b", "s")], pipe=LOSSLESS)
    schedule = constant_schedule(net, 4, pump_at=100.0)
    trace = simulate(net, state_of(net), constant_weather(net, 4), schedule)
    assert trace.stations.secondary_supply_temp_c[-1, 0] == pytest.approx(53.2, abs=1e-6)
    warmer = replace(schedule, secondary_offset_k=np.full((1, 4), 2.0))
    trace = simulate(net, state_of(net), constant_weather(net, 4), warmer)
    assert trace.stations.secondary_supply_temp_c[-1, 0] == pytest.approx(55.2, abs=1e-6)
    assert 0.0 < trace.stations.valve_opening_pct[-1, 0] < 100.0


def test_the_curve_follows_the_instantaneous_outdoor_temperature() -> None:
    """From -5 to 5 degC within the step: the mean of the curve there is that at 0 degC: 48.8."""
    net = line(station("s", "B"), buildings=[building("b", "s")], pipe=LOSSLESS)
    weather = replace(constant_weather(net, 1), outdoor_temp_c=np.array([[-5.0, 5.0]]))
    trace = simulate(net, state_of(net), weather, constant_schedule(net, 1, pump_at=100.0))
    assert trace.stations.secondary_supply_temp_c[0, 0] == pytest.approx(48.8, abs=1e-6)


def test_secondary_flow_is_shared_by_radiator_size() -> None:
    """Twin buildings, one with twice the radiators: twice the flow, twice the heat."""
    pair = [building("b", "s", radiator_kw=100.0), building("c", "s", radiator_kw=200.0)]
    trace = run(line(station("s", "B"), buildings=pair), 1, pump_at=100.0)
    ratio = trace.buildings.heat_power_kw[0, 1] / trace.buildings.heat_power_kw[0, 0]
    assert ratio == pytest.approx(2.0, rel=1e-9)


# --- 6. Radiators ---


def test_a_radiator_gives_its_rating_at_its_reference() -> None:
    """60/45/18 degC is a mean excess of 34.5 K. 100 kW at a flow that drops 15 K: 6.667 kW/K."""
    heat, _, _ = radiator_heat_w(60.0 - 18.0, 100e3 / 15.0, 100e3, 34.5, 1.3)
    assert heat == pytest.approx(100e3, rel=1e-9)


def test_a_radiator_below_its_reference() -> None:
    """Mean excess 20 K: (20 / 34.5)^1.3 = 0.4922. With 49.22 kW and 6.667 kW/K the water drops
    7.383 K, so its supply is 20 + 3.69 = 23.69 K above the air."""
    heat, _, _ = radiator_heat_w(23.69, 100e3 / 15.0, 100e3, 34.5, 1.3)
    assert heat == pytest.approx(49.2e3, rel=2e-3)
    assert radiator_heat_w(-1.0, 1e3, 100e3, 34.5, 1.3)[0] == 0.0


def test_direct_buildings_use_the_same_reference() -> None:
    """Water of 60 degC at a flow of 6.667 kW/K = 1.591 kg/s into 100 kW of radiators: 45 degC."""
    direct = station(
        "s",
        "B",
        kind=StationKind.DIRECT,
        control=StationControl.FIXED,
        hx_ua_kw_k=0.0,
        secondary_flow_kg_s=0.0,
        valve_kvs=3.3,
        opening_pct=100.0,
    )
    net = line(direct, buildings=[building("b", "s", radiator_kw=100.0, capacity_kwh_k=1e5)])
    net = replace(net, pipes=(replace(net.pipes[0], heat_loss_w_m_k=0.0),))
    trace = run(net, 3, supply_c=60.0, start_supply_c=60.0, pump_at=80.0)
    drop = trace.stations.supply_temp_c[-1, 0] - trace.stations.return_temp_c[-1, 0]
    excess = trace.stations.supply_temp_c[-1, 0] - drop / 2.0 - trace.buildings.indoor_temp_c[2, 0]
    by_law = 100.0 * (excess / 34.5) ** 1.3
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(by_law, rel=2e-3)
    assert 60.0 < by_law < 110.0


# --- 7. Buildings ---


def test_a_building_in_steady_state_loses_its_ua() -> None:
    """8 kW/K and 184 kW: 23 K above outdoor, air to outdoor; the envelope's own share: of the
    resistance 1/8 the inner part is 1/40, so the envelope stands at 23 - 184/40 = 18.4 K."""
    aa, ae, _, _, air_rise, envelope_rise = step_response(8e3, 8e3, 1e8, 6e8, 900.0)
    assert air_rise * 184e3 == pytest.approx(23.0, rel=1e-12)
    assert envelope_rise * 184e3 == pytest.approx(18.4, rel=1e-12)
    assert 0.0 < ae < aa < 1.0


def test_air_holds_15_pct_of_the_capacity() -> None:
    """250 kWh/K, no heating, 23 K above outdoor: the envelope (212.5 kWh/K) loses 10 kW/K * 23 K =
    230 kW, in 60 s 0.018 K; the air (37.5 kWh/K) hardly moves, under 0.001 K.

    Over an hour both: 184 kW of 8 kW/K from 250 kWh/K would be 0.736 K; the envelope loses 230 kW
    at first, 1.05 K, and the air follows it late.
    """
    net = line(load("s", "B", 1.0), buildings=[building("b", "s")])
    short = run(net, 1, 60).buildings
    assert 18.0 - short.indoor_temp_c[1, 0] < 0.001
    assert 18.0 - short.envelope_temp_c[1, 0] == pytest.approx(0.0180, abs=0.0003)
    hour = run(net, 4).buildings
    assert 18.0 - hour.envelope_temp_c[4, 0] == pytest.approx(0.98, abs=0.06)
    assert 18.0 - hour.indoor_temp_c[4, 0] == pytest.approx(0.37, abs=0.1)


def test_gains_and_wind() -> None:
    """3 W/m2 of 5,000 m2 are 15 kW: 15 / 8 = 1.875 K in steady state. Wind of 5 m/s at 2 % per
    m/s adds 10 % to the UA."""
    light = {"capacity_kwh_k": 2.0}
    gained = building("b", "s", internal_gain_w_m2=3.0, wind_ua_pct_per_m_s=2.0, **light)
    net = line(load("s", "B", 1.0), buildings=[gained])
    calm = run(net, 40, outdoor_c=0.0, indoor_c=0.0)
    assert calm.buildings.indoor_temp_c[-1, 0] == pytest.approx(1.875, rel=1e-3)
    windy = replace(constant_weather(net, 40, outdoor_c=0.0), wind_m_s=np.full((1, 40), 5.0))
    trace = simulate(net, state_of(net, indoor_c=0.0), windy, constant_schedule(net, 40))
    assert trace.buildings.indoor_temp_c[-1, 0] == pytest.approx(1.875 / 1.1, rel=1e-3)


def test_the_worst_flat() -> None:
    """18 - 0.05 * (18 + 5) = 16.85 degC."""
    net = line(load("s", "B", 1.0), buildings=[building("b", "s")])
    assert run(net, 1).buildings.worst_flat_temp_c[0, 0] == pytest.approx(16.85, abs=1e-9)


# --- 8. Heat loss ---


def test_heat_loss_of_supply_and_return() -> None:
    """1 km at 0.5 W/(m K) and 2 kg/s = 8.38 kW/K: 500 / 8380 = 0.0597 of the excess over 5 degC.
    Supply 90 degC: 85 * (1 - e^-0.0597) = 4.92 K lower. Return 40 degC: 35 K gives 2.03 K."""
    long = pipe("AB", "A", "B", length_m=1000.0)
    kilowatts = 2.0 * (85.07 - 40.0) * 4.19
    net = line(load("s", "B", kilowatts), pipe=long, pumps=[FLAT])
    trace = run(net, 40, pump_at=100.0)
    assert trace.stations.mass_flow_kg_s[-1, 0] == pytest.approx(2.0, rel=5e-3)
    assert trace.nodes.supply_temp_c[-1, 1] == pytest.approx(85.08, abs=0.05)
    cooling = trace.stations.return_temp_c[-1, 0] - trace.plants.return_temp_c[-1, 0]
    assert cooling == pytest.approx(2.03, abs=0.03)


def test_water_that_stands_cools_towards_the_ground() -> None:
    """DN100, 4 mm wall: water 7.854e-3 m3/m at 969 kg/m3 and 4.19 kJ/(kg K) is 31.9 kJ/(m K), the
    wall 1.307e-3 m2 of 3.847 MJ/(m3 K) is 5.0: 36.9 kJ/(m K). At 0.5 W/(m K) in 6 h:
    exp(-0.5 * 21600 / 36900) = 0.746; of 85 K above ground 63.4 K are left."""
    net = line(load("s", "B", 0.0), pumps=[FLAT])
    still = run(net, 24, pump_at=100.0)
    assert still.nodes.supply_temp_c[-1, 1] == pytest.approx(5.0 + 63.4, abs=0.3)


# --- 9. Leaks ---


def test_leakage_scales_with_pressure() -> None:
    """0.2 m3/h for the pair at 5 bar, exponent 0.9, both pipes level at 3 and 6.893 bar:
    0.1 * ((3/5)^0.9 + (6.893/5)^0.9) = 0.1 * (0.6314 + 1.335) = 0.1967 m3/h at the pipes' water;
    970 kg/m3 in the supply and 992 in the return make up 0.1951 m3/h of 1000 kg/m3 at 10 degC."""
    leaky = pipe("AB", "A", "B", inner_diameter_m=0.4, length_m=10.0, leak_m3_h=0.2)
    trace = run(line(load("s", "B", 50.0), pipe=leaky, pumps=[FLAT]), pump_at=100.0)
    mass_kg_h = 0.1 * (0.6314 * 992.2 + 1.335 * 965.3)
    assert trace.plants.makeup_m3_h[-1, 0] == pytest.approx(mass_kg_h / 999.7, rel=3e-3)


def test_makeup_costs_its_heating() -> None:
    """Nothing but the leak: the supply's leaves at 90 degC, the return's half at 40 degC at the far
    end and half as it came in, at 10 degC."""
    leaky = pipe(
        "AB",
        "A",
        "B",
        inner_diameter_m=0.4,
        length_m=10.0,
        leak_m3_h=0.2,
        heat_loss_w_m_k=0.0,
    )
    trace = run(line(load("s", "B", 0.0), pipe=leaky, pumps=[FLAT]), 8, pump_at=100.0)
    supply_kw = 0.1 * 1.335 * 965.3 / 3600.0 * (90.0 - 10.0) * 4.19
    back_kw = 0.1 * 0.6314 * 992.2 / 3600.0 * 0.5 * (40.0 - 10.0) * 4.18
    lost_kwh = (supply_kw + back_kw) * 2.0
    assert trace.energy.leaked_mwh * 1e3 == pytest.approx(lost_kwh, rel=0.01)


# --- 11. Setpoints ---


def test_setpoints_are_linear_between_steps() -> None:
    """80 then 100 degC: the mean of the first step is 90 degC, and the last value is held."""
    net = line(load("s", "B", 200.0), pumps=[FLAT])
    schedule = constant_schedule(net, 2, pump_at=100.0)
    schedule = replace(schedule, supply_temp_c=np.array([[80.0, 100.0]]))
    trace = simulate(net, state_of(net), constant_weather(net, 2), schedule)
    assert trace.nodes.supply_temp_c[0, 0] == pytest.approx(90.0, abs=1e-6)
    assert trace.nodes.supply_temp_c[1, 0] == pytest.approx(100.0, abs=1e-6)
    assert list(trace.plants.setpoint_c[:, 0]) == [80.0, 100.0]


# --- Section 3: friction, transport, mixing ---


def test_friction_laminar_and_turbulent() -> None:
    """10 m of 20 mm: 0.01 kg/s at 1000 kg/m3 and 1 mPa s is Re 636.6, laminar: 128 mu L Q /
    (pi d^4) = 128e-3 * 10 * 1e-5 / (pi * 1.6e-7) = 25.46 Pa.

    100 m of 100 mm, roughness 0.3 mm, 10 kg/s at 970 kg/m3 and 0.35 mPa s: Re 3.64e5; Colebrook
    gives f = 0.0266; v = 1.3126 m/s: 0.0266 * 1000 * 970 * 1.3126^2 / 2 = 22.2 kPa.
    """
    assert pressure_drop(0.01, 10.0, 0.02, 1e-5, 1000.0, 1e-3, 0.0)[0] == pytest.approx(
        25.46, rel=1e-3
    )
    drop = pressure_drop(10.0, 100.0, 0.1, 3e-4, 970.0, 3.5e-4, 0.0)[0]
    assert drop == pytest.approx(22.2e3, rel=0.01)
    assert pressure_drop(-10.0, 100.0, 0.1, 3e-4, 970.0, 3.5e-4, 0.0)[0] == -drop


def test_a_front_travels_slower_than_the_water_by_the_walls_share() -> None:
    """1 km of DN100 holds 7.854 m3, at 969 kg/m3 7,610 kg; its wall (5.03 kJ/(m K)) weighs as much
    as 1,200 kg of water: 8,810 kg. At 4 kg/s a front needs 2,203 s, 1,903 s without a wall."""
    long = pipe("AB", "A", "B", length_m=1000.0, heat_loss_w_m_k=0.0)
    kilowatts = 4.0 * 50.0 * 4.188
    net = line(load("s", "B", kilowatts), pipe=long, pumps=[FLAT])
    trace = run(net, 60, 60, supply_c=91.0, pump_at=100.0)
    at_end = trace.nodes.supply_temp_c[:, 1]
    flow = trace.stations.mass_flow_kg_s[:, 0].mean()
    arrived_s = 60.0 * (60.0 - (at_end - 90.0).sum())
    assert arrived_s == pytest.approx(8810.0 / flow, rel=0.01)
    # It has not been blurred much: from 5 % to 95 % within ten minutes.
    rising = (at_end > 90.05) & (at_end < 90.95)
    assert rising.sum() <= 10


def test_two_streams_mix_by_their_masses() -> None:
    """Return of 2 kg/s at 30 degC and 1 kg/s at 60 degC: 40 degC."""
    nodes = [node("A"), node("B"), node("C")]
    short = {"length_m": 5.0, "inner_diameter_m": 0.3, "heat_loss_w_m_k": 0.0}
    pipes = [pipe("AB", "A", "B", **short), pipe("BC", "B", "C", **short)]
    loads = [
        load("s", "B", 2.0 * (376.9 - 125.7), 30.0),
        load("t", "C", 1.0 * (376.9 - 251.2), 60.0),
    ]
    trace = run(network(nodes, pipes, loads, pumps=[FLAT]), 8, pump_at=100.0)
    assert trace.nodes.return_temp_c[-1, 1] == pytest.approx(40.0, abs=0.1)
    assert trace.plants.return_temp_c[-1, 0] == pytest.approx(40.0, abs=0.1)


def test_heat_is_counted_in_its_units() -> None:
    """200 kW for two hours: 0.4 MWh."""
    trace = run(line(load("s", "B", 200.0), pumps=[FLAT]), 8, pump_at=100.0)
    assert trace.stations.heat_power_kw[-1, 0] == pytest.approx(200.0, rel=1e-9)
    assert trace.energy.delivered_mwh == pytest.approx(0.4, rel=1e-6)
    supplied = trace.plants.heat_power_mw.sum() * 0.25
    assert trace.energy.supplied_mwh == pytest.approx(supplied, rel=1e-9)
    assert trace.energy.residual_pct < 1e-6


def test_water_by_the_steam_tables() -> None:
    assert density_kg_m3(90.0) == pytest.approx(965.3, abs=0.6)
    assert density_kg_m3(40.0) == pytest.approx(992.2, abs=0.6)
    assert enthalpy_j_kg(90.0) - enthalpy_j_kg(40.0) == pytest.approx(209.4e3, abs=150.0)
    assert viscosity_pa_s(90.0) == pytest.approx(0.3145e-3, rel=0.015)
    assert temperature_c(enthalpy_j_kg(73.0)) == pytest.approx(73.0, abs=1e-9)
