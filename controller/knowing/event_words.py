"""What lasting changes are called, in Chinese and English."""

from collections.abc import Mapping
from typing import Any

from controller.report.wording import Text
from optimizer.estimate.events import Cause, Signal

CAUSES: Mapping[str, Text] = {
    Cause.VALVE: Text("阀门半关", "a half-shut valve"),
    Cause.OPENED: Text("阀门被开大", "an opened valve"),
    Cause.EXCHANGER: Text("换热器堵塞", "a clogged exchanger"),
    Cause.CLEANED: Text("换热器已清洗", "a cleaned exchanger"),
    Cause.RETROFIT: Text("用热减少（改造或停供）", "less heat needed (retrofit or vacated flats)"),
    Cause.MORE_LOSS: Text("用热增加", "more heat needed"),
    Cause.WET: Text("保温受潮", "wet insulation"),
    Cause.NEW_MAIN: Text("管道保温改善（新管）", "better insulation (a new main)"),
}
SIGNALS: Mapping[str, Text] = {
    Signal.FLOW: Text("流量", "flow"),
    Signal.UA: Text("换热器 UA", "UA of the exchanger"),
    Signal.HEAT: Text("热量", "heat"),
    Signal.ARRIVAL: Text("到站水温", "water on arrival"),
}


def size_text(signal: str, size: float) -> str:
    """Write how large a change is.

    Args:
        signal: What shows it.
        size: A share, or kelvins for water on arrival.

    Returns:
        The number with its unit.
    """
    return f"{size:+.1f} K" if signal == Signal.ARRIVAL else f"{100.0 * size:+.0f} %"


def event_detail(event: Mapping[str, Any]) -> str:
    """Say in one English line what has changed, for an alarm.

    Args:
        event: As `event_json` gives it.

    Returns:
        Cause, first day and size.
    """
    cause, signal = CAUSES[event["cause"]].en, SIGNALS[event["signal"]].en
    return (
        f"{cause} since {event['since'][:10]}, {signal} {size_text(event['signal'], event['size'])}"
    )
