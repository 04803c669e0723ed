"""Readings that are each plausible and together are not: what contradicts is not believed.

A sensor that is missing, stuck, too fast or out of its range is found by the drivers, from its
profile. Here stands what only the plant as a whole can tell.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controller.alarms.board import Cause
from controller.site import Site
from controller.sitefiles.parts import Direction
from drivers.base import Quality, Reading

# A contradiction counts when it has lasted: polls of one plant are seconds apart.
PATIENCE = timedelta(seconds=60)
# Least and largest value that a district-heating plant can show, by quantity.
RANGES: Mapping[str, tuple[float, float]] = {
    "supply_temp_c": (0.0, 160.0),
    "return_temp_c": (0.0, 130.0),
    "secondary_supply_temp_c": (0.0, 110.0),
    "secondary_return_temp_c": (0.0, 110.0),
    "supply_pressure_bar": (-1.0, 40.0),
    "return_pressure_bar": (-1.0, 40.0),
    "indoor_temp_c": (-20.0, 45.0),
    "worst_flat_temp_c": (-20.0, 45.0),
    "outdoor_temp_c": (-50.0, 50.0),
}
# More than this between two looks is no temperature of so much water or air.
JUMPS_K: Mapping[str, float] = {
    "supply_temp_c": 8.0,
    "return_temp_c": 8.0,
    "indoor_temp_c": 3.0,
    "worst_flat_temp_c": 3.0,
    "outdoor_temp_c": 5.0,
}
JUMP_WITHIN = timedelta(seconds=60)
JUMPS_REMEMBERED = timedelta(minutes=10)
MOST_JUMPS = 2
OUTDOOR_TOLERANCE_K = 10.0
FORECAST_HOLDS = timedelta(minutes=45)
# Heat, flow and temperatures of a plant agree within a quarter, or a twentieth of its largest heat.
BALANCE_SHARE, BALANCE_FLOOR_SHARE = 0.25, 0.05
_KW_PER_M3_H_K = 4.19 * 975.0 / 3600.0  # water at 75 degC


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """What must hold of some points together; `problem` says what does not, or nothing."""

    name: str
    point_ids: tuple[str, ...]
    problem: Callable[[Sequence[float]], str]


@dataclass(kw_only=True)
class FieldSense:
    """Looks at all readings together, time after time.

    Attributes:
        relations: What must hold.
        quantities: Quantity by point.
    """

    relations: tuple[Relation, ...]
    quantities: Mapping[str, str]
    doubts: Mapping[str, Cause] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)
    _last: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    _jumps: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    _outdoor: tuple[datetime, float] | None = None

    def __post_init__(self) -> None:
        named = self.quantities.items()
        # Whatever the quantity, what is no number is within no range.
        self._ranges = {name: RANGES.get(kind, (-math.inf, math.inf)) for name, kind in named}
        self._most_jumps_k = {name: JUMPS_K[kind] for name, kind in named if kind in JUMPS_K}
        self._outdoors = {name for name, kind in named if kind == "outdoor_temp_c"}

    def expect_outdoor(self, at: datetime, temp_c: float) -> None:
        """Take what the forecast says of now.

        Args:
            at: tz-aware UTC.
            temp_c: Outdoor temperature, degC.
        """
        self._outdoor = at, temp_c

    def judged(self, readings: Mapping[str, Reading], now: datetime) -> Mapping[str, Reading]:
        """Judge all readings together.

        Args:
            readings: The newest reading of each point, as the drivers judged them.
            now: tz-aware UTC.

        Returns:
            The same; what contradicts is DISAGREEING and names the contradiction.
        """
        good = {
            name: reading.value
            for name, reading in readings.items()
            if reading.quality is Quality.GOOD and reading.value is not None
        }
        self._count_jumps(readings, good, now)
        seen = {name: (points, text) for name, points, text in self._problems(good, now)}
        self._since = {name: min(self._since.get(name, now), now) for name in seen}
        self.doubts = {
            point: Cause(code="contradiction", source=name, detail=text)
            for name, (points, text) in seen.items()
            if now - self._since[name] >= PATIENCE
            for point in points
        }
        if not self.doubts:
            return readings
        return {name: self._doubted(one) for name, one in readings.items()}

    def causes(self) -> tuple[Cause, ...]:
        """Give the contradictions that have lasted, once each."""
        return tuple(dict.fromkeys(self.doubts.values()))

    def _doubted(self, reading: Reading) -> Reading:
        cause = self.doubts.get(reading.point_id)
        if cause is None or reading.quality is not Quality.GOOD:
            return reading
        return replace(reading, quality=Quality.DISAGREEING, detail=cause.detail)

    def _problems(
        self, good: Mapping[str, float], now: datetime
    ) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Everything that can not be, as name, points and text."""
        for relation in self.relations:
            values = [good[name] for name in relation.point_ids if name in good]
            text = relation.problem(values) if len(values) == len(relation.point_ids) else ""
            if text:
                yield relation.name, relation.point_ids, text
        for name, (low, high) in self._ranges.items():
            value = good.get(name)
            if value is None:
                continue
            if not low <= value <= high:
                yield name, (name,), f"{value:g} is not between {low:g} and {high:g}"
            elif len(self._jumps.get(name, ())) >= MOST_JUMPS:
                yield name, (name,), f"jumps: {len(self._jumps[name])} times in ten minutes"
            elif name in self._outdoors and self._is_far_from_forecast(value, now):
                assert self._outdoor is not None
                yield name, (name,), f"{value:g} degC, {self._outdoor[1]:g} in the forecast"

    def _is_far_from_forecast(self, value: float, now: datetime) -> bool:
        if self._outdoor is None or not timedelta(0) <= now - self._outdoor[0] <= FORECAST_HOLDS:
            return False
        return abs(value - self._outdoor[1]) > OUTDOOR_TOLERANCE_K

    def _count_jumps(
        self, readings: Mapping[str, Reading], good: Mapping[str, float], now: datetime
    ) -> None:
        for name, most in self._most_jumps_k.items():
            value = good.get(name)
            if value is None:
                continue
            at, before = self._last.get(name, (now, value))
            if abs(value - before) > most and now - at <= JUMP_WITHIN:
                self._jumps[name] = (*self._jumps.get(name, ()), now)
            self._last[name] = now, value
        self._jumps = {
            name: recent
            for name, times in self._jumps.items()
            if (recent := tuple(at for at in times if timedelta(0) <= now - at < JUMPS_REMEMBERED))
        }


