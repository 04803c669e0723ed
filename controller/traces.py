"""Writing the traces of a run as long tables: one row for each thing at each instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.network import Network
from optimizer.model.trace import Trace


@dataclass(frozen=True, kw_only=True)
class TraceTable:
    """One table: columns of shape (steps, things), NaN where nothing is known."""

    name: str
    id_column: str
    ids: Sequence[str]
    columns: Mapping[str, FloatArray | BoolArray]


def trace_tables(network: Network, trace: Trace) -> tuple[TraceTable, ...]:
    """Lay out a trace as tables.

    Values are means of the step that begins at `time`; delivered outlet temperatures and the
    temperatures of buildings are those at `time`.

    Args:
        network: The network.
        trace: The trace.

    Returns:
        Plants, nodes, pipes, stations and buildings.
    """
    plants, nodes, pipes = trace.plants, trace.nodes, trace.pipes
    stations, buildings = trace.stations, trace.buildings
    rows: list[tuple[str, list[str], object, tuple[str, ...]]] = [
        ("plant", [one.plant_id for one in network.plants], plants, PLANT_COLUMNS),
        ("node", [one.node_id for one in network.nodes], nodes, NODE_COLUMNS),
        ("pipe", [one.pipe_id for one in network.pipes], pipes, PIPE_COLUMNS),
        ("station", [one.station_id for one in network.stations], stations, STATION_COLUMNS),
        ("building", [one.building_id for one in network.buildings], buildings, BUILDING_COLUMNS),
    ]
    steps = len(plants.supply_temp_c)
    return tuple(
        TraceTable(
            name=f"{kind}s",
            id_column=f"{kind}_id",
            ids=ids,
            columns={column: getattr(values, column)[:steps] for column in columns},
        )
        for kind, ids, values, columns in rows
    )


PLANT_COLUMNS = (
    "supply_temp_c",
    "setpoint_c",
    "return_temp_c",
    "mass_flow_kg_s",
    "heat_power_mw",
    "supply_pressure_bar",
    "return_pressure_bar",
    "makeup_m3_h",
    "pump_power_kw",
    "running",
)
NODE_COLUMNS = (
    "supply_temp_c",
    "return_temp_c",
    "supply_pressure_bar",
    "return_pressure_bar",
)
PIPE_COLUMNS = ("mass_flow_kg_s", "velocity_m_s")
STATION_COLUMNS = (
    "supply_temp_c",
    "return_temp_c",
    "mass_flow_kg_s",
    "heat_power_kw",
    "secondary_supply_temp_c",
    "valve_opening_pct",
    "dp_bar",
)
BUILDING_COLUMNS = ("indoor_temp_c", "worst_flat_temp_c", "heat_power_kw")


def write_traces(
    tables: Sequence[TraceTable], *, start: datetime, step_s: int, folder: Path, as_csv: bool
) -> tuple[Path, ...]:
    """Write tables into a folder, which is made where it is missing.

    Args:
        tables: What to write.
        start: First instant, tz-aware UTC.
        step_s: Step length, s.
        folder: Where the files go; files of the same name are replaced.
        as_csv: CSV instead of Parquet.

    Returns:
        The files.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables:
        path = folder / f"{table.name}.{'csv' if as_csv else 'parquet'}"
        content = _as_arrow(table, start, step_s, as_text=as_csv)
        if as_csv:
            pyarrow.csv.write_csv(content, path)
        else:
            pyarrow.parquet.write_table(content, path)
        written.append(path)
    return tuple(written)


def _as_arrow(table: TraceTable, start: datetime, step_s: int, *, as_text: bool) -> pa.Table:
    """Lay a table out in rows, time by time; unknown values become null."""
    steps, things = next(iter(table.columns.values())).shape
    instants = [start + timedelta(seconds=step_s * k) for k in range(steps)]
    if as_text:
        times = pa.array([instant.isoformat() for instant in instants])
    else:
        times = pa.array(instants, type=pa.timestamp("us", tz="UTC"))
    which = pa.array(np.repeat(np.arange(steps), things))
    content = {
        "time": times.take(which),
        table.id_column: pa.array(list(table.ids) * steps, type=pa.string()),
    }
    for column, values in table.columns.items():
        content[column] = pa.array(np.ravel(values), from_pandas=True)
    return pa.table(content)
