"""What was measured in the past, and how near the model comes to it with what was really run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controller.schedule_file import COLUMNS
from controller.sitefiles.rules import shown
from drivers.plain_number import plain_number
from drivers.weather.table import Findings, csv_rows, instant, read_text
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.trace import Trace

# Quantity -> whose it is, unit.
QUANTITIES = {
    "indoor_temp_c": ("building", "K"),
    "heat_power_mw": ("plant", "MW"),
    "supply_temp_c": ("plant", "K"),
    "return_temp_c": ("plant", "K"),
}
LARGEST = 1e4

# (quantity, id) -> instants (POSIX seconds) and values.
Measured = Mapping[tuple[str, str], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How the model's course of what was run differs from what was measured: model - measured."""

    quantity: str
    unit: str
    samples: int
    bias: float
    rmse: float


def read_measured(path: Path, network: Network) -> Measured:
    """Read a table of time, id, quantity and value.

    Args:
        path: The file.
        network: The plants and buildings that it may name.

    Returns:
        Courses by quantity and id.

    Raises:
        BadInput: With every problem of the file.
    """
    findings = Findings(str(path))
    rows = list(csv_rows(read_text(path, findings), findings))
    header = rows[0][1]
    for column in COLUMNS:
        if header.count(column) != 1:
            findings.add("is needed once", f"write the header {','.join(COLUMNS)}", row=1,
                         column=column)  # fmt: skip
    findings.raise_if_any()
    places = [header.index(column) for column in COLUMNS]
    known = {
        "plant": set(network.plant_index),
        "building": set(network.building_index),
    }
    found: dict[tuple[str, str], dict[float, float]] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            findings.add(f"has {len(cells)} cells where the header has {len(header)}",
                         "give each column a cell", row=line)  # fmt: skip
            continue
        _take(line, [cells[place] for place in places], known, found, findings)
    if len(rows) == 1:
        findings.add("has no measurements", "give rows below the header, or remove the file")
    findings.raise_if_any()
    return {
        key: (np.array(sorted(course)), np.array([course[at] for at in sorted(course)]))
        for key, course in found.items()
    }


def _take(
    line: int,
    cells: list[str],
    known: Mapping[str, set[str]],
    found: dict[tuple[str, str], dict[float, float]],
    findings: Findings,
) -> None:
    time, name, quantity, text = cells
    at = instant(time, row=line, findings=findings)
    value = plain_number(text)
    if value is None or abs(value) > LARGEST:
        findings.add("is no measurement", "give a number, or leave the row out", row=line,
                     column="value", value=shown(text))  # fmt: skip
    if quantity not in QUANTITIES:
        findings.add("is not compared", f"write one of {', '.join(QUANTITIES)}", row=line,
                     column="quantity", value=shown(quantity))  # fmt: skip
    elif name not in known[QUANTITIES[quantity][0]]:
        findings.add(f"is no {QUANTITIES[quantity][0]} of the site", "name one that it has",
                     row=line, column="id", value=shown(name))  # fmt: skip
    elif at is not None and value is not None:
        course = found.setdefault((quantity, name), {})
        if at.timestamp() in course:
            findings.add("is an instant twice", "keep one of them", row=line, column="time",
                         value=time)  # fmt: skip
        course[at.timestamp()] = value


def agreements(measured: Measured, network: Network, trace: Trace) -> tuple[Agreement, ...]:
    """Compare the model with the measurements inside its time.

    Args:
        measured: From `read_measured`.
        network: The network.
        trace: The model's course of what was run.

    Returns:
        One for each quantity that was measured within the trace's time.
    """
    grid = trace.start.timestamp() + trace.step_s * np.arange(len(trace.plants.supply_temp_c))
    courses = {
        "indoor_temp_c": (network.building_index, trace.buildings.indoor_temp_c),
        "heat_power_mw": (network.plant_index, trace.plants.heat_power_mw),
        "supply_temp_c": (network.plant_index, trace.plants.supply_temp_c),
        "return_temp_c": (network.plant_index, trace.plants.return_temp_c),
    }
    found = []
    for quantity, (_, unit) in QUANTITIES.items():
        index, values = courses[quantity]
        parts = [
            np.interp(at[inside], grid, values[: len(grid), index[name]]) - value[inside]
            for (which, name), (at, value) in measured.items()
            if which == quantity
            for inside in [(at >= grid[0]) & (at <= grid[-1])]
        ]
        errors = np.concatenate(parts) if parts else np.zeros(0)
        if errors.size:
            found.append(
                Agreement(
                    quantity=quantity,
                    unit=unit,
                    samples=int(errors.size),
                    bias=float(errors.mean()),
                    rmse=math.sqrt(float((errors**2).mean())),
                )
            )
    return tuple(found)
