"""What a run costs, how warm it keeps people and how near its limits it is, as JSON objects."""

import math
from collections.abc import Iterable
from datetime import datetime

from optimizer.model.outcome import ComfortResult, Cost, LimitResult

JsonObject = dict[str, object]
# Margins this little below zero are none: the certificate rounds by as much.
ROUNDING = 1e-6


def number(value: float | None) -> float | None:
    """Give a number that JSON can hold.

    Args:
        value: Any number.

    Returns:
        The same, or None where it is not finite.
    """
    return value if value is not None and math.isfinite(value) else None


def instant(time: datetime | None) -> str | None:
    """Give an instant with its offset.

    Args:
        time: The instant, tz-aware.

    Returns:
        ISO 8601, or None.
    """
    return None if time is None else time.isoformat()


def cost_json(cost: Cost) -> JsonObject:
    """Give a cost.

    Args:
        cost: The cost.

    Returns:
        Its total and its parts, in the site's currency over the horizon.
    """
    return {
        "total": number(cost.total),
        "fuel": number(cost.fuel),
        "electricity": number(cost.electricity),
        "makeup": number(cost.makeup),
        "risk": number(cost.risk),
        "stored_heat": number(cost.stored_heat),
        "starts": number(cost.starts),
    }


def comfort_json(comfort: ComfortResult) -> JsonObject:
    """Give the shortfalls of the worst flats.

    Args:
        comfort: The shortfalls.

    Returns:
        The sum, and the largest with its place and time.
    """
    return {
        "shortfall_k_h": number(comfort.shortfall_k_h),
        "max_shortfall_k": number(comfort.max_shortfall_k),
        "building_id": comfort.building_id,
        "time": instant(comfort.time),
        "unwarmable": list(comfort.unwarmable),
        "mean_indoor_end_c": number(comfort.mean_indoor_end_c),
    }


def limits_json(limits: Iterable[LimitResult]) -> list[JsonObject]:
    """Give the worst value of each limit.

    Args:
        limits: The limits.

    Returns:
        One object for each, margins positive inside.
    """
    return [
        {
            "limit": one.limit.value,
            "where": one.where,
            "time": instant(one.time),
            "worst": number(one.worst),
            "allowed": number(one.allowed),
            "margin": number(0.0 if -ROUNDING < one.margin < 0.0 else one.margin),
            "unit": one.unit,
        }
        for one in limits
    ]
