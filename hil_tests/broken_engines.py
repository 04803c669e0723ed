"""Engines that are broken on purpose: each must be caught by a scenario.

    python -m hil_tests.broken_engines NAME run SITE ...

starts the program with one of its safeguards taken out, in this process only.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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


BROKEN: Mapping[str, tuple[Callable[[], None], str]] = {
    "no-ramp": (no_ramp, "ordinary-day"),
    "wrong-scale": (wrong_scale, "ordinary-day"),
    "no-readback": (no_readback, "ordinary-day"),
    "stale-trusted": (stale_trusted, "device-loses-power"),
    "repeated-write": (repeated_write, "ordinary-day"),
    "no-heartbeat": (no_heartbeat, "ordinary-day"),
    "unapproved": (unapproved, "nobody-approves"),
    "rewrites-after-restart": (rewrites_after_restart, "killed-in-mid-write"),
    "ignores-panel": (ignores_panel, "operator-at-the-panel"),
    "ignores-hold": (ignores_hold, "held-by-a-person"),
}


def main(words: Sequence[str]) -> int:
    """Break the program, then start it.

    Args:
        words: Name of the fault, then the program's own words.

    Returns:
        The program's exit code.
    """
    from controller.cli import main as run_command_line

    BROKEN[words[0]][0]()
    return run_command_line(list(words[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
