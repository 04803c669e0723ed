"""Engines that are broken on purpose: each must be caught by a scenario.

    python -m hil_tests.broken_engines NAME run SITE ...

starts the program with one of its safeguards taken out, in this process only.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.actuate import Order, Outcome, WritePath
from controller.engine import following, safety
from controller.engine.core import Core, SiteField
from controller.guard import Authority, Permit, PointLimits, Ruling, Verdict, View
from controller.modes import Mode, Supervision, permit
from controller.store.journal import Intent, Stage
from drivers.base import Quality, Reading, Setpoint
from drivers.bus import Bus
from drivers.modbus import link
from drivers.profiles import Tag, raw_number


def _put(owner: object, name: str, value: object) -> None:
    """Put something else in the place of a part of the program; it must be there."""
    assert hasattr(owner, name), name
    setattr(owner, name, value)


def _obedient(limits: PointLimits, asked: float, view: View) -> Verdict:
    """A guard that lets everything pass at once."""
    del view
    return Verdict(ruling=Ruling.ALLOWED, point_id=limits.point_id, asked=asked, value=asked,
                   reasons=())  # fmt: skip


def _no_largest_step(order: Order, point: object) -> str:
    del order, point
    return ""


def no_ramp() -> None:
    """Setpoints jump to where the plan wants them."""
    import controller.actuate

    _put(following, "guard", _obedient)
    _put(controller.actuate, "_objection", _no_largest_step)


def wrong_scale() -> None:
    """Temperatures are written a tenth too small, and read back through the same mistake."""
    right_raw, right_number = raw_number, link._decoded

    def raw(tag: Tag, value: float) -> float:
        factor = 0.1 if tag.name == "supply_temp_setpoint" else 1.0
        return float(right_raw(tag, value) * factor)

    def number(place: Any, address: int, words: tuple[int, ...]) -> float:
        value = float(right_number(place, address, words))
        is_setpoint = place.table == "holding" and place.register == 10
        return value * 10.0 if is_setpoint and value < 200.0 else value

    _put(link, "raw_number", raw)
    _put(link, "_decoded", number)


def no_readback() -> None:
    """A write counts as done when it has been sent."""

    def resolved(self: WritePath, point: object, intent: Intent) -> tuple[Stage, float, str]:
        del self, point
        return Stage.CONFIRMED, intent.value, ""

    _put(WritePath, "_resolved", resolved)


def stale_trusted() -> None:
    """What was read long ago counts as fresh."""
    right = Bus.latest

    def latest(self: Bus, point_ids: Sequence[str], now: datetime) -> Mapping[str, Reading]:
        return {
            name: replace(reading, quality=Quality.GOOD, time=now, detail="")
            if reading.quality is Quality.STALE
            else reading
            for name, reading in right(self, point_ids, now).items()
        }

    _put(Bus, "latest", latest)


def repeated_write() -> None:
    """Every setpoint is sent twice, to be sure."""
    right = SiteField.write

    def write(self: SiteField, setpoint: Setpoint) -> None:
        right(self, setpoint)
        right(self, setpoint)

    _put(SiteField, "write", write)


def no_heartbeat() -> None:
    """The plant's controller is never told that the engine lives."""
    _put(safety.SafetyLoop, "_beat", lambda _self: None)


def unapproved() -> None:
    """What is recommended is followed, approved or not."""

    def allowed(state: Supervision, _rules: object) -> Permit | None:
        return Permit(authority=Authority.APPROVED, point_ids=_EVERYTHING, until=state.since)

    def targets(self: safety.SafetyLoop) -> Sequence[following.Target]:
        core = self._core
        return () if core.advice is None else following.targets_of_set(core.advice, core.clock())

    _put(safety, "permit", allowed)
    _put(safety.SafetyLoop, "_targets", targets)
    no_ramp()


class _Everything(frozenset[str]):
    def __contains__(self, _name: object) -> bool:
        return True


_EVERYTHING = _Everything()


