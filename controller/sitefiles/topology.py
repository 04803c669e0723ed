"""What hangs together: reachability from the plants, and the flows of a design day in a tree."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from controller.sitefiles.log import Log
from controller.sitefiles.references import Tables
from controller.sitefiles.toml_file import Sections
from drivers.base import Problem
from optimizer.model.network import Network

# Errors in these places may be the very reason for a network that seems torn.
_ITS_FILES = ("nodes.csv", "pipes.csv", "stations.csv")


def reachable(edges: Iterable[tuple[str, str]], starts: Iterable[str]) -> frozenset[str]:
    """Find the nodes that hang together with the starting nodes.

    Args:
        edges: Pairs of node ids.
        starts: Node ids to start from.

    Returns:
        All node ids reached, the starting ones included.
    """
    neighbours: dict[str, list[str]] = {}
    for a, b in edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    seen = set(starts)
    waiting = deque(seen)
    while waiting:
        for node in neighbours.get(waiting.popleft(), []):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return frozenset(seen)


def check_topology(log: Log, tables: Tables, sections: Sections | None) -> None:
    """Report a network in which no plant reaches any station.

    A part that is cut off is an ordinary state (a branch under repair) and only warned of.

    Args:
        log: Where errors go; with errors in the network's own files nothing is concluded.
        tables: The five tables.
        sections: What site.toml holds, or None where it could not be read.
    """
    doubtful = any(
        problem.file in _ITS_FILES or (problem.column or "").startswith("plant")
        for problem in log.errors
    )
    if doubtful or sections is None or not sections["plant"]:
        return
    edges = [
        (row.text("from_node"), row.text("to_node"))
        for row in tables.pipes.whole_rows
        if "in_service" not in row.values or row.flag("in_service")
    ]
    reached = reachable(edges, [row.text("node") for row in sections["plant"]])
    if not any(row.text("node_id") in reached for row in tables.stations.whole_rows):
        plants = ", ".join(row.text("id") for row in sections["plant"])
        log.errors.append(
            Problem(
                file="pipes.csv",
                message=f"connects no station with a plant ({plants})",
                remedy="check from_node, to_node and in_service, and the plant's node",
            )
        )
        return
    _check_stops(log, edges, sections)


def _check_stops(log: Log, edges: Sequence[tuple[str, str]], sections: Sections) -> None:
    """Report plants that may stop though nothing else would run where they stand still."""
    pumped = {row.maybe_text("plant") for row in sections["pump"]}
    plants = [row for row in sections["plant"] if not row.broken]
    stopping = [row for row in plants if "can_stop" in row.values and row.flag("can_stop")]
    steady = [row for row in plants if row not in stopping and row.text("id") in pumped]
    if not pumped - {None}:
        return
    kept = reachable(edges, [row.text("node") for row in steady])
    for row in stopping:
        if row.text("node") not in kept:
            log.errors.append(
                row.problem(
                    "can_stop",
                    f"is true, but nothing else would run where {row.text('id')} stands still",
                    "leave it out, or connect it to a plant that has a pump and does not stop",
                )
            )


def reached_nodes(network: Network) -> frozenset[str]:
    """Find the nodes that a plant reaches through pipes in service.

    Args:
        network: The network.

    Returns:
        Their ids.
    """
    edges = [(pipe.from_node, pipe.to_node) for pipe in network.pipes if pipe.in_service]
    return reachable(edges, [plant.node_id for plant in network.plants])


def heat_beyond_kw(network: Network, heat_kw: Mapping[str, float]) -> dict[str, float] | None:
    """Sum the heat that each pipe must carry, where that needs no hydraulics.

    Args:
        network: The network.
        heat_kw: Heat taken at each node, kW.

    Returns:
        Heat through each pipe in service, kW; None for meshes and several plants' nodes.
    """
    pipes = [pipe for pipe in network.pipes if pipe.in_service]
    starts = {plant.node_id for plant in network.plants}
    reached = reached_nodes(network)
    pipes = [pipe for pipe in pipes if pipe.from_node in reached]
    if len(starts) != 1 or len(pipes) != len(reached) - 1:
        return None
    at: dict[str, list[tuple[str, str]]] = {}
    for pipe in pipes:
        at.setdefault(pipe.from_node, []).append((pipe.pipe_id, pipe.to_node))
        at.setdefault(pipe.to_node, []).append((pipe.pipe_id, pipe.from_node))
    order: list[tuple[str, str, str]] = []
    waiting = deque((node, "") for node in starts)
    while waiting:
        node, came_by = waiting.popleft()
        for pipe_id, other in at.get(node, []):
            if pipe_id != came_by:
                order.append((pipe_id, node, other))
                waiting.append((other, pipe_id))
    beyond = dict(heat_kw)
    carried: dict[str, float] = {}
    for pipe_id, node, other in reversed(order):
        carried[pipe_id] = beyond.get(other, 0.0)
        beyond[node] = beyond.get(node, 0.0) + carried[pipe_id]
    return carried


def cut_off_stations(network: Network) -> tuple[str, ...]:
    """Find the stations that no pipe in service leads to from a plant.

    Args:
        network: The network.

    Returns:
        Their names, in the network's order.
    """
    reached = reached_nodes(network)
    return tuple(one.station_id for one in network.stations if one.node_id not in reached)
