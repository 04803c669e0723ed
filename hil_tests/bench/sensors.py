"""Detectors between the plant and the registers: lag, noise, and what can befall them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controller.site import Site
from hil_tests.bench.plant import Snapshot
from hil_tests.bench.signals import Column, Signal, signal_of
from optimizer.model.arrays import FloatArray, IntArray

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


class Detector(NamedTuple):
    """A detector that is put up: its name (`device.tag`), what it measures, and as what."""

    name: str
    quantity: str
    signal: Signal


class Sensors:
    """All detectors of a site, settled at first.

    Args:
        detectors: The detectors.
        now: The plant.
        seed: Of the noise.

    Attributes:
        faults: What is wrong, by detector.
    """

    def __init__(self, detectors: Sequence[Detector], now: Snapshot, seed: int) -> None:
        self._chance = np.random.default_rng([seed, 7])
        self._index = {one.name: i for i, one in enumerate(detectors)}
        self._columns = _by_column(detectors)
        endings = [
            next((row for row in NOISE if one.quantity.endswith(row[0])), ("", 0.0, 0.0))
            for one in detectors
        ]
        self._absolute = np.array([row[1] for row in endings])
        self._relative = np.array([row[2] for row in endings])
        self._lags = np.array(
            [one.quantity.endswith("temp_c") for one in detectors], dtype=np.bool_
        )
        self._felt = self._true(now)
        self._shown = self._felt.copy()
        self.faults: dict[str, SensorFault] = {}

    @property
    def names(self) -> Mapping[str, int]:
        """The detectors, and their places."""
        return self._index

    def shown(self, name: str) -> float:
        """Give what a detector shows, in the unit of its quantity; NaN where nothing."""
        return float(self._shown[self._index[name]])

    def feel(self, now: Snapshot, step_s: float) -> None:
        """Let every detector follow what it measures.

        Args:
            now: The plant.
            step_s: Time since the last call, s.
        """
        share = np.where(self._lags, 1.0 - math.exp(-step_s / LAG_S), 1.0)
        self._felt += share * (self._true(now) - self._felt)
        spread = self._absolute + self._relative * np.abs(self._felt)
        noisy = self._felt + spread * self._chance.standard_normal(len(self._felt))
        before, self._shown = self._shown, noisy.copy()
        for name, fault in self.faults.items():
            at = self._index[name]
            instead = self._index.get(fault.shown_instead or "", at)
            value = float(noisy[instead])
            self._shown[at] = _faulty(fault, value, float(before[at]), now.seconds)

    def _true(self, now: Snapshot) -> FloatArray:
        found = np.empty(len(self._index))
        for column, places, at in self._columns:
            found[places] = column(now)[at]
        return found


def detectors_of(site: Site) -> list[Detector]:
    """Find the detectors of a site: one for each tag that shows something of the plant.

    Args:
        site: The site.

    Returns:
        The detectors, device by device.
    """
    found: dict[str, Detector] = {}
    order = {device.device_id: i for i, device in enumerate(site.devices)}
    for point in sorted(site.points, key=lambda one: order[one.device_id]):
        signal = signal_of(
            site.district.network, point.target_kind, point.target_id, point.quantity
        )
        if signal is not None:
            name = f"{point.device_id}.{point.tag}"
            found[name] = Detector(name, point.quantity, signal)
    return list(found.values())


def _by_column(detectors: Sequence[Detector]) -> list[tuple[Column, IntArray, IntArray]]:
    """Each column of the plant's present that is looked at: by whom, and where in it."""
    columns = dict.fromkeys(one.signal.column for one in detectors)
    return [
        (
            column,
            np.array([i for i, one in enumerate(detectors) if one.signal.column is column]),
            np.array([one.signal.at for one in detectors if one.signal.column is column]),
        )
        for column in columns
    ]


def _faulty(fault: SensorFault, value: float, before: float, seconds: float) -> float:
    """What a detector shows that is not as it should be."""
    if fault.missing:
        return math.nan
    if fault.stuck:
        return before
    drifted = fault.drift_per_h * (seconds - fault.since) / 3600.0
    return value * fault.scale + fault.spike + drifted
