"""The recommendation as an operator decides about it: from, to, why, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.approvals import Member, Recommendation, from_json
from controller.console.figures import unit_of, written
from controller.console.languages import Words
from controller.console.settings import Console
from controller.console.snapshot import Snapshot
from controller.report.numbers import local_time, number, short_number, signed
from controller.report.reasons import reason_text
from controller.report.wording import LIMITS
from optimizer.model.outcome import LimitKind, Reason

# A limit is shown on the card where the plan comes this near to it.
NEAR_SHARE = 0.03
_UNITS = {"degC": "°C", "m3/h": "m³/h"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One member of a set: where it stands, where it goes first, and the farthest it goes to.

    `exact` is the value that an approval repeats and carries.
    """

    element: str
    name: str
    quantity: str
    unit: str
    point_id: str
    now: str
    to: str
    delta: str
    exact: str
    peak: str
    peak_at: str
    writable: bool
    moves: bool

    @property
    def is_station(self) -> bool:
        """Whether it is one of many stations' offsets."""
        return self.element.startswith("station:")


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRow:
    """A limit of the certificate, as text."""

    name: str
    where: str
    at: str
    worst: str
    allowed: str
    margin: str
    unit: str
    exceeded: bool
    near: bool


def advice_of(seen: Snapshot) -> Recommendation | None:
    """Give the newest recommendation as it was made.

    Args:
        seen: The present.

    Returns:
        The recommendation, or None before the first.
    """
    return None if seen.advice is None else from_json(seen.advice.body)


def card_of(console: Console, seen: Snapshot, words: Words, now: datetime) -> dict[str, Any]:
    """Collect what the card shows.

    Args:
        console: The console.
        seen: The present.
        words: The reader's words.
        now: tz-aware.

    Returns:
        What the template takes; `advice` is None before the first recommendation.
    """
    advice = advice_of(seen)
    if advice is None:
        return {"advice": None}
    rows = changes(console, seen, advice, words)
    main = [row for row in rows if not row.element.startswith("station:")]
    offsets = [one for one in advice.members if one.element.startswith("station:")]
    limits = limit_rows(advice.limits, console, words)
    return {
        "advice": advice,
        "decision": seen.decision,
        "state": _state(seen, now),
        "advisory": seen.mode == "advisory",
        "expires": local_time(advice.expires_at, console.zone)[6:],
        "minutes_left": max(round((advice.expires_at - now).total_seconds() / 60.0), 0),
        "changes": main,
        "offsets": _offsets(offsets),
        "changed": dict(advice.changed),
        "by_hand": list(seen.engine.get("by_hand", ())),
        "reasons": [words.of(one) for one in _reasons(advice, console)],
        "limits": [one for one in limits if one.near][:5],
        "effect": effect_rows(advice.effect, console, words),
    }


def changes(console: Console, seen: Snapshot, advice: Recommendation, words: Words) -> list[Change]:
    """Say what each member of a set changes.

    Args:
        console: The console.
        seen: The present.
        advice: The set.
        words: The reader's words.

    Returns:
        Plants and pumps first, then stations, each in order of their names.
    """
    order = {"plant": 0, "pump": 1, "station": 2}

    def place(one: Member) -> tuple[int, str]:
        return order[one.element.split(":")[0]], one.element

    members = sorted(advice.members, key=place)
    return [_change(console, seen, advice, member, words) for member in members]


def limit_rows(
    limits: Sequence[Mapping[str, Any]], console: Console, words: Words
) -> list[LimitRow]:
    """Write the certificate's limits, the tightest first.

    Args:
        limits: As the recommendation has them.
        console: The console.
        words: The reader's words.

    Returns:
        A row each.
    """

    def share(one: Mapping[str, Any]) -> float:
        if one["margin"] is None:
            return float("inf")
        return float(one["margin"]) / max(abs(float(one["allowed"] or 0.0)), 1e-9)

    return [
        LimitRow(
            name=words.of(LIMITS[LimitKind(one["limit"])]),
            where=str(one["where"]),
            at="" if one["time"] is None else _local(one["time"], console),
            worst=short_number(one["worst"]),
            allowed=short_number(one["allowed"]),
            margin=short_number(one["margin"]),
            unit=_UNITS.get(str(one["unit"]), str(one["unit"])),
            exceeded=one["margin"] is not None and one["margin"] < 0.0,
            near=share(one) < NEAR_SHARE,
        )
        for one in sorted(limits, key=share)
    ]


