"""Open-Meteo: forecast and ensemble.

Everything is asked for in UTC as seconds since 1970, so that no daylight-saving night can shift an
hour; an answer in any other form is refused. The service does not say when a forecast was issued:
the time of its answer counts, which a cache between us and it can not make younger.

Source: open-meteo.com/en/docs and /en/docs/ensemble-api; shortwave_radiation is the mean of the
hour before its stamp, temperature_2m and wind_speed_10m are instantaneous. The free host is for
non-commercial use: a utility gives a key, its own server, or uses another source.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from drivers.base import FloatArray, WeatherSeries, WeatherUnavailable
from drivers.weather import fields
from drivers.weather.http import DEFAULT_PATIENCE, Answer, Patience, get, http_date, json_object

FREE_HOST = "https://api.open-meteo.com"
KEY_HOST = "https://customer-api.open-meteo.com"
FREE_ENSEMBLE_HOST = "https://ensemble-api.open-meteo.com"
KEY_ENSEMBLE_HOST = "https://customer-ensemble-api.open-meteo.com"
PAST_DAYS = 1
FORECAST_DAYS = 5
HOUR = timedelta(hours=1)
CLOCK_SLACK = timedelta(minutes=10)
ANSWER_TAKES = timedelta(minutes=1)
# A grid cell's centre is at most so far from the place that was asked for, degrees.
LARGEST_CELL_DEG = 1.0
_VARIABLES = {
    "outdoor_temp_c": ("temperature_2m", "°C"),
    "wind_m_s": ("wind_speed_10m", "m/s"),
    "ghi_w_m2": ("shortwave_radiation", "W/m²"),
}


class OpenMeteo:
    """A forecast, or an ensemble of them, for one place.

    Args:
        latitude: Degrees north.
        longitude: Degrees east.
        ensemble: Whether to ask for an ensemble's members.
        models: Models as the service names them; its choice when None (ensembles need one).
        api_key: Key of a customer.
        base_url: Own server instead of the service's.
        user_agent: How to introduce oneself.
        patience: How long to wait for an answer.
    """

    def __init__(
        self,
        latitude: float,
        longitude: float,
        *,
        ensemble: bool = False,
        models: str | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        user_agent: str = "heatwarden",
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        fields.check_place(latitude, longitude)
        hosts = {
            (False, False): FREE_HOST,
            (False, True): KEY_HOST,
            (True, False): FREE_ENSEMBLE_HOST,
            (True, True): KEY_ENSEMBLE_HOST,
        }
        self.name = "open_meteo_ensemble" if ensemble else "open_meteo"
        self.latitude = latitude
        self.longitude = longitude
        self._patience = patience
        self._headers = {"User-Agent": user_agent, "Accept": "application/json"}
        host = base_url or hosts[ensemble, api_key is not None]
        self._url = f"{host.rstrip('/')}/v1/{'ensemble' if ensemble else 'forecast'}"
        self._params = {
            "latitude": f"{latitude:.4f}",
            "longitude": f"{longitude:.4f}",
            "hourly": ",".join(name for name, _ in _VARIABLES.values()),
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "past_days": str(PAST_DAYS),
            "forecast_days": str(FORECAST_DAYS),
        }
        if models or ensemble:
            self._params["models"] = models or "icon_seamless"
        if api_key is not None:
            self._params["apikey"] = api_key

    def fetch(self, now: datetime) -> WeatherSeries:
        """Ask for the forecast.

        Args:
            now: The present, tz-aware UTC.

        Returns:
            Hourly series from yesterday's UTC midnight on.

        Raises:
            WeatherUnavailable: No usable answer.
        """
        answer = get(self._url, params=self._params, headers=self._headers, patience=self._patience)
        content = json_object(answer, self._url)
        fields.expect(content, "utc_offset_seconds", 0)
        self._check_cell(content)
        hourly = fields.table(content, "hourly")
        units = fields.table(content, "hourly_units")
        fields.expect(units, "time", "unixtime")
        times = _hours(fields.rows(hourly, "time"))
        answered = _answered(answer, now)
        _check_first(times[0], now, answered)
        members = _members(hourly, units)
        return _series(self.name, min(now, answered), times, members, hourly)

    def _check_cell(self, content: Mapping[str, object]) -> None:
        for key, asked in (("latitude", self.latitude), ("longitude", self.longitude)):
            found = content.get(key)
            if not isinstance(found, (int, float)) or abs(found - asked) > LARGEST_CELL_DEG:
                raise WeatherUnavailable(f"the forecast is for {key} {found}, not {asked}")


def _answered(answer: Answer, now: datetime) -> datetime:
    """When the service answered: its own date, less the time a cache has kept it."""
    date = http_date(answer.headers.get("date"))
    if date is None:
        return now
    age = answer.headers.get("age", "0")
    kept_s = float(age) if age.isascii() and age.isdecimal() else 0.0
    return date - timedelta(seconds=kept_s)


def _hours(stamps: list[object]) -> list[datetime]:
    """Read the stamps, which must be whole hours in a row."""
    times = []
    for stamp in stamps:
        if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 <= stamp < 2**33:
            raise WeatherUnavailable(f"time {stamp!r} is not in seconds since 1970")
        times.append(datetime.fromtimestamp(stamp, UTC))
    if len(times) < 2:
        raise WeatherUnavailable("fewer than two hours")
    for earlier, later in pairwise(times):
        if later - earlier != HOUR:
            raise WeatherUnavailable(f"{later.isoformat()} does not follow an hour after "
                                     f"{earlier.isoformat()}")  # fmt: skip
    return times


def _check_first(first: datetime, now: datetime, answered: datetime) -> None:
    """The answer must begin at yesterday's midnight, or it is not of today.

    Today is the service's own day, on whose clock an answer takes a moment, if it is ours too, as
    near as clocks agree: around midnight alone yesterday's answer would pass for today's.
    """
    ours = {(now + slack).date() for slack in (-CLOCK_SLACK, CLOCK_SLACK)}
    theirs = {answered.date(), (answered - ANSWER_TAKES).date()}
    if first.date() + timedelta(days=PAST_DAYS) not in ours & theirs or first.hour:
        raise WeatherUnavailable(
            f"the forecast begins at {first.isoformat()}, which is not of {now.date().isoformat()}"
        )


def _members(
    hourly: Mapping[str, object], units: Mapping[str, object]
) -> dict[str, dict[str, str]]:
    """Keys of each member's variables; the control run has no suffix."""
    base = _VARIABLES["outdoor_temp_c"][0]
    suffixes = [key.removeprefix(base) for key in hourly if key.startswith(base)]
    if "" not in suffixes:
        raise WeatherUnavailable(f"the answer has no {base}")
    members = {}
    for suffix in sorted(suffixes):
        keys = {quantity: name + suffix for quantity, (name, _) in _VARIABLES.items()}
        for quantity, key in keys.items():
            fields.expect(units, key, _VARIABLES[quantity][1])
        members[suffix.removeprefix("_") or "control"] = keys
    return members


