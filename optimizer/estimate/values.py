"""Calibrated values by id and column of a site's tables, and the network with them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optimizer.model.network import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A calibrated value with the standard deviation of its logarithm."""

    value: float
    spread: float


Values = Mapping[str, Mapping[str, Value]]


def with_values(network: Network, pipes: Values, stations: Values, buildings: Values) -> Network:
    """Put calibrated values into a network.

    Args:
        network: The network.
        pipes, stations, buildings: Values by id and column; others stay.

    Returns:
        The network with them.
    """
    return replace(
        network,
        pipes=tuple(replace(p, **_plain(pipes.get(p.pipe_id, {}))) for p in network.pipes),
        stations=tuple(
            replace(s, **_plain(stations.get(s.station_id, {}))) for s in network.stations
        ),
        buildings=tuple(
            replace(b, **_plain(buildings.get(b.building_id, {}))) for b in network.buildings
        ),
    )


def merged(old: Values, new: Values) -> Values:
    """Put values over others.

    Args:
        old: Values by id and column.
        new: Likewise; they win.

    Returns:
        Both.
    """
    return {name: {**old.get(name, {}), **new.get(name, {})} for name in {**old, **new}}


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    return {column: one.value for column, one in values.items()}
