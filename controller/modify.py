"""What becomes of a plan's schedule when a person wants some setpoints to stand elsewhere."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from controller.engine.elements import Element
from controller.engine.planner import PlanTask
from controller.engine.prefixes import prefix, series_of
from controller.guard import PointLimits
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import Network, PumpControl
from optimizer.model.schedule import Schedule

# Least value, largest value, ramp up and down per hour.
Bounds = tuple[float, float, float, float]


class ChangeRefusedError(ValueError):
    """What is asked for can not be: with every reason."""


def changed_task(
    basis: PlanTask, changes: Mapping[str, float], limits: Mapping[str, PointLimits]
) -> tuple[PlanTask, dict[str, float]]:
    """Let setpoints go to other values, at the site's ramps, and stay there over the horizon.

    Args:
        basis: What the set was made from, with its schedule.
        changes: Where a setpoint is to stand, by element (plant:P1) or by point.
        limits: What the site allows each written point.

    Returns:
        The task to certify, and the changes by element.

    Raises:
        ChangeRefusedError: A name is unknown, or a value is out of the site's limits.
    """
    assert basis.schedule is not None
    named = {one.name: one for one in basis.elements}
    named |= {one.point_id: one for one in basis.elements if one.point_id is not None}
    wrong = [f"there is no setpoint {name}" for name in changes if name not in named]
    if not changes:
        wrong.append("nothing is to be changed")
    rows: dict[str, float] = {}
    schedule = basis.schedule
    for name, value in changes.items():
        if name not in named:
            continue
        element = named[name]
        bounds = _bounds(basis.district.network, element, limits)
        if not bounds[0] <= value <= bounds[1]:
            wrong.append(f"{name} {value:g} is not between {bounds[0]:g} and {bounds[1]:g}")
        rows[element.name] = value
        schedule = _with_row(schedule, element, _ramp_to(value, bounds, basis, element))
    if wrong:
        raise ChangeRefusedError("; ".join(wrong))
    return replace(basis, schedule=schedule), rows


def _bounds(network: Network, element: Element, limits: Mapping[str, PointLimits]) -> Bounds:
    if element.point_id is not None:
        own = limits[element.point_id]
        return own.min_value, own.max_value, own.up_per_h, own.down_per_h
    if element.kind == "plant":
        plant = network.plants[element.index]
        ramps = plant.ramp_up_k_h, plant.ramp_down_k_h
        return plant.min_supply_temp_c, plant.max_supply_temp_c, *ramps
    pump = network.pumps[element.index]
    if pump.control is PumpControl.SPEED:
        ramp = pump.max_speed_ramp_pct_h
        return pump.min_speed_pct, pump.max_speed_pct, ramp, ramp
    return 0.0, float("inf"), float("inf"), float("inf")


def _ramp_to(value: float, bounds: Bounds, basis: PlanTask, element: Element) -> FloatArray:
    """From where it stands to the value, one step after another, and on at it."""
    assert basis.schedule is not None
    _, _, up_per_h, down_per_h = bounds
    stands = prefix((), basis.schedule, basis.state, 0)
    present = float(series_of(element, stands)[0])
    steps = np.arange(1, basis.schedule.steps + 1) * basis.schedule.step_s / 3600.0
    way = np.minimum(steps * (up_per_h if value > present else down_per_h), abs(value - present))
    return frozen(present + np.copysign(way, value - present))


def _with_row(schedule: Schedule, element: Element, series: FloatArray) -> Schedule:
    def row_in(values: FloatArray, kind: str) -> FloatArray:
        changed = np.array(values)
        if element.kind == kind:
            changed[element.index] = series
        return frozen(changed)

    return replace(
        schedule,
        supply_temp_c=row_in(schedule.supply_temp_c, "plant"),
        pump_setpoint=row_in(schedule.pump_setpoint, "pump"),
        secondary_offset_k=row_in(schedule.secondary_offset_k, "station"),
    )
