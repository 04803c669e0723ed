"""The coldest flat of every building: measured where there is a sensor, else from the model."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.console.figures import measured_value
from controller.console.settings import Console
from controller.console.snapshot import Snapshot

# Rounding of what is shown: a flat at 17.96 is no cold flat.
TOLERANCE_K = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Flat:
    """A building's coldest flat, degC; `least_c` is what people are promised there."""

    building_id: str
    station_id: str
    worst_c: float
    least_c: float
    measured: bool

    @property
    def short(self) -> bool:
        """Whether it is colder than promised."""
        return self.worst_c < self.least_c - TOLERANCE_K


def flats_now(console: Console, seen: Snapshot) -> Mapping[str, Flat]:
    """Give what is known of every building's coldest flat.

    Args:
        console: The console.
        seen: The present.

    Returns:
        By building; one that is neither measured nor modelled is left out.
    """
    outdoor_c = measured_value(console, seen, "site", "", "outdoor_temp_c")
    modelled = seen.courses.get("now", {}).get("flats", [])
    found = {}
    for i, building in enumerate(console.site.district.network.buildings):
        name = building.building_id
        mean_c = measured_value(console, seen, "building", name, "indoor_temp_c")
        worst_c = measured_value(console, seen, "building", name, "worst_flat_temp_c")
        measured = worst_c is not None or (mean_c is not None and outdoor_c is not None)
        if not measured:
            worst_c = modelled[i] if i < len(modelled) else None
        elif worst_c is None and mean_c is not None and outdoor_c is not None:
            worst_c = mean_c - building.worst_flat_beta * (mean_c - outdoor_c)
        if worst_c is None:
            continue
        found[name] = Flat(
            building_id=name,
            station_id=building.station_id,
            worst_c=worst_c,
            least_c=building.min_indoor_c,
            measured=measured,
        )
    return found


def coldest_of(flats: Mapping[str, Flat]) -> Flat | None:
    """Give the flat that is farthest below, or least above, what is promised.

    Args:
        flats: Flats by building.

    Returns:
        The flat, or None where nothing is known.
    """
    return min(flats.values(), key=lambda one: one.worst_c - one.least_c, default=None)


def farthest_building(console: Console, seen: Snapshot) -> str | None:
    """Name the building that hot water reaches last.

    Args:
        console: The console.
        seen: The present.

    Returns:
        As the plan has found it; before the first plan the one with the longest way; None without
        any building.
    """
    planned = seen.courses.get("buildings", {}).get("farthest", {}).get("building_id")
    network, topology = console.site.district.network, console.topology
    if planned in network.building_index:
        return str(planned)
    if not network.buildings:
        return None

    def way_m(index: int) -> float:
        station = network.stations[network.station_index[network.buildings[index].station_id]]
        return topology.distance_to(station)

    return network.buildings[max(range(len(network.buildings)), key=way_m)].building_id
