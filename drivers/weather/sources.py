"""Ordered weather sources: the first that is fresh and reaches far enough is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from drivers.base import DriverError, WeatherSeries, WeatherUnavailable
from drivers.weather.csv_file import read_weather_csv

CLOCK_SLACK = timedelta(minutes=10)


class WeatherSource(Protocol):
    """Anything that gives a forecast."""

    @property
    def name(self) -> str:
        """Name, for people."""
        ...

    def fetch(self, now: datetime) -> WeatherSeries:
        """Give the newest forecast; a DriverError where there is none."""
        ...


class CsvSource:
    """A weather CSV that somebody else keeps up to date; issued when it was last written.

    Args:
        path: The file.
    """

    name = "csv"

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def fetch(self, now: datetime) -> WeatherSeries:
        """Read the file.

        Args:
            now: Not used: the file says itself how old it is.

        Returns:
            The series.

        Raises:
            BadInput: With every problem of the file.
            WeatherUnavailable: The file is not there.
        """
        try:
            written_s = self._path.stat().st_mtime
        except OSError as error:
            raise WeatherUnavailable(f"{self._path}: {error.strerror}") from error
        return read_weather_csv(self._path, issue_time=datetime.fromtimestamp(written_s, UTC))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The forecast that was taken, and why each source before it was not."""

    series: WeatherSeries
    refusals: tuple[str, ...]


def choose(
    sources: Sequence[WeatherSource], now: datetime, *, stale_after_h: float, needed_h: float
) -> Chosen:
    """Take the first usable forecast.

    Args:
        sources: In order of preference.
        now: The present, tz-aware UTC.
        stale_after_h: A forecast issued longer ago is not used, h.
        needed_h: How far it must reach from now, h.

    Returns:
        The forecast with the refusals before it.

    Raises:
        WeatherUnavailable: No source has one; says why of each.
    """
    refusals: list[str] = []
    for source in sources:
        try:
            series = source.fetch(now)
        except DriverError as error:
            refusals.append(f"{source.name}: {error}")
            continue
        reason = unusable(series, now, stale_after_h=stale_after_h, needed_h=needed_h)
        if reason is None:
            return Chosen(series=series, refusals=tuple(refusals))
        refusals.append(f"{source.name}: {reason}")
    raise WeatherUnavailable("; ".join(refusals) or "no weather source is configured")


def unusable(
    series: WeatherSeries, now: datetime, *, stale_after_h: float, needed_h: float
) -> str | None:
    """Say why a forecast can not be used now.

    Args:
        series: The forecast.
        now: The present, tz-aware UTC.
        stale_after_h: Largest age, h.
        needed_h: How far it must reach from now, h.

    Returns:
        The reason, or None where it can be used.
    """
    age = now - series.issue_time
    if age > timedelta(hours=stale_after_h):
        hours = age / timedelta(hours=1)
        return f"issued {hours:.1f} h ago; at most {stale_after_h:g} h"
    if age < -CLOCK_SLACK:
        return f"issued in the future, at {series.issue_time.isoformat()}"
    if series.times[0] > now:
        return f"begins only at {series.times[0].isoformat()}"
    end = now + timedelta(hours=needed_h)
    if series.times[-1] < end:
        return f"ends at {series.times[-1].isoformat()}, before {end.isoformat()}"
    return None
