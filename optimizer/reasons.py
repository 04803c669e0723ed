"""Why a plan is as it is: codes with numbers, for words to be made of elsewhere."""

from datetime import timedelta

import numpy as np

from optimizer.comfort import comfort_of_trace
from optimizer.cost import cost_of_trace
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind, LimitResult, Reason
from optimizer.model.plan import Evaluated
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.round import Worth
from optimizer.simulate import simulate
from optimizer.standing import running_spans
from optimizer.travel import arrival_s
from optimizer.worth import marginal_of

# A limit binds where its margin is below this share of what is allowed.
BINDING_SHARE = 0.02
# Setpoints' own ranges and ramps explain less than what the network can take.
EXPLAINING = tuple(kind for kind in LimitKind if kind is not LimitKind.PUMP_RAMP)
USED_OFFSET_K = 0.1
# Charging is worth a word from this rise of the mean indoor temperature over the baseline's.
PREHEAT_K = 0.1
MOST_LIMITS = 6
# A fall of the outdoor temperature is worth a word from so many kelvin within so many hours.
FALL_K, FALL_H = 3.0, 12


def find_reasons(
    district: District,
    state: PlantState,
    forecast: Forecast,
    chosen: Evaluated,
    baseline: Evaluated,
    untouched: Trace,
    worth: tuple[Worth, ...],
) -> tuple[Reason, ...]:
    """Collect what explains a plan.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather.
        chosen: The plan's schedule, trace and certificate.
        baseline: Those of the weather curve.
        untouched: What `run_untouched` gives.
        worth: What more of each limit would buy.

    Returns:
        Reasons, the weather first; times are ISO 8601 in UTC.
    """
    return (
        _coldest_weather(forecast),
        *_driving_fall(forecast),
        *_binding_limits(district, chosen, worth),
        *_transport_time(district, chosen.trace),
        *_shortfall(chosen),
        *_offsets_used(chosen),
        *_preheat(district, chosen.trace, baseline.trace),
        *_standing_plants(district, chosen.schedule),
        _if_nothing_is_done(district, state, forecast, untouched),
        _saving(chosen, baseline),
    )


def _coldest_weather(forecast: Forecast) -> Reason:
    at = int(forecast.outdoor_temp_c[0].argmin())
    return Reason(
        code="coldest_weather",
        values={
            "time": (forecast.start + timedelta(seconds=at * forecast.step_s)).isoformat(),
            "outdoor_temp_c": round(float(forecast.outdoor_temp_c[0, at]), 2),
        },
    )


