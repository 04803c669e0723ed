"""What a simulation of a proposal teaches the linear model that made it.

Fronts in pipes make limits bend, and a proposal may pass limits that were far off before. The
limits that it passed are watched from then on, and a second proposal from the same slopes, with
every limit and flat passing through its simulated value at the first one, costs one small solve
and mostly keeps what the first one did not.

Source: second-order correction, J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed. (2006),
section 18.3.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer.linear_model import LinearModel
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.trace import Trace
from optimizer.tangents import Quantity
from optimizer.watched_limits import NO_ENTRY, WatchedLimits, joined

_ENTRIES: dict[Quantity, Callable[[Trace], FloatArray]] = {
    Quantity.SUPPLY_NODE_TEMP: lambda trace: trace.nodes.supply_temp_c,
    Quantity.RETURN_NODE_TEMP: lambda trace: trace.nodes.return_temp_c,
    Quantity.SUPPLY_PRESSURE: lambda trace: trace.nodes.supply_pressure_bar,
    Quantity.RETURN_PRESSURE: lambda trace: trace.nodes.return_pressure_bar,
    Quantity.SUPPLY_PIPE_FLOW: lambda trace: trace.pipes.mass_flow_kg_s,
    Quantity.RETURN_PIPE_FLOW: lambda trace: trace.pipes.return_mass_flow_kg_s,
    Quantity.PLANT_HEAT: lambda trace: trace.plants.heat_power_mw,
    Quantity.STATION_SUPPLY_TEMP: lambda trace: trace.stations.secondary_supply_temp_c,
}


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """Limits that a proposal passed, with the values that they had then.

    Attributes:
        limits: The limits.
        trace: The run in which they have their values.
    """

    limits: WatchedLimits
    trace: Trace

    def at(self, trace: Trace) -> WatchedLimits:
        """The same limits with the values that they have in another run.

        Args:
            trace: The other run.

        Returns:
            The limits.
        """
        change = change_of_limits(self.limits, self.trace, trace)
        return replace(self.limits, value=self.limits.value + change)


def newly_passed(watched: WatchedLimits, limits: WatchedLimits) -> WatchedLimits:
    """Limits that a run passes and that were not watched so far.

    Args:
        watched: What was watched so far.
        limits: Watched limits of the run.

    Returns:
        Those that are passed and new.
    """
    known = set(watched.keys)
    passed = limits.chosen(np.flatnonzero(limits.excess > 0.0)).without_twins()
    new = [i for i, key in enumerate(passed.keys) if key not in known]
    return passed.chosen(np.array(new, dtype=np.int64))


def with_remembered(
    limits: WatchedLimits, remembered: list[Remembered], trace: Trace
) -> WatchedLimits:
    """Watch what earlier proposals passed as well.

    Args:
        limits: Limits near their allowed value in a run.
        remembered: What proposals passed.
        trace: The run.

    Returns:
        Both, none twice.
    """
    near = limits.without_twins()
    parts, known = [near], set(near.keys)
    for memory in remembered:
        own = memory.at(trace)
        new = [i for i, key in enumerate(own.keys) if key not in known]
        known.update(own.keys)
        parts.append(own.chosen(np.array(new, dtype=np.int64)))
    return joined(parts)


def corrected(linear: LinearModel, change: FloatArray, trial: Trace) -> LinearModel:
    """Shift limits and flats so that the model agrees with a simulation of its own proposal.

    Args:
        linear: The linear model.
        change: The proposal, shape (decisions,).
        trial: The simulation of it.

    Returns:
        The model with the same slopes, exact at the proposal instead of at no move.
    """
    limits, flats = linear.limits, linear.flats
    moved = change_of_limits(limits, linear.trace, trial)
    warmed = (
        trial.buildings.worst_flat_temp_c[flats.boundary, flats.building]
        - linear.trace.buildings.worst_flat_temp_c[flats.boundary, flats.building]
    )
    return replace(
        linear,
        limits=replace(limits, value=limits.value + moved - linear.limit_slope @ change),
        flats=replace(flats, missing_k=flats.missing_k - warmed + flats.slope @ change),
    )


def carried(linear: LinearModel, decisions: FloatArray, trace: Trace) -> LinearModel:
    """Use the slopes of one run around another that is near it.

    Args:
        linear: The linear model of the one.
        decisions: Decisions of the other, shape (decisions,).
        trace: Its trace.

    Returns:
        The model with the same slopes and the values of the other run.
    """
    shifted = corrected(linear, np.zeros(len(decisions)), trace)
    return replace(shifted, decisions=decisions, trace=trace)


def change_of_limits(limits: WatchedLimits, before: Trace, after: Trace) -> FloatArray:
    """How far watched limits move from one run to another.

    Args:
        limits: The limits.
        before: A run.
        after: Another.

    Returns:
        Changes in their units, zero for kinds that a trace does not show, shape (limits,).
    """
    change = np.zeros(len(limits.value))
    for side in (0, 1):
        quantity, index, step = (a[:, side] for a in (limits.quantity, limits.index, limits.step))
        for kind in sorted(set(quantity.tolist()) - {NO_ENTRY}):
            entry = _ENTRIES.get(Quantity(kind))
            if entry is not None:
                own = np.flatnonzero(quantity == kind)
                moved = _picked(entry(after), step[own], index[own])
                moved -= _picked(entry(before), step[own], index[own])
                change[own] += limits.factor[own, side] * np.nan_to_num(moved)
    return change


def _picked(values: FloatArray, step: IntArray, index: IntArray) -> FloatArray:
    """Values at steps and elements; before the start nothing moves."""
    return np.where(step < 0, 0.0, values[step, index])
