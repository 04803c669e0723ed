"""Loss and roughness of the pipes, kept where they predict better on the hours held back."""

import numpy as np

from optimizer.estimate.arrivals import arrivals, ways_of
from optimizer.estimate.flows import UnknownFlowsError
from optimizer.estimate.part_score import PartScore, not_fitted, root_mean_square
from optimizer.estimate.pipe_friction import (
    FrictionFit,
    NoPressuresError,
    fit_friction,
    missed_bar,
    pressures_of,
)
from optimizer.estimate.pipe_loss import LossFit, fit_losses
from optimizer.estimate.record import Record
from optimizer.estimate.values import Value, Values
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network

# Water that was in the pipes before the record began is not predicted.
WARM_UP_H = 24


def calibrate_losses(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Calibrate the heat loss of the pipes alone.

    Args:
        network: The network as it is thought to be.
        record: The record.
        cut: The step from which it is held back.

    Returns:
        The loss of every pipe, empty where it is not to be kept, and how well it predicts.
    """
    quantity = "supply temperature at the stations"
    try:
        found = fit_losses(network, record.part(0, cut))
        ways = ways_of(network, record)
        before, after = (
            _rmse(_held(arrivals(network, record, ways, factor), record, cut), record, cut)
            for factor in (np.ones(len(network.pipes)), found.factor[found.kind])
        )
    except UnknownFlowsError as error:
        return {}, not_fitted("pipes", quantity, "K", str(error))
    score = PartScore(part="pipes", quantity=quantity, unit="K", before=before, after=after)
    return (_pipe_values(network, found) if score.better else {}), score


def _held(values: FloatArray, record: Record, cut: int) -> FloatArray:
    first = max(cut, WARM_UP_H * 3600 // record.step_s)
    return values[first:]


def _rmse(ours: FloatArray, record: Record, cut: int) -> float:
    return root_mean_square(ours - _held(record.stations["supply_temp_c"], record, cut))


def _pipe_values(network: Network, found: LossFit) -> Values:
    return {
        pipe.pipe_id: {
            "heat_loss_w_m_k": Value(
                value=float(pipe.heat_loss_w_m_k * found.factor[kind]),
                spread=float(found.spread[kind]),
            )
        }
        for pipe, kind in zip(network.pipes, found.kind, strict=True)
    }


def calibrate_friction(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Calibrate the roughness of the pipes alone.

    Args:
        network: The network as it is thought to be.
        record: The record.
        cut: The step from which it is held back.

    Returns:
        The roughness of every pipe, empty where it is not to be kept, and how well it predicts.
    """
    quantity = "pressure difference at the stations"
    try:
        found = fit_friction(network, pressures_of(network, record.part(0, cut)))
        rest = pressures_of(network, record.part(cut, record.steps))
    except (UnknownFlowsError, NoPressuresError) as error:
        return {}, not_fitted("friction", quantity, "bar", str(error))
    before, after = (
        root_mean_square(missed_bar(network, rest, factor))
        for factor in (np.ones(len(network.pipes)), found.factor[found.kind])
    )
    score = PartScore(part="friction", quantity=quantity, unit="bar", before=before, after=after)
    return (_roughness_values(network, found) if score.better else {}), score


def _roughness_values(network: Network, found: FrictionFit) -> Values:
    return {
        pipe.pipe_id: {
            "roughness_m": Value(
                value=float(pipe.roughness_m * found.factor[kind]), spread=float(found.spread[kind])
            )
        }
        for pipe, kind in zip(network.pipes, found.kind, strict=True)
        if pipe.roughness_m > 0.0
    }
