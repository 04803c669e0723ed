"""The modes, the guard and a point, driven by random people and faults, against a plain oracle.

The oracle knows nothing of the machine's own state: it keeps what people said, from the events
alone. The suite takes 20,000 steps, `python -m tests.supervisor.machine` a million.
"""

import argparse
import sys
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from controller.guard import Permit, guard
from controller.modes import (
    Approve,
    Arm,
    ClockJumped,
    CycleDone,
    Disarm,
    Event,
    ForeignChange,
    Hold,
    InputsBad,
    Mode,
    Reload,
    Resume,
    Rules,
    Started,
    Tick,
    WriteFailed,
    permit,
    starting,
    step,
)
from controller.roles import Role
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW
from tests.supervisor.test_guard import GOOD, LIMITS, VIEW

HOUR = timedelta(hours=1)
STEPS_A_RUN, STEPS_A_SEED = 50, 20_000
bursts = st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=4)
roles = st.sampled_from(Role)
waits = st.sampled_from([1, 59, 60, 61, 300, 601, 900, 3600]).map(lambda s: timedelta(seconds=s))
windows = st.sampled_from([-1, 0, 600, 3600, 86400, 14 * 86400, 15 * 86400]).map(
    lambda s: timedelta(seconds=s)
)
points = st.sampled_from([frozenset(), frozenset({"sp"}), frozenset({"sp", "other"})])


