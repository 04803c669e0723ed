"""The network as people walk it: from the district down to a branch, a station, a building."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from optimizer.model.network import Building, Network, Pipe, Station

DESIGN_LIFE_YEARS = 30
# A branch is the first pipe on the way out that carries no more than this share of the heat.
BRANCH_SHARE = 0.3
# A pipe that holds less than this share of what half of them hold is drawn as derated.
DERATED_SHARE = 0.85


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A network with the way that leads from the plants to each node.

    `feeding` is the pipe through which each node is reached first, as an index (-1 at a plant, None
    where nothing leads to it); `distance_m` is the length of that way.
    """

    network: Network
    feeding: tuple[int | None, ...]
    distance_m: tuple[float, ...]
    branch_of_station: Mapping[str, str]

    @cached_property
    def stations_of_branch(self) -> Mapping[str, tuple[Station, ...]]:
        """Stations by branch, the nearest first."""
        found: dict[str, list[Station]] = {}
        for station in self.network.stations:
            found.setdefault(self.branch_of_station[station.station_id], []).append(station)
        return {
            name: tuple(sorted(ones, key=lambda one: (self.distance_to(one), one.station_id)))
            for name, ones in sorted(found.items())
        }

    @cached_property
    def buildings_of_station(self) -> Mapping[str, tuple[Building, ...]]:
        """Buildings by station."""
        found: dict[str, list[Building]] = {one.station_id: [] for one in self.network.stations}
        for building in self.network.buildings:
            found[building.station_id].append(building)
        return {name: tuple(ones) for name, ones in found.items()}

    def distance_to(self, station: Station) -> float:
        """Length of the way to a station.

        Args:
            station: The station.

        Returns:
            Metres.
        """
        return self.distance_m[self.network.node_index[station.node_id]]

    def way_to(self, node_id: str) -> tuple[Pipe, ...]:
        """Give the pipes from a plant to a node.

        Args:
            node_id: The node.

        Returns:
            The pipes in order; none at a plant or where nothing leads.
        """
        way: list[Pipe] = []
        at = self.network.node_index[node_id]
        while (index := self.feeding[at]) is not None and index >= 0:
            pipe = self.network.pipes[index]
            way.append(pipe)
            ends = (self.network.node_index[pipe.from_node], self.network.node_index[pipe.to_node])
            at = ends[0] if ends[1] == at else ends[1]
        return tuple(reversed(way))


def topology_of(network: Network) -> Topology:
    """Find the ways through a network.

    Args:
        network: The network.

    Returns:
        The topology; in a mesh the way with the fewest pipes.
    """
    feeding, distance_m, order = _walked(network)
    heat = _heat_behind(network, feeding, order)
    whole = max(sum(station.design_heat_kw for station in network.stations), 1e-9)
    partial = Topology(
        network=network, feeding=tuple(feeding), distance_m=tuple(distance_m), branch_of_station={}
    )
    branches = {}
    for station in network.stations:
        way = partial.way_to(station.node_id)
        shares = ((one, heat[network.pipe_index[one.pipe_id]] / whole) for one in way)
        small = (one for one, share in shares if share <= BRANCH_SHARE)
        branch = next(small, way[-1] if way else None)
        branches[station.station_id] = "" if branch is None else branch.pipe_id
    return Topology(
        network=network,
        feeding=tuple(feeding),
        distance_m=tuple(distance_m),
        branch_of_station=branches,
    )


def is_old(pipe: Pipe, year: int) -> bool:
    """Whether a pipe is past its design life.

    Args:
        pipe: The pipe.
        year: The present year.

    Returns:
        Whether it is older than 30 years.
    """
    return pipe.year_laid is not None and year - pipe.year_laid > DESIGN_LIFE_YEARS


def is_derated(pipe: Pipe, usual_bar: float) -> bool:
    """Whether a pipe holds much less pressure than the network's usual one.

    Args:
        pipe: The pipe.
        usual_bar: What half of the network's pipes hold, bar.

    Returns:
        Whether it does.
    """
    return pipe.max_pressure_bar < DERATED_SHARE * usual_bar


def _walked(network: Network) -> tuple[list[int | None], list[float], list[int]]:
    """Reach every node from the plants, breadth first."""
    beside: list[list[tuple[int, int]]] = [[] for _ in network.nodes]
    for i, pipe in enumerate(network.pipes):
        if pipe.in_service:
            a, b = network.node_index[pipe.from_node], network.node_index[pipe.to_node]
            beside[a].append((b, i))
            beside[b].append((a, i))
    feeding: list[int | None] = [None] * len(network.nodes)
    distance_m = [0.0] * len(network.nodes)
    order = [network.node_index[plant.node_id] for plant in network.plants]
    for at in order:
        feeding[at] = -1
    waiting = deque(order)
    while waiting:
        at = waiting.popleft()
        for far, i in beside[at]:
            if feeding[far] is None:
                feeding[far], distance_m[far] = i, distance_m[at] + network.pipes[i].length_m
                waiting.append(far)
                order.append(far)
    return feeding, distance_m, order


def _heat_behind(network: Network, feeding: list[int | None], order: list[int]) -> list[float]:
    """Design heat of the stations behind each pipe, kW."""
    at_node = [0.0] * len(network.nodes)
    for station in network.stations:
        at_node[network.node_index[station.node_id]] += station.design_heat_kw
    behind = [0.0] * len(network.pipes)
    for at in reversed(order):
        index = feeding[at]
        if index is None or index < 0:
            continue
        pipe = network.pipes[index]
        behind[index] = at_node[at]
        ends = (network.node_index[pipe.from_node], network.node_index[pipe.to_node])
        at_node[ends[0] if ends[1] == at else ends[1]] += at_node[at]
    return behind
