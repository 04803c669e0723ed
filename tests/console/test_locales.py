"""The words: both languages say everything that is asked of them, and nothing else."""

import json
import re
import string
from pathlib import Path

import pytest

from controller.console.languages import LANGUAGES, chosen_language, words
from controller.engine_words import in_chinese
from controller.modes import Mode

CONSOLE = Path(__file__).resolve().parents[2] / "controller" / "console"
PHRASES = {
    language: json.loads((CONSOLE / "locales" / f"{language}.json").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
SOURCES = [*CONSOLE.rglob("*.html"), *CONSOLE.rglob("*.py")]
# What is put together from a word and a value: `mode.` and a mode.
PREFIXES = re.compile(r"""['"f]([a-z_]+(?:\.[a-z_]+)*\.)(?:['"] ~|\{)""")
KEYS = re.compile(r"""(?:\bt|words|maybe)\(\s*['"]([a-z_]+\.[a-z0-9_.]*[a-z0-9_])['"]""")


def test_both_have_the_same_keys() -> None:
    assert PHRASES["zh"].keys() == PHRASES["en"].keys()


def test_a_phrase_takes_the_same_values_in_both() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, english in PHRASES["en"].items():
        assert names(PHRASES["zh"][key]) == names(english), key
        assert english.strip(), key
        assert PHRASES["zh"][key].strip(), key


def test_every_key_that_is_asked_for_is_there() -> None:
    asked = {key for path in SOURCES for key in KEYS.findall(path.read_text(encoding="utf-8"))}
    assert len(asked) > 100
    assert sorted(asked - PHRASES["en"].keys()) == []


def test_no_phrase_is_left_over() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    prefixes = tuple(PREFIXES.findall(text))
    idle = [
        key
        for key in PHRASES["en"]
        if f'"{key}"' not in text and f"'{key}'" not in text and not key.startswith(prefixes)
    ]
    assert idle == []


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mode_has_its_name_and_its_meaning(mode: Mode, language: str) -> None:
    assert words(language)(f"mode.{mode.value}")
    assert words(language)(f"mode.text.{mode.value}")


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        ("held by li", "li 置为保持"),
        ("on hold for too long: P1.t is stale", "保持时间过长：P1.t 数据异常（过期）"),
        ("superseded by 20260116-080000-1a", "已被 20260116-080000-1a 取代"),
        ("P1.sp holds 91, not 90 as before; not commissioned: S1.off",
         "P1.sp 现为 91，不是建议生成时的 90；未投运核对：S1.off"),
        ("armed until 2026-01-19 08:00+08:00; mode advisory",
         "已授权自动至 2026-01-19 08:00+08:00；模式：建议"),
        ("2026-01-19T08:00+08:00 is past; arm until an instant to come",
         "2026-01-19T08:00+08:00 已过，授权须到将来的时刻"),
        ("9999-12-31T00:00+08:00 is too far ahead; arm for at most 14 days",
         "9999-12-31T00:00+08:00 太远，授权最长 14 天"),
        ("guest is viewer; this needs operator", "guest 的角色为查看员，此操作需要操作员"),
        ("not_certified: the plan is not certified: pipe_ramp at L1: 13.09 K/h, allowed 10, "
         "01-16 09:30 UTC; makeup at site: 2.676 m3/h, allowed 2.67, 01-17 19:55 UTC",
         "未通过认证：计划未通过认证："
         "L1 的管道温变速率为 13.09 K/h，允许 10（UTC 01-16 09:30）；"
         "site 的补水量为 2.676 m3/h，允许 2.67（UTC 01-17 19:55）"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)  # fmt: skip
def test_what_the_engine_says_is_said_in_chinese(said: str, chinese: str) -> None:
    assert in_chinese(said) == chinese


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        (None, None, "zh"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr, zh-CN;q=0.8", "zh"),
        ("en", "zh-CN", "en"),
        ("xx", "en", "en"),
    ],
)
def test_a_reader_gets_a_language(cookie: str | None, accepted: str | None, language: str) -> None:
    assert chosen_language(cookie, accepted) == language
