"""A history folder: the weather as it came, the setpoints that were run, what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from controller.case import LONGEST_RUN_H, years_around
from controller.problems import InputError
from controller.replay.grid import part_of
from controller.replay.measured import Measured, read_measured
from controller.schedule_file import read_schedule_csv, schedule_span
from controller.site import Site
from controller.translate import weather_on_grid
from drivers.base import Problem
from drivers.weather.csv_file import read_weather_file
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.simulate import simulate

WEATHER, SETPOINTS, MEASURED = "weather.csv", "setpoints.csv", "measured.csv"
SHORTEST = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class History:
    """What is replayed: `forecast` is the weather as it came, `run` what was run in it."""

    site: Site
    forecast: Forecast
    state: PlantState
    run: Schedule
    measured: Measured
    warnings: tuple[Problem, ...]


def read_history(
    site: Site,
    folder: Path,
    since: datetime | None,
    until: datetime | None,
    tell: Callable[[str], None],
) -> History:
    """Read a history folder.

    Args:
        site: The site.
        folder: With weather.csv, setpoints.csv and, if there is one, measured.csv.
        since: First instant, tz-aware; that of the setpoints when None.
        until: Last instant, tz-aware; that of the setpoints when None.
        tell: Receives progress.

    Returns:
        The history, with the state that its first setpoints leave after the weather before it.

    Raises:
        InputError: The folder, the setpoints or the stretch of time is wrong.
        BadInput: The weather or the measurements are wrong.
    """
    _require_files(folder)
    district = site.district
    first, last = schedule_span(folder / SETPOINTS, network=district.network)
    begin, end = _stretch(folder, since or first, until or last, first, last)
    first_year, last_year = years_around(begin, (end - begin) / timedelta(hours=1))
    series = read_weather_file(folder / WEATHER, year=first_year, last_year=last_year)
    step = timedelta(seconds=district.control.step_s)
    hours = (end - begin) // step * step / timedelta(hours=1)
    forecast, before = weather_on_grid(
        series, district=district, timezone=site.timezone, start=begin, hours=hours
    )
    measured = folder / MEASURED
    found = read_measured(measured, district.network) if measured.exists() else {}
    curve = baseline_schedule(district, forecast)
    read = read_schedule_csv(folder / SETPOINTS, network=district.network, otherwise=curve)
    tell("finding the state at the start")
    return History(
        site=site,
        forecast=forecast,
        state=_lived_in(district, read.schedule, forecast, before),
        run=read.schedule,
        measured=found,
        warnings=read.warnings,
    )


def _require_files(folder: Path) -> None:
    missing = [name for name in (WEATHER, SETPOINTS) if not (folder / name).is_file()]
    if not folder.is_dir():
        raise InputError([_wrong(str(folder), "is no folder", "name a history folder")])
    if missing:
        remedy = "docs/supervisor.md shows what a history folder holds"
        raise InputError([_wrong(str(folder / one), "is missing", remedy) for one in missing])


def _stretch(
    folder: Path, begin: datetime, end: datetime, first: datetime, last: datetime
) -> tuple[datetime, datetime]:
    """Refuse a stretch of time of which nothing was run, or too short or long a one."""
    name = str(folder / SETPOINTS)
    problems = []
    if begin < first or end > last:
        message = f"covers {first.isoformat()} to {last.isoformat()}"
        remedy = "give --start and --end within it"
        problems.append(_wrong(name, message, remedy))
    lasts = end - begin
    if not SHORTEST <= lasts <= timedelta(hours=LONGEST_RUN_H):
        message = f"{lasts / timedelta(hours=1):g} h are to be replayed"
        remedy = f"give {SHORTEST / timedelta(hours=1):g} to {LONGEST_RUN_H:g} h"
        problems.append(_wrong(name, message, remedy))
    if problems:
        raise InputError(problems)
    return begin, end


def _wrong(file: str, message: str, remedy: str) -> Problem:
    return Problem(file=file, message=message, remedy=remedy)


def _lived_in(
    district: District, run: Schedule, forecast: Forecast, before: Forecast | None
) -> PlantState:
    """The state in which the first setpoints that were run leave the network after the weather
    before; where none is known, after a day like the first."""
    usual = forecast if before is None else before
    lived = part_of(usual, 0, min(usual.steps, 86400 // usual.step_s)) if before is None else usual
    settled = starting_state(district, lived, None)

    def held(values: FloatArray) -> FloatArray:
        return frozen(np.repeat(values[:, :1], lived.steps, axis=1))

    first = Schedule(
        start=lived.start,
        step_s=lived.step_s,
        supply_temp_c=held(run.supply_temp_c),
        pump_setpoint=held(run.pump_setpoint),
        secondary_offset_k=held(run.secondary_offset_k),
    )
    return simulate(district.network, settled, lived, first).end_state
