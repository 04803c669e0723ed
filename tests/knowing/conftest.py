"""A plant that is not what its site says, and a week of its meters as files."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.twin.hidden import hidden
from benchmarks.twin.measured import Measured, made_up_weather, measure, run_truth
from benchmarks.twin.written import write_history
from controller.paths import config_dir
from controller.site import load_site
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network

SEED, DAYS = 5, 7


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The site's folder, its history's, what was measured and what is true."""

    site: Path
    history: Path
    measured: Measured
    weather: Forecast
    truth: Network


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    folder = tmp_path_factory.mktemp("twin")
    site = folder / "site"
    shutil.copytree(config_dir() / "old-east", site)
    district = load_site(site).district
    truth = hidden(district, SEED)
    weather = made_up_weather(datetime(2026, 1, 5, tzinfo=UTC), DAYS + 2, SEED, 1)
    trace = run_truth(district, truth, weather, SEED)
    measured = measure(trace, weather, len(truth.buildings), SEED).until(DAYS)
    write_history(district.network, measured.record, weather, folder / "history")
    return Twin(
        site=site, history=folder / "history", measured=measured, weather=weather, truth=truth
    )


@pytest.fixture
def site(twin: Twin, tmp_path: Path) -> Path:
    copy = tmp_path / "site"
    shutil.copytree(twin.site, copy)
    return copy
