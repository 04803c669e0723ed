"""Whole cities for timing the planner: districts of streets with old flats, limits and weather."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from benchmarks.cases.districts import district
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.policy import Comfort, Control, District, Limits, Prices

START = datetime(2026, 1, 12, tzinfo=UTC)
STEP_S = 900
HEAT_PRICES = (200.0, 230.0, 320.0)
# Errors of a forecast grow to this after two days, K.
MEMBER_SPREAD_K = 2.5
# Most make-up water for each station, a fiftieth of what flows through it in the cold.
MOST_MAKEUP_M3_H = 0.06


def city(
    stations: int, buildings_per_station: int, *, plants: int = 1, meshed: bool = False, seed: int
) -> District:
    """Lay out a city whose flats differ and whose plants have a little to spare.

    Args:
        stations: Number of stations.
        buildings_per_station: Buildings behind each.
        plants: Number of plants, each with a heat price of its own.
        meshed: Whether cross streets close rings.
        seed: Draws the buildings' worst flats and which stations' curves can be shifted.

    Returns:
        The district.
    """
    built = district(
        stations,
        buildings_per_station=buildings_per_station,
        plants=plants,
        meshed=meshed,
        seed=seed,
    )
    return District(
        network=_varied(built, seed),
        limits=Limits(
            max_velocity_m_s=2.5,
            boiling_margin_k=10.0,
            min_pressure_bar=0.5,
            max_makeup_m3_h=MOST_MAKEUP_M3_H * stations,
        ),
        comfort=Comfort(min_indoor_c=18.0, max_indoor_c=24.0),
        prices=Prices(currency="CNY", electricity_per_mwh=700.0, makeup_per_m3=8.0),
        control=Control(
            step_s=STEP_S,
            horizon_h=48,
            heating_curve=((-15.0, 95.0), (10.0, 62.0)),
            fallback_speed_pct=85.0,
        ),
    )


def _varied(built: Network, seed: int) -> Network:
    """Worst flats, curves that can be shifted and prices of heat, as they differ in a city."""
    rng = np.random.default_rng(seed)
    beta = 0.5 * rng.beta(2.0, 20.0, len(built.buildings))
    writable = rng.random(len(built.stations)) < 0.3
    return replace(
        built,
        buildings=tuple(
            replace(one, worst_flat_beta=float(own))
            for one, own in zip(built.buildings, beta, strict=True)
        ),
        stations=tuple(
            replace(one, offset_range_k=(-5.0, 8.0), offset_rate_k_h=10.0) if own else one
            for one, own in zip(built.stations, writable, strict=True)
        ),
        plants=tuple(
            replace(one, heat_price_per_mwh=(HEAT_PRICES[i % len(HEAT_PRICES)],) * 24)
            for i, one in enumerate(built.plants)
        ),
    )


def with_boiler(district: District, share: float) -> District:
    """Leave so much of every plant's capacity.

    Args:
        district: The district.
        share: Of its capacity.

    Returns:
        The district.
    """
    network = district.network
    plants = tuple(replace(one, max_heat_mw=share * one.max_heat_mw) for one in network.plants)
    return replace(district, network=replace(network, plants=plants))


def cold_wave(district: District, hours: int, *, members: int = 1, seed: int = 0) -> Forecast:
    """A fall from -4 to -14 degC within a day and slowly back, with members around it.

    Args:
        district: The district, for step and prices.
        hours: Length.
        members: Weather members, the first one without error.
        seed: Draws the others.

    Returns:
        The forecast.
    """
    steps = hours * 3600 // STEP_S
    at = np.arange(steps + 1) * STEP_S / 3600.0
    central = -9.0 - 5.0 * np.sin(2.0 * np.pi * (at - 6.0) / 72.0) + 2.0 * np.cos(at * np.pi / 12.0)
    rng = np.random.default_rng(seed)
    growth = np.minimum(at / 48.0, 1.0)
    errors = rng.normal(0.0, MEMBER_SPREAD_K, (members, 1)) * growth[None, :]
    errors[0] = 0.0
    prices = [plant.heat_price_per_mwh[0] for plant in district.network.plants]
    return Forecast(
        start=START,
        step_s=STEP_S,
        outdoor_temp_c=frozen(central[None, :] + errors),
        wind_m_s=frozen(np.zeros((members, steps))),
        ghi_w_m2=frozen(np.zeros((members, steps))),
        heat_price_per_mwh=frozen(np.repeat(np.array(prices)[:, None], steps, axis=1)),
    )