def _driving_fall(forecast: Forecast) -> list[Reason]:
    """The fall of the outdoor temperature that drives a plan: the largest within half a day."""
    course = forecast.outdoor_temp_c[0]
    span = min(FALL_H * 3600 // forecast.step_s, len(course) - 1)
    highest = np.array([course[max(0, i - span) : i + 1].max() for i in range(len(course))])
    end = int((highest - course).argmax())
    fall = float(highest[end] - course[end])
    if fall < FALL_K:
        return []
    begin = max(0, end - span) + int(course[max(0, end - span) : end + 1].argmax())
    step = timedelta(seconds=forecast.step_s)
    return [
        Reason(
            code="driving_fall",
            values={
                "from": (forecast.start + begin * step).isoformat(),
                "to": (forecast.start + end * step).isoformat(),
                "kelvin": round(fall, 2),
            },
        )
    ]


def _binding_limits(
    district: District, chosen: Evaluated, worth: tuple[Worth, ...]
) -> list[Reason]:
    near = [
        result
        for result in chosen.certificate.limits
        if result.limit in EXPLAINING and result.margin < BINDING_SHARE * abs(result.allowed)
    ]
    near.sort(key=lambda result: result.margin / max(abs(result.allowed), 1e-9))
    return [
        Reason(
            code="binding_limit",
            values={
                "limit": str(result.limit),
                "where": result.where,
                "time": result.time.isoformat(),
                "worst": round(result.worst, 3),
                "allowed": round(result.allowed, 3),
                "unit": result.unit,
                **_marginal(district, result, worth),
            },
        )
        for result in near[:MOST_LIMITS]
    ]


def _marginal(
    district: District, result: LimitResult, worth: tuple[Worth, ...]
) -> dict[str, float | None]:
    """What one unit more of a limit would buy, None where nothing is known of it."""
    found = marginal_of(district.network, result, worth)
    return {
        "marginal_k": round(found.value, 3) if found is not None and found.warmth else None,
        "marginal_cost": round(found.value, 2) if found is not None and not found.warmth else None,
    }


def _transport_time(district: District, trace: Trace) -> list[Reason]:
    """Hours that water needs from the plants to the farthest building, at the mean flows."""
    network = district.network
    if not network.buildings:
        return []
    arrival = arrival_s(network, trace)
    stations = [network.station_index[b.station_id] for b in network.buildings]
    nodes = [network.node_index[network.stations[i].node_id] for i in stations]
    reached = np.where(np.isfinite(arrival[nodes]), arrival[nodes], -1.0)
    farthest = int(reached.argmax())
    if reached[farthest] < 0.0:
        return []
    return [
        Reason(
            code="transport_time",
            values={
                "building_id": network.buildings[farthest].building_id,
                "hours": round(float(reached[farthest]) / 3600.0, 2),
            },
        )
    ]


def _shortfall(chosen: Evaluated) -> list[Reason]:
    comfort = chosen.certificate.comfort
    reasons = [
        Reason(code="unwarmable", values={"building_id": name}) for name in comfort.unwarmable
    ]
    if comfort.building_id is not None and comfort.time is not None:
        reasons.append(
            Reason(
                code="shortfall",
                values={
                    "building_id": comfort.building_id,
                    "max_shortfall_k": round(comfort.max_shortfall_k, 2),
                    "time": comfort.time.isoformat(),
                },
            )
        )
    return reasons


def _offsets_used(chosen: Evaluated) -> list[Reason]:
    largest = np.abs(chosen.schedule.secondary_offset_k).max(axis=1, initial=0.0)
    used = int((largest > USED_OFFSET_K).sum())
    if not used:
        return []
    return [
        Reason(
            code="offsets_used",
            values={"stations": used, "largest_k": round(float(largest.max()), 2)},
        )
    ]


def _preheat(district: District, chosen: Trace, baseline: Trace) -> list[Reason]:
    """Charging ahead of the coldest hour: mean indoor temperature above the baseline's."""
    area = np.array([building.floor_area_m2 for building in district.network.buildings])
    if not len(area):
        return []
    more = (chosen.buildings.indoor_temp_c - baseline.buildings.indoor_temp_c) @ (area / area.sum())
    coldest = int(chosen.outdoor_temp_c.argmin())
    if coldest == 0:
        return []
    peak = int(more[: coldest + 1].argmax())
    if more[peak] < PREHEAT_K:
        return []
    begin = int(np.flatnonzero(more[: peak + 1] <= 0.1 * more[peak]).max(initial=0))
    return [
        Reason(
            code="preheat",
            values={
                "from": (chosen.start + timedelta(seconds=begin * chosen.step_s)).isoformat(),
                "to": (chosen.start + timedelta(seconds=peak * chosen.step_s)).isoformat(),
                "kelvin": round(float(more[peak]), 2),
                **_stored(district, chosen, baseline, peak),
            },
        )
    ]


def _standing_plants(district: District, schedule: Schedule) -> list[Reason]:
    """When plants are to be stopped and started."""

    def at(step: int) -> str:
        return (schedule.start + timedelta(seconds=step * schedule.step_s)).isoformat()

    found = []
    for plant, runs in zip(district.network.plants, schedule.runs, strict=True):
        for begin, end in running_spans(~runs):
            values: dict[str, float | str | None] = {"plant_id": plant.plant_id, "from": at(begin)}
            if end < schedule.steps:
                found.append(Reason(code="plant_stands_until", values={**values, "to": at(end)}))
            else:
                found.append(Reason(code="plant_stands", values=values))
    return found


def _stored(
    district: District, chosen: Trace, baseline: Trace, peak: int
) -> dict[str, float | str | None]:
    """About how much warmth the buildings hold at the peak, where most, and how fast it decays."""
    buildings = district.network.buildings
    capacity = np.array([building.capacity_kwh_k for building in buildings])
    loss = np.array([building.ua_kw_k for building in buildings])
    more = chosen.buildings.indoor_temp_c[peak] - baseline.buildings.indoor_temp_c[peak]
    held_mwh = capacity * more / 1e3
    return {
        "stored_mwh": round(float(held_mwh.sum()), 2),
        "building_id": buildings[int(held_mwh.argmax())].building_id,
        "half_life_h": round(float(np.log(2.0) * capacity.sum() / loss.sum()), 1),
    }


def run_untouched(district: District, state: PlantState, forecast: Forecast) -> Trace:
    """Simulate that every setpoint stays where it is.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather.

    Returns:
        The run.
    """
    steps = forecast.steps
    stay = Schedule(
        start=forecast.start,
        step_s=forecast.step_s,
        supply_temp_c=frozen(np.repeat(state.supply_temp_setpoint_c[:, None], steps, axis=1)),
        pump_setpoint=frozen(np.repeat(state.pump_setpoint[:, None], steps, axis=1)),
        secondary_offset_k=frozen(np.repeat(state.secondary_offset_k[:, None], steps, axis=1)),
        running=None if state.running is None else np.repeat(state.running[:, None], steps, 1),
    )
    return simulate(district.network, state, forecast, stay)


def _if_nothing_is_done(
    district: District, state: PlantState, forecast: Forecast, trace: Trace
) -> Reason:
    """What the flats would see if every setpoint stayed where it is."""
    comfort = comfort_of_trace(district.network, trace)
    return Reason(
        code="if_nothing_is_done",
        values={
            "building_id": comfort.building_id,
            "max_shortfall_k": round(comfort.max_shortfall_k, 2),
            "shortfall_k_h": round(comfort.shortfall_k_h, 1),
            "cost": round(cost_of_trace(district, state, forecast, trace).total, 2),
        },
    )


def _saving(chosen: Evaluated, baseline: Evaluated) -> Reason:
    cost, usual = chosen.certificate.cost.total, baseline.certificate.cost.total
    return Reason(
        code="saving",
        values={
            "cost": round(cost, 2),
            "baseline_cost": round(usual, 2),
            "pct": round(100.0 * (usual - cost) / usual, 3) if usual else None,
        },
    )