class Supervised(RuleBasedStateMachine):
    """One supervisor over days."""

    @initialize(writes=st.booleans())
    def begin(self, writes: bool) -> None:
        self.patience = Rules(fallback_writes=writes)
        self.now: datetime = NOW
        self.held: list[tuple[datetime, float]] = [(NOW - 2 * HOUR, 90.0), (NOW, 90.0)]
        self.written: list[tuple[datetime, float]] = []
        self.last_write: datetime | None = None
        self.restart(calmly=True)

    # The oracle: what people said since the last restart and what ended it.

    def forget(self) -> None:
        self.approved: tuple[frozenset[str], datetime] | None = None
        self.armed_until: datetime | None = None
        self.snap_points: frozenset[str] = frozenset()

    @rule(calmly=st.booleans())
    def restart(self, calmly: bool) -> None:
        self.state = starting(self.now)
        self.forget()
        self.good_since_fall = 0
        self.person_needed = False
        if calmly:
            self.good_cycles(count=2)

    def tell(self, event: Event) -> bool:
        """Let the machine take an event; give whether it was accepted."""
        before = self.state.mode
        done = step(self.state, event, self.patience)
        self.state = done.state
        fell = self.state.mode in (Mode.HOLD, Mode.FALLBACK, Mode.MANUAL)
        if fell and before not in (Mode.HOLD, Mode.FALLBACK, Mode.MANUAL):
            self.person_needed, self.good_since_fall = True, 0
        went_up = before in (Mode.HOLD, Mode.FALLBACK, Mode.MANUAL) and not fell
        if went_up:
            assert isinstance(event, Resume | Reload), f"{event} went up without a person"
            assert isinstance(event, Reload) or self.good_since_fall >= 2
            self.person_needed = False
        return not done.refusal

    # What happens

    @rule(wait=waits)
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait
        self.held.append((self.now, self.held[-1][1]))
        self.tell(Tick(now=self.now))

    @rule()
    def started(self) -> None:
        self.tell(Started(now=self.now))

    @rule(good=st.booleans(), snap=st.booleans(), remote=st.booleans(), writable=points)
    def cycle(self, good: bool, snap: bool, remote: bool, writable: frozenset[str]) -> None:
        self.good_since_fall = self.good_since_fall + 1 if good else 0
        if good and snap and remote and self.state.mode is not Mode.AUTO:
            self.snap_points = writable
        self.tell(CycleDone(now=self.now, good=good, reason="cycle", cold_snap=snap,
                            remote=remote, point_ids=writable))  # fmt: skip

    @rule(count=st.integers(2, 3))
    def good_cycles(self, count: int) -> None:
        self.started()
        for _ in range(count):
            self.cycle(good=True, snap=False, remote=True, writable=frozenset({"sp"}))

    @rule(role=roles)
    def somebody_puts_it_right(self, role: Role) -> None:
        self.good_cycles(count=2)
        self.resume(role=role)

    @rule(role=roles, lasts=windows)
    def a_cold_snap_comes(self, role: Role, lasts: timedelta) -> None:
        self.arm(role=role, lasts=lasts)
        self.cycle(good=True, snap=True, remote=True, writable=frozenset({"sp"}))

    @rule()
    def inputs_go_bad(self) -> None:
        self.good_since_fall = 0
        self.tell(InputsBad(now=self.now, reason="stale"))

    @rule()
    def write_fails(self) -> None:
        self.good_since_fall = 0
        self.tell(WriteFailed(now=self.now, point_id="sp", reason="unknown"))

    @rule()
    def somebody_else_writes(self) -> None:
        self.tell(ForeignChange(now=self.now, point_id="sp"))
        if self.state.mode is not Mode.INIT:
            assert self.state.mode is Mode.MANUAL
            self.approved, self.snap_points = None, frozenset()

    @rule(days=st.sampled_from([-365, -1, 1, 365]))
    def clock_is_set(self, days: int) -> None:
        self.good_since_fall = 0
        self.now += timedelta(days=days)
        self.tell(ClockJumped(now=self.now))
        self.forget()
        self.held = [(self.now, self.held[-1][1])]
        self.written, self.last_write = [], None

    # What people ask

    @rule(role=roles, lasts=windows, chosen=points)
    def approve(self, role: Role, lasts: timedelta, chosen: frozenset[str]) -> None:
        until = self.now + lasts
        asked = Approve(now=self.now, by="p", role=role, set_id="s", point_ids=chosen, until=until)
        if self.tell(asked):
            assert role is not Role.VIEWER
            self.approved = (chosen, until)

    @rule(role=roles, lasts=windows)
    def arm(self, role: Role, lasts: timedelta) -> None:
        until = self.now + lasts
        if self.tell(Arm(now=self.now, by="p", role=role, until=until)):
            assert role in (Role.ENGINEER, Role.ADMIN)
            assert timedelta(0) < lasts <= timedelta(days=14)
            self.armed_until = until

    @rule(role=roles)
    def disarm(self, role: Role) -> None:
        if self.tell(Disarm(now=self.now, by="p", role=role)):
            self.armed_until, self.snap_points = None, frozenset()

    @rule(role=roles)
    def hold(self, role: Role) -> None:
        if self.tell(Hold(now=self.now, by="p", role=role)):
            assert self.state.mode is Mode.HOLD

    @rule(role=roles)
    def resume(self, role: Role) -> None:
        if self.tell(Resume(now=self.now, by="p", role=role)):
            assert role is not Role.VIEWER
            self.approved = None

    @rule(role=roles)
    def reload(self, role: Role) -> None:
        if self.tell(Reload(now=self.now, by="p", role=role)):
            assert role in (Role.ENGINEER, Role.ADMIN)
            self.forget()

    # What the engine does

    @rule(moves=bursts)
    def somebody_approves_and_it_is_followed(self, moves: list[float]) -> None:
        self.good_cycles(count=2)
        self.approve(role=Role.OPERATOR, lasts=HOUR, chosen=frozenset({"sp"}))
        self.writes(moves)

    @rule(moves=bursts)
    def a_cold_snap_is_followed(self, moves: list[float]) -> None:
        self.a_cold_snap_comes(role=Role.ENGINEER, lasts=HOUR)
        self.writes(moves)

    @rule(moves=bursts)
    def trouble_lasts(self, moves: list[float]) -> None:
        self.inputs_go_bad()
        self.time_passes(wait=timedelta(seconds=601))
        self.writes(moves)

    def writes(self, moves: list[float]) -> None:
        for move in moves:
            self.write(move=move, wait=timedelta(seconds=300))

    @rule(move=st.floats(-3.0, 3.0) | st.floats(-50.0, 50.0), wait=waits)
    def write(self, move: float, wait: timedelta) -> None:
        self.time_passes(wait=wait)
        asked = self.held[-1][1] + move
        allowed = permit(self.state, self.patience)
        view = self.view(allowed)
        verdict = guard(LIMITS, asked, view)
        if verdict.value is None:
            return
        self.lawful(allowed)
        assert LIMITS.min_value <= verdict.value <= LIMITS.max_value
        for at, value in self.written:
            if at >= self.now - HOUR:
                assert verdict.value - value <= LIMITS.up_per_h + 1e-6
                assert value - verdict.value <= LIMITS.down_per_h + 1e-6
        self.held.append((self.now, verdict.value))
        self.written.append((self.now, verdict.value))
        self.last_write = self.now

    def view(self, allowed: Permit | None) -> Any:
        readings = {name: Reading(point_id=name, value=one.value, time=self.now,
                                  quality=Quality.GOOD) for name, one in GOOD.items()}  # fmt: skip
        readings["fb"] = Reading(
            point_id="fb", value=self.held[-1][1], time=self.now, quality=Quality.GOOD
        )
        changes: dict[str, Any] = {
            "now": self.now,
            "mode": self.state.mode.value,
            "permit": allowed,
            "held": tuple(self.held[-80:]),
            "last_write": self.last_write,
            "readings": readings,
            "pressures": {},
        }
        return VIEW.__class__(**{**{n: getattr(VIEW, n) for n in VIEW.__dataclass_fields__},
                                 **changes})  # fmt: skip

    def lawful(self, allowed: Permit | None) -> None:
        """Nothing is written but by an approval, by arming, or in FALLBACK on an owned point."""
        assert allowed is not None
        approved = self.approved is not None and self.approved[1] > self.now
        armed = self.armed_until is not None and self.armed_until > self.now
        match self.state.mode:
            case Mode.ADVISORY:
                assert approved
                assert self.approved is not None
                assert allowed.point_ids <= self.approved[0]
            case Mode.AUTO:
                assert armed
                assert allowed.point_ids <= self.snap_points
            case Mode.FALLBACK:
                assert self.patience.fallback_writes
                assert approved or armed
            case _:
                raise AssertionError(f"written in {self.state.mode}")

    @invariant()
    def whatever_is_permitted_is_lawful(self) -> None:
        allowed = permit(self.state, self.patience)
        if allowed is not None and allowed.until > self.now:
            self.lawful(allowed)

    @invariant()
    def auto_is_armed(self) -> None:
        if self.state.mode is Mode.AUTO:
            assert self.armed_until is not None
            assert self.armed_until > self.now

    @invariant()
    def a_fall_needs_a_person(self) -> None:
        if self.person_needed:
            assert self.state.mode not in (Mode.ADVISORY, Mode.AUTO)


def run_steps(steps: int, number: int) -> int:
    """Let the machine take about so many steps, drawn by a seed; give how many it took."""
    taken = 0

    @seed(number)
    class Counted(Supervised):
        @invariant()
        def one_more(self) -> None:
            nonlocal taken
            taken += 1

    run_state_machine_as_test(
        Counted,
        settings=settings(
            max_examples=max(steps // STEPS_A_RUN, 1),
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return taken


def main() -> None:
    """Soak: seed after seed, since one long search would remember every step it took."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    told = parser.parse_args()
    taken, number = 0, 0
    while taken < told.steps:
        number += 1
        taken += run_steps(STEPS_A_SEED, number)
        sys.stdout.write(f"{taken} of {told.steps}, seed {number}\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{taken} steps, seeds 1 to {number}: nothing written but by a person's word\n"
    )


if __name__ == "__main__":
    main()
