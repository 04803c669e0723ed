"""A plan as the JSON object of the command-line contract."""

from collections.abc import Mapping

import numpy as np

from controller.outcome_json import JsonObject, comfort_json, cost_json, limits_json, number
from controller.planning import PlannedSite, Ranking
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, PumpControl
from optimizer.model.plan import Bound, Evaluated
from optimizer.renewals import Renewal
from optimizer.standing import pumps_running


def plan_json(planned: PlannedSite, ranking: Ranking | None = None) -> JsonObject:
    """Give a plan in the form of the contract.

    Args:
        planned: The plan with its case.
        ranking: What single renewals would buy, where that was asked for.

    Returns:
        The object; series have one value a step, at its start.
    """
    site, plan = planned.case.site, planned.plan
    network = site.district.network
    shown = plan.chosen
    certificate = shown.certificate
    residual = max(certificate.energy_residual_pct, shown.trace.energy.residual_pct)
    return {
        "site": site.site_id,
        "start": shown.schedule.start.isoformat(),
        "step_s": shown.schedule.step_s,
        "status": plan.status.value,
        **_setpoints(network, shown),
        "stations": _offsets(network, shown),
        "baseline": {
            **_setpoints(network, plan.baseline),
            "cost": cost_json(plan.baseline.certificate.cost),
            "comfort": comfort_json(plan.baseline.certificate.comfort),
            "limits": limits_json(plan.baseline.certificate.limits),
        },
        "cost": cost_json(certificate.cost),
        "comfort": comfort_json(certificate.comfort),
        "limits": limits_json(certificate.limits),
        "bound": _bound(plan.bound),
        "solve": {
            "wall_s": number(plan.solve.wall_s),
            "iterations": plan.solve.iterations,
            "simulations": plan.solve.simulations,
            "buildings": plan.solve.buildings,
            "energy_residual_pct": number(residual),
        },
        "reasons": [{"code": one.code, "values": one.values} for one in plan.reasons],
        **_loads(planned.case.forecast),
        **({} if ranking is None else {"renewals": [_renewal(one) for one in ranking]}),
    }


def _loads(forecast: Forecast) -> JsonObject:
    """How many times the load of the tables the members that a plan serves have, mean of stations.

    Empty where nothing is learned.
    """
    if forecast.load_factor is None:
        return {}
    mean = forecast.load_factor.mean(axis=1)
    middle = float(np.median(mean))
    loads = {"p10": float(mean.min()), "p50": middle, "p90": float(mean.max())}
    return {"loads": {name: number(value) for name, value in loads.items()}}


def _renewal(renewal: Renewal) -> JsonObject:
    return {
        "kind": renewal.kind.value,
        "id": renewal.element_id,
        "largest_k": number(renewal.largest_k),
        "shortfall_k_h": number(renewal.shortfall_k_h),
        "saved": number(renewal.saved),
    }


def _series(values: FloatArray) -> list[float | None]:
    return [number(round(float(value), 4)) for value in values]


def _setpoints(network: Network, shown: Evaluated) -> Mapping[str, JsonObject]:
    """Setpoints of plants and pumps, null while the plant stands."""
    runs = shown.schedule.runs
    supply = np.where(runs, shown.schedule.supply_temp_c, np.nan)
    speeds = np.where(pumps_running(network, runs), shown.schedule.pump_setpoint, np.nan)
    plants: JsonObject = {
        plant.plant_id: {
            "supply_temp_c": _series(supply[i]),
            "delivered_temp_c": _series(shown.trace.plants.supply_temp_c[:, i]),
            "running": runs[i].tolist(),
        }
        for i, plant in enumerate(network.plants)
    }
    pumps: JsonObject = {
        pump.pump_id: {
            "speed_pct" if pump.control is PumpControl.SPEED else "dp_bar": _series(speeds[i])
        }
        for i, pump in enumerate(network.pumps)
    }
    return {"plants": plants, "pumps": pumps}


def _offsets(network: Network, shown: Evaluated) -> JsonObject:
    return {
        station.station_id: {"secondary_offset_k": _series(shown.schedule.secondary_offset_k[i])}
        for i, station in enumerate(network.stations)
        if station.offset_range_k is not None
    }


def _bound(bound: Bound | None) -> JsonObject:
    if bound is None:
        return {"cost_lower": None, "gap_pct": None, "max_shortfall_lower_k": None}
    return {
        "cost_lower": number(bound.cost_lower),
        "gap_pct": number(bound.gap_pct),
        "max_shortfall_lower_k": number(bound.max_shortfall_lower_k),
    }
