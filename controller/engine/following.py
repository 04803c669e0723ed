"""Where each owned point should stand now, and taking it there one guarded write at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from controller.actuate import Order, Outcome
from controller.approvals import Recommendation, value_at
from controller.engine.elements import Element
from controller.guard import Permit, PointLimits, Ruling, Verdict, View, guard
from controller.modes import Mode
from controller.site import Site
from drivers.base import Quality, Reading
from optimizer.baseline import fallback_pump_setpoints
from optimizer.timegrid import curve


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a point should stand now."""

    point_id: str
    value: float
    set_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What a pass did: the guard's rulings and the writes' outcomes, in order."""

    verdicts: tuple[Verdict, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def failed(self) -> Outcome | None:
        """The write that was not confirmed, if any."""
        return next((outcome for outcome in self.outcomes if not outcome.done), None)


def targets_of_set(advice: Recommendation, now: datetime) -> tuple[Target, ...]:
    """Give where a set stands now, in its order of writing.

    Args:
        advice: The set.
        now: tz-aware UTC.

    Returns:
        Targets of the members that can be written.
    """
    return tuple(
        Target(
            point_id=member.point_id,
            value=value_at(advice, member, now),
            set_id=advice.recommendation_id,
        )
        for member in advice.members
        if member.point_id is not None
    )


def fallback_targets(
    site: Site, elements: Sequence[Element], readings: Mapping[str, Reading]
) -> tuple[Target, ...]:
    """Give the weather curve from the site's own sensor.

    Args:
        site: The site.
        elements: Its setpoints.
        readings: The newest readings.

    Returns:
        Targets; none while no good outdoor temperature is measured.
    """
    outdoor = _outdoor_temp_c(site, readings)
    if outdoor is None:
        return ()
    supply = float(curve(site.district.control.heating_curve, np.array([outdoor]))[0])
    pumps = fallback_pump_setpoints(site.district)
    plants = site.district.network.plants

    def value(element: Element) -> float:
        if element.kind == "plant":
            plant = plants[element.index]
            return min(max(supply, plant.min_supply_temp_c), plant.max_supply_temp_c)
        return float(pumps[element.index]) if element.kind == "pump" else 0.0

    return tuple(
        Target(point_id=element.point_id, value=value(element), set_id=None)
        for element in elements
        if element.point_id is not None
    )


def follow(
    targets: Sequence[Target],
    *,
    permit: Permit | None,
    mode: Mode,
    limits: Mapping[str, PointLimits],
    view: Callable[[PointLimits], View],
    carry_out: Callable[[Order], Outcome],
    actor: str,
) -> Followed:
    """Take owned points toward their targets, in order, until one can not go.

    Args:
        targets: Where they should stand.
        permit: What may be written; nothing without one.
        mode: The mode, for the journal.
        limits: The guard's limits by point.
        view: What the guard may look at, for a point.
        carry_out: The write path.
        actor: By whose word.

    Returns:
        What was ruled and done. A refused or unconfirmed member stops the rest, so that what is
        written stays a prefix of the set.

    Raises:
        StoreError: The journal failed; nothing more is written.
    """
    verdicts: list[Verdict] = []
    outcomes: list[Outcome] = []
    for target in targets if permit is not None else ():
        if permit is None or target.point_id not in permit.point_ids:
            continue
        own = limits[target.point_id]
        seen = view(own)
        if seen.held and abs(seen.held[-1][1] - target.value) <= 0.5 * own.resolution + 1e-9:
            continue
        verdict = guard(own, target.value, seen)
        verdicts.append(verdict)
        if verdict.ruling is Ruling.REFUSED or verdict.value is None:
            break
        if verdict.value == seen.held[-1][1]:
            continue
        order = Order(
            point_id=target.point_id,
            value=verdict.value,
            before=seen.held[-1][1],
            mode=mode.value,
            actor=actor,
            set_id=target.set_id,
        )
        outcomes.append(carry_out(order))
        if not outcomes[-1].done:
            break
    return Followed(verdicts=tuple(verdicts), outcomes=tuple(outcomes))


def _outdoor_temp_c(site: Site, readings: Mapping[str, Reading]) -> float | None:
    for point in site.points:
        if point.target_kind == "site" and point.quantity == "outdoor_temp_c":
            reading = readings.get(point.point_id)
            if reading is not None and reading.quality is Quality.GOOD:
                return reading.value
    return None
