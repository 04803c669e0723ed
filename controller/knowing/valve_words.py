"""What a crew is told of a station whose valve is not as drawn, in Chinese and English."""

from collections.abc import Mapping
from typing import Any

from controller.report.wording import Text

_LESS = Text(
    "检查手动阀是否半关、滤网和换热器是否堵塞；若阀门确已调小，更正站点表格",
    "look for a half-shut hand valve, a clogged strainer or exchanger; where it was throttled on "
    "purpose, correct the site's table",
)
_MORE = Text(
    "阀门开度大于表格，抢占他站流量：调回表格开度，或更正站点表格",
    "it stands wider open than drawn and takes its neighbours' water: set it back, or correct the "
    "site's table",
)
_AT_BOUND = Text(
    "偏差已到跟踪范围边界，先核对流量计",
    "it is as far off as is followed; check the flow meter first",
)


def work_order(valve: Mapping[str, Any]) -> Text:
    """Say what a crew should look for.

    Args:
        valve: One of `valves_off` of the published estimate.

    Returns:
        The text.
    """
    order = _LESS if valve["share"] < 1.0 else _MORE
    if not valve["at_bound"]:
        return order
    return Text(f"{_AT_BOUND.zh}；{order.zh}", f"{_AT_BOUND.en}; {order.en}")
