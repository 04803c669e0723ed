"""Members of a set that no point writes: a person sets them, a readback or a typed value confirms.

Such a member is set once for each approval, to where the set takes it first; it is not moved along
the ramp between two cycles as written points are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.approvals import Recommendation
from controller.engine.elements import Element
from drivers.base import Quality, Reading

# How near a value counts as set: what a hand at a panel can do, and less than the plan hangs on.
TOLERANCES: Mapping[str, float] = {
    "supply_temp_c": 1.0,
    "speed_pct": 2.0,
    "dp_bar": 0.1,
    "secondary_offset_k": 0.5,
}
# A hand at a panel sets no finer.
PANEL_DIGITS = 2
OVERDUE_AFTER = timedelta(minutes=30)
TYPED, MEASURED = "typed", "measured"


@dataclass(frozen=True, kw_only=True, slots=True)
class ByHand:
    """A setpoint that a person is asked to set.

    `how` is empty until it is confirmed, then TYPED or MEASURED; `found` is the confirming value.
    """

    element: str
    quantity: str
    value: float
    how: str = ""
    found: float | None = None
    actor: str = ""

    @property
    def done(self) -> bool:
        """Whether it is confirmed."""
        return bool(self.how)

    def fits(self, value: float) -> bool:
        """Whether a value is the one that was asked for.

        Args:
            value: In the unit of the quantity.

        Returns:
            Whether it is within the quantity's tolerance.
        """
        return abs(value - self.value) <= TOLERANCES[self.quantity] + 1e-9


def to_set_by_hand(advice: Recommendation) -> tuple[ByHand, ...]:
    """Find what a person has to set for a set to be in force.

    Args:
        advice: The set.

    Returns:
        Members without a point that the set moves, in the order in which they are to be set.
    """
    asked = (
        (
            member,
            ByHand(
                element=member.element,
                quantity=member.quantity,
                value=round(member.first, PANEL_DIGITS),
            ),
        )
        for member in advice.members
        if member.point_id is None
    )
    return tuple(one for member, one in asked if not one.fits(member.before))


def seen(
    waiting: tuple[ByHand, ...],
    elements: Mapping[str, Element],
    readings: Mapping[str, Reading],
    since: datetime,
) -> tuple[ByHand, ...]:
    """Confirm what measurements show to be set.

    Args:
        waiting: What is to be set.
        elements: By name; `readback_id` shows what an element holds.
        readings: The newest readings.
        since: When it was asked for; what was read before does not count.

    Returns:
        The same, confirmed where a good reading shows the value.
    """

    def looked_at(one: ByHand) -> ByHand:
        reading = readings.get(elements[one.element].readback_id or "")
        if one.done or reading is None or reading.value is None or reading.time <= since:
            return one
        if reading.quality is not Quality.GOOD or not one.fits(reading.value):
            return one
        return replace(one, how=MEASURED, found=reading.value)

    return tuple(looked_at(one) for one in waiting)


def said(
    waiting: tuple[ByHand, ...], values: Mapping[str, float], actor: str
) -> tuple[tuple[ByHand, ...], tuple[str, ...]]:
    """Confirm what a person says to have set.

    Args:
        waiting: What is to be set.
        values: What stands there now, by element.
        actor: Who says so.

    Returns:
        The same, confirmed where the value fits; and what is wrong with the rest.
    """
    known = {one.element: one for one in waiting}
    wrong = [
        f"{name} is not to be set by hand; to be set: {', '.join(known) or 'nothing'}"
        for name in values
        if name not in known
    ]
    wrong += [
        f"{name} is to be {known[name].value:g}, within {TOLERANCES[known[name].quantity]:g}, "
        f"not {value:g}"
        for name, value in values.items()
        if name in known and not known[name].fits(value)
    ]
    if wrong:
        return waiting, tuple(wrong)
    confirmed = tuple(
        replace(one, how=TYPED, found=values[one.element], actor=actor)
        if one.element in values
        else one
        for one in waiting
    )
    return confirmed, ()
