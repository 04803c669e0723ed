"""The state from a few thermometers: nearer to the truth than the model, sure of what it is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.elements import elements
from controller.engine.observer import Observer
from controller.knowing.state_filter import StateFilter
from controller.site import Site, load_site
from controller.translate import weather_on_grid
from drivers.base import Reading, WeatherSeries
from drivers.weather.csv_file import read_weather_file
from optimizer.estimate.bad_data import Fault
from optimizer.estimate.followed_losses import LARGEST_SHARE as LARGEST_LOSS
from optimizer.estimate.followed_losses import LEAST_SHARE as LEAST_LOSS
from optimizer.estimate.followed_losses import followed_losses
from optimizer.estimate.standing_valves import (
    LARGEST_SHARE,
    LEAST_SHARE,
    followed_shares,
    throttled_shares,
)
from optimizer.model.network import Station, StationControl
from optimizer.model.state import PlantState
from tests.knowing.conftest import Twin
from tests.knowing.readings import readings_at

EVERY_STEPS, FIRST, LAST = 4, 4 * 24, 4 * 24 * 3


class Run:
    """An observer driven by a twin's readings, hour by hour."""

    def __init__(self, twin: Twin, observer: Observer, site: Site) -> None:
        self.twin, self.observer, self.site = twin, observer, site
        self.series: WeatherSeries = read_weather_file(twin.history / "weather.csv")

    def at(self, step: int, spoilt: dict[str, float] | None = None) -> PlantState:
        now = self.twin.measured.record.start + timedelta(seconds=900 * step)
        forecast, history = weather_on_grid(
            self.series,
            district=self.site.district,
            timezone=self.site.timezone,
            start=now,
            hours=1.0,
        )
        readings: dict[str, Reading] = readings_at(self.site, self.twin, step, now)
        setpoint = float(self.twin.measured.record.plants["supply_temp_c"][step, 0])
        for name, value in (spoilt or {}).items():
            readings[name] = replace(readings[name], value=value)
        state = self.observer.state_at(now, self.series, forecast, history, readings)
        # What the outlet really was, in the place of the readback that this record has not.
        return replace(state, supply_temp_setpoint_c=np.full(1, setpoint))


@pytest.fixture(scope="module")
def loaded(twin: Twin) -> Site:
    return load_site(twin.site)


def errors_of(twin: Twin, site: Site, observer: Observer) -> tuple[float, float, list[PlantState]]:
    run, rooms, water = Run(twin, observer, site), [], []
    others = np.setdiff1d(np.arange(len(site.district.network.buildings)), twin.measured.sensored)
    node = [site.district.network.node_index[s.node_id] for s in site.district.network.stations]
    states = []
    for step in range(FIRST, LAST, EVERY_STEPS):
        state = run.at(step)
        states.append(state)
        rooms.append(state.indoor_temp_c[others] - twin.measured.indoor_c[step, others])
        measured = twin.measured.record.stations["supply_temp_c"][step]
        water.append(state.supply_node_temp_c[node] - measured)
    half = len(rooms) // 2
    room, supply = (np.array(values[half:]) for values in (rooms, water))
    return float(np.sqrt(np.mean(room**2))), float(np.sqrt(np.mean(supply**2))), states


def test_rooms_and_water_are_nearer_to_the_truth(twin: Twin, loaded: Site) -> None:
    open_loop = errors_of(twin, loaded, Observer(loaded, elements(loaded)))
    filtered = StateFilter(loaded, elements(loaded))
    ours = errors_of(twin, loaded, filtered)
    assert ours[0] < 0.75 * open_loop[0]
    assert ours[1] < 0.5
    assert filtered.sureness is not None
    assert not filtered.sureness.left_out, "none of the meters is wrong"
    others = np.setdiff1d(np.arange(300), twin.measured.sensored)
    step = LAST - EVERY_STEPS
    missed = ours[2][-1].indoor_temp_c[others] - twin.measured.indoor_c[step, others]
    inside = np.abs(missed) < 1.645 * filtered.sureness.indoor_k[others]
    assert 0.8 < inside.mean() <= 1.0
    sensored = twin.measured.sensored
    assert filtered.sureness.indoor_k[sensored].mean() < filtered.sureness.indoor_k[others].mean()


