"""What the engine publishes about itself, for status, console and metrics."""

from dataclasses import asdict
from typing import Any

from controller.engine.core import Core
from controller.outcome_json import number
from drivers.base import Quality
from optimizer.estimate.record import ROOM_QUANTITIES


def status_of(core: Core) -> dict[str, Any]:
    """Describe the engine's present.

    Args:
        core: The engine's shared part.

    Returns:
        What JSON can hold: mode, arming, ownership, the newest recommendation, points, alarms.
    """
    state, now = core.state, core.clock()
    instants = {reading.time for reading in core.readings.values()}  # one for a whole poll
    age_s = {at: round((now - at).total_seconds(), 1) for at in instants}
    owned = state.ownership
    return {
        "site": core.tables.site.site_id,
        "started_at": core.started_at.isoformat(),
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
        "by_hand": [asdict(one) for one in core.by_hand],
        "recommendation_id": None if core.advice is None else core.advice.recommendation_id,
        "coldest": _coldest(core),
        "devices": {
            name: {"bus": core.tables.field_map.bus_of[name], "failures": count}
            for name, count in core.plant.failures().items()
        },
        "unresolved": sorted(core.unresolved),
        "unidentified": sorted(set(core.tables.limits) - core.identified)
        if core.tables.site.auto.needs_identification
        else [],
        "locked": sorted(set(core.tables.limits) - core.passed),
        "readings": {
            name: {
                "value": number(reading.value),
                "quality": reading.quality,
                "age_s": age_s[reading.time],
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


def _coldest(core: Core) -> dict[str, Any] | None:
    """The lowest indoor temperature that is measured, and where."""
    measured = [
        (reading.value, point.target_id, point.point_id)
        for point in core.tables.site.points
        if point.target_kind == "building" and point.quantity in ROOM_QUANTITIES
        and (reading := core.readings.get(point.point_id)) is not None
        and reading.value is not None and reading.quality is Quality.GOOD
    ]  # fmt: skip
    if not measured:
        return None
    value, building_id, point_id = min(measured)
    return {"indoor_temp_c": value, "building_id": building_id, "point_id": point_id}
