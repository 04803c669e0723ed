"""The plant's state from the model and from what the meters say; it takes the observer's place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from controller.engine.elements import Element
from controller.engine.observer import LONGEST_GAP, ModelRun, Observer
from controller.guard_limits import makeup_kept_m3_h
from controller.knowing.leak_points import PRESSURES, makeup_points
from controller.knowing.meter_points import MeterPoints
from controller.knowing.sensor_watch import SensorWatch
from controller.site import Site
from drivers.base import Reading, WeatherSeries
from optimizer.estimate import (
    followed_leaks,
    followed_losses,
    rooms_filter,
    standing_valves,
    water_as_it_came,
    water_filter,
)
from optimizer.estimate.bad_data import BadSensor, Fault
from optimizer.estimate.heated import fabric_of, station_of
from optimizer.estimate.leak_places import pressures_at_stations
from optimizer.estimate.rooms_filter import RoomErrors, RoomMeasurements
from optimizer.estimate.water_filter import WaterMeasurements, WaterUpdate
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import StationKind
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.physics.water import REFERENCE_CP_J_KG_K, density_kg_m3

_M3_H = 1.0 / 3600.0
# What one look at the water says of the heat that came holds for so long before it.
MOST_BY_ONE_LOOK_H = 1.0
# A plan may begin this near to the limit of make-up water.
MOST_OF_LIMIT = 0.98
# It stays this near to what the guard keeps, for the meter's noise, where a first step of pumps can
# take so much off.
MOST_OF_KEPT, AT_ONCE_LESS = 0.99, 0.97


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """How sure the last state is, and what was left out.

    Attributes:
        at: Instant of the state, tz-aware UTC.
        indoor_k: Standard deviation of each building's level, K, shape (buildings,).
        supply_k: Of the water at each supply node, K, shape (nodes,).
        left_out: Sensors that can not be right.
        valve_share: What each valve lets through of what the site's tables say, shape (stations,).
        loss_share: What each building loses of what the site says, shape (buildings,).
        missed_bar: Measured minus modelled pressures at the stations, supply then return, NaN where
            unknown, shape (2 stations,).
    """

    at: datetime
    indoor_k: FloatArray
    supply_k: FloatArray
    left_out: tuple[BadSensor, ...]
    valve_share: FloatArray
    loss_share: FloatArray
    missed_bar: FloatArray


class StateFilter(Observer):
    """An observer that is corrected by measurements, cycle by cycle.

    Args:
        site: The site.
        elements: Its setpoints.
        tell: Receives each state, how sure it is, and the model's run that led to it, if any.
    """

    def __init__(
        self,
        site: Site,
        elements: Sequence[Element],
        tell: Callable[[PlantState, Sureness, ModelRun | None], None] = lambda *_: None,
    ) -> None:
        super().__init__(site, elements)
        self._tell = tell
        network = site.district.network
        self._network = network
        self._points = MeterPoints(site)
        self._fabric, self._station = fabric_of(network), station_of(network)
        self._places = rooms_filter.places_of(network)
        self._map = water_filter.water_map(network)
        self._errors: RoomErrors
        self._sensors: SensorWatch
        self._corrected_at: datetime | None
        self._standing = standing_valves.standing(network)
        self._tabled_shares = standing_valves.tabled_shares(network, site.tabled)
        self._shares = np.ones(len(network.stations))
        self._losses = np.ones(len(network.buildings))
        self._leak = 1.0
        self._step = timedelta(seconds=site.district.control.step_s)
        self._start_anew()
        self.sureness: Sureness | None = None

    def state_at(
        self,
        now: datetime,
        series: WeatherSeries,
        forecast: Forecast,
        history: Forecast | None,
        readings: Mapping[str, Reading],
    ) -> PlantState:
        """Bring the state up to an instant and correct it.

        Args:
            now: tz-aware UTC.
            series: The weather, to drive the model with.
            forecast: The weather from now on.
            history: The weather before, or None.
            readings: The newest readings.

        Returns:
            The state.
        """
        if self._at is None or not timedelta(0) < now - self._at <= LONGEST_GAP:
            self._start_anew()
        state = super().state_at(now, series, forecast, history, readings)
        said = self._points.fresh(readings, now)
        self._sensors.look(now, said, state, self._run)
        bad = self._sensors.bad()
        left_out = {one.sensor for one in bad}
        sound = {name: value for name, value in said.items() if name not in left_out}
        self._follow_valves(now, sound)
        self._follow_leak(now, readings)
        outdoor_c = _outdoor_c(series, now)
        state = self._corrected(now, state, sound, bad, outdoor_c)
        self._state = state
        assert self.sureness is not None
        self._tell(state, self.sureness, self._run)
        return state

    def seen(self, district: District) -> District:
        """Give a district as a plan is to see it: as its parts have proved to be.

        Make-up water is planned as far from its limit as the guard keeps it, or no nearer than it
        is where pumps can not bring it back at once.

        Args:
            district: The site's, or one made from it.

        Returns:
            The district.
        """
        proved = self._proved(district)
        most = district.limits.max_makeup_m3_h
        if not (tabled := self._tabled_makeup_m3_h()) > 0.0:
            return proved
        # Beyond the limit the alarm and the guard speak; no plan could begin there.
        leak = min(self._leak, max(1.0, MOST_OF_LIMIT * most / tabled))
        kept, present = MOST_OF_KEPT * makeup_kept_m3_h(self._site), leak * tabled
        kept = kept if AT_ONCE_LESS * present <= kept else present / MOST_OF_LIMIT
        return replace(
            proved,
            network=followed_leaks.with_leaks(proved.network, leak),
            limits=replace(district.limits, max_makeup_m3_h=min(most, kept)),
        )

    def _proved(self, district: District) -> District:
        """Valves and buildings as they have proved to be; the model runs with them as well."""
        network = standing_valves.with_shares(district.network, self._shares)
        network = followed_losses.with_losses(network, self._losses)
        return district if network is district.network else replace(district, network=network)

    def _tabled_makeup_m3_h(self) -> float:
        """What the table's leaks come to at the pressures of now; 0 where the model has not run."""
        run = self._run
        return 0.0 if run is None else float(run.trace.plants.makeup_m3_h[-1].sum())

    def _follow_leak(self, now: datetime, readings: Mapping[str, Reading]) -> None:
        """Compare the make-up meters with the table's leaks; all of them must have spoken."""
        meters = [self._points.now(name, readings, now) for name in makeup_points(self._site)]
        if self._corrected_at is None or not meters:
            return
        hours = (now - self._corrected_at).total_seconds() / 3600.0
        both = float(sum(meters)), self._tabled_makeup_m3_h()
        self._leak = followed_leaks.followed_leak(self._leak, both, hours)

    def _follow_valves(self, now: datetime, said: Mapping[str, float]) -> None:
        """Compare the flow of stations whose valves stand with what the model has just given."""
        if self._run is None or self._corrected_at is None:
            return
        run, at = self._run.trace.stations, self._points.arrays(said)
        back = at["station", "return_temp_c"]
        flow = at["station", "flow_m3_h"] * _M3_H * density_kg_m3(np.nan_to_num(back, nan=45.0))
        followed = standing_valves.followed_shares(
            self._shares,
            (flow, run.mass_flow_kg_s[-1]),
            (back, run.return_temp_c[-1]),
            (now - self._corrected_at).total_seconds() / 3600.0,
            self._tabled_shares,
        )
        warmed = at["station", "secondary_supply_temp_c"], run.secondary_supply_temp_c[-1]
        throttled = standing_valves.throttled_shares(
            self._network, self._shares, followed, warmed, self._tabled_shares
        )
        self._shares = np.where(self._standing, followed, throttled)

    def _follow_losses(self, change_k: FloatArray, above_k: FloatArray, hours: float) -> None:
        """Read what the levels had to be corrected by after a run of the model as loss."""
        if self._run is not None and hours > 0.0:
            self._losses = followed_losses.followed_losses(
                self._network, self._losses, change_k, above_k, hours
            )

    def _start_anew(self) -> None:
        """Forget what was learned of a state that is not gone on from."""
        self._errors = rooms_filter.first_errors(self._places)
        self._sensors = SensorWatch(self._network, self._points, self._step)
        self._corrected_at = None

    def _corrected(
        self,
        now: datetime,
        state: PlantState,
        said: Mapping[str, float],
        bad: tuple[BadSensor, ...],
        outdoor_c: float,
    ) -> PlantState:
        hours = 0.0
        if self._corrected_at is not None:
            hours = max((now - self._corrected_at).total_seconds() / 3600.0, 0.0)
            self._errors = rooms_filter.later(self._places, self._errors, hours)
        self._corrected_at = now
        values = self._points.arrays(said)
        measured = self._rooms(values)
        state = self._with_water_as_it_came(state, measured, hours)
        rooms = rooms_filter.corrected(
            self._places, self._fabric, self._errors, state.indoor_temp_c, measured
        )
        self._errors = rooms.errors
        self._follow_losses(rooms.change_k, state.indoor_temp_c - outdoor_c, hours)
        self._district = self._proved(self._site.district)
        supply = self._supply(state, values)
        state = water_filter.with_water(self._network, state, supply)
        self.sureness = Sureness(
            at=now,
            indoor_k=rooms_filter.spread_k(self._places, rooms.errors, len(state.indoor_temp_c)),
            supply_k=supply.spread_k,
            left_out=tuple(one for one in bad if one.fault is not Fault.MISSING),
            valve_share=frozen(self._shares * self._tabled_shares),
            loss_share=frozen(self._losses),
            missed_bar=self._missed_bar(values),
        )
        returns = values["station", "return_temp_c"]
        return replace(
            state,
            indoor_temp_c=frozen(state.indoor_temp_c + rooms.change_k),
            envelope_temp_c=frozen(state.envelope_temp_c + rooms.change_k),
            station_return_temp_c=frozen(
                np.where(np.isfinite(returns), returns, state.station_return_temp_c)
            ),
        )

    def _with_water_as_it_came(
        self, state: PlantState, measured: RoomMeasurements, hours: float
    ) -> PlantState:
        """Take off the heat that its stations did not pass on; one look says nothing of hours."""
        if self._run is None or hours <= 0.0:
            return state
        modelled = state.indoor_temp_c, 1e3 * self._run.trace.buildings.heat_power_kw[-1]
        air_k, envelope_k = water_as_it_came.warmed_k(
            self._fabric, self._station, measured, modelled, min(hours, MOST_BY_ONE_LOOK_H)
        )
        return replace(
            state,
            indoor_temp_c=frozen(state.indoor_temp_c + air_k),
            envelope_temp_c=frozen(state.envelope_temp_c + envelope_k),
        )

    def _missed_bar(self, values: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
        measured = [values["station", quantity] for quantity in PRESSURES]
        if self._run is None:
            return np.full(2 * len(self._network.stations), np.nan)
        modelled = pressures_at_stations(self._network, self._run.trace.nodes)[-1]
        return frozen(np.concatenate(measured) - modelled)

    def _rooms(self, values: Mapping[tuple[str, str], FloatArray]) -> RoomMeasurements:
        at = {quantity: array for (kind, quantity), array in values.items() if kind == "station"}
        flow = at["flow_m3_h"] * _M3_H * density_kg_m3(np.nan_to_num(at["return_temp_c"], nan=45.0))
        heat = flow * REFERENCE_CP_J_KG_K * (at["supply_temp_c"] - at["return_temp_c"])
        loop = np.array([s.secondary_flow_kg_s for s in self._network.stations])
        direct = np.array([s.kind is StationKind.DIRECT for s in self._network.stations])
        own = direct & (loop <= 0.0)
        return RoomMeasurements(
            indoor_c=values["building", "indoor_temp_c"],
            heat_w=heat,
            supply_c=np.where(own, at["supply_temp_c"], at["secondary_supply_temp_c"]),
            flow_w_k=np.where(own, flow, loop) * REFERENCE_CP_J_KG_K,
        )

    def _supply(
        self, state: PlantState, values: Mapping[tuple[str, str], FloatArray]
    ) -> WaterUpdate:
        return water_filter.corrected_water(
            self._map,
            state.supply_node_temp_c,
            WaterMeasurements(
                station_c=values["station", "supply_temp_c"],
                plant_c=values["plant", "supply_temp_c"],
            ),
        )


def _outdoor_c(series: WeatherSeries, now: datetime) -> float:
    """Outdoor temperature of an instant, the members' mean."""
    return float(np.interp(now.timestamp(), series.posix_s, series.outdoor_temp_c.mean(axis=0)))