def test_a_wrong_thermometer_is_named_and_decides_nothing(twin: Twin, loaded: Site) -> None:
    building = int(twin.measured.sensored[0])
    name = f"{loaded.district.network.buildings[building].building_id}.indoor_temp"
    points = {p.point_id for p in loaded.points if p.quantity == "indoor_temp_c"}
    name = name if name in points else next(iter(sorted(points)))
    observer = StateFilter(loaded, elements(loaded))
    run = Run(twin, observer, loaded)
    sound = readings_at(loaded, twin, FIRST, twin.measured.record.start)
    spoilt = name if name in sound else next(n for n in sorted(points) if n in sound)
    for step in range(FIRST, FIRST + 12 * EVERY_STEPS, EVERY_STEPS):
        state = run.at(step, {spoilt: 41.0})
    assert observer.sureness is not None
    named = {one.sensor: one.fault for one in observer.sureness.left_out}
    assert named[spoilt] in (Fault.STUCK, Fault.OFF, Fault.SCALED)
    assert state.indoor_temp_c.max() < 35.0


@pytest.mark.parametrize(
    ("quantity", "factor", "shift"),
    [
        ("secondary_supply_temp_c", 1.0, 40.0),
        ("secondary_supply_temp_c", 0.1, 0.0),  # a digit lost
        ("flow_m3_h", 10.0, 0.0),
        ("flow_m3_h", -1.0, 0.0),  # built in the wrong way round
    ],
)
def test_a_stations_meter_that_can_not_be_right_is_left_out(
    twin: Twin, loaded: Site, quantity: str, factor: float, shift: float
) -> None:
    spoilt = min(
        p.point_id for p in loaded.points if (p.target_kind, p.quantity) == ("station", quantity)
    )
    observer = StateFilter(loaded, elements(loaded))
    run = Run(twin, observer, loaded)
    for step in range(FIRST, FIRST + 12 * EVERY_STEPS, EVERY_STEPS):
        now = twin.measured.record.start + timedelta(seconds=900 * step)
        true = readings_at(loaded, twin, step, now)[spoilt].value
        assert true is not None
        run.at(step, {spoilt: factor * true + shift})
    assert observer.sureness is not None
    assert {one.sensor for one in observer.sureness.left_out} == {spoilt}


@pytest.mark.parametrize("alone", [True, False], ids=["it alone", "with what stations receive"])
def test_a_colder_outlet_is_a_wrong_sensor_only_where_stations_do_not_say_the_same(
    twin: Twin, loaded: Site, alone: bool
) -> None:
    outlet, *received = [
        point.point_id
        for kind in ("plant", "station")
        for point in loaded.points
        if (point.target_kind, point.quantity) == (kind, "supply_temp_c")
    ]
    observer = StateFilter(loaded, elements(loaded))
    run = Run(twin, observer, loaded)
    for step in range(FIRST, FIRST + 12 * EVERY_STEPS, EVERY_STEPS):
        now = twin.measured.record.start + timedelta(seconds=900 * step)
        said = readings_at(loaded, twin, step, now)
        colder = [name for name in (outlet, *([] if alone else received)) if name in said]
        run.at(step, {name: (said[name].value or 0.0) - 12.0 for name in colder})
    assert observer.sureness is not None
    left_out = {one.sensor for one in observer.sureness.left_out}
    assert left_out & {outlet, *received} == ({outlet} if alone else set())


