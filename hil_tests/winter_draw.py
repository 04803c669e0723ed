"""A winter drawn from a seed: cold days of a real climate, a plant that is not as modelled, faults.

The same seed and number give the same winter. Nothing is picked: the climate's cold stretch, the
plant and every fault come from one stream of chance.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from drivers.base import WeatherSeries
from drivers.weather.csv_file import read_weather_file
from hil_tests.bench.checks import Check
from hil_tests.bench.course import Course
from hil_tests.bench.scenario import EngineSettings, Scenario
from hil_tests.bench.verbs import Order, read_order

YEAR = 2025
START = datetime(2026, 1, 16, 6, tzinfo=timezone(timedelta(hours=8)))
# The coldest day of a winter averages between these: what a village is built for, and milder.
COLDEST_DAY_C = (-16.0, -9.0)
COLD_SHARE = 0.15
FIRST_FAULT_H = 4.0
# Somebody looks in so often: takes a hold back, arms again after a restart.
LOOKS_IN_EVERY_H = 2.0
SENSORS = (
    "plc1.supply_temp", "plc1.return_temp", "plc1.supply_pressure", "plc1.flow", "plc1.heat_power",
    "plc1.makeup_flow", "drive1.speed", "ws1.outdoor_temp", "st1.indoor_temp", "st2.indoor_temp",
    "st1.supply_temp", "st2.return_temp",
)  # fmt: skip
FAULTS = (
    "drop plant share=0.3 1h", "drop field share=0.5 2h", "drop house 30min",
    "noise plant share=0.05 2h", "noise field share=0.1 2h", "late plant 30min",
    "late field 1h", "duplicate plant share=0.3 1h", "unplug plant 10min", "unplug field 1h",
    "power-off st1 40min", "power-off plc1 10min", "power-off ws1 2h",
    "stuck SENSOR 3h", "missing SENSOR 1h", "spike SENSOR by=20 1h", "drift SENSOR per_h=1 4h",
    "scale SENSOR factor=1.1 3h", "scale SENSOR factor=10 1h",
    "capacity P1 share=0.7 2h", "burst L2 m3_h=0.4 2h", "trip-pump M1 10min", "stick-valve S1 3h",
    "local plc1 1h", "forecast-outage 8h", "forecast-wrong k=5 6h", "forecast-wrong k=-5 6h",
    "disk-full 10min", "clock-jump s=90", "kill-engine",
)  # fmt: skip
RESTARTED_AFTER_H = 0.25
# What befalls the plant itself befalls the weather curve on it too.
OF_THE_PLANT = ("capacity", "burst", "trip-pump", "stick-valve")
CHECKS = (
    ("pipe pressure", "pipe-pressure-margin", 0.0, None),
    ("pipe temperature", "pipe-temp-margin", 0.0, None),
    ("boiling margin", "boiling-margin", 0.0, None),
    ("outlet's ramp", "plant-ramp-margin", -0.1, None),
    ("writes outside a point's range", "writes-out-of-range", None, 0.0),
    ("setpoints written twice", "repeated-writes", None, 0.0),
    ("setpoints not read back", "writes-not-read-back", None, 0.0),
    ("velocity", "velocity-margin", 0.0, None),
    ("pipe ramp", "pipe-ramp-margin", 0.0, None),
    ("make-up", "makeup-margin", 0.0, None),
    ("pumps' ramp", "pump-ramp-margin", -0.1, None),
)
# What the plant does by itself under a fault says nothing of who controls it: a pump that trips
# leaves its ramp and lets water stand and cool, a boiler that loses capacity cools the outlet and
# comes back by its own ramp, a burst is water made up.
SPARED: Mapping[str, Sequence[str]] = {
    "pumps' ramp": ("trip-pump",),
    "pipe ramp": ("trip-pump", "capacity"),
    "make-up": ("burst",),
}


@dataclass(frozen=True, kw_only=True)
class Winter:
    """A winter: where its weather is from, and the scenario."""

    number: int
    climate: str
    coldest_day_c: float
    faults: tuple[str, ...]
    scenario: Scenario


def draw_winter(
    files: Sequence[Path], seed: str, number: int, *, days: float, site: str = "village"
) -> Winter:
    """Draw a winter.

    Args:
        files: Hourly typical years, one a climate; they take turns.
        seed: Any text, such as a commit's hash.
        number: Which winter of the seed, from 0.
        days: How long it lasts.
        site: The bench's site; faults name the village's devices.

    Returns:
        The winter.
    """
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    chance = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    file = files[number % len(files)]
    course, coldest_c = _cold_stretch(read_weather_file(file, year=YEAR), chance, days)
    faults = _faults(chance, days)
    scenario = Scenario(
        name=f"winter-{number}",
        purpose=f"winter {number} of {seed}: {file.stem}",
        site=site,
        start=START,
        hours=24.0 * days,
        short=False,
        seed=int(chance.integers(1, 2**31)),
        plant_seed=int(chance.integers(1, 2**31)),
        starts_cold=False,
        course=course,
        forecast_errors=True,
        forecast_bias_k=float(chance.choice([-1.0, 1.0])),
        engine=EngineSettings(cycle_s=3600.0, safety_s=30.0, poll_s=30.0),
        approves_after_min=10.0,
        arms_at_h=2.5,
        timeline=tuple(sorted([*faults, *_people(days)], key=lambda one: one.second)),
        checks=_checks(faults),
        wire_polls=True,
        trace_s=60.0,
    )
    return Winter(
        number=number,
        climate=file.stem,
        coldest_day_c=coldest_c,
        faults=tuple(_in_words(one) for one in faults),
        scenario=scenario,
    )


def plant_orders(scenario: Scenario) -> list[Order]:
    """Give what befalls the plant itself, in order of time."""
    return [one for one in scenario.timeline if one.verb in OF_THE_PLANT]


def _cold_stretch(
    series: WeatherSeries, chance: np.random.Generator, days: float
) -> tuple[Course, float]:
    """One of the coldest stretches, as a whole shifted to what the site is built for."""
    temp_c = np.asarray(series.outdoor_temp_c[0], dtype=np.float64)
    hours = round(24 * days) + 49  # forecasts look two days beyond the end
    starts = np.arange(6, len(temp_c) - hours, 24)
    means = np.array([temp_c[at : at + round(24 * days)].mean() for at in starts])
    cold = starts[np.argsort(means)[: max(round(COLD_SHARE * len(starts)), 1)]]
    at = int(chance.choice(cold))
    own = temp_c[at : at + hours]
    coldest_c = float(chance.uniform(*COLDEST_DAY_C))
    day_means = np.convolve(own[: round(24 * days)], np.ones(24) / 24.0, "valid")
    own = own + coldest_c - float(day_means.min())
    wind, sun = series.wind_m_s, series.ghi_w_m2
    course = Course(
        points=tuple((float(hour), round(float(temp), 2)) for hour, temp in enumerate(own)),
        wind_m_s=0.0 if wind is None else round(float(wind[0][at : at + hours].mean()), 1),
        sun_w_m2=0.0 if sun is None else float(round(float(sun[0][at : at + hours].max()))),
        first_local_hour=float(START.hour),
    )
    return course, round(coldest_c, 1)


def _faults(chance: np.random.Generator, days: float) -> list[Order]:
    """One to three faults a day, at any hour but the first and the last ones."""
    last_h = 24.0 * days - 1.0
    found = []
    killed = False
    for _ in range(int(chance.integers(round(days), 3 * round(days) + 1))):
        at_s = round(3600.0 * float(chance.uniform(FIRST_FAULT_H, last_h)))
        text = str(chance.choice(FAULTS)).replace("SENSOR", str(chance.choice(SENSORS)))
        if text == "kill-engine":
            if killed:  # one that is down can not be killed
                continue
            killed = True
            found.append(read_order(at_s + 3600.0 * RESTARTED_AFTER_H, "start-engine"))
        found.append(read_order(at_s, text))
    return found


def _people(days: float) -> list[Order]:
    looks = np.arange(LOOKS_IN_EVERY_H + 1.0, 24.0 * days, LOOKS_IN_EVERY_H)
    resumed = [read_order(3600.0 * float(hour), "resume") for hour in looks]
    return resumed + [read_order(3600.0 * float(hour) + 300.0, "arm hours=240") for hour in looks]


def _checks(faults: Sequence[Order]) -> tuple[Check, ...]:
    verbs = {one.verb for one in faults}
    return tuple(
        Check(name=name, what=what, options={}, low=low, high=high)
        for name, what, low, high in CHECKS
        if verbs.isdisjoint(SPARED.get(name, ()))
    )


def _in_words(order: Order) -> str:
    lasting = "" if order.lasts_s is None else f" for {order.lasts_s / 60.0:g} min"
    return f"{order.second / 3600.0:.1f} h {order.text}{lasting}"
