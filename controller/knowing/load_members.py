"""The loads of the next day as members of a plan: what is expected, and how far it may be off.

A forecast beside the model's own day says how many times the load of the model the stations will
take: each station as its own forecast has it, all together more or less by the quantiles of the
total. Where the weather is one forecast, a plan serves three members of it; where it has members of
its own, each gets one of the three. The hours' profile is left out: walls average it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from controller.knowing.loads import TOTAL
from controller.knowing.modelled_day import ModelledDay
from optimizer.forecast.forecaster import QUANTILES, LoadForecast
from optimizer.forecast.known import DAY_H
from optimizer.members import need_of_members
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast

# A forecast older than this says nothing of the plan of now.
FRESH = timedelta(hours=2)
# Less that is learned must not weigh as much as more: it leaves no flat warmer. More is believed as
# far as tables may be off.
LEAST_FACTOR, LARGEST_FACTOR = 0.95, 1.25
# The total is taken to be this far from what is expected at most.
LARGEST_SPREAD = 0.15
# Quantiles of the total that members carry: the expected one, then the coldest's first.
LEVELS = (0.5, 0.9, 0.1)
# Distance of those from the middle in standard deviations of a normal distribution.
LEVEL_DEVIATIONS = 1.2816


def fresh(made: Mapping[str, LoadForecast], at: datetime) -> Mapping[str, LoadForecast]:
    """Leave out what says nothing of a plan: too old, on physics alone, or not a number.

    Args:
        made: Forecasts by load.
        at: Start of the plan, tz-aware.

    Returns:
        The others.
    """
    return {
        name: one
        for name, one in made.items()
        if one.learned
        and timedelta(0) <= at - one.issue_time <= FRESH
        and np.isfinite([*one.load_kw, *one.day_kw]).all()
    }


def load_factors(
    made: Mapping[str, LoadForecast], modelled: ModelledDay, weather_spread: float = 0.0
) -> FloatArray | None:
    """Say how many times the load of the planner's model stations will take over the next day.

    Args:
        made: Forecasts by load; TOTAL stands for stations that are not in it.
        modelled: The same day as the model has it, all stations in their order.
        weather_spread: Standard deviation of the total load over members of the weather, relative:
            what of the forecast's uncertainty they carry already.

    Returns:
        Shape (len(LEVELS), stations), or (1, stations) where the total is not forecast; None where
        nothing is.
    """
    if not made:
        return None
    total = made.get(TOTAL)
    share = _expected(made, modelled)
    if total is None:
        return frozen(np.clip(share, LEAST_FACTOR, LARGEST_FACTOR)[None])
    middle = np.clip(share * _quantile(total, LEVELS[0]), LEAST_FACTOR, LARGEST_FACTOR)
    return frozen(np.outer(_spread(total, weather_spread), middle))


def with_loads(forecast: Forecast, factors: FloatArray | None) -> Forecast:
    """Give the members of a forecast their loads.

    Args:
        forecast: The weather.
        factors: From `load_factors`; None leaves the forecast as it is.

    Returns:
        A member of a single weather for each level, the expected one first; of several each with
        one of the levels: the coldest with the high one, the next with the low one, and so on.
    """
    if factors is None:
        return forecast
    if forecast.members > 1:
        turn = [*range(1, len(factors)), 0]
        level = np.empty(forecast.members, dtype=int)
        level[np.argsort(-need_of_members(forecast), kind="stable")] = np.resize(turn, len(level))
        return replace(forecast, load_factor=frozen(factors[level]))
    return replace(
        forecast,
        outdoor_temp_c=frozen(np.repeat(forecast.outdoor_temp_c, len(factors), axis=0)),
        wind_m_s=frozen(np.repeat(forecast.wind_m_s, len(factors), axis=0)),
        ghi_w_m2=frozen(np.repeat(forecast.ghi_w_m2, len(factors), axis=0)),
        load_factor=factors,
    )


def _expected(made: Mapping[str, LoadForecast], modelled: ModelledDay) -> FloatArray:
    """Each station's share of the model's load, the total's where it has no forecast of its own."""
    hours, model_kw = modelled.hours, modelled.station_kw
    together = 1.0
    if TOTAL in made:
        taken_kw = float(np.mean(made[TOTAL].load_kw[:hours])) - modelled.beside_kw
        together = _share(taken_kw, sum(model_kw.values()))
    return np.array(
        [
            _share(float(np.mean(made[name].load_kw[:hours])), kw) if name in made else together
            for name, kw in model_kw.items()
        ]
    )


def _share(forecast_kw: float, model_kw: float) -> float:
    return forecast_kw / model_kw if model_kw > 0.0 else 1.0


def _quantile(made: LoadForecast, level: float) -> float:
    """A quantile of the next day's mean, relative to what is expected."""
    expected = float(np.mean(made.load_kw[:DAY_H]))
    return float(made.day_kw[QUANTILES.index(level)]) / expected if expected > 0.0 else 1.0


def _spread(total: LoadForecast, weather_spread: float) -> FloatArray:
    """Each level relative to the middle, without what the weather's members bring themselves."""
    middle = _quantile(total, LEVELS[0])
    found = []
    for level in LEVELS:
        off = _quantile(total, level) / middle - 1.0
        own = np.sqrt(max(off**2 - (LEVEL_DEVIATIONS * weather_spread) ** 2, 0.0))
        found.append(1.0 + float(np.copysign(min(own, LARGEST_SPREAD), off)))
    return np.array(found)
