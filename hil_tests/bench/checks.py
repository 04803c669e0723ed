"""Assertions of a scenario file, read: what is measured, of what, and where it must lie."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hil_tests.bench.assertions import MEASURES
from hil_tests.bench.kpi import Kpi
from hil_tests.bench.scenario_values import Span, Wrongs
from hil_tests.bench.trace import KINDS

_WINDOW = ("from_h", "to_h")
_OF_POINTS = (*_WINDOW, "point")
# What each measure takes beside name, what, low and high; a window where nothing is said.
_OPTIONS: Mapping[str, Sequence[str]] = {
    "trace": (*_WINDOW, "kind", "quantity", "id", "of"),
    "writes": _OF_POINTS,
    "repeated-writes": _OF_POINTS,
    "writes-out-of-range": _OF_POINTS,
    "largest-write-step": _OF_POINTS,
    "writes-not-read-back": (),
    "alarms": (*_WINDOW, "alarm"),
    "kpi": ("kpi",),
    "kpi-against-curve": ("kpi", "relative"),
}
_FIGURES = tuple(one.name for one in fields(Kpi) if one.name != "currency")
_SITE_QUANTITIES = ("outdoor_temp_c", "makeup_m3_h")
_SUMMARIES = ("min", "max", "last", "mean", "change", "spread")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One assertion: what is measured, and the range it must lie in."""

    name: str
    what: str
    options: Mapping[str, Any]
    low: float | None
    high: float | None


def read_check(row: Mapping[str, Any], key: str, hours: float, wrongs: Wrongs) -> Check | None:
    """Read an assertion.

    Args:
        row: Its table.
        key: Where it stands, such as `assert[2]`.
        hours: How long the scenario lasts, h.
        wrongs: Collects what is wrong.

    Returns:
        The assertion; None where it is none.
    """
    own = dict(row)
    name, what = own.pop("name", ""), own.pop("what", "")
    low, high = own.pop("low", None), own.pop("high", None)
    before = len(wrongs.problems)
    if not isinstance(name, str) or not name or not what or (low is None and high is None):
        wrongs.add(key, "needs name, what, and low or high", "see docs/bench.md")
        return None
    if not isinstance(what, str) or what not in MEASURES:
        wrongs.refuse(f"{key}.what", what, f"one of {', '.join(MEASURES)}")
        return None
    for side, value in (("low", low), ("high", high)):
        if value is not None and not Span(-math.inf, math.inf).holds(value):
            wrongs.refuse(f"{key}.{side}", value, "a finite number")
    if len(wrongs.problems) == before and None not in (low, high) and low > high:
        wrongs.refuse(f"{key}.low", low, f"no more than high, which is {high}")
    _check_options(own, what, key, hours, wrongs)
    if len(wrongs.problems) > before:
        return None
    return Check(name=name, what=what, options=own, low=low, high=high)


def _check_options(
    own: Mapping[str, Any], what: str, key: str, hours: float, wrongs: Wrongs
) -> None:
    known = _OPTIONS.get(what, _WINDOW)
    for name in own:
        if name not in known:
            wrongs.add(
                f"{key}.{name}", f"is not known to {what}", ", ".join(known) or "leave it out"
            )
    for name in set(_WINDOW) & set(known) & set(own):
        if not (span := Span(0.0, hours)).holds(own[name]):
            wrongs.refuse(f"{key}.{name}", own[name], f"{span.text}, the scenario's hours")
    choices: dict[str, Sequence[object]] = {}
    if "kpi" in known:
        choices["kpi"] = _FIGURES
    if "relative" in own:
        choices["relative"] = (True, False)
    if what == "trace":
        choices |= _of_trace(own)
    for name, allowed in choices.items():
        if own.get(name) not in allowed:
            wrongs.refuse(f"{key}.{name}", own.get(name), f"one of {', '.join(map(str, allowed))}")


def _of_trace(own: Mapping[str, Any]) -> dict[str, Sequence[object]]:
    """What the options of a series may be; registers and ids are the site's."""
    kind = own.get("kind")
    found: dict[str, Sequence[object]] = {"kind": (*KINDS, "site", "registers")}
    if isinstance(kind, str) and kind in KINDS:
        found["quantity"] = tuple(KINDS[kind])
    if kind == "site":
        found["quantity"] = _SITE_QUANTITIES
    if "of" in own:
        found["of"] = _SUMMARIES
    return found
