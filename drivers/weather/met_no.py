"""met.no locationforecast 2.0.

The service wants to be asked by name, no more often than it says, and with at most four decimals of
a place; who does not keep to that is throttled (429), then shut out (403).

Source: api.met.no/weatherapi/locationforecast/2.0/documentation, api.met.no/doc/TermsOfService.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from drivers.base import WeatherSeries, WeatherUnavailable
from drivers.weather import fields
from drivers.weather.http import (
    DEFAULT_PATIENCE,
    NOT_MODIFIED,
    Answer,
    Patience,
    get,
    http_date,
    json_object,
)

HOST = "https://api.met.no"
PATH = "/weatherapi/locationforecast/2.0/complete"
DECIMALS = 4
LARGEST_STEP = timedelta(hours=3)
CLOCK_SLACK = timedelta(minutes=10)
WITHOUT_EXPIRES = timedelta(minutes=30)
AFTER_REFUSAL = timedelta(minutes=15)


@dataclass
class _Memory:
    """What was fetched last, and until when the service is not to be asked."""

    series: WeatherSeries | None = None
    last_modified: str | None = None
    ask_again: datetime | None = None
    refusal: str = ""
    refused_until: datetime | None = None


class MetNo:
    """The forecast for one place: hourly for some 60 h, without irradiance.

    Args:
        latitude: Degrees north.
        longitude: Degrees east.
        user_agent: Product and a way to reach its operator: an address with @ or a web page.
        altitude_m: Metres above the sea, where known.
        base_url: Another server than the service's.
        patience: How long to wait for an answer.

    Raises:
        ValueError: No place on Earth, or a User-Agent that does not identify.
    """

    name = "met_no"

    def __init__(
        self,
        latitude: float,
        longitude: float,
        *,
        user_agent: str,
        altitude_m: float | None = None,
        base_url: str = HOST,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        fields.check_place(latitude, longitude)
        if not user_agent.isascii() or not any(mark in user_agent for mark in ("@", "://")):
            raise ValueError(
                f"user_agent {user_agent!r} says not who asks; write product and e-mail or page"
            )
        self._url = base_url.rstrip("/") + PATH
        self._params = {
            "lat": f"{latitude:.{DECIMALS}f}",
            "lon": f"{longitude:.{DECIMALS}f}",
        }
        if altitude_m is not None:
            self._params["altitude"] = str(round(altitude_m))
        self._user_agent = user_agent
        self._patience = patience
        self._memory = _Memory()

    def fetch(self, now: datetime) -> WeatherSeries:
        """Give the newest forecast there is, asking the service only when it allows.

        Args:
            now: The present, tz-aware UTC.

        Returns:
            The series as far as its steps are no longer than 3 h.

        Raises:
            WeatherUnavailable: No usable answer.
        """
        memory = self._memory
        if memory.series is not None and memory.ask_again is not None and now < memory.ask_again:
            return memory.series
        if memory.refused_until is not None and now < memory.refused_until:
            if memory.series is not None:
                return memory.series
            raise WeatherUnavailable(f"{memory.refusal}; not asked until {memory.refused_until}")
        headers = {"User-Agent": self._user_agent, "Accept": "application/json"}
        if memory.series is not None and memory.last_modified is not None:
            headers["If-Modified-Since"] = memory.last_modified
        try:
            answer = get(self._url, params=self._params, headers=headers, patience=self._patience)
        except WeatherUnavailable as error:
            self._put_off(error, now)
            if memory.series is None:
                raise
            return memory.series  # it says itself how old it is
        return self._taken_in(answer, now)

    def _taken_in(self, answer: Answer, now: datetime) -> WeatherSeries:
        memory = self._memory
        if answer.status != NOT_MODIFIED:
            memory.series = _parsed(json_object(answer, self._url), now)
            memory.last_modified = answer.headers.get("last-modified")
        if memory.series is None:
            raise WeatherUnavailable(f"{self._url} says 'not modified' to a first question")
        expires = http_date(answer.headers.get("expires"))
        memory.ask_again = now + WITHOUT_EXPIRES if expires is None else expires
        return memory.series

    def _put_off(self, error: WeatherUnavailable, now: datetime) -> None:
        """Keep away after a refusal, as the terms of service demand."""
        refused = "(429)" in str(error) or "(403)" in str(error)
        wait = AFTER_REFUSAL
        if error.retry_after_s is not None:
            wait = timedelta(seconds=error.retry_after_s)
        if refused:
            self._memory.refusal = str(error)
            self._memory.refused_until = now + wait


def _parsed(content: Mapping[str, object], now: datetime) -> WeatherSeries:
    properties = fields.table(content, "properties")
    meta = fields.table(properties, "meta")
    units = fields.table(meta, "units")
    fields.expect(units, "air_temperature", "celsius")
    fields.expect(units, "wind_speed", "m/s")
    issue_time = fields.instant(meta.get("updated_at"), "updated_at")
    if issue_time > now + CLOCK_SLACK:
        raise WeatherUnavailable(f"the forecast was issued in the future: {issue_time.isoformat()}")
    times: list[datetime] = []
    temps, winds = [], []
    for i, row in enumerate(fields.rows(properties, "timeseries")):
        where = f"timeseries {i}"
        if not isinstance(row, dict):
            raise WeatherUnavailable(f"{where} is no object")
        time = fields.instant(row.get("time"), where)
        if times and time <= times[-1]:
            raise WeatherUnavailable(f"{where}: {time.isoformat()} does not come after the last")
        if times and time - times[-1] > LARGEST_STEP:
            break
        data = fields.table(row, "data")
        details = fields.table(fields.table(data, "instant"), "details")
        times.append(time)
        temps.append(fields.plausible(details.get("air_temperature"), "outdoor_temp_c", where))
        winds.append(fields.plausible(details.get("wind_speed"), "wind_m_s", where))
    if len(times) < 2:
        raise WeatherUnavailable("the forecast has fewer than two instants")
    return WeatherSeries(
        source=MetNo.name,
        issue_time=issue_time,
        times=tuple(times),
        members=("control",),
        outdoor_temp_c=np.array([temps]),
        wind_m_s=np.array([winds]),
    )
