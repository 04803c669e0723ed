"""Cycles that follow each other faster than the water: what was seen once is not seen again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np

from controller.engine.elements import elements
from controller.knowing.state_filter import StateFilter
from controller.site import Site, load_site
from controller.translate import weather_on_grid
from drivers.base import Quality, Reading, WeatherSeries
from hil_tests.bench.session import site_folder
from optimizer.certify import certify
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.forecast import Forecast
from optimizer.model.outcome import LimitKind
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState

START = datetime(2026, 1, 16, tzinfo=UTC)
# A steady village, as its bench showed it: the fixed station returns 8 K less than the model says.
SAID = {
    "P1.supply_temp": 89.3, "P1.return_temp": 44.2, "P1.sp.fb": 89.3, "M1.sp.fb": 90.0,
    "S1.supply_temp": 87.4, "S1.return_temp": 45.1, "S1.flow": 4.2, "S1.off.fb": 0.0,
    "S2.supply_temp": 86.3, "S2.return_temp": 45.8, "S2.flow": 3.5, "S2.off.fb": 0.0,
    "S3.supply_temp": 85.3, "S3.return_temp": 47.9, "S3.flow": 3.1,
    "B1.indoor": 22.1, "B3.indoor": 21.5, "B4.indoor": 24.3,
}  # fmt: skip
STEADY = WeatherSeries(
    source="made up", issue_time=START, members=("one",),
    times=tuple(START + timedelta(hours=h) for h in range(-72, 25)),
    outdoor_temp_c=np.full((1, 97), -5.0),
)  # fmt: skip


def seen(
    observer: StateFilter,
    site: Site,
    now: datetime,
    spoilt: Mapping[str, float] = MappingProxyType({}),
) -> tuple[PlantState, Forecast]:
    readings = {
        name: Reading(point_id=name, value=value, time=now, quality=Quality.GOOD)
        for name, value in {**SAID, **spoilt}.items()
    }
    forecast, history = weather_on_grid(
        STEADY, district=site.district, timezone=site.timezone, start=now, hours=4.0
    )
    return observer.state_at(now, STEADY, forecast, history, readings), forecast


def held(state: PlantState, forecast: Forecast) -> Schedule:
    def repeated(values: FloatArray) -> FloatArray:
        return frozen(np.repeat(values[:, None], forecast.steps, axis=1))

    return Schedule(
        start=forecast.start,
        step_s=forecast.step_s,
        supply_temp_c=repeated(state.supply_temp_setpoint_c),
        pump_setpoint=repeated(state.pump_setpoint),
        secondary_offset_k=repeated(state.secondary_offset_k),
    )


def test_a_steady_plant_stays_steady_and_its_sensors_sound_from_minute_to_minute() -> None:
    """A return that a station's model misses was taken off the water anew in each cycle: no plan
    could begin there, and the plant's own sensor was called stuck."""
    site = load_site(site_folder("village"))
    observer = StateFilter(site, elements(site))
    left_out: set[str] = set()
    ramps = []
    for minute in range(25):
        state, forecast = seen(observer, site, START + timedelta(minutes=minute))
        assert observer.sureness is not None
        left_out |= {one.sensor for one in observer.sureness.left_out}
        if minute % 8 == 0:
            found = certify(observer.seen(site.district), state, forecast, held(state, forecast))
            ramps += [one.worst for one in found.limits if one.limit is LimitKind.PIPE_RAMP]
    assert not left_out
    assert max(ramps) < 4.0  # of 10 K/h; 13 before


def test_the_same_miss_seen_every_minute_for_ten_minutes_is_no_proof_and_for_hours_is() -> None:
    site = load_site(site_folder("village"))
    observer = StateFilter(site, elements(site))
    minutes = [*range(12), *range(15, 180, 15)]
    named = []
    for minute in minutes:
        seen(observer, site, START + timedelta(minutes=minute), {"P1.return_temp": 29.0})
        assert observer.sureness is not None
        named.append({one.sensor for one in observer.sureness.left_out})
    assert named[:12] == [set()] * 12
    assert named[-1] == {"P1.return_temp"}
