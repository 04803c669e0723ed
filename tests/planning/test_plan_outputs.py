"""The plan's JSON after the contract, its page, and the command line's answers."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.cli import main
from controller.paths import config_dir
from controller.plan_json import plan_json
from controller.plan_summary import print_summary
from controller.planning import PlannedSite, baseline_shown, curve_alone
from controller.report.plan_report import plan_page
from controller.report.wording import WORDS

SITE = config_dir() / "old-east"


def test_json_has_the_keys_of_the_contract_and_series_of_the_horizon(planned: PlannedSite) -> None:
    found = json.loads(json.dumps(plan_json(planned), allow_nan=False))
    assert set(found) == {
        *("site", "start", "step_s", "status", "plants", "pumps", "stations", "baseline", "cost"),
        *("comfort", "limits", "bound", "solve", "reasons"),
    }
    assert set(found["baseline"]) == {"plants", "pumps", "cost", "comfort", "limits"}
    steps = 12 * 3600 // found["step_s"]
    for plant in found["plants"].values():
        assert len(plant["supply_temp_c"]) == len(plant["delivered_temp_c"]) == steps
    for pump in found["pumps"].values():
        assert len(pump["speed_pct"]) == steps
    for station in found["stations"].values():
        assert len(station["secondary_offset_k"]) == steps


def test_the_total_is_the_sum_of_its_parts(planned: PlannedSite) -> None:
    cost = plan_json(planned)["cost"]
    assert isinstance(cost, dict)
    parts = math.fsum(value for key, value in cost.items() if key != "total")
    assert cost["total"] == pytest.approx(parts, abs=1e-6)


def test_the_baseline_takes_the_plans_place_when_asked(planned: PlannedSite) -> None:
    shown = plan_json(baseline_shown(planned))
    baseline = shown["baseline"]
    assert isinstance(baseline, dict)
    assert shown["plants"] == baseline["plants"]
    assert shown["status"] == "fallback"


def test_the_curve_alone_is_searched_for_by_nobody(planned: PlannedSite) -> None:
    """The same answer as beside a plan, without one round."""
    alone, beside = plan_json(curve_alone(planned.case)), plan_json(baseline_shown(planned))
    effort = alone.pop("solve"), beside.pop("solve")
    assert alone == beside
    assert effort[0]["iterations"] == 0  # type: ignore[index]
    assert effort[1]["iterations"] > 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("language", "table", "reason", "report"),
    [
        ("en", "setpoints, by local time", "main reason: ", "add --report FILE.html"),
        ("zh", "设定值，现场时间", "主要原因：", "加 --report 文件.html"),
    ],
)
def test_the_summary_has_the_next_hours_and_why(
    planned: PlannedSite,
    capsys: pytest.CaptureFixture[str],
    language: str,
    table: str,
    reason: str,
    report: str,
) -> None:
    print_summary(planned, language)
    told = capsys.readouterr().out
    lines = told.splitlines()
    head = next(line for line in lines if table in line)
    assert head.split()[-5:] == ["12:00", "13:00", "14:00", "15:00", "18:00"]
    plan = planned.plan.chosen.schedule
    first = f"{plan.supply_temp_c[0, 0]:.1f}"
    (outlet,) = (line for line in lines if line.startswith("P1, °C"))
    assert outlet.split()[2] == first
    assert sum(line.startswith(reason) for line in lines) == 1
    assert report in told
    print_summary(planned, language, report="p.html")
    assert "p.html" in capsys.readouterr().out


def test_the_page_needs_nothing_from_elsewhere_and_speaks_both_languages(
    planned: PlannedSite,
) -> None:
    page = plan_page(planned.plan, planned.case.site)
    assert not re.search(r"(src|href)\s*=|@import|url\(|<script", page)
    for text in (WORDS["title"], WORDS["limits"], WORDS["farthest"], WORDS["coldest"]):
        assert text.zh in page
        assert text.en in page
    for one in planned.plan.chosen.certificate.limits:
        assert one.where in page


def test_every_phrase_exists_in_both_languages() -> None:
    assert [word for word, text in WORDS.items() if not (text.zh and text.en)] == []


@pytest.mark.parametrize(
    ("words", "column_or_message"),
    [
        (["--start", "2026-01-16T00:00:00"], "no offset"),
        (["--start", "yesterday"], "ISO 8601"),
        (["--start", "2026-01-16T00:00:00+08:00", "--hours", "1000"], "--hours"),
        (["--start", "2030-01-16T00:00:00+08:00"], "weather"),
    ],
)
def test_bad_words_are_refused_with_exit_code_2(
    words: list[str], column_or_message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["plan", str(SITE), "--weather", str(SITE / "weather.csv"), *words, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert code == 2
    assert any(column_or_message in one["message"] for one in answer["errors"])
    assert all(one["remedy"] for one in answer["errors"])


def test_a_missing_weather_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--start", "2026-01-16T00:00:00+08:00", "--json"]
    assert main(["plan", str(SITE), "--weather", str(tmp_path / "none.csv"), *words]) == 2
    assert json.loads(capsys.readouterr().out)["errors"][0]["file"].endswith("none.csv")


@pytest.mark.parametrize(
    ("certified", "as_asked", "language", "said"),
    [
        (True, False, "en", "this is the weather curve: nothing better was certified"),
        (False, False, "en", "nothing was certified: this is the weather curve"),
        (False, False, "zh", "没有任何方案通过认证"),
        (True, True, "en", "weather curve as the plan from"),
    ],
)
def test_the_summary_says_why_it_shows_the_weather_curve(
    planned: PlannedSite,
    capsys: pytest.CaptureFixture[str],
    certified: bool,
    as_asked: bool,
    language: str,
    said: str,
) -> None:
    curve = planned.plan.baseline
    judged = replace(curve, certificate=replace(curve.certificate, certified=certified))
    shown = replace(planned.plan, baseline=judged, chosen=judged, bound=None)
    print_summary(replace(planned, plan=shown), language, as_asked=as_asked)
    told = capsys.readouterr().out
    assert said in told
    assert ("nothing" in told) is (not as_asked and language == "en")


def test_a_load_is_not_learned_for_another_weather_than_the_plans(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", str(SITE), "--weather", str(SITE / "weather.csv"), "--hours", "3"]
    words += ["--start", "2026-01-16T00:00:00+08:00", "--history", str(tmp_path)]
    assert main([*words, "--weather-shift", "-3", "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert "--weather-shift" in error["message"]
