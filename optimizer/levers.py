"""The planner's decisions: knots of setpoints, their ranges and ramps.

A lever's setpoint is linear between knots, which lie close at first and wider later: what will be
planned again many times need not be planned in detail now. While a plant stands still its levers
have no knots: each time that it runs is a lever of its own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray, IntArray
from optimizer.model.network import Network, Pump
from optimizer.model.state import PlantState
from optimizer.standing import pump_setpoint_range, running_spans
from optimizer.station_groups import station_groups
from optimizer.tangents import Directions, Lever

HOUR_S = 3600.0
# Ramps are changes within any hour.
RAMP_WINDOW_H = 1.0
# (until hour, spacing in hours) of the knots of outlet temperatures and pumps, and of offsets.
SETPOINT_KNOTS = ((1.0, 0.25), (4.0, 0.5), (12.0, 1.0), (96.0, 2.0))
OFFSET_KNOTS = ((24.0, 12.0), (96.0, 24.0))
EVERY_LEVER = frozenset(Lever)
PUMP_LEVERS = frozenset({Lever.PUMP, Lever.PLANT_PUMPS})


@dataclass(frozen=True, kw_only=True)
class LeverRange:
    """One lever: what it moves, within which range and how fast.

    Attributes:
        lever: Kind of lever.
        which: Index of the plant or pump, or number of the group of stations.
        low, high: Range of its setpoint.
        up_per_h, down_per_h: Fastest rise and fall per hour, both positive.
        start: Its setpoint before the first knot.
        knots: Hours of its knots.
        steps: First step that it sets, and the one after the last.
        stood_h: Hours for which the plant stood still before the first knot of its outlet, so that
            the ramp leads there from before; infinite where it did from the start.
        least_at_h: Hour at which it has to be at its lowest, for a stop; infinite without one.
    """

    lever: Lever
    which: int
    low: float
    high: float
    up_per_h: float
    down_per_h: float
    start: float
    knots: FloatArray
    steps: tuple[int, int]
    stood_h: float = 0.0
    least_at_h: float = math.inf


@dataclass(frozen=True, kw_only=True)
class Levers:
    """All levers and the columns that their knots have among the decisions.

    Attributes:
        ranges: The levers.
        first: First column of each lever, shape (levers + 1,).
        directions: One direction per decision: the hat function of its knot.
    """

    ranges: tuple[LeverRange, ...]
    first: IntArray
    directions: Directions

    @property
    def count(self) -> int:
        """Number of decisions."""
        return int(self.first[-1])

    def ramps(self) -> Iterator[tuple[int, int, float, float]]:
        """Go through the pairs of decisions that a ramp joins.

        Yields:
            Column of the earlier and of the later one, largest fall and largest rise between them.
        """
        for number, r in enumerate(self.ranges):
            gaps, first = knot_gaps(r), int(self.first[number])
            for i in range(0 if joined(r) else 1, len(r.knots)):
                yield first + i - 1, first + i, r.down_per_h * gaps[i], r.up_per_h * gaps[i]

    def moved_by(self, lever: LeverRange) -> BoolArray:
        """Mark the stations that a lever of offsets moves.

        Args:
            lever: One of the levers.

        Returns:
            Marks, shape (stations,).
        """
        assert self.directions.group is not None
        return np.asarray(self.directions.group == lever.which)


def build_levers(
    network: Network,
    state: PlantState,
    step_s: int,
    steps: int,
    movable: frozenset[Lever] = EVERY_LEVER,
    running: BoolArray | None = None,
) -> Levers:
    """List the levers of a network and their decisions.

    Args:
        network: The network.
        state: State at the start, whose setpoints the ramps count from.
        step_s: Step length, s.
        steps: Number of steps.
        movable: Kinds of levers that may be moved.
        running: Whether each plant runs, shape (plants, steps); None where all run throughout.

    Returns:
        The levers.

    Raises:
        ValueError: The network has none of them.
    """
    group = station_groups(network)
    whole = _LeverTimes(step_s=step_s, steps=steps)
    every = _plant_levers(network, state, whole) + _pump_levers(network, state, whole)
    every += _offset_levers(network, state, group, whole)
    if running is not None:
        every = [
            part for one in every for part in _while_running(network, one, running, state, whole)
        ]
    ranges = [one for one in every if one.lever in movable]
    if not ranges:
        raise ValueError("no lever of the network may be moved")
    first = np.concatenate([[0], np.cumsum([len(r.knots) for r in ranges])]).astype(np.int64)
    hours = np.arange(steps) * step_s / HOUR_S
    profile = np.concatenate([_hats(r, hours) for r in ranges])
    directions = Directions(
        lever=np.repeat([int(r.lever) for r in ranges], np.diff(first)).astype(np.int64),
        which=np.repeat([r.which for r in ranges], np.diff(first)).astype(np.int64),
        profile=profile,
        group=group,
    )
    return Levers(ranges=tuple(ranges), first=first, directions=directions)


def movable_levers(network: Network) -> frozenset[Lever]:
    """Tell which kinds of levers a network has.

    Args:
        network: The network.

    Returns:
        The kinds; pumps alone and pumps of a plant together count as both.
    """
    kinds: set[Lever] = set()
    if network.plants:
        kinds.add(Lever.PLANT)
    if network.pumps:
        kinds |= PUMP_LEVERS
    if station_groups(network).max(initial=-1) >= 0:
        kinds.add(Lever.OFFSET)
    return frozenset(kinds)


@dataclass(frozen=True, kw_only=True, slots=True)
class _LeverTimes:
    """The grid of the steps, and the knots on it."""

    step_s: int
    steps: int

    def knots(
        self, spacing: tuple[tuple[float, float], ...], span: tuple[int, int] | None = None
    ) -> FloatArray:
        """Hours of the knots of a time, the whole horizon when None."""
        begin, end = (0, self.steps) if span is None else span
        step_h = self.step_s / HOUR_S
        return begin * step_h + _knots(spacing, (end - 1 - begin) * step_h, self.step_s)


def _while_running(
    network: Network,
    lever: LeverRange,
    running: BoolArray,
    state: PlantState,
    whole: _LeverTimes,
) -> list[LeverRange]:
    """Cut a lever into the times in which its plant runs; none of its own before and after."""
    plant = _plant_of(network, lever)
    if plant is None or (running[plant].all() and state.runs[plant]):
        return [lever]
    spans = running_spans(running[plant])
    ends = [begin for begin, _ in spans[1:]] + [whole.steps]
    stops = [0 if state.runs[plant] else -math.inf] + [end for _, end in spans[:-1]]
    step_h = whole.step_s / HOUR_S
    parts = []
    for span, next_begin, stopped in zip(spans, ends, stops, strict=True):
        started = span[0] > 0 or not state.runs[plant]
        outlet = lever.lever is Lever.PLANT
        part = replace(
            lever,
            knots=whole.knots(SETPOINT_KNOTS, span),
            # An outlet keeps its last setpoint until the plant runs again.
            steps=(span[0], next_begin if outlet else span[1]),
            stood_h=(span[0] - stopped) * step_h if outlet else 0.0,
            least_at_h=math.inf if outlet or span[1] == whole.steps else span[1] * step_h,
        )
        parts.append(part if outlet or not started else replace(part, start=lever.low))
    return parts


def _plant_of(network: Network, lever: LeverRange) -> int | None:
    """The plant that has to run for a lever to move anything; None for boosters and stations."""
    if lever.lever is Lever.OFFSET:
        return None
    if lever.lever is Lever.PUMP:
        owner = network.pumps[lever.which].plant_id
        return None if owner is None else network.plant_index[owner]
    return lever.which


def _knots(spacing: tuple[tuple[float, float], ...], horizon_h: float, step_s: int) -> FloatArray:
    """Hours of the knots, on the grid of the steps, the last one at the last step's start."""
    hours = [0.0]
    for until, gap in spacing:
        gap = max(gap, step_s / HOUR_S)
        while hours[-1] + gap <= min(until, horizon_h) + 1e-9:
            hours.append(hours[-1] + gap)
    if horizon_h - hours[-1] > 1e-9:
        if len(hours) > 1 and horizon_h - hours[-1] < 0.5 * (hours[-1] - hours[-2]):
            hours.pop()
        hours.append(horizon_h)
    return np.array(hours)


