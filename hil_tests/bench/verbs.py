"""What a timeline says: `drop plant 30s`, `burst L1 m3_h=5 2h`, `approve`, `kill-engine`."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

# Each verb, whether it needs a target, and the settings it takes with their usual values.
VERBS: Mapping[str, tuple[bool, Mapping[str, float | str]]] = {
    # the wire; target a bus, or a device for power-off
    "drop": (True, {"share": 1.0}),
    "noise": (True, {"share": 0.1}),
    "delay": (True, {"s": 0.1}),
    "late": (True, {"s": 0.1}),  # beyond the timeout
    "duplicate": (True, {"share": 0.3}),
    "power-off": (True, {}),
    "unplug": (True, {}),
    # detectors; target device.tag
    "stuck": (True, {}),
    "missing": (True, {}),
    "spike": (True, {"by": 20.0}),
    "drift": (True, {"per_h": 1.0}),
    "swap": (True, {"with": ""}),
    "scale": (True, {"factor": 10.0}),
    # the plant; target a pump, plant, pipe or station
    "trip-pump": (True, {}),
    "capacity": (True, {"share": 0.6}),
    "burst": (True, {"m3_h": 5.0}),
    "makeup-limit": (False, {"m3_h": 1.0}),
    "stick-valve": (True, {}),
    # people beside the plant; target a device, or device.tag for the panel
    "local": (True, {}),
    "panel": (True, {"value": 80.0}),
    # the engine's surroundings
    "clock-jump": (False, {"s": 3600.0}),
    "forecast-outage": (False, {}),
    "forecast-wrong": (False, {"k": 6.0}),
    "disk-full": (False, {}),
    "kill-engine": (False, {}),
    "kill-on-write": (False, {}),
    "stop-engine": (False, {}),
    "start-engine": (False, {}),
    # people at the engine
    "approve": (False, {}),
    "reject": (False, {}),
    "arm": (False, {"hours": 72.0}),
    "disarm": (False, {}),
    "hold": (False, {}),
    "resume": (False, {}),
    "reload": (False, {}),
}
# What a setting may be where not every finite number makes sense: a verb's, or everyone's.
_RANGES: Mapping[str, tuple[float, float]] = {
    "share": (0.0, 1.0),
    "m3_h": (0.0, 1e6),
    "hours": (0.0, 8784.0),
    "delay s": (0.0, 3600.0),
    "late s": (0.0, 3600.0),
}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(s|min|h)$")
_UNIT_S = {"s": 1.0, "min": 60.0, "h": 3600.0}


class VerbError(ValueError):
    """A line that is no order."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Something to do at a time; `lasts_s` None lasts to the end."""

    second: float
    verb: str
    target: str
    settings: Mapping[str, float | str]
    lasts_s: float | None

    @property
    def text(self) -> str:
        """The order in words."""
        return " ".join([self.verb, self.target]).strip()


def read_order(second: float, text: str) -> Order:
    """Read an order.

    Args:
        second: When.
        text: VERB [TARGET] [NAME=VALUE ...] [DURATION].

    Returns:
        The order.

    Raises:
        VerbError: The line is none; says what is wrong.
    """
    words = text.split()
    if not words or words[0] not in VERBS:
        raise VerbError(f"{text!r}: there is no such verb; there are {', '.join(VERBS)}")
    verb, rest = words[0], words[1:]
    needs_target, usual = VERBS[verb]
    lasts_s = None
    if rest and (match := _DURATION.match(rest[-1])):
        lasts_s = float(match[1]) * _UNIT_S[match[2]]
        if not 0.0 < lasts_s < math.inf:
            raise VerbError(f"{text!r}: a duration is more than 0s")
        rest = rest[:-1]
    settings = dict(usual)
    for word in [word for word in rest if "=" in word]:
        name, _, value = word.partition("=")
        if name not in usual:
            raise VerbError(f"{text!r}: {verb} takes {', '.join(usual) or 'no settings'}")
        settings[name] = value if isinstance(usual[name], str) else _number(verb, name, value)
    targets = [word for word in rest if "=" not in word]
    if len(targets) != int(needs_target):
        raise VerbError(f"{text!r}: {verb} needs {'one target' if needs_target else 'no target'}")
    target = targets[0] if targets else ""
    return Order(second=second, verb=verb, target=target, settings=settings, lasts_s=lasts_s)


def _number(verb: str, name: str, text: str) -> float:
    """Read a setting's value, within its range."""
    low, high = _RANGES.get(f"{verb} {name}", _RANGES.get(name, (-math.inf, math.inf)))
    try:
        found = float(text)
    except ValueError as error:
        raise VerbError(f"{verb}: {name} [{text}] is no number") from error
    if not math.isfinite(found) or not low <= found <= high:
        allowed = "finite" if low == -math.inf else f"from {low:g} to {high:g}"
        raise VerbError(f"{verb}: {name} [{text}] is not allowed, a number {allowed} is")
    return found
