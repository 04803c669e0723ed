"""One round's linear picture: what every decision does to limits, flats and cost."""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.capacity import beyond_capacity_k, outlet_setpoints_c
from optimizer.cost_slope import cost_functionals
from optimizer.lever_schedules import schedule_of
from optimizer.levers import HOUR_S, Levers
from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.physics.compiled import compiled
from optimizer.tangents import Lever, Quantity, Rows, linearise
from optimizer.watch import watch_limits
from optimizer.watched_limits import (
    WatchedLimits,
    jacobian_of_limits,
    rows_of_limits,
    worst_of,
)

# Flats that are further than this above their minimum are not watched.
WATCHED_FLAT_K = 1.5
# Derivatives this far below the largest of their row are left out of the linear model; the
# simulation of each proposal sees them all.
NEGLIGIBLE = 1e-3
# The sum of shortfalls is taken from every so many hours: flats change slowly.
SAMPLE_HOURS = 4
# Plants at their capacity are looked at this far below it, or as they stand.
BELOW_CAPACITY_K = 0.005
# No round brings a setpoint down from further than this above what is delivered: its ramp allows no
# faster fall, or it would have been lowered already.
OUT_OF_REACH_K = 1.0
# As they stand, valves that open for colder water make it colder: such slopes may grow from step to
# step without end. A unit of a decision that moves a limit by more of its scales, or a flat by more
# kelvins, is not believed.
LARGEST_SLOPE = 100.0
# A pair of building and hour that all decisions together move by less cannot be warmed.
UNMOVABLE_K = 0.05


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is planned: a district from a state through a forecast.

    Attributes:
        district: The district.
        state: State at the start.
        forecast: Weather and prices.
        levers: The decisions.
        template: A schedule that gives the grid and what no lever moves.
        backoff: What each limit is kept away from by, in its own unit, one number for all elements
            or one for each.
        comfort_margin_k: What flats are kept above their minimum by.
        beyond_reach_k: What flats lack that no decision moves, zero elsewhere, K, shape
            (steps + 1, buildings). It is not held against a plan; what they lack beyond it is.
        members: Weather members that are watched; warmth, cost and derivatives are those of the
            first, limits those of all.
    """

    district: District
    state: PlantState
    forecast: Forecast
    levers: Levers
    template: Schedule
    backoff: dict[LimitKind, FloatArray]
    comfort_margin_k: float
    beyond_reach_k: FloatArray
    members: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Flats:
    """Worst flats at the watched hours: pairs of building and hour.

    Attributes:
        building, boundary: The pairs, shape (pairs,).
        missing_k: Minimum less worst flat, positive where short, shape (pairs,).
        slope: Derivatives of the worst flat, K per unit of decision, shape (pairs, decisions).
        movable: Whether the decisions can move the pair at all, or need only keep it, shape
            (pairs,).
        sampled: Whether the pair is one of those by which shortfalls are summed, shape (pairs,).
        hours: Time that each sampled pair stands for, h.
    """

    building: IntArray
    boundary: IntArray
    missing_k: FloatArray
    slope: FloatArray
    movable: BoolArray
    sampled: BoolArray
    hours: float


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """The linear picture around one set of decisions.

    Attributes:
        decisions: The decisions, shape (decisions,).
        trace: Their trace.
        limits: Watched limits, with their derivatives below.
        limit_slope: Shape (limits, decisions).
        flats: Watched flats.
        cost_slope: Derivative of the cost, shape (decisions,).
        pump_bend: Half the second derivative of the electricity cost by each pump decision, zero
            elsewhere, shape (decisions,).
        held_back: Whether a plant at its capacity stays below this setpoint, shape (decisions,).
        as_they_stand: Whether plants at their capacity are looked at as they stand, where their
            setpoints move nothing, and not just below it.
    """

    decisions: FloatArray
    trace: Trace
    limits: WatchedLimits
    limit_slope: FloatArray
    flats: Flats
    cost_slope: FloatArray
    pump_bend: FloatArray
    held_back: BoolArray
    as_they_stand: bool


def aimed(linear: LinearModel, above_k: float) -> LinearModel:
    """Ask for more than the minimum.

    Args:
        linear: A linear model.
        above_k: How far above its minimum every flat is to be, K.

    Returns:
        The model with flats that miss that much more.
    """
    return replace(linear, flats=replace(linear.flats, missing_k=linear.flats.missing_k + above_k))


def missing_k(task: Task, trace: Trace) -> FloatArray:
    """By how much worst flats are below what is planned for, and within reach.

    Args:
        task: What is planned.
        trace: A run.

    Returns:
        K, negative above it, shape (steps + 1, buildings).
    """
    least = np.array([b.min_indoor_c for b in task.district.network.buildings])
    planned = least + task.comfort_margin_k - task.beyond_reach_k
    return np.asarray(planned - trace.buildings.worst_flat_temp_c)


def limits_of(task: Task, traces: tuple[Trace, ...]) -> WatchedLimits:
    """What to watch in runs, backed off from the limits as far as planned.

    Args:
        task: What is planned.
        traces: A run in each watched member.

    Returns:
        Entries near their limit or past it, with the worst value of the members.
    """
    return worst_of(
        [watch_limits(task.district, task.state, trace, task.backoff) for trace in traces]
    )


def linear_model(
    task: Task,
    decisions: FloatArray,
    trace: Trace,
    limits: WatchedLimits,
    *,
    as_they_stand: bool = False,
) -> LinearModel:
    """Differentiate a run where it matters.

    At its capacity a plant's setpoint moves nothing: what it delivers follows its return water and
    its flow. Looked at so, derivatives are those of the simulation, and there is no lever. Looked
    at just below, the setpoint is one and the capacity a limit: a round can weigh heat against
    other heat, but what it foretells is only as right as knots can follow the capacity.

    Args:
        task: What is planned.
        decisions: The decisions.
        trace: Their trace, which says which flats to watch.
        limits: The limits to watch, with their values in the trace.
        as_they_stand: Whether plants at their capacity are looked at as they stand.

    Returns:
        The linear model around them.
    """
    building, boundary = _watched_pairs(task, trace)
    of_limits = rows_of_limits(limits)
    rows = Rows(
        quantity=np.concatenate([of_limits.quantity, np.full(len(building), Quantity.INDOOR_TEMP)]),
        index=np.concatenate([of_limits.index, building]),
        step=np.concatenate([of_limits.step, boundary]),
    )
    done = linearise(
        task.district.network,
        task.state,
        task.forecast,
        schedule_of(task.levers, task.district.network, decisions, task.template),
        task.levers.directions,
        rows,
        cost_functionals(task.district, task.forecast),
        task.members[0],
        outlet_setpoints_c(trace) if as_they_stand else deliverable_c(trace),
    )
    count = len(of_limits.step)
    return LinearModel(
        decisions=decisions,
        trace=trace,
        limits=limits,
        limit_slope=_without_negligible(jacobian_of_limits(limits, done.jacobian[:count])),
        flats=_flats(task, trace, building, boundary, done.jacobian[count:]),
        cost_slope=done.gradients[0],
        pump_bend=_pump_bend(task.levers, decisions, done.gradients[1]),
        held_back=_held_back(task.levers, trace),
        as_they_stand=as_they_stand,
    )


def picture_of(
    task: Task,
    decisions: FloatArray,
    trace: Trace,
    limits: WatchedLimits,
    *,
    as_they_stand: bool,
) -> LinearModel:
    """Differentiate a run with plants at their capacity as they stand, where that can be believed.

    Args:
        task: What is planned.
        decisions: The decisions.
        trace: Their trace.
        limits: The limits to watch, with their values in the trace.
        as_they_stand: Whether plants at their capacity are looked at as they stand if possible.

    Returns:
        The linear model, which says how they were looked at.
    """
    if as_they_stand:
        picture = linear_model(task, decisions, trace, limits, as_they_stand=True)
        if _believable(picture):
            return picture
    return linear_model(task, decisions, trace, limits)


def _believable(picture: LinearModel) -> bool:
    slopes = (picture.limit_slope / picture.limits.scale[:, None], picture.flats.slope)
    return all(bool((np.abs(one) <= LARGEST_SLOPE).all()) for one in slopes)


def deliverable_c(trace: Trace) -> FloatArray:
    """Setpoints as the march takes them, just below what plants at their capacity deliver.

    Args:
        trace: A run.

    Returns:
        Temperatures, degC, shape (steps, plants).
    """
    lacking = beyond_capacity_k(trace)
    lowered = lacking + np.where(lacking > 0.0, BELOW_CAPACITY_K, 0.0)
    return np.ascontiguousarray(outlet_setpoints_c(trace) - lowered)


def any_at_capacity(trace: Trace) -> bool:
    """Whether a plant does not reach its setpoint in some step.

    Args:
        trace: A run.

    Returns:
        Whether it matters how plants at their capacity are looked at.
    """
    return bool((beyond_capacity_k(trace) > 0.0).any())


def any_out_of_reach(trace: Trace) -> bool:
    """Whether a setpoint stands so far above what its plant delivers that no round reaches it.

    Args:
        trace: A run.

    Returns:
        Whether plants are better looked at as they stand at first.
    """
    return bool((beyond_capacity_k(trace) > OUT_OF_REACH_K).any())


def _watched_pairs(task: Task, trace: Trace) -> tuple[IntArray, IntArray]:
    """Buildings near or below their minimum, once an hour."""
    span = max(1, int(HOUR_S) // trace.step_s)
    missing = missing_k(task, trace)[span::span]
    hour, building = np.nonzero(missing > -WATCHED_FLAT_K)
    return building.astype(np.int64), ((hour + 1) * span).astype(np.int64)


def _flats(
    task: Task, trace: Trace, building: IntArray, boundary: IntArray, slope: FloatArray
) -> Flats:
    beta = np.array([b.worst_flat_beta for b in task.district.network.buildings])
    span = max(1, int(HOUR_S) // task.forecast.step_s)
    slope = _without_negligible(slope * (1.0 - beta[building])[:, None])
    width = np.concatenate(
        [np.full(len(r.knots), r.high - r.low) for r in task.levers.ranges] or [np.zeros(0)]
    )
    missing = missing_k(task, trace)[boundary, building]
    # What all decisions together hardly move is left out where it is short, and kept where not.
    reach = np.abs(slope) @ width > UNMOVABLE_K
    return Flats(
        building=building,
        boundary=boundary,
        missing_k=missing,
        slope=slope,
        movable=reach | (missing <= UNMOVABLE_K),
        sampled=boundary % (SAMPLE_HOURS * span) == 0,
        hours=float(SAMPLE_HOURS),
    )


@compiled
def _without_negligible(slope: FloatArray) -> FloatArray:
    """Put zero for what is next to nothing in its row; in place, as there is much of it."""
    for row in range(len(slope)):
        largest = 0.0
        for d in range(slope.shape[1]):
            largest = max(largest, abs(slope[row, d]))
        for d in range(slope.shape[1]):
            if abs(slope[row, d]) <= NEGLIGIBLE * largest:
                slope[row, d] = 0.0
    return slope


def _held_back(levers: Levers, trace: Trace) -> BoolArray:
    """Mark setpoints that are not reached in any step that they say something about."""
    marked = np.zeros(levers.count, dtype=np.bool_)
    lacking, hats = beyond_capacity_k(trace) > 0.0, levers.directions.profile > 0.0
    for number, r in enumerate(levers.ranges):
        if r.lever is Lever.PLANT:
            for knot in range(levers.first[number], levers.first[number + 1]):
                marked[knot] = lacking[hats[knot], r.which].all()
    return marked


def _pump_bend(levers: Levers, decisions: FloatArray, electricity: FloatArray) -> FloatArray:
    """Power rises with the cube of speed, and with the power 1.5 of a held pressure."""
    bend = np.zeros(levers.count)
    for number, r in enumerate(levers.ranges):
        if r.lever in (Lever.PUMP, Lever.PLANT_PUMPS):
            own = slice(levers.first[number], levers.first[number + 1])
            by_speed = r.high > 25.0  # a speed in %, not a pressure in bar
            share = 1.0 if by_speed else 0.25
            bend[own] = share * np.maximum(electricity[own], 0.0) / np.maximum(decisions[own], 1e-6)
    return bend