def _hats(lever: LeverRange, hours: FloatArray) -> FloatArray:
    hats = np.zeros((len(lever.knots), len(hours)))
    own = slice(*lever.steps)
    for hat, unit in zip(hats, np.eye(len(lever.knots)), strict=True):
        hat[own] = np.interp(hours[own], lever.knots, unit)
    return hats


def _plant_levers(network: Network, state: PlantState, whole: _LeverTimes) -> list[LeverRange]:
    return [
        LeverRange(
            lever=Lever.PLANT,
            which=i,
            low=plant.min_supply_temp_c,
            high=plant.max_supply_temp_c,
            up_per_h=plant.ramp_up_k_h,
            down_per_h=plant.ramp_down_k_h,
            start=float(state.supply_temp_setpoint_c[i]),
            knots=whole.knots(SETPOINT_KNOTS),
            steps=(0, whole.steps),
        )
        for i, plant in enumerate(network.plants)
    ]


def _pump_levers(network: Network, state: PlantState, whole: _LeverTimes) -> list[LeverRange]:
    """Pumps one by one, but parallel pumps of one make as one: apart they only waste power."""
    levers = []
    for plant_number, plant in enumerate(network.plants):
        own = [i for i, pump in enumerate(network.pumps) if pump.plant_id == plant.plant_id]
        alike = len({_make(network.pumps[i]) for i in own}) == 1
        if len(own) > 1 and alike and len({float(state.pump_setpoint[i]) for i in own}) == 1:
            levers.append(
                _pump_lever(network, state, own[0], whole, Lever.PLANT_PUMPS, plant_number)
            )
        else:
            levers += [_pump_lever(network, state, i, whole, Lever.PUMP, i) for i in own]
    boosters = [i for i, pump in enumerate(network.pumps) if pump.plant_id is None]
    return levers + [_pump_lever(network, state, i, whole, Lever.PUMP, i) for i in boosters]


