"""The loads of the next day as members of a plan, from forecasts and from the command line."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.knowing.load_members import FRESH, fresh, load_factors, with_loads
from controller.knowing.loads import TOTAL
from controller.paths import config_dir
from optimizer.forecast.forecaster import QUANTILES, LoadForecast
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast

NOW = datetime(2026, 1, 12, tzinfo=UTC)
STATIONS = ("S1", "S2")


def made(share: float, off: float = 0.0, *, learned: bool = True) -> LoadForecast:
    """A forecast of `share` times the physics; P10 and P90 are `off` away."""
    full = np.full(24, 500.0)
    levels = np.array([(level - 0.5) / 0.4 for level in QUANTILES])
    return LoadForecast(
        issue_time=NOW, load_kw=frozen(share * full), physics_kw=frozen(full),
        quantiles_kw=frozen(np.outer(full, np.ones(len(QUANTILES)))), scale_kw=frozen(full),
        day_kw=frozen(share * 500.0 * (1.0 + off * levels)), learned=learned,
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
        (1.4, 0.8, 0.0, 0.0, [[1.15, 0.95]] * 3),  # no further than can be believed
        (1.0, 1.0, 0.1, 0.0, [[1.0, 1.0], [1.1, 1.1], [0.9, 0.9]]),  # expected, P90, P10
        (1.0, 1.0, 0.5, 0.0, [[1.0, 1.0], [1.15, 1.15], [0.85, 0.85]]),
        (1.0, 1.0, 0.1, 0.0624, [[1.0, 1.0], [1.06, 1.06], [0.94, 0.94]]),  # the rest of 0.08
        (1.0, 1.0, 0.1, 0.2, [[1.0, 1.0]] * 3),  # the weather's members bring it all
    ],
)
def test_factors_of_the_stations(
    station: float, total: float, off: float, by_weather: float, rows: list[list[float]]
) -> None:
    found = load_factors({"S1": made(station), TOTAL: made(total, off)}, STATIONS, by_weather)
    assert found == pytest.approx(np.array(rows), abs=2e-3)


def test_without_a_total_stations_are_expected_and_no_more() -> None:
    assert load_factors({"S2": made(1.1)}, STATIONS) == pytest.approx(np.array([[1.0, 1.1]]))
    assert load_factors({}, STATIONS) is None


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


START = datetime(2026, 1, 16, tzinfo=UTC)


def history(folder: Path, days: int, end: datetime = START) -> Path:
    """A plant whose load follows the weather and the clock, with noise, up to an instant."""
    dice = np.random.default_rng(8)
    folder.mkdir()
    hours = np.arange(24 * days)
    temp = -4.0 + 4.0 * np.sin(hours / 37.0) + 2.0 * np.sin(2.0 * np.pi * hours / 24.0)
    load_mw = 0.9 * (18.0 - temp) * dice.normal(1.0, 0.05, len(hours))
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
    assert 0.9 < loads["p50"] < 1.1


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
