"""Where a leak may be, or why that can not be told, in Chinese and English."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from controller.report.wording import Text

MOST_IN_A_LINE = 5


class WhyNot(StrEnum):
    """Why a leak has no place yet, or never will."""

    NO_PRESSURES = "no_pressures"
    NOT_BEFORE = "not_before"
    TOO_EARLY = "too_early"
    SILENT = "silent"


WHY_NOT: Mapping[str, Text] = {
    WhyNot.NO_PRESSURES: Text(
        "无法定位：测压的换热站少于 3 座，须沿线查找",
        "where can not be told: fewer than 3 stations measure pressure, so walk the network",
    ),
    WhyNot.NOT_BEFORE: Text(
        "无法定位：泄漏之前的压力未知（引擎启动较晚或测点无数据）",
        "where can not be told: the pressures before it are not known (the engine was started "
        "later, or they were silent)",
    ),
    WhyNot.TOO_EARLY: Text("位置将在一小时内给出", "where will be told within the hour"),
    WhyNot.SILENT: Text(
        "无法定位：有压力数据的换热站少于 3 座",
        "where can not be told: fewer than 3 stations give their pressure now",
    ),
}


def place_line(why_not: str, pipes: Sequence[str]) -> str:
    """Say in one English line where a leak may be, for its alarm.

    Args:
        why_not: One of WhyNot, empty where there are places.
        pipes: The likeliest first.

    Returns:
        The line.
    """
    if why_not:
        return WHY_NOT[why_not].en
    named = ", ".join(pipes[:MOST_IN_A_LINE])
    more = len(pipes) - MOST_IN_A_LINE
    return f"likeliest in {named}" + (f" and {more} more" if more > 0 else "")
