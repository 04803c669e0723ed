"""Weather services that behave and misbehave: right data or a typed refusal, no shifted hour."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.base import Quality, Reading, WeatherSeries, WeatherUnavailable
from drivers.weather.bias import corrected_by_sensor
from drivers.weather.http import Patience
from drivers.weather.met_no import MetNo
from drivers.weather.open_meteo import OpenMeteo
from drivers.weather.sources import CsvSource, choose
from tests.drivers.weather_server import (
    Reply,
    Service,
    as_reply,
    met_no_json,
    open_meteo_json,
    weather_service,
)

NOW = datetime(2026, 1, 4, 8, 20, tzinfo=UTC)
USER_AGENT = "heatwarden/0.1 operator@heat.example"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def service() -> Iterator[Service]:
    with weather_service() as found:
        yield found


# Timeouts of a test, not of a winter.
QUICK = Patience(phase_s=0.2, total_s=0.4)


def open_meteo(service: Service, **options: Any) -> OpenMeteo:
    return OpenMeteo(36.80, 118.05, base_url=service.url, **options)


def met_no(service: Service, **options: Any) -> MetNo:
    return MetNo(36.804567, 118.051234, user_agent=USER_AGENT, base_url=service.url, **options)


def test_open_meteo_hours_are_where_they_belong(service: Service) -> None:
    service.answer = lambda asked: as_reply(open_meteo_json(NOW), NOW)
    series = open_meteo(service).fetch(NOW)
    first = datetime(2026, 1, 3, 0, 0, tzinfo=UTC)
    assert series.times[:2] == (first, first + timedelta(hours=1))
    assert series.issue_time == NOW
    assert series.outdoor_temp_c[0, 30] == -3.0  # instantaneous: the stamp's own
    assert series.ghi_w_m2 is not None
    assert series.ghi_w_m2[0, 30] == 31.0  # the hour that starts here ends at the next stamp
    assert series.wind_m_s is not None
    assert len(series.times) == 143  # the last hour's irradiance is not known


def test_open_meteo_is_asked_for_utc_and_si(service: Service) -> None:
    service.answer = lambda asked: as_reply(open_meteo_json(NOW), NOW)
    open_meteo(service, api_key="secret").fetch(NOW)
    (asked,) = service.asked
    assert asked.path == "/v1/forecast"
    assert asked.params["timezone"] == "GMT"
    assert asked.params["timeformat"] == "unixtime"
    assert asked.params["wind_speed_unit"] == "ms"
    assert asked.params["apikey"] == "secret"


def test_open_meteo_ensemble(service: Service) -> None:
    service.answer = lambda asked: as_reply(open_meteo_json(NOW, members=3, nulls_at_end=20), NOW)
    series = open_meteo(service, ensemble=True).fetch(NOW)
    assert service.asked[0].path == "/v1/ensemble"
    assert series.members == ("control", "member01", "member02")
    assert series.outdoor_temp_c.shape == (3, 144 - 20 - 1)
    assert list(series.outdoor_temp_c[:, 0]) == [0.0, -1.0, -2.0]


OPEN_METEO_FAULTS: dict[str, tuple[Change, str]] = {
    "yesterday's forecast": (lambda c: c.update(open_meteo_json(NOW, days_late=1)), "not of 2026"),
    "tomorrow's forecast": (lambda c: c.update(open_meteo_json(NOW, days_late=-1)), "not of 2026"),
    "local time": (lambda c: c.update(utc_offset_seconds=28800), "utc_offset_seconds"),
    "no word on the offset": (lambda c: c.pop("utc_offset_seconds"), "utc_offset_seconds"),
    "times as local text": (
        lambda c: c["hourly"].update(time=["2026-01-03T00:00"] * 144), "not in seconds"),
    "a unit of text": (lambda c: c["hourly_units"].update(time="iso8601"), "time is 'iso8601'"),
    "fahrenheit": (lambda c: c["hourly_units"].update(temperature_2m="°F"), "temperature_2m"),
    "kilometres per hour": (
        lambda c: c["hourly_units"].update(wind_speed_10m="km/h"), "wind_speed_10m"),
    "an hour late": (
        lambda c: c["hourly"].update(time=[t + 3600 for t in c["hourly"]["time"]]), "not of 2026"),
    "an hour left out": (lambda c: c["hourly"]["time"].__delitem__(50), "does not follow"),
    "an hour twice": (
        lambda c: c["hourly"]["time"].__setitem__(50, c["hourly"]["time"][49]), "does not follow"),
    "values left out": (
        lambda c: c["hourly"]["temperature_2m"].__delitem__(50), "143 values for 144"),
    "a hole": (lambda c: c["hourly"]["temperature_2m"].__setitem__(50, None), "None is no"),
    "nonsense": (lambda c: c["hourly"]["temperature_2m"].__setitem__(50, 99.0), "not between"),
    "text": (lambda c: c["hourly"]["wind_speed_10m"].__setitem__(50, "3"), "'3' is no"),
    "nothing known": (
        lambda c: c["hourly"].update(shortwave_radiation=[None] * 144), "no hours"),
    "no temperature": (lambda c: c["hourly"].pop("temperature_2m"), "no temperature_2m"),
    "no hours": (lambda c: c.pop("hourly"), "no hourly"),
    "another place": (lambda c: c.update(latitude=63.1), "latitude 63.1"),
    "an error": (lambda c: [c.pop(k) for k in list(c)], "utc_offset_seconds"),
}  # fmt: skip


@pytest.mark.parametrize("name", OPEN_METEO_FAULTS)
def test_open_meteo_refusals(service: Service, name: str) -> None:
    change, message = OPEN_METEO_FAULTS[name]
    content = copy.deepcopy(open_meteo_json(NOW))
    change(content)
    service.answer = lambda asked: as_reply(content, NOW)
    with pytest.raises(WeatherUnavailable, match=message):
        open_meteo(service).fetch(NOW)


def test_an_answer_kept_by_a_cache_is_as_old_as_it_is(service: Service) -> None:
    service.answer = lambda asked: as_reply(open_meteo_json(NOW), NOW, Age="7200")
    assert open_meteo(service).fetch(NOW).issue_time == NOW - timedelta(hours=2)


def test_met_no_hours_are_where_they_belong(service: Service) -> None:
    service.answer = lambda asked: as_reply(met_no_json(NOW), NOW)
    series = met_no(service).fetch(NOW)
    assert series.issue_time == NOW - timedelta(hours=1)
    assert series.times[0] == datetime(2026, 1, 4, 8, tzinfo=UTC)
    assert series.outdoor_temp_c[0, 10] == -6.0
    assert len(series.times) == 61  # six-hourly steps are left out
    assert series.ghi_w_m2 is None


def test_met_no_is_asked_politely(service: Service) -> None:
    def answer(asked: Any) -> Reply:
        if "if-modified-since" in asked.headers:
            return Reply(status=304, headers={"Expires": http_stamp(NOW + timedelta(hours=3))})
        return as_reply(met_no_json(NOW), NOW, Expires=http_stamp(NOW + timedelta(hours=1)),
                        Last_Modified=http_stamp(NOW - timedelta(hours=1)))  # fmt: skip

    service.answer = answer
    source = met_no(service)
    first = source.fetch(NOW)
    assert service.asked[0].headers["user-agent"] == USER_AGENT
    assert service.asked[0].params == {"lat": "36.8046", "lon": "118.0512"}
    assert source.fetch(NOW + timedelta(minutes=59)) is first
    assert len(service.asked) == 1  # not before Expires
    assert source.fetch(NOW + timedelta(minutes=61)) is first
    assert service.asked[1].headers["if-modified-since"] == http_stamp(NOW - timedelta(hours=1))
    assert source.fetch(NOW + timedelta(hours=2)) is first
    assert len(service.asked) == 2


def http_stamp(time: datetime) -> str:
    return format_datetime(time, usegmt=True)


@pytest.mark.parametrize(("status", "wait_s"), [(429, 600), (429, None), (403, None)])
def test_met_no_keeps_away_after_a_refusal(
    service: Service, status: int, wait_s: int | None
) -> None:
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    service.answer = lambda asked: Reply(status=status, headers=headers)
    source = met_no(service)
    with pytest.raises(WeatherUnavailable, match=str(status)):
        source.fetch(NOW)
    with pytest.raises(WeatherUnavailable, match="not asked until"):
        source.fetch(NOW + timedelta(seconds=599))
    assert len(service.asked) == 1
    service.answer = lambda asked: as_reply(met_no_json(NOW), NOW)
    assert source.fetch(NOW + timedelta(minutes=16)).source == "met_no"


def test_met_no_keeps_the_last_forecast_while_the_service_is_away(service: Service) -> None:
    service.answer = lambda asked: as_reply(met_no_json(NOW), NOW)
    source = met_no(service)
    first = source.fetch(NOW)
    service.answer = lambda asked: Reply(status=429)
    assert source.fetch(NOW + timedelta(hours=2)) is first
    assert source.fetch(NOW + timedelta(hours=2, minutes=1)) is first
    assert len(service.asked) == 2


def test_retry_after_may_be_a_date(service: Service) -> None:
    later = NOW + timedelta(minutes=7)
    service.answer = lambda asked: Reply(
        status=429, headers={"Retry-After": http_stamp(later), "Date": http_stamp(NOW)}
    )
    with pytest.raises(WeatherUnavailable) as refused:
        met_no(service).fetch(NOW)
    assert refused.value.retry_after_s == 420


MET_NO_FAULTS: dict[str, tuple[Change, str]] = {
    "local time": (lambda p: p["timeseries"][5].update(time="2026-01-04T13:00:00"), "no offset"),
    "no issue time": (lambda p: p["meta"].pop("updated_at"), "is no time"),
    "local issue time": (lambda p: p["meta"].update(updated_at="2026-01-04T07:00:00"), "offset"),
    "issued tomorrow": (lambda p: p["meta"].update(updated_at="2026-01-05T07:00:00Z"), "future"),
    "fahrenheit": (
        lambda p: p["meta"]["units"].update(air_temperature="fahrenheit"), "air_temperature"),
    "an hour twice": (
        lambda p: p["timeseries"].insert(5, p["timeseries"][4]), "does not come after"),
    "no temperature": (
        lambda p: p["timeseries"][5]["data"]["instant"]["details"].pop("air_temperature"), "None"),
    "nonsense": (
        lambda p: p["timeseries"][5]["data"]["instant"]["details"].update(air_temperature=273.2),
        "not between"),
    "no hours": (lambda p: p.update(timeseries=[]), "fewer than two"),
    "a row of text": (lambda p: p["timeseries"].insert(0, "row"), "no object"),
    "no rows": (lambda p: p.pop("timeseries"), "no list"),
}  # fmt: skip


@pytest.mark.parametrize("name", MET_NO_FAULTS)
def test_met_no_refusals(service: Service, name: str) -> None:
    change, message = MET_NO_FAULTS[name]
    content: dict[str, Any] = copy.deepcopy(met_no_json(NOW))
    change(content["properties"])
    service.answer = lambda asked: as_reply(content, NOW)
    with pytest.raises(WeatherUnavailable, match=message):
        met_no(service).fetch(NOW)


@pytest.mark.parametrize("agent", ["", "heatwarden", "python-httpx/0.28", "Wärme @ example"])
def test_met_no_wants_a_name(agent: str) -> None:
    with pytest.raises(ValueError, match="user_agent"):
        MetNo(60, 10, user_agent=agent)


def body() -> bytes:
    return json.dumps(open_meteo_json(NOW)).encode()


TRANSPORT_FAULTS: dict[str, tuple[Callable[[], Reply], str]] = {
    "no answer in time": (lambda: Reply(wait_s=0.5), "Timeout"),
    "drip by drip": (lambda: Reply(body=body(), drip_s=0.05), "takes more than"),
    "cut off": (lambda: Reply(body=body(), cut=500), "RemoteProtocolError"),
    "truncated JSON": (lambda: Reply(body=body()[:-100]), "no whole JSON"),
    "not JSON": (lambda: Reply(body=b"<html>captive portal</html>"), "no whole JSON"),
    "not UTF-8": (lambda: Reply(body=b'{"a": "\xff\xfe"}'), "no whole JSON"),
    "a list": (lambda: Reply(body=b"[]"), "no JSON object"),
    "NaN": (lambda: Reply(body=b'{"utc_offset_seconds": NaN}'), "no JSON number"),
    "deep nesting": (lambda: Reply(body=b"[" * 100_000), "no whole JSON"),
    "empty": (lambda: Reply(body=b""), "no whole JSON"),
    "forbidden": (lambda: Reply(status=403), "403"),
    "too often": (lambda: Reply(status=429), "429"),
    "broken": (lambda: Reply(status=502, body=b"bad gateway"), "502: bad gateway"),
    "elsewhere": (lambda: Reply(status=301, headers={"Location": "/x"}), "301"),
    "not modified": (lambda: Reply(status=304), "no whole JSON|first question"),
}


@pytest.mark.parametrize("make", [open_meteo, met_no])
@pytest.mark.parametrize("name", TRANSPORT_FAULTS)
def test_transport_faults(
    service: Service, name: str, make: Callable[..., OpenMeteo | MetNo]
) -> None:
    reply, message = TRANSPORT_FAULTS[name]
    service.answer = lambda asked: reply()
    with pytest.raises(WeatherUnavailable, match=message):
        make(service, patience=QUICK).fetch(NOW)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "htp:/x"])
def test_nobody_there(url: str) -> None:
    with pytest.raises(WeatherUnavailable):
        OpenMeteo(36.8, 118.05, base_url=url, patience=QUICK).fetch(NOW)


def test_no_place_on_earth() -> None:
    with pytest.raises(ValueError, match="no place"):
        OpenMeteo(118.05, 360.8)


# Ordered sources


def series(*, issued_h_ago: float = 1.0, from_h: float = -2.0, to_h: float = 60.0) -> WeatherSeries:
    hours = np.arange(from_h, to_h + 1)
    return WeatherSeries(
        source="made",
        issue_time=NOW - timedelta(hours=issued_h_ago),
        times=tuple(NOW + timedelta(hours=float(h)) for h in hours),
        members=("a", "b"),
        outdoor_temp_c=np.stack([-5.0 + 0.0 * hours, -7.0 + 0.0 * hours]),
    )


class Made:
    """A source that gives what it was made with."""

    def __init__(self, name: str, result: WeatherSeries | Exception) -> None:
        self.name = name
        self.result = result

    def fetch(self, now: datetime) -> WeatherSeries:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (series(issued_h_ago=6.5), "issued 6.5 h ago"),
        (series(issued_h_ago=-1), "in the future"),
        (series(from_h=0.5), "begins only at"),
        (series(to_h=40), "ends at"),
        (WeatherUnavailable("down"), "down"),
    ],
)
def test_the_next_source_steps_in(first: WeatherSeries | Exception, reason: str) -> None:
    good = series()
    sources = [Made("one", first), Made("two", good)]
    chosen = choose(sources, NOW, stale_after_h=6, needed_h=48)
    assert chosen.series is good
    assert len(chosen.refusals) == 1
    assert reason in chosen.refusals[0]
    with pytest.raises(WeatherUnavailable, match="one: "):
        choose(sources[:1], NOW, stale_after_h=6, needed_h=48)


def test_no_source_at_all() -> None:
    with pytest.raises(WeatherUnavailable, match="no weather source"):
        choose([], NOW, stale_after_h=6, needed_h=48)


def test_a_file_is_as_old_as_its_last_change(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("time,outdoor_temp_c\n2026-01-04T00:00Z,1\n2026-01-04T01:00Z,2\n")
    age = datetime.now(UTC) - CsvSource(path).fetch(NOW).issue_time
    assert abs(age) < timedelta(minutes=5)
    with pytest.raises(WeatherUnavailable):
        CsvSource(tmp_path / "none.csv").fetch(NOW)
    path.write_text("temperature\n1\n")
    with pytest.raises(WeatherUnavailable, match="outdoor_temp_c"):
        choose([CsvSource(path)], NOW, stale_after_h=6, needed_h=48)


# Correction by the local sensor


def sensor(*values: float, quality: Quality = Quality.GOOD) -> list[Reading]:
    return [
        Reading(point_id="t", value=v, time=NOW - timedelta(hours=i), quality=quality)
        for i, v in enumerate(values)
    ]


def test_the_lasting_error_is_taken_out_and_fades() -> None:
    corrected = corrected_by_sensor(series(), sensor(-8, -8, -8), NOW, decay_h=12)
    assert corrected.bias_k == pytest.approx(-2.0)  # the mean of the members is -6
    temps = corrected.series.outdoor_temp_c
    assert temps[0, 2] == pytest.approx(-7.0)  # now
    assert temps[1, 2] == pytest.approx(-9.0)
    assert temps[0, 14] == pytest.approx(-5.0 - 2.0 / np.e)  # after 12 h
    assert temps[0, 0] == pytest.approx(-7.0)  # the past in full


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        (sensor(-8, -8), "2 good readings"),
        (sensor(-8, -8, -8, quality=Quality.UNCONFIRMED), "0 good readings"),
        (sensor(4, 4, 4), "differ by 10.0 K"),
        ([], "0 good readings"),
    ],
)
def test_what_is_not_corrected(readings: list[Reading], reason: str) -> None:
    corrected = corrected_by_sensor(series(), readings, NOW)
    assert corrected.bias_k is None
    assert reason in corrected.reason
    assert (corrected.series.outdoor_temp_c == series().outdoor_temp_c).all()
