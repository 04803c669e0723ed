"""A leak in the engine: noticed by the make-up, placed by pressures, told until it is mended."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.twin.hidden import hidden
from controller.alarms.board import Cause
from controller.engine.elements import elements
from controller.engine.observer import ModelRun
from controller.knowing.kept_pressures import keep, recalled
from controller.knowing.leak_points import PRESSURES
from controller.knowing.leak_watch import LOOKED_BACK, STEP, LeakWatch, quarter_hours
from controller.knowing.leak_words import WHY_NOT
from controller.knowing.pressure_memory import PressureMemory
from controller.knowing.state_filter import StateFilter, Sureness
from controller.site import Site, load_site
from controller.store.database import Database, open_database
from controller.store.present import published
from controller.store.telemetry import record_readings
from controller.translate import weather_on_grid
from drivers.base import Quality, Reading, WeatherSeries
from optimizer.baseline import starting_state
from optimizer.estimate.leak_places import pressures_at_stations
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.model.state import PlantState
from optimizer.simulate import simulate
from tests.knowing.conftest import SEED
from tests.knowing.setpoints import constant

BEGAN = datetime(2026, 1, 12, tzinfo=UTC)
BEFORE_H, AFTER_H = 4, 4
LEAKING, SIZE_M3_H, USUAL_M3_H = "LN011", 2.0, 4.0
NOISE_BAR = 0.005


def with_pressures(site: Site, stations: int) -> Site:
    """The site with supply and return pressures at its first stations."""
    pattern = next(one for one in site.points if one.target_id == "S01")
    added = [
        replace(
            pattern,
            point_id=f"{one.station_id}.{quantity}",
            target_id=one.station_id,
            quantity=quantity,
        )
        for one in site.district.network.stations[:stations]
        for quantity in PRESSURES
    ]
    return replace(site, points=(*site.points, *added))


def colder_and_colder() -> WeatherSeries:
    times = tuple(BEGAN + timedelta(hours=hour) for hour in range(-200, 48))
    outdoor = np.array([[-3.0 - 0.2 * max(hour, -24) for hour in range(-200, 48)]])
    return WeatherSeries(
        source="test", issue_time=times[0], times=times, members=("one",), outdoor_temp_c=outdoor
    )


def leaking(network: Network, pipe_id: str, size_m3_h: float) -> Network:
    i = network.pipe_index[pipe_id]
    pipe = replace(network.pipes[i], leak_m3_h=network.pipes[i].leak_m3_h + size_m3_h)
    return replace(network, pipes=(*network.pipes[:i], pipe, *network.pipes[i + 1 :]))


@pytest.fixture(scope="module")
def old_east() -> Site:
    from controller.paths import config_dir

    return load_site(config_dir() / "old-east")


@pytest.fixture(scope="module")
def pressures(old_east: Site) -> FloatArray:
    """What the stations of the hidden plant measure, every quarter hour; it leaks from BEGAN on."""
    plain, series = old_east.district, colder_and_colder()
    truth = hidden(plain, SEED)
    rows: list[FloatArray] = []
    state: PlantState | None = None
    for network, start, hours in (
        (truth, BEGAN - timedelta(hours=BEFORE_H), BEFORE_H),
        (leaking(truth, LEAKING, SIZE_M3_H), BEGAN, AFTER_H),
    ):
        forecast, history = weather_on_grid(
            series, district=plain, timezone=old_east.timezone, start=start, hours=hours
        )
        held = starting_state(plain, forecast, history) if state is None else state
        if state is None:
            state = starting_state(replace(plain, network=truth), forecast, history)
        trace = simulate(network, state, forecast, constant(held, start, forecast.step_s, hours))
        rows.append(pressures_at_stations(network, trace.nodes))
        state = replace(trace.end_state, pump_setpoint=held.pump_setpoint)
    values = np.concatenate(rows)
    dice = np.random.default_rng(SEED)
    return values + dice.normal(0.0, NOISE_BAR, values.shape)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'leaks.db'}", tmp_path)
    yield opened
    opened.close()


def record_makeup(database: Database, mended: datetime | None = None) -> None:
    """Four days of make-up, with the leak from BEGAN on until it is mended."""
    dice = np.random.default_rng(SEED)
    readings = []
    for k in range(-LOOKED_BACK // STEP, 96 * 2):
        at = BEGAN + STEP * (k + 0.5)
        runs = at >= BEGAN and (mended is None or at < mended)
        value = USUAL_M3_H * (1.0 + dice.normal(0.0, 0.02)) + SIZE_M3_H * runs
        readings.append(
            Reading(point_id="P1.makeup_flow", value=value, time=at, quality=Quality.GOOD)
        )
    with database.recording() as connection:
        record_readings(connection, readings)


@dataclass
class Engine:
    """The filter and the watch of an engine, cycle by cycle."""

    site: Site
    database: Database
    pressures: FloatArray
    causes: tuple[Cause, ...] = ()
    watch: LeakWatch = field(init=False)
    filter: StateFilter = field(init=False)

    def __post_init__(self) -> None:
        self.watch = LeakWatch(self.site, self.database)
        self.filter = StateFilter(self.site, elements(self.site), self._tell)

    def _tell(self, state: PlantState, sureness: Sureness, run: ModelRun | None) -> None:
        self.causes = self.watch.look(sureness.at, sureness.missed_bar, run)

    def run(self, first_h: float, last_h: float) -> None:
        """Cycles every quarter hour from one instant to another, h since the leak began."""
        series, stations = colder_and_colder(), self.site.district.network.station_index
        for k in range(round(first_h * 4), round(last_h * 4) + 1):
            now = BEGAN + STEP * k
            forecast, history = weather_on_grid(
                series, district=self.site.district, timezone=self.site.timezone, start=now, hours=1
            )
            row = k + BEFORE_H * 4 - 1
            readings = {}
            for point in self.site.points:
                if point.quantity not in PRESSURES or point.target_kind != "station":
                    continue
                if not 0 <= row < len(self.pressures):
                    continue
                column = PRESSURES.index(point.quantity) * len(stations)
                value = float(self.pressures[row, column + stations[point.target_id]])
                readings[point.point_id] = Reading(
                    point_id=point.point_id, value=value, time=now, quality=Quality.GOOD
                )
            self.filter.state_at(now, series, forecast, history, readings)

    def told(self) -> dict[str, object]:
        with self.database.reading() as connection:
            found = published(connection, "leaks")
        assert found is not None
        (one,) = found[1]["suspected"]
        return dict(one)


def test_a_leak_is_noticed_placed_recalled_and_over_when_it_is_mended(
    old_east: Site, database: Database, pressures: FloatArray
) -> None:
    mended = BEGAN + timedelta(hours=12)
    record_makeup(database, mended)
    site = with_pressures(old_east, 60)
    engine = Engine(site, database, pressures)
    engine.run(-1.75, -0.25)
    before = engine.causes
    assert before == ()
    engine.run(0.0, 3.0)
    (cause,) = engine.causes
    assert (cause.code, cause.source) == ("leak_suspected", "P1.makeup_flow")
    assert "m3/h since 2026-01-1" in cause.detail
    assert "likeliest in " in cause.detail
    told = engine.told()
    assert told["settled"]
    assert told["stations"] == 60
    places = [one["pipe_id"] for one in told["places"]]  # type: ignore[attr-defined]
    assert LEAKING in places
    lengths = {one.pipe_id: one.length_m for one in site.district.network.pipes}
    assert sum(lengths[name] for name in places) <= 0.2 * sum(lengths.values())

    again = Engine(site, database, pressures)
    again.run(6.0, 6.25)
    assert again.causes == engine.causes
    again.run(11.75, 12.25)
    assert again.causes == engine.causes
    again.run(14.0, 14.25)
    assert again.causes == ()


@pytest.mark.parametrize("restarted_h", [-0.25, 0.5])
def test_a_restart_amid_a_new_leak_costs_no_place(
    old_east: Site, database: Database, pressures: FloatArray, restarted_h: float
) -> None:
    record_makeup(database)
    site = with_pressures(old_east, 60)
    Engine(site, database, pressures).run(-1.75, restarted_h)
    again = Engine(site, database, pressures)
    again.run(restarted_h + 0.25, 3.25)
    told = again.told()
    assert told["settled"]
    assert LEAKING in [one["pipe_id"] for one in told["places"]]  # type: ignore[attr-defined]


def test_a_second_leak_is_told_apart_recalled_and_the_first_to_be_taken_for_mended(
    old_east: Site, database: Database, pressures: FloatArray
) -> None:
    second, mended = BEGAN + timedelta(hours=8), BEGAN + timedelta(hours=16)
    dice = np.random.default_rng(SEED)
    readings = []
    for k in range(-LOOKED_BACK // STEP, 96 * 2):
        at = BEGAN + STEP * (k + 0.5)
        leaks = SIZE_M3_H * ((at >= BEGAN) + (second <= at < mended))
        value = USUAL_M3_H * (1.0 + dice.normal(0.0, 0.02)) + leaks
        readings.append(
            Reading(point_id="P1.makeup_flow", value=value, time=at, quality=Quality.GOOD)
        )
    with database.recording() as connection:
        record_readings(connection, readings)
    engine = Engine(old_east, database, pressures)
    engine.run(6.0, 7.75)
    assert len(engine.causes) == 1
    engine.run(8.0, 10.0)
    two = engine.causes
    assert len(two) == 2
    first, further = two
    assert first.source == "P1.makeup_flow"
    assert first.alarm_id != further.alarm_id
    assert "+2." in further.detail or "+1.9" in further.detail
    again = Engine(old_east, database, pressures)
    again.run(11.0, 11.25)
    assert [one.alarm_id for one in again.causes] == [first.alarm_id, further.alarm_id]
    again.run(18.5, 18.75)
    assert [one.alarm_id for one in again.causes] == [first.alarm_id]


def test_quarter_hours_are_kept_for_three_days_and_of_as_many_stations(database: Database) -> None:
    memory, day = PressureMemory(2), timedelta(days=1)
    row = np.array([0.01, np.nan, -0.02, 0.0])
    for k in range(4 * 24 * 4):
        now = BEGAN + STEP * k
        memory.remember(now, row + k * 1e-3)
        with database.writing() as connection:
            keep(connection, memory.ended(now))
    with database.reading() as connection:
        found = recalled(connection, now)
    assert min(found) >= now - 3 * day
    assert max(found) == now - STEP
    assert found[now - STEP] == pytest.approx(row + (k - 1) * 1e-3, nan_ok=True)
    for stations, known in ((2, True), (3, False)):
        again = PressureMemory(stations)
        again.recall(found)
        before, _ = again.change_since(now)
        assert (before is not None) == known


@pytest.mark.parametrize(
    ("stations", "first_h", "why_not"),
    [(0, 0.5, "no_pressures"), (2, 0.5, "no_pressures"), (60, 0.5, "not_before")],
)
def test_where_it_can_not_be_told_that_is_said(
    old_east: Site,
    database: Database,
    pressures: FloatArray,
    stations: int,
    first_h: float,
    why_not: str,
) -> None:
    record_makeup(database)
    engine = Engine(with_pressures(old_east, stations), database, pressures)
    engine.run(first_h, 1.25)
    (cause,) = engine.causes
    assert cause.detail.endswith(WHY_NOT[why_not].en)
    assert engine.told()["places"] == []


def test_pressures_that_fall_silent_place_nothing(
    old_east: Site, database: Database, pressures: FloatArray
) -> None:
    record_makeup(database)
    engine = Engine(with_pressures(old_east, 60), database, pressures[: BEFORE_H * 4])
    engine.run(-1.5, 1.0)
    assert engine.told()["why_not"] == "too_early"
    engine.run(3.0, 3.25)
    assert engine.told()["why_not"] == "silent"


def test_quarter_hours_are_means_of_good_readings() -> None:
    now = BEGAN
    good = [
        Reading(point_id="m", value=value, time=now - STEP * 0.5, quality=quality)
        for value, quality in ((1.0, Quality.GOOD), (3.0, Quality.GOOD), (90.0, Quality.STALE))
    ]
    found = quarter_hours(good, now)
    assert found[-1] == 2.0
    assert np.isnan(found[:-1]).all()
