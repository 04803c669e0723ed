"""Both nights of the clock change, and yesterday's forecast: right data or a typed refusal.

Europe springs forward at 01:00 UTC of 2026-03-29 and falls back at 01:00 UTC of 2026-10-25.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from drivers.base import WeatherSeries, WeatherUnavailable
from drivers.weather.met_no import MetNo
from drivers.weather.open_meteo import OpenMeteo
from drivers.weather.sources import choose
from tests.drivers.weather_server import (
    Service,
    as_reply,
    met_no_json,
    open_meteo_json,
    weather_service,
)

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
MOMENTS = [
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 1, 4, 0, 2, tzinfo=UTC),  # clocks on both sides of midnight
]


@pytest.fixture
def service() -> Iterator[Service]:
    with weather_service() as found:
        yield found


def open_meteo(service: Service, *, ensemble: bool = False) -> OpenMeteo:
    return OpenMeteo(36.80, 118.05, base_url=service.url, ensemble=ensemble)


def met_no(service: Service) -> MetNo:
    return MetNo(36.80, 118.05, user_agent="test tests@heat.example", base_url=service.url)


def local(instant: datetime, *, offset: bool) -> str:
    """The clock on the wall; without its offset, one hour of autumn comes twice."""
    there = instant.astimezone(BERLIN)
    return (there if offset else there.replace(tzinfo=None)).isoformat()


@pytest.mark.parametrize("now", MOMENTS, ids=str)
@pytest.mark.parametrize("ensemble", [False, True])
def test_open_meteo_s_hours_stay_where_they_are(
    service: Service, now: datetime, ensemble: bool
) -> None:
    members = 3 if ensemble else 1
    service.answer = lambda asked: as_reply(open_meteo_json(now, members=members), now)
    series = open_meteo(service, ensemble=ensemble).fetch(now)
    assert (np.diff(series.posix_s) == 3600).all()
    index = int((now.timestamp() - series.posix_s[0]) // 3600)
    assert series.outdoor_temp_c[0, index] == pytest.approx(-0.1 * index)


@pytest.mark.parametrize("now", MOMENTS, ids=str)
@pytest.mark.parametrize("stamps", ["in UTC", "in local time with its offset"])
def test_met_no_s_hours_stay_where_they_are(service: Service, now: datetime, stamps: str) -> None:
    content: Any = met_no_json(now)
    if stamps != "in UTC":
        for row in content["properties"]["timeseries"]:
            row["time"] = local(datetime.fromisoformat(row["time"]), offset=True)
    service.answer = lambda asked: as_reply(content, now)
    series = met_no(service).fetch(now)
    assert series.times[0] == now.replace(minute=0)
    assert (np.diff(series.posix_s) == 3600).all()
    assert series.outdoor_temp_c[0, 10] == -6.0


def as_local_text(content: Any) -> None:
    hours = [datetime.fromtimestamp(stamp, UTC) for stamp in content["hourly"]["time"]]
    content["hourly"]["time"] = [local(hour, offset=False) for hour in hours]
    content["hourly_units"]["time"] = "iso8601"


def as_local_seconds(content: Any) -> None:
    """The wall clock counted as if it were UTC: an hour missing in spring, doubled in autumn."""
    hours = [datetime.fromtimestamp(stamp, UTC) for stamp in content["hourly"]["time"]]
    wall = [hour.astimezone(BERLIN).replace(tzinfo=UTC) for hour in hours]
    content["hourly"]["time"] = [int(hour.timestamp()) for hour in wall]


def as_local_day(content: Any) -> None:
    """Unbroken hours that begin at local midnight, as the service gives for a time zone."""
    content["hourly"]["time"] = [stamp - 3600 for stamp in content["hourly"]["time"]]
    content["utc_offset_seconds"] = 3600


@pytest.mark.parametrize("now", MOMENTS[:4], ids=str)
@pytest.mark.parametrize("change", [as_local_text, as_local_seconds, as_local_day])
def test_open_meteo_in_local_time_is_refused(
    service: Service, now: datetime, change: Callable[[Any], None]
) -> None:
    content = open_meteo_json(now)
    change(content)
    service.answer = lambda asked: as_reply(content, now)
    with pytest.raises(WeatherUnavailable):
        open_meteo(service).fetch(now)


@pytest.mark.parametrize("now", MOMENTS[:4], ids=str)
def test_met_no_in_local_time_without_offset_is_refused(service: Service, now: datetime) -> None:
    content: Any = met_no_json(now)
    for row in content["properties"]["timeseries"]:
        row["time"] = local(datetime.fromisoformat(row["time"]), offset=False)
    service.answer = lambda asked: as_reply(content, now)
    with pytest.raises(WeatherUnavailable, match="no offset"):
        met_no(service).fetch(now)


@pytest.mark.parametrize("kind", ["open_meteo", "met_no"])
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_yesterday_s_forecast_is_not_taken(service: Service, now: datetime, kind: str) -> None:
    """A stuck service gives what was right a day ago; the next source steps in."""
    before = now - 24 * HOUR
    content = open_meteo_json(before) if kind == "open_meteo" else met_no_json(before)
    service.answer = lambda asked: as_reply(content, now)
    source = open_meteo(service) if kind == "open_meteo" else met_no(service)
    good = Made(WeatherSeries(
        source="made", issue_time=now, times=tuple(now + i * HOUR for i in range(60)),
        members=("a",), outdoor_temp_c=np.zeros((1, 60)),
    ))  # fmt: skip
    chosen = choose([source, good], now, stale_after_h=6, needed_h=48)
    assert chosen.series is good.series
    assert "not of" in chosen.refusals[0] or "issued 25.0 h ago" in chosen.refusals[0]


class Made:
    """A source that gives what it was made with."""

    name = "made"

    def __init__(self, series: WeatherSeries) -> None:
        self.series = series

    def fetch(self, now: datetime) -> WeatherSeries:
        return self.series


@pytest.mark.parametrize("behind_s", [180, -180])
def test_clocks_on_both_sides_of_midnight_are_no_stale_forecast(
    service: Service, behind_s: int
) -> None:
    now = datetime(2026, 1, 4, 0, 2 if behind_s > 0 else 0, tzinfo=UTC) - timedelta(minutes=1)
    theirs = now - timedelta(seconds=behind_s)
    service.answer = lambda asked: as_reply(open_meteo_json(theirs), theirs)
    series = open_meteo(service).fetch(now)
    assert series.times[0].date() == theirs.date() - timedelta(days=1)
