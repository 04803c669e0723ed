"""A past week replayed: what would have been advised, beside what was run, on a small site."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.site.sound import SOUND, write_site
from tests.terminal import heatwarden

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
START = datetime(2026, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 24


def weather(first_h: int = -96, last_h: int = HOURS) -> str:
    rows = [f"{(START + hour * HOUR).isoformat()},{-6 + 4 * math.sin(hour / 24 * 6.283):.2f},2,0"
            for hour in range(first_h, last_h + 1)]  # fmt: skip
    return "\n".join(["time,outdoor_temp_c,wind_m_s,ghi_w_m2", *rows]) + "\n"


def setpoints(supply_c: float = 94.0) -> str:
    """Run hotter than anybody needs, as a careful night shift does."""
    named = [("P1", "supply_temp_c", supply_c), ("P2", "supply_temp_c", supply_c - 4.0),
             ("M1", "speed_pct", 90.0)]  # fmt: skip
    rows = [f"{(START + hour * HOUR).isoformat()},{name},{quantity},{value}"
            for name, quantity, value in named for hour in (0, HOURS)]  # fmt: skip
    return "\n".join(["time,id,quantity,value", *rows]) + "\n"


def measured(value: float = 20.0) -> str:
    rows = [f"{(START + hour * HOUR).isoformat()},B1,indoor_temp_c,{value}" for hour in range(24)]
    return "\n".join(["time,id,quantity,value", *rows]) + "\n"


FILES: dict[str, Callable[[], str]] = {
    "weather.csv": weather,
    "setpoints.csv": setpoints,
    "measured.csv": measured,
}


def past(folder: Path, **files: str | None) -> Path:
    folder.mkdir()
    for name, make in FILES.items():
        text = files.get(name.removesuffix(".csv"), make())
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(tmp_path_factory.mktemp("replay") / "site", SOUND)


@pytest.fixture(scope="module")
def replayed(site: Path) -> dict[str, Any]:
    history = past(site.parent / "past")
    done = heatwarden("replay", site, "--history", history, "--every", 12, "--json",
                      "--out", site.parent / "out")  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_advice_is_cheaper_than_what_was_run_too_hot_and_keeps_the_limits(
    replayed: dict[str, Any],
) -> None:
    assert (replayed["start"], replayed["plans"]["made"]) == (START.isoformat(), 2)
    assert replayed["plans"]["certified"] == 2
    assert replayed["saved"]["cost"] > 0.0
    run, advised = replayed["run"]["cost"]["total"], replayed["advised"]["cost"]["total"]
    assert replayed["saved"]["cost"] == pytest.approx(run - advised)
    assert replayed["saved"]["cost_pct"] == pytest.approx(100 * (run - advised) / run)
    assert all(limit["margin"] > -1e-4 for limit in replayed["advised"]["limits"])


def test_every_advice_has_its_reasons_in_both_languages(replayed: dict[str, Any]) -> None:
    for advice in replayed["advices"]:
        assert advice["reasons"]
        for reason in advice["reasons"]:
            assert reason["code"]
            assert reason["en"] != reason["zh"]


def test_the_model_is_compared_with_what_was_measured(replayed: dict[str, Any]) -> None:
    (one,) = replayed["measured"]
    assert (one["quantity"], one["samples"]) == ("indoor_temp_c", 24)
    assert abs(one["bias"]) <= one["rmse"] < 10.0


def test_what_was_advised_can_be_simulated_and_costs_about_the_same(
    site: Path, replayed: dict[str, Any], tmp_path: Path
) -> None:
    (advised,) = replayed["files"]
    done = heatwarden("simulate", site, "--weather", site.parent / "past" / "weather.csv",
                      "--schedule", advised, "--start", START.isoformat(), "--hours", HOURS,
                      "--out", tmp_path / "run", "--csv", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    cost = json.loads(done.stdout)["cost"]
    # `simulate` begins where the heating curve, not where the first setpoints leave the network.
    assert cost["fuel"] == pytest.approx(replayed["advised"]["cost"]["fuel"], rel=1e-2)


def test_people_read_it_too(site: Path) -> None:
    done = heatwarden("replay", site, "--history", site.parent / "past", "--lang", "zh",
                      "--end", (START + 24 * HOUR).isoformat())  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "as it was run" in done.stdout
    assert "最远的建筑" in done.stdout
    assert "the model differs by" in done.stdout


BROKEN: list[tuple[dict[str, str | None], str]] = [
    ({"weather": None}, "weather.csv: is missing"),
    ({"setpoints": None}, "setpoints.csv: is missing"),
    ({"weather": weather(last_h=20)}, "the weather ends"),
    ({"weather": weather(first_h=5)}, "the weather begins"),
    ({"setpoints": setpoints().replace("P1", "P7")}, "is not a plant of the site"),
    ({"setpoints": setpoints().replace("+00:00", "")}, "has no offset from UTC"),
    ({"setpoints": setpoints().replace("94.0", "nan")}, "is not a number"),
    ({"setpoints": "time,id,quantity,value\n"}, "has no setpoints"),
    ({"measured": "time,id\n"}, "is needed once"),
    ({"measured": measured().replace("B1", "B77")}, "is no building of the site"),
    ({"measured": measured().replace("indoor_temp_c", "mood")}, "is not compared"),
    ({"measured": measured().replace("20.0", "inf")}, "is no measurement"),
    ({"measured": measured() + f"{START.isoformat()},B1,indoor_temp_c,3\n"}, "an instant twice"),
    ({"measured": ""}, "is empty"),
]


@pytest.mark.parametrize(("files", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_a_broken_history_is_refused_and_says_why(
    site: Path, tmp_path: Path, files: dict[str, str | None], said: str
) -> None:
    done = heatwarden("replay", site, "--history", past(tmp_path / "past", **files))
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--every", "0.1"), "--every makes no sense"),
        (("--every", "nan"), "--every makes no sense"),
        (("--start", "2026-01-12"), "is no instant with offset"),
        (("--start", "2026-01-01T00:00:00+00:00"), "give --start and --end within it"),
        (("--end", "2026-01-12T06:00:00+00:00"), "6 h are to be replayed"),
        (("--end", "2026-01-10T06:00:00+00:00"), "h are to be replayed"),
        (("--history", "/nowhere"), "is no folder"),
    ],
)
def test_wrong_words_are_refused(site: Path, words: tuple[str, ...], said: str) -> None:
    done = heatwarden("replay", site, "--history", site.parent / "past", *words)
    assert done.returncode == 2
    assert said in done.stderr
