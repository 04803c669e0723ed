"""An open-loop observer: the model is driven with what the points hold, from cycle to cycle.

It corrects nothing by measurements of temperatures; a state filter may take its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from controller.engine.elements import Element, held_value
from controller.site import Site
from controller.translate import WeatherError, forecast_from_weather
from drivers.base import Reading, WeatherSeries
from optimizer.baseline import starting_state
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.simulate import simulate

# After a longer pause the state is found anew, as at the start.
LONGEST_GAP = timedelta(hours=6)
SHORTEST_STEP_S = 60


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """What the model did from one cycle to the next: from where, driven by what, and what came."""

    network: Network
    start: PlantState
    forecast: Forecast
    schedule: Schedule
    trace: Trace


class Observer:
    """Keeps the state of a site's plant.

    Args:
        site: The site.
        elements: Its setpoints.
    """

    def __init__(self, site: Site, elements: Sequence[Element]) -> None:
        self._site = site
        self._elements = elements
        # What the model runs with; a filter that learns of the plant puts its own here.
        self._district = site.district
        self._run: ModelRun | None = None
        self._state: PlantState | None = None
        self._at: datetime | None = None

    def state_at(
        self,
        now: datetime,
        series: WeatherSeries,
        forecast: Forecast,
        history: Forecast | None,
        readings: Mapping[str, Reading],
    ) -> PlantState:
        """Bring the state up to an instant.

        Args:
            now: tz-aware UTC.
            series: The weather, to drive the model with.
            forecast: The weather from now on.
            history: The weather before, or None.
            readings: The newest readings; good readbacks give the setpoints.

        Returns:
            The state.
        """
        state = self._advanced(now, series, readings)
        if state is None:
            state = starting_state(self._district, forecast, history)
        state = self._with_readbacks(state, readings)
        self._state, self._at = state, now
        return state

    def _advanced(
        self, now: datetime, series: WeatherSeries, readings: Mapping[str, Reading]
    ) -> PlantState | None:
        """Simulate from the last cycle on; None where that can not be done."""
        self._run = None
        if self._state is None or self._at is None:
            return None
        gap = now - self._at
        if not timedelta(0) < gap <= LONGEST_GAP:
            return None
        district = self._district
        gap_s = int(gap.total_seconds())
        if gap_s < SHORTEST_STEP_S:
            return self._state
        steps = max(1, round(gap_s / district.control.step_s))
        try:
            driven = forecast_from_weather(
                series,
                plants=district.network.plants,
                timezone=self._site.timezone,
                start=self._at,
                step_s=gap_s // steps,
                steps=steps,
            )
        except WeatherError:
            return None
        held = self._with_readbacks(self._state, readings)
        network, schedule = district.network, _constant(held, driven)
        trace = simulate(network, self._state, driven, schedule)
        self._run = ModelRun(
            network=network, start=self._state, forecast=driven, schedule=schedule, trace=trace
        )
        return trace.end_state

    def _with_readbacks(self, state: PlantState, readings: Mapping[str, Reading]) -> PlantState:
        """Put what the points hold in the place of what the model thinks."""
        arrays = {
            "plant": np.array(state.supply_temp_setpoint_c),
            "pump": np.array(state.pump_setpoint),
            "station": np.array(state.secondary_offset_k),
        }
        for element in self._elements:
            values = arrays[element.kind]
            values[element.index] = held_value(element, readings, float(values[element.index]))
        return replace(
            state,
            supply_temp_setpoint_c=frozen(arrays["plant"]),
            pump_setpoint=frozen(arrays["pump"]),
            secondary_offset_k=frozen(arrays["station"]),
        )


def _constant(state: PlantState, forecast: Forecast) -> Schedule:
    """Hold a state's setpoints over a forecast."""

    def held(values: FloatArray) -> FloatArray:
        return frozen(np.repeat(np.asarray(values)[:, None], forecast.steps, axis=1))

    return Schedule(
        start=forecast.start,
        step_s=forecast.step_s,
        supply_temp_c=held(state.supply_temp_setpoint_c),
        pump_setpoint=held(state.pump_setpoint),
        secondary_offset_k=held(state.secondary_offset_k),
    )
