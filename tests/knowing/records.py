"""Made-up loads for the tests of the forecast: a city that answers weather, clock and calendar."""

from datetime import UTC, datetime

import numpy as np

from optimizer.forecast.known import HOUR, Archive, Calendar, Past, weather_as_it_came
from optimizer.model.arrays import FloatArray, frozen

FIRST_END = datetime(2026, 1, 5, 1, tzinfo=UTC)


def made_up_past(hours: int, *, noise: float = 0.02, seed: int = 7) -> Past:
    dice = np.random.default_rng(seed)
    at = np.arange(hours)
    drift = np.convolve(dice.normal(0.0, 1.0, hours + 71), np.ones(72) / np.sqrt(72), "valid")
    temp = -3.0 + 4.0 * drift + 3.0 * np.sin(2.0 * np.pi * (at - 9) / 24)
    load = 200.0 + 60.0 * (18.0 - temp) + 120.0 * np.sin(2.0 * np.pi * (at - 3) / 24)
    load *= 1.0 + dice.normal(0.0, noise, hours)
    return Past(
        first_end=FIRST_END,
        load_kw=frozen(load),
        outdoor_temp_c=frozen(temp),
        ghi_w_m2=frozen(np.zeros(hours)),
    )


def made_up_archive(hours: int, leads: int = 72) -> Archive:
    past = made_up_past(hours)
    return Archive(past=past, issues=weather_as_it_came(past, leads), calendar=Calendar())


def with_load(past: Past, load_kw: FloatArray) -> Past:
    return Past(
        first_end=past.first_end,
        load_kw=frozen(load_kw),
        outdoor_temp_c=past.outdoor_temp_c,
        ghi_w_m2=past.ghi_w_m2,
    )


def end_of(past: Past, index: int) -> datetime:
    return past.first_end + HOUR * index
