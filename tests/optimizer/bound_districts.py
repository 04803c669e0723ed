"""Small districts drawn at random, sized as an engineer would, for tests of the bound."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from optimizer.baseline import baseline_schedule, starting_state
from optimizer.lever_schedules import schedule_of
from optimizer.levers import build_levers, limited
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import (
    Building,
    Network,
    Node,
    Pipe,
    Plant,
    Pump,
    PumpControl,
    RadiatorReference,
    Station,
    StationControl,
    StationKind,
    ValveCharacteristic,
)
from optimizer.model.policy import Comfort, Control, District, Limits, Prices
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

DESIGN_OUTDOOR_C = -10.0
DESIGN_DROP_K = 45.0
CURVE = ((10.0, 40.0), (0.0, 52.0), (-9.0, 62.0), (-20.0, 72.0))


@dataclass(frozen=True, kw_only=True)
class RandomCase:
    """A run drawn at random."""

    state: PlantState
    forecast: Forecast
    schedule: Schedule


def random_case(district: District, mean_c: float, seed: int, cheap: float = 190.0) -> RandomCase:
    """A walk within the ranges and ramps of every lever, from where the weather curve settles."""
    forecast = weather(mean_c, 4.0, cheap=cheap)
    state = starting_state(district, forecast, None)
    template = baseline_schedule(district, forecast, state)
    rng = np.random.default_rng(seed)
    levers = build_levers(district.network, state, template.step_s, template.steps)
    wanted = np.concatenate(
        [
            np.interp(r.knots, np.linspace(0.0, 24.0, 5), rng.uniform(r.low, r.high, 5))
            for r in levers.ranges
        ]
    )
    schedule = schedule_of(levers, district.network, limited(levers, wanted), template)
    return RandomCase(state=state, forecast=forecast, schedule=schedule)


def weather(
    mean_c: float, swing_k: float, *, steps: int = 96, dear: float = 190.0, cheap: float = 190.0
) -> Forecast:
    """Two-price weather of sine days from 2026-01-11."""
    hours = np.arange(steps + 1) / 4.0
    outdoor = mean_c + swing_k * np.sin(2.0 * np.pi * (hours - 9.0) / 24.0)
    price = np.where((hours[:-1] % 24.0 >= 7.0) & (hours[:-1] % 24.0 < 21.0), dear, cheap)
    return Forecast(
        start=datetime(2026, 1, 11, tzinfo=UTC),
        step_s=900,
        outdoor_temp_c=frozen(outdoor[None]),
        wind_m_s=frozen(np.full((1, steps), 3.0)),
        ghi_w_m2=frozen(
            np.maximum(200.0 * np.sin(np.pi * (hours[:-1] % 24 - 6.0) / 12.0), 0)[None]
        ),
        heat_price_per_mwh=frozen(price[None]),
    )


def random_district(seed: int, stations: int = 5, compensated_share: float = 0.3) -> District:
    """A tree of exchanger and direct stations behind one plant."""
    rng = np.random.default_rng(seed)
    buildings: list[Building] = []
    heat_w = np.zeros(stations)
    made: list[Station] = []
    for i in range(stations):
        for j in range(int(rng.integers(1, 4))):
            building = _building(rng, f"B{i}-{j}", f"S{i}")
            heat_w[i] += building.ua_kw_k * 1e3 * (19.0 - DESIGN_OUTDOOR_C)
            buildings.append(building)
        made.append(_station(rng, i, heat_w[i] / 1e3, rng.random() < compensated_share))
    parents = [0, *(int(rng.integers(0, i)) for i in range(1, stations))]
    below = heat_w.copy()
    for i in range(stations - 1, 0, -1):
        below[parents[i]] += below[i]
    pipes = [_pipe(rng, i, "N0" if i == 0 else f"C{parents[i]}", below[i]) for i in range(stations)]
    flow_m3_h = heat_w.sum() / (4190.0 * DESIGN_DROP_K) * 3.6
    network = Network(
        nodes=tuple(
            Node(node_id=n, x_m=0.0, y_m=0.0, elevation_m=float(rng.uniform(0.0, 5.0)))
            for n in ["N0", *(f"C{i}" for i in range(stations))]
        ),
        pipes=tuple(pipes),
        stations=tuple(made),
        buildings=tuple(buildings),
        plants=(_plant(heat_w.sum() / 1e6),),
        pumps=(_pump(flow_m3_h),),
        ground_temp_c=5.0,
        makeup_temp_c=10.0,
        leak_reference_bar=5.0,
        leak_exponent=0.9,
        radiators=RadiatorReference(supply_c=60.0, return_c=45.0, indoor_c=18.0),
        secondary_curve=CURVE,
    )
    return District(
        network=network,
        limits=Limits(
            max_velocity_m_s=3.0, boiling_margin_k=5.0, min_pressure_bar=0.2, max_makeup_m3_h=5.0
        ),
        comfort=Comfort(min_indoor_c=18.0, max_indoor_c=24.0),
        prices=Prices(currency="CNY", electricity_per_mwh=680.0, makeup_per_m3=14.0),
        control=Control(
            step_s=900,
            horizon_h=24,
            heating_curve=((10.0, 68.0), (0.0, 84.0), (-9.0, 98.0), (-20.0, 110.0)),
            fallback_speed_pct=85.0,
        ),
    )


def mixing(district: District) -> District:
    """The same district with mixing loops where exchangers held a setpoint."""
    stations = tuple(
        replace(station, kind=StationKind.DIRECT, hx_ua_kw_k=0.0)
        if station.control is StationControl.COMPENSATED
        else station
        for station in district.network.stations
    )
    return replace(district, network=replace(district.network, stations=stations))


def _building(rng: np.random.Generator, name: str, station: str) -> Building:
    area = float(rng.uniform(1200.0, 5000.0))
    ua = area * float(rng.uniform(1.1, 2.1)) / 1e3
    return Building(
        building_id=name,
        station_id=station,
        floor_area_m2=area,
        year_built=1988,
        ua_kw_k=ua,
        capacity_kwh_k=area * float(rng.uniform(0.04, 0.07)),
        radiator_kw=ua * 29.0 * float(rng.uniform(1.1, 1.4)),
        radiator_exponent=1.3,
        height_m=18.0,
        worst_flat_beta=float(rng.uniform(0.03, 0.1)),
        min_indoor_c=18.0,
        internal_gain_w_m2=float(rng.uniform(0.0, 3.0)),
        solar_aperture_m2=area * 0.005,
        wind_ua_pct_per_m_s=float(rng.uniform(0.0, 1.0)),
    )


def _station(rng: np.random.Generator, i: int, heat_kw: float, compensated: bool) -> Station:
    flow_kg_s = heat_kw / (4.19 * DESIGN_DROP_K)
    direct = not compensated and rng.random() < 0.2
    opening = float(rng.uniform(50.0, 90.0))
    writable = compensated and rng.random() < 0.7
    return Station(
        station_id=f"S{i}",
        node_id=f"C{i}",
        kind=StationKind.DIRECT if direct else StationKind.EXCHANGER,
        control=StationControl.COMPENSATED if compensated else StationControl.FIXED,
        hx_ua_kw_k=0.0 if direct else heat_kw / 12.0,
        valve_kvs=flow_kg_s * 3.6 / (1.0 if compensated else 0.7) * float(rng.uniform(0.9, 1.4)),
        valve_characteristic=ValveCharacteristic.LINEAR,
        opening_pct=100.0 if compensated else opening,
        secondary_flow_kg_s=0.0 if direct else heat_kw / (4.19 * 15.0),
        min_dp_bar=0.3,
        design_heat_kw=heat_kw,
        offset_range_k=(-5.0, 8.0) if writable else None,
        offset_rate_k_h=4.0 if writable else 0.0,
    )


def _pipe(rng: np.random.Generator, i: int, origin: str, heat_w: float) -> Pipe:
    flow_m3_s = heat_w / (4190.0 * DESIGN_DROP_K) / 980.0
    return Pipe(
        pipe_id=f"L{i}",
        from_node=origin,
        to_node=f"C{i}",
        length_m=float(rng.uniform(60.0, 400.0)),
        inner_diameter_m=float(np.sqrt(4.0 * flow_m3_s / np.pi / rng.uniform(0.6, 1.1))),
        wall_thickness_m=0.004,
        roughness_m=float(rng.uniform(0.0003, 0.0015)),
        heat_loss_w_m_k=float(rng.uniform(0.4, 1.0)),
        max_pressure_bar=16.0,
        max_temp_c=130.0,
        max_ramp_k_h=20.0,
        leak_m3_h=0.01,
        in_service=True,
        year_laid=1990,
    )


def _plant(heat_mw: float) -> Plant:
    return Plant(
        plant_id="P1",
        node_id="N0",
        max_heat_mw=heat_mw * 1.3,
        min_supply_temp_c=65.0,
        max_supply_temp_c=110.0,
        ramp_up_k_h=6.0,
        ramp_down_k_h=8.0,
        heat_price_per_mwh=(190.0,) * 24,
        holding_pressure_bar=3.0,
    )


def _pump(flow_m3_h: float) -> Pump:
    return Pump(
        pump_id="M1",
        plant_id="P1",
        pipe_id=None,
        rated_flow_m3_h=flow_m3_h,
        rated_head_m=25.0,
        shutoff_head_m=32.0,
        min_speed_pct=50.0,
        max_speed_pct=100.0,
        max_speed_ramp_pct_h=20.0,
        efficiency_pct=75.0,
        control=PumpControl.SPEED,
    )
