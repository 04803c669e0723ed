"""Whether the plant does what its confirmed setpoints say: the last step of following a set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.alarms.board import Cause
from controller.site import Site
from controller.sitefiles.parts import Direction, Point
from drivers.base import Quality, Reading

# How far what is measured may stay from its setpoint, and for how long: more than a sound plant's
# lag on its ramp, less than what a plan can stand.
TOLERANCES: Mapping[str, tuple[float, timedelta]] = {
    "supply_temp_c": (3.0, timedelta(minutes=30)),
    "speed_pct": (5.0, timedelta(minutes=10)),
    "dp_bar": (0.2, timedelta(minutes=10)),
}
# A running pump moves at least this share of its rated flow.
LEAST_FLOW_SHARE = 0.05
# At this share of its largest heat a plant can not follow, and need not.
FULL_SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What a setpoint should bring about: `measured_id` near it, or above `least` where given.

    `full_id` reads the heat at and above which the plant can do no more.
    """

    point_id: str
    measured_id: str
    tolerance: float
    within: timedelta
    least: float | None = None
    full_id: str | None = None
    full_kw: float = float("inf")

    def is_met(self, setpoint: float, readings: Mapping[str, Reading]) -> bool:
        """Whether it is so now; what is not measured well is the business of others.

        Args:
            setpoint: What the point holds.
            readings: The newest readings.

        Returns:
            Whether it is met, or excused.
        """
        measured = _good(readings.get(self.measured_id))
        if measured is None:
            return True
        if self.least is not None:
            return measured >= self.least
        heat = _good(readings.get(self.full_id or ""))
        if measured < setpoint and heat is not None and heat >= self.full_kw:
            return True
        return abs(measured - setpoint) <= self.tolerance


def expectations(site: Site) -> tuple[Expectation, ...]:
    """Find what can be checked of a site's setpoints.

    Args:
        site: The site.

    Returns:
        Outlet temperatures, speeds and pressures that are measured beside their setpoints, and the
        flow of the plants whose pumps are written.
    """
    read = [point for point in site.points if point.direction is Direction.READ]
    found: list[Expectation] = []
    for point in site.points:
        if point.direction is not Direction.WRITE or point.quantity not in TOLERANCES:
            continue
        tolerance, within = TOLERANCES[point.quantity]
        measured = _reader(read, point.target_kind, point.target_id, point.quantity)
        if measured is not None:
            full_id, full_kw = _full(site, read, point)
            found.append(Expectation(point_id=point.point_id, measured_id=measured,
                                     tolerance=tolerance, within=within,
                                     full_id=full_id, full_kw=full_kw))  # fmt: skip
        if point.target_kind == "pump":
            found += _flow(site, read, point)
    return tuple(found)


class EffectWatch:
    """Remembers since when an expectation has not been met.

    Args:
        expected: What is expected.
    """

    def __init__(self, expected: Sequence[Expectation]) -> None:
        self._expected = expected
        self._since: dict[Expectation, datetime] = {}

    def look(
        self, now: datetime, setpoints: Mapping[str, float], readings: Mapping[str, Reading]
    ) -> tuple[Cause, ...]:
        """Look once.

        Args:
            now: tz-aware UTC.
            setpoints: What was confirmed, by point, and is still held.
            readings: The newest readings.

        Returns:
            Setpoints without effect.
        """
        causes = []
        for one in self._expected:
            setpoint = setpoints.get(one.point_id)
            if setpoint is None or one.is_met(setpoint, readings):
                self._since.pop(one, None)
                continue
            since = self._since.setdefault(one, now)
            if now - since >= one.within:
                value = readings[one.measured_id].value
                detail = f"{one.measured_id} {value:g}, setpoint {setpoint:g} for {now - since}"
                causes.append(Cause(code="no_effect", source=one.point_id, detail=detail))
        return tuple(causes)


def _full(site: Site, read: Sequence[Point], point: Point) -> tuple[str | None, float]:
    if point.target_kind != "plant":
        return None, float("inf")
    network = site.district.network
    plant = network.plants[network.plant_index[point.target_id]]
    heat_id = _reader(read, "plant", point.target_id, "heat_power_kw")
    return heat_id, FULL_SHARE * plant.max_heat_mw * 1000.0


def _flow(site: Site, read: Sequence[Point], point: Point) -> list[Expectation]:
    network = site.district.network
    pump = network.pumps[network.pump_index[point.target_id]]
    flow_id = _reader(read, "plant", pump.plant_id or "", "flow_m3_h")
    if flow_id is None:
        return []
    _, within = TOLERANCES[point.quantity]
    least = LEAST_FLOW_SHARE * pump.rated_flow_m3_h
    return [Expectation(point_id=point.point_id, measured_id=flow_id, tolerance=0.0,
                        within=within, least=least)]  # fmt: skip


def _reader(read: Sequence[Point], kind: str, target_id: str, quantity: str) -> str | None:
    wanted = (kind, target_id, quantity)
    found = (p.point_id for p in read if (p.target_kind, p.target_id, p.quantity) == wanted)
    return next(found, None)


def _good(reading: Reading | None) -> float | None:
    good = reading is not None and reading.quality is Quality.GOOD
    return reading.value if reading is not None and good else None
