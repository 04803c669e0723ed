"""The plant's own record: what was true, sample by sample, for plots, assertions and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil_tests.bench.plant import Snapshot
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

# Quantity -> where it stands in a snapshot, by kind.
KINDS: Mapping[str, Mapping[str, str]] = {
    "plants": {
        "setpoint_c": "setpoint_c",
        "supply_temp_c": "plant_supply_c",
        "return_temp_c": "plant_return_c",
        "mass_flow_kg_s": "plant_flow_kg_s",
        "heat_power_mw": "plant_heat_mw",
        "supply_pressure_bar": "plant_supply_bar",
        "return_pressure_bar": "plant_return_bar",
    },
    "pumps": {"speed_pct": "pump_speed_pct", "power_kw": "pump_power_kw"},
    "nodes": {
        "supply_temp_c": "node_supply_c",
        "return_temp_c": "node_return_c",
        "supply_pressure_bar": "node_supply_bar",
        "return_pressure_bar": "node_return_bar",
    },
    "pipes": {
        "mass_flow_kg_s": "pipe_flow_kg_s",
        "velocity_m_s": "pipe_velocity_m_s",
        "supply_inlet_c": "pipe_supply_inlet_c",
        "return_inlet_c": "pipe_return_inlet_c",
    },
    "stations": {
        "supply_temp_c": "station_supply_c",
        "return_temp_c": "station_return_c",
        "mass_flow_kg_s": "station_flow_kg_s",
        "heat_power_kw": "station_heat_kw",
        "secondary_supply_temp_c": "station_secondary_c",
        "valve_opening_pct": "station_opening_pct",
        "dp_bar": "station_dp_bar",
    },
    "buildings": {"indoor_temp_c": "indoor_c", "worst_flat_temp_c": "worst_flat_c"},
}


@dataclass
class Trace:
    """Samples of a run.

    Attributes:
        ids: Names of the plants, pumps and so on, by kind.
        seconds: When each sample was taken.
        site: `outdoor_temp_c` and `makeup_m3_h` of each sample.
        registers: What each writable register held at each sample, by `device.tag`.
    """

    ids: Mapping[str, Sequence[str]]
    seconds: list[float] = field(default_factory=list)
    site: dict[str, list[float]] = field(default_factory=dict)
    registers: dict[str, list[float]] = field(default_factory=dict)
    _rows: dict[tuple[str, str], list[NDArray[np.float32]]] = field(default_factory=dict)

    def sample(self, now: Snapshot, registers: Mapping[str, float]) -> None:
        """Take a sample.

        Args:
            now: The plant.
            registers: What writable registers hold.
        """
        self.seconds.append(now.seconds)
        self.site.setdefault("outdoor_temp_c", []).append(now.weather.outdoor_temp_c)
        self.site.setdefault("makeup_m3_h", []).append(now.makeup_m3_h)
        for name, value in registers.items():
            self.registers.setdefault(name, []).append(value)
        for kind, quantities in KINDS.items():
            for quantity, place in quantities.items():
                row = np.asarray(getattr(now, place), dtype=np.float32)
                self._rows.setdefault((kind, quantity), []).append(row)

    def of(self, kind: str, quantity: str) -> FloatArray:
        """Give a quantity of all of a kind, shape (samples, things)."""
        return np.asarray(np.stack(self._rows[kind, quantity]), dtype=np.float64)

    def series(self, kind: str, quantity: str, name: str) -> FloatArray:
        """Give one series; kind `site` has no names, kind `registers` has the quantity's."""
        if kind == "site":
            return np.array(self.site[quantity])
        if kind == "registers":
            return np.array(self.registers[quantity])
        return self.of(kind, quantity)[:, list(self.ids[kind]).index(name)]

    def write(self, folder: Path, *, as_csv: bool) -> None:
        """Write a file for each kind, long format with `second` and `id`.

        Args:
            folder: Where.
            as_csv: CSV instead of Parquet.
        """
        import pandas as pd

        frames = {"site": pd.DataFrame({"second": self.seconds, **self.site})}
        if self.registers:
            frames["registers"] = pd.DataFrame({"second": self.seconds, **self.registers})
        for kind, quantities in KINDS.items():
            names = list(self.ids[kind])
            columns = {q: self.of(kind, q).ravel() for q in quantities}
            frames[kind] = pd.DataFrame(
                {
                    "second": np.repeat(self.seconds, len(names)),
                    "id": np.tile(np.array(names), len(self.seconds)),
                    **columns,
                }
            )
        for kind, frame in frames.items():
            if as_csv:
                frame.to_csv(folder / f"{kind}.csv", index=False, float_format="%.7g")
            else:
                frame.to_parquet(folder / f"{kind}.parquet", index=False)


def new_trace(network: Network) -> Trace:
    """Make an empty trace of a network."""
    return Trace(
        ids={
            "plants": [one.plant_id for one in network.plants],
            "pumps": [one.pump_id for one in network.pumps],
            "nodes": [one.node_id for one in network.nodes],
            "pipes": [one.pipe_id for one in network.pipes],
            "stations": [one.station_id for one in network.stations],
            "buildings": [one.building_id for one in network.buildings],
        }
    )
