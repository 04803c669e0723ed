"""Moving weather and setpoints between time grids."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.schedule import Schedule


def setpoints_at_boundaries(values: FloatArray) -> FloatArray:
    """Setpoints at the step boundaries: the last one is held to the end.

    Args:
        values: Setpoints at each step's start, shape (things, steps).

    Returns:
        Setpoints at the boundaries, shape (things, steps + 1).
    """
    return np.concatenate([values, values[:, -1:]], axis=1)


def step_means(boundaries: FloatArray) -> FloatArray:
    """Means of the steps of what is linear between boundaries.

    Args:
        boundaries: Values at the boundaries, last axis of length steps + 1.

    Returns:
        Means, last axis of length steps.
    """
    return 0.5 * (boundaries[..., :-1] + boundaries[..., 1:])


def _ratio(coarse_s: int, fine_s: int) -> int:
    if fine_s <= 0 or coarse_s % fine_s:
        raise ValueError(f"a step of {coarse_s} s is no multiple of {fine_s} s")
    return coarse_s // fine_s


def _refined_instants(values: FloatArray, parts: int) -> FloatArray:
    """Linear interpolation of boundary values onto a grid with `parts` steps for each one."""
    steps = values.shape[-1] - 1
    coarse = np.arange(steps + 1)
    fine = np.arange(steps * parts + 1) / parts
    return np.stack([np.interp(fine, coarse, row) for row in values.reshape(-1, steps + 1)])


def refine_forecast(forecast: Forecast, step_s: int) -> Forecast:
    """Put a forecast on a finer grid.

    Args:
        forecast: The forecast.
        step_s: New step length, s, a divisor of the old one.

    Returns:
        The same weather and prices in shorter steps.

    Raises:
        ValueError: If the old step is no multiple of the new one.
    """
    parts = _ratio(forecast.step_s, step_s)
    return replace(
        forecast,
        step_s=step_s,
        outdoor_temp_c=frozen(_refined_instants(forecast.outdoor_temp_c, parts)),
        wind_m_s=frozen(np.repeat(forecast.wind_m_s, parts, axis=1)),
        ghi_w_m2=frozen(np.repeat(forecast.ghi_w_m2, parts, axis=1)),
        heat_price_per_mwh=frozen(np.repeat(forecast.heat_price_per_mwh, parts, axis=1)),
    )


def refine_schedule(schedule: Schedule, step_s: int) -> Schedule:
    """Put a schedule on a finer grid, linear between its setpoints.

    Args:
        schedule: The schedule.
        step_s: New step length, s, a divisor of the old one.

    Returns:
        The same setpoints in shorter steps.

    Raises:
        ValueError: If the old step is no multiple of the new one.
    """
    parts = _ratio(schedule.step_s, step_s)

    def fine(values: FloatArray) -> FloatArray:
        if not len(values):
            return frozen(np.empty((0, values.shape[1] * parts)))
        return frozen(_refined_instants(setpoints_at_boundaries(values), parts)[:, :-1])

    running = schedule.running
    return Schedule(
        start=schedule.start,
        step_s=step_s,
        supply_temp_c=fine(schedule.supply_temp_c),
        pump_setpoint=fine(schedule.pump_setpoint),
        secondary_offset_k=fine(schedule.secondary_offset_k),
        running=None if running is None else np.repeat(running, parts, axis=1),
    )


def part_of(weather: Forecast, begin: int, steps: int) -> Forecast:
    """Cut some steps out of a course.

    Args:
        weather: The course.
        begin: First step.
        steps: How many.

    Returns:
        The part.
    """
    return replace(
        weather,
        start=weather.start + timedelta(seconds=begin * weather.step_s),
        outdoor_temp_c=frozen(weather.outdoor_temp_c[:, begin : begin + steps + 1]),
        wind_m_s=frozen(weather.wind_m_s[:, begin : begin + steps]),
        ghi_w_m2=frozen(weather.ghi_w_m2[:, begin : begin + steps]),
        heat_price_per_mwh=frozen(weather.heat_price_per_mwh[:, begin : begin + steps]),
    )


def first_steps(schedule: Schedule, steps: int) -> Schedule:
    """Cut off what comes after some steps.

    Args:
        schedule: The schedule.
        steps: How many steps remain.

    Returns:
        Its beginning.
    """
    return Schedule(
        start=schedule.start,
        step_s=schedule.step_s,
        supply_temp_c=frozen(schedule.supply_temp_c[:, :steps]),
        pump_setpoint=frozen(schedule.pump_setpoint[:, :steps]),
        secondary_offset_k=frozen(schedule.secondary_offset_k[:, :steps]),
        running=None if schedule.running is None else schedule.running[:, :steps],
    )


def curve(points: tuple[tuple[float, float], ...], at: FloatArray) -> FloatArray:
    """Evaluate a weather curve, constant beyond its ends.

    Args:
        points: (outdoor_temp_c, temp_c) in any order.
        at: Outdoor temperatures, degC, any shape.

    Returns:
        Temperatures, degC, same shape.
    """
    ordered = sorted(points)
    return np.interp(at, [p[0] for p in ordered], [p[1] for p in ordered])
