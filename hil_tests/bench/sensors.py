"""Detectors between the plant and the registers: lag, noise, and what can befall them."""

import math
from dataclasses import dataclass, field

import numpy as np

from hil_tests.bench.plant import Snapshot
from hil_tests.bench.signals import Getter

LAG_S = 20.0
# Standard deviation of noise by the quantity's ending: absolute, then relative.
NOISE = (
    ("temp_c", 0.03, 0.0),
    ("_bar", 0.005, 0.0),
    ("_m3_h", 0.0, 0.003),
    ("_kw", 0.0, 0.003),
    ("_pct", 0.02, 0.0),
)


@dataclass
class SensorFault:
    """What is wrong with a detector; `since` is when it began, s."""

    since: float = 0.0
    stuck: bool = False
    missing: bool = False
    spike: float = 0.0
    drift_per_h: float = 0.0
    scale: float = 1.0
    shown_instead: str | None = None


@dataclass
class Sensor:
    """One detector: what it measures, how noisily, and what it shows."""

    getter: Getter
    absolute: float
    relative: float
    lags: bool
    felt: float = 0.0
    shown: float = 0.0
    fault: SensorFault | None = None


@dataclass
class Sensors:
    """All detectors of a site by `device.tag`.

    Attributes:
        seed: Of the noise.
    """

    seed: int
    by_name: dict[str, Sensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = np.random.default_rng([self.seed, 7])

    def add(self, name: str, quantity: str, getter: Getter, now: Snapshot) -> None:
        """Put a detector up; it has settled."""
        ending = next((one for one in NOISE if quantity.endswith(one[0])), ("", 0.0, 0.0))
        value = getter(now)
        self.by_name[name] = Sensor(
            getter, ending[1], ending[2], quantity.endswith("temp_c"), value, value
        )

    def feel(self, now: Snapshot, step_s: float) -> None:
        """Let every detector follow what it measures.

        Args:
            now: The plant.
            step_s: Time since the last call, s.
        """
        share = 1.0 - math.exp(-step_s / LAG_S)
        noises = self._chance.standard_normal(len(self.by_name))
        truths = {}
        for (name, sensor), noise in zip(self.by_name.items(), noises, strict=True):
            true = sensor.getter(now)
            sensor.felt += (share if sensor.lags else 1.0) * (true - sensor.felt)
            spread = sensor.absolute + sensor.relative * abs(sensor.felt)
            truths[name] = sensor.felt + spread * float(noise)
        for name, sensor in self.by_name.items():
            sensor.shown = self._shown(sensor, truths[name], truths, now.seconds)

    @staticmethod
    def _shown(sensor: Sensor, value: float, truths: dict[str, float], seconds: float) -> float:
        fault = sensor.fault
        if fault is None:
            return value
        if fault.missing:
            return math.nan
        if fault.stuck:
            return sensor.shown
        if fault.shown_instead is not None:
            value = truths[fault.shown_instead]
        return value * fault.scale + fault.spike + fault.drift_per_h * (
            seconds - fault.since
        ) / 3600.0  # fmt: skip
