"""The modes of the supervisor as a pure state machine: (state, event) -> state.

INIT -> MONITOR -> ADVISORY -> AUTO, and HOLD, FALLBACK, MANUAL. Whatever happens, what may be
written follows from `permit(state)` alone.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from controller.guard import Authority, Permit
from controller.roles import Role


class Mode(StrEnum):
    """What the supervisor does."""

    INIT = "init"  # reads everything back, writes nothing
    MONITOR = "monitor"  # watches and forecasts
    ADVISORY = "advisory"  # recommends; writes what an operator approved
    AUTO = "auto"  # writes by itself in a cold snap, armed by an engineer
    HOLD = "hold"  # writes nothing; the last confirmed values stay
    FALLBACK = "fallback"  # the weather curve
    MANUAL = "manual"  # somebody else changed an output: the operator owns it


WORKING = (Mode.ADVISORY, Mode.AUTO)
FALLEN = (Mode.HOLD, Mode.FALLBACK, Mode.MANUAL)


LEAST_ARMING, LONGEST_ARMING = timedelta(minutes=6), timedelta(days=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How patient the machine is; `fallback_writes` is `[fallback] writes` of the site, `cycle_s`
    how often a cycle comes."""

    fallback_writes: bool
    cycle_s: float = 900.0
    good_cycles_up: int = 2
    bad_cycles_hold: int = 2
    hold_before_fallback: timedelta = timedelta(minutes=10)
    longest_arming: timedelta = LONGEST_ARMING


@dataclass(frozen=True, kw_only=True, slots=True)
class Arming:
    """An engineer's word that the automatic mode may be entered, until an instant."""

    by: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ownership:
    """The points that this program may move, by whose word and until when."""

    authority: Authority
    point_ids: frozenset[str]
    until: datetime
    by: str
    set_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Supervision:
    """The whole state; `since` is when the mode was entered, `reason` why.

    A HOLD that waits `until_person` does not become FALLBACK by itself.
    """

    mode: Mode
    since: datetime
    reason: str
    good_cycles: int = 0
    bad_cycles: int = 0
    until_person: bool = False
    arming: Arming | None = None
    ownership: Ownership | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """INIT has validated, replayed the journal and read every output back."""

    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CycleDone:
    """A cycle ended. `good`: everything fresh, certified, nothing open; `remote`: every point of
    `point_ids`, those that can be written, is on remote; `cold_snap`: the forecast shows one."""

    now: datetime
    good: bool
    reason: str
    cold_snap: bool
    remote: bool
    point_ids: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputsBad:
    """The safety loop saw a stale, missing or contradictory input, or the store failed."""

    now: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteFailed:
    """A write was not confirmed."""

    now: datetime
    point_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignChange:
    """An output holds what this program did not write."""

    now: datetime
    point_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockJumped:
    """Wall clock and monotonic clock disagree: no window that was given in time counts."""

    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """Time has passed."""

    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Approve:
    """A person approved a whole set that `controller.approvals` found fit."""

    now: datetime
    by: str
    role: Role
    set_id: str
    point_ids: frozenset[str]
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """A person arms the automatic mode until an instant."""

    now: datetime
    by: str
    role: Role
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Disarm:
    """A person disarms it."""

    now: datetime
    by: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A person stops everything."""

    now: datetime
    by: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Resume:
    """A person lets it go on."""

    now: datetime
    by: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Reload:
    """A person lets the site be read again."""

    now: datetime
    by: str
    role: Role


Watched = Started | CycleDone | InputsBad | WriteFailed | ForeignChange | ClockJumped | Tick
Asked = Approve | Arm | Disarm | Hold | Resume | Reload
Event = Watched | Asked

NEEDED_ROLE: dict[type, Role] = {
    Approve: Role.OPERATOR,
    Arm: Role.ENGINEER,
    Disarm: Role.OPERATOR,
    Hold: Role.OPERATOR,
    Resume: Role.OPERATOR,
    Reload: Role.ENGINEER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The state after an event; a refused question leaves it as it was and says why."""

    state: Supervision
    refusal: str = ""


def starting(now: datetime) -> Supervision:
    """The state of a program that has just been started: armed by nobody, owning nothing.

    Args:
        now: tz-aware UTC.

    Returns:
        INIT.
    """
    return Supervision(mode=Mode.INIT, since=now, reason="started")


