"""`heatwarden forecast`: the load ahead, beside what persistence would have said."""

import json
from typing import Any

import pytest

from controller.cli import main
from tests.data import need_data
from tests.knowing.conftest import Twin


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_total_and_station_with_quantiles(twin: Twin, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("forecast", str(twin.site), "--history", str(twin.history))
    for words in ((), ("--station", "S05")):
        code, answer = ran(capsys, *where, "--hours", "36", *words)
        assert code == 0
        (load,) = answer["loads"]
        assert len(load["load_kw"]) == 36
        assert set(load["quantiles_kw"]) == {"p05", "p10", "p25", "p50", "p75", "p90", "p95"}
        for k in range(36):
            steps = [load["quantiles_kw"][q][k] for q in sorted(load["quantiles_kw"])]
            assert steps == sorted(steps)


def test_in_words(twin: Twin, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", str(twin.site), "--history", str(twin.history)]) == 0
    told = capsys.readouterr().out
    assert "P10 kW" in told
    assert "too short to hold any of it back" in told


REFUSED: tuple[tuple[str, ...], ...] = (("--hours", "60"), ("--hours", "0"), ("--station", "S99"))


@pytest.mark.parametrize("words", REFUSED)
def test_what_can_not_be_forecast_is_refused(
    twin: Twin, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = ran(capsys, "forecast", str(twin.site), "--history", str(twin.history), *words)
    assert code == 2
    assert answer["errors"][0]["remedy"]


def test_a_typical_year_is_laid_on_the_year_of_the_history(
    twin: Twin, capsys: pytest.CaptureFixture[str]
) -> None:
    weather = need_data("weather/CHN_Beijing.Beijing.545110_CSWD.csv")
    where = ("forecast", str(twin.site), "--history", str(twin.history))
    code, answer = ran(capsys, *where, "--weather", str(weather), "--hours", "6")
    assert code == 0, answer
    assert len(answer["loads"][0]["load_kw"]) == 6
