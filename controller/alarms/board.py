"""The alarm board after ISA-18.2, as pure functions: (board, causes) -> (board, events).

One root alarm for one cause: an alarm whose root is present stays silent under it. What comes and
goes too often is raised once and stays until it has been quiet. Beyond a handful in ten minutes,
all but critical ones are listed without being announced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from controller.alarms.catalogue import CATALOGUE, Priority
from controller.store.alarm_log import AlarmEvent

TEN_MINUTES = timedelta(minutes=10)
CLEAR_AFTER = timedelta(seconds=30)
CHATTER_RAISES = 3
MOST_ANNOUNCED = 8
LONGEST_SHELF = timedelta(hours=12)
FLOOD = "flood"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Something that is wrong now; `roots` are alarms that explain it."""

    code: str
    source: str
    detail: str
    roots: tuple[str, ...] = ()

    @property
    def alarm_id(self) -> str:
        """The alarm that it raises."""
        return f"{self.code}:{self.source}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """An alarm on the board: present or gone, acknowledged or not.

    `announced` is False for one that is silent under its root or in a flood. `raises` are its
    latest raises, `quiet_since` is when its cause went away.
    """

    alarm_id: str
    code: str
    source: str
    detail: str
    raised_at: datetime
    announced: bool
    root: str = ""
    quiet_since: datetime | None = None
    cleared_at: datetime | None = None
    acknowledged_by: str = ""
    shelved_until: datetime | None = None
    shelved_by: str = ""
    shelf_reason: str = ""
    raises: tuple[datetime, ...] = ()

    @property
    def priority(self) -> Priority:
        """How soon somebody must act."""
        return CATALOGUE[self.code].priority

    @property
    def active(self) -> bool:
        """Whether its cause is present, or not yet gone for long enough."""
        return self.cleared_at is None

    @property
    def chattering(self) -> bool:
        """Whether it came and went too often."""
        return len(self.raises) >= CHATTER_RAISES


@dataclass(frozen=True, kw_only=True)
class Board:
    """All alarms by id, and when the latest were announced."""

    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    announced: tuple[datetime, ...] = ()

    def listed(self) -> tuple[Alarm, ...]:
        """What a person should see: not silent under a root; the most urgent and oldest first."""
        shown = [alarm for alarm in self.alarms.values() if not alarm.root]
        return tuple(sorted(shown, key=lambda one: (one.priority, one.raised_at, one.alarm_id)))


class UnknownAlarmError(KeyError):
    """The board has no such alarm."""


def update(
    board: Board, causes: Iterable[Cause], now: datetime
) -> tuple[Board, tuple[AlarmEvent, ...]]:
    """Bring the board up to date.

    Args:
        board: The board before.
        causes: Everything that is wrong now.
        now: tz-aware UTC.

    Returns:
        The board, and what happened: raised, cleared, unshelved.
    """
    present = {cause.alarm_id: cause for cause in causes}
    events: list[AlarmEvent] = []
    recent = tuple(at for at in board.announced if now - TEN_MINUTES < at <= now)
    alarms: dict[str, Alarm] = {}
    for alarm in board.alarms.values():
        kept = _aged(alarm, present.get(alarm.alarm_id), now, events)
        if kept is not None:
            alarms[kept.alarm_id] = kept
    # Roots first, so that what hangs on them finds them on the board.
    for cause in sorted(present.values(), key=lambda one: (len(one.roots), one.alarm_id)):
        root = next((one for one in cause.roots if one in alarms and alarms[one].active), "")
        before = alarms.get(cause.alarm_id)
        going_on = before is not None and before.active
        shown_before = going_on and before is not None and not before.root
        announced = not root and not shown_before and _may_announce(cause, before, recent)
        if going_on and before is not None:
            alarms[cause.alarm_id] = replace(
                before, detail=cause.detail, root=root, announced=before.announced or announced
            )
        else:
            alarms[cause.alarm_id] = _raised(cause, before, root, announced, now)
        if not root and not shown_before:
            events.append(_event(cause.alarm_id, "raised", "", cause.detail, now))
        if announced:
            recent = (*recent, now)
    return Board(alarms=alarms, announced=recent), tuple(events)


def flood_cause(board: Board, now: datetime) -> tuple[Cause, ...]:
    """Tell whether alarms are being listed without being announced.

    Args:
        board: The board.
        now: tz-aware UTC.

    Returns:
        The flood alarm's cause, or nothing.
    """
    silent = [
        alarm for alarm in board.listed() if alarm.active and not alarm.announced
        and alarm.code != FLOOD and now - alarm.raised_at < TEN_MINUTES
    ]  # fmt: skip
    if not silent:
        return ()
    return (Cause(code=FLOOD, source="site", detail=f"{len(silent)} more alarms are listed"),)


def acknowledge(
    board: Board, alarm_id: str, by: str, now: datetime
) -> tuple[Board, tuple[AlarmEvent, ...]]:
    """Take note of an alarm; one that is gone leaves the board with it.

    Args:
        board: The board.
        alarm_id: The alarm.
        by: Who.
        now: tz-aware UTC.

    Returns:
        The board and the event.

    Raises:
        UnknownAlarmError: The board has no such alarm.
    """
    alarm = _found(board, alarm_id)
    alarms = dict(board.alarms)
    if alarm.active:
        alarms[alarm_id] = replace(alarm, acknowledged_by=by)
    else:
        del alarms[alarm_id]
    event = _event(alarm_id, "acknowledged", by, alarm.detail, now)
    return replace(board, alarms=alarms), (event,)


def shelve(
    board: Board, alarm_id: str, by: str, reason: str, until: datetime, now: datetime
) -> tuple[Board, tuple[AlarmEvent, ...]]:
    """Put an alarm aside until an instant.

    Args:
        board: The board.
        alarm_id: The alarm.
        by: Who.
        reason: Why; needed.
        until: tz-aware UTC, at most twelve hours from now.
        now: tz-aware UTC.

    Returns:
        The board and the event.

    Raises:
        UnknownAlarmError: The board has no such alarm.
        ValueError: No reason, no time, too long, or a critical alarm.
    """
    alarm = _found(board, alarm_id)
    if not reason.strip():
        raise ValueError("an alarm is shelved for a reason; write it down")
    if not timedelta(0) < until - now <= LONGEST_SHELF:
        longest_h = LONGEST_SHELF // timedelta(hours=1)
        raise ValueError(f"an alarm is shelved for more than 0 and at most {longest_h} h")
    if alarm.priority is Priority.CRITICAL:
        raise ValueError("a critical alarm is not shelved")
    aside = replace(alarm, shelved_until=until, shelved_by=by, shelf_reason=reason)
    event = _event(alarm_id, "shelved", by, f"until {until.isoformat()}: {reason}", now)
    return replace(board, alarms={**board.alarms, alarm_id: aside}), (event,)


def board_to_json(board: Board) -> dict[str, Any]:
    """Give a board as JSON holds it.

    Args:
        board: The board.

    Returns:
        Lists and strings.
    """

    def plain(alarm: Alarm) -> dict[str, Any]:
        return {name: _plain(value) for name, value in asdict(alarm).items()}

    return {
        "alarms": [plain(alarm) for alarm in board.alarms.values()],
        "announced": [at.isoformat() for at in board.announced],
    }


def board_from_json(found: Mapping[str, Any]) -> Board:
    """Read a board back.

    Args:
        found: What `board_to_json` gave.

    Returns:
        The board.
    """
    alarms = [_alarm(one) for one in found["alarms"]]
    return Board(
        alarms={alarm.alarm_id: alarm for alarm in alarms},
        announced=tuple(datetime.fromisoformat(at) for at in found["announced"]),
    )


_INSTANTS = ("raised_at", "quiet_since", "cleared_at", "shelved_until")


def _alarm(found: Mapping[str, Any]) -> Alarm:
    values = dict(found)
    for name in _INSTANTS:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    values["raises"] = tuple(datetime.fromisoformat(at) for at in values["raises"])
    return Alarm(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _aged(
    alarm: Alarm, cause: Cause | None, now: datetime, events: list[AlarmEvent]
) -> Alarm | None:
    """Let time pass for an alarm; None where it leaves the board."""
    if alarm.shelved_until is not None and now >= alarm.shelved_until:
        events.append(_event(alarm.alarm_id, "unshelved", "", alarm.shelf_reason, now))
        alarm = replace(alarm, shelved_until=None, shelved_by="", shelf_reason="")
    raises = tuple(at for at in alarm.raises if now - at < TEN_MINUTES)
    if cause is not None:
        return replace(alarm, quiet_since=None, raises=raises if not alarm.active else alarm.raises)
    quiet_since = alarm.quiet_since or now
    alarm = replace(alarm, quiet_since=quiet_since)
    patience = TEN_MINUTES if alarm.chattering else CLEAR_AFTER
    if alarm.active and now - quiet_since >= patience:
        alarm = replace(alarm, cleared_at=now, raises=raises)
        if not alarm.root:
            events.append(_event(alarm.alarm_id, "cleared", "", alarm.detail, now))
    gone = not alarm.active and (bool(alarm.acknowledged_by) or bool(alarm.root))
    # A cleared one that chatters is remembered a while, so that its next raise is counted.
    return None if gone and now - alarm.raised_at >= TEN_MINUTES else alarm


def _may_announce(cause: Cause, before: Alarm | None, recent: tuple[datetime, ...]) -> bool:
    if before is not None and before.shelved_until is not None:
        return False
    priority = CATALOGUE[cause.code].priority
    return len(recent) < MOST_ANNOUNCED or priority is Priority.CRITICAL or cause.code == FLOOD


def _raised(cause: Cause, before: Alarm | None, root: str, announced: bool, now: datetime) -> Alarm:
    alarm = Alarm(
        alarm_id=cause.alarm_id,
        code=cause.code,
        source=cause.source,
        detail=cause.detail,
        raised_at=now,
        announced=announced,
        root=root,
        raises=(*(before.raises if before else ()), now),
    )
    if before is None or before.shelved_until is None:
        return alarm
    return replace(
        alarm,
        shelved_until=before.shelved_until,
        shelved_by=before.shelved_by,
        shelf_reason=before.shelf_reason,
    )


def _found(board: Board, alarm_id: str) -> Alarm:
    if alarm_id not in board.alarms:
        raise UnknownAlarmError(alarm_id)
    return board.alarms[alarm_id]


def _event(alarm_id: str, event: str, actor: str, detail: str, now: datetime) -> AlarmEvent:
    return AlarmEvent(at=now, alarm_id=alarm_id, event=event, actor=actor, detail=detail)
