"""Scenario files: weather, timeline and assertions, read with every mistake at once."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.problems import InputError
from drivers.base import Problem
from hil_tests.bench.course import Course
from hil_tests.bench.verbs import Order, VerbError, read_order

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SITES = Path(__file__).parents[1] / "sites"


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How the engine is started, and how often devices are polled in the working copy.

    `poll_s` None leaves the profiles' own; a long winter is polled more rarely.
    """

    cycle_s: float = 900.0
    safety_s: float = 15.0
    poll_s: float | None = None
    fallback_writes: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One assertion: what is measured, and the range it must lie in."""

    name: str
    what: str
    options: Mapping[str, Any]
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A run of the bench.

    `plant_seed` None is the plant as modelled. `approves` is how many minutes after each
    recommendation the operator approves it, None for never. `arms_at_h` None: nobody arms.
    """

    name: str
    purpose: str
    site: str
    start: datetime
    hours: float
    short: bool
    seed: int
    plant_seed: int | None
    course: Course
    forecast_errors: bool
    forecast_bias_k: float
    engine: EngineSettings
    approves_after_min: float | None
    arms_at_h: float | None
    timeline: tuple[Order, ...]
    checks: tuple[Check, ...]
    wire_polls: bool
    trace_s: float


def scenario_files() -> list[Path]:
    """The scenarios that come with the bench."""
    return sorted(SCENARIOS.glob("*.toml"))


def find_scenario(name: str) -> Path:
    """Find a scenario by its name, or take a path.

    Args:
        name: Such as ordinary-day, or FILE.toml.

    Returns:
        The file.

    Raises:
        InputError: There is none.
    """
    for path in (SCENARIOS / f"{name}.toml", Path(name)):
        if path.is_file():
            return path
    known = ", ".join(path.stem for path in scenario_files())
    problem = Problem(file=name, message="is no scenario", remedy=f"there are {known}")
    raise InputError([problem])


def read_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Args:
        path: The file.

    Returns:
        The scenario.

    Raises:
        InputError: With everything that is wrong with it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        remedy = "see docs/bench.md for a scenario"
        raise InputError([Problem(file=str(path), message=str(error), remedy=remedy)]) from error
    reader = _Reader(str(path))
    found = reader.scenario(path.stem, content)
    if reader.problems or found is None:
        raise InputError(reader.problems)
    return found


_KEYS: Mapping[str, Sequence[str]] = {
    "": ("purpose", "site", "start", "hours", "short", "seed", "plant_seed", "weather", "forecast",
         "engine", "people", "at", "assert", "wire_polls", "trace_s"),
    "weather": ("points", "swing_k", "wind_m_s", "sun_w_m2"),
    "forecast": ("errors", "bias_k"),
    "engine": ("cycle_s", "safety_s", "poll_s", "fallback_writes"),
    "people": ("approves_after_min", "arms_at_h"),
}  # fmt: skip


class _Reader:
    """Collects what is wrong while it reads."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file

    def scenario(self, name: str, content: Mapping[str, Any]) -> Scenario | None:
        for table, known in _KEYS.items():
            for key in content.get(table, {}) if table else content:
                if key not in known:
                    self._wrong(f"{table}.{key}".strip("."), "is not known", ", ".join(known))
        for key in ("purpose", "start", "hours", "weather", "assert"):
            if key not in content:
                self._wrong(key, "is missing", "see docs/bench.md")
        if self.problems:
            return None
        people, engine = content.get("people", {}), content.get("engine", {})
        forecast = content.get("forecast", {})
        start = content["start"]
        if not isinstance(start, datetime) or start.utcoffset() is None:
            self._wrong("start", "has no offset from UTC", "2026-01-16T00:00:00+08:00")
            return None
        return Scenario(
            name=name,
            purpose=str(content["purpose"]),
            site=str(content.get("site", "village")),
            start=start,
            hours=float(content["hours"]),
            short=bool(content.get("short", False)),
            seed=int(content.get("seed", 1)),
            plant_seed=content.get("plant_seed", 1) or None,
            course=self._course(start, content["weather"]),
            forecast_errors=bool(forecast.get("errors", True)),
            forecast_bias_k=float(forecast.get("bias_k", 1.0)),
            engine=EngineSettings(**engine),
            approves_after_min=people.get("approves_after_min"),
            arms_at_h=people.get("arms_at_h"),
            timeline=tuple(
                sorted(self._timeline(content.get("at", [])), key=lambda one: one.second)
            ),
            checks=tuple(self._checks(content["assert"])),
            wire_polls=bool(content.get("wire_polls", True)),
            trace_s=float(content.get("trace_s", 60.0)),
        )

    def _course(self, start: datetime, table: Mapping[str, Any]) -> Course:
        points = tuple((float(hour), float(temp)) for hour, temp in table["points"])
        return Course(
            points=points,
            swing_k=float(table.get("swing_k", 0.0)),
            wind_m_s=float(table.get("wind_m_s", 2.0)),
            sun_w_m2=float(table.get("sun_w_m2", 0.0)),
            first_local_hour=start.hour + start.minute / 60.0,
        )

    def _timeline(self, rows: Sequence[Mapping[str, Any]]) -> list[Order]:
        found = []
        for number, row in enumerate(rows):
            try:
                found.append(read_order(float(row["h"]) * 3600.0, str(row["do"])))
            except (KeyError, TypeError, ValueError, VerbError) as error:
                self._wrong(f"at[{number}]", str(error), 'h = 1.5, do = "drop plant 30s"')
        return found

    def _checks(self, rows: Sequence[Mapping[str, Any]]) -> list[Check]:
        found = []
        for number, row in enumerate(rows):
            own = dict(row)
            name, what = own.pop("name", ""), own.pop("what", "")
            low, high = own.pop("low", None), own.pop("high", None)
            if not name or not what or (low is None and high is None):
                self._wrong(f"assert[{number}]", "needs name, what, and low or high", "see docs")
                continue
            found.append(Check(name=name, what=what, options=own, low=low, high=high))
        return found

    def _wrong(self, column: str, message: str, remedy: str) -> None:
        self.problems.append(
            Problem(file=self._file, column=column, message=message, remedy=remedy)
        )
