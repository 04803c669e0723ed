"""A plant's record: what its meters said on an even grid, NaN where they said nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from optimizer.model.arrays import FloatArray, frozen

PLANT_QUANTITIES = (
    "supply_temp_c",
    "return_temp_c",
    "mass_flow_kg_s",
    "heat_power_mw",
    "supply_pressure_bar",
    "return_pressure_bar",
    "makeup_m3_h",
)
STATION_QUANTITIES = (
    "supply_temp_c",
    "return_temp_c",
    "mass_flow_kg_s",
    "heat_power_kw",
    "secondary_supply_temp_c",
    "valve_opening_pct",
    "dp_bar",
)
# The coldest room is that of several thermometers of a building, wherever its coldest flat may be.
COLDEST_ROOM = "coldest_room_c"
ROOM_QUANTITIES = ("indoor_temp_c", "worst_flat_temp_c")
BUILDING_QUANTITIES = (*ROOM_QUANTITIES, "heat_power_kw")


@dataclass(frozen=True, kw_only=True)
class Record:
    """Measurements from `start` (UTC) in steps of `step_s` seconds.

    Attributes:
        start: First instant, tz-aware UTC.
        step_s: Step length, s.
        outdoor_temp_c: Mean of each step, degC, shape (steps,).
        wind_m_s: Likewise, m/s, shape (steps,).
        ghi_w_m2: Likewise, W/m2, shape (steps,).
        plants: By PLANT_QUANTITIES, each of shape (steps, plants), NaN where not measured.
        stations: By STATION_QUANTITIES, each of shape (steps, stations), likewise.
        buildings: By BUILDING_QUANTITIES and COLDEST_ROOM, each of shape (steps, buildings),
            likewise; all but the first may be missing.
    """

    start: datetime
    step_s: int
    outdoor_temp_c: FloatArray
    wind_m_s: FloatArray
    ghi_w_m2: FloatArray
    plants: Mapping[str, FloatArray]
    stations: Mapping[str, FloatArray]
    buildings: Mapping[str, FloatArray]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.outdoor_temp_c)

    def part(self, first: int, last: int) -> "Record":
        """A stretch of the record.

        Args:
            first: First step.
            last: The step before which it ends.

        Returns:
            The stretch.
        """
        cut = slice(first, last)
        return Record(
            start=self.start + timedelta(seconds=self.step_s * first),
            step_s=self.step_s,
            outdoor_temp_c=self.outdoor_temp_c[cut],
            wind_m_s=self.wind_m_s[cut],
            ghi_w_m2=self.ghi_w_m2[cut],
            plants={name: values[cut] for name, values in self.plants.items()},
            stations={name: values[cut] for name, values in self.stations.items()},
            buildings={name: values[cut] for name, values in self.buildings.items()},
        )

    def hourly(self) -> "Record":
        """The record in means of whole hours; what an hour lacks is NaN only where all of it is.

        Returns:
            Steps of an hour, the last incomplete one left out.

        Raises:
            ValueError: An hour is no multiple of the step.
        """
        if 3600 % self.step_s:
            raise ValueError(f"an hour is no multiple of {self.step_s} s")
        parts = 3600 // self.step_s

        def mean(values: FloatArray) -> FloatArray:
            hours = len(values) // parts
            cut = values[: hours * parts].reshape(hours, parts, *values.shape[1:])
            known = np.isfinite(cut)
            count = known.sum(axis=1)
            total = np.where(known, cut, 0.0).sum(axis=1)
            return frozen(np.where(count > 0, total / np.maximum(count, 1), np.nan))

        return Record(
            start=self.start,
            step_s=3600,
            outdoor_temp_c=mean(self.outdoor_temp_c),
            wind_m_s=mean(self.wind_m_s),
            ghi_w_m2=mean(self.ghi_w_m2),
            plants={name: mean(values) for name, values in self.plants.items()},
            stations={name: mean(values) for name, values in self.stations.items()},
            buildings={name: mean(values) for name, values in self.buildings.items()},
        )
