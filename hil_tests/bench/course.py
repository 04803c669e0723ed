"""The weather of a scenario, and the forecasts of it that the engine gets, with their errors."""

import math
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from hil_tests.bench.plant import Weather

HISTORY_H, AHEAD_H = 72, 84
ISSUE_EVERY_S = 3600.0
# Root mean square error of a forecast: 1.5 K at 24 h, 2.5 K at 48 h.
ERROR_AT_24_H_K, ERROR_GROWTH = 1.5, math.log(2.5 / 1.5) / math.log(2.0)
ERROR_LASTS_H = 12.0  # how long an error keeps its sign along the forecast


@dataclass(frozen=True, kw_only=True)
class Course:
    """Outdoor temperature as points of (hour, degC), and a daily swing, coldest at 6 local."""

    points: tuple[tuple[float, float], ...]
    swing_k: float = 0.0
    wind_m_s: float = 2.0
    sun_w_m2: float = 0.0
    first_local_hour: float = 0.0

    def at(self, hour: float) -> Weather:
        """Give the weather of an hour.

        Args:
            hour: Hours since the scenario's start; before it, the first point holds.

        Returns:
            The weather.
        """
        clock = self.first_local_hour + hour
        hours, levels = zip(*self.points, strict=True)
        level = float(np.interp(hour, hours, levels))
        swing = -self.swing_k * math.cos(2.0 * math.pi * (clock - 6.0) / 24.0)
        height = math.sin(math.pi * ((clock % 24.0) - 7.0) / 10.0)
        sun = self.sun_w_m2 * max(height, 0.0) if 7.0 <= clock % 24.0 <= 17.0 else 0.0
        return Weather(outdoor_temp_c=level + swing, wind_m_s=self.wind_m_s, ghi_w_m2=sun)


@dataclass
class Forecaster:
    """Issues forecasts into a file, as a weather service would.

    Attributes:
        course: What really comes.
        start: The scenario's start, tz-aware.
        path: The file.
        seed: Of the errors; None for forecasts without any.
        bias_k: A lasting error.
        wrong_k: What a fault adds to everything ahead.
        silent: Whether the service is out.
    """

    course: Course
    start: datetime
    path: Path
    seed: int | None
    bias_k: float = 0.0
    wrong_k: float = 0.0
    silent: bool = False

    def issue(self, second: float) -> None:
        """Write the forecast that is known now.

        Args:
            second: Seconds since the start.
        """
        if self.silent:
            return
        now_h = math.floor(second / 3600.0)
        errors = self._errors(now_h)
        rows = ["time,outdoor_temp_c,wind_m_s,ghi_w_m2"]
        for ahead in range(-HISTORY_H, AHEAD_H + 1):
            weather = self.course.at(now_h + ahead)
            temp_c = weather.outdoor_temp_c + (errors[ahead] if ahead > 0 else 0.0)
            at = self.start + timedelta(hours=now_h + ahead)
            rows.append(
                f"{at.isoformat()},{temp_c:.2f},{weather.wind_m_s:.1f},{weather.ghi_w_m2:.0f}"
            )
        beside = self.path.with_suffix(".new")
        beside.write_text("\n".join(rows) + "\n", encoding="utf-8", newline="\n")
        written = self.start.timestamp() + second
        os.utime(beside, (written, written))
        beside.replace(self.path)

    def _errors(self, now_h: int) -> list[float]:
        """Errors by hours ahead; index 0 is the present."""
        found = [0.0]
        if self.seed is None:
            return [self.wrong_k] * (AHEAD_H + 1)
        chance = np.random.default_rng([self.seed, 11, now_h + HISTORY_H])
        keep = math.exp(-1.0 / ERROR_LASTS_H)
        state = float(chance.standard_normal())
        for ahead in range(1, AHEAD_H + 1):
            state = keep * state + math.sqrt(1.0 - keep**2) * float(chance.standard_normal())
            spread = ERROR_AT_24_H_K * (ahead / 24.0) ** ERROR_GROWTH
            found.append(self.bias_k + self.wrong_k + spread * state)
        return found