def _make(pump: Pump) -> tuple[object, ...]:
    return (
        pump.rated_flow_m3_h,
        pump.rated_head_m,
        pump.shutoff_head_m,
        pump.min_speed_pct,
        pump.max_speed_pct,
        pump.max_speed_ramp_pct_h,
        pump.control,
    )


def _pump_lever(
    network: Network, state: PlantState, pump: int, whole: _LeverTimes, lever: Lever, which: int
) -> LeverRange:
    made = network.pumps[pump]
    low, high, ramp = pump_setpoint_range(made)
    return LeverRange(
        lever=lever,
        which=which,
        low=low,
        high=high,
        up_per_h=ramp,
        down_per_h=ramp,
        start=float(state.pump_setpoint[pump]),
        knots=whole.knots(SETPOINT_KNOTS),
        steps=(0, whole.steps),
    )


def _offset_levers(
    network: Network, state: PlantState, group: IntArray, whole: _LeverTimes
) -> list[LeverRange]:
    """One lever a group of stations, as far and as fast as all of its members can be moved."""
    levers = []
    for number in range(int(group.max(initial=-1)) + 1):
        own = np.flatnonzero(group == number)
        members = [network.stations[int(i)] for i in own]
        ranges = [station.offset_range_k or (0.0, 0.0) for station in members]
        rate = min(station.offset_rate_k_h for station in members)
        levers.append(
            LeverRange(
                lever=Lever.OFFSET,
                which=number,
                low=max(low for low, _ in ranges),
                high=min(high for _, high in ranges),
                up_per_h=rate,
                down_per_h=rate,
                start=float(state.secondary_offset_k[own].mean()),
                knots=whole.knots(OFFSET_KNOTS),
                steps=(0, whole.steps),
            )
        )
    return levers


def limited(levers: Levers, decisions: FloatArray) -> FloatArray:
    """Bring decisions into their ranges and ramps, one knot after the other.

    Args:
        levers: The levers.
        decisions: Any values, shape (decisions,).

    Returns:
        The nearest values, knot by knot, that respect range, ramp and start.
    """
    out = decisions.copy()
    for number, r in enumerate(levers.ranges):
        last = float(out[levers.first[number] - 1]) if joined(r) else r.start
        gaps = knot_gaps(r)
        for i, hour in enumerate(r.knots):
            at = levers.first[number] + i
            low, high = start_window(r, float(hour))
            low = max(low, last - r.down_per_h * gaps[i])
            high = min(high, last + r.up_per_h * gaps[i])
            out[at] = min(max(out[at], min(low, high)), high)
            last = float(out[at])
    return out


def knot_gaps(lever: LeverRange) -> FloatArray:
    """Hours since the knot before; the start counts as one spacing before the first knot.

    Args:
        lever: The lever.

    Returns:
        Hours, shape (knots,); the first those of the stop before it, infinite where no ramp leads
        across that.
    """
    gaps = np.diff(lever.knots)
    if lever.stood_h > 0.0:
        first = lever.stood_h if joined(lever) else np.inf
    else:
        first = min(float(gaps[0]), 1.0) if len(gaps) else 1.0
    return np.concatenate([[first], gaps])


def joined(lever: LeverRange) -> bool:
    """Tell whether a ramp leads to a lever's first knot from the last one of the lever before it.

    Ramps are changes within any hour: beyond a longer stop they reach nothing.

    Args:
        lever: The lever; the one before it is the same outlet before the stop.

    Returns:
        True across a stop of up to an hour.
    """
    return 0.0 < lever.stood_h <= RAMP_WINDOW_H


def start_window(lever: LeverRange, hour: float) -> tuple[float, float]:
    """Range of a setpoint: the lever's own, and within an hour of the start its ramp.

    Before a stop it is low enough to come down in time.

    Args:
        lever: The lever.
        hour: Hour of the knot.

    Returns:
        Lowest and highest setpoint.
    """
    high = min(lever.high, lever.low + lever.down_per_h * (lever.least_at_h - hour))
    if lever.stood_h > 0.0 or hour > lever.knots[0] + 1.0:
        return lever.low, high
    return (
        max(lever.low, lever.start - lever.down_per_h),
        min(high, lever.start + lever.up_per_h),
    )
