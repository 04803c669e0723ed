"""What the commands of operators say at a terminal, in Chinese and English (`--lang`)."""

import argparse
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace

from controller import study_words
from controller.report.wording import Text
from drivers.base import Problem

LANGUAGES = ("zh", "en")
WORDS: Mapping[str, Text] = {
    # what is wrong
    "error": Text("错误：{problem}", "error: {problem}"),
    "errors": Text("共 {n} 处错误", "{n} errors"),
    "one_error": Text("共 {n} 处错误", "{n} error"),
    # asking the engine
    "accepted": Text("已接受：{answer}", "accepted: {answer}"),
    "refused": Text("已拒绝：{answer}", "refused: {answer}"),
    # status: the engine
    "engine": Text("引擎：{engine}（{age}前有消息）", "engine: {engine} (heard of {age} ago)"),
    "starting": Text("引擎：{engine}（尚无消息）", "engine: {engine} (not heard of yet)"),
    "silent": Text(
        "引擎：{engine}，自 {since} 起已 {age}无消息，以下为当时状态；若已终止，{end} 起视为停止",
        "engine: {engine}, nothing heard of it since {since}, {age} ago: what follows is as it was "
        "then; if it has died, it counts as ended at {end}",
    ),
    "ended": Text(
        "引擎：未运行，最后消息 {since}（{age}前）；以下为当时状态",
        "engine: none runs; last heard of at {since}, {age} ago: what follows is as it was then",
    ),
    "never": Text("引擎：未运行", "engine: none runs"),
    "seconds": Text("{n} 秒", "{n} s"),
    "minutes": Text("{n} 分钟", "{n} min"),
    "hours": Text("{n} 小时", "{n} h"),
    # status: what it does
    "mode": Text(
        "模式：{mode}，自 {since} 起（{reason}）", "mode: {mode} since {since} ({reason})"
    ),
    "armed": Text("自动授权：{by}，至 {until}", "armed: by {by} until {until}"),
    "owned": Text(
        "接管点位：{points}（{authority}，{by}，至 {until}）",
        "owned: {points} ({authority} by {by}, until {until})",
    ),
    "by_hand": Text(
        "手动设置：{element} {quantity} {value:g}（{how}）",
        "by hand: {element} {quantity} {value:g} ({how})",
    ),
    "not_confirmed": Text("未确认", "not confirmed"),
    "recommendation": Text("建议：{names}", "recommendation: {names}"),
    "unidentified": Text("未辨识：{names}", "not identified: {names}"),
    "locked": Text("未投运核对：{names}", "not commissioned: {names}"),
    "unresolved": Text("结果未定：{names}", "not resolved: {names}"),
    "readings": Text("读数：{count}，异常：{bad}", "readings: {count}, not good: {bad}"),
    "none": Text("无", "none"),
    "alarm": Text("{priority} 级报警 {alarm}：{detail}", "alarm {priority} {alarm}: {detail}"),
    "gone": Text("（已消失）", " (gone)"),
    "seen_by": Text("（{by} 已确认）", " (seen by {by})"),
    # a plan's summary
    "plan": Text(
        "{site}：{status}，自 {start} 起，时刻为现场时间",
        "{site}: {status} plan from {start}, times as on the site",
    ),
    "certified": Text("已认证的计划", "certified"),
    "fallback": Text("退回曲线", "fallback"),
    "curve": Text("气候补偿曲线", "weather curve as the"),
    "column_plan": Text("计划", "plan"),
    "column_curve": Text("气候补偿", "weather curve"),
    "cost": Text("费用，{currency}", "cost, {currency}"),
    "shortfall": Text("欠温总量，K·h", "shortfall, K h"),
    "largest": Text("最大欠温，K", "largest shortfall, K"),
    "mean_end": Text("结束时平均室温，°C", "mean indoor at end, degC"),
    "is_curve": Text(
        "这就是气候补偿曲线：没有更好的方案通过认证",
        "this is the weather curve: nothing better was certified",
    ),
    "nothing_certified": Text(
        "没有任何方案通过认证：这里显示的是气候补偿曲线，它超出以下限值",
        "nothing was certified: this is the weather curve, and it passes the limits below",
    ),
    "least_cost": Text(
        "同样温暖的任何计划费用不低于 {cost} {currency}",
        "no plan as warm costs less than {cost} {currency}",
    ),
    "least_shortfall": Text(
        "任何计划的最大欠温不低于 {k:.2f} K",
        "no plan brings the largest shortfall below {k:.2f} K",
    ),
    "passes": Text("超出限值", "PASSES its limit"),
    "near": Text("接近限值", "near its limit"),
    "limit": Text(
        "{word}：{limit} {where} {worst:.3f}，限值 {allowed:g} {unit}，{at}",
        "{word}: {limit} {where} {worst:.3f} of {allowed:g} {unit} at {at}",
    ),
    "setpoints": Text("设定值，现场时间", "setpoints, by local time"),
    "stands": Text("停运", "stands"),
    "main_reason": Text("主要原因：{reason}", "main reason: {reason}"),
    "report": Text("全部设定值、限值和原因见 {path}", "every setpoint, limit and reason: {path}"),
    "no_report": Text(
        "全部设定值、限值和原因：加 --report 文件.html",
        "every setpoint, limit and reason: add --report FILE.html",
    ),
    "effort": Text(
        "{rounds} 轮，{runs} 次仿真，{s:.1f} 秒",
        "rounds: {rounds}, simulations: {runs}, {s:.1f} s",
    ),
    **study_words.WORDS,
}


