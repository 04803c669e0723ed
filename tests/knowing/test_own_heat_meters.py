"""Buildings with a heat meter of their own are known better than by their station's alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.twin.written import write_history
from controller.knowing.history import read_history
from controller.site import load_site
from optimizer.estimate.building_fit import age_of, fit_buildings, sensed_of
from optimizer.estimate.heated import drive_of, fabric_of
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network
from tests.knowing.conftest import Twin


@pytest.fixture(scope="module")
def network(twin: Twin) -> Network:
    return load_site(twin.site).district.network


def metered(twin: Twin) -> tuple[Record, IntArray]:
    """The twin's record with heat meters in every second building, and which those are."""
    record = twin.measured.record
    own = np.array(twin.measured.own_heat_kw)
    own[:, ::2] = np.nan
    has = np.arange(1, own.shape[1], 2)
    return replace(record, buildings={**record.buildings, "heat_power_kw": own}), has


def missed(twin: Twin, network: Network, record: Record) -> tuple[FloatArray, FloatArray]:
    """Error of every building's loss and its stated spread, both of the logarithm."""
    age = age_of(np.array([b.year_built for b in network.buildings], dtype=np.int64))
    found = fit_buildings(drive_of(network, record), fabric_of(network), sensed_of(record), age)
    site = np.array([b.ua_kw_k for b in network.buildings])
    true = np.array([b.ua_kw_k for b in twin.truth.buildings])
    return np.log(site * found.factor[:, 0] / true), found.spread[:, 0]


def test_their_loss_is_known_better_and_said_to_be(twin: Twin, network: Network) -> None:
    record, has = metered(twin)
    without, spread_without = missed(twin, network, twin.measured.record)
    having, spread_having = missed(twin, network, record)
    has = np.setdiff1d(has, twin.measured.sensored)
    assert np.std(having[has]) < 0.9 * np.std(without[has])
    assert np.all(spread_having[has] < spread_without[has])
    inside = np.abs(having) < 1.645 * spread_having
    assert inside[has].mean() > 0.8


def test_a_history_has_them(twin: Twin, network: Network, tmp_path: Path) -> None:
    record, has = metered(twin)
    history = tmp_path / "history"
    write_history(network, record, twin.weather, history)
    found = read_history(load_site(twin.site), history).buildings["heat_power_kw"]
    assert np.array_equal(np.flatnonzero(np.isfinite(found).any(axis=0)), has)
    assert found[:, has] == pytest.approx(record.buildings["heat_power_kw"][:, has])
