"""Lasting changes and leaks: found where they are, and nothing where nothing is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.events import record_of
from benchmarks.twin.hidden import hidden
from controller.knowing.leak_watch import LOOKED_BACK, STEP, leak_causes, quarter_hours
from controller.site import Site, load_site
from controller.store.database import open_database
from controller.store.telemetry import record_readings
from drivers.base import Quality, Reading
from optimizer.estimate.events import Cause, behind, find_events
from optimizer.estimate.leaks import BASE_STEPS, notice_leak, shortlist
from optimizer.model.arrays import FloatArray
from tests.knowing.conftest import SEED, Twin

NOW = datetime(2026, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(twin: Twin) -> Site:
    return load_site(twin.site)


def test_a_valve_that_is_half_shut_is_named_within_three_days(loaded: Site) -> None:
    district = loaded.district
    truth = hidden(district, SEED)
    k = truth.station_index["S01"]
    shut = replace(truth.stations[k], valve_kvs=0.5 * truth.stations[k].valve_kvs)
    after = replace(truth, stations=(*truth.stations[:k], shut, *truth.stations[k + 1 :]))
    record = record_of(district, [(truth, 8), (after, 3)], SEED)
    found = find_events(district.network, record)
    assert [(event.where, event.cause) for event in found] == [("S01", Cause.VALVE)]
    assert found[0].size == pytest.approx(-0.45, abs=0.12)
    assert found[0].seen - (record.start + timedelta(days=8)) <= timedelta(days=3)
    assert find_events(district.network, record.part(0, 8 * 96)) == ()


def test_the_pipe_behind_which_all_affected_stations_lie(loaded: Site) -> None:
    network = loaded.district.network
    station = network.stations[0]
    affected = np.array([one is station for one in network.stations])
    pipe = network.pipes[network.pipe_index[behind(network, affected)]]
    assert station.node_id in (pipe.from_node, pipe.to_node)


def made_up_makeup(rise_m3_h: float, seed: int) -> FloatArray:
    dice = np.random.default_rng(seed)
    level = 1.2 + 0.02 * np.sin(np.arange(288) / 15.0)
    level[BASE_STEPS:] += rise_m3_h
    return np.asarray(level * (1.0 + dice.normal(0.0, 0.02, 288)))


def test_a_rise_of_the_make_up_is_noticed_and_its_size_told() -> None:
    for seed in range(30):
        found = notice_leak(made_up_makeup(0.3, seed))
        assert found is not None
        assert BASE_STEPS <= found.noticed <= BASE_STEPS + 12
        assert found.size_m3_h == pytest.approx(0.3, abs=0.1)


def test_a_quiet_make_up_is_left_in_peace() -> None:
    assert [notice_leak(made_up_makeup(0.0, seed)) for seed in range(30)].count(None) >= 29
    assert notice_leak(np.full(288, np.nan)) is None


def test_a_shortlist_is_no_longer_than_asked(loaded: Site) -> None:
    network = loaded.district.network
    names = [pipe.pipe_id for pipe in network.pipes]
    short = shortlist(network, names, 0.2)
    length = sum(network.pipes[network.pipe_index[name]].length_m for name in short)
    assert length <= 0.2 * sum(pipe.length_m for pipe in network.pipes)


def test_the_engine_raises_an_alarm_for_it(site: Path) -> None:
    loaded = load_site(site)
    database = open_database(loaded.store_url, site)
    try:
        name = next(p.point_id for p in loaded.points if p.quantity == "makeup_m3_h")
        values = made_up_makeup(0.5, 1)
        readings = [
            Reading(
                point_id=name,
                value=float(value),
                time=NOW - LOOKED_BACK + STEP * (k + 0.5),
                quality=Quality.GOOD,
            )
            for k, value in enumerate(values)
        ]
        assert np.allclose(quarter_hours(readings, NOW), values)
        with database.recording() as connection:
            record_readings(connection, readings)
        (cause,) = leak_causes(loaded, database, NOW)
    finally:
        database.close()
    assert (cause.code, cause.source) == ("leak_suspected", name)
    assert "m3/h since" in cause.detail
