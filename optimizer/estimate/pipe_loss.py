"""Heat loss of pipes by class of age, from the temperatures with which water reaches the stations.

Each pipe hands water on as a plug: what leaves it at an instant entered when the flow's integral
stood one filling lower, and has cooled towards the ground for as long. Flows are the meters' own,
so that nothing but the loss is fitted.

Source: Benonysson, Bøhm, Ravn (1995), Operational optimization in a district heating system, Energy
Conversion and Management 36, 297-314, doi:10.1016/0196-8904(95)98895-T (node method).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from optimizer.estimate.flows import ends_of, rooted, tree_flows
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.network import Network, Pipe
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

# Pipes laid up to these years form classes: PUR foam without a diffusion barrier, then with one.
AGE_BOUNDS = (1990, 2000)
PRIOR_SPREAD = 0.25
# A station's thermometer: noise and a lasting offset; the offset is what the mean can not undo.
ERROR_K = 0.25
TYPICAL_C = 80.0
_STEEL_J_M3_K = 7850.0 * 480.0
MEANS_H = 3
LEAST_FLOW_KG_S = 0.02


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


def arrivals(network: Network, record: Record, factor: FloatArray) -> FloatArray:
    """Supply temperature at each station as the pipes' losses leave it.

    Args:
        network: The network, a tree.
        record: Outlet temperature of the plant and flows of the stations.
        factor: Factor on each pipe's loss, shape (pipes,).

    Returns:
        degC, shape (steps, stations); NaN until the plant's water has arrived.

    Raises:
        NotATreeError: The network is no tree.
    """
    flows = tree_flows(network, _known(record.stations["mass_flow_kg_s"]))
    at_s = np.asarray((np.arange(record.steps) + 0.5) * record.step_s, dtype=np.float64)
    temp: FloatArray = np.full((record.steps, len(network.nodes)), np.nan)
    plant = network.node_index[network.plants[0].node_id]
    temp[:, plant] = _known(record.plants["supply_temp_c"])[:, 0]
    order, sign = rooted(network)
    for i, s in zip(order, sign, strict=True):
        near, far = ends_of(network, int(i), int(s))
        pipe = network.pipes[int(i)]
        temp[:, far] = _through(
            pipe, flows[:, i], temp[:, near], at_s, factor[i], network.ground_temp_c
        )
    return temp[:, [network.node_index[s.node_id] for s in network.stations]]


def _known(values: FloatArray) -> FloatArray:
    """Bridge gaps by the value before; zero before the first."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], -1), axis=0)
    held = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.asarray(np.where(last >= 0, held, 0.0))


def _through(
    pipe: Pipe,
    flow: FloatArray,
    inlet_c: FloatArray,
    at_s: FloatArray,
    factor: float,
    ground_c: float,
) -> FloatArray:
    """Temperature at a pipe's far end."""
    area = 0.25 * np.pi * pipe.inner_diameter_m**2
    wall = np.pi * (pipe.inner_diameter_m + pipe.wall_thickness_m) * pipe.wall_thickness_m
    heat_j_m_k = area * float(density_kg_m3(TYPICAL_C)) * REFERENCE_CP_J_KG_K + wall * _STEEL_J_M3_K
    # With its wall a pipe holds as much heat as this much more water, and is as much slower.
    held_kg = heat_j_m_k / REFERENCE_CP_J_KG_K * pipe.length_m
    step_s = at_s[1] - at_s[0]
    passed = np.concatenate([[0.0], np.cumsum(np.maximum(flow, LEAST_FLOW_KG_S) * step_s)])
    edges = np.concatenate([[0.0], at_s + 0.5 * step_s])
    now = np.interp(at_s, edges, passed)
    entered_s = np.interp(now - held_kg, passed, edges, left=np.nan)
    entered_c = np.interp(entered_s, at_s, inlet_c)
    stayed_s = at_s - entered_s
    decay = np.exp(-factor * pipe.heat_loss_w_m_k / heat_j_m_k * stayed_s)
    return np.asarray(ground_c + (entered_c - ground_c) * decay)


def fit_losses(network: Network, record: Record) -> LossFit:
    """Fit one factor for each class of pipes.

    Args:
        network: The network, a tree.
        record: The record.

    Returns:
        The factors; a class without water keeps its prior.

    Raises:
        NotATreeError: The network is no tree.
    """
    kind = kind_of(network.pipes)
    count = len(AGE_BOUNDS) + 1
    measured = record.stations["supply_temp_c"]
    parts = max(MEANS_H * 3600 // record.step_s, 1)

    def rows(logs: FloatArray) -> FloatArray:
        missed = arrivals(network, record, np.exp(logs)[kind]) - measured
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
