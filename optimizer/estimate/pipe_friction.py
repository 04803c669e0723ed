"""Roughness of pipes by class of age, from the pressure differences that are left at the stations.

What the plant's pumps give, less the friction of the way there and back, is what a station has.
Flows are the meters' own, so that nothing but the friction is fitted; a class whose friction the
pressures do not show keeps the roughness that the site's tables have.

Source: Darcy-Weisbach with Colebrook's law, as the model has it (optimizer/physics/friction.py).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from optimizer.estimate.flows import Draws, ends_of, friction_pa, pipe_flows, spanned
from optimizer.estimate.pipe_loss import AGE_BOUNDS, kind_of
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.network import Network

# Roughness of old steel is known to a factor of two at best; no more than fourfold is believed.
PRIOR_SPREAD, MOST_FACTOR = 0.7, 4.0
# A difference of two gauges of 10 bar, class 0.25: noise and a lasting offset.
ERROR_BAR = 0.035
EVERY_H = 4
BAR = 1e5


class NoPressuresError(ValueError):
    """Nothing shows what the friction of the pipes is."""


@dataclass(frozen=True, kw_only=True)
class FrictionFit:
    """Factors on the roughness by class, and standard deviations of their logarithms."""

    factor: FloatArray
    spread: FloatArray
    kind: IntArray


@dataclass(frozen=True, kw_only=True)
class Pressures:
    """What tells of friction, an hour in every EVERY_H: friction follows the flow at once.

    Attributes:
        drawn: What stations and plants took and fed, NaN where a meter was silent.
        given_bar: What the plant's pumps give, shape (hours,).
        left_bar: What the stations measured of it, shape (hours, stations).
    """

    drawn: Draws
    given_bar: FloatArray
    left_bar: FloatArray


def pressures_of(network: Network, record: Record) -> Pressures:
    """Take from a record what tells of friction.

    Args:
        network: The network, without booster pumps.
        record: The record.

    Returns:
        Some hours of it.

    Raises:
        NoPressuresError: A booster pump stands in it.
    """
    if any(pump.pipe_id is not None for pump in network.pumps):
        raise NoPressuresError("a booster pump stands in the network")
    hours = record.hourly()
    plants, stations, some = hours.plants, hours.stations, slice(None, None, EVERY_H)
    given = plants["supply_pressure_bar"] - plants["return_pressure_bar"]
    return Pressures(
        drawn=Draws(
            station_kg_s=frozen(stations["mass_flow_kg_s"][some]),
            plant_kg_s=frozen(plants["mass_flow_kg_s"][some]),
        ),
        given_bar=frozen(given[some, 0]),
        left_bar=frozen(stations["dp_bar"][some]),
    )


def left_bar(network: Network, seen: Pressures, factor: FloatArray) -> FloatArray:
    """What the friction of the pipes leaves at the stations.

    Args:
        network: The network.
        seen: What was measured.
        factor: Factor on each pipe's roughness, shape (pipes,).

    Returns:
        Bar, shape (hours, stations); NaN where anything is unknown.
    """
    left: FloatArray = np.full((len(seen.given_bar), len(network.nodes)), np.nan)
    left[:, network.node_index[network.plants[0].node_id]] = seen.given_bar
    flows, span = pipe_flows(network, seen.drawn, factor), spanned(network)
    for i, s in zip(span.order, span.sign, strict=True):
        near, far = ends_of(network, int(i), int(s))
        lost = [friction_pa(network, int(i), float(q), float(factor[i])) for q in flows[:, i]]
        left[:, far] = left[:, near] - 2.0 * s * np.array(lost) / BAR
    node = [network.node_index[s.node_id] for s in network.stations]
    return np.asarray(left[:, node])


def missed_bar(network: Network, seen: Pressures, factor: FloatArray) -> FloatArray:
    """What the friction of the pipes leaves at the stations, minus what they measured.

    Args:
        network: The network.
        seen: What was measured.
        factor: Factor on each pipe's roughness, shape (pipes,).

    Returns:
        Bar, shape (hours, stations); NaN where anything is unknown.
    """
    return np.asarray(left_bar(network, seen, factor) - seen.left_bar)


def fit_friction(network: Network, seen: Pressures) -> FrictionFit:
    """Fit one factor for each class of pipes.

    Args:
        network: The network.
        seen: What was measured.

    Returns:
        The factors; a class whose friction does not show keeps its prior.

    Raises:
        NoPressuresError: No pressure difference is known together with the flows that make it.
    """
    kind = kind_of(network.pipes)
    if not np.isfinite(missed_bar(network, seen, np.ones(len(kind)))).any():
        raise NoPressuresError(
            "no station's pressure difference is known together with the plant's and all flows"
        )

    def rows(logs: FloatArray) -> FloatArray:
        missed = missed_bar(network, seen, np.exp(logs)[kind])
        known = np.isfinite(missed)
        size = np.maximum(known.sum(axis=0), 1)
        # One offset a gauge: its mean counts once, and what varies about it as often as it came.
        offset = np.where(known, missed, 0.0).sum(axis=0) / size
        about = np.where(known, missed - offset, 0.0) / (ERROR_BAR * np.sqrt(size))
        return np.concatenate([offset / ERROR_BAR, about.ravel(), logs / PRIOR_SPREAD])

    count, most = len(AGE_BOUNDS) + 1, np.log(MOST_FACTOR)
    found = least_squares(
        rows,
        np.zeros(count),
        bounds=(-most, most),
        x_scale=PRIOR_SPREAD,
        diff_step=np.full(count, 0.02),
        max_nfev=12,
    )
    jacobian = np.asarray(found.jac)
    covariance = np.linalg.inv(jacobian.T @ jacobian)
    return FrictionFit(
        factor=frozen(np.exp(found.x)), spread=frozen(np.sqrt(np.diag(covariance))), kind=kind
    )
