"""Flow coefficients of stations, each kept where it predicts better on the hours held back."""

import numpy as np

from optimizer.estimate.part_score import PartScore, not_fitted
from optimizer.estimate.record import Record
from optimizer.estimate.values import Value, Values
from optimizer.estimate.valve_fit import AcrossStations, across_stations, fit_valve, flow_at_one
from optimizer.model.network import Network

QUANTITY = "flow of the stations by pressure and opening"


def calibrate_valves(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Calibrate what every station lets through, each kept where its flow is predicted better.

    Args:
        network: The network as it is thought to be.
        record: The record.
        cut: The step from which it is held back.

    Returns:
        The flow coefficient of those to be kept, and how well all of them predict.
    """
    early = across_stations(network, record.part(0, cut))
    rest = across_stations(network, record.part(cut, record.steps))
    values: dict[str, dict[str, Value]] = {}
    before, after = [], []
    for k, station in enumerate(network.stations):
        found = fit_valve(station, early, k)
        if found is None:
            continue
        old, new = (_flow_error(network, rest, k, kvs) for kvs in (station.valve_kvs, found.kvs))
        before.append(old)
        after.append(min(new, old))
        if new < old:
            values[station.station_id] = {"valve_kvs": Value(value=found.kvs, spread=found.spread)}
    if not np.isfinite(before).any():
        why = "no station's flow is known together with its opening and pressure difference"
        return {}, not_fitted("valves", QUANTITY, "%", why)
    return values, PartScore(
        part="valves",
        quantity=QUANTITY,
        unit="%",
        before=float(np.nanmean(before)),
        after=float(np.nanmean(after)),
    )


def _flow_error(network: Network, seen: AcrossStations, k: int, kvs: float) -> float:
    """Mean error of the flow that a coefficient gives, in % of the mean flow."""
    given, flow = kvs * flow_at_one(network.stations[k], seen, k), seen.flow_kg_s[:, k]
    good = np.isfinite(given) & np.isfinite(flow)
    if not good.any():
        return float("nan")
    return float(np.mean(np.abs(given - flow)[good]) / max(float(np.mean(flow[good])), 1e-9) * 100)
