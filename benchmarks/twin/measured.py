"""What the meters of a hidden plant say: three weeks of noise, offsets and a few thermometers.

Noise of the instruments: thermometers of meters 0.15 K and a lasting offset of up to 0.2 K (class
B), flow 1 % and a lasting 1 %, room thermometers 0.2 K and a lasting 0.15 K, the outdoor one 0.2 K.
The plant is run on a grid of five minutes and its outlet wanders as operators let it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from optimizer.baseline import baseline_schedule, starting_state
from optimizer.estimate.record import BUILDING_QUANTITIES, PLANT_QUANTITIES, Record
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.physics.water import REFERENCE_CP_J_KG_K
from optimizer.simulate import simulate

STEP_S, FINE_S = 900, 300
SENSORED_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A record with the truth behind it.

    Attributes:
        record: What the meters said.
        sensored: Buildings with a thermometer.
        indoor_c: The truth, shape (steps, buildings).
        own_heat_kw: What buildings' own heat meters would say, which the record does not have;
            noise of 2 % and a lasting 2 %, shape (steps, buildings).
    """

    record: Record
    sensored: IntArray
    indoor_c: FloatArray
    own_heat_kw: FloatArray

    def until(self, days: int) -> "Measured":
        """The first days alone.

        Args:
            days: How many.

        Returns:
            What was measured in them.
        """
        steps = days * 86400 // STEP_S
        return Measured(
            record=self.record.part(0, steps),
            sensored=self.sensored,
            indoor_c=self.indoor_c[:steps],
            own_heat_kw=self.own_heat_kw[:steps],
        )


def made_up_weather(start: datetime, days: int, seed: int, plants: int) -> Forecast:
    """Winter weather: a wandering mean with a cold wave, a daily course, sun and wind.

    Args:
        start: First instant, tz-aware UTC.
        days: Length.
        seed: The seed.
        plants: Number of plants, for prices.

    Returns:
        The weather on the fine grid.
    """
    dice = np.random.default_rng(seed)
    steps = days * 86400 // FINE_S
    hour = np.arange(steps + 1) * FINE_S / 3600.0 + start.hour
    daily = dice.normal(0.0, 3.0, days + 4)
    mean = -3.0 + np.interp(
        hour / 24.0, np.arange(days + 4), np.convolve(daily, [0.3, 0.5, 0.3], "same")
    )
    mean -= 6.0 * np.exp(-(((hour / 24.0 - 0.6 * days) / 2.5) ** 2))
    local = (hour + 8.0) % 24.0
    temp = mean + 3.2 * np.cos(2.0 * np.pi * (local - 14.5) / 24.0)
    cloud = np.repeat(dice.uniform(0.2, 1.0, days + 2), 86400 // FINE_S)[:steps]
    sun = 430.0 * np.maximum(np.sin(np.pi * (local[:-1] - 7.5) / 9.6), 0.0) * cloud
    sun[(local[:-1] < 7.5) | (local[:-1] > 17.1)] = 0.0
    wind = np.abs(
        2.2
        + np.interp(hour[:-1], np.arange(0, 24 * days + 24, 6.0), dice.normal(0, 1.2, 4 * days + 4))
    )
    return Forecast(
        start=start,
        step_s=FINE_S,
        outdoor_temp_c=frozen(temp[None]),
        wind_m_s=frozen(wind[None]),
        ghi_w_m2=frozen(sun[None]),
        heat_price_per_mwh=frozen(np.zeros((plants, steps))),
    )


def run_truth(district: District, truth: Network, weather: Forecast, seed: int) -> Trace:
    """Run the hidden plant on the usual curve, with an outlet that wanders as operators let it.

    Args:
        district: The site's rules.
        truth: The hidden network.
        weather: The weather.
        seed: The seed.

    Returns:
        The trace on the fine grid.
    """
    real = replace(district, network=truth)
    state = starting_state(real, weather, None)
    usual = baseline_schedule(real, weather, state)
    dice = np.random.default_rng(seed)
    every = 4 * 3600 // FINE_S
    knots = weather.steps // every + 2
    wander = np.interp(
        np.arange(weather.steps), np.arange(knots) * every, dice.normal(0.0, 2.0, knots)
    )
    schedule = replace(usual, supply_temp_c=frozen(usual.supply_temp_c + wander))
    return simulate(truth, state, weather, schedule)


def measure(trace: Trace, weather: Forecast, buildings: int, seed: int) -> Measured:
    """Read the meters.

    Args:
        trace: The truth.
        weather: Its weather.
        buildings: Number of buildings.
        seed: The seed.

    Returns:
        The record.
    """
    dice = np.random.default_rng(seed + 1)
    parts = STEP_S // FINE_S

    def mean(values: FloatArray) -> FloatArray:
        steps = len(values) // parts
        return np.asarray(values[: steps * parts].reshape(steps, parts, -1).mean(axis=1))

    def thermometer(values: FloatArray, noise_k: float, offset_k: float) -> FloatArray:
        read = mean(values)
        offset = dice.uniform(-offset_k, offset_k, read.shape[1])
        return frozen(read + offset + dice.normal(0.0, noise_k, read.shape))

    def meter(values: FloatArray, error: float = 0.01) -> FloatArray:
        read = mean(values)
        scale = 1.0 + dice.uniform(-error, error, read.shape[1])
        return frozen(read * scale * (1.0 + dice.normal(0.0, error, read.shape)))

    of = trace.stations
    flow = meter(of.mass_flow_kg_s)
    supply, back = (
        thermometer(of.supply_temp_c, 0.15, 0.2),
        thermometer(of.return_temp_c, 0.15, 0.2),
    )
    stations = {
        "supply_temp_c": supply,
        "return_temp_c": back,
        "mass_flow_kg_s": flow,
        "heat_power_kw": frozen(flow * REFERENCE_CP_J_KG_K * (supply - back) / 1e3),
        "secondary_supply_temp_c": thermometer(of.secondary_supply_temp_c, 0.15, 0.2),
        "valve_opening_pct": frozen(mean(of.valve_opening_pct)),
        "dp_bar": frozen(np.full(flow.shape, np.nan)),
    }
    indoor = mean(trace.buildings.indoor_temp_c[:-1])
    sensored = np.sort(dice.permutation(buildings)[: int(SENSORED_SHARE * buildings)])
    rooms = np.full(indoor.shape, np.nan)
    offset = dice.uniform(-0.15, 0.15, len(sensored))
    rooms[:, sensored] = (
        indoor[:, sensored] + offset + dice.normal(0.0, 0.2, (len(indoor), len(sensored)))
    )
    outdoor = 0.5 * (weather.outdoor_temp_c[0, :-1] + weather.outdoor_temp_c[0, 1:])
    outdoor_read = mean(outdoor[:, None])[:, 0] + dice.normal(0.0, 0.2, len(indoor))
    record = Record(
        start=trace.start,
        step_s=STEP_S,
        outdoor_temp_c=frozen(outdoor_read),
        wind_m_s=frozen(mean(weather.wind_m_s[0][:, None])[:, 0]),
        ghi_w_m2=frozen(mean(weather.ghi_w_m2[0][:, None])[:, 0]),
        plants={name: frozen(mean(getattr(trace.plants, name))) for name in PLANT_QUANTITIES},
        stations=stations,
        buildings={BUILDING_QUANTITIES[0]: frozen(rooms)},
    )
    return Measured(
        record=record,
        sensored=sensored,
        indoor_c=indoor,
        own_heat_kw=meter(trace.buildings.heat_power_kw, 0.02),
    )
