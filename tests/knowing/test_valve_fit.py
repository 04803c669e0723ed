"""What a station lets through: found from flow and pressure, left alone where they say little."""

from dataclasses import replace

import numpy as np
import pytest

from controller.site import load_site
from optimizer.estimate.calibrate import FITTED_SHARE
from optimizer.estimate.calibrate_valves import calibrate_valves
from optimizer.estimate.record import Record
from optimizer.estimate.values import Values
from optimizer.estimate.valve_fit import MOST_SPREAD, across_stations, fit_valve, flow_at_one
from optimizer.model.arrays import FloatArray, frozen
from optimizer.model.network import Network, StationControl, StationKind, ValveCharacteristic
from tests.knowing.conftest import Twin

STEPS, DP_BAR = 24 * 5, 0.8


@pytest.fixture(scope="module")
def network(twin: Twin) -> Network:
    return load_site(twin.site).district.network


def kept(network: Network, record: Record) -> tuple[Values, float, float]:
    values, score = calibrate_valves(network, record, int(FITTED_SHARE * record.steps))
    return values, score.before, score.after


def errors(values: Values, network: Network, truth: Network) -> FloatArray:
    """Error of every station's flow coefficient, as a share."""
    ours = [
        values[one.station_id]["valve_kvs"].value if one.station_id in values else one.valve_kvs
        for one in network.stations
    ]
    return np.asarray(np.abs(np.array(ours) / [one.valve_kvs for one in truth.stations] - 1.0))


def test_a_plants_pressures_and_the_heat_meters_show_every_valve(
    twin: Twin, network: Network
) -> None:
    """No station measures a pressure: friction tells what is left for the valves."""
    values, before, after = kept(network, twin.measured.record)
    assert after < 0.2 * before
    off, as_drawn = errors(values, network, twin.truth), errors({}, network, twin.truth)
    fitted = [s for s, one in enumerate(network.stations) if one.station_id in values]
    assert len(fitted) > 0.5 * len(network.stations)
    assert off[fitted].mean() < 0.02
    assert off[int(np.argmax(as_drawn))] < 0.05, "the valve at half is not found"


def made_up(twin: Twin, network: Network, factor: float, dp_bar: float, noise: float) -> Record:
    """Every station at a wandering pressure, its flow what another valve would let through."""
    dice = np.random.default_rng(3)
    record = replace(twin.measured.record.part(0, STEPS), step_s=3600)
    shape = record.stations["dp_bar"].shape
    dp = dp_bar * (1.0 + 0.3 * np.sin(np.arange(STEPS) / 9.0)[:, None]) * np.ones(shape)
    told = {"dp_bar": frozen(dp), "valve_opening_pct": frozen(np.full(shape, 60.0))}
    record = replace(record, stations={**record.stations, **told})
    seen = across_stations(network, record)
    let = [
        factor * one.valve_kvs * flow_at_one(one, seen, k) for k, one in enumerate(network.stations)
    ]
    flow = np.stack(let, axis=1) * (1.0 + dice.normal(0.0, noise, shape))
    return replace(record, stations={**record.stations, "mass_flow_kg_s": frozen(flow)})


@pytest.mark.parametrize("characteristic", list(ValveCharacteristic))
@pytest.mark.parametrize("factor", [0.5, 0.9, 1.3])
def test_pressures_at_the_stations_and_openings_show_the_controlled_ones_too(
    twin: Twin, network: Network, characteristic: ValveCharacteristic, factor: float
) -> None:
    own = tuple(replace(one, valve_characteristic=characteristic) for one in network.stations)
    network = replace(network, stations=own)
    values, _, after = kept(network, made_up(twin, network, factor, DP_BAR, 0.02))
    assert after < 5.0
    assert {one.control for one in own} == set(StationControl)
    for station in own:
        found = values[station.station_id]["valve_kvs"]
        assert found.value == pytest.approx(factor * station.valve_kvs, rel=0.01)
        assert 0.0 < found.spread < MOST_SPREAD


LITTLE: list[tuple[str, float, float]] = [
    ("a gauge's error is as large as the pressure", 1.5, 0.08),
    ("a station that is as good as shut is no small valve", 0.2, DP_BAR),
    ("a meter in other units is no large valve", 3.6, DP_BAR),
]


@pytest.mark.parametrize(("what", "factor", "dp_bar"), LITTLE)
def test_what_says_little_changes_nothing(
    twin: Twin, network: Network, what: str, factor: float, dp_bar: float
) -> None:
    record = made_up(twin, network, factor, dp_bar, 0.02)
    values, score = calibrate_valves(network, record, int(FITTED_SHARE * STEPS))
    assert values == {}, what
    assert score.why_not


def test_a_valve_that_was_right_stays(twin: Twin, network: Network) -> None:
    record = made_up(twin, network, 1.0, DP_BAR, 0.0)
    values, before, after = kept(network, record)
    assert before == pytest.approx(0.0, abs=1e-6)
    assert after <= before
    assert errors(values, network, network).max() < 1e-9


def test_a_load_has_no_valve_of_its_own(twin: Twin, network: Network) -> None:
    load = replace(network.stations[0], kind=StationKind.LOAD)
    seen = across_stations(network, made_up(twin, network, 0.7, DP_BAR, 0.0))
    assert fit_valve(load, seen, 0) is None
