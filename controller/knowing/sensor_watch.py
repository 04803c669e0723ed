"""Sensors beside what the model expects of them, over a day: which can not be right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from controller.engine.observer import ModelRun
from controller.knowing.meter_points import MeterPoints
from optimizer.estimate.bad_data import BadSensor, find_bad
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.state import PlantState
from optimizer.model.trace import StationTrace
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

# Looks at each sensor that are gone back to for what can not be right: a day of steps.
WINDOW = 96
# So many sensors of a quantity, at plants and stations, must agree before the model is wrong
# rather than they.
LEAST_TO_AGREE = 4
# What a sound sensor may differ from the model by (standard deviations, K; a flow in shares of the
# most that the model had flow of late). A return, heating water and a flow tell more of their
# station (a half-shut valve, a fouled plate) than of their meter; a plant's return mixes them.
SIGMA = {
    ("plant", "supply_temp_c"): 1.2,
    ("plant", "return_temp_c"): 3.0,
    ("station", "supply_temp_c"): 1.2,
    ("station", "return_temp_c"): 6.0,
    ("station", "secondary_supply_temp_c"): 6.0,
    ("station", "flow_m3_h"): 0.3,
    ("building", "indoor_temp_c"): 1.2,
}
# Flows are judged by no less than a station's design heat at this drop: in mild weather a model
# that expects next to nothing proves nothing.
DESIGN_DROP_K = 40.0
_M3_H = 1.0 / 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """What sensors said at an instant, and what the model expected of them."""

    at: datetime
    said: Mapping[str, float]
    expected: Mapping[str, float]


class SensorWatch:
    """Keeps what was said and expected of late, and judges.

    Args:
        network: The network.
        points: Which point measures what.
        step: Looks nearer to each other than this are one.
    """

    def __init__(self, network: Network, points: MeterPoints, step: timedelta) -> None:
        self._network, self._points, self._step = network, points, step
        design_w = np.array([1e3 * one.design_heat_kw for one in network.stations])
        self._design_m3_h = (
            design_w / (REFERENCE_CP_J_KG_K * DESIGN_DROP_K) / density_kg_m3(50.0) / _M3_H
        )
        self._window: list[_Look] = []

    def look(
        self, at: datetime, said: Mapping[str, float], state: PlantState, run: ModelRun | None
    ) -> None:
        """Take a look at all sensors; cycles nearer than a step see the same reading again.

        Args:
            at: tz-aware UTC.
            said: Good readings of then, by point.
            state: The model's state.
            run: The model's run that led to it; without one heating water and flows are not judged.
        """
        window = self._window
        if len(window) > 1 and window[-1].at - window[-2].at < self._step:
            window = window[:-1]
        names = set(said).union(*(earlier.said for earlier in self._window))
        found = {name: self._expected(name, state, run) for name in names}
        expected = {name: value for name, value in found.items() if value is not None}
        self._window = [*window, _Look(at=at, said=said, expected=expected)][-WINDOW:]

    def bad(self) -> tuple[BadSensor, ...]:
        """Judge the sensors of each quantity by the window.

        Returns:
            Those that can not be right, and those that are missing.
        """
        groups: dict[tuple[str, str], list[str]] = {}
        for name in sorted(set().union(*(look.expected for look in self._window))):
            kind, quantity, _ = self._points.place[name]
            groups.setdefault((kind, quantity), []).append(name)
        courses = {group: self._courses(names) for group, names in groups.items()}
        units = {
            group: self._unit(group[1], names, courses[group][1]) for group, names in groups.items()
        }
        missed: dict[str, list[FloatArray]] = {}
        for group, (measured, expected) in courses.items():
            missed.setdefault(group[1], []).append((measured - expected) / units[group])
        common = {quantity: _common(np.hstack(parts)) for quantity, parts in missed.items()}
        found: list[BadSensor] = []
        for group, names in groups.items():
            measured, expected = courses[group]
            expected = expected + common[group[1]] * units[group]
            found += find_bad(names, measured, expected, SIGMA[group] * units[group])
        return tuple(found)

    def _expected(self, name: str, state: PlantState, run: ModelRun | None) -> float | None:
        """What the model expects of a sensor; None of one that nothing is expected of."""
        kind, quantity, index = self._points.place[name]
        network = self._network
        if kind == "building":
            return float(state.indoor_temp_c[index])
        if quantity == "supply_temp_c":
            things = network.plants if kind == "plant" else network.stations
            return float(state.supply_node_temp_c[network.node_index[things[index].node_id]])
        if quantity == "return_temp_c" and kind == "station":
            return float(state.station_return_temp_c[index])
        if quantity == "return_temp_c":
            plant = network.plants[index]
            return float(state.return_node_temp_c[network.node_index[plant.node_id]])
        if run is not None and (kind, quantity) in SIGMA:
            return _ran(run.trace.stations, quantity, index)
        return None

    def _unit(self, quantity: str, names: Sequence[str], expected: FloatArray) -> FloatArray:
        """What misses are counted in: a kelvin, or the most that the model had flow, per sensor."""
        if quantity != "flow_m3_h":
            return np.ones(len(names))
        design = self._design_m3_h[[self._points.place[name][2] for name in names]]
        return np.asarray(np.maximum(np.nan_to_num(expected).max(axis=0), design))

    def _courses(self, names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """What sensors said and what was expected of them, each of shape (samples, sensors)."""
        # What was not said is None, which becomes NaN.
        said, expected = (
            np.array([list(map(values.get, names)) for values in rows], dtype=float)
            for rows in (
                [look.said for look in self._window],
                [look.expected for look in self._window],
            )
        )
        return said, expected


def _ran(run: StationTrace, quantity: str, index: int) -> float:
    """What a station's meter should have said at the end of the model's run."""
    if quantity == "flow_m3_h":
        density = density_kg_m3(run.return_temp_c[-1, index])
        return float(run.mass_flow_kg_s[-1, index] / density / _M3_H)
    return float(run.secondary_supply_temp_c[-1, index])


def _common(missed: FloatArray) -> FloatArray:
    """By how much the model misses most sensors of a quantity: that is no sensor's fault."""
    known = np.isfinite(missed)
    enough = known.sum(axis=1) >= LEAST_TO_AGREE
    filled = np.where(known, missed, np.nan)[enough]
    common = np.zeros((len(missed), 1))
    common[enough, 0] = np.nanmedian(filled, axis=1) if len(filled) else 0.0
    return common
