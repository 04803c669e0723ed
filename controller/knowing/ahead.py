"""What the engine knows of the hours ahead: weather corrected, loads forecast, both archived.

Every cycle adds to the means of the hour. When an hour has ended, it is kept with the weather
forecast of then, and the loads are forecast from what was known; the forecast is kept too, with its
issue time, so that what is learned and how good it is rests on what was known then.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from controller.alarms.board import Cause
from controller.engine.core import Core
from controller.engine.planner import PlanTask
from controller.knowing.hour_means import HourMeans
from controller.knowing.load_archive import (
    LEADS,
    archive_of,
    issue_body,
    issue_of,
    known_of,
    past_of,
)
from controller.knowing.load_members import FRESH, fresh, load_factors, with_loads
from controller.knowing.load_score import forecast_json, issued_of, score_json
from controller.knowing.loads import TOTAL, learned_every_h, load_names, weather_issue
from controller.knowing.modelled_day import modelled_day
from controller.store.errors import StoreError
from controller.store.forecasts import (
    LOAD,
    WEATHER,
    StoredHour,
    hours_since,
    issues_since,
    record_hour,
    record_issue,
)
from controller.store.present import publish
from drivers.base import WeatherSeries
from optimizer.forecast.features import NEEDED_H
from optimizer.forecast.forecaster import RECENT_H as ERRORS_H
from optimizer.forecast.forecaster import Forecaster, LoadForecast, train
from optimizer.forecast.known import DAY_H, HOUR, Known, WeatherIssue, hours_between
from optimizer.forecast.weather_errors import (
    RECENT_H,
    WeatherErrors,
    corrected_issue,
    corrected_issues,
    corrected_members,
    learn_errors,
    present_error_k,
)
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast

log = logging.getLogger(__name__)

PUBLISHED_AS = "loads"
LEARNED_FROM, WEATHER_LEARNED_FROM = timedelta(days=120), timedelta(days=45)
FRESH_H = FRESH // HOUR
# Fewer hours than these make no physics of a load.
LEAST_HOURS = 48


@dataclass(frozen=True, kw_only=True)
class _Learned:
    """What training has given; replaced as a whole, as another thread uses it."""

    forecasters: Mapping[str, Forecaster]
    weather: WeatherErrors | None


class Ahead:
    """Keeps the archive and gives what is learned from it.

    Args:
        core: The engine's shared part.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._site = core.tables.site
        self._means = HourMeans(self._site)
        self._hour: datetime | None = None
        self._learned = _Learned(forecasters={}, weather=None)
        self._forecasts: dict[str, LoadForecast] = {}
        self._known: Known | None = None
        self._error_k = 0.0
        self._training = threading.Lock()

    def weather(self, now: datetime, series: WeatherSeries) -> WeatherSeries:
        """Take note of the present and correct a weather forecast by what has been learned.

        Args:
            now: tz-aware UTC.
            series: The forecast as its source gave it.

        Returns:
            The corrected forecast; the same where too little is known.
        """
        try:
            self._see(now, series)
        except StoreError as error:
            self._core.store_failed(error)
        learned = self._learned.weather
        if learned is None:
            return series
        ahead_h = (series.posix_s - now.timestamp()) / 3600.0
        outdoor = corrected_members(series.outdoor_temp_c, ahead_h, self._error_k, learned)
        return replace(series, outdoor_temp_c=outdoor)

    def loads(self, now: datetime, series: WeatherSeries, task: PlanTask) -> Forecast:
        """Give the members of a plan their loads.

        Args:
            now: tz-aware UTC.
            series: The weather, corrected.
            task: What is to be planned, with the same weather on its grid.

        Returns:
            The task's forecast as it is where nothing is learned, or not of late.
        """
        forecast, made = task.forecast, fresh(self._forecasts, now)
        if not made:
            return forecast
        modelled = modelled_day(
            task.district, task.state, forecast, total_is_sent=self._means.total_is_sent
        )
        spread = self._spread_by_weather(series) if forecast.members > 1 else 0.0
        return with_loads(forecast, load_factors(made, modelled, spread))

    def train(self) -> None:
        """Learn from the archive; the engine's calendar does it every night and at the start.

        Raises:
            StoreError: The archive could not be read.
        """
        with self._training:
            hours, issues = self._archive(self._core.clock())
            self._learned = _Learned(
                forecasters=self._trained(hours, issues, load_names(self._site)),
                weather=_weather_errors(hours, issues, self._core.clock()),
            )

    def _spread_by_weather(self, series: WeatherSeries) -> float:
        """Standard deviation of the next day's load over the members of the weather, relative."""
        forecaster, known = self._learned.forecasters.get(TOTAL), self._known
        if forecaster is None or known is None:
            return 0.0
        means = []
        for member in range(len(series.members)):
            weather = weather_issue(series, known.issue_time, DAY_H, member)
            ahead_kw = forecaster.physics.ahead_kw(replace(known, weather=weather), DAY_H)
            means.append(float(np.mean(ahead_kw)))
        return float(np.std(means) / np.mean(means)) if np.mean(means) > 0.0 else 0.0

    def _see(self, now: datetime, series: WeatherSeries) -> None:
        """Add to the hour; when it has ended, keep it and forecast."""
        ended = now.replace(minute=0, second=0, microsecond=0)
        begun, self._hour = self._hour, ended
        hour = self._means.finish(ended) if begun != ended else None
        if hour is not None and begun is not None and ended - begun == HOUR:
            with self._core.database.recording() as connection:
                record_hour(connection, hour)
                record_issue(connection, WEATHER, ended, issue_body(series, ended))
            self._try_forecast(ended)
        self._means.add(self._core.readings)

    def _try_forecast(self, ended: datetime) -> None:
        """A forecast that fails is an alarm; the plan then stands on physics alone."""
        try:
            self._forecast(ended)
            self._core.causes.pop("loads", None)
        except StoreError:
            raise
        except Exception as error:
            log.exception("the load forecast failed")
            detail = f"{type(error).__name__}: {error}"
            self._core.causes["loads"] = (
                Cause(code="job_failed", source="load forecast", detail=detail),
            )
            self._forecasts = {}

    def _forecast(self, ended: datetime) -> None:
        """Forecast the loads, keep and publish what was forecast; bring the weather's error up."""
        hours, issues = self._archive(ended, timedelta(hours=NEEDED_H + DAY_H))
        self._error_k = _present_error(hours, issues, ended)
        if not self._learned.forecasters:
            first = self._trained(hours, issues, (TOTAL,))
            self._learned = replace(self._learned, forecasters=first)
        with self._core.database.history() as connection:
            earlier = issues_since(connection, LOAD, ended - HOUR * (ERRORS_H + LEADS))
        made, weather = {}, self._corrected(issues[-1])
        of_late = set()
        for name, forecaster in self._learned.forecasters.items():
            known = known_of(hours, weather, name, self._site.timezone)
            if known.leads >= DAY_H and np.isfinite(known.past.outdoor_temp_c).any():
                made[name] = forecaster.forecast(known, known.leads, issued_of(earlier, name))
                self._known = known if name == TOTAL else self._known
                if np.isfinite(known.past.load_kw[-FRESH_H - 1 :]).any():
                    of_late.add(name)
        # What has not been measured of late is forecast all the same, but nothing to plan with.
        self._forecasts = {name: one for name, one in made.items() if name in of_late}
        if TOTAL not in made:
            return
        body = {name: forecast_json(one, whole=name == TOTAL) for name, one in made.items()}
        with self._core.database.recording() as connection:
            record_issue(connection, LOAD, ended, {"loads": body})
        with self._core.database.history() as connection:
            score = score_json(connection, ended)
        told = {"issue_time": ended.isoformat(), "loads": body, "score": score}
        with self._core.database.writing() as connection:
            publish(connection, PUBLISHED_AS, told, ended)

    def _corrected(self, issue: WeatherIssue) -> WeatherIssue:
        learned = self._learned.weather
        return issue if learned is None else corrected_issue(issue, self._error_k, learned)

    def _archive(
        self, now: datetime, back: timedelta = LEARNED_FROM
    ) -> tuple[tuple[StoredHour, ...], tuple[WeatherIssue, ...]]:
        with self._core.database.history() as connection:
            hours = hours_since(connection, now - back)
            issues = issues_since(connection, WEATHER, now - back)
        return hours, tuple(issue_of(one) for one in issues)

    def _trained(
        self, hours: Sequence[StoredHour], issues: Sequence[WeatherIssue], names: Sequence[str]
    ) -> dict[str, Forecaster]:
        """Train what has been measured for long enough."""
        found: dict[str, Forecaster] = {}
        if not issues or not hours:
            return found
        weather = corrected_issues(issues, past_of(hours, TOTAL))
        for name in names:
            measured = sum(name in hour.loads_kw for hour in hours)
            if measured < LEAST_HOURS:
                continue
            archive = archive_of(hours, weather, name, self._site.timezone)
            past = archive.past
            if np.isfinite(past.load_kw + past.outdoor_temp_c).sum() < LEAST_HOURS:
                continue
            found[name] = train(archive, every_h=learned_every_h(past))
        return found