@pytest.fixture(scope="module")
def followed(twin: Twin, loaded: Site) -> StateFilter:
    """A filter that has followed the plant for half a day."""
    observer = StateFilter(loaded, elements(loaded))
    run = Run(twin, observer, loaded)
    for step in range(FIRST, FIRST + 12 * EVERY_STEPS, EVERY_STEPS):
        run.at(step)
    return observer


def test_what_buildings_lose_is_found_and_planned_with(
    twin: Twin, loaded: Site, followed: StateFilter
) -> None:
    drawn, true = loaded.district.network.buildings, twin.truth.buildings
    seen = followed.seen(loaded.district).network.buildings
    total = {name: sum(one.ua_kw_k for one in rows) for name, rows in
             (("drawn", drawn), ("true", true), ("seen", seen))}  # fmt: skip
    assert total["true"] > 1.05 * total["drawn"], "the buildings lose what is drawn"
    assert total["seen"] == pytest.approx(total["true"], rel=0.05)


LOSSES: list[tuple[str, float, float, float, float]] = [
    # what, share before, corrected by K, above outdoors K, share expected
    ("colder than the model: it loses more", 1.0, -0.1, 30.0, 1.02),
    ("warmer: it loses less", 1.0, 0.1, 30.0, 0.98),
    ("as the model says", 1.1, 0.0, 30.0, 1.1),
    ("nearly as warm outdoors: nothing can be told", 1.1, -0.1, 5.0, 1.1),
    ("one room that was left open counts little", 1.0, -9.0, 30.0, 1.042),
    ("no more than a building can lose", LARGEST_LOSS, -9.0, 30.0, LARGEST_LOSS),
    ("no less than is safe", LEAST_LOSS, 9.0, 30.0, LEAST_LOSS),
    ("what is not a number says nothing", 1.1, float("nan"), 30.0, 1.1),
    ("nothing is known outdoors", 1.1, -0.1, float("nan"), 1.1),
]


@pytest.mark.parametrize(("what", "before", "change_k", "above_k", "expected"), LOSSES)
def test_a_loss_is_followed(
    loaded: Site, what: str, before: float, change_k: float, above_k: float, expected: float
) -> None:
    one = replace(loaded.district.network.buildings[0], ua_kw_k=4.0, capacity_kwh_k=120.0)
    network = replace(loaded.district.network, buildings=(one,))
    shares = followed_losses(
        network, np.array([before]), np.array([change_k]), np.array([above_k]), 1.0
    )
    assert shares[0] == pytest.approx(expected, abs=0.002), what


def test_a_valve_that_is_half_shut_is_found_and_planned_with(
    twin: Twin, loaded: Site, followed: StateFilter
) -> None:
    """The plant's fixed stations let through what dirt and hand valves leave."""
    drawn, true = loaded.district.network.stations, twin.truth.stations
    seen = followed.seen(loaded.district).network.stations
    fixed = [s for s, one in enumerate(drawn) if one.control is StationControl.FIXED]
    really = {s: _through(true[s]) / _through(drawn[s]) for s in fixed}
    found = {s: _through(seen[s]) / _through(drawn[s]) for s in fixed}
    # The mains' friction is not what is drawn either: every valve bears a little of it.
    half_shut = min(fixed, key=lambda s: really[s])
    assert really[half_shut] < 0.5, "no valve is half shut"
    assert found[half_shut] == pytest.approx(really[half_shut], abs=0.1)
    assert found == pytest.approx(really, abs=0.25)
    others = np.setdiff1d(np.arange(len(drawn)), fixed)
    assert all(_through(seen[s]) <= _through(drawn[s]) for s in others)
    assert np.mean([seen[s] == drawn[s] for s in others]) > 0.9


def test_a_flow_meter_alone_decides_nothing() -> None:
    one = np.ones(4)
    measured, returned = np.array([0.5, 0.5, np.nan, 0.0]), np.array([38.0, 42.0, 38.0, 38.0])
    shares = followed_shares(one, (measured, one), (returned, 40.0 * one), 1.0, one)
    assert shares[0] < 0.8
    assert list(shares[1:]) == [1.0, 1.0, 1.0]


