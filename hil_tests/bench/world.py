"""The bench's world: the plant, its weather, detectors and field devices, on one clock."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from controller.site import Site
from drivers.points import converted, unit_of
from drivers.profiles import load_profile
from hil_tests.bench.course import Course
from hil_tests.bench.devices import Device
from hil_tests.bench.plant import Plant, Setpoints
from hil_tests.bench.plant_parameters import PlantParameters
from hil_tests.bench.sensors import Sensors, detectors_of
from hil_tests.bench.trace import new_trace
from optimizer.baseline import fallback_pump_setpoints
from optimizer.timegrid import curve

STEP_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A setpoint of the plant and the register it comes from."""

    kind: str
    at: int
    device_id: str
    tag: str
    unit: str
    quantity_unit: str


class World:
    """Everything outside the engine.

    Args:
        site: The site as the engine knows it.
        parameters: The plant as it is.
        course: The weather.
        seed: Of the detectors' noise.
        trace_s: Time between samples of the trace, s.
        starts_cold: Whether no boiler has burnt for weeks; the registers hold what they held last.
    """

    def __init__(
        self,
        site: Site,
        parameters: PlantParameters,
        course: Course,
        *,
        seed: int = 0,
        trace_s: float = 60.0,
        starts_cold: bool = False,
    ) -> None:
        self.site = site
        self.course = course
        self._trace_s = trace_s
        self._next_sample_s = 0.0
        # What the engine's clock says; the plant follows in steps of its own.
        self.engine_second: Callable[[], float] = lambda: self.second
        start = usual_setpoints(site, course.at(0.0).outdoor_temp_c)
        settled = unfired(start, course.at(0.0).outdoor_temp_c) if starts_cold else start
        self.plant = Plant(parameters, settled, course.at(0.0))
        self.now = self.plant.snapshot()
        self.sensors = Sensors(detectors_of(site), self.now, seed)
        self.devices = self._devices()
        self._levers = self._find_levers()
        self._first = start
        for lever in self._levers:
            value = _part(start, lever.kind)[lever.at]
            device = self.devices[lever.device_id]
            device.held[lever.tag] = converted(float(value), lever.quantity_unit, lever.unit)
        self.trace = new_trace(parameters.network)
        self._sample()

    @property
    def second(self) -> float:
        """How far the plant has come, s."""
        return self.now.seconds

    def advance_to(self, second: float) -> None:
        """Let the plant go on, in whole steps, no further than an instant.

        Args:
            second: Since the start, s.
        """
        while self.second + STEP_S <= second + 1e-6:
            weather = self.course.at((self.second + STEP_S) / 3600.0)
            self.now = self.plant.advance(self.setpoints(), weather, STEP_S)
            self.sensors.feel(self.now, STEP_S)
            if self.second >= self._next_sample_s - 1e-6:
                self._sample()

    def engine_time(self) -> float:
        """The time that whoever speaks on the wire lives in, s."""
        return self.engine_second()

    def setpoints(self) -> Setpoints:
        """What the plant's controllers are set to."""
        found = Setpoints(
            supply_temp_c=np.array(self._first.supply_temp_c),
            pump=np.array(self._first.pump),
            secondary_offset_k=np.array(self._first.secondary_offset_k),
        )
        for lever in self._levers:
            held = self.devices[lever.device_id].held[lever.tag]
            _part(found, lever.kind)[lever.at] = converted(held, lever.unit, lever.quantity_unit)
        return found

    def _sample(self) -> None:
        registers = {
            f"{device.device_id}.{tag}": value
            for device in self.devices.values()
            for tag, value in device.held.items()
        }
        switches = {f"{one.device_id}.remote": float(one.remote) for one in self.devices.values()}
        self.trace.sample(self.now, {**registers, **switches})
        self._next_sample_s += self._trace_s

    def _devices(self) -> dict[str, Device]:
        site, found = self.site, {}
        for one in site.devices:
            profile = load_profile(one.profile_path)
            points = {p.tag: p for p in site.points if p.device_id == one.device_id}
            units = {
                name: (unit_of(point.quantity), profile.tags[name].unit)
                for name, point in points.items()
            }
            found[one.device_id] = Device(
                device_id=one.device_id,
                profile=profile,
                shown=self._shower(one.device_id, units),
                seconds=self.engine_time,
                needs_heartbeat="heartbeat" in profile.tags,
            )
        return found

    def _shower(
        self, device_id: str, units: dict[str, tuple[str, str]]
    ) -> Callable[[str], float | None]:
        def shown(tag: str) -> float | None:
            name = f"{device_id}.{tag}"
            if name not in self.sensors.names:
                return None
            value = self.sensors.shown(name)
            return converted(value, *units[tag]) if math.isfinite(value) else math.nan

        return shown

    def _find_levers(self) -> list[Lever]:
        network = self.site.district.network
        index = {
            "plant": network.plant_index,
            "pump": network.pump_index,
            "station": network.station_index,
        }
        found = []
        for point in self.site.points:
            written = point.readback_point_id is not None
            if written and point.target_kind in index:
                profile = self.devices[point.device_id].profile
                found.append(
                    Lever(
                        kind=point.target_kind,
                        at=index[point.target_kind][point.target_id],
                        device_id=point.device_id,
                        tag=point.tag,
                        unit=profile.tags[point.tag].unit,
                        quantity_unit=unit_of(point.quantity),
                    )
                )
        return found


def usual_setpoints(site: Site, outdoor_c: float) -> Setpoints:
    """Give what an operator would run a site at: the weather curve, pumps at their usual speed.

    Args:
        site: The site.
        outdoor_c: Outdoor temperature.

    Returns:
        The setpoints.
    """
    district = site.district
    network = district.network
    wanted = float(curve(district.control.heating_curve, np.array([outdoor_c]))[0])
    supply = [
        min(max(wanted, plant.min_supply_temp_c), plant.max_supply_temp_c)
        for plant in network.plants
    ]
    return Setpoints(
        supply_temp_c=np.round(np.array(supply), 1),
        pump=np.array(fallback_pump_setpoints(district), dtype=np.float64),
        secondary_offset_k=np.zeros(len(network.stations)),
    )


def unfired(setpoints: Setpoints, outdoor_c: float) -> Setpoints:
    """Give the same with boilers that are asked for nothing.

    Args:
        setpoints: The setpoints.
        outdoor_c: Outdoor temperature.

    Returns:
        Outlets at the outdoor temperature, the rest as it is.
    """
    return replace(setpoints, supply_temp_c=np.full_like(setpoints.supply_temp_c, outdoor_c))


def _part(setpoints: Setpoints, kind: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return {
        "plant": setpoints.supply_temp_c,
        "pump": setpoints.pump,
        "station": setpoints.secondary_offset_k,
    }[kind]