def _came(hours: Sequence[StoredHour]) -> FloatArray:
    return past_of(hours, TOTAL).outdoor_temp_c


def _weather_errors(
    hours: Sequence[StoredHour], issues: Sequence[WeatherIssue], now: datetime
) -> WeatherErrors | None:
    late = [one for one in issues if one.issue_time >= now - WEATHER_LEARNED_FROM]
    if not hours or not late:
        return None
    first = hours_between(hours[0].ended_at, late[0].issue_time) + 1
    if first < 0:
        return None
    return learn_errors(late, _came(hours), first, LEADS)


def _present_error(
    hours: Sequence[StoredHour], issues: Sequence[WeatherIssue], now: datetime
) -> float:
    """Sensor minus forecast in the last hours, by the forecasts of an hour before each."""
    came, said = np.full(RECENT_H, np.nan), np.full(RECENT_H, np.nan)
    for hour in hours:
        k = RECENT_H - 1 - hours_between(hour.ended_at, now)
        if 0 <= k < RECENT_H and hour.outdoor_temp_c is not None:
            came[k] = hour.outdoor_temp_c
    for issue in issues:
        k = RECENT_H - hours_between(issue.issue_time, now)
        if 0 <= k < RECENT_H and len(issue.outdoor_temp_c):
            said[k] = issue.outdoor_temp_c[0]
    return present_error_k(came, said)
