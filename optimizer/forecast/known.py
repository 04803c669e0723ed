"""What was known at an instant: the only thing a forecaster can be given.

Loads and weather of the past, and the newest weather forecast, each with the instant at which it
was there. `Known` can not be made with anything younger than its issue time, and nothing else
reaches a forecaster, so a look ahead fails before it can flatter anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray, frozen

HOUR = timedelta(hours=1)
DAY_H = 24
_SATURDAY = 5


class LookAheadError(TypeError):
    """Something of a later instant than the forecast's was handed to a forecaster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """When people live how: the local clock and the days off beside Saturdays and Sundays."""

    utc_offset_h: float = 0.0
    days_off: frozenset[date] = frozenset()

    def local_hour(self, ends: Sequence[datetime]) -> IntArray:
        """Local hour of the day of hours that end at instants.

        Args:
            ends: Ends of the hours, tz-aware.

        Returns:
            0 to 23, shape (hours,).
        """
        return np.array([self._begin(end).hour for end in ends], dtype=np.int64)

    def is_off(self, ends: Sequence[datetime]) -> BoolArray:
        """Whether hours that end at instants belong to a day off.

        Args:
            ends: Ends of the hours, tz-aware.

        Returns:
            Shape (hours,).
        """
        begins = [self._begin(end) for end in ends]
        return np.array([b.weekday() >= _SATURDAY or b.date() in self.days_off for b in begins])

    def _begin(self, end: datetime) -> datetime:
        # A few seconds inside the hour: its very beginning belongs to it, its end does not.
        return end - HOUR + timedelta(hours=self.utc_offset_h, seconds=1)


@dataclass(frozen=True, kw_only=True)
class Past:
    """Hourly means of consecutive hours; the first ends at `first_end` (tz-aware UTC).

    Attributes:
        first_end: End of the first hour.
        load_kw: Heat, kW, NaN where it was not measured, shape (hours,).
        outdoor_temp_c: Outdoor temperature, degC, NaN likewise, shape (hours,).
        ghi_w_m2: Global horizontal irradiance, W/m2, NaN likewise, shape (hours,).
    """

    first_end: datetime
    load_kw: FloatArray
    outdoor_temp_c: FloatArray
    ghi_w_m2: FloatArray

    def __post_init__(self) -> None:
        _require_utc(self.first_end)
        if not len(self.load_kw) == len(self.outdoor_temp_c) == len(self.ghi_w_m2):
            raise ValueError("load, temperature and radiation have different numbers of hours")

    @property
    def hours(self) -> int:
        """Number of hours."""
        return len(self.load_kw)

    @property
    def last_end(self) -> datetime:
        """End of the last hour."""
        return self.first_end + HOUR * (self.hours - 1)


