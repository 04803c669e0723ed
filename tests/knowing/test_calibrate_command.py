"""`heatwarden calibrate`: better parameters or none, in versions that can be taken back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controller.cli import main
from controller.site import SiteError, load_site
from tests.knowing.conftest import Twin

# What the twin has no meters for, and how that is said.
NOT_MEASURED = {"friction": "pressure difference is known", "flats": "no coldest flat is measured"}


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def calibrated(capsys: pytest.CaptureFixture[str], site: Path, twin: Twin) -> dict[str, Any]:
    code, answer = ran(capsys, "calibrate", str(site), "--history", str(twin.history))
    assert code == 0
    return answer


def test_it_predicts_better_than_the_tables_and_is_used(
    twin: Twin, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = calibrated(capsys, site, twin)
    assert answer["version"] == 1
    assert [one["part"] for one in answer["scores"]] == [
        "pipes", "friction", "exchangers", "valves", "buildings", "buildings",
        "flats",
    ]  # fmt: skip
    rooms = answer["scores"][-2]
    assert rooms["after"] < 0.5 * rooms["before"]
    before, after = load_site(twin.site).district.network, load_site(site).district.network
    true = np.array([s.hx_ua_kw_k for s in twin.truth.stations])
    has = true > 0.0
    errors = [
        np.abs(np.array([s.hx_ua_kw_k for s in one.stations])[has] / true[has] - 1.0).mean()
        for one in (before, after)
    ]
    assert errors[1] < 0.04 < errors[0]


def test_check_and_list_show_it_and_a_rollback_takes_it_back(
    twin: Twin, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrated(capsys, site, twin)
    assert "parameters version 1" in ran(capsys, "check", str(site))[1]["parameters"]
    assert ran(capsys, "calibrate", str(site), "--list")[1]["in_use"] == 1
    assert ran(capsys, "calibrate", str(site), "--rollback") == (0, {"in_use": None})
    assert ran(capsys, "check", str(site))[1]["parameters"] is None
    assert load_site(site).district == load_site(twin.site).district
    assert ran(capsys, "calibrate", str(site), "--rollback", "1") == (0, {"in_use": 1})
    assert load_site(site).district != load_site(twin.site).district


def test_a_second_run_on_the_same_data_builds_on_the_first(
    twin: Twin, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = calibrated(capsys, site, twin)
    code, second = ran(capsys, "calibrate", str(site), "--history", str(twin.history))
    assert code in (0, 1)
    for one, other in zip(first["scores"], second["scores"], strict=True):
        if one["part"] in NOT_MEASURED:
            assert NOT_MEASURED[one["part"]] in other["why_not"]
            continue
        assert other["before"] == pytest.approx(one["after"], rel=0.2)
    assert min(p.name for p in (site / "parameters").glob("*.json")) == "0001.json"


def test_the_page_says_it_in_both_languages(
    twin: Twin, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    words = ("calibrate", str(site), "--history", str(twin.history), "--report", str(page))
    assert main(list(words)) == 0
    assert "better" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    for told in ("参数率定", "Calibration", "有测点的房间", "measured rooms", "<svg"):
        assert told in text
    assert "http" not in text.replace("http://www.w3.org", "")


SPOILT: tuple[tuple[str, str, str], ...] = (
    ("current", "seven", "cannot be used"),
    ("current", "9", "cannot be used"),
    ("0001.json", "{}", "is no version of parameters"),
)


@pytest.mark.parametrize(("file", "content", "told"), SPOILT)
def test_spoilt_parameters_are_refused_with_a_remedy(
    twin: Twin, site: Path, file: str, content: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrated(capsys, site, twin)
    (site / "parameters" / file).write_text(content, encoding="utf-8")
    with pytest.raises(SiteError) as refusal:
        load_site(site)
    assert told in str(refusal.value)
    assert "--rollback" in str(refusal.value)


def test_values_far_from_the_tables_are_refused(
    twin: Twin, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrated(capsys, site, twin)
    path = site / "parameters" / "0001.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["buildings"]["B011"]["ua_kw_k"]["value"] = 99.0
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SiteError, match=r"ua_kw_k of B011 is 99, in the table 3\.263"):
        load_site(site)


REFUSED: tuple[tuple[str, ...], ...] = (
    (),
    ("--history", "nowhere"),
    ("--rollback",),
    ("--rollback", "4"),
)


@pytest.mark.parametrize("words", REFUSED)
def test_what_makes_no_sense_is_refused(
    site: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = ran(capsys, "calibrate", str(site), *words)
    assert code == 2
    assert answer["errors"][0]["remedy"]


HISTORIES: tuple[tuple[str, str, str], ...] = (
    ("stations.csv", "time,station_id,supply_temp_c\n2026-01-05T00:00:00,S01,80\n", "no offset"),
    ("stations.csv", "time,station_id\n2026-01-05T00:00:00Z,S99\n", "is not of this site"),
    ("stations.csv", "time,supply_temp_c\n2026-01-05T00:00:00Z,80\n", "has no column station_id"),
    ("stations.csv", "time,station_id,supply_temp_c\nnever,S01,80\n", "is no time"),
    (
        "stations.csv",
        "time,station_id,supply_temp_c\n2026-01-05T00:00:00Z,S01,warm\n",
        "holds no number",
    ),
    ("stations.csv", "time,station_id,supply_temp_c\n2026-01-05T00:00:00Z,S01,80\n", "covers"),
    ("stations.parquet", "no parquet", "cannot be read"),
    ("other.csv", "", "holds no measurement"),
)


@pytest.mark.parametrize(("file", "content", "told"), HISTORIES)
def test_a_history_that_cannot_be_used_says_why(
    site: Path,
    tmp_path: Path,
    file: str,
    content: str,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / file).write_text(content, encoding="utf-8")
    code, answer = ran(capsys, "calibrate", str(site), "--history", str(tmp_path))
    assert code == 2
    assert told in answer["errors"][0]["message"]
