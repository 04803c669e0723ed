"""What the virtual plant really is: a site's network, changed by chance so that no model is right.

Within the stated bounds half of a change is common to all (a law that is wrong everywhere), half
is each element's own. The same seed gives the same plant.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.network import Building, Network, Pipe, Station, StationKind
from optimizer.model.policy import District


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far the plant may be from its model, as shares; a leak as a share of the most make-up."""

    heat_loss: float = 0.25
    building_ua: float = 0.20
    valve_kv: float = 0.20
    heat_capacity: float = 0.25
    leak: tuple[float, float] = (0.05, 0.12)
    valve_at: float = 0.5


@dataclass(frozen=True, kw_only=True)
class PlantParameters:
    """The plant as it really is, and in words what is not as in its model."""

    network: Network
    seed: int | None
    changes: tuple[str, ...]


def as_modelled(district: District) -> PlantParameters:
    """Give the plant that is what its model says: for comparisons only.

    Args:
        district: The site's district.

    Returns:
        The parameters.
    """
    return PlantParameters(network=district.network, seed=None, changes=())


def perturbed(district: District, seed: int, bounds: Bounds | None = None) -> PlantParameters:
    """Give a plant that differs from its model.

    Args:
        district: The site's district.
        seed: Which plant.
        bounds: How far it may differ; those of the project when None.

    Returns:
        The parameters.
    """
    limits = bounds or Bounds()
    chance = np.random.default_rng(seed)
    network = district.network
    pipes = _lossy(chance, network.pipes, limits)
    stations = _narrowed(chance, network.stations, limits)
    buildings = _changed(chance, network.buildings, limits)
    pipes, leaking = _leaking(chance, pipes, limits, district.limits.max_makeup_m3_h)
    stations, halved = _halved(chance, stations, limits)
    found = replace(network, pipes=pipes, stations=stations, buildings=buildings)
    return PlantParameters(network=found, seed=seed, changes=(leaking, halved))


def _factors(chance: np.random.Generator, count: int, bound: float) -> list[float]:
    common = chance.uniform(-0.5, 0.5) * bound
    own = chance.uniform(-0.5, 0.5, count) * bound
    return [float(1.0 + common + each) for each in own]


def _lossy(chance: np.random.Generator, pipes: tuple[Pipe, ...], to: Bounds) -> tuple[Pipe, ...]:
    factors = _factors(chance, len(pipes), to.heat_loss)
    return tuple(
        replace(pipe, heat_loss_w_m_k=pipe.heat_loss_w_m_k * factor)
        for pipe, factor in zip(pipes, factors, strict=True)
    )


def _narrowed(
    chance: np.random.Generator, stations: tuple[Station, ...], to: Bounds
) -> tuple[Station, ...]:
    factors = _factors(chance, len(stations), to.valve_kv)
    return tuple(
        replace(station, valve_kvs=station.valve_kvs * factor)
        for station, factor in zip(stations, factors, strict=True)
    )


def _changed(
    chance: np.random.Generator, buildings: tuple[Building, ...], to: Bounds
) -> tuple[Building, ...]:
    heat = _factors(chance, len(buildings), to.building_ua)
    capacity = _factors(chance, len(buildings), to.heat_capacity)
    return tuple(
        replace(one, ua_kw_k=one.ua_kw_k * a, capacity_kwh_k=one.capacity_kwh_k * b)
        for one, a, b in zip(buildings, heat, capacity, strict=True)
    )


def _leaking(
    chance: np.random.Generator, pipes: tuple[Pipe, ...], to: Bounds, most_m3_h: float
) -> tuple[tuple[Pipe, ...], str]:
    candidates = [i for i, pipe in enumerate(pipes) if pipe.in_service]
    at = candidates[int(chance.integers(len(candidates)))]
    leak = float(chance.uniform(*to.leak)) * most_m3_h
    found = replace(pipes[at], leak_m3_h=pipes[at].leak_m3_h + leak)
    text = f"pipe {found.pipe_id} leaks {leak:.2f} m3/h more than known"
    return (*pipes[:at], found, *pipes[at + 1 :]), text


def _halved(
    chance: np.random.Generator, stations: tuple[Station, ...], to: Bounds
) -> tuple[tuple[Station, ...], str]:
    candidates = [i for i, one in enumerate(stations) if one.kind is not StationKind.LOAD]
    at = candidates[int(chance.integers(len(candidates)))]
    found = replace(stations[at], valve_kvs=stations[at].valve_kvs * to.valve_at)
    text = f"the valve of {found.station_id} lets through {100 * to.valve_at:.0f} % of its flow"
    return (*stations[:at], found, *stations[at + 1 :]), text
