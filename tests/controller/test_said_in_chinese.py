"""Studies under --lang zh: what they say while they work, where they refuse, and in the end."""

import re
from pathlib import Path

import pytest

from controller.cli import main
from controller.engine_words import in_chinese
from controller.paths import config_dir
from drivers.base import Quality
from tests.site.sound import SOUND, write_site

OLD_EAST = config_dir() / "old-east"
WEATHER = str(OLD_EAST / "weather.csv")
START = "2026-01-16T00:00:00+08:00"
HAN = re.compile(r"[\u4e00-\u9fff]")
# An English sentence: three words in a row. Names of files and options are none.
ENGLISH = re.compile(r"(?<![\w./-])[a-z]+ [a-z]+ [a-z]+")


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[str]:
    assert main([*words, "--lang", "zh"]) == code
    told = capsys.readouterr()
    return (told.err + told.out).splitlines()


def assert_chinese(lines: list[str]) -> None:
    assert any(HAN.search(line) for line in lines)
    assert [line for line in lines if ENGLISH.search(line)] == []


def test_a_plan_says_everything_in_chinese(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("plan", str(OLD_EAST), "--weather", WEATHER, "--start", START, "--hours", "2")
    report = str(tmp_path / "p.html")
    lines = said(capsys, *words, "--rounds", "1", "--report", report)
    assert_chinese(lines)
    assert any(line.startswith("第 1 轮") for line in lines)
    assert f"报告写入 {report}" in lines


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        (("plan", "--start", "yesterday"), "--start 不是 ISO 8601 时刻"),
        (("plan", "--start", "2030-01-01T00:00:00Z"), "天气比"),
        (("balance", "--start", START, "--hours", "1"), "给出 6 至 336 小时"),
        (("simulate", "--start", START, "--hours", "0", "--out", "OUT"), "--hours 不合理"),
    ],
)
def test_what_is_refused_is_said_in_chinese(
    words: tuple[str, ...], chinese: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = [str(tmp_path / "run") if word == "OUT" else word for word in words[1:]]
    lines = said(capsys, words[0], str(OLD_EAST), "--weather", WEATHER, *out, code=2)
    assert_chinese(lines)
    assert lines[0].startswith("错误：")
    assert chinese in lines[0]
    assert lines[-1] == f"共 {len(lines) - 1} 处错误"


@pytest.mark.parametrize("command", ["check", "forecast"])
def test_a_site_that_is_not_there_is_refused_in_chinese(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    more = ("--history", str(tmp_path)) if command == "forecast" else ()
    lines = said(capsys, command, str(tmp_path / "none"), *more, code=2)
    assert_chinese(lines)
    assert "不是文件夹" in lines[0]


def test_a_sound_site_is_said_to_be_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    site = str(write_site(tmp_path / "site", SOUND))
    lines = said(capsys, "check", site, "--quiet")
    assert lines[-2].split("：")[0].endswith("无误")
    assert "2 个热源" in lines[-2]
    assert lines[-1].endswith("个推导值")


def test_a_run_is_told_in_chinese(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("simulate", str(OLD_EAST), "--weather", WEATHER, "--start", START, "--hours", "1")
    assert_chinese(said(capsys, *words, "--out", str(tmp_path / "run")))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("no weather source is configured", "未配置天气来源"),
        (
            "no_weather: open_meteo: issued 30.0 h ago; at most 12 h; csv: begins only at T",
            "没有天气预报：open_meteo：发布于 30.0 小时前；最长 12 小时；csv：自 T 才开始",
        ),
        ("3 polls in a row without an answer", "连续 3 次轮询无应答"),
        ("none of 4 devices answers", "4 台设备均无应答"),
        ("2 of 4 devices are silent: a, b", "4 台设备中 2 台无应答：a, b"),
        ("stale: 90 s old; at most 60 s", "过期：已过 90 秒，最长 60 秒"),
        ("12 more alarms are listed", "另有 12 条报警"),
        ("P1.t is out_of_range", "P1.t 数据异常（超量程）"),
        ("no plan within 600 s; the planner was ended", "600 秒内没有得出计划，规划进程已终止"),
        *((f"P1.t is {quality}", "P1.t 数据异常（") for quality in Quality),
    ],
)
def test_what_alarms_tell_of_the_field_is_said_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english).startswith(chinese)
