"""Roughness from pressure differences: found where it shows, left alone where nothing shows it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.leaks import coarse
from benchmarks.twin.measured import STEP_S, made_up_weather
from controller.knowing.calibrating import take_into_use
from controller.site import load_site
from controller.sitefiles.parameters import COLUMNS, ParameterVersion
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.estimate.calibrate import FITTED_SHARE
from optimizer.estimate.calibrate_pipes import calibrate_friction
from optimizer.estimate.pipe_friction import MOST_FACTOR, fit_friction, missed_bar, pressures_of
from optimizer.estimate.pipe_loss import kind_of
from optimizer.estimate.record import PLANT_QUANTITIES, STATION_QUANTITIES, Record
from optimizer.estimate.values import Value
from optimizer.model.arrays import frozen
from optimizer.model.network import Network
from optimizer.simulate import simulate
from tests.knowing.conftest import Twin

GAUGE_BAR, OFFSET_BAR = 0.01, 0.02


@pytest.fixture(scope="module")
def network(twin: Twin) -> Network:
    return load_site(twin.site).district.network


def measured(twin: Twin, network: Network, planted: tuple[float, ...]) -> Record:
    """The twin's flows, and the pressures that pipes of other roughness would leave."""
    record = twin.measured.record
    assert record.step_s == STEP_S
    truth = np.array(planted)[kind_of(network.pipes)]
    nothing = np.zeros(record.stations["dp_bar"].shape)
    blank = replace(record, stations={**record.stations, "dp_bar": frozen(nothing)})
    hours = blank.hourly()
    # Every hour, not one in four: the same flows by means of shifted records.
    left = np.zeros((hours.steps, len(network.stations)))
    for first in range(4):
        part = hours.part(first, hours.steps)
        left[first::4] = missed_bar(network, pressures_of(network, part), truth)
    dice = np.random.default_rng(1)
    left += dice.normal(0.0, GAUGE_BAR, left.shape) + dice.normal(0.0, OFFSET_BAR, left.shape[1])
    return replace(hours, stations={**hours.stations, "dp_bar": frozen(left)})


@pytest.mark.parametrize("planted", [(2.0, 1.5, 1.0), (0.6, 0.8, 1.0), (1.0, 1.0, 1.0)])
def test_the_roughness_of_each_class_is_found(
    twin: Twin, network: Network, planted: tuple[float, ...]
) -> None:
    seen = pressures_of(network, measured(twin, network, planted))
    found = fit_friction(network, seen)
    off = np.abs(np.log(found.factor / np.array(planted)))
    assert np.all(off < 3.0 * found.spread)
    assert off[0] < 0.25  # the mains are of the oldest class
    assert np.all(found.factor <= MOST_FACTOR)


def test_the_simulators_own_friction_is_found(twin: Twin) -> None:
    """Not the fit's formula: a day of the whole model, its leaks and temperatures included."""
    district = load_site(twin.site).district
    plain = district.network
    factor = np.array([1.8, 1.0, 1.0])[kind_of(plain.pipes)]
    pipes = [
        replace(pipe, roughness_m=pipe.roughness_m * float(more))
        for pipe, more in zip(plain.pipes, factor, strict=True)
    ]
    rough = replace(district, network=replace(plain, pipes=tuple(pipes)))
    weather = coarse(made_up_weather(datetime(2026, 1, 5, tzinfo=UTC), 2, 1, 1))
    state = starting_state(rough, weather, None)
    trace = simulate(rough.network, state, weather, baseline_schedule(rough, weather, state))
    nothing = np.full((weather.steps, len(plain.buildings)), np.nan)
    record = Record(
        start=weather.start,
        step_s=weather.step_s,
        outdoor_temp_c=weather.outdoor_temp_c[0, :-1],
        wind_m_s=weather.wind_m_s[0],
        ghi_w_m2=weather.ghi_w_m2[0],
        plants={name: getattr(trace.plants, name) for name in PLANT_QUANTITIES},
        stations={name: getattr(trace.stations, name) for name in STATION_QUANTITIES},
        buildings={"indoor_temp_c": nothing},
    )
    found = fit_friction(plain, pressures_of(plain, record))
    assert found.factor[:2] == pytest.approx([1.8, 1.0], rel=0.1)


def test_what_is_held_back_is_predicted_better_and_kept(twin: Twin, network: Network) -> None:
    record = measured(twin, network, (2.0, 1.5, 1.0))
    found, score = calibrate_friction(network, record, int(FITTED_SHARE * record.steps))
    assert score.after < 0.5 * score.before
    for pipe in network.pipes:
        (column,) = found[pipe.pipe_id]
        assert column in COLUMNS["pipes"]
        assert found[pipe.pipe_id][column].value < MOST_FACTOR * pipe.roughness_m


def test_without_pressures_the_roughness_stays(twin: Twin, network: Network) -> None:
    record = twin.measured.record
    found, score = calibrate_friction(network, record, int(FITTED_SHARE * record.steps))
    assert found == {}
    assert "no station's pressure difference is known" in score.why_not


def test_a_version_that_the_site_refuses_is_taken_back(site: Path) -> None:
    pipe = load_site(site).district.network.pipes[0]
    made = ParameterVersion(
        version=1, made_at=datetime(2026, 1, 12, tzinfo=UTC), source="a test",
        values={"pipes": {pipe.pipe_id: {"roughness_m": Value(value=0.1, spread=0.1)}}},
        scores=(),
    )  # fmt: skip
    with pytest.raises(ValueError, match="version 1 is not taken into use"):
        take_into_use(site, made)
    assert load_site(site).parameters is None
    half = replace(made, version=2, values={"pipes": {pipe.pipe_id: {
        "roughness_m": Value(value=0.5 * pipe.roughness_m, spread=0.1)}}})  # fmt: skip
    take_into_use(site, half)
    assert load_site(site).district.network.pipes[0].roughness_m == 0.5 * pipe.roughness_m
