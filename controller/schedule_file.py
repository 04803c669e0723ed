"""Reading a schedule file: setpoints by time and id, linear between rows, onto a step grid."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from controller.case import Case
from controller.problems import InputError, one_line
from controller.sitefiles.rules import did_you_mean, shown
from controller.sitefiles.text_file import decode
from drivers.base import BadInput, Problem
from drivers.plain_number import plain_number
from drivers.weather.table import Findings, csv_rows, instant
from optimizer.baseline import baseline_schedule
from optimizer.model.arrays import frozen
from optimizer.model.network import Network, PumpControl, StationControl, StationKind
from optimizer.model.schedule import Schedule
from optimizer.standing import with_running

COLUMNS = ("time", "id", "quantity", "value")
# Quantity -> what can be simulated at all, and the unit.
SENSIBLE = {
    "supply_temp_c": (0.0, 180.0, "degC"),
    "speed_pct": (0.0, 120.0, "%"),
    "dp_bar": (0.0, 40.0, "bar"),
    "secondary_offset_k": (-60.0, 60.0, "K"),
    "running": (0.0, 1.0, ""),
}
_WHOSE = {
    "supply_temp_c": "a plant",
    "speed_pct": "a pump with speed control",
    "dp_bar": "a pump that holds a differential pressure",
    "secondary_offset_k": "a station that follows a weather curve",
    "running": "a plant",
}


@dataclass(frozen=True, slots=True)
class _Actuator:
    """Where a setpoint goes, and the range that can be written."""

    row: int
    low: float
    high: float


# Quantity -> id -> where it goes.
_Targets = Mapping[str, Mapping[str, _Actuator]]
# The rows of one actuator: instant (POSIX seconds) -> value and line.
_Course = dict[float, tuple[float, int]]


@dataclass(frozen=True, kw_only=True)
class ReadSchedule:
    """A schedule from a file; `warnings` says what of it could not be written as it stands."""

    schedule: Schedule
    warnings: tuple[Problem, ...]


class ScheduleError(InputError):
    """A schedule file was refused; carries everything that is wrong with it."""


def schedule_or_curve(
    case: Case, path: Path | str | None, tell: Callable[[str], None]
) -> ReadSchedule:
    """Read the schedule that a command names, or take the weather curve.

    Args:
        case: Site, weather and state.
        path: The file, None for the weather curve.
        tell: Receives what of the file could not be written as it stands.

    Returns:
        The schedule with its warnings.

    Raises:
        ScheduleError: With everything wrong with the file.
    """
    district = case.site.district
    curve = baseline_schedule(district, case.forecast, case.state)
    if path is None:
        return ReadSchedule(schedule=curve, warnings=())
    read = read_schedule_csv(path, network=district.network, otherwise=curve)
    for warning in read.warnings:
        tell(one_line(f"warning: {warning}"))
    return read


def read_schedule_csv(path: Path | str, *, network: Network, otherwise: Schedule) -> ReadSchedule:
    """Read a schedule file onto a planning grid.

    Values are linear between the rows of an id and held before its first and after its last;
    `running` is held from row to row.

    Args:
        path: The file, with the columns time, id, quantity and value.
        network: The plants, pumps and stations that it may name.
        otherwise: The grid, and the setpoints of what the file does not name.

    Returns:
        The schedule, with warnings.

    Raises:
        ScheduleError: With every problem of the file.
    """
    path = Path(path)
    findings = Findings(str(path))
    targets = _actuators(network)
    courses = _read_courses(path, targets, findings)
    if findings.problems:
        raise ScheduleError(findings.problems)
    warnings = Findings(str(path))
    for (quantity, name), course in courses.items():
        start = otherwise.start.timestamp()
        _warn(warnings, quantity, name, targets[quantity][name], course, start)
    _warn_of_missing(warnings, network, {name for what, name in courses if what != "running"})
    return ReadSchedule(
        schedule=_on_grid(network, courses, targets, otherwise), warnings=tuple(warnings.problems)
    )


def schedule_span(path: Path | str, *, network: Network) -> tuple[datetime, datetime]:
    """Tell from when to when a schedule file gives setpoints.

    Args:
        path: The file.
        network: The plants, pumps and stations that it may name.

    Returns:
        Its first and its last instant, UTC.

    Raises:
        ScheduleError: With every problem of the file.
    """
    findings = Findings(str(path))
    courses = _read_courses(Path(path), _actuators(network), findings)
    if findings.problems:
        raise ScheduleError(findings.problems)
    instants = [at for course in courses.values() for at in course]
    return datetime.fromtimestamp(min(instants), UTC), datetime.fromtimestamp(max(instants), UTC)


def _on_grid(
    network: Network,
    courses: Mapping[tuple[str, str], _Course],
    targets: _Targets,
    otherwise: Schedule,
) -> Schedule:
    """Put what a file gives in the place of the setpoints that hold otherwise."""
    values = {
        "supply_temp_c": np.array(otherwise.supply_temp_c),
        "pump_setpoint": np.array(otherwise.pump_setpoint),
        "secondary_offset_k": np.array(otherwise.secondary_offset_k),
    }
    instants = otherwise.start.timestamp() + otherwise.step_s * np.arange(otherwise.steps)
    running = otherwise.runs.copy()
    for (quantity, name), course in courses.items():
        at = sorted(course)
        if quantity == "running":
            last = np.maximum(np.searchsorted(at, instants, side="right") - 1, 0)
            runs = np.array([course[start][0] >= 0.5 for start in at])
            running[targets[quantity][name].row] = runs[last]
            continue
        rows = values["pump_setpoint" if quantity in ("speed_pct", "dp_bar") else quantity]
        given = [course[start][0] for start in at]
        rows[targets[quantity][name].row] = np.interp(instants, at, given)
    given_all = replace(
        otherwise,
        supply_temp_c=frozen(values["supply_temp_c"]),
        pump_setpoint=frozen(values["pump_setpoint"]),
        secondary_offset_k=frozen(values["secondary_offset_k"]),
    )
    return with_running(network, given_all, running)


def _actuators(network: Network) -> _Targets:
    """Everything that a schedule can move, by quantity and id."""
    found: dict[str, dict[str, _Actuator]] = {quantity: {} for quantity in SENSIBLE}
    for i, plant in enumerate(network.plants):
        # A plant's range is a limit of its own and is judged with the others.
        found["supply_temp_c"][plant.plant_id] = _Actuator(i, -math.inf, math.inf)
        found["running"][plant.plant_id] = _Actuator(i, 0.0 if plant.can_stop else 1.0, 1.0)
    for i, pump in enumerate(network.pumps):
        if pump.control is PumpControl.SPEED:
            limits = (pump.min_speed_pct, pump.max_speed_pct)
            found["speed_pct"][pump.pump_id] = _Actuator(i, *limits)
        else:
            found["dp_bar"][pump.pump_id] = _Actuator(i, 0.0, math.inf)
    for i, station in enumerate(network.stations):
        if station.control is StationControl.COMPENSATED and station.kind is not StationKind.LOAD:
            low, high = station.offset_range_k or (0.0, 0.0)
            found["secondary_offset_k"][station.station_id] = _Actuator(i, low, high)
    return found


def _read_courses(
    path: Path, targets: _Targets, findings: Findings
) -> dict[tuple[str, str], _Course]:
    """Read all rows, noting everything that is wrong with them."""
    courses: dict[tuple[str, str], _Course] = {}
    text = _read_text(path, findings)
    if text is None:
        return courses
    try:
        rows = list(csv_rows(text, findings))
    except BadInput:
        # The findings say it.
        return courses
    places = _places(rows, findings)
    if places is None:
        return courses
    header = rows[0][1]
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            findings.add(
                f"has {len(cells)} cells where the header has {len(header)}",
                "give each column a cell, separated by commas",
                row=line,
            )
            continue
        time, name, quantity, value = (cells[places[column]] for column in COLUMNS)
        _read_row(line, time, name, quantity, value, targets, courses, findings)
    if len(rows) == 1:
        findings.add("has no setpoints", "give at least one row below the header")
    return courses


def _read_text(path: Path, findings: Findings) -> str | None:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        findings.add(f"cannot be read: {reason}", "check the path and its rights")
        return None
    text = decode(content, findings.file)
    if isinstance(text, Problem):
        findings.problems.append(text)
        return None
    return text


def _places(rows: list[tuple[int, list[str]]], findings: Findings) -> dict[str, int] | None:
    """Find the columns in the header; other columns are allowed."""
    wanted = f"write the header {','.join(COLUMNS)}"
    if not rows:
        findings.add("is empty", wanted)
        return None
    line, header = rows[0]
    if not set(COLUMNS) & set(header):
        findings.add("is no header of a schedule", wanted, row=line, value=",".join(header))
        return None
    sound = True
    for column in COLUMNS:
        if header.count(column) == 1:
            continue
        sound = False
        message = (
            "is a column twice" if column in header else "is a required column that is missing"
        )
        findings.add(message, wanted, row=line, column=column)
    return {column: header.index(column) for column in COLUMNS} if sound else None


def _read_row(
    line: int,
    time: str,
    name: str,
    quantity: str,
    value: str,
    targets: _Targets,
    courses: dict[tuple[str, str], _Course],
    findings: Findings,
) -> None:
    stamp = instant(time, row=line, findings=findings)
    known = _known_target(name, quantity, line, targets, findings)
    number = _number(value, quantity, line, findings) if quantity in SENSIBLE else None
    if stamp is None or number is None or not known:
        return
    course, start = courses.setdefault((quantity, name), {}), stamp.timestamp()
    if start in course:
        findings.add(
            f"gives {quantity} of {shown(name)} for an instant that line "
            f"{course[start][1]} gives too",
            "keep one of them",
            row=line,
            column="time",
            value=time,
        )
        return
    course[start] = (number, line)


def _known_target(
    name: str,
    quantity: str,
    line: int,
    targets: _Targets,
    findings: Findings,
) -> bool:
    """Whether the site has what a row moves; says what is wrong where it has not."""
    if quantity not in SENSIBLE:
        message = "is not a quantity of a schedule" if quantity else "is missing"
        remedy = _choose(quantity, SENSIBLE)
        findings.add(message, remedy, row=line, column="quantity", value=shown(quantity))
        return False
    if name in targets[quantity]:
        return True
    others = [one for one, ids in targets.items() if name in ids]
    if not name:
        message, remedy = "is missing", f"name {_WHOSE[quantity]}"
    elif others:
        message = f"is not {_WHOSE[quantity]}"
        remedy = f"its quantity is {others[0]}"
    else:
        message = f"is not {_WHOSE[quantity]} of the site"
        remedy = _choose(name, targets[quantity])
    findings.add(message, remedy, row=line, column="id", value=shown(name))
    return False


def _choose(word: str, known: Iterable[str]) -> str:
    """Suggest what was meant: the nearest word, or the first few there are."""
    words = list(known)
    near = did_you_mean(word, words) if word else None
    if near is not None:
        return f"did you mean {near}?"
    if not words:
        return "leave the row out: the site has none"
    return f"write one of {', '.join(words[:8])}{', ...' if len(words) > 8 else ''}"


def _number(cell: str, quantity: str, line: int, findings: Findings) -> float | None:
    low, high, unit = SENSIBLE[quantity]
    remedy = f"give {quantity} in {unit}, between {low:g} and {high:g}"
    number = plain_number(cell)
    if quantity == "running":
        remedy = "write 1 from where it runs and 0 from where it stands still"
        number = None if number is None or number not in (0.0, 1.0) else number
    if number is not None and low <= number <= high:
        return number
    missing = "is not a number" if cell else "is missing"
    message = missing if number is None else "makes no sense"
    findings.add(message, remedy, row=line, column="value", value=shown(cell))
    return None


def _warn(
    warnings: Findings,
    quantity: str,
    name: str,
    actuator: _Actuator,
    course: _Course,
    start: float,
) -> None:
    """Say what of a course could not be written, and where it says nothing."""
    outside = [
        (line, value)
        for value, line in course.values()
        if not actuator.low <= value <= actuator.high
    ]
    if outside:
        line, value = outside[0]
        warnings.add(
            f"is outside what {name} can be set to, {actuator.low:g} to {actuator.high:g} "
            f"({len(outside)} rows)",
            "it is simulated all the same; it could not be written",
            row=line,
            column="value",
            value=f"{value:g}",
        )
    first = min(course)
    if first > start:
        warnings.add(
            f"{quantity} of {name} begins after the start of the run",
            "its first value holds until then; give a row at the start",
            row=course[first][1],
            column="time",
        )


def _warn_of_missing(warnings: Findings, network: Network, named: set[str]) -> None:
    for plant in network.plants:
        if plant.plant_id not in named:
            warnings.add(f"does not name plant {plant.plant_id}", "it follows the heating curve")
    for pump in network.pumps:
        if pump.pump_id not in named:
            warnings.add(f"does not name pump {pump.pump_id}", "it stands at the fallback speed")