def _series(
    name: str,
    issue_time: datetime,
    times: list[datetime],
    members: dict[str, dict[str, str]],
    hourly: Mapping[str, object],
) -> WeatherSeries:
    columns = {
        quantity: [_column(hourly, keys[quantity], len(times)) for keys in members.values()]
        for quantity in _VARIABLES
    }
    # Models end at different hours; the rest is null. Irradiance needs one hour more.
    ends = [_known(column) for group in columns.values() for column in group]
    end = min(ends) - 1
    if end < 2:
        raise WeatherUnavailable("the forecast has no hours with every variable")
    arrays: dict[str, FloatArray] = {}
    for quantity, group in columns.items():
        later = 1 if quantity == "ghi_w_m2" else 0
        arrays[quantity] = np.array(
            [
                [fields.plausible(column[i + later], quantity, f"hour {i}") for i in range(end)]
                for column in group
            ]
        )
    return WeatherSeries(
        source=name,
        issue_time=issue_time,
        times=tuple(times[:end]),
        members=tuple(members),
        outdoor_temp_c=arrays["outdoor_temp_c"],
        wind_m_s=arrays["wind_m_s"],
        ghi_w_m2=arrays["ghi_w_m2"],
    )


def _column(hourly: Mapping[str, object], key: str, length: int) -> list[object]:
    column = fields.rows(hourly, key)
    if len(column) != length:
        raise WeatherUnavailable(f"{key} has {len(column)} values for {length} hours")
    return column


def _known(column: list[object]) -> int:
    """How many values there are before the nulls at the end."""
    known = len(column)
    while known and column[known - 1] is None:
        known -= 1
    return known
