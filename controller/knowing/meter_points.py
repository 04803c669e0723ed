"""Which points measure the state of a plant, and their readings as arrays."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from controller.knowing.leak_points import PRESSURES
from controller.site import Site
from controller.sitefiles.parts import Direction, Point
from drivers.base import Quality, Reading
from optimizer.model.arrays import FloatArray

# A reading older than this says nothing of the present instant.
FRESH = timedelta(minutes=20)
# A stamp later than now by more than what clocks differ by is no time at which anything was read.
CLOCKS_APART = timedelta(minutes=1)

QUANTITIES = {
    "station": (
        "supply_temp_c", "return_temp_c", "secondary_supply_temp_c", "flow_m3_h", *PRESSURES,
    ),
    "building": ("indoor_temp_c",),
    "plant": ("supply_temp_c", "return_temp_c"),
}  # fmt: skip


class MeterPoints:
    """Which point measures what, and the readings as arrays."""

    def __init__(self, site: Site) -> None:
        network = site.district.network
        self._index = {
            "station": network.station_index,
            "building": network.building_index,
            "plant": network.plant_index,
        }
        self.place = {
            point.point_id: (
                point.target_kind,
                point.quantity,
                self._index[point.target_kind][point.target_id],
            )
            for point in site.points
            if _measures(point)
        }

    def fresh(self, readings: Mapping[str, Reading], now: datetime) -> dict[str, float]:
        """Good readings of now, by point."""
        values = {name: self.now(name, readings, now) for name in self.place}
        return {name: value for name, value in values.items() if np.isfinite(value)}

    @staticmethod
    def now(name: str, readings: Mapping[str, Reading], now: datetime) -> float:
        """What a point says now; NaN without a good reading of late."""
        one = readings.get(name)
        if one is None or one.value is None or one.quality is not Quality.GOOD:
            return float("nan")
        return one.value if -CLOCKS_APART <= now - one.time <= FRESH else float("nan")

    def arrays(self, said: Mapping[str, float]) -> dict[tuple[str, str], FloatArray]:
        """What was said, by kind and quantity: the mean of several points, NaN without any."""
        heard: dict[tuple[str, str], list[tuple[int, float]]] = {
            (kind, quantity): []
            for kind, quantities in QUANTITIES.items()
            for quantity in quantities
        }
        for name, value in said.items():
            kind, quantity, index = self.place[name]
            heard[kind, quantity].append((index, value))
        return {what: _means(pairs, len(self._index[what[0]])) for what, pairs in heard.items()}


def _means(pairs: Sequence[tuple[int, float]], count: int) -> FloatArray:
    """Mean of what was said of each of some things, NaN where nothing was."""
    index = np.array([one for one, _ in pairs], dtype=np.int64)
    total = np.bincount(index, weights=[value for _, value in pairs], minlength=count)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.bincount(index, minlength=count))


def _measures(point: Point) -> bool:
    known = QUANTITIES.get(point.target_kind, ())
    return point.direction is Direction.READ and point.quantity in known
