"""Weather and prices on the planning grid."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.site import load_site
from controller.translate import (
    WeatherError,
    forecast_from_weather,
    history_from_weather,
    weather_on_grid,
)
from drivers.base import WeatherSeries
from optimizer.model.forecast import Forecast
from optimizer.model.network import Plant
from tests.site.sound import write_site

START = datetime(2026, 1, 4, 16, tzinfo=UTC)  # midnight in Shanghai
PRICES = tuple(float(hour) for hour in range(24))


def plant(prices: tuple[float, ...] = PRICES) -> Plant:
    return Plant(
        plant_id="P1",
        node_id="N0",
        max_heat_mw=1.0,
        min_supply_temp_c=60.0,
        max_supply_temp_c=110.0,
        ramp_up_k_h=6.0,
        ramp_down_k_h=8.0,
        heat_price_per_mwh=prices,
        holding_pressure_bar=3.0,
    )


def series(
    temps: list[float],
    *,
    wind: list[float] | None = None,
    ghi: list[float] | None = None,
    first: datetime = START,
    step_h: float = 1.0,
) -> WeatherSeries:
    times = tuple(first + timedelta(hours=step_h * i) for i in range(len(temps)))
    return WeatherSeries(
        source="weather.csv",
        issue_time=first,
        times=times,
        members=("0",),
        outdoor_temp_c=np.array([temps]),
        wind_m_s=None if wind is None else np.array([wind]),
        ghi_w_m2=None if ghi is None else np.array([ghi]),
    )


def forecast(weather: WeatherSeries, *, start: datetime = START, step_s: int = 900, steps: int = 4,
             timezone: str = "Asia/Shanghai") -> Forecast:  # fmt: skip
    return forecast_from_weather(
        weather, plants=[plant()], timezone=timezone, start=start, step_s=step_s, steps=steps
    )


def test_temperature_is_linear_between_samples_and_read_at_the_boundaries() -> None:
    made = forecast(series([0.0, -4.0, -4.0]), steps=6)
    assert made.outdoor_temp_c.tolist() == [[0.0, -1.0, -2.0, -3.0, -4.0, -4.0, -4.0]]
    assert (made.steps, made.members, made.step_s) == (6, 1, 900)


def test_hourly_means_hold_for_their_hour() -> None:
    made = forecast(series([0.0] * 3, wind=[2.0, 4.0, 6.0], ghi=[0.0, 100.0, 300.0]), steps=8)
    assert made.wind_m_s.tolist() == [[2.0] * 4 + [4.0] * 4]
    assert made.ghi_w_m2.tolist() == [[0.0] * 4 + [100.0] * 4]


def test_a_step_across_two_hours_takes_its_share_of_both() -> None:
    weather = series([0.0] * 4, wind=[2.0, 4.0, 6.0, 6.0])
    made = forecast(weather, start=START + timedelta(minutes=30), step_s=3600, steps=2)
    assert made.wind_m_s[0] == pytest.approx([3.0, 5.0])


def test_missing_wind_and_sun_are_zero() -> None:
    made = forecast(series([0.0, 0.0]))
    assert made.wind_m_s.tolist() == made.ghi_w_m2.tolist() == [[0.0] * 4]


def test_prices_follow_the_local_hour() -> None:
    weather = series([0.0] * 30)
    made = forecast(weather, step_s=3600, steps=24)
    assert made.heat_price_per_mwh[0].tolist() == list(PRICES)
    half_past = forecast(weather, step_s=1800, steps=4, timezone="Asia/Kolkata")
    # 16:00Z is 21:30 in India.
    assert half_past.heat_price_per_mwh[0].tolist() == [21.0, 22.0, 22.0, 23.0]


def test_prices_know_the_night_of_the_clock_change() -> None:
    first = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin, summer time
    made = forecast(series([0.0] * 6, first=first), start=first, step_s=3600, steps=5,
                    timezone="Europe/Berlin")  # fmt: skip
    assert made.heat_price_per_mwh[0].tolist() == [0.0, 1.0, 2.0, 2.0, 3.0]


def test_members_stay_apart() -> None:
    one = series([0.0, 1.0])
    both = WeatherSeries(
        source="ensemble",
        issue_time=START,
        times=one.times,
        members=("a", "b"),
        outdoor_temp_c=np.array([[0.0, 1.0], [0.0, -1.0]]),
        wind_m_s=np.array([[1.0, 1.0], [2.0, 2.0]]),
    )
    made = forecast(both)
    assert made.outdoor_temp_c[:, -1].tolist() == [1.0, -1.0]
    assert made.wind_m_s[:, 0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("start", "steps", "says"),
    [
        (START - timedelta(hours=2), 4, "begins 2 h after 2026-01-04T14:00:00+00:00"),
        (START, 192, "ends 46 h before 2026-01-06T16:00:00+00:00"),
    ],
)
def test_weather_that_does_not_reach_is_refused(start: datetime, steps: int, says: str) -> None:
    with pytest.raises(WeatherError) as refusal:
        forecast(series([0.0] * 3), start=start, steps=steps)
    (problem,) = refusal.value.problems
    assert (problem.file, problem.column) == ("weather.csv", "time")
    assert says in problem.message
    assert problem.remedy


def test_weather_that_misses_both_ends_says_both() -> None:
    with pytest.raises(WeatherError) as refusal:
        forecast(series([0.0] * 3), start=START - timedelta(hours=1), steps=96)
    assert len(refusal.value.problems) == 2


def test_a_start_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset from UTC"):
        forecast(series([0.0] * 3), start=datetime(2026, 1, 4, 16))  # noqa: DTZ001


def test_a_start_in_local_time_is_the_same_instant() -> None:
    local = START.astimezone(ZoneInfo("Asia/Shanghai"))
    made = forecast(series([0.0, 1.0]), start=local)
    assert (made.start, made.start.tzinfo) == (START, UTC)


def history(weather: WeatherSeries, start: datetime, longest_h: float = 168.0) -> Forecast | None:
    return history_from_weather(
        weather, plants=[plant()], timezone="UTC", start=start, step_s=900, longest_h=longest_h
    )


def test_history_ends_where_the_plan_begins() -> None:
    made = history(series([0.0, -4.0, -8.0]), START + timedelta(minutes=100))
    assert made is not None
    # Whole steps only: 90 of the 100 minutes.
    assert made.start == START + timedelta(minutes=10)
    assert made.steps == 6
    assert made.outdoor_temp_c[0, -1] == pytest.approx(-4.0 * 100 / 60)


@pytest.mark.parametrize("minutes", [-60, 0, 14])
def test_no_whole_step_is_no_history(minutes: int) -> None:
    assert history(series([0.0, 0.0]), START + timedelta(minutes=minutes)) is None


def test_history_is_a_week_at_most() -> None:
    made = history(series([0.0] * 400), START + timedelta(hours=300))
    assert made is not None
    assert made.steps == 168 * 4


def test_a_plan_gets_its_weather_and_what_came_before(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path))
    weather = series([-5.0] * 80)
    ahead, before = weather_on_grid(
        weather,
        district=site.district,
        timezone=site.timezone,
        start=START + timedelta(hours=24),
        hours=48,
    )
    assert (ahead.steps, ahead.step_s) == (192, 900)
    assert ahead.heat_price_per_mwh.shape == (2, 192)
    assert before is not None
    assert (before.start, before.steps) == (START, 96)


@given(
    temps=st.lists(st.floats(-40.0, 20.0), min_size=3, max_size=30),
    wind=st.floats(0.0, 20.0),
    offset_min=st.integers(0, 60),
    step_s=st.sampled_from([300, 600, 900, 1800, 3600]),
)
def test_the_grid_adds_nothing(
    temps: list[float], wind: float, offset_min: int, step_s: int
) -> None:
    weather = series(temps, wind=[wind] * len(temps))
    start = START + timedelta(minutes=offset_min)
    steps = int((weather.times[-1] - start).total_seconds() // step_s)
    if steps < 1:
        return
    made = forecast(weather, start=start, step_s=step_s, steps=steps)
    assert made.outdoor_temp_c.min() >= min(temps) - 1e-9
    assert made.outdoor_temp_c.max() <= max(temps) + 1e-9
    assert made.wind_m_s == pytest.approx(np.full((1, steps), wind))
    assert not made.outdoor_temp_c.flags.writeable
