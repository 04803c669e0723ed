"""Half-written sets: in which order a set is written, and what follows if it stops on the way.

A write that fails stops the rest and gives HOLD. Each prefix of the order is therefore judged as if
the rest were never written.
"""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from controller.engine.elements import Element
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

# A set is followed while its points are owned; after a failed write a person acts within hours.
PREFIX_FOLLOWED_H, PREFIX_JUDGED_H = 1, 6
# In which order what falls is written, until one has no unlawful prefix: pressure falls with the
# pumps and rises where stations draw less, water cools slower than valves answer. Where none of
# them is lawful, what rises goes first: a plant that falls while the stations draw as before can
# cool a pipe faster than it may.
ORDERS = (
    ("pump", "plant", "station"),
    ("station", "pump", "plant"),
    ("pump", "station", "plant"),
    ("plant", "pump", "station"),
)


def lawful_order(
    district: District,
    state: PlantState,
    forecast: Forecast,
    elements: tuple[Element, ...],
    schedule: Schedule,
) -> tuple[tuple[Element, ...], str | None]:
    """Find an order in which a set can be written without an unlawful prefix.

    What is written follows the set while its points are owned and stays there, all else stays put.
    Judged over the hours in which a person acts, beside what staying put altogether would do.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        elements: What is set, in any order.
        schedule: The whole set's.

    Returns:
        The order, and the member after which it would pass a limit, None where none does; where
        every order has such a member, the first order with its own.
    """
    from optimizer.certify import certify
    from optimizer.comparison import newly_passed
    from optimizer.timegrid import first_steps, part_of

    hour = round(3600 / schedule.step_s)
    steps = min(PREFIX_JUDGED_H * hour, schedule.steps)
    ahead, begun = part_of(forecast, 0, steps), first_steps(schedule, steps)
    stands = prefix((), begun, state, PREFIX_FOLLOWED_H * hour)
    put = certify(district, state, ahead, stands)

    def broken_member(order: tuple[Element, ...]) -> str | None:
        before = stands
        for count in range(1, len(order)):
            partial = prefix(order[:count], begun, state, PREFIX_FOLLOWED_H * hour)
            if same_setpoints(partial, before):
                continue  # its last member stays where it is
            judged, before = certify(district, state, ahead, partial), partial
            if not judged.certified and newly_passed(put, judged):
                return order[count - 1].name
        return None

    broken: dict[tuple[Element, ...], str] = {}
    for rising_first, falling in product((False, True), ORDERS):
        order = writing_order(elements, begun, stands, falling, rising_first=rising_first)
        if order in broken:
            continue
        member = broken_member(order)
        if member is None:
            return order, None
        broken[order] = member
    return next(iter(broken.items()))


def same_setpoints(one: Schedule, other: Schedule) -> bool:
    """Whether two schedules of the same grid ask for the same.

    Args:
        one: A schedule.
        other: Another.

    Returns:
        True where every setpoint is equal.
    """
    return (
        np.array_equal(one.supply_temp_c, other.supply_temp_c)
        and np.array_equal(one.pump_setpoint, other.pump_setpoint)
        and np.array_equal(one.secondary_offset_k, other.secondary_offset_k)
    )


def writing_order(
    elements: tuple[Element, ...],
    schedule: Schedule,
    stands: Schedule,
    falling: tuple[str, ...] = ORDERS[0],
    *,
    rising_first: bool = False,
) -> tuple[Element, ...]:
    """Order elements as they are set: what is written before what hands set, each with what falls
    first, so that no prefix stands higher than before before something has been lowered.

    Args:
        elements: What is set.
        schedule: Where the set takes them.
        stands: Where they stand, on the same grid.
        falling: In which order the kinds of what falls come; those of what rises come the other
            way round.
        rising_first: What rises comes before what falls instead.

    Returns:
        The same elements.
    """

    def rank(element: Element) -> tuple[bool, bool, int, str]:
        series = series_of(element, schedule)
        rises = bool(series[min(1, len(series) - 1)] >= series_of(element, stands)[0])
        place = falling.index(element.kind)
        return (
            element.point_id is None,
            rises is not rising_first,
            -place if rises else place,
            element.name,
        )

    return tuple(sorted(elements, key=rank))


def prefix(
    written: tuple[Element, ...], schedule: Schedule, state: PlantState, followed: int
) -> Schedule:
    """The schedule if the set were written so far and no further.

    Args:
        written: The members that follow the schedule.
        schedule: The whole set's.
        state: Where all others stay.
        followed: Steps after which what is written stays, too.

    Returns:
        The schedule.
    """
    held = {
        "plant": np.repeat(np.asarray(state.supply_temp_setpoint_c)[:, None], schedule.steps, 1),
        "pump": np.repeat(np.asarray(state.pump_setpoint)[:, None], schedule.steps, 1),
        "station": np.repeat(np.asarray(state.secondary_offset_k)[:, None], schedule.steps, 1),
    }
    for element in written:
        series = series_of(element, schedule)
        held[element.kind][element.index] = series[
            np.minimum(np.arange(len(series)), min(followed, len(series) - 1))
        ]
    return replace(
        schedule,
        supply_temp_c=held["plant"],
        pump_setpoint=held["pump"],
        secondary_offset_k=held["station"],
    )


def series_of(element: Element, schedule: Schedule) -> Any:
    """Give an element's row of a schedule.

    Args:
        element: The element.
        schedule: The schedule.

    Returns:
        Its setpoints, shape (steps,).
    """
    rows = {
        "plant": schedule.supply_temp_c,
        "pump": schedule.pump_setpoint,
        "station": schedule.secondary_offset_k,
    }
    return rows[element.kind][element.index]
