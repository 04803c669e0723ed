"""The hours ahead as the engine knows them: archived as they were issued, learned from, used."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.engine.planner import PlanTask
from controller.knowing.ahead import Ahead
from controller.knowing.load_members import FRESH, LARGEST_FACTOR, LEAST_FACTOR
from controller.knowing.loads import TOTAL
from controller.knowing.modelled_day import modelled_day
from controller.store.forecasts import (
    LOAD,
    WEATHER,
    StoredHour,
    hours_since,
    issues_since,
    record_hour,
    record_issue,
)
from controller.store.present import published
from controller.store.retention import Policy, keep_to
from controller.translate import weather_on_grid
from drivers.base import WeatherSeries
from optimizer.baseline import starting_state
from optimizer.forecast.known import HOUR, Past, WeatherIssue
from optimizer.forecast.weather_errors import (
    WeatherErrors,
    corrected_issues,
    corrected_members,
    learn_errors,
    present_error_k,
    usual_share,
)
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from tests.supervisor.simulated import Simulated, simulated

LEADS, BIAS_K = 72, 1.5
RISES = 1.1  # heat of the last ten days against what weather alone explains
KW_K, S1_SHARE = 20.0, 0.45  # about what the site's tables have


def outdoor(hours: int) -> FloatArray:
    dice = np.random.default_rng(3)
    drift = np.convolve(dice.normal(0.0, 1.0, hours + 95), np.ones(96) / np.sqrt(96), "valid")
    return np.asarray(-4.0 + 4.0 * drift + 3.0 * np.sin(2.0 * np.pi * np.arange(hours) / 24.0))


def filled(own: Simulated, days: int) -> FloatArray:
    """An archive up to now: forecasts are too cold by BIAS_K, loads rise at the end."""
    end = own.time.wall().replace(minute=0, second=0, microsecond=0)
    count = 24 * days
    temp = outdoor(count + LEADS + 1)
    load = KW_K * (18.0 - temp) * np.where(np.arange(len(temp)) < count - 240, 1.0, RISES)
    with own.database.recording() as connection:
        for k in range(count):
            at = end - HOUR * (count - 1 - k)
            loads = {TOTAL: float(load[k]), "S1": float(S1_SHARE * load[k])}
            record_hour(
                connection,
                StoredHour(
                    ended_at=at, outdoor_temp_c=float(temp[k]), ghi_w_m2=None, loads_kw=loads
                ),
            )
            body = {
                "source": "made up",
                "outdoor_temp_c": [float(one) - BIAS_K for one in temp[k + 1 : k + 1 + LEADS]],
                "ghi_w_m2": [0.0] * LEADS,
            }
            record_issue(connection, WEATHER, at, body)
    return np.asarray(temp[count - 1 :])


def series_from(now: datetime, temp: FloatArray) -> WeatherSeries:
    begin = now.replace(minute=0, second=0, microsecond=0)
    times = tuple(begin + HOUR * k for k in range(len(temp)))
    return WeatherSeries(
        source="made up",
        issue_time=begin,
        times=times,
        members=("one",),
        outdoor_temp_c=frozen(temp[None, :] - BIAS_K),
    )


def on_grid(own: Simulated, series: WeatherSeries) -> Forecast:
    site = own.core.tables.site
    forecast, _ = weather_on_grid(
        series, district=site.district, timezone=site.timezone, start=series.times[0], hours=24
    )
    return forecast


def task(own: Simulated, forecast: Forecast) -> PlanTask:
    district = own.core.tables.site.district
    state = starting_state(district, forecast, None)
    return PlanTask(district=district, state=state, forecast=forecast, elements=())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Simulated]:
    made = simulated(tmp_path)
    yield made
    made.database.close()


def an_hour_later(own: Simulated, ahead: Ahead, series: WeatherSeries) -> WeatherSeries:
    ahead.weather(own.time.wall(), series)
    own.time.pass_by(3600.0)
    own.safety.one_pass()
    return ahead.weather(own.time.wall(), series)


def test_what_is_learned_corrects_the_weather_and_moves_the_plan(own: Simulated) -> None:
    temp = filled(own, 50)
    own.field.values["out"] = float(temp[1])
    own.safety.one_pass()
    ahead = Ahead(own.core)
    series = series_from(own.time.wall(), temp)
    plain = on_grid(own, series)
    assert ahead.loads(own.time.wall(), series, task(own, plain)) is plain
    ahead.train()
    corrected = an_hour_later(own, ahead, series)
    error = np.abs(corrected.outdoor_temp_c[0] - temp)[3:48]
    assert error.max() < 0.3, "a lasting error is taken out"
    todo = task(own, plain)
    planned = ahead.loads(own.time.wall(), corrected, todo)
    assert planned.load_factor is not None
    expected, high, low = planned.load_factor[:, 0]
    assert LEAST_FACTOR < expected < LARGEST_FACTOR, "as it is learned"
    assert low < expected < high
    assert (planned.outdoor_temp_c == plain.outdoor_temp_c).all()
    with own.database.reading() as connection:
        told = published(connection, "loads")
    assert told is not None
    model_kw = modelled_day(todo.district, todo.state, plain, total_is_sent=False).station_kw["S1"]
    learned_kw = np.mean(told[1]["loads"]["S1"]["load_kw"][:24])
    assert expected == pytest.approx(learned_kw / model_kw, rel=0.02), "of the model's own load"
    total = told[1]["loads"][TOTAL]
    assert total["learned"]
    assert np.mean(total["load_kw"][:24]) > 1.01 * np.mean(total["physics_kw"][:24])
    weather_alone = KW_K * (18.0 - temp[2:26]).mean()
    assert np.mean(total["physics_kw"][:24]) < 1.04 * weather_alone, "from the corrected weather"
    assert total["p10_kw"][23] < total["load_kw"][23] < total["p90_kw"][23]
    own.time.pass_by(3 * 3600.0)
    late = ahead.loads(own.time.wall(), corrected, todo)
    assert late is plain, "an old forecast says nothing"


def test_a_load_that_is_no_longer_measured_is_nothing_to_plan_with(own: Simulated) -> None:
    temp = filled(own, 50)
    own.field.values["out"] = float(temp[1])
    own.safety.one_pass()
    ahead, series = Ahead(own.core), series_from(own.time.wall(), temp)
    ahead.train()
    plain = on_grid(own, series)
    for hour in range(1, 4):
        corrected = an_hour_later(own, ahead, series)
        planned = ahead.loads(own.time.wall(), corrected, task(own, plain))
        assert (planned is plain) == (hour > FRESH / HOUR), "its last hours are blanks"


def test_with_three_days_physics_stands_alone_and_the_weather_as_it_is(own: Simulated) -> None:
    temp = filled(own, 3)
    ahead = Ahead(own.core)
    series = series_from(own.time.wall(), temp)
    ahead.train()
    assert an_hour_later(own, ahead, series) is series
    plain = on_grid(own, series)
    assert ahead.loads(own.time.wall(), series, task(own, plain)) is plain
    with own.database.reading() as connection:
        told = published(connection, "loads")
    assert told is not None
    assert not told[1]["loads"][TOTAL]["learned"]


def test_an_hour_and_both_forecasts_are_kept_with_their_issue_time(own: Simulated) -> None:
    temp = filled(own, 3)
    ahead, series = Ahead(own.core), series_from(own.time.wall(), temp)
    ended = own.time.wall().replace(minute=0, second=0, microsecond=0) + HOUR
    own.field.values["out"] = -7.25
    an_hour_later(own, ahead, series)
    with own.database.history() as connection:
        hours = hours_since(connection, ended)
        weather = issues_since(connection, WEATHER, ended)
        loads = issues_since(connection, LOAD, ended)
    assert [one.ended_at for one in hours] == [ended]
    assert [one.issued_at for one in (*weather, *loads)] == [ended, ended]
    first = weather[0].body["outdoor_temp_c"][0]
    assert first == pytest.approx(0.5 * (temp[1] + temp[2]) - BIAS_K, abs=0.01)
    keep_to(own.database, Policy(records=timedelta(0)), ended + timedelta(seconds=1))
    with own.database.history() as connection:
        assert not hours_since(connection, ended)
        assert not issues_since(connection, LOAD, ended)


def test_a_forecast_that_fails_is_an_alarm_and_the_plan_goes_on(
    own: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = filled(own, 3)
    ahead, series = Ahead(own.core), series_from(own.time.wall(), temp)
    monkeypatch.setattr(ahead, "_forecast", lambda _ended: 1 / 0)
    assert an_hour_later(own, ahead, series) is series
    own.run(5)
    assert "job_failed:load forecast" in own.alarms()
    plain = on_grid(own, series)
    assert ahead.loads(own.time.wall(), series, task(own, plain)) is plain


def fading(days: int, spread_k: float) -> tuple[list[WeatherIssue], FloatArray]:
    """Forecasts whose error is that of now, fading in 24 h, and noise that grows with the lead."""
    from tests.knowing.records import FIRST_END

    dice = np.random.default_rng(11)
    count = 24 * days
    temp = outdoor(count + LEADS + 1)
    own = np.zeros(count)
    for k in range(1, count):
        own[k] = own[k - 1] * np.exp(-1 / 24) + dice.normal(0.0, 0.4)
    leads = np.arange(1, LEADS + 1)
    issues = []
    for k in range(count):
        noise = dice.normal(0.0, spread_k) * np.sqrt(leads / LEADS)
        forecast = temp[k + 1 : k + 1 + LEADS] - own[k] * np.exp(-leads / 24.0) - noise
        issues.append(
            WeatherIssue(
                issue_time=FIRST_END + HOUR * k,
                outdoor_temp_c=frozen(forecast),
                ghi_w_m2=frozen(np.zeros(LEADS)),
            )
        )
    return issues, temp[:count]


def test_how_long_an_error_lasts_and_what_is_left_are_learned() -> None:
    issues, came = fading(60, 2.0)
    found = learn_errors(issues, came, 1, LEADS)
    assert found is not None
    assert found.kept[23] == pytest.approx(np.exp(-1.0), abs=0.12)
    assert found.kept[0] > 0.8
    assert found.spread_k[71] == pytest.approx(2.0, rel=0.15)
    assert (np.diff(found.spread_k) >= 0.0).all()
    assert learn_errors(issues[:100], came[:100], 1, LEADS) is None


def test_forecasts_of_the_past_are_corrected_by_what_had_come_by_each() -> None:
    issues, came = fading(30, 0.5)
    past = Past(
        first_end=issues[0].issue_time, load_kw=came, outdoor_temp_c=came, ghi_w_m2=0.0 * came
    )
    found = corrected_issues(issues, past)
    assert found[0] is issues[0], "nothing had come before the first"
    assert [one.issue_time for one in found] == [one.issue_time for one in issues]
    late = range(24 * 10, 24 * 29)
    before, after = (
        np.mean([np.abs(one[k].outdoor_temp_c[:6] - came[k + 1 : k + 7]) for k in late])
        for one in (issues, found)
    )
    assert after < 0.6 * before
    changed = np.r_[came[:501], np.full(len(came) - 501, 99.0)]
    again = corrected_issues(issues[:501], replace(past, outdoor_temp_c=changed))
    for k in range(501):
        assert np.array_equal(again[k].outdoor_temp_c, found[k].outdoor_temp_c), "by nothing later"


def test_a_forecast_from_before_the_record_stays_as_it_is() -> None:
    issues, came = fading(10, 0.5)
    late = slice(48, None)
    past = Past(
        first_end=issues[48].issue_time, load_kw=came[late], outdoor_temp_c=came[late],
        ghi_w_m2=0.0 * came[late],
    )  # fmt: skip
    found = corrected_issues(issues, past)
    assert found[:48] == tuple(issues[:48])
    assert not np.array_equal(found[-1].outdoor_temp_c, issues[-1].outdoor_temp_c)


def learned(kept: float, spread_k: float) -> WeatherErrors:
    full = frozen(np.full(LEADS, 1.0))
    return WeatherErrors(
        kept=frozen(kept * full), lasting_k=frozen(0.0 * full), spread_k=frozen(spread_k * full),
        issues=500,
    )  # fmt: skip


MEMBERS = np.array([[-6.0, -6.0, -8.0], [-6.0, -4.0, -4.0]])


@pytest.mark.parametrize(
    ("members", "spread_k", "stands"),
    [
        (MEMBERS, 2.0, [[-6.0, -6.0, -7.0], [-6.0, -2.0, -3.0]]),  # narrow widened, wide kept
        (MEMBERS, 1.0, [[-6.0, -5.0, -6.0], [-6.0, -3.0, -4.0]]),  # wide narrowed
        (MEMBERS, 9.0, [[-6.0, -7.0, -11.0], [-6.0, -1.0, 1.0]]),  # by a factor of 3 at most
        (MEMBERS[:1], 2.0, [[-6.0, -5.0, -7.0]]),  # one forecast has no spread
    ],
)
def test_an_ensemble_gets_the_spread_that_its_errors_had(
    members: FloatArray, spread_k: float, stands: list[list[float]]
) -> None:
    ahead_h = np.array([0.0, 12.0, 24.0])
    found = corrected_members(members, ahead_h, 1.0, learned(1.0, spread_k))
    assert found == pytest.approx(np.array(stands))


@pytest.mark.parametrize(
    ("missed", "error_k"),
    [([1.0] * 6, 1.0), ([np.nan] * 4 + [2.0] * 2, 0.0), ([9.0] * 6, 0.0), ([np.nan, 2, 2, 2], 2.0)],
)
def test_an_error_is_believed_where_it_is_known_and_not_too_large(
    missed: list[float], error_k: float
) -> None:
    assert present_error_k(np.array(missed), np.zeros(len(missed))) == pytest.approx(error_k)
    assert usual_share(12)[11] == pytest.approx(np.exp(-1.0))
