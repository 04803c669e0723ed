"""What a run costs, how warm it keeps people and how near it comes to each limit."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LimitKind(StrEnum):
    """The limits a plan is judged by."""

    SUPPLY_TEMP = "supply_temp"
    PLANT_RAMP = "plant_ramp"
    PLANT_HEAT = "plant_heat"
    PUMP_RAMP = "pump_ramp"
    PIPE_TEMP = "pipe_temp"
    PIPE_RAMP = "pipe_ramp"
    PIPE_PRESSURE = "pipe_pressure"
    MIN_PRESSURE = "min_pressure"
    BOILING_MARGIN = "boiling_margin"
    VELOCITY = "velocity"
    MAKEUP = "makeup"
    RADIATOR_PRESSURE = "radiator_pressure"
    STATIC_HEAD = "static_head"
    RADIATOR_TEMP = "radiator_temp"


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitResult:
    """The worst value of one limit at one element; `margin` is positive inside the limit."""

    limit: LimitKind
    where: str
    time: datetime
    worst: float
    allowed: float
    margin: float
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Cost over the horizon in the site's currency; `stored_heat` is a credit (negative) where
    more heat is left at the end than at the start, `starts` is that of plants that were started.
    """

    fuel: float
    electricity: float
    makeup: float
    risk: float
    stored_heat: float
    starts: float = 0.0

    @property
    def total(self) -> float:
        """Sum of the parts."""
        return (
            self.fuel + self.electricity + self.makeup + self.risk + self.stored_heat + self.starts
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ComfortResult:
    """Shortfall of the worst flats below their minimum.

    `building_id` and `time` say where and when the largest shortfall is (None without any).
    `unwarmable` names buildings that no decision can warm.
    """

    shortfall_k_h: float
    max_shortfall_k: float
    building_id: str | None
    time: datetime | None
    unwarmable: tuple[str, ...]
    mean_indoor_end_c: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """The judge's verdict on a schedule: every limit, the comfort and the cost on a finer grid."""

    certified: bool
    limits: tuple[LimitResult, ...]
    comfort: ComfortResult
    cost: Cost
    energy_residual_pct: float
    step_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A machine-readable reason for a plan: a code with its numbers."""

    code: str
    values: dict[str, float | str | None]
