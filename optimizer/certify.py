"""The judge: an independent nonlinear run of a schedule on a finer grid, over every member.

It shares the cited laws of single elements with the planner's simulator, and nothing else: time
stepping, transport of heat, stations, limits and cost are its own (`optimizer.judge`).
"""

from functools import reduce

import numpy as np

from optimizer.comfort import comfort, deciding_rank
from optimizer.judge.expense import judged_cost
from optimizer.judge.reading import Reading
from optimizer.judge.run import Hearing, hear, judge_step_s
from optimizer.judge.standstill import require_allowed_stops
from optimizer.judge.verdict import judged_limits
from optimizer.limit_table import LimitTable, limit_results, tighter
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, PumpControl
from optimizer.model.outcome import Certificate, ComfortResult, Cost
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.side_by_side import side_by_side

# A limit holds while it is not exceeded by more than this share of itself: rounding, no more.
TOLERANCE = 1e-6
LARGEST_RESIDUAL_PCT = 0.1


def certify(
    district: District,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    unwarmable: tuple[str, ...] = (),
) -> Certificate:
    """Judge a schedule: certified only if every limit holds in every member.

    A shortfall of warmth does not prevent certification, and neither does a plant at its capacity.

    Args:
        district: The network and its limits.
        state: State at the start.
        forecast: Weather, all members, and prices.
        schedule: Setpoints on the forecast's grid, linear between steps.
        unwarmable: Buildings that no decision can warm, by name; only passed on.

    Returns:
        The verdict: limits with the worst over all members, the cost of the dearest member, each
        figure of comfort at the configured quantile of the members, and the energy residual.

    Raises:
        ValueError: If the inputs do not fit each other, a setpoint is outside its actuator's
            range, or a plant stands still that may not, or for less than its least times.
    """
    _require_in_range(district.network, schedule)
    require_allowed_stops(district.network, state, schedule)
    return examine(district, state, forecast, schedule, unwarmable)


def examine(
    district: District,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    unwarmable: tuple[str, ...] = (),
) -> Certificate:
    """Judge a schedule as `certify` does, setpoints beyond what can be written included.

    For what-if studies: what comes of it must not be recommended.

    Args:
        district: The network and its limits.
        state: State at the start.
        forecast: Weather, all members, and prices.
        schedule: Setpoints on the forecast's grid, linear between steps.
        unwarmable: Buildings that no decision can warm, by name; only passed on.

    Returns:
        The verdict.

    Raises:
        ValueError: If the inputs do not fit each other.
    """
    members = side_by_side(
        lambda member: _judge_member(district, state, forecast, schedule, member, unwarmable),
        range(forecast.members),
    )
    tables = [reduce(tighter, same) for same in zip(*(m[0] for m in members), strict=True)]
    residual_pct = max(m[3] for m in members)
    certified = (
        all(m[4] for m in members)
        and residual_pct < LARGEST_RESIDUAL_PCT
        and all(_holds(table) for table in tables)
    )
    return Certificate(
        certified=certified,
        limits=limit_results(tables, forecast.start),
        comfort=_comfort_at(district.comfort.shortfall_quantile, [m[1] for m in members]),
        cost=max((m[2] for m in members), key=lambda cost: cost.total),
        energy_residual_pct=residual_pct,
        step_s=judge_step_s(forecast.step_s),
    )


def _judge_member(
    district: District,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    member: int,
    unwarmable: tuple[str, ...],
) -> tuple[list[LimitTable], ComfortResult, Cost, float, bool]:
    """Run one member; gives limits, comfort, cost, residual, and whether the run is sound."""
    hearing = hear(district.network, state, forecast, schedule, member)
    reading = Reading(district, state, hearing)
    warmth = comfort(
        district.network.buildings,
        hearing.found.indoor_c,
        hearing.outdoor_c,
        forecast.start,
        hearing.step_s,
        unwarmable,
    )
    return (
        judged_limits(reading),
        warmth,
        judged_cost(district, forecast, reading, hearing),
        hearing.residual_pct,
        _is_finite(hearing) and not hearing.found.unsolved.any(),
    )


def _holds(table: LimitTable) -> bool:
    """Whether a limit holds everywhere; not a number holds nothing."""
    return bool((table.margin >= -TOLERANCE * table.scale).all())


def _is_finite(hearing: Hearing) -> bool:
    return all(bool(np.isfinite(values).all()) for values in hearing.found)


def _comfort_at(quantile: float, results: list[ComfortResult]) -> ComfortResult:
    """Each figure at a quantile of the members, from warm to cold."""
    rank = deciding_rank(quantile, len(results))
    coldest = sorted(results, key=lambda result: result.max_shortfall_k)[rank]
    return ComfortResult(
        shortfall_k_h=sorted(result.shortfall_k_h for result in results)[rank],
        max_shortfall_k=coldest.max_shortfall_k,
        building_id=coldest.building_id,
        time=coldest.time,
        unwarmable=coldest.unwarmable,
        mean_indoor_end_c=sorted((r.mean_indoor_end_c for r in results), reverse=True)[rank],
    )


def _require_in_range(network: Network, schedule: Schedule) -> None:
    """Refuse setpoints that no actuator could follow: no limit speaks of them."""
    for i, pump in enumerate(network.pumps):
        values = schedule.pump_setpoint[i]
        low, high = pump.min_speed_pct, pump.max_speed_pct
        unit = "%"
        if pump.control is PumpControl.DIFFERENTIAL_PRESSURE:
            low, high, unit = 0.0, np.inf, "bar"
        _require_between(f"pump {pump.pump_id}", values.min(), values.max(), low, high, unit)
    for i, station in enumerate(network.stations):
        offsets = schedule.secondary_offset_k[i]
        low, high = station.offset_range_k or (0.0, 0.0)
        name = f"secondary offset of station {station.station_id}"
        _require_between(name, offsets.min(), offsets.max(), low, high, "K")


def _require_between(
    name: str, least: float, most: float, low: float, high: float, unit: str
) -> None:
    slack = TOLERANCE * max(abs(low), 1.0)
    if not (least >= low - slack and most <= high + slack):
        raise ValueError(
            f"{name} is set between {least:g} and {most:g} {unit}, outside {low:g} to {high:g}"
        )
