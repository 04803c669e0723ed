"""Leaks as the make-up meter proves them: followed, planned with, never a way past the limit."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.engine.elements import elements
from controller.engine.observer import ModelRun
from controller.guard_limits import makeup_kept_m3_h
from controller.knowing.leak_points import makeup_points
from controller.knowing.state_filter import MOST_OF_KEPT, MOST_OF_LIMIT, StateFilter, Sureness
from controller.site import Site, load_site
from controller.translate import weather_on_grid
from drivers.base import Quality, Reading
from drivers.weather.csv_file import read_weather_file
from optimizer.estimate.followed_leaks import LARGEST_SHARE, LEAST_SHARE, followed_leak
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.policy import District
from optimizer.model.state import PlantState
from optimizer.simulate import simulate
from tests.knowing.conftest import Twin
from tests.knowing.readings import readings_at
from tests.knowing.setpoints import constant

UNKNOWN = float("nan")

# what, share before, measured, modelled, after an hour
LEAKS: list[tuple[str, float, float, float, float]] = [
    ("as the table says", 1.0, 2.0, 2.0, 1.0),
    ("half of what is missed within an hour", 1.0, 2.4, 2.0, 1.1),
    ("a mended leak is forgotten", 1.2, 2.0, 2.0, 1.1),
    ("a burst is no leaky pipe", 1.0, 60.0, 2.0, 2.0),
    ("a meter that stands still opens no way", 1.0, 0.0, 2.0, 0.9),
    ("no reading says nothing", 1.3, UNKNOWN, 2.0, 1.3),
    ("no number says nothing", 1.3, float("inf"), 2.0, 1.3),
    ("a meter that runs backwards says nothing", 1.3, -1.0, 2.0, 1.3),
    ("a table without leaks can not be scaled", 1.0, 2.0, 0.0, 1.0),
]


@pytest.mark.parametrize(
    ("what", "share", "measured", "modelled", "expected"), LEAKS, ids=[row[0] for row in LEAKS]
)
def test_leaks_are_followed(
    what: str, share: float, measured: float, modelled: float, expected: float
) -> None:
    assert followed_leak(share, (measured, modelled), 1.0) == pytest.approx(expected), what


@given(
    st.floats(LEAST_SHARE, LARGEST_SHARE),
    st.tuples(st.floats(), st.floats()),
    st.floats(0.0, 48.0),
)
def test_a_share_stays_within_what_leaky_pipes_can_be(
    share: float, makeup_m3_h: tuple[float, float], hours: float
) -> None:
    assert LEAST_SHARE <= followed_leak(share, makeup_m3_h, hours) <= LARGEST_SHARE


class Plant:
    """A plant that leaks what it is told to, watched by a filter every quarter of an hour."""

    def __init__(self, twin: Twin) -> None:
        self.twin, self.site = twin, load_site(twin.site)
        self.ran: list[Network] = []
        self.filter = StateFilter(self.site, elements(self.site), self._tell)
        self.series = read_weather_file(twin.history / "weather.csv")
        self.step = 96

    def _tell(self, _state: PlantState, _sure: Sureness, run: ModelRun | None) -> None:
        self.ran += [run.network] if run is not None else []

    def goes_on(self, hours: float, makeup_m3_h: float) -> tuple[PlantState, Forecast]:
        """Let some hours pass at a given make-up; NaN where its meter says nothing."""
        for _ in range(int(hours * 4)):
            self.step += 1
            now = self.twin.measured.record.start + timedelta(seconds=900 * self.step)
            readings = readings_at(self.site, self.twin, self.step, now)
            for name in makeup_points(self.site):
                reading = Reading(point_id=name, value=makeup_m3_h, time=now, quality=Quality.GOOD)
                bad = replace(reading, value=None, quality=Quality.MISSING)
                readings[name] = reading if makeup_m3_h == makeup_m3_h else bad
            ahead, before = weather_on_grid(
                self.series,
                district=self.site.district,
                timezone=self.site.timezone,
                start=now,
                hours=1.0,
            )
            state = self.filter.state_at(now, self.series, ahead, before, readings)
        return state, ahead


@pytest.fixture
def plant(twin: Twin) -> Plant:
    return Plant(twin)


def modelled_m3_h(district: District, state: PlantState, ahead: Forecast) -> float:
    """Make-up of a district whose setpoints stay where they are."""
    stays = constant(state, ahead.start, ahead.step_s, 1)
    return float(simulate(district.network, state, ahead, stays).plants.makeup_m3_h[0].sum())


def kept_m3_h(site: Site) -> float:
    return MOST_OF_KEPT * makeup_kept_m3_h(site)


def tabled_m3_h(site: Site, state: PlantState, ahead: Forecast) -> float:
    return modelled_m3_h(site.district, state, ahead)


def test_a_plan_sees_what_the_meter_shows(plant: Plant) -> None:
    state, ahead = plant.goes_on(0.5, UNKNOWN)
    tabled = tabled_m3_h(plant.site, state, ahead)
    state, ahead = plant.goes_on(5.0, 1.15 * tabled)
    seen = plant.filter.seen(plant.site.district)
    assert modelled_m3_h(seen, state, ahead) == pytest.approx(1.15 * tabled, rel=0.02)
    assert seen.limits.max_makeup_m3_h == pytest.approx(kept_m3_h(plant.site))


def test_a_plan_keeps_from_the_limit_as_the_guard_does(plant: Plant) -> None:
    plant.goes_on(0.5, UNKNOWN)
    seen = plant.filter.seen(plant.site.district)
    assert seen.limits.max_makeup_m3_h == pytest.approx(kept_m3_h(plant.site))
    assert kept_m3_h(plant.site) < 0.9 * plant.site.district.limits.max_makeup_m3_h


def test_a_plan_comes_back_from_where_the_guard_increases_nothing(plant: Plant) -> None:
    most = plant.site.district.limits.max_makeup_m3_h
    plant.goes_on(6.0, 0.91 * most)
    assert plant.filter.seen(plant.site.district).limits.max_makeup_m3_h == pytest.approx(
        kept_m3_h(plant.site)
    )


def test_a_plan_can_begin_where_the_plant_is(plant: Plant) -> None:
    most = plant.site.district.limits.max_makeup_m3_h
    state, ahead = plant.goes_on(6.0, 0.96 * most)
    near = plant.filter.seen(plant.site.district)
    assert 0.9 * most < near.limits.max_makeup_m3_h <= most
    assert modelled_m3_h(near, state, ahead) < near.limits.max_makeup_m3_h
    state, ahead = plant.goes_on(6.0, 1.5 * most)
    beyond = plant.filter.seen(plant.site.district)
    assert beyond.limits.max_makeup_m3_h == pytest.approx(most, rel=1e-12)
    assert modelled_m3_h(beyond, state, ahead) == pytest.approx(MOST_OF_LIMIT * most, rel=0.02)


def test_where_a_leak_is_stays_readable(plant: Plant) -> None:
    plant.goes_on(3.0, 2.9)
    drawn = [pipe.leak_m3_h for pipe in plant.site.district.network.pipes]
    assert [pipe.leak_m3_h for pipe in plant.ran[-1].pipes] == drawn