def field_sense(site: Site) -> FieldSense:
    """Find what must hold of a site's readings together.

    Args:
        site: The site.

    Returns:
        The sense, having seen nothing yet.
    """
    read = [point for point in site.points if point.direction is Direction.READ]
    relations: list[Relation] = []
    for plant in site.district.network.plants:
        own = {point.quantity: point.point_id for point in read
               if (point.target_kind, point.target_id) == ("plant", plant.plant_id)}  # fmt: skip
        for quantity, slack, unit in (("temp_c", 2.0, "degC"), ("pressure_bar", 0.2, "bar")):
            pair = own.get(f"supply_{quantity}"), own.get(f"return_{quantity}")
            if pair[0] is not None and pair[1] is not None:
                relations.append(
                    Relation(name=f"{plant.plant_id} {quantity}", point_ids=(pair[0], pair[1]),
                             problem=_above(slack, unit))
                )  # fmt: skip
        names = ("heat_power_kw", "flow_m3_h", "supply_temp_c", "return_temp_c")
        if all(name in own for name in names):
            relations.append(
                Relation(
                    name=f"{plant.plant_id} heat",
                    point_ids=tuple(own[name] for name in names),
                    problem=_balanced(1000.0 * plant.max_heat_mw),
                )
            )
    return FieldSense(
        relations=tuple(relations), quantities={one.point_id: one.quantity for one in read}
    )


def _above(slack: float, unit: str) -> Callable[[Sequence[float]], str]:
    """Supply stands above return, in temperature and, by its pump, in pressure."""

    def problem(values: Sequence[float]) -> str:
        supply, back = values
        return f"supply {supply:g} below return {back:g} {unit}" if supply < back - slack else ""

    return problem


def _balanced(max_heat_kw: float) -> Callable[[Sequence[float]], str]:
    """What the heat meter shows is what flow and temperatures give."""

    def problem(values: Sequence[float]) -> str:
        heat, flow, supply, back = values
        derived = flow * _KW_PER_M3_H_K * (supply - back)
        room = max(BALANCE_SHARE * max(abs(heat), abs(derived)), BALANCE_FLOOR_SHARE * max_heat_kw)
        if abs(heat - derived) <= room:
            return ""
        return f"heat {heat:.0f} kW, {derived:.0f} kW by flow and temperatures"

    return problem
