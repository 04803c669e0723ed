"""Which stations' offsets a plan moves together: in a city the needy alone, the others by kind.

A thousand offsets, each with its own course, would cost more than they bring. The stations whose
coldest flat needs most are moved by themselves; the others in groups of like need and distance.
Groups follow from how the district is built alone, so that one plan's are the next one's too.
"""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network

# So many stations are moved each by itself; beyond, so many of the neediest.
MOST_ALONE = 48
NEEDIEST_ALONE = 12
BANDS_OF_NEED, BANDS_OF_DISTANCE = 4, 3
# A rough picture suffices to order stations: radiators this far below their supply, on the mean.
RADIATOR_DROP_K = 8.0
HALVINGS = 20


def station_groups(network: Network) -> IntArray:
    """Number the groups of stations whose offsets move together.

    Args:
        network: The network.

    Returns:
        Group of each station, -1 where its curve cannot be shifted, shape (stations,).
    """
    group = np.full(len(network.stations), -1, dtype=np.int64)
    shifted = np.array(
        [
            i
            for i, station in enumerate(network.stations)
            if station.offset_range_k is not None and station.control == "compensated"
        ],
        dtype=np.int64,
    )
    if len(shifted) <= MOST_ALONE:
        group[shifted] = np.arange(len(shifted))
        return group
    by_need = shifted[np.argsort(_spare_k(network)[shifted], kind="stable")]
    group[by_need[:NEEDIEST_ALONE]] = np.arange(NEEDIEST_ALONE)
    away_m = distance_m(network)
    number = NEEDIEST_ALONE
    for band in np.array_split(by_need[NEEDIEST_ALONE:], BANDS_OF_NEED):
        by_distance = band[np.argsort(away_m[band], kind="stable")]
        for members in np.array_split(by_distance, BANDS_OF_DISTANCE):
            group[members] = number
            number += 1
    return group


def _spare_k(network: Network) -> FloatArray:
    """How far each station's coldest flat stays above its minimum at the curve's coldest point."""
    outdoor_c, supply_c = min(network.secondary_curve)
    reference = network.radiators
    excess_k = 0.5 * (reference.supply_c + reference.return_c) - reference.indoor_c
    columns = ("radiator_kw", "radiator_exponent", "ua_kw_k", "worst_flat_beta", "min_indoor_c")
    radiator_kw, exponent, ua_kw_k, beta, least_c = (
        np.array([getattr(building, name) for building in network.buildings]) for name in columns
    )
    low = np.full(len(network.buildings), outdoor_c)
    high = np.full(len(network.buildings), supply_c - RADIATOR_DROP_K)
    for _ in range(HALVINGS):
        air_c = 0.5 * (low + high)
        given_kw = radiator_kw * ((supply_c - RADIATOR_DROP_K - air_c) / excess_k) ** exponent
        warmer = given_kw > ua_kw_k * (air_c - outdoor_c)
        low, high = np.where(warmer, air_c, low), np.where(warmer, high, air_c)
    spare = np.full(len(network.stations), np.inf)
    at = [network.station_index[building.station_id] for building in network.buildings]
    np.minimum.at(spare, at, low - beta * (low - outdoor_c) - least_c)
    return spare


def distance_m(network: Network) -> FloatArray:
    """Measure the way from each station to the nearest plant.

    Args:
        network: The network.

    Returns:
        Length of pipe, m, infinite where there is none in service, shape (stations,).
    """
    used = [pipe for pipe in network.pipes if pipe.in_service]
    index = network.node_index
    graph = coo_matrix(
        (
            np.array([pipe.length_m for pipe in used]),
            (
                np.array([index[pipe.from_node] for pipe in used]),
                np.array([index[pipe.to_node] for pipe in used]),
            ),
        ),
        shape=(len(network.nodes),) * 2,
    )
    plants = [index[plant.node_id] for plant in network.plants]
    length = dijkstra(graph.tocsr(), directed=False, indices=plants, min_only=True)
    return np.asarray(length[[index[station.node_id] for station in network.stations]])
