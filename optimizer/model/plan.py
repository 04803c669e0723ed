"""A plan: a schedule with its certificate, its baseline, its bound and how it was found."""

from dataclasses import dataclass
from enum import StrEnum

from optimizer.model.arrays import FloatArray
from optimizer.model.outcome import Certificate, LimitKind, Reason
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace


class PlanStatus(StrEnum):
    """Whether the schedule is the planner's own, certified, or the weather curve."""

    CERTIFIED = "certified"
    FALLBACK = "fallback"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """The least that any plan of the same warmth could cost, and the plan's distance to it.

    No plan has a largest shortfall below `max_shortfall_lower_k`, whatever it costs.
    """

    cost_lower: float
    gap_pct: float
    max_shortfall_lower_k: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SolveStatistics:
    """How a plan was found; `buildings` counts those with rows of their own in the last model."""

    wall_s: float
    iterations: int
    simulations: int
    buildings: int


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A schedule with the trace it gives and the judge's verdict on it."""

    schedule: Schedule
    trace: Trace
    certificate: Certificate


@dataclass(frozen=True, kw_only=True)
class LastPlan:
    """A plan to go on from, and what its search had learned.

    Attributes:
        schedule: Its setpoints.
        backoff: What had to be kept away from each kind of limit, in its unit, one number for all
            elements or one for each pipe.
        comfort_margin_k: What flats had to be planned to stay above their minimum by.
    """

    schedule: Schedule
    backoff: dict[LimitKind, FloatArray]
    comfort_margin_k: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is recommended, beside what the weather curve would do.

    `to_go_on` is what the next plan goes on from, None where this one is the curve or was given.
    """

    status: PlanStatus
    chosen: Evaluated
    baseline: Evaluated
    bound: Bound | None
    solve: SolveStatistics
    reasons: tuple[Reason, ...]
    to_go_on: LastPlan | None