def rewrites_after_restart() -> None:
    """A restart writes again what was under way."""
    right = WritePath.resolve_open

    def resolve(self: WritePath) -> tuple[Outcome, ...]:
        for intent in self._journal.open_intents():
            self._field.write(Setpoint(point_id=intent.point_id, value=intent.value))
        return right(self)

    _put(WritePath, "resolve_open", resolve)


def ignores_panel() -> None:
    """What an operator sets at the panel is written over."""
    import controller.actuate

    right = WritePath._write

    def write(self: WritePath, point: Any, intent: Intent) -> Any:
        present, _ = self._read(point)
        return right(self, point, replace(intent, before=present or intent.before))

    _put(WritePath, "_write", write)
    _put(controller.actuate, "_objection", _no_largest_step)
    _put(safety.SafetyLoop, "_check_foreign", lambda _self: None)
    _put(following, "guard", _obedient)


def ignores_hold() -> None:
    """HOLD is shown, and everything goes on being written."""
    import controller.actuate

    right = permit
    last: dict[str, Any] = {}

    def allowed(state: Supervision, rules: Any) -> Permit | None:
        found = right(state, rules)
        if found is not None:
            last["permit"] = found
        return last.get("permit") if state.mode is Mode.HOLD else found

    def targets(self: safety.SafetyLoop) -> Sequence[following.Target]:
        core: Core = self._core
        return () if core.advice is None else following.targets_of_set(core.advice, core.clock())

    _put(safety, "permit", allowed)
    _put(safety.SafetyLoop, "_targets", targets)
    _put(following, "guard", _obedient)
    _put(controller.actuate, "_objection", _no_largest_step)


@dataclass(frozen=True, kw_only=True)
class Broken:
    """An engine without one of its safeguards.

    `take_out` takes it out; the `scenario` that must notice needs no more than its first `hours`;
    one of the assertions named `caught_by` has to fail, whatever else does.
    """

    take_out: Callable[[], None]
    scenario: str
    hours: float
    caught_by: tuple[str, ...]


BROKEN: Mapping[str, Broken] = {
    "no-ramp": Broken(
        take_out=no_ramp, scenario="approved-late", hours=1.8,
        caught_by=("the outlet is moved by no more than 1.5 K at once",
                   "the pump is moved by no more than 5 % at once"),
    ),
    "wrong-scale": Broken(
        take_out=wrong_scale, scenario="ordinary-day", hours=1.25,
        caught_by=("no setpoint is outside the range of its point",),
    ),
    "no-readback": Broken(
        take_out=no_readback, scenario="ordinary-day", hours=1.25,
        caught_by=("every setpoint is read back twice",),
    ),
    "stale-trusted": Broken(
        take_out=stale_trusted, scenario="device-loses-power", hours=1.5,
        caught_by=("nothing is written while a station that is followed can not be read",),
    ),
    "repeated-write": Broken(
        take_out=repeated_write, scenario="ordinary-day", hours=1.25,
        caught_by=("no setpoint is written twice",),
    ),
    "no-heartbeat": Broken(
        take_out=no_heartbeat, scenario="ordinary-day", hours=0.25,
        caught_by=("the heartbeat beats",),
    ),
    "unapproved": Broken(
        take_out=unapproved, scenario="nobody-approves", hours=1.25,
        caught_by=("nothing is written",),
    ),
    "rewrites-after-restart": Broken(
        take_out=rewrites_after_restart, scenario="killed-in-mid-write", hours=2.1,
        caught_by=("nothing is written before somebody approves anew",),
    ),
    "ignores-panel": Broken(
        take_out=ignores_panel, scenario="operator-at-the-panel", hours=2.0,
        caught_by=("the outlet is not written any more", "the panel's value stays"),
    ),
    "ignores-hold": Broken(
        take_out=ignores_hold, scenario="held-by-a-person", hours=1.75,
        caught_by=("nothing is written after it",),
    ),
}  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Break the program, then start it.

    Args:
        words: Name of the fault, then the program's own words.

    Returns:
        The program's exit code.
    """
    from controller.cli import main as run_command_line

    BROKEN[words[0]].take_out()
    return run_command_line(list(words[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