@dataclass(frozen=True, kw_only=True)
class WeatherIssue:
    """A weather forecast: hourly means, the first of the hour that ends an hour after its issue."""

    issue_time: datetime
    outdoor_temp_c: FloatArray
    ghi_w_m2: FloatArray

    def __post_init__(self) -> None:
        _require_utc(self.issue_time)
        if len(self.outdoor_temp_c) != len(self.ghi_w_m2):
            raise ValueError("temperature and radiation have different numbers of hours")


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that a forecast issued at `issue_time` may stand on."""

    issue_time: datetime
    past: Past
    weather: WeatherIssue
    calendar: Calendar

    def __post_init__(self) -> None:
        _require_utc(self.issue_time)
        if not isinstance(self.past, Past) or not isinstance(self.weather, WeatherIssue):
            raise LookAheadError("a forecast stands on a Past and a WeatherIssue, nothing else")
        for name, at in (("load", self.past.last_end), ("weather", self.weather.issue_time)):
            if at > self.issue_time:
                message = f"{name} of {at.isoformat()} was not known at {self.issue_time}"
                raise LookAheadError(f"{message}; give what was there by then")
        if self.past.hours and self.past.last_end != self.issue_time:
            raise ValueError("the past must reach to the issue time; mark missing hours as NaN")

    @property
    def leads(self) -> int:
        """Hours ahead that the weather reaches."""
        return len(self.weather.outdoor_temp_c) - self._age_h

    @property
    def _age_h(self) -> int:
        return int((self.issue_time - self.weather.issue_time) / HOUR)

    def weather_ahead(self, leads: int) -> tuple[FloatArray, FloatArray]:
        """Weather of the hours after the issue time.

        Args:
            leads: How many.

        Returns:
            Temperature in degC and irradiance in W/m2, shape (leads,).
        """
        part = slice(self._age_h, self._age_h + leads)
        return self.weather.outdoor_temp_c[part], self.weather.ghi_w_m2[part]

    def target_ends(self, leads: int) -> list[datetime]:
        """Ends of the hours that are forecast.

        Args:
            leads: How many.

        Returns:
            tz-aware UTC.
        """
        return [self.issue_time + HOUR * (k + 1) for k in range(leads)]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A past with the weather forecasts issued in it: what a forecaster is trained and tried on."""

    past: Past
    issues: tuple[WeatherIssue, ...]
    calendar: Calendar

    def known_at(self, index: int) -> Known:
        """What was known when the hour at an index of the past had ended.

        Args:
            index: Position in the past.

        Returns:
            Everything up to then; later hours are not in it.

        Raises:
            LookAheadError: No weather forecast had been issued by then.
        """
        at = self.past.first_end + HOUR * index
        weather = self._newest(at)
        past = Past(
            first_end=self.past.first_end,
            load_kw=self.past.load_kw[: index + 1],
            outdoor_temp_c=self.past.outdoor_temp_c[: index + 1],
            ghi_w_m2=self.past.ghi_w_m2[: index + 1],
        )
        return Known(issue_time=at, past=past, weather=weather, calendar=self.calendar)

    def until(self, index: int) -> "Archive":
        """The same archive as it was when the hour at an index had ended.

        Args:
            index: Position in the past.

        Returns:
            The archive without anything later.
        """
        known = self.known_at(index)
        issues = tuple(one for one in self.issues if one.issue_time <= known.issue_time)
        return Archive(past=known.past, issues=issues, calendar=self.calendar)

    def _newest(self, at: datetime) -> WeatherIssue:
        first = self.issues[0].issue_time if self.issues else at + HOUR
        if first > at:
            raise LookAheadError(f"no weather forecast was issued by {at.isoformat()}")
        low, high = 0, len(self.issues)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.issues[middle].issue_time <= at else (low, middle)
        return self.issues[low]


def weather_as_it_came(past: Past, leads: int) -> tuple[WeatherIssue, ...]:
    """Weather forecasts that were right, for a record that has none.

    They flatter a forecast of the load: say so beside every figure that stands on them.

    Args:
        past: The record.
        leads: Hours ahead.

    Returns:
        One issue at each hour that has that many hours after it.
    """
    temp, ghi = filled(past.outdoor_temp_c), filled(past.ghi_w_m2)
    return tuple(
        WeatherIssue(
            issue_time=past.first_end + HOUR * i,
            outdoor_temp_c=temp[i + 1 : i + 1 + leads],
            ghi_w_m2=ghi[i + 1 : i + 1 + leads],
        )
        for i in range(past.hours - 1)
    )


def filled(values: FloatArray) -> FloatArray:
    """Fill gaps from the past alone: by the hour a day before, else by the last value.

    Args:
        values: Hourly values with NaN, shape (hours,).

    Returns:
        The same without NaN; zero before the first value.
    """
    full = np.array(values, dtype=float)
    for i in np.flatnonzero(~np.isfinite(full)):
        before = full[i - DAY_H] if i >= DAY_H else np.nan
        full[i] = before if np.isfinite(before) else (full[i - 1] if i else 0.0)
    return frozen(full)


def hours_between(earlier: datetime, later: datetime) -> int:
    """Whole hours from one instant to another.

    Args:
        earlier: tz-aware.
        later: tz-aware.

    Returns:
        The number, negative where `later` is earlier.
    """
    return round((later - earlier) / HOUR)


def _require_utc(at: datetime) -> None:
    if at.utcoffset() != timedelta(0):
        raise ValueError(f"{at.isoformat()} is not UTC")
