"""The judge's own reading of ramps: the largest change within any hour."""

import numpy as np

from optimizer.judge.reading import Reading
from optimizer.judge.standstill import (
    pumps_through_stops,
    speed_through_stops,
    times_of_running,
    while_running,
)
from optimizer.limit_table import LimitTable, tighter
from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import LimitKind
from optimizer.physics.compiled import compiled
from optimizer.physics.water import GRAVITY_M_S2

RAMP_WINDOW_S = 3600.0


def plant_ramp(r: Reading) -> LimitTable:
    """Tabulate the change of each outlet within any hour, also from before a stop to after it.

    Args:
        r: The run.

    Returns:
        The table, one row a plant, K/h.
    """
    plants = r.network.plants
    up = np.array([plant.ramp_up_k_h for plant in plants])
    down = np.array([plant.ramp_down_k_h for plant in plants])
    course = np.concatenate([r.state.supply_temp_setpoint_c[None, :], r.run.setpoint_c])
    names = [plant.plant_id for plant in plants]
    running = while_running(course, times_of_running(r.state.runs, r.run.running))
    return ramp_table(LimitKind.PLANT_RAMP, "K/h", names, running, _setpoint_at_s(r), up, down)


def _setpoint_at_s(r: Reading) -> FloatArray:
    """Instants of the setpoints; the last one before the start is a step of the schedule back."""
    at_s: FloatArray = np.arange(-1.0, len(r.run.setpoint_c)) * r.run.step_s
    at_s[0] *= r.run.parts
    return at_s


def pump_ramp(r: Reading) -> LimitTable:
    """Tabulate the change of each pump's speed; where it holds a pressure, of what this takes.

    Args:
        r: The run.

    Returns:
        The table, one row a pump, %/h.
    """
    pumps, laws = r.network.pumps, r.run.layout.pumps
    allowed = np.array([pump.max_speed_ramp_pct_h for pump in pumps])
    course = pumps_through_stops(
        r.network,
        np.concatenate([r.state.runs[None, :], r.run.running]),
        np.concatenate([r.state.pump_setpoint[None, :], r.run.pump_setpoint]),
    )
    names = [pump.pump_id for pump in pumps]
    kind = LimitKind.PUMP_RAMP
    by_setpoint = ramp_table(kind, "%/h", names, course, _setpoint_at_s(r), allowed, allowed)
    if not laws.holds_pressure.any():
        return by_setpoint
    speed = _running_speed_pct(r)
    middle_s: FloatArray = np.arange(0.5, len(speed)) * r.run.step_s
    by_speed = ramp_table(kind, "%/h", names, speed, middle_s, allowed, allowed)
    holds = laws.holds_pressure
    return LimitTable(
        limit=kind,
        unit="%/h",
        where=tuple(names),
        worst=np.where(holds, by_speed.worst, by_setpoint.worst),
        allowed=allowed,
        margin=np.where(holds, by_speed.margin, by_setpoint.margin),
        scale=allowed,
        at_s=np.where(holds, by_speed.at_s, by_setpoint.at_s),
    )


def _running_speed_pct(r: Reading) -> FloatArray:
    """Speed that gives each pump's head at its flow: H = H0 s^2 - curvature Q^2."""
    laws, found = r.run.layout.pumps, r.run.found
    pipes = len(r.network.pipes)
    flow = found.flow_kg_s[:, found.flow_kg_s.shape[1] - len(laws.plant) :].copy()
    for pump, pipe in enumerate(laws.pipe):
        if pipe >= 0:
            sign = r.run.layout.pipes.booster_sign[pipe]
            flow[:, pump] = sign * found.flow_kg_s[:, pipes + pipe]
    volume = np.maximum(flow, 0.0) / found.pump_density
    head = found.pump_gain_pa / (found.pump_density * GRAVITY_M_S2)
    squared = (head + laws.curvature * volume**2) / laws.shutoff_head_m
    speed: FloatArray = 100.0 * np.sqrt(np.maximum(squared, 0.0))
    return speed_through_stops(r.network, r.run.running, speed)


def ramp_table(
    kind: LimitKind,
    unit: str,
    names: list[str],
    course: FloatArray,
    at_s: FloatArray,
    up: FloatArray,
    down: FloatArray,
) -> LimitTable:
    """Tabulate the largest rise and the largest fall within any window of an hour.

    Args:
        kind: Which limit.
        unit: Its unit.
        names: Names of the elements.
        course: Values at instants, shape (instants, elements); NaN is compared with nothing.
        at_s: The instants, s, increasing, shape (instants,).
        up: Largest rise allowed, shape (elements,).
        down: Largest fall allowed, shape (elements,).

    Returns:
        The tighter side of each element.
    """
    rise, rise_at, fall, fall_at = largest_changes(course, at_s)

    def side(change: FloatArray, when: FloatArray, allowed: FloatArray) -> LimitTable:
        return LimitTable(
            limit=kind,
            unit=unit,
            where=tuple(names),
            worst=change,
            allowed=allowed,
            margin=allowed - change,
            scale=allowed,
            at_s=np.maximum(when, 0.0),
        )

    return tighter(side(rise, rise_at, up), side(fall, fall_at, down))


@compiled
def largest_changes(
    course: FloatArray, at_s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Find the largest rise and fall of each course within any hour.

    Args:
        course: Values at instants, shape (instants, things); NaN is compared with nothing.
        at_s: The instants, s, increasing, shape (instants,).

    Returns:
        Largest rise (not below zero) and the instant at which it ends, then the same of the fall,
        each of shape (things,).
    """
    things = course.shape[1]
    rise = np.zeros(things)
    fall = np.zeros(things)
    rise_at = np.zeros(things)
    fall_at = np.zeros(things)
    begin = 0
    for end in range(len(at_s)):
        while at_s[end] - at_s[begin] > RAMP_WINDOW_S + 1e-6:
            begin += 1
        for before in range(begin, end):
            for thing in range(things):
                change = course[end, thing] - course[before, thing]
                if change > rise[thing]:
                    rise[thing] = change
                    rise_at[thing] = at_s[end]
                elif -change > fall[thing]:
                    fall[thing] = -change
                    fall_at[thing] = at_s[end]
    return rise, rise_at, fall, fall_at
