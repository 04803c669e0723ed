"""A record as the files that `simulate` writes, for the commands that read a history."""

from pathlib import Path

import numpy as np

from controller.traces import TraceTable, write_traces
from optimizer.estimate.record import Record
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network


def write_history(network: Network, record: Record, weather: Forecast, folder: Path) -> None:
    """Write a record and its weather.

    Args:
        network: The network, for its ids.
        record: The record.
        weather: The weather that it came with, and beyond.
        folder: Where the files go.
    """
    tables = (
        ("plant", [one.plant_id for one in network.plants], record.plants),
        ("station", [one.station_id for one in network.stations], record.stations),
        ("building", [one.building_id for one in network.buildings], record.buildings),
    )
    write_traces(
        [
            TraceTable(name=f"{kind}s", id_column=f"{kind}_id", ids=ids, columns=dict(values))
            for kind, ids, values in tables
        ],
        start=record.start,
        step_s=record.step_s,
        folder=folder,
        as_csv=False,
    )
    every = 3600 // weather.step_s
    lines = ["time,outdoor_temp_c,wind_m_s,ghi_w_m2"]
    for k in range(0, weather.steps + 1, every):
        at = np.datetime64(int(weather.start.timestamp()) + k * weather.step_s, "s")
        part = slice(k, k + every)
        wind = weather.wind_m_s[0, part].mean() if k < weather.steps else 0.0
        sun = weather.ghi_w_m2[0, part].mean() if k < weather.steps else 0.0
        lines.append(f"{at}+00:00,{weather.outdoor_temp_c[0, k]:.2f},{wind:.2f},{sun:.1f}")
    (folder / "weather.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