def permit(state: Supervision, rules: Rules) -> Permit | None:
    """Derive what may be written: the only way to a permit.

    Args:
        state: The state.
        rules: The rules.

    Returns:
        The permit for the guard, or None where nothing may be written.
    """
    owned = state.ownership
    if owned is None:
        return None
    allowed = {
        Mode.ADVISORY: owned.authority is Authority.APPROVED,
        Mode.AUTO: owned.authority is Authority.ARMED and state.arming is not None,
        Mode.FALLBACK: rules.fallback_writes,
    }
    if not allowed.get(state.mode, False):
        return None
    authority = Authority.FALLBACK if state.mode is Mode.FALLBACK else owned.authority
    return Permit(authority=authority, point_ids=owned.point_ids, until=owned.until)


def step(state: Supervision, event: Event, rules: Rules) -> Step:
    """Go on by one event.

    Args:
        state: The state before.
        event: What happened, or what a person asks.
        rules: The rules.

    Returns:
        The state after it.
    """
    state = _expired(state, event.now)
    if isinstance(event, Approve | Arm | Disarm | Hold | Resume | Reload):
        needed = NEEDED_ROLE[type(event)]
        if not event.role.may(needed):
            return Step(state=state, refusal=f"{event.by} is {event.role}; this needs {needed}")
        return _asked(state, event, rules)
    return Step(state=_watched(state, event, rules))


def _watched(state: Supervision, event: Watched, rules: Rules) -> Supervision:
    match event:
        case Started():
            if state.mode is not Mode.INIT:
                return state
            return _enter(state, Mode.MONITOR, event.now, "started")
        case CycleDone():
            return _cycle(state, event, rules)
        case InputsBad():
            owns = state.mode in WORKING and state.ownership is not None
            state = replace(state, good_cycles=0)
            return _enter(state, Mode.HOLD, event.now, event.reason) if owns else state
        case WriteFailed():
            state = replace(state, good_cycles=0)
            if state.mode not in (*WORKING, Mode.FALLBACK):
                return state
            reason = f"{event.point_id}: {event.reason}"
            # A write that fails in FALLBACK must not be tried again and again.
            return _held(state, event.now, reason, until_person=state.mode is Mode.FALLBACK)
        case ForeignChange():
            if state.mode in (Mode.INIT, Mode.MANUAL):
                return state
            reason = f"{event.point_id} was changed by somebody else"
            return _enter(_released(state), Mode.MANUAL, event.now, reason)
        case ClockJumped():
            return _jumped(state, event.now)
        case Tick():
            return _ticked(state, event.now, rules)


def _cycle(state: Supervision, event: CycleDone, rules: Rules) -> Supervision:
    """Count cycles; go up where that needs no person, or down after bad ones."""
    if not event.good:
        state = replace(state, good_cycles=0, bad_cycles=state.bad_cycles + 1)
        if state.mode in WORKING and state.bad_cycles >= rules.bad_cycles_hold:
            return _held(state, event.now, event.reason, until_person=False)
        return state
    state = replace(state, good_cycles=state.good_cycles + 1, bad_cycles=0)
    if state.mode is Mode.MONITOR and state.good_cycles >= rules.good_cycles_up:
        return _enter(state, Mode.ADVISORY, event.now, "good cycles")
    if state.mode is Mode.ADVISORY and _may_enter_auto(state, event):
        assert state.arming is not None
        owned = Ownership(
            authority=Authority.ARMED,
            point_ids=event.point_ids,
            until=state.arming.until,
            by=state.arming.by,
        )
        return _enter(replace(state, ownership=owned), Mode.AUTO, event.now, "cold snap")
    if state.mode is Mode.AUTO and not (event.cold_snap and event.remote):
        reason = "the cold snap is over" if event.remote else "a point is on local"
        return _enter(_released(state), Mode.ADVISORY, event.now, reason)
    return state


def _may_enter_auto(state: Supervision, event: CycleDone) -> bool:
    return state.arming is not None and event.cold_snap and event.remote and bool(event.point_ids)


def _asked(state: Supervision, event: Asked, rules: Rules) -> Step:
    match event:
        case Approve():
            return _approved(state, event)
        case Arm():
            return _armed(state, event, rules)
        case Disarm():
            return Step(state=_disarmed(state, event.now, f"disarmed by {event.by}"))
        case Hold():
            if state.mode is Mode.INIT:
                return Step(state=state, refusal="the engine is still starting; it writes nothing")
            return Step(state=_held(state, event.now, f"held by {event.by}", until_person=True))
        case Resume():
            return _resumed(state, event, rules)
        case Reload():
            if state.mode is Mode.INIT:
                return Step(state=state, refusal="the engine is still starting")
            calm = replace(_released(state), arming=None, good_cycles=0, bad_cycles=0)
            reason = f"reloaded by {event.by}"
            return Step(state=_enter(calm, Mode.MONITOR, event.now, reason))


