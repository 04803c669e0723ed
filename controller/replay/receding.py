"""Plan again and again over the past, live with what was planned, and compare."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from pyomo.contrib.solver.common.base import PersistentSolverBase

from controller.replay.grid import part_of
from controller.replay.history import History
from controller.replay.measured import Agreement, agreements
from optimizer.certify import examine
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.outcome import Certificate, Reason
from optimizer.model.plan import LastPlan, Plan, PlanStatus
from optimizer.model.schedule import Schedule
from optimizer.plan import PlanOptions, plan
from optimizer.simulate import simulate


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What would have been advised at an instant, and why."""

    at: datetime
    status: PlanStatus
    setpoints: Schedule
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A past, as it was run and as it was advised, both judged by the same model and weather."""

    history: History
    advices: tuple[Advice, ...]
    advised: Schedule
    verdict_advised: Certificate
    verdict_run: Certificate
    agreement: tuple[Agreement, ...]


def replay(
    history: History,
    every_h: float,
    session: PersistentSolverBase,
    tell: Callable[[str], None],
    clock_s: Callable[[], float],
) -> Replayed:
    """Replay a past.

    Args:
        history: What was.
        every_h: How often a new plan is made, h; it is followed until the next.
        session: Solver session.
        tell: Receives progress.
        clock_s: Tells seconds, for the plans' own report.

    Returns:
        What would have been advised, beside what was run.
    """
    district, forecast, state = history.site.district, history.forecast, history.state
    stride = max(1, round(every_h * 3600.0 / forecast.step_s))
    horizon = district.control.horizon_h * 3600 // forecast.step_s
    advices: list[Advice] = []
    last: LastPlan | None = None
    for first in range(0, forecast.steps, stride):
        ahead = part_of(forecast, first, min(first + horizon, forecast.steps))
        options = PlanOptions(with_bound=False, last=last)
        made = plan(district, state, ahead, session, options, _quiet, clock_s)
        last = made.to_go_on or last
        kept = min(stride, ahead.steps)
        followed = _first_steps(made, kept)
        advices.append(
            Advice(at=ahead.start, status=made.status, setpoints=followed, reasons=made.reasons)
        )
        lived = part_of(forecast, first, first + kept)
        state = simulate(district.network, state, lived, followed).end_state
        tell(f"{ahead.start:%Y-%m-%d %H:%M} {made.status} ({first + kept} of {forecast.steps})")
    advised = _joined([one.setpoints for one in advices])
    tell("judging both on a finer grid")
    trace = simulate(district.network, history.state, forecast, history.run)
    return Replayed(
        history=history,
        advices=tuple(advices),
        advised=advised,
        verdict_advised=examine(district, history.state, forecast, advised),
        verdict_run=examine(district, history.state, forecast, history.run),
        agreement=agreements(history.measured, district.network, trace),
    )


def _quiet(_line: str) -> None:
    return


def _first_steps(made: Plan, count: int) -> Schedule:
    schedule = made.chosen.schedule

    def cut(values: FloatArray) -> FloatArray:
        return frozen(values[:, :count])

    return _with(schedule, cut(schedule.supply_temp_c), cut(schedule.pump_setpoint),
                 cut(schedule.secondary_offset_k))  # fmt: skip


def _joined(parts: list[Schedule]) -> Schedule:
    def all_of(name: str) -> FloatArray:
        return frozen(np.concatenate([getattr(one, name) for one in parts], axis=1))

    return _with(parts[0], all_of("supply_temp_c"), all_of("pump_setpoint"),
                 all_of("secondary_offset_k"))  # fmt: skip


def _with(
    schedule: Schedule, supply: FloatArray, pumps: FloatArray, offsets: FloatArray
) -> Schedule:
    return replace(schedule, supply_temp_c=supply, pump_setpoint=pumps, secondary_offset_k=offsets)
