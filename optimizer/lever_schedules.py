"""Schedules from decisions, decisions from schedules, and a schedule gone on with."""

from dataclasses import replace
from datetime import datetime

import numpy as np

from optimizer.levers import HOUR_S, LeverRange, Levers
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.tangents import Lever


def decisions_of(levers: Levers, schedule: Schedule) -> FloatArray:
    """Values of a schedule at the knots.

    Args:
        levers: The levers.
        schedule: A schedule.

    Returns:
        Decisions, shape (decisions,).
    """
    hours = np.arange(schedule.steps) * schedule.step_s / HOUR_S
    return np.concatenate(
        [np.interp(r.knots, hours, _setpoints(schedule, levers, r)) for r in levers.ranges]
    )


def _setpoints(schedule: Schedule, levers: Levers, lever: LeverRange) -> FloatArray:
    """The course of a lever in a schedule, the mean of those that it moves together."""
    course: FloatArray
    if lever.lever is Lever.PLANT:
        course = schedule.supply_temp_c[lever.which]
    elif lever.lever is Lever.OFFSET:
        course = schedule.secondary_offset_k[levers.moved_by(lever)].mean(axis=0)
    else:
        course = schedule.pump_setpoint[lever.which]
    return course


def schedule_of(
    levers: Levers, network: Network, decisions: FloatArray, template: Schedule
) -> Schedule:
    """The schedule that decisions stand for.

    Args:
        levers: The levers.
        network: The network.
        decisions: Values at the knots, shape (decisions,).
        template: Gives the grid, when plants run, and the setpoints that no lever moves.

    Returns:
        The schedule.
    """
    hours = np.arange(template.steps) * template.step_s / HOUR_S
    supply = template.supply_temp_c.copy()
    pumps = template.pump_setpoint.copy()
    offsets = template.secondary_offset_k.copy()
    for number, r in enumerate(levers.ranges):
        values = decisions[levers.first[number] : levers.first[number + 1]]
        own = slice(*r.steps)
        line = np.interp(hours[own], r.knots, values)
        if r.lever is Lever.PLANT:
            supply[r.which, own] = line
        elif r.lever is Lever.OFFSET:
            offsets[levers.moved_by(r), own] = line
        elif r.lever is Lever.PUMP:
            pumps[r.which, own] = line
        else:
            plant_id = network.plants[r.which].plant_id
            pumps[[i for i, p in enumerate(network.pumps) if p.plant_id == plant_id], own] = line
    return replace(
        template,
        supply_temp_c=frozen(supply),
        pump_setpoint=frozen(pumps),
        secondary_offset_k=frozen(offsets),
    )


def continued(schedule: Schedule, start: datetime) -> Schedule:
    """Go on with an earlier schedule from a later moment, its last setpoints held.

    Args:
        schedule: The earlier schedule.
        start: The later moment, tz-aware UTC.

    Returns:
        As many steps from there on.
    """
    passed_h = (start - schedule.start).total_seconds() / HOUR_S
    hours = np.arange(schedule.steps) * schedule.step_s / HOUR_S

    def later(values: FloatArray) -> FloatArray:
        return frozen([np.interp(hours + passed_h, hours, row) for row in values])

    at = np.minimum((hours + passed_h) * HOUR_S // schedule.step_s, schedule.steps - 1)
    running = None if schedule.running is None else schedule.running[:, at.astype(np.int64)]
    return replace(
        schedule,
        start=start,
        supply_temp_c=later(schedule.supply_temp_c),
        pump_setpoint=later(schedule.pump_setpoint),
        secondary_offset_k=later(schedule.secondary_offset_k),
        running=running,
    )
