"""One look at a thermometer in each building, on a round with a hand thermometer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.twin.written import write_history
from benchmarks.twin_experiment import with_one_look
from controller.knowing.history import read_history
from controller.site import load_site
from optimizer.estimate.building_fit import BuildingFit, age_of, fit_buildings, scaled, sensed_of
from optimizer.estimate.heated import drive_of, fabric_of, run_buildings
from optimizer.estimate.record import Record
from optimizer.estimate.rooms import indoor_spread_k
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network
from tests.knowing.conftest import Twin


@pytest.fixture(scope="module")
def network(twin: Twin) -> Network:
    return load_site(twin.site).district.network


def looked(twin: Twin) -> tuple[Record, IntArray]:
    """The twin's record with one reading in each building without a sensor, and which those are."""
    record = twin.measured.record
    rooms = with_one_look(twin.measured, np.random.default_rng(8))
    others = np.setdiff1d(np.arange(rooms.shape[1]), twin.measured.sensored)
    return replace(record, buildings={**record.buildings, "indoor_temp_c": rooms}), others


def fitted(network: Network, record: Record) -> BuildingFit:
    age = age_of(np.array([b.year_built for b in network.buildings], dtype=np.int64))
    return fit_buildings(drive_of(network, record), fabric_of(network), sensed_of(record), age)


def missed_k(twin: Twin, network: Network, record: Record) -> tuple[FloatArray, FloatArray]:
    """Errors of the rooms of the second half and what they are said to be."""
    drive, found = drive_of(network, record), fitted(network, record)
    air, _, _ = run_buildings(drive, scaled(fabric_of(network), found.factor), found.start_c)
    late = slice(record.steps // 2, None)
    error = 0.5 * (air[:-1] + air[1:]) - twin.measured.indoor_c
    return error[late], indoor_spread_k(drive, fabric_of(network), found)[late]


def test_one_look_in_each_building_halves_what_rooms_are_missed_by(
    twin: Twin, network: Network
) -> None:
    record, others = looked(twin)
    before, sure_before = missed_k(twin, network, twin.measured.record)
    after, sure_after = missed_k(twin, network, record)
    assert np.sqrt(np.mean(after[:, others] ** 2)) < 0.6
    assert np.std(after[:, others]) < 0.6 * np.std(before[:, others])
    assert np.all(sure_after[:, others] < sure_before[:, others])
    inside = np.abs(after[:, others]) < 1.645 * sure_after[:, others]
    assert inside.mean() > 0.85


def test_one_look_is_believed_less_than_a_thermometer_that_stays(
    twin: Twin, network: Network
) -> None:
    record, others = looked(twin)
    spread = fitted(network, record).spread[:, 0]
    assert spread[twin.measured.sensored].mean() < spread[others].mean()


def test_a_history_has_them(twin: Twin, network: Network, tmp_path: Path) -> None:
    record, _ = looked(twin)
    write_history(network, record, twin.weather, tmp_path / "history")
    found = read_history(load_site(twin.site), tmp_path / "history").buildings["indoor_temp_c"]
    assert found == pytest.approx(record.buildings["indoor_temp_c"], nan_ok=True)
