"""How warm the coldest flat can be held, whatever it costs.

Two things stand against it. No room gets warmer than the hottest water at the most flow makes it.
And rooms that cool freely to their floors and are then held there take the least heat, counted from
the start to any instant: a run that heats earlier is warmer at every instant, holds more and has
lost more. Where even that is more than plants and water can have given by then, the floors are out
of reach, however the heat is shared out.
"""

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.relaxation.alone import lowest_heat
from optimizer.relaxation.radiators import LeastSupply
from optimizer.relaxation.rooms import Rooms
from optimizer.relaxation.warmth import Warmth

HALVINGS = 16


def least_shortfall_k(
    rooms: Rooms,
    start_c: FloatArray,
    warmth: Warmth,
    idle: LeastSupply,
    warmest_c: FloatArray,
    within_reach_j: FloatArray,
) -> float:
    """Find a largest shortfall that no schedule stays below.

    Args:
        rooms: The buildings.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        warmth: What is asked of the worst flats; its `allowed_k` is a shortfall that is reached.
        idle: Radiators that may get nothing.
        warmest_c: Air that no schedule exceeds, degC, shape (steps + 1, buildings).
        within_reach_j: Heat that radiators can have had by each boundary but the first, J, shape
            (steps,).

    Returns:
        Shortfall, K, not above `warmth.allowed_k`.
    """
    short = (1.0 - warmth.beta) * (warmth.air_floors(0.0) - warmest_c)
    low = min(float(short.max(initial=0.0)), warmth.allowed_k)
    if not _early_heat_only_costs(rooms):
        return low
    high = warmth.allowed_k

    def is_within_reach(allowed_k: float) -> bool:
        """Whether the least heat that holds the floors can be had, at every instant."""
        course = lowest_heat(rooms, start_c, warmth.air_floors(allowed_k), idle)
        taken = np.cumsum(course.heat_w.sum(axis=1)) * rooms.step_s
        return bool((taken <= within_reach_j).all())

    if is_within_reach(low):
        return low
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if is_within_reach(middle):
            high = middle
        else:
            low = middle
    return low


def _early_heat_only_costs(rooms: Rooms) -> bool:
    """Whether a warmer building stays the warmer one, both held at the same floor."""
    moved = rooms.transition
    share = rooms.input_k_w[..., 1] / rooms.input_k_w[..., 0]
    left = moved[:, :, 1, :] - share[:, :, None] * moved[:, :, 0, :]
    return bool((left >= 0.0).all() and (moved >= 0.0).all())
