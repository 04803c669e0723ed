"""Lasting changes and leaks: found where they are, and nothing where nothing is."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.events import record_of
from benchmarks.twin.hidden import hidden
from controller.site import Site, load_site
from optimizer.estimate.events import Cause, behind, find_events
from optimizer.estimate.leak_places import shortlist
from optimizer.estimate.leaks import BASE_STEPS, goes_on, notice_another, notice_leak
from optimizer.model.arrays import FloatArray
from tests.knowing.conftest import SEED, Twin


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
        assert found.usual_m3_h == pytest.approx(1.2, abs=0.05)


def test_a_quiet_make_up_is_left_in_peace() -> None:
    assert [notice_leak(made_up_makeup(0.0, seed)) for seed in range(30)].count(None) >= 29
    assert notice_leak(np.full(288, np.nan)) is None


@pytest.mark.parametrize("after_steps", [16, 40, 90, 250])
def test_a_further_rise_is_told_from_the_leak_that_runs(after_steps: int) -> None:
    quiet = 0
    for seed in range(30):
        dice = np.random.default_rng(seed)
        level = np.where(np.arange(after_steps + 12) < after_steps, 1.5, 1.8)
        read = level * (1.0 + dice.normal(0.0, 0.02, len(level)))
        quiet += notice_another(read[:after_steps]) is None
        found = notice_another(read)
        assert found is not None
        assert abs(found.began - after_steps) <= 8
        assert found.size_m3_h == pytest.approx(0.3, abs=0.15)
    assert quiet >= 29


@pytest.mark.parametrize(
    ("now_m3_h", "runs"), [(1.5, True), (1.38, True), (1.32, False), (1.2, False), (np.nan, True)]
)
def test_a_leak_runs_until_the_make_up_has_fallen_back(now_m3_h: float, runs: bool) -> None:
    makeup = np.concatenate([np.full(200, 1.5), np.full(8, now_m3_h)])
    assert goes_on(makeup, usual_m3_h=1.2, size_m3_h=0.3) is runs


def test_a_shortlist_is_no_longer_than_asked(loaded: Site) -> None:
    network = loaded.district.network
    names = [pipe.pipe_id for pipe in network.pipes]
    short = shortlist(network, names, 0.2)
    length = sum(network.pipes[network.pipe_index[name]].length_m for name in short)
    assert length <= 0.2 * sum(pipe.length_m for pipe in network.pipes)
