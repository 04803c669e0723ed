"""Scenario files: weather, timeline and assertions, read with every mistake at once."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.problems import InputError
from drivers.base import Problem
from hil_tests.bench.checks import Check, read_check
from hil_tests.bench.course import Course
from hil_tests.bench.scenario_values import Span, Values, Wrongs
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
class Scenario:
    """A run of the bench.

    `plant_seed` None is the plant as modelled. `approves` is how many minutes after each
    recommendation the operator approves it, None for never. `arms_at_h` None: nobody arms.
    `starts_cold`: no boiler has burnt for weeks.
    """

    name: str
    purpose: str
    site: str
    start: datetime
    hours: float
    short: bool
    seed: int
    plant_seed: int | None
    starts_cold: bool
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
    wrongs = Wrongs(str(path))
    found = _Reader(wrongs).scenario(path.stem, content)
    if wrongs.problems or found is None:
        raise InputError(wrongs.problems)
    return found


_KEYS: Mapping[str, Sequence[str]] = {
    "": ("purpose", "site", "start", "hours", "short", "seed", "plant_seed", "starts_cold",
         "weather", "forecast", "engine", "people", "at", "assert", "wire_polls", "trace_s"),
    "weather": ("points", "swing_k", "wind_m_s", "sun_w_m2"),
    "forecast": ("errors", "bias_k"),
    "engine": ("cycle_s", "safety_s", "poll_s", "fallback_writes"),
    "people": ("approves_after_min", "arms_at_h"),
}  # fmt: skip
_ORDER = 'h = 1.5, do = "drop plant 30s"'
_NEEDED = ("purpose", "start", "hours", "weather", "assert")
_ROWS = ("at", "assert")
# A year and a day: the demonstration goes on for a year.
_HOURS = Span(0.0, 24.0 * 366.0, open_low=True)
_TEMPS_C = Span(-60.0, 60.0)
_DAY_S = Span(1.0, 86400.0)
# As `heatwarden run` takes it.
_SAFETY_S = Span(0.05, 60.0)
_MOST_SEED = 2**32 - 1
_FIRST_YEAR, _LAST_YEAR = 2000, 2199


class _Reader:
    """Collects what is wrong while it reads."""

    def __init__(self, wrongs: Wrongs) -> None:
        self._wrongs = wrongs

    def scenario(self, name: str, content: Mapping[str, Any]) -> Scenario | None:
        self._check_shape(content)
        if self._wrongs.problems:
            return None
        top = Values(content, "", self._wrongs)
        forecast = Values(content.get("forecast", {}), "forecast.", self._wrongs)
        people = Values(content.get("people", {}), "people.", self._wrongs)
        hours = top.number("hours", _HOURS.high, _HOURS)
        start = self._start(content["start"])
        return Scenario(
            name=name,
            purpose=top.text("purpose"),
            site=top.text("site", "village"),
            start=start,
            hours=hours,
            short=top.truth("short", usual=False),
            seed=top.whole("seed", 1, _MOST_SEED),
            plant_seed=top.whole("plant_seed", 1, _MOST_SEED) or None,
            starts_cold=top.truth("starts_cold", usual=False),
            course=self._course(start, content["weather"]),
            forecast_errors=forecast.truth("errors", usual=True),
            forecast_bias_k=forecast.number("bias_k", 1.0, Span(-30.0, 30.0)),
            engine=self._engine(content.get("engine", {})),
            approves_after_min=people.perhaps("approves_after_min", Span(0.0, 60.0 * hours)),
            arms_at_h=people.perhaps("arms_at_h", Span(0.0, hours, open_high=True)),
            timeline=tuple(
                sorted(self._timeline(content.get("at", []), hours), key=lambda one: one.second)
            ),
            checks=tuple(self._checks(content["assert"], hours)),
            wire_polls=top.truth("wire_polls", usual=True),
            trace_s=top.number("trace_s", 60.0, _DAY_S),
        )

    def _check_shape(self, content: Mapping[str, Any]) -> None:
        """Refuse keys that are not known or missing, and values where tables belong."""
        for table, known in _KEYS.items():
            found = content.get(table, {}) if table else content
            if not isinstance(found, Mapping):
                self._wrongs.refuse(table, found, f"a table [{table}]")
                continue
            for key in found:
                if key not in known:
                    column = f"{table}.{key}".strip(".")
                    self._wrongs.add(column, "is not known", ", ".join(known))
        for key in _NEEDED:
            if key not in content:
                self._wrongs.add(key, "is missing", "see docs/bench.md")
        for key in _ROWS:
            rows = content.get(key, [])
            if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
                self._wrongs.refuse(key, rows, f"tables [[{key}]]")

    def _start(self, value: object) -> datetime:
        if not isinstance(value, datetime) or value.utcoffset() is None:
            self._wrongs.add("start", "has no offset from UTC", "2026-01-16T00:00:00+08:00")
        elif not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            self._wrongs.refuse("start", value, f"a time of {_FIRST_YEAR} to {_LAST_YEAR}")
        else:
            return value
        return datetime(2026, 1, 16, tzinfo=UTC)

    def _engine(self, table: Mapping[str, Any]) -> EngineSettings:
        values = Values(table, "engine.", self._wrongs)
        writes = values.truth("fallback_writes", usual=False)
        return EngineSettings(
            cycle_s=values.number("cycle_s", EngineSettings.cycle_s, _DAY_S),
            safety_s=values.number("safety_s", EngineSettings.safety_s, _SAFETY_S),
            poll_s=values.perhaps("poll_s", _DAY_S),
            fallback_writes=writes if "fallback_writes" in table else None,
        )

    def _course(self, start: datetime, table: Mapping[str, Any]) -> Course:
        values = Values(table, "weather.", self._wrongs)
        return Course(
            points=self._points(table.get("points")),
            swing_k=values.number("swing_k", 0.0, Span(0.0, 60.0)),
            wind_m_s=values.number("wind_m_s", 2.0, Span(0.0, 60.0)),
            sun_w_m2=values.number("sun_w_m2", 0.0, Span(0.0, 1500.0)),
            first_local_hour=start.hour + start.minute / 60.0,
        )

    def _points(self, rows: object) -> tuple[tuple[float, float], ...]:
        """Read points of hour and degC, their hours rising."""
        allowed = f"[[hour, degC], ...], hours rising, each degC {_TEMPS_C.text}"
        found: list[tuple[float, float]] = []
        for row in rows if isinstance(rows, list) else []:
            hour, temp_c = row if isinstance(row, list) and len(row) == 2 else (math.nan, math.nan)
            after = found[-1][0] if found else -math.inf
            rises = Span(after, math.inf, open_low=True).holds(hour)
            if not rises or not _TEMPS_C.holds(temp_c):
                self._wrongs.refuse("weather.points", row, allowed)
                return ((0.0, 0.0),)
            found.append((float(hour), float(temp_c)))
        if not found:
            self._wrongs.refuse("weather.points", rows, allowed)
        return tuple(found)

    def _timeline(self, rows: Sequence[Mapping[str, Any]], hours: float) -> list[Order]:
        found = []
        span = Span(0.0, hours, open_high=True)
        for number, row in enumerate(rows):
            key = f"at[{number}]"
            if set(row) != {"h", "do"}:
                self._wrongs.add(key, "needs h and do, and nothing else", _ORDER)
                continue
            if not span.holds(row["h"]):
                self._wrongs.refuse(f"{key}.h", row["h"], f"{span.text}, the scenario's hours")
                continue
            try:
                found.append(read_order(float(row["h"]) * 3600.0, str(row["do"])))
            except VerbError as error:
                self._wrongs.add(f"{key}.do", str(error), _ORDER)
        return found

    def _checks(self, rows: Sequence[Mapping[str, Any]], hours: float) -> list[Check]:
        found = [
            read_check(row, f"assert[{number}]", hours, self._wrongs)
            for number, row in enumerate(rows)
        ]
        return [one for one in found if one is not None]
