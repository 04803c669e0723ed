"""Heat loss of pipes by class of age, from the temperatures with which water reaches the stations.

Flows are the meters' own (optimizer/estimate/flows.py), so that nothing but the loss is fitted.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from optimizer.estimate.arrivals import arrivals, ways_of
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.network import Network, Pipe

# Pipes laid up to these years form classes: PUR foam without a diffusion barrier, then with one.
AGE_BOUNDS = (1990, 2000)
PRIOR_SPREAD = 0.25
# A station's thermometer: noise and a lasting offset; the offset is what the mean can not undo.
ERROR_K = 0.25
MEANS_H = 3


@dataclass(frozen=True, kw_only=True)
class LossFit:
    """Factors on the site's losses by class, and standard deviations of their logarithms."""

    factor: FloatArray
    spread: FloatArray
    kind: IntArray


def kind_of(pipes: tuple[Pipe, ...]) -> IntArray:
    """Class of each pipe by its year; an unknown year counts as old.

    Args:
        pipes: The pipes.

    Returns:
        0 for the oldest, shape (pipes,).
    """
    years = [AGE_BOUNDS[0] - 1 if p.year_laid is None else p.year_laid for p in pipes]
    return np.searchsorted(AGE_BOUNDS, years, side="right").astype(np.int64)


def fit_losses(network: Network, record: Record) -> LossFit:
    """Fit one factor for each class of pipes.

    Args:
        network: The network.
        record: The record.

    Returns:
        The factors; a class without water keeps its prior.

    Raises:
        UnknownFlowsError: The meters do not tell the flows.
    """
    kind = kind_of(network.pipes)
    count = len(AGE_BOUNDS) + 1
    measured = record.stations["supply_temp_c"]
    ways = ways_of(network, record)
    parts = max(MEANS_H * 3600 // record.step_s, 1)

    def rows(logs: FloatArray) -> FloatArray:
        missed = arrivals(network, record, ways, np.exp(logs)[kind]) - measured
        cut = missed[: len(missed) // parts * parts].reshape(-1, parts, missed.shape[1])
        means = cut.mean(axis=1)
        known = np.isfinite(means)
        size = np.maximum(known.sum(axis=0), 1)
        # One offset a thermometer: its mean counts once, what varies about it as often as it came.
        offset = np.where(known, means, 0.0).sum(axis=0) / size
        about = np.where(known, means - offset, 0.0) / (ERROR_K * np.sqrt(size))
        return np.concatenate([offset / ERROR_K, about.ravel(), logs / PRIOR_SPREAD])

    found = least_squares(rows, np.zeros(count), x_scale=PRIOR_SPREAD, max_nfev=30)
    jacobian = np.asarray(found.jac)
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    return LossFit(
        factor=frozen(np.exp(found.x)), spread=frozen(np.sqrt(np.diag(covariance))), kind=kind
    )