def language_argument(parser: argparse.ArgumentParser) -> None:
    """Add the choice of language.

    Args:
        parser: The command's parser.
    """
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="of what is said (en)")


def saying(language: str) -> Callable[..., str]:
    """Give what says a phrase.

    Args:
        language: One of LANGUAGES.

    Returns:
        From a phrase's name and its values, the phrase.
    """

    def say(name: str, **values: object) -> str:
        phrase: str = getattr(WORDS[name], language)
        return phrase.format(**values)

    return say


def telling(language: str) -> Callable[[str], None]:
    """Give what says on standard error what takes time, and what to mind.

    Args:
        language: One of LANGUAGES.

    Returns:
        Takes a line in English.
    """
    from controller.problems import write_error_line

    return lambda line: write_error_line(as_said(language, line))


def problem_said(language: str, problem: Problem) -> str:
    """Say what is wrong with an input.

    Args:
        language: One of LANGUAGES.
        problem: The problem.

    Returns:
        Place, what is wrong, and the remedy; in English where a sentence is not known.
    """
    if language == "en":
        return str(problem)
    message, remedy = (as_said(language, text) for text in (problem.message, problem.remedy))
    return str(replace(problem, message=message, remedy=remedy))


def column(text: str, width: int) -> str:
    """Fill a column of a table; a Chinese character is as wide as two letters.

    Args:
        text: What stands in it.
        width: In letters; below zero, it stands at the right.

    Returns:
        The text with spaces.
    """
    letters = sum(2 if unicodedata.east_asian_width(one) in "FW" else 1 for one in text)
    spaces = " " * max(abs(width) - letters, 0)
    return text + spaces if width > 0 else spaces + text


def as_said(language: str, text: str) -> str:
    """Say what the engine has said in English.

    Args:
        language: One of LANGUAGES.
        text: The engine's words.

    Returns:
        The same in that language.
    """
    from controller.engine_words import in_chinese

    return in_chinese(text) if language == "zh" else text


def age_said(language: str, seconds: float) -> str:
    """Say how long ago something was.

    Args:
        language: One of LANGUAGES.
        seconds: How long.

    Returns:
        In seconds, minutes or hours, whichever a person would say.
    """
    say = saying(language)
    for name, unit_s in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2.0 * unit_s:
            return say(name, n=int(seconds // unit_s))
    return say("seconds", n=round(max(seconds, 0.0)))
