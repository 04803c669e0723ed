"""What the engine publishes about itself, for status, console and metrics."""

from typing import Any

from controller.engine.core import Core
from controller.outcome_json import number


def status_of(core: Core) -> dict[str, Any]:
    """Describe the engine's present.

    Args:
        core: The engine's shared part.

    Returns:
        What JSON can hold: mode, arming, ownership, the newest recommendation, points, alarms.
    """
    state, now = core.state, core.clock()
    owned = state.ownership
    return {
        "site": core.tables.site.site_id,
        "mode": state.mode.value,
        "since": state.since.isoformat(),
        "reason": state.reason,
        "good_cycles": state.good_cycles,
        "armed": None
        if state.arming is None
        else {"by": state.arming.by, "until": state.arming.until.isoformat()},
        "owned": None
        if owned is None
        else {
            "authority": owned.authority.value,
            "by": owned.by,
            "until": owned.until.isoformat(),
            "points": sorted(owned.point_ids),
            "set_id": owned.set_id,
        },
        "recommendation_id": None if core.advice is None else core.advice.recommendation_id,
        "unresolved": sorted(core.unresolved),
        "locked": sorted(set(core.tables.limits) - core.passed),
        "readings": {
            name: {
                "value": number(reading.value),
                "quality": reading.quality.value,
                "age_s": round(reading.age_s(now), 1),
            }
            for name, reading in core.readings.items()
        },
        "alarms": [
            {
                "alarm_id": alarm.alarm_id,
                "priority": int(alarm.priority),
                "raised_at": alarm.raised_at.isoformat(),
                "active": alarm.active,
                "acknowledged_by": alarm.acknowledged_by,
                "detail": alarm.detail,
            }
            for alarm in core.board.listed()
        ],
    }