THROTTLED: list[tuple[str, float, float, float, float, float]] = [
    # what, share before, followed, measured minus modelled heating water K, the model's valve as a
    # share of the table's, share expected
    ("as warm as its controller wants it: nothing shows", 1.0, 0.7, -0.2, 1.0, 1.0),
    ("colder: its valve is open all the way", 1.0, 0.7, -3.0, 1.0, 0.7),
    ("nobody knows how warm", 1.0, 0.7, np.nan, 1.0, 1.0),
    ("found small, warm enough again: it stays small", 0.5, 0.45, 0.0, 1.0, 0.5),
    ("found small, more comes than the model gives", 0.5, 0.6, 0.0, 1.0, 0.6),
    ("larger than drawn is opened less", 0.95, 1.2, 0.0, 1.0, 1.0),
    ("calibrated half shut and opened again", 1.0, 1.9, 0.0, 0.5, 1.9),
    ("calibrated half shut: no larger than the table's", 1.0, 2.3, 0.0, 0.5, 2.0),
    ("calibrated larger than drawn is opened less", 0.95, 1.2, 0.0, 1.5, 1.0),
]


@pytest.mark.parametrize(
    ("what", "before", "followed", "warmer_k", "tabled", "expected"), THROTTLED
)
def test_a_controlled_valve_shows_only_when_it_is_open_all_the_way(
    loaded: Site,
    what: str,
    before: float,
    followed: float,
    warmer_k: float,
    tabled: float,
    expected: float,
) -> None:
    stations = loaded.district.network.stations
    controlled = next(s for s in stations if s.control is StationControl.COMPENSATED)
    fixed = next(s for s in stations if s.control is StationControl.FIXED)
    network = replace(loaded.district.network, stations=(controlled, fixed))
    two = np.ones(2)
    warmed = (55.0 + warmer_k) * two, 55.0 * two
    shares = throttled_shares(network, before * two, followed * two, warmed, tabled * two)
    assert list(shares) == [expected, 1.0], what


@given(
    st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=5),
    st.floats(0.0, 48.0),
    st.floats(0.2, 5.0),
)
def test_shares_stay_within_what_a_valve_can_be(
    flows_and_returns: list[tuple[float, float]], hours: float, tabled: float
) -> None:
    measured, returned = np.array(flows_and_returns).T
    one = np.ones(len(measured))
    shares = followed_shares(one, (measured, one), (returned, 40.0 * one), hours, tabled * one)
    least, most = LEAST_SHARE * min(1.0, tabled), LARGEST_SHARE * max(1.0, tabled)
    drawn = shares * tabled
    assert np.all((drawn >= least * (1.0 - 1e-9)) & (drawn <= most * (1.0 + 1e-9)))


def _through(station: Station) -> float:
    return station.valve_kvs * (station.opening_pct or 100.0)


def test_without_any_reading_the_model_stands_alone(twin: Twin, loaded: Site) -> None:
    both = (Observer(loaded, elements(loaded)), StateFilter(loaded, elements(loaded)))
    found = []
    for observer in both:
        run = Run(twin, observer, loaded)
        now = twin.measured.record.start + timedelta(days=1)
        forecast, history = weather_on_grid(
            run.series,
            district=loaded.district,
            timezone=loaded.timezone,
            start=now,
            hours=1.0,
        )
        found.append(observer.state_at(now, run.series, forecast, history, {}))
    assert np.allclose(found[0].indoor_temp_c, found[1].indoor_temp_c)
    assert np.allclose(found[0].supply_node_temp_c, found[1].supply_node_temp_c)


def test_the_site_folder_is_left_alone(twin: Twin) -> None:
    assert not (Path(twin.site) / "parameters").exists()
