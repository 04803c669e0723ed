"""Pyomo: in which hours which plants run, and about how much heat each of them gives."""

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo

from optimizer.model.arrays import BoolArray, FloatArray, IntArray

# Of the dearest heat, so that heat is left out or given away only where there is no other way.
MISSED_FACTOR = 1000.0


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Plants as the choice of their hours sees them; arrays of shape (plants,) unless said.

    Attributes:
        price: Price of heat, currency per MWh, shape (plants, hours).
        most_mw, least_mw: Capacity and least load.
        start_cost: Cost of a start.
        ran: Whether each runs before the first hour.
        bound_to_run: Hours in which each has to run, shape (plants, hours).
        on_h, off_h: Least hours that each runs, and stands.
        coming_h: Hours in which each comes up after a start and goes down before a stop.
    """

    price: FloatArray
    most_mw: FloatArray
    least_mw: FloatArray
    start_cost: FloatArray
    ran: BoolArray
    bound_to_run: BoolArray
    on_h: IntArray
    off_h: IntArray
    coming_h: IntArray


def declare_commitment(fleet: Fleet, load_mw: FloatArray) -> pyo.ConcreteModel:
    """Declare the choice of hours.

    Args:
        fleet: The plants.
        load_mw: Heat that they have to give together, shape (hours,).

    Returns:
        A model with `on`, `start`, `stop` and `heat` for each plant and hour.
    """
    model = pyo.ConcreteModel()
    plants, hours = range(len(fleet.ran)), range(len(load_mw))
    model.on = pyo.Var(plants, hours, domain=pyo.Binary)
    model.start = pyo.Var(plants, hours, bounds=(0.0, 1.0))
    model.stop = pyo.Var(plants, hours, bounds=(0.0, 1.0))
    model.heat = pyo.Var(plants, hours, domain=pyo.NonNegativeReals)
    model.missing = pyo.Var(hours, domain=pyo.NonNegativeReals)
    model.surplus = pyo.Var(hours, domain=pyo.NonNegativeReals)
    for p in plants:
        for h in np.flatnonzero(fleet.bound_to_run[p]).tolist():
            model.on[p, h].fix(1)
    declare_eq_load(model, load_mw)
    declare_ineq_hours(model, fleet)
    declare_ineq_heat(model, fleet)
    dearest = MISSED_FACTOR * (1.0 + float(np.abs(fleet.price).max(initial=0.0)))
    model.objective = pyo.Objective(
        expr=sum(float(fleet.price[p, h]) * model.heat[p, h] for p in plants for h in hours)
        + sum(float(fleet.start_cost[p]) * model.start[p, h] for p in plants for h in hours)
        + sum(dearest * (model.missing[h] + model.surplus[h]) for h in hours)
    )
    return model


def declare_eq_load(model: pyo.ConcreteModel, load_mw: FloatArray) -> None:
    """Declare that the plants give the load of each hour, what is missing or too much apart.

    Args:
        model: Has `heat`, `missing` and `surplus`; receives `carried`.
        load_mw: The load, shape (hours,).
    """
    plants = sorted({p for p, _ in model.heat})
    model.carried = pyo.ConstraintList()
    for h, load in enumerate(load_mw.tolist()):
        given = sum(model.heat[p, h] for p in plants)
        model.carried.add(given + model.missing[h] - model.surplus[h] == load)


def declare_ineq_hours(model: pyo.ConcreteModel, fleet: Fleet) -> None:
    """Declare what a start and a stop are, and for how long a plant runs or stands at least.

    Args:
        model: Has `on`, `start` and `stop`; receives `hours`.
        fleet: The plants.

    Source: D. Rajan, S. Takriti, Minimum up/down polytopes of the unit commitment problem, IBM
    Research Report RC23628 (2005).
    """
    model.hours = pyo.ConstraintList()
    for p, h in model.on:
        before = model.on[p, h - 1] if h > 0 else float(fleet.ran[p])
        model.hours.add(model.start[p, h] - model.stop[p, h] == model.on[p, h] - before)
        begun = range(max(h - int(fleet.on_h[p]) + 1, 0), h + 1)
        ended = range(max(h - int(fleet.off_h[p]) + 1, 0), h + 1)
        model.hours.add(sum(model.start[p, k] for k in begun) <= model.on[p, h])
        model.hours.add(sum(model.stop[p, k] for k in ended) <= 1 - model.on[p, h])


def declare_ineq_heat(model: pyo.ConcreteModel, fleet: Fleet) -> None:
    """Declare what a plant gives: nothing counted on as it comes up or goes down, else its range.

    Args:
        model: Has `on`, `start`, `stop` and `heat`; receives `range`.
        fleet: The plants.
    """
    model.range = pyo.ConstraintList()
    last = max(h for _, h in model.on)
    for p, h in model.on:
        coming = int(fleet.coming_h[p])
        most, least = float(fleet.most_mw[p]), float(fleet.least_mw[p])
        up = [model.start[p, k] for k in range(max(h - coming + 1, 0), h + 1)]
        down = [model.stop[p, k] for k in range(h + 1, min(h + coming, last) + 1)]
        running = model.on[p, h]
        for change in up + down:
            model.range.add(model.heat[p, h] <= most * (1 - change))
        model.range.add(model.heat[p, h] <= most * running)
        model.range.add(model.heat[p, h] >= least * (running - sum(up) - sum(down)))
