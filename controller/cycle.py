"""One cycle, read as a sentence: readings and weather -> estimated state -> forecast -> plan ->
certificate -> recommendation -> record. What is decided about it and written is the modes' and the
write path's; each step that fails gives a typed outcome, never half a setpoint."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from controller import approvals
from controller.approvals import Member, Recommendation
from controller.cold_snap import SnapSeen, cold_snap
from controller.engine.elements import Element, held_value
from controller.engine.planner import Planned, PlanningError, PlanTask
from controller.engine.prefixes import prefix, series_of
from controller.outcome_json import comfort_json, cost_json, limits_json, number
from controller.site import Site
from controller.store.errors import StoreError
from controller.translate import WeatherError, weather_on_grid
from drivers.base import DriverError, Reading, WeatherSeries
from optimizer.model.forecast import Forecast
from optimizer.model.policy import District
from optimizer.model.state import PlantState


class CycleOutcome(StrEnum):
    """How a cycle ended; only RECOMMENDED is a good one."""

    RECOMMENDED = "recommended"
    NO_WEATHER = "no_weather"
    NO_PLAN = "no_plan"
    NOT_CERTIFIED = "not_certified"
    STORE_FAILED = "store_failed"


@dataclass(frozen=True, kw_only=True)
class CycleRecord:
    """What a cycle did; `recommendation` is None unless it is a good one.

    `basis` is what the recommendation was made from, with its schedule, for changing it.
    """

    at: datetime
    outcome: CycleOutcome
    reason: str
    snap: SnapSeen | None
    recommendation: Recommendation | None
    basis: PlanTask | None
    took_s: float
    planning_s: float


class StatePort(Protocol):
    """Gives the plant's state: the open-loop observer, or a filter."""

    def state_at(
        self,
        now: datetime,
        series: WeatherSeries,
        forecast: Forecast,
        history: Forecast | None,
        readings: Mapping[str, Reading],
    ) -> PlantState:
        """Bring the state up to an instant."""
        ...


@dataclass(frozen=True, kw_only=True)
class CyclePorts:
    """What a cycle needs of the outside.

    `district` gives the site's as the plan is to see it, `loads` the weather's members with what
    stations are expected to take in each.
    """

    site: Site
    elements: tuple[Element, ...]
    readings: Callable[[datetime], Mapping[str, Reading]]
    weather: Callable[[datetime], WeatherSeries]
    district: Callable[[], District]
    loads: Callable[[datetime, WeatherSeries, PlanTask], Forecast]
    observer: StatePort
    plan: Callable[[PlanTask], Planned]
    keep: Callable[[Recommendation], None]


class _EndedError(Exception):
    """Carries the outcome of a step that failed to the end of the cycle."""

    def __init__(self, outcome: CycleOutcome, reason: str) -> None:
        self.outcome, self.reason = outcome, reason


def run_cycle(now: datetime, ports: CyclePorts) -> CycleRecord:
    """Run one cycle.

    Args:
        now: tz-aware UTC, on a whole second.
        ports: The outside.

    Returns:
        What it did.
    """
    began_s = time.monotonic()
    snap, advice, basis, planning_s = None, None, None, 0.0
    outcome, reason = CycleOutcome.RECOMMENDED, ""
    try:
        readings = ports.readings(now)
        series, forecast, history = _weather(now, ports)
        snap = cold_snap(forecast, ports.site.cold_snap)
        state = ports.observer.state_at(now, series, forecast, history, readings)
        task = PlanTask(
            district=ports.district(),
            state=state,
            forecast=forecast,
            elements=ports.elements,
        )
        task = replace(task, forecast=ports.loads(now, series, task))
        planned, planning_s = _planned(task, ports)
        advice = recommendation_of(now, task, planned, readings)
        basis = replace(task, schedule=planned.schedule)
        _kept(advice, ports)
    except _EndedError as ended:
        outcome, reason, advice, basis = ended.outcome, ended.reason, None, None
    return CycleRecord(
        at=now,
        outcome=outcome,
        reason=reason,
        snap=snap,
        recommendation=advice,
        basis=basis,
        took_s=time.monotonic() - began_s,
        planning_s=planning_s,
    )


