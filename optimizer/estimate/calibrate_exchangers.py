"""UA of the exchangers, each kept where it predicts better on the hours held back."""

import numpy as np

from optimizer.estimate.exchanger import Around, ExchangerFit, fit_exchanger, secondary_return_c
from optimizer.estimate.part_score import PartScore, not_fitted
from optimizer.estimate.record import Record
from optimizer.estimate.values import Value, Values
from optimizer.model.network import Network
from optimizer.physics.exchanger import conductance_w_k
from optimizer.physics.water import REFERENCE_CP_J_KG_K


def around(network: Network, record: Record, k: int) -> Around:
    """What a record says around a station's exchanger.

    Args:
        network: The network, for the flow of the loop.
        record: The record.
        k: Position of the station.

    Returns:
        The measurements; the loop's return follows from its flow and the heat.
    """
    at, station = record.stations, network.stations[k]
    supply, heat = at["secondary_supply_temp_c"][:, k], at["heat_power_kw"][:, k]
    return Around(
        supply_c=at["supply_temp_c"][:, k],
        return_c=at["return_temp_c"][:, k],
        secondary_supply_c=supply,
        secondary_return_c=secondary_return_c(supply, heat, station.secondary_flow_kg_s),
        heat_kw=heat,
    )


def calibrate_exchangers(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Calibrate every exchanger, each kept where its heat is predicted better.

    Args:
        network: The network as it is thought to be.
        record: The record.
        cut: The step from which it is held back.

    Returns:
        The UA of those to be kept, and how well all of them predict.
    """
    values: dict[str, dict[str, Value]] = {}
    before, after = [], []
    for k, station in enumerate(network.stations):
        if station.hx_ua_kw_k <= 0.0 or station.secondary_flow_kg_s <= 0.0:
            continue
        found = fit_exchanger(around(network, record.part(0, cut), k))
        if found is None:
            continue
        rest = record.part(cut, record.steps)
        old = _heat_error(network, rest, k, station.hx_ua_kw_k)
        new = _heat_error(network, rest, k, found.ua_kw_k)
        before.append(old)
        after.append(min(new, old))
        if new < old:
            values[station.station_id] = {"hx_ua_kw_k": _ua_value(found)}
    quantity = "heat from the primary side's temperatures and flow"
    if not before:
        why = "no station has an exchanger with meters on both sides"
        return {}, not_fitted("exchangers", quantity, "%", why)
    score = PartScore(
        part="exchangers",
        quantity=quantity,
        unit="%",
        before=float(np.nanmean(before)),
        after=float(np.nanmean(after)),
    )
    return values, score


def _ua_value(found: ExchangerFit) -> Value:
    return Value(value=found.ua_kw_k, spread=found.error_kw_k / found.ua_kw_k)


def _heat_error(network: Network, record: Record, k: int, ua_kw_k: float) -> float:
    """Mean error of the heat that a UA gives, in % of the mean heat."""
    sides, flow = around(network, record, k), record.stations["mass_flow_kg_s"][:, k]
    inlet_k = sides.supply_c - sides.secondary_return_c
    good = np.isfinite(inlet_k) & np.isfinite(flow) & (np.nan_to_num(flow) > 0.0)
    if not good.any():
        return float("nan")
    loop = network.stations[k].secondary_flow_kg_s * REFERENCE_CP_J_KG_K
    given = np.array(
        [
            conductance_w_k(ua_kw_k * 1e3, mass * REFERENCE_CP_J_KG_K, loop)[0] * apart / 1e3
            for mass, apart in zip(flow[good], inlet_k[good], strict=True)
        ]
    )
    heat = sides.heat_kw[good]
    return float(np.mean(np.abs(given - heat)) / max(float(np.mean(heat)), 1e-9) * 100.0)
