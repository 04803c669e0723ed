"""The demonstration site shows what it is meant to show: proportions, behaviour, origin."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from controller.site import Site, load_site
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.model.arrays import frozen
from optimizer.model.forecast import Forecast
from optimizer.model.network import Building, Pipe, Station, StationControl, StationKind
from optimizer.model.trace import Trace
from optimizer.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "config" / "old-east"
YEAR = 2026


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(SITE, this_year=YEAR)


def test_the_generator_writes_the_committed_files_again_byte_for_byte(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.make_old_east", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in SITE.iterdir())
    for path in SITE.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_nothing_in_it_is_implausible(site: Site) -> None:
    assert site.warnings == ()


def test_its_size(site: Site) -> None:
    network = site.district.network
    assert (len(network.plants), len(network.stations), len(network.buildings)) == (1, 60, 300)
    assert [pump.plant_id for pump in network.pumps] == ["P1", "P1"]
    assert np.ptp([node.elevation_m for node in network.nodes]) > 10.0


def _floor_share(site: Site, is_one: Callable[[Building], bool]) -> float:
    buildings = site.district.network.buildings
    area = sum(building.floor_area_m2 for building in buildings if is_one(building))
    return area / sum(building.floor_area_m2 for building in buildings)


def test_most_of_the_floor_area_is_old_and_needs_half_again_the_heat(site: Site) -> None:
    def old(building: Building) -> bool:
        return 1980 <= building.year_built < 2000

    def loss_w_m2_k(buildings: list[Building]) -> float:
        ua = sum(building.ua_kw_k for building in buildings)
        return 1000.0 * ua / sum(building.floor_area_m2 for building in buildings)

    assert _floor_share(site, old) > 0.70
    buildings = site.district.network.buildings
    uninsulated = [b for b in buildings if old(b) and b.ua_kw_k > 1.8e-3 * b.floor_area_m2]
    assert sum(b.floor_area_m2 for b in uninsulated) > 0.70 * sum(
        b.floor_area_m2 for b in buildings
    )
    saving = [b for b in buildings if b.year_built >= 2010]
    assert loss_w_m2_k(uninsulated) >= 1.5 * loss_w_m2_k(saving)


def test_some_buildings_have_many_vacated_flats(site: Site) -> None:
    beta = [building.worst_flat_beta for building in site.district.network.buildings]
    assert min(beta) < 0.05
    assert max(beta) > 0.10


PIPE_FACTS: list[tuple[str, Callable[[Pipe], bool], float, float]] = [
    # what, test, least share, largest share
    ("older than 10 years", lambda p: (p.year_laid or YEAR) < YEAR - 10, 0.90, 0.99),
    ("near 40 years old", lambda p: (p.year_laid or YEAR) <= YEAR - 37, 0.05, 0.60),
    ("holds less than PN 10", lambda p: p.max_pressure_bar < 10.0, 0.15, 0.60),
    ("derated to less than 110 degC", lambda p: p.max_temp_c < 110.0, 0.10, 0.50),
    ("a ramp below 6 K/h", lambda p: p.max_ramp_k_h < 6.0, 0.30, 0.95),
    ("rougher than 0.5 mm", lambda p: p.roughness_m > 0.5e-3, 0.80, 0.99),
    ("leaks", lambda p: p.leak_m3_h > 0.0, 1.0, 1.0),
]


@pytest.mark.parametrize(
    ("is_so", "least", "most"), [fact[1:] for fact in PIPE_FACTS], ids=[f[0] for f in PIPE_FACTS]
)
def test_the_pipes_are_old(
    site: Site, is_so: Callable[[Pipe], bool], least: float, most: float
) -> None:
    pipes = site.district.network.pipes
    assert least <= sum(map(is_so, pipes)) / len(pipes) <= most


STATION_FACTS: list[tuple[str, Callable[[Station], bool], int, int]] = [
    ("offset can be written", lambda s: s.offset_range_k is not None, 20, 20),
    ("fixed valve", lambda s: s.control is StationControl.FIXED, 31, 40),
    ("compensated", lambda s: s.control is StationControl.COMPENSATED, 20, 29),
    ("direct", lambda s: s.kind is StationKind.DIRECT, 4, 8),
]


@pytest.mark.parametrize(
    ("is_so", "least", "most"),
    [fact[1:] for fact in STATION_FACTS],
    ids=[fact[0] for fact in STATION_FACTS],
)
def test_the_stations(site: Site, is_so: Callable[[Station], bool], least: int, most: int) -> None:
    assert least <= sum(map(is_so, site.district.network.stations)) <= most


def _steady(site: Site, outdoor_c: float) -> Trace:
    """A day of constant weather under the curve, from its own steady state."""
    steps = 96
    constant = Forecast(
        start=datetime(2026, 1, 9, tzinfo=UTC),
        step_s=900,
        outdoor_temp_c=frozen(np.full((1, steps + 1), outdoor_c)),
        wind_m_s=frozen(np.full((1, steps), 2.5)),
        ghi_w_m2=frozen(np.zeros((1, steps))),
        heat_price_per_mwh=frozen(np.full((1, steps), 190.0)),
    )
    state = starting_state(site.district, constant, None)
    schedule = baseline_schedule(site.district, constant, state)
    return simulate(site.district.network, state, constant, schedule)


def _share_short(site: Site, trace: Trace) -> float:
    least = np.array([building.min_indoor_c for building in site.district.network.buildings])
    return float(np.mean(trace.buildings.worst_flat_temp_c[-1] < least))


@pytest.mark.parametrize("outdoor_c", [5.0, 2.0, 0.0])
def test_on_a_mild_day_nobody_is_short(site: Site, outdoor_c: float) -> None:
    assert _share_short(site, _steady(site, outdoor_c)) == 0.0


def test_at_design_cold_the_curve_leaves_about_a_tenth_short(site: Site) -> None:
    assert 0.07 <= _share_short(site, _steady(site, -9.0)) <= 0.13


def test_at_design_cold_the_near_are_warmer_than_the_far(site: Site) -> None:
    network = site.district.network
    indoor = _steady(site, -9.0).buildings.indoor_temp_c[-1]
    fixed = {s.station_id: i for i, s in enumerate(network.stations)
             if s.control is StationControl.FIXED}  # fmt: skip
    third = len(network.stations) // 3
    near = [t for b, t in zip(network.buildings, indoor, strict=True)
            if fixed.get(b.station_id, third) < third]  # fmt: skip
    far = [t for b, t in zip(network.buildings, indoor, strict=True)
           if fixed.get(b.station_id, 0) >= 2 * third]  # fmt: skip
    assert np.mean(near) > np.mean(far) + 1.0