def effect_rows(effect: Mapping[str, Any], console: Console, words: Words) -> list[dict[str, str]]:
    """Compare a plan with the weather curve and with changing nothing.

    Args:
        effect: The recommendation's predicted effect.
        console: The console.
        words: The reader's words.

    Returns:
        Rows with a name and the values of plan, curve and nothing changed.
    """
    cost, usual = effect.get("cost", {}), effect.get("baseline_cost", {})
    courses = effect.get("courses", {})
    currency = console.site.district.prices.currency
    rows = [
        {
            "name": words("effect.cost", currency=currency),
            "plan": number(cost.get("total"), 0),
            "baseline": number(usual.get("total"), 0),
            "held": number(courses.get("held_cost", {}).get("total"), 0),
        }
    ]
    short = courses.get("short")
    if short:
        columns = ("plan", "baseline", "held")
        rows.append(
            {"name": words("effect.short")} | {key: str(short[key]["buildings"]) for key in columns}
        )
        rows.append(
            {"name": words("effect.worst_short")}
            | {key: number(short[key]["max_shortfall_k"], 2) for key in columns}
        )
    if farthest := courses.get("buildings", {}).get("farthest"):
        rows.append(
            {"name": words("effect.farthest", name=farthest["building_id"])}
            | {key: _least(farthest[name]) for key, name in _COURSE_OF.items()}
        )
    if least := courses.get("least"):
        rows.append({"name": words("effect.coldest")} | {k: _coldest(v) for k, v in least.items()})
    return rows


_COURSE_OF = {"plan": "p50", "baseline": "baseline", "held": "held"}


def _least(values: Sequence[float | None]) -> str:
    known = [one for one in values if one is not None]
    return number(min(known), 1) if known else number(None, 1)


def _coldest(found: Mapping[str, Any]) -> str:
    return f"{found['building_id']} {number(found['worst_flat_temp_c'], 1)}"


def _change(
    console: Console, seen: Snapshot, advice: Recommendation, member: Member, words: Words
) -> Change:
    reading = seen.readings.get(_readback(console, member), {})
    held = reading.get("value") if reading.get("quality") == "good" else None
    now = member.before if held is None else float(held)
    to = member.first
    peak = max(range(len(member.series)), key=lambda i: abs(member.series[i] - now))
    at = advice.start + timedelta(seconds=peak * advice.step_s)
    _, digits = unit_of(member.quantity), 1
    return Change(
        element=member.element,
        name=member.element.split(":", 1)[1],
        quantity=words.maybe(f"quantity.{member.quantity}", member.quantity),
        unit=unit_of(member.quantity),
        point_id=member.point_id or "",
        now=written(now, member.quantity),
        to=written(to, member.quantity),
        delta=signed(to - now, digits),
        exact=f"{to:.4f}",
        peak=written(member.series[peak], member.quantity),
        peak_at=local_time(at, console.zone),
        writable=member.point_id is not None,
        moves=abs(to - now) >= 0.05,
    )


def _readback(console: Console, member: Member) -> str:
    for point in console.site.points:
        if point.point_id == member.point_id:
            return point.readback_point_id or ""
    return ""


def _offsets(members: Sequence[Member]) -> dict[str, str] | None:
    """The stations' offsets in one line: there are too many to list on a card."""
    if not members:
        return None
    values = [one.first for one in members]
    moved = [one for one in members if abs(one.first - one.before) >= 0.05]
    return {
        "stations": str(len(members)),
        "moved": str(len(moved)),
        "lowest": signed(min(values), 1),
        "highest": signed(max(values), 1),
    }


def _reasons(advice: Recommendation, console: Console) -> list[Any]:
    # What binds is listed with the limits, the tightest first.
    found = [one for one in advice.effect.get("reasons", ()) if one["code"] != "binding_limit"]
    return [
        reason_text(Reason(code=one["code"], values=one["values"]), console.zone) for one in found
    ]


def _local(text: str, console: Console) -> str:
    return local_time(datetime.fromisoformat(text), console.zone)


def _state(seen: Snapshot, now: datetime) -> str:
    """waiting, approved, rejected, modified or expired."""
    if seen.decision is not None:
        return seen.decision.verdict
    return "waiting" if seen.is_open(now) else "expired"
