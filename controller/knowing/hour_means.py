"""Heat and weather averaged to whole hours, cycle by cycle, from what the points say."""

from collections.abc import Mapping
from datetime import datetime

from controller.knowing.loads import TOTAL
from controller.site import Site
from controller.sitefiles.parts import Direction
from controller.store.forecasts import StoredHour
from drivers.base import Quality, Reading
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

_OUTSIDE = ("outdoor_temp_c", "ghi_w_m2")
_HEAT = ("heat_power_kw", "flow_m3_h", "supply_temp_c", "return_temp_c")


class HourMeans:
    """Collects readings and gives means.

    Args:
        site: The site, whose points say what each is.
    """

    def __init__(self, site: Site) -> None:
        self._plants = tuple(one.plant_id for one in site.district.network.plants)
        self._stations = tuple(one.station_id for one in site.district.network.stations)
        self._place = {
            point.point_id: (point.target_kind, point.target_id, point.quantity)
            for point in site.points
            if point.direction is Direction.READ and point.quantity in (*_OUTSIDE, *_HEAT)
        }
        self._seen: dict[str, list[float]] = {}

    @property
    def total_is_sent(self) -> bool:
        """Whether the total is what the plants send; else it is what the stations take."""
        places = set(self._place.values())
        return all(
            ("plant", name, _HEAT[0]) in places
            or all(("plant", name, quantity) in places for quantity in _HEAT[1:])
            for name in self._plants
        )

    def add(self, readings: Mapping[str, Reading]) -> None:
        """Take readings in; only good ones count.

        Args:
            readings: The newest of each point.
        """
        values = {
            place: reading.value
            for point_id, place in self._place.items()
            if (reading := readings.get(point_id)) is not None
            and reading.value is not None
            and reading.quality is Quality.GOOD
        }
        for name in _OUTSIDE:
            self._note(name, values.get(("site", "", name)))
        stations = {name: heat_kw(values, "station", name) for name in self._stations}
        for name, heat in stations.items():
            self._note(f"load {name}", heat)
        sent = [heat_kw(values, "plant", name) for name in self._plants]
        self._note(f"load {TOTAL}", _sum(sent) if _sum(sent) is not None else
                   _sum(list(stations.values())))  # fmt: skip

    def finish(self, ended_at: datetime) -> StoredHour:
        """Give the means of what was seen, and begin anew.

        Args:
            ended_at: End of the hour, tz-aware UTC.

        Returns:
            The hour.
        """
        means = {name: sum(seen) / len(seen) for name, seen in self._seen.items()}
        self._seen = {}
        return StoredHour(
            ended_at=ended_at,
            outdoor_temp_c=means.get("outdoor_temp_c"),
            ghi_w_m2=means.get("ghi_w_m2"),
            loads_kw={
                name.removeprefix("load "): round(value, 3)
                for name, value in means.items()
                if name.startswith("load ")
            },
        )

    def _note(self, name: str, value: float | None) -> None:
        if value is not None:
            self._seen.setdefault(name, []).append(value)


def heat_kw(values: Mapping[tuple[str, str, str], float], kind: str, name: str) -> float | None:
    """Heat of a plant or station: as it is measured, else from flow and temperatures.

    Args:
        values: By kind, id and quantity.
        kind: plant or station.
        name: Its id.

    Returns:
        kW, None where it is not known.
    """
    measured = values.get((kind, name, "heat_power_kw"))
    if measured is not None:
        return measured
    parts = [values.get((kind, name, quantity)) for quantity in _HEAT[1:]]
    flow, supply, back = parts
    if flow is None or supply is None or back is None:
        return None
    mass_kg_s = flow / 3600.0 * float(density_kg_m3(back))
    return mass_kg_s * REFERENCE_CP_J_KG_K * (supply - back) / 1e3


def _sum(values: list[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if known and len(known) == len(values) else None
