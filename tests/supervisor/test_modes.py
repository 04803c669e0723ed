"""Each transition of the modes with its condition, and 20,000 random steps against an oracle."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.guard import Authority
from controller.modes import (
    Approve,
    Arm,
    Arming,
    ClockJumped,
    CycleDone,
    Disarm,
    Event,
    ForeignChange,
    Hold,
    InputsBad,
    Mode,
    Ownership,
    Reload,
    Resume,
    Rules,
    Started,
    Supervision,
    Tick,
    WriteFailed,
    permit,
    starting,
    step,
)
from controller.roles import Role
from tests.supervisor.conftest import NOW
from tests.supervisor.machine import run_steps

MINUTE = timedelta(minutes=1)
RULES = Rules(fallback_writes=True)
OWNED = frozenset({"sp"})
APPROVED = Ownership(authority=Authority.APPROVED, point_ids=OWNED, until=NOW + 15 * MINUTE,
                     by="li", set_id="s")  # fmt: skip
ARMED = Ownership(authority=Authority.ARMED, point_ids=OWNED, until=NOW + 60 * MINUTE, by="wang")
ARMING = Arming(by="wang", until=NOW + 60 * MINUTE)
GOOD = CycleDone(now=NOW, good=True, reason="", cold_snap=False, remote=True, point_ids=OWNED)
SNAP = replace(GOOD, cold_snap=True)
BAD = replace(GOOD, good=False, reason="no certificate")


def state(mode: Mode, **changes: object) -> Supervision:
    plain = Supervision(mode=mode, since=NOW, reason="")
    return replace(plain, **changes)  # type: ignore[arg-type]


ADVISORY = state(Mode.ADVISORY, ownership=APPROVED)
AUTO = state(Mode.AUTO, arming=ARMING, ownership=ARMED)
LATER = NOW + 10 * MINUTE
TRANSITIONS: list[tuple[str, Supervision, Event, Mode, bool]] = [
    # name, before, event, mode after it, whether points stay owned
    ("the start", starting(NOW), Started(now=NOW), Mode.MONITOR, False),
    ("a start once only", state(Mode.ADVISORY), Started(now=NOW), Mode.ADVISORY, False),
    ("first good cycle", state(Mode.MONITOR), GOOD, Mode.MONITOR, False),
    ("second good cycle", state(Mode.MONITOR, good_cycles=1), GOOD, Mode.ADVISORY, False),
    ("a bad one between", state(Mode.MONITOR, good_cycles=1), BAD, Mode.MONITOR, False),
    ("snap, not armed", state(Mode.ADVISORY), SNAP, Mode.ADVISORY, False),
    ("armed, no snap", state(Mode.ADVISORY, arming=ARMING), GOOD, Mode.ADVISORY, False),
    ("armed and snap", state(Mode.ADVISORY, arming=ARMING), SNAP, Mode.AUTO, True),
    (
        "armed and snap, on local",
        state(Mode.ADVISORY, arming=ARMING),
        replace(SNAP, remote=False),
        Mode.ADVISORY,
        False,
    ),
    (
        "armed and snap, nothing to write",
        state(Mode.ADVISORY, arming=ARMING),
        replace(SNAP, point_ids=frozenset()),
        Mode.ADVISORY,
        False,
    ),
    ("armed and snap, bad", state(Mode.ADVISORY, arming=ARMING), BAD, Mode.ADVISORY, False),
    (
        "armed in MONITOR waits for ADVISORY",
        state(Mode.MONITOR, arming=ARMING, good_cycles=1),
        SNAP,
        Mode.ADVISORY,
        False,
    ),
    ("snap goes on", AUTO, SNAP, Mode.AUTO, True),
    ("snap over", AUTO, GOOD, Mode.ADVISORY, False),
    ("switched to local", AUTO, replace(SNAP, remote=False), Mode.ADVISORY, False),
    ("one bad cycle", AUTO, BAD, Mode.AUTO, True),
    ("two bad cycles", replace(AUTO, bad_cycles=1), BAD, Mode.HOLD, True),
    ("two bad, advisory", replace(ADVISORY, bad_cycles=1), BAD, Mode.HOLD, True),
    ("window over", AUTO, Tick(now=NOW + 60 * MINUTE), Mode.ADVISORY, False),
    ("window not over", AUTO, Tick(now=NOW + 59 * MINUTE), Mode.AUTO, True),
    ("approval over", ADVISORY, Tick(now=NOW + 15 * MINUTE), Mode.ADVISORY, False),
    ("inputs bad, owned", ADVISORY, InputsBad(now=NOW, reason="x"), Mode.HOLD, True),
    (
        "inputs bad, nothing owned",
        state(Mode.ADVISORY),
        InputsBad(now=NOW, reason="x"),
        Mode.ADVISORY,
        False,
    ),
    ("inputs bad in auto", AUTO, InputsBad(now=NOW, reason="x"), Mode.HOLD, True),
    ("inputs bad in init", starting(NOW), InputsBad(now=NOW, reason="x"), Mode.INIT, False),
    (
        "write failed",
        ADVISORY,
        WriteFailed(now=NOW, point_id="sp", reason="x"),
        Mode.HOLD,
        True,
    ),
    (
        "write failed in fallback",
        state(Mode.FALLBACK, ownership=APPROVED),
        WriteFailed(now=NOW, point_id="sp", reason="x"),
        Mode.HOLD,
        True,
    ),
    ("hold for long", state(Mode.HOLD, ownership=APPROVED), Tick(now=LATER), Mode.FALLBACK, True),
    (
        "hold not so long",
        state(Mode.HOLD),
        Tick(now=LATER - timedelta(seconds=1)),
        Mode.HOLD,
        False,
    ),
    ("held by a person", state(Mode.HOLD, until_person=True), Tick(now=LATER), Mode.HOLD, False),
    ("foreign change", AUTO, ForeignChange(now=NOW, point_id="sp"), Mode.MANUAL, False),
    (
        "foreign change on hold",
        state(Mode.HOLD, ownership=APPROVED),
        ForeignChange(now=NOW, point_id="sp"),
        Mode.MANUAL,
        False,
    ),
    ("foreign in init", starting(NOW), ForeignChange(now=NOW, point_id="sp"), Mode.INIT, False),
    ("clock set in auto", AUTO, ClockJumped(now=NOW), Mode.HOLD, False),
    ("clock set in monitor", state(Mode.MONITOR), ClockJumped(now=NOW), Mode.MONITOR, False),
]


@pytest.mark.parametrize(("name", "before", "event", "mode", "owned"), TRANSITIONS)
def test_what_happens(
    name: str, before: Supervision, event: Event, mode: Mode, owned: bool
) -> None:
    after = step(before, event, RULES).state
    assert (after.mode, after.ownership is not None) == (mode, owned), name


OPERATOR, ENGINEER = {"by": "li", "role": Role.OPERATOR}, {"by": "wang", "role": Role.ENGINEER}
APPROVE = Approve(now=NOW, by="li", role=Role.OPERATOR, set_id="s", point_ids=OWNED,
                  until=NOW + MINUTE)  # fmt: skip
ARM = Arm(now=NOW, by="wang", role=Role.ENGINEER, until=NOW + 60 * MINUTE)
DISARM = Disarm(now=NOW, by="li", role=Role.OPERATOR)
HOLD = Hold(now=NOW, by="li", role=Role.OPERATOR)
RESUME = Resume(now=NOW, by="li", role=Role.OPERATOR)
RELOAD = Reload(now=NOW, by="wang", role=Role.ENGINEER)
QUESTIONS: list[tuple[str, Supervision, Event, Mode, str]] = [
    # name, before, event, mode after it, a part of the refusal
    ("approve", state(Mode.ADVISORY), APPROVE, Mode.ADVISORY, ""),
    ("approve in monitor", state(Mode.MONITOR), APPROVE, Mode.MONITOR, "in mode monitor"),
    ("approve in auto", AUTO, APPROVE, Mode.AUTO, "in mode auto"),
    (
        "approve an expired set",
        state(Mode.ADVISORY),
        replace(APPROVE, until=NOW),
        Mode.ADVISORY,
        "expired",
    ),
    (
        "approve as a viewer",
        state(Mode.ADVISORY),
        replace(APPROVE, role=Role.VIEWER),
        Mode.ADVISORY,
        "needs operator",
    ),
    ("arm", state(Mode.ADVISORY), ARM, Mode.ADVISORY, ""),
    ("arm in monitor", state(Mode.MONITOR), ARM, Mode.MONITOR, ""),
    ("arm on hold", state(Mode.HOLD), ARM, Mode.HOLD, "in mode hold"),
    ("arm in init", starting(NOW), ARM, Mode.INIT, "in mode init"),
    (
        "arm as an operator",
        state(Mode.ADVISORY),
        replace(ARM, role=Role.OPERATOR),
        Mode.ADVISORY,
        "needs engineer",
    ),
    (
        "arm for no time",
        state(Mode.ADVISORY),
        replace(ARM, until=NOW),
        Mode.ADVISORY,
        f"{NOW:%Y-%m-%dT%H:%M}+00:00 is past",
    ),
    (
        "arm for ever",
        state(Mode.ADVISORY),
        replace(ARM, until=NOW + timedelta(days=14, seconds=1)),
        Mode.ADVISORY,
        "too far ahead; arm for at most 14 days",
    ),
    ("disarm", AUTO, DISARM, Mode.ADVISORY, ""),
    ("disarm where nothing is armed", state(Mode.MONITOR), DISARM, Mode.MONITOR, ""),
    ("hold", AUTO, HOLD, Mode.HOLD, ""),
    ("hold in init", starting(NOW), HOLD, Mode.INIT, "still starting"),
    ("resume", state(Mode.HOLD, good_cycles=2), RESUME, Mode.ADVISORY, ""),
    ("resume from manual", state(Mode.MANUAL, good_cycles=2), RESUME, Mode.ADVISORY, ""),
    ("resume too early", state(Mode.HOLD, good_cycles=1), RESUME, Mode.HOLD, "1 more good"),
    ("resume what runs", AUTO, RESUME, Mode.AUTO, "nothing to resume"),
    ("reload", AUTO, RELOAD, Mode.MONITOR, ""),
    ("reload in init", starting(NOW), RELOAD, Mode.INIT, "still starting"),
    ("reload as an operator", AUTO, replace(RELOAD, role=Role.OPERATOR), Mode.AUTO, "engineer"),
]


@pytest.mark.parametrize(("name", "before", "event", "mode", "refusal"), QUESTIONS)
def test_what_people_ask(
    name: str, before: Supervision, event: Event, mode: Mode, refusal: str
) -> None:
    done = step(before, event, RULES)
    assert done.state.mode is mode, name
    assert refusal in done.refusal
    assert bool(done.refusal) == bool(refusal)
    if refusal:
        assert done.state == before


PERMITS: list[tuple[str, Supervision, bool, Authority | None]] = [
    ("advisory, approved", ADVISORY, False, Authority.APPROVED),
    ("advisory, not approved", state(Mode.ADVISORY), False, None),
    ("auto", AUTO, False, Authority.ARMED),
    ("auto, no longer armed", replace(AUTO, arming=None), False, None),
    ("fallback that writes", state(Mode.FALLBACK, ownership=APPROVED), True, Authority.FALLBACK),
    ("fallback that recommends", state(Mode.FALLBACK, ownership=APPROVED), False, None),
    ("fallback that owns nothing", state(Mode.FALLBACK), True, None),
    ("hold", state(Mode.HOLD, ownership=APPROVED), True, None),
    ("manual", state(Mode.MANUAL, ownership=APPROVED), True, None),
    ("monitor", state(Mode.MONITOR, ownership=APPROVED), True, None),
    ("init", state(Mode.INIT, ownership=APPROVED), True, None),
]


@pytest.mark.parametrize(("name", "held", "writes", "authority"), PERMITS)
def test_what_may_be_written(
    name: str, held: Supervision, writes: bool, authority: Authority | None
) -> None:
    found = permit(held, Rules(fallback_writes=writes))
    assert (None if found is None else found.authority) is authority, name


def test_arming_longer_keeps_auto_and_its_points() -> None:
    after = step(AUTO, replace(ARM, until=NOW + 120 * MINUTE), RULES).state
    assert after.mode is Mode.AUTO
    assert after.ownership is not None
    assert after.ownership.until == NOW + 120 * MINUTE


def test_falling_starts_the_count_anew() -> None:
    fallen = step(replace(AUTO, good_cycles=9), HOLD, RULES).state
    assert fallen.good_cycles == 0
    again = step(replace(fallen, good_cycles=1), ForeignChange(now=NOW, point_id="sp"), RULES)
    assert again.state.good_cycles == 1


def test_resuming_releases_what_was_owned() -> None:
    held = state(Mode.HOLD, good_cycles=2, ownership=APPROVED)
    assert step(held, RESUME, RULES).state.ownership is None


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_20000_random_steps() -> None:
    assert run_steps(23_000, number=1) > 20_000  # some runs end early