def _weather(now: datetime, ports: CyclePorts) -> tuple[WeatherSeries, Forecast, Forecast | None]:
    site = ports.site
    try:
        series = ports.weather(now)
        forecast, history = weather_on_grid(
            series,
            district=site.district,
            timezone=site.timezone,
            start=now,
            hours=site.district.control.horizon_h,
        )
    except (DriverError, WeatherError) as error:
        raise _EndedError(CycleOutcome.NO_WEATHER, str(error)) from error
    return series, forecast, history


def _planned(task: PlanTask, ports: CyclePorts) -> tuple[Planned, float]:
    began_s = time.monotonic()
    try:
        planned = ports.plan(task)
    except PlanningError as error:
        raise _EndedError(CycleOutcome.NO_PLAN, str(error)) from error
    against = objection(planned)
    if against:
        raise _EndedError(CycleOutcome.NOT_CERTIFIED, against)
    return planned, time.monotonic() - began_s


def objection(planned: Planned) -> str:
    """Say why a plan must not be recommended.

    Args:
        planned: The plan with its certificates.

    Returns:
        Why, empty where it may be.
    """
    if not planned.certified:
        exceeded = [one for one in planned.certificate.limits if one.margin < 0.0]
        named = "; ".join(
            f"{one.limit} at {one.where}: {one.worst:.4g} {one.unit}, allowed {one.allowed:g}, "
            f"{one.time:%m-%d %H:%M} UTC"
            for one in exceeded[:3]
        )
        return f"the plan is not certified{': ' if named else ''}{named}"
    if planned.broken_prefix is not None:
        return f"written up to {planned.broken_prefix} and no further, it would pass a limit"
    return ""


def recommendation_of(
    now: datetime,
    task: PlanTask,
    planned: Planned,
    readings: Mapping[str, Reading],
) -> Recommendation:
    """Make the immutable set of a certified plan.

    Args:
        now: tz-aware UTC.
        task: What the plan was made from; elements without a point are left to a person's hand.
        planned: The plan.
        readings: The newest readings.

    Returns:
        The recommendation, with its certificate's limits and what it is predicted to do.
    """
    digest = input_hash(task)
    stands = prefix((), planned.schedule, task.state, 0)
    members = tuple(
        Member(
            element=one.name,
            quantity=one.quantity,
            point_id=one.point_id,
            before=held_value(one, readings, float(series_of(one, stands)[0])),
            series=tuple(round(float(value), 4) for value in series_of(one, planned.schedule)),
        )
        for one in planned.order
    )
    return Recommendation(
        recommendation_id=approvals.new_id(now, digest),
        at=now,
        expires_at=now + approvals.LASTS,
        input_hash=digest,
        start=planned.schedule.start,
        step_s=planned.schedule.step_s,
        members=members,
        limits=tuple(limits_json(planned.certificate.limits)),
        effect=_effect(planned),
    )


def input_hash(task: PlanTask) -> str:
    """Hash what a plan is made from.

    Args:
        task: The plan's inputs.

    Returns:
        SHA-256 of the district, the state and the forecast.
    """
    digest = hashlib.sha256(repr(task.district).encode())
    for part in (task.state, task.forecast):
        for name in part.__dataclass_fields__:
            value: Any = getattr(part, name)
            parts = value.__dataclass_fields__ if hasattr(value, "__dataclass_fields__") else None
            values = [value] if parts is None else [getattr(value, one) for one in parts]
            for one in values:
                content = one.tobytes() if hasattr(one, "tobytes") else repr(one).encode()
                digest.update(content)
    return digest.hexdigest()


def _effect(planned: Planned) -> dict[str, Any]:
    return {
        "cost": cost_json(planned.certificate.cost),
        "comfort": comfort_json(planned.certificate.comfort),
        "baseline_cost": cost_json(planned.baseline.cost),
        "baseline_comfort": comfort_json(planned.baseline.comfort),
        "reasons": [{"code": code, "values": values} for code, values in planned.reasons],
        "planning_s": number(planned.wall_s),
        "courses": dict(planned.courses),
    }


def _kept(advice: Recommendation, ports: CyclePorts) -> None:
    try:
        ports.keep(advice)
    except StoreError as error:
        raise _EndedError(CycleOutcome.STORE_FAILED, str(error)) from error
