"""The water in every supply pipe corrected by the thermometers of stations and plants.

The model's error is a field over the network: known where a thermometer stands, alike at the two
ends of a pipe and the less alike the longer the pipe is. Its smoothest course through what was
measured is added to every node and, linear in between, to every plug of every pipe; where nobody
measures, it fades and its uncertainty grows.

The return side is left as the model has it: what a return thermometer misses is its station's,
comes anew with every drop, and a plan begun elsewhere would begin with a jump of its own.

Source: Rue and Held (2005), Gaussian Markov Random Fields, chapter 3 (intrinsic fields on graphs).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from optimizer.model.arrays import FloatArray, IntArray, frozen
from optimizer.model.network import Network
from optimizer.model.state import PipeContents, PlantState
from optimizer.physics.water import enthalpy_j_kg, temperature_c

# A thermometer at a pipe, K, and how much the model's error changes over a kilometre of pipe, K.
SENSOR_K, PER_KM_K = 0.3, 1.5
# Error of a model that nobody watches, K.
UNWATCHED_K = 3.0
GATE_K = 12.0
_SHORTEST_KM = 0.02


@dataclass(frozen=True, kw_only=True)
class WaterMeasurements:
    """Supply thermometers, degC, NaN where none: at stations and at plants."""

    station_c: FloatArray
    plant_c: FloatArray


@dataclass(frozen=True, kw_only=True)
class WaterUpdate:
    """A correction of the supply side.

    Attributes:
        change_k: Of each node, K, shape (nodes,).
        spread_k: What is left, K, shape (nodes,).
    """

    change_k: FloatArray
    spread_k: FloatArray


@dataclass(frozen=True, kw_only=True)
class WaterMap:
    """Nodes of stations and plants, and the field's precision without any thermometer."""

    station_node: IntArray
    plant_node: IntArray
    precision: csc_array


def water_map(network: Network) -> WaterMap:
    """Lay out a network's field.

    Args:
        network: The network.

    Returns:
        The map.
    """
    count = len(network.nodes)
    serving = [p for p in network.pipes if p.in_service]
    first = np.array([network.node_index[p.from_node] for p in serving], dtype=np.int64)
    second = np.array([network.node_index[p.to_node] for p in serving], dtype=np.int64)
    length_km = np.maximum([p.length_m / 1e3 for p in serving], _SHORTEST_KM)
    weight = 1.0 / (PER_KM_K**2 * length_km)
    rows = np.concatenate([first, second, first, second])
    columns = np.concatenate([first, second, second, first])
    values = np.concatenate([weight, weight, -weight, -weight])
    laplacian = csc_array((values, (rows, columns)), shape=(count, count))
    alone = diags_array(np.full(count, UNWATCHED_K**-2.0 / max(count, 1))).tocsc()
    return WaterMap(
        station_node=np.array(
            [network.node_index[s.node_id] for s in network.stations], dtype=np.int64
        ),
        plant_node=np.array(
            [network.node_index[p.node_id] for p in network.plants], dtype=np.int64
        ),
        precision=csc_array(laplacian + alone),
    )


def corrected_water(
    where: WaterMap, node_c: FloatArray, measured: WaterMeasurements
) -> WaterUpdate:
    """Correct the supply side.

    Args:
        where: The map.
        node_c: Predicted water at the nodes, degC, shape (nodes,).
        measured: The thermometers; those farther off than GATE_K are left out.

    Returns:
        The correction.
    """
    node = np.concatenate([where.station_node, where.plant_node])
    miss = np.concatenate([measured.station_c, measured.plant_c]) - node_c[node]
    used = np.isfinite(miss) & (np.abs(np.nan_to_num(miss)) <= GATE_K)
    count = len(node_c)
    seen = np.bincount(node[used], minlength=count) / SENSOR_K**2
    pull = np.bincount(node[used], weights=miss[used], minlength=count) / SENSOR_K**2
    solver = splu(csc_array(where.precision + diags_array(seen)))
    change = np.asarray(solver.solve(pull))
    variance = np.einsum("ii->i", solver.solve(np.eye(count)))
    return WaterUpdate(
        change_k=frozen(change),
        spread_k=frozen(np.sqrt(np.maximum(variance, 0.0))),
    )


def with_water(network: Network, state: PlantState, supply: WaterUpdate) -> PlantState:
    """Put a correction into a state.

    Args:
        network: The network.
        state: The state.
        supply: Of the supply side.

    Returns:
        The state with it.
    """
    return replace(
        state,
        supply_contents=_shifted(network, state.supply_contents, supply.change_k),
        supply_node_temp_c=frozen(state.supply_node_temp_c + supply.change_k),
    )


def _shifted(network: Network, contents: PipeContents, change_k: FloatArray) -> PipeContents:
    first = np.array([network.node_index[p.from_node] for p in network.pipes], dtype=np.int64)
    second = np.array([network.node_index[p.to_node] for p in network.pipes], dtype=np.int64)
    count = np.diff(contents.start)
    pipe = np.repeat(np.arange(len(count)), count)
    total = np.bincount(pipe, weights=contents.mass_kg, minlength=len(count))
    before = np.concatenate([[0.0], np.cumsum(contents.mass_kg)])
    begun = before[contents.start[:-1]]
    middle = before[:-1] + 0.5 * contents.mass_kg - begun[pipe]
    share = middle / np.maximum(total[pipe], 1e-9)
    change = change_k[first][pipe] * (1.0 - share) + change_k[second][pipe] * share
    warmer = temperature_c(contents.enthalpy_j_kg) + change
    return replace(contents, enthalpy_j_kg=frozen(enthalpy_j_kg(warmer)))
