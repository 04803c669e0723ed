"""Why a plan is as it is: codes with numbers, for words to be made of elsewhere."""

from datetime import timedelta

import numpy as np

from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind, Reason
from optimizer.model.plan import Evaluated
from optimizer.model.policy import District
from optimizer.model.trace import Trace
from optimizer.physics.layout import build_layout

# A limit binds where its margin is below this share of what is allowed.
BINDING_SHARE = 0.02
# Setpoints' own ranges and ramps explain less than what the network can take.
EXPLAINING = tuple(kind for kind in LimitKind if kind is not LimitKind.PUMP_RAMP)
USED_OFFSET_K = 0.1
# Charging is worth a word from this rise of the mean indoor temperature over the baseline's.
PREHEAT_K = 0.1
MOST_LIMITS = 6


def find_reasons(
    district: District, forecast: Forecast, chosen: Evaluated, baseline: Evaluated
) -> tuple[Reason, ...]:
    """Collect what explains a plan.

    Args:
        district: The district.
        forecast: Weather.
        chosen: The plan's schedule, trace and certificate.
        baseline: Those of the weather curve.

    Returns:
        Reasons, the weather first; times are ISO 8601 in UTC.
    """
    return (
        _coldest_weather(forecast),
        *_binding_limits(chosen),
        *_transport_time(district, chosen.trace),
        *_shortfall(chosen),
        *_offsets_used(chosen),
        *_preheat(district, chosen.trace, baseline.trace),
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


def _binding_limits(chosen: Evaluated) -> list[Reason]:
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
            },
        )
        for result in near[:MOST_LIMITS]
    ]


def _transport_time(district: District, trace: Trace) -> list[Reason]:
    """Hours that water needs from the plants to the farthest building, at the mean flows."""
    network = district.network
    if not network.buildings:
        return []
    arrival = _arrival_s(district, trace)
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


def _arrival_s(district: District, trace: Trace) -> FloatArray:
    """Shortest travel time of water from a plant to each node along the mean flows, s."""
    network = district.network
    layout = build_layout(network)
    count = len(network.pipes)
    flow = trace.pipes.mass_flow_kg_s.mean(axis=0)
    arrival = np.full(len(network.nodes), np.inf)
    arrival[layout.plants.node] = 0.0
    first, second = layout.graph.first[:count], layout.graph.second[:count]
    begin, end = np.where(flow >= 0.0, first, second), np.where(flow >= 0.0, second, first)
    moving = np.abs(flow) > 1e-6
    travel = np.where(moving, layout.pipes.content_kg[0] / np.maximum(np.abs(flow), 1e-6), np.inf)
    for _ in range(len(network.nodes)):
        before = arrival.copy()
        np.minimum.at(arrival, end, before[begin] + travel)
        if np.array_equal(arrival, before):
            break
    return arrival


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
            },
        )
    ]


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
