"""The engine's own state filter on a virtual plant's meters, without wire and store."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from controller.engine.elements import Element
from controller.knowing.state_filter import StateFilter
from controller.paths import config_dir
from controller.site import load_site
from controller.sitefiles.parts import Direction, Point
from drivers.base import Quality, Reading, WeatherSeries
from hil_tests.bench.plant import Setpoints, Snapshot
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.water import density_kg_m3
from optimizer.timegrid import part_of

# One building in so many has a thermometer in it.
SENSORED_EVERY = 10
# Standard deviations of meters, as the bench's detectors have them.
TEMP_K, FLOW_SHARE = 0.03, 0.003


class Metered:
    """What the engine would know of a plant.

    Args:
        district: As the model believes it to be.
        weather: What the weather was.
        seed: Of the meters' noise.
    """

    def __init__(self, district: District, weather: Forecast, seed: int) -> None:
        self._district, self._weather = district, weather
        self._chance = np.random.default_rng([seed, 11])
        self._elements = _elements(district.network)
        points = _points(district.network)
        site = replace(
            load_site(config_dir() / "old-east"),
            district=district,
            tabled=district.network,
            points=points,
            trip=None,
        )
        self._points = points
        self._filter = StateFilter(site, self._elements)
        self._series = _series(weather)

    def state_at(self, step: int, now: Snapshot, held: Setpoints) -> tuple[PlantState, District]:
        """Bring the state up to a step of the weather's grid.

        Args:
            step: The step that begins.
            now: What the plant's meters see.
            held: Where its setpoints stand.

        Returns:
            The state, and the district as a plan is to see it.
        """
        weather = self._weather
        at = weather.start + timedelta(seconds=step * weather.step_s)
        values = {**self._measured(now), **self._held(held)}
        readings = {
            name: Reading(point_id=name, value=value, time=at, quality=Quality.GOOD)
            for name, value in values.items()
        }
        ahead = part_of(weather, step, 4)
        before = part_of(weather, 0, step) if step else None
        state = self._filter.state_at(at, self._series, ahead, before, readings)
        return state, self._filter.seen(self._district)

    def _measured(self, now: Snapshot) -> dict[str, float]:
        network = self._district.network
        volume = 3600.0 / density_kg_m3(now.station_return_c)
        truths: dict[tuple[str, str], FloatArray] = {
            ("plant", "supply_temp_c"): now.plant_supply_c,
            ("plant", "return_temp_c"): now.plant_return_c,
            ("station", "supply_temp_c"): now.station_supply_c,
            ("station", "return_temp_c"): now.station_return_c,
            ("station", "secondary_supply_temp_c"): now.station_secondary_c,
            ("station", "flow_m3_h"): now.station_flow_kg_s * volume,
            ("building", "indoor_temp_c"): now.indoor_c,
        }
        index = {
            "plant": network.plant_index,
            "station": network.station_index,
            "building": network.building_index,
        }
        found = {}
        for point in self._points:
            place = index[point.target_kind][point.target_id]
            truth = float(truths[point.target_kind, point.quantity][place])
            noise = float(self._chance.standard_normal())
            flow = point.quantity == "flow_m3_h"
            found[point.point_id] = (
                truth * (1 + FLOW_SHARE * noise) if flow else truth + TEMP_K * noise
            )
        return found

    def _held(self, held: Setpoints) -> dict[str, float]:
        arrays = {
            "plant": held.supply_temp_c,
            "pump": held.pump,
            "station": held.secondary_offset_k,
        }
        return {
            one.readback_id: float(arrays[one.kind][one.index])
            for one in self._elements
            if one.readback_id is not None
        }


def _elements(network: Network) -> tuple[Element, ...]:
    things = (
        ("plant", "supply_temp_c", [one.plant_id for one in network.plants]),
        ("pump", "pump_setpoint", [one.pump_id for one in network.pumps]),
        ("station", "secondary_offset_k", [one.station_id for one in network.stations]),
    )
    return tuple(
        Element(
            kind=kind,
            element_id=name,
            index=index,
            quantity=quantity,
            point_id=None,
            readback_id=f"{kind}:{name}.setpoint",
        )
        for kind, quantity, names in things
        for index, name in enumerate(names)
    )


def _points(network: Network) -> tuple[Point, ...]:
    station = ("supply_temp_c", "return_temp_c", "secondary_supply_temp_c", "flow_m3_h")
    things = (
        ("plant", [one.plant_id for one in network.plants], ("supply_temp_c", "return_temp_c")),
        ("station", [one.station_id for one in network.stations], station),
        (
            "building",
            [one.building_id for one in network.buildings[::SENSORED_EVERY]],
            ("indoor_temp_c",),
        ),
    )
    return tuple(
        Point(
            point_id=f"{kind}:{name}.{quantity}",
            device_id=name,
            tag=quantity,
            target_kind=kind,
            target_id=name,
            quantity=quantity,
            direction=Direction.READ,
            min_value=None,
            max_value=None,
            max_rate_per_h=None,
            readback_point_id=None,
            stale_after_s=1800.0,
        )
        for kind, names, quantities in things
        for name in names
        for quantity in quantities
    )


def _series(weather: Forecast) -> WeatherSeries:
    count = weather.steps + 1
    return WeatherSeries(
        source="as it was",
        issue_time=weather.start,
        times=tuple(weather.start + timedelta(seconds=weather.step_s * i) for i in range(count)),
        members=("truth",),
        outdoor_temp_c=weather.outdoor_temp_c[:1],
    )
