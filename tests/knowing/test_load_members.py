"""The loads of the next day as members of a plan, from forecasts and from the command line."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.case import Case, read_case
from controller.cli import main
from controller.knowing.history import read_history
from controller.knowing.load_members import FRESH, fresh, load_factors, with_loads
from controller.knowing.loads import TOTAL, next_day
from controller.knowing.modelled_day import ModelledDay, modelled_day
from controller.paths import config_dir
from controller.site import load_site
from drivers.weather.csv_file import read_weather_file
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.forecast.forecaster import QUANTILES, LoadForecast
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import StationControl
from optimizer.simulate import simulate

NOW = datetime(2026, 1, 12, tzinfo=UTC)
MODELLED = ModelledDay(hours=24, station_kw={"S1": 500.0, "S2": 500.0}, beside_kw=0.0)


def made(
    share: float, off: float = 0.0, *, kw: float = 500.0, learned: bool = True
) -> LoadForecast:
    """A forecast of `share` times so many kW; P10 and P90 are `off` away."""
    full = np.full(24, kw)
    levels = np.array([(level - 0.5) / 0.4 for level in QUANTILES])
    return LoadForecast(
        issue_time=NOW, load_kw=frozen(share * full), physics_kw=frozen(full),
        quantiles_kw=frozen(np.outer(full, np.ones(len(QUANTILES)))), scale_kw=frozen(full),
        day_kw=frozen(share * kw * (1.0 + off * levels)), learned=learned,
    )  # fmt: skip


def weather(*outdoor_c: float) -> Forecast:
    members = len(outdoor_c)
    return Forecast(
        start=NOW, step_s=3600, outdoor_temp_c=frozen(np.outer(outdoor_c, np.ones(25))),
        wind_m_s=frozen(np.zeros((members, 24))), ghi_w_m2=frozen(np.zeros((members, 24))),
        heat_price_per_mwh=frozen(np.ones((1, 24))),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("station", "total", "off", "by_weather", "rows"),
    [
        (1.05, 1.0, 0.0, 0.0, [[1.05, 1.0]] * 3),  # each station as its own forecast has it
        (1.4, 0.8, 0.0, 0.0, [[1.25, 0.95]] * 3),  # no further than can be believed
        (1.0, 1.0, 0.1, 0.0, [[1.0, 1.0], [1.1, 1.1], [0.9, 0.9]]),  # expected, P90, P10
        (1.0, 1.0, 0.5, 0.0, [[1.0, 1.0], [1.15, 1.15], [0.85, 0.85]]),
        (1.0, 1.0, 0.1, 0.0624, [[1.0, 1.0], [1.06, 1.06], [0.94, 0.94]]),  # the rest of 0.08
        (1.0, 1.0, 0.1, 0.2, [[1.0, 1.0]] * 3),  # the weather's members bring it all
    ],
)
def test_factors_of_the_stations(
    station: float, total: float, off: float, by_weather: float, rows: list[list[float]]
) -> None:
    forecasts = {"S1": made(station), TOTAL: made(total, off, kw=1000.0)}
    found = load_factors(forecasts, MODELLED, by_weather)
    assert found == pytest.approx(np.array(rows), abs=2e-3)


def test_without_a_total_stations_are_expected_and_no_more() -> None:
    assert load_factors({"S2": made(1.1)}, MODELLED) == pytest.approx(np.array([[1.0, 1.1]]))
    assert load_factors({}, MODELLED) is None


def test_what_plants_send_beside_the_stations_is_no_load_of_theirs() -> None:
    losing = replace(MODELLED, beside_kw=250.0)
    found = load_factors({TOTAL: made(1.0, kw=1450.0)}, losing)
    assert found == pytest.approx(np.full((3, 2), 1.2))


@pytest.mark.parametrize(
    ("outdoor_c", "factors", "temps", "loads"),
    [
        ((-5.0,), (1.0, 1.1, 0.9), (-5.0, -5.0, -5.0), (1.0, 1.1, 0.9)),
        ((-5.0,), (1.05,), (-5.0,), (1.05,)),
        ((-5.0, -9.0, -7.0, -3.0), (1.0, 1.1, 0.9), (-5.0, -9.0, -7.0, -3.0), (1.0, 1.1, 0.9, 1.1)),
        ((-5.0, -9.0), (1.05,), (-5.0, -9.0), (1.05, 1.05)),
    ],
)
def test_members_of_weather_and_load(
    outdoor_c: Sequence[float],
    factors: Sequence[float],
    temps: Sequence[float],
    loads: Sequence[float],
) -> None:
    found = with_loads(weather(*outdoor_c), np.outer(factors, [1.0, 1.0]))
    assert found.load_factor is not None
    assert found.outdoor_temp_c[:, 0].tolist() == list(temps)
    assert found.load_factor[:, 0].tolist() == list(loads)
    assert found.members == len(found.load_factor) == len(found.ghi_w_m2)


def test_where_nothing_is_learned_the_forecast_stays_as_it_is() -> None:
    plain = weather(-5.0)
    assert with_loads(plain, None) is plain
    assert not fresh({TOTAL: made(1.0, learned=False)}, NOW)
    assert fresh({TOTAL: made(1.0)}, NOW + FRESH)
    assert not fresh({TOTAL: made(1.0)}, NOW + FRESH + timedelta(seconds=1))
    assert not fresh({TOTAL: made(np.nan)}, NOW)


START = datetime(2026, 1, 16, tzinfo=UTC)


def history(
    folder: Path, days: int, end: datetime = START, mw_k: float = 0.9, noise: float = 0.05
) -> Path:
    """A plant whose load follows the weather and the clock, with noise, up to an instant."""
    dice = np.random.default_rng(8)
    folder.mkdir()
    hours = np.arange(24 * days)
    temp = -4.0 + 4.0 * np.sin(hours / 37.0) + 2.0 * np.sin(2.0 * np.pi * hours / 24.0)
    load_mw = mw_k * (18.0 - temp) * dice.normal(1.0, noise, len(hours))
    at = [end - timedelta(hours=int(24 * days - k)) for k in hours]
    tables = {
        "plants": ("time,plant_id,heat_power_mw", [f"P1,{one:.4f}" for one in load_mw]),
        "weather": ("time,outdoor_temp_c", [f"{one:.3f}" for one in temp]),
    }
    for name, (head, cells) in tables.items():
        rows = [f"{t.isoformat()},{cell}" for t, cell in zip(at, cells, strict=True)]
        rows += [f"{end.isoformat()},{cells[-1]}"] if name == "weather" else []
        (folder / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n")
    return folder


def planned(folder: Path, *words: str) -> int:
    site = config_dir() / "old-east"
    where = ("plan", str(site), "--weather", str(site / "weather.csv"), "--history", str(folder))
    return main([*where, "--start", START.isoformat(), "--hours", "2", "--rounds", "1", *words])


def test_a_plan_serves_the_loads_that_a_history_lets_expect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(history(tmp_path / "run", 40), "--json") == 0
    told = capsys.readouterr()
    assert "(expected, P90, P10)" in told.err
    loads = json.loads(told.out)["loads"]
    assert loads["p10"] < loads["p50"] < loads["p90"]
    assert 0.95 <= loads["p50"] <= 1.25


def compensated_case() -> Case:
    """Old-east with a controlled valve, as large as is needed, at every station."""
    site = config_dir() / "old-east"
    case = read_case(
        str(site), str(site / "weather.csv"), START.isoformat(), 24.0,
        shortest_h=1.0, longest_h=96.0, tell=lambda _: None,
    )  # fmt: skip
    district = case.site.district
    stations = tuple(
        replace(one, control=StationControl.COMPENSATED, valve_kvs=3.0 * one.valve_kvs,
                hx_ua_kw_k=1.5 * one.hx_ua_kw_k)
        for one in district.network.stations
    )  # fmt: skip
    plants = tuple(replace(one, max_heat_mw=90.0) for one in district.network.plants)
    network = replace(district.network, stations=stations, plants=plants)
    district = replace(district, network=network)
    return Case(
        site=replace(case.site, district=district),
        forecast=case.forecast,
        state=starting_state(district, case.forecast, None),
    )


@pytest.mark.parametrize("total_is_sent", [True, False], ids=["sent by plants", "taken"])
def test_a_site_gets_the_heat_that_its_meters_saw_whatever_its_tables_say(
    total_is_sent: bool,
) -> None:
    """Its tables are a fifth too small: plain ratios of the learned load would leave it at that."""
    case = compensated_case()
    district, forecast = case.site.district, case.forecast
    usual = baseline_schedule(district, forecast, case.state)
    true_factor = frozen(np.full((1, len(district.network.stations)), 1.2))

    def heat_kw(loads: FloatArray | None) -> float:
        trace = simulate(district.network, case.state, replace(forecast, load_factor=loads), usual)
        sent_kw = 1e3 * trace.plants.heat_power_mw
        return float(
            (sent_kw if total_is_sent else trace.stations.heat_power_kw).sum(axis=1).mean()
        )

    measured_kw = heat_kw(true_factor)
    modelled = modelled_day(district, case.state, forecast, total_is_sent=total_is_sent)
    factors = load_factors({TOTAL: made(1.0, kw=measured_kw)}, modelled)
    assert factors is not None
    assert heat_kw(None) < 0.88 * measured_kw
    assert heat_kw(factors[:1]) == pytest.approx(measured_kw, rel=0.02)


def test_a_history_adds_no_spread_of_the_weathers_to_the_loads(tmp_path: Path) -> None:
    """Its quantiles are the load's own errors: 2 % of an hour's noise are 0.4 % of a day's."""
    site = load_site(config_dir() / "old-east")
    record = read_history(site, history(tmp_path / "run", 40, noise=0.02))
    series = read_weather_file(str(config_dir() / "old-east" / "weather.csv"), year=START.year)
    found = next_day(site, record, TOTAL, series)
    assert found is not None
    high, middle = (found.day_kw[QUANTILES.index(level)] for level in (0.9, 0.5))
    assert 1.0 < high / middle < 1.02


def test_a_short_history_teaches_nothing_and_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planned(history(tmp_path / "run", 10), "--json") == 0
    told = capsys.readouterr()
    assert "does not teach the total load" in told.err
    assert "loads" not in json.loads(told.out)


def test_a_history_that_ends_before_the_start_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = history(tmp_path / "run", 40, START - timedelta(hours=30))
    assert planned(folder, "--json") == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert "loads are not known at the start" in error["message"]


def test_a_history_whose_heat_ends_before_the_start_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = history(tmp_path / "run", 40)
    head, *rows = (folder / "plants.csv").read_text().splitlines()
    rows = [f"{row},71.5" for row in rows]
    blank = [row.split(",")[0] + ",P1,,71.5" for row in rows[-30:]]
    lines = [f"{head},supply_temp_c", *rows[:-30], *blank]
    (folder / "plants.csv").write_text("\n".join(lines) + "\n")
    assert planned(folder, "--json") == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    ended = (START - timedelta(hours=30)).isoformat()
    assert f"ends at {ended}" in error["message"]