def _approved(state: Supervision, event: Approve) -> Step:
    if state.mode is not Mode.ADVISORY:
        return Step(state=state, refusal=f"nothing can be approved in mode {state.mode}")
    if event.until <= event.now:
        return Step(state=state, refusal=f"the set expired at {event.until.isoformat()}")
    owned = Ownership(
        authority=Authority.APPROVED,
        point_ids=event.point_ids,
        until=event.until,
        by=event.by,
        set_id=event.set_id,
    )
    return Step(state=replace(state, ownership=owned))


def _armed(state: Supervision, event: Arm, rules: Rules) -> Step:
    if state.mode in (Mode.INIT, *FALLEN):
        return Step(state=state, refusal=f"nothing can be armed in mode {state.mode}")
    longest, until = rules.longest_arming, event.until.isoformat(timespec="minutes")
    if event.until <= event.now:
        return Step(state=state, refusal=f"{until} is past; arm until an instant to come")
    if event.until - event.now > longest:
        refusal = f"{until} is too far ahead; arm for at most {longest.days} days"
        return Step(state=state, refusal=refusal)
    state = replace(state, arming=Arming(by=event.by, until=event.until))
    if state.mode is Mode.AUTO and state.ownership is not None:
        state = replace(state, ownership=replace(state.ownership, until=event.until, by=event.by))
    return Step(state=state)


def _resumed(state: Supervision, event: Resume, rules: Rules) -> Step:
    if state.mode not in FALLEN:
        return Step(state=state, refusal=f"there is nothing to resume in mode {state.mode}")
    if state.good_cycles < rules.good_cycles_up:
        missing = rules.good_cycles_up - state.good_cycles
        need = "more good cycle is" if missing == 1 else "more good cycles are"
        every = f"{rules.cycle_s:.0f} s" if rules.cycle_s < 120 else f"{rules.cycle_s / 60:.0f} min"
        refusal = f"{missing} {need} needed first; a cycle comes every {every}"
        return Step(state=state, refusal=refusal)
    reason = f"resumed by {event.by}"
    return Step(state=_enter(_released(state), Mode.ADVISORY, event.now, reason))


def _ticked(state: Supervision, now: datetime, rules: Rules) -> Supervision:
    waited = now - state.since >= rules.hold_before_fallback
    if state.mode is Mode.HOLD and not state.until_person and waited:
        return _enter(state, Mode.FALLBACK, now, f"on hold for too long: {state.reason}")
    return state


def _jumped(state: Supervision, now: datetime) -> Supervision:
    state = replace(_released(state), arming=None, good_cycles=0)
    if state.mode in WORKING or state.mode is Mode.FALLBACK:
        return _held(state, now, "the clock was set", until_person=False)
    return replace(state, since=now)


def _expired(state: Supervision, now: datetime) -> Supervision:
    """End what has run out, before anything else is looked at."""
    if state.arming is not None and now >= state.arming.until:
        state = _disarmed(state, now, "the armed window ended")
    if state.ownership is not None and now >= state.ownership.until:
        state = _released(state)
    return state


def _disarmed(state: Supervision, now: datetime, reason: str) -> Supervision:
    state = replace(state, arming=None)
    if state.ownership is not None and state.ownership.authority is Authority.ARMED:
        state = _released(state)
    if state.mode is Mode.AUTO:
        return _enter(_released(state), Mode.ADVISORY, now, reason)
    return state


def _released(state: Supervision) -> Supervision:
    return replace(state, ownership=None)


def _held(state: Supervision, now: datetime, reason: str, *, until_person: bool) -> Supervision:
    return replace(_enter(state, Mode.HOLD, now, reason), until_person=until_person)


def _enter(state: Supervision, mode: Mode, now: datetime, reason: str) -> Supervision:
    """Enter a mode; falling down starts the count of good cycles anew."""
    good = 0 if mode in FALLEN and state.mode not in FALLEN else state.good_cycles
    return replace(state, mode=mode, since=now, reason=reason, good_cycles=good, until_person=False)
