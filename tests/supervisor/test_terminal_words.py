"""What operators read at a terminal: in their language, and never older than it says."""

import argparse
from dataclasses import replace
from datetime import timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from controller.asking import need_user
from controller.commands.status import Heard, engine_line
from controller.counted import counted
from controller.engine_words import in_chinese
from controller.problems import InputError
from controller.terminal_words import WORDS, age_said, column
from tests.supervisor.conftest import NOW

ZONE = ZoneInfo("Asia/Shanghai")
LIVING = Heard(engine="desk:/site process 7", at=NOW, held_until=NOW, now=NOW)
MINUTE = timedelta(minutes=1)

HEARD: list[tuple[str, Heard, str, str]] = [
    ("it lives", replace(LIVING, now=NOW + timedelta(seconds=2)), "(heard of 2 s ago)", "2 秒前"),
    (
        "killed half a minute ago: its lease goes on",
        replace(LIVING, now=NOW + MINUTE / 2, held_until=NOW + MINUTE),
        "nothing heard of it since {at}, 30 s ago",
        "自 {at} 起已 30 秒无消息",
    ),
    (
        "its lease is over",
        replace(LIVING, engine=None, now=NOW + 5 * MINUTE),
        "none runs; last heard of at {at}, 5 min ago",
        "未运行，最后消息 {at}（5 分钟前）",
    ),
    ("it begins", replace(LIVING, at=None), "not heard of yet", "尚无消息"),
    ("none ever ran", replace(LIVING, engine=None, at=None), "engine: none runs", "未运行"),
]


@pytest.mark.parametrize(("what", "heard", "english", "chinese"), HEARD)
def test_status_says_since_when_nothing_has_been_heard(
    what: str, heard: Heard, english: str, chinese: str
) -> None:
    at = NOW.astimezone(ZONE).isoformat(sep=" ", timespec="seconds")
    assert english.format(at=at) in engine_line(heard, ZONE, "en"), what
    assert chinese.format(at=at) in engine_line(heard, ZONE, "zh"), what


def test_a_killed_engine_is_said_to_end_with_its_lease() -> None:
    killed = replace(LIVING, now=NOW + MINUTE / 2, held_until=NOW + MINUTE)
    end = (NOW + MINUTE).astimezone(ZONE).isoformat(sep=" ", timespec="seconds")
    assert end in engine_line(killed, ZONE, "en")


@pytest.mark.parametrize("name", WORDS)
def test_both_languages_say_the_same_things(name: str) -> None:
    def fields(text: str) -> set[str | None]:
        return {field for _, field, _, _ in Formatter().parse(text) if field is not None}

    text = WORDS[name]
    assert text.zh
    assert fields(text.zh) == fields(text.en)


def test_an_age_a_column_and_a_count_are_as_people_write_them() -> None:
    assert [age_said("en", s) for s in (0.4, 90.0, 150.0, 7300.0)] == [
        "0 s",
        "90 s",
        "2 min",
        "2 h",
    ]
    assert column("费用", 6) == "费用  "
    assert column("计划", -6) == "  计划"
    assert [counted(n, "plant") for n in (0, 1, 2)] == ["0 plants", "1 plant", "2 plants"]


SAID: list[tuple[str, str]] = [
    ("1 more good cycle is needed first; a cycle comes every 15 min",
     "还需 1 个正常周期；每 15 分钟一个周期"),
    ("2 more good cycles are needed first; a cycle comes every 60 s",
     "还需 2 个正常周期；每 60 秒一个周期"),
    ("20260116-1a2b: 1 point will be written", "20260116-1a2b：将写入 1 个点位"),
    ("mode hold", "模式：保持"),
    ("stuck: says 44.2, 42.6 is expected", "卡死：读数 44.2，应为 42.6"),
    ("swapped with S2.t: says 44.2, 42.6 is expected", "接反（与 S2.t）：读数 44.2，应为 42.6"),
    ("disarmed by wang", "wang 解除自动"),
]  # fmt: skip


@pytest.mark.parametrize(("english", "chinese"), SAID)
def test_what_the_engine_answers_is_said_in_chinese(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


def test_who_asks_without_a_name_is_told_how_to_get_one() -> None:
    with pytest.raises(InputError) as refusal:
        need_user(argparse.Namespace(user=None, site="west"))
    (problem,) = refusal.value.problems
    assert "--user is missing" in problem.message
    assert "heatwarden user add NAME --role operator west" in problem.remedy
