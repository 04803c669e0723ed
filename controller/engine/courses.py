"""What a plan is expected to do over its horizon, for people to look at: courses beside the weather
curve's and beside what comes if nothing is changed."""

from dataclasses import replace
from typing import Any

import numpy as np

from controller.outcome_json import cost_json
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.plan import Plan
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace

# Courses are kept with every recommendation for good: half an hour is fine enough for an eye.
STEP_S = 1800
_SHORT_K = 0.01


def courses_of(
    district: District, state: PlantState, forecast: Forecast, made: Plan
) -> dict[str, Any]:
    """Give the courses that a plan is expected to take.

    Args:
        district: The district.
        state: Where everything stands at the start.
        forecast: Weather, all members.
        made: The plan.

    Returns:
        What JSON can hold: outdoors, plants, pumps, the farthest and the coldest building's worst
        flat (P10 and P90 where the weather has several members), each schedule's own coldest flat,
        and per node and building the present. `held` is what comes if every setpoint stays as it
        is, `held_cost` what that costs.
    """
    from optimizer.certify import certify
    from optimizer.simulate import simulate

    network, chosen, usual = district.network, made.chosen, made.baseline
    unchanged = _held(state, chosen.schedule)
    held = simulate(network, state, forecast, unchanged)
    traces = [chosen.trace] + [
        simulate(network, state, forecast, chosen.schedule, member)
        for member in range(1, forecast.members)
    ]
    stride = max(1, round(STEP_S / forecast.step_s))
    flats = chosen.trace.buildings.worst_flat_temp_c
    least = np.array([building.min_indoor_c for building in network.buildings])
    coldest = int((flats - least).min(axis=0).argmin())
    return {
        "start": forecast.start.isoformat(),
        "step_s": stride * forecast.step_s,
        "outdoor": _band([row[::stride] for row in forecast.outdoor_temp_c]),
        "plants": {
            plant.plant_id: {
                "setpoint": _row(chosen.schedule.supply_temp_c[i, ::stride]),
                "delivered": _row(chosen.trace.plants.supply_temp_c[::stride, i]),
                "baseline": _row(usual.trace.plants.supply_temp_c[::stride, i]),
                "return": _row(chosen.trace.plants.return_temp_c[::stride, i]),
                "heat_mw": _row(chosen.trace.plants.heat_power_mw[::stride, i]),
            }
            for i, plant in enumerate(network.plants)
        },
        "pumps": {
            pump.pump_id: {
                "setpoint": _row(chosen.schedule.pump_setpoint[i, ::stride]),
                "baseline": _row(usual.schedule.pump_setpoint[i, ::stride]),
            }
            for i, pump in enumerate(network.pumps)
        },
        "buildings": {
            name: _building(district, index, stride, traces, usual.trace, held)
            for name, index in (("farthest", _farthest(district, made)), ("coldest", coldest))
        },
        "short": {
            "plan": _short(chosen.trace, least),
            "baseline": _short(usual.trace, least),
            "held": _short(held, least),
        },
        "least": {
            "plan": _least(district, chosen.trace),
            "baseline": _least(district, usual.trace),
            "held": _least(district, held),
        },
        "held_cost": cost_json(certify(district, state, forecast, unchanged).cost),
        "now": {
            "nodes": _row(chosen.trace.nodes.supply_temp_c[0], 1),
            "flats": _row(flats[0]),
            "flats_least": _row(flats.min(axis=0)),
        },
    }


def _building(
    district: District, index: int, stride: int, traces: list[Trace], usual: Trace, held: Trace
) -> dict[str, Any]:
    def course(trace: Trace) -> FloatArray:
        rows: FloatArray = trace.buildings.worst_flat_temp_c[::stride, index]
        return rows

    building = district.network.buildings[index]
    return {
        "building_id": building.building_id,
        "min_indoor_c": building.min_indoor_c,
        **_band([course(trace) for trace in traces]),
        "baseline": _row(course(usual)),
        "held": _row(course(held)),
    }


def _farthest(district: District, made: Plan) -> int:
    """The building that hot water reaches last, as the plan's reasons name it."""
    named = [one.values.get("building_id") for one in made.reasons if one.code == "transport_time"]
    return district.network.building_index[str(named[0])] if named else 0


def _held(state: PlantState, like: Schedule) -> Schedule:
    """Every setpoint as it stands."""

    def still(values: FloatArray) -> FloatArray:
        return frozen(np.repeat(np.asarray(values)[:, None], like.steps, axis=1))

    return replace(
        like,
        supply_temp_c=still(state.supply_temp_setpoint_c),
        pump_setpoint=still(state.pump_setpoint),
        secondary_offset_k=still(state.secondary_offset_k),
    )


def _short(trace: Trace, least: FloatArray) -> dict[str, Any]:
    """How many buildings fall short at any time, and by how much the worst."""
    lacking = (least - trace.buildings.worst_flat_temp_c).max(axis=0)
    return {
        "buildings": int((lacking > _SHORT_K).sum()),
        "max_shortfall_k": round(max(float(lacking.max()), 0.0), 3),
    }


def _least(district: District, trace: Trace) -> dict[str, Any]:
    """The flat that is farthest below its promise, or nearest to it, at its coldest."""
    flats = trace.buildings.worst_flat_temp_c.min(axis=0)
    buildings = district.network.buildings
    least = np.array([building.min_indoor_c for building in buildings])
    index = int((flats - least).argmin())
    return {
        "building_id": buildings[index].building_id,
        "worst_flat_temp_c": round(float(flats[index]), 2),
    }


def _band(rows: list[FloatArray]) -> dict[str, Any]:
    """The middle course, and P10 and P90 where there are several."""
    if len(rows) == 1:
        return {"p10": None, "p50": _row(rows[0]), "p90": None}
    p10, p50, p90 = np.percentile(np.array(rows), [10.0, 50.0, 90.0], axis=0)
    return {"p10": _row(p10), "p50": _row(p50), "p90": _row(p90)}


def _row(values: FloatArray, digits: int = 2) -> list[float | None]:
    """Numbers as JSON holds them."""
    return [round(float(one), digits) if np.isfinite(one) else None for one in values]
