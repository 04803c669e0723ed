"""What the planner watches of a trace: the entries that are near a limit or past it."""

import numpy as np

from optimizer.limit_fields import HOUR_S, LimitField, limit_fields
from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.watched_limits import NO_ENTRY, WatchedLimits, joined

# What counts as one unit of nearness and of violation, by kind.
SCALE = {
    LimitKind.PLANT_HEAT: 0.02,
    LimitKind.PIPE_TEMP: 1.0,
    LimitKind.PIPE_RAMP: 1.0,
    LimitKind.PIPE_PRESSURE: 0.1,
    LimitKind.MIN_PRESSURE: 0.1,
    LimitKind.BOILING_MARGIN: 1.0,
    LimitKind.VELOCITY: 0.05,
    LimitKind.MAKEUP: 0.02,
    LimitKind.RADIATOR_PRESSURE: 0.1,
    LimitKind.STATIC_HEAD: 0.1,
    LimitKind.RADIATOR_TEMP: 1.0,
}
# Kinds whose scale is a share of the allowed value.
RELATIVE = (LimitKind.PLANT_HEAT, LimitKind.MAKEUP)
# Entries nearer to their limit than this many scales are watched; ramps move less in a round.
WATCHED_SCALES = 8.0
WATCHED_RAMP_SCALES = 3.0
# Entries nearer than this are watched at every step, the others at the worst of each hour.
CLOSE_SCALES = 0.3
# Of so many elements at most, at one instant: what all of a city has in common, such as its
# pressure, is the same row a thousand times. A proposal that passes another one is simulated, and
# what it passes is watched from then on.
MOST_AT_ONCE = 200


def watch_limits(
    district: District, state: PlantState, trace: Trace, backoff: dict[LimitKind, FloatArray]
) -> WatchedLimits:
    """Find the entries of a trace that are near a limit or past it.

    Ranges and ramps of the setpoints themselves are no matter of the trace.

    Args:
        district: The district.
        state: State at the start, which the first ramps count from.
        trace: The trace.
        backoff: What each limit is kept away from by, in its own unit, shape (1,) or that of the
            elements it concerns.

    Returns:
        The watched limits.
    """
    span = max(1, HOUR_S // trace.step_s)
    fields = limit_fields(district, state, trace)
    return joined([_near(one, backoff.get(one.kind, np.zeros(1)), span) for one in fields])


def _near(field: LimitField, backoff: FloatArray, span: int) -> WatchedLimits:
    """Keep what is near its limit: every step close to it, else the worst of each hour."""
    scale = np.full(field.allowed.shape, SCALE[field.kind])
    if field.kind in RELATIVE:
        scale = scale * np.abs(field.allowed)
    allowed = field.allowed if field.held else field.allowed - backoff
    value = np.where(np.isnan(field.value), -np.inf, field.value)
    nearness = (value - allowed) / scale
    band = WATCHED_RAMP_SCALES if field.kind is LimitKind.PIPE_RAMP else WATCHED_SCALES
    # Most elements never come near.
    some = np.flatnonzero(nearness.max(axis=0) > -band)
    nearness = nearness[:, some]
    wanted = (nearness > -CLOSE_SCALES) | ((nearness > -band) & _worst_of_hour(nearness, span))
    wanted &= _nearest(nearness, MOST_AT_ONCE)
    steps, column = np.nonzero(wanted)
    elements = some[column]
    count = len(steps)
    quantity = np.full((count, 2), NO_ENTRY, dtype=np.int64)
    index = np.zeros((count, 2), dtype=np.int64)
    at = np.zeros((count, 2), dtype=np.int64)
    factor = np.zeros((count, 2))
    quantity[:, 0] = int(field.first)
    index[:, 0] = field.first_index[elements]
    at[:, 0] = steps
    factor[:, 0] = np.broadcast_to(field.first_factor, value.shape)[steps, elements]
    if (
        field.second is not None
        and field.second_index is not None
        and field.second_factor is not None
    ):
        quantity[:, 1] = int(field.second)
        index[:, 1] = field.second_index[elements]
        at[:, 1] = steps if field.second_step is None else field.second_step[steps, elements]
        quantity[at[:, 1] < 0, 1] = NO_ENTRY
        factor[:, 1] = np.broadcast_to(field.second_factor, value.shape)[steps, elements]
    return WatchedLimits(
        kind=(field.kind,) * count,
        quantity=quantity,
        index=index,
        step=at,
        factor=factor,
        value=value[steps, elements],
        allowed=np.broadcast_to(allowed, value.shape)[steps, elements],
        scale=np.broadcast_to(scale, value.shape)[steps, elements],
    )


def _nearest(nearness: FloatArray, most: int) -> BoolArray:
    """Mark the elements that are nearest at each step, so many of them and those as near."""
    if nearness.shape[1] <= most:
        return np.ones(nearness.shape, dtype=np.bool_)
    least = np.partition(nearness, -most, axis=1)[:, -most]
    return np.asarray(nearness >= least[:, None])


def _worst_of_hour(nearness: FloatArray, span: int) -> BoolArray:
    """Mark the largest value of each element in each block of `span` steps."""
    steps, elements = nearness.shape
    blocks = -(-steps // span)
    padded = np.full((blocks * span, elements), -np.inf)
    padded[:steps] = nearness
    largest = padded.reshape(blocks, span, elements).argmax(axis=1)
    marked = np.zeros((blocks, span, elements), dtype=np.bool_)
    np.put_along_axis(marked, largest[:, None, :], True, axis=1)
    return marked.reshape(blocks * span, elements)[:steps]
