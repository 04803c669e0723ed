"""The coldest flats: learned from thermometers in them, and never thought warmer by other rooms."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from controller.cli import main
from controller.knowing.calibrating import take_into_use
from controller.knowing.history import read_history
from controller.knowing.meter_points import MeterPoints
from controller.site import Site, load_site
from controller.sitefiles.parameters import ParameterVersion
from optimizer.estimate.record import COLDEST_ROOM
from optimizer.estimate.triage import LARGEST_BETA
from optimizer.estimate.values import Value
from optimizer.estimate.worst_flat import MEASURED_MEAN_K, MODELLED_MEAN_K, FlatCourse, fit_beta
from tests.knowing.conftest import Twin

BETA = 0.08


def course(
    true: float,
    *,
    outdoor_c: float = -8.0,
    is_worst: bool = True,
    mean_error_k: float = MEASURED_MEAN_K,
) -> FlatCourse:
    dice = np.random.default_rng(4)
    mean = 20.0 + dice.normal(0.0, 0.3, 400)
    outdoor = outdoor_c + 4.0 * np.sin(np.arange(400) / 15.0)
    worst = mean - true * (mean - outdoor) + dice.normal(0.0, 0.2, 400)
    return FlatCourse(
        worst_c=worst, mean_c=mean, outdoor_c=outdoor, mean_error_k=mean_error_k, is_worst=is_worst
    )


MOVES: list[tuple[str, FlatCourse, float | None, float | None]] = [
    # what, course, least and most that it may come to; None where nothing is learned
    ("a colder flat than thought", course(0.16), 0.12, 0.16),
    ("a warmer one that is the coldest", course(0.03), 0.03, 0.06),
    ("a warmer one that need not be the coldest", course(0.03, is_worst=False), None, None),
    ("a colder one that need not be the coldest", course(0.16, is_worst=False), 0.12, 0.16),
    ("the model's mean is less sure: less is learned", course(0.16, mean_error_k=MODELLED_MEAN_K),
     0.09, 0.13),
    ("mild weather tells nothing", course(0.16, outdoor_c=18.0), None, None),
    ("no flat is believed colder than the largest", course(0.9), LARGEST_BETA, LARGEST_BETA),
    ("nor warmer than its building", course(-0.2), 0.0, 0.01),
]  # fmt: skip


@pytest.mark.parametrize(("what", "seen", "least", "most"), MOVES, ids=[one[0] for one in MOVES])
def test_a_thermometer_moves_the_beta(
    what: str, seen: FlatCourse, least: float | None, most: float | None
) -> None:
    found = fit_beta(BETA, seen)
    if least is None or most is None:
        assert found is None, what
    else:
        assert found is not None, what
        assert least <= found[0] <= most
        assert 0.0 < found[1] < 0.025


def points_csv(site: Site, building_id: str, quantities: tuple[str, ...]) -> list[str]:
    """Rows of points.csv for a building, on the tag of the site's first room."""
    room = next(one for one in site.points if one.quantity == "indoor_temp_c")
    rows = []
    for i, quantity in enumerate(quantities):
        name = f"{building_id}.room{i}"
        rows.append(
            f"{name},{room.device_id},{room.tag},building:{building_id},{quantity},read,,,,"
        )
    return rows


def with_rooms(site: Path, building_id: str, quantities: tuple[str, ...]) -> Site:
    path = site / "points.csv"
    rows = points_csv(load_site(site), building_id, quantities)
    width = path.read_text(encoding="utf-8").splitlines()[0].count(",")
    rows = [row + "," * (width - row.count(",")) for row in rows]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    return load_site(site)


def unmeasured(site: Site) -> str:
    """A building without a thermometer."""
    measured = {one.target_id for one in site.points if one.target_kind == "building"}
    return next(
        b.building_id for b in site.district.network.buildings if b.building_id not in measured
    )


def write_readings(twin: Twin, rooms: dict[str, np.ndarray], folder: Path) -> None:
    """The twin's history with thermometers of single rooms."""
    shutil.copytree(twin.history, folder)
    record = twin.measured.record
    lines = ["point_id,at,value,quality"]
    for k in range(0, record.steps, 2):
        at = (record.start + timedelta(seconds=k * record.step_s)).isoformat()
        lines += [f"{name},{at},{values[k]:.2f},good" for name, values in rooms.items()]
    (folder / "readings.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_calibration_learns_the_coldest_flat_of_a_building(
    twin: Twin, site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = unmeasured(load_site(site))
    loaded = with_rooms(site, name, ("indoor_temp_c", "worst_flat_temp_c"))
    assert not [one for one in loaded.warnings if "worst_flat" in one.message]
    b = loaded.district.network.building_index[name]
    drawn = loaded.district.network.buildings[b].worst_flat_beta
    mean, outdoor = twin.measured.indoor_c[:, b], twin.measured.record.outdoor_temp_c
    worst = mean - 2.0 * drawn * (mean - outdoor)
    write_readings(twin, {f"{name}.room0": mean, f"{name}.room1": worst}, tmp_path / "history")
    assert main(["calibrate", str(site), "--history", str(tmp_path / "history"), "--json"]) == 0
    flats = json.loads(capsys.readouterr().out)["scores"][-1]
    assert flats["part"] == "flats"
    assert flats["after"] < 0.7 * flats["before"]
    learned = load_site(site).district.network.buildings[b].worst_flat_beta
    assert 1.3 * drawn < learned <= 2.0 * drawn


def test_of_several_rooms_the_coldest_is_told_and_the_mean_counts(
    twin: Twin, site: Path, tmp_path: Path
) -> None:
    name = unmeasured(load_site(site))
    loaded = with_rooms(site, name, ("indoor_temp_c", "indoor_temp_c"))
    b = loaded.district.network.building_index[name]
    warm = np.full(twin.measured.record.steps, 21.0)
    write_readings(twin, {f"{name}.room0": warm, f"{name}.room1": warm - 3.0}, tmp_path / "history")
    rooms = read_history(loaded, tmp_path / "history").buildings
    assert np.nanmean(rooms["indoor_temp_c"][:, b]) == pytest.approx(19.5)
    assert np.nanmean(rooms[COLDEST_ROOM][:, b]) == pytest.approx(18.0)
    assert np.isfinite(rooms[COLDEST_ROOM]).any(axis=0).sum() == 1
    now = MeterPoints(loaded).arrays({f"{name}.room0": 21.0, f"{name}.room1": 18.0})
    assert now["building", "indoor_temp_c"][b] == 19.5


BETAS: list[tuple[float, str]] = [
    (0.38, ""),
    (0.006, ""),
    (0.41, "worst_flat_beta of B011 is 0.41, more than 0.4"),
    (0.0, "worst_flat_beta of B011 is 0, which can not be"),
]


@pytest.mark.parametrize(("beta", "told"), BETAS)
@pytest.mark.parametrize("drawn", ["0.0990", "0", "0.0065"])
def test_a_beta_is_bounded_by_itself_whatever_the_table_says(
    site: Path, beta: float, told: str, drawn: str
) -> None:
    path = site / "buildings.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.0990", drawn, 1), encoding="utf-8")
    made = ParameterVersion(
        version=1,
        made_at=datetime(2026, 1, 12, tzinfo=UTC),
        source="a test",
        values={"buildings": {"B011": {"worst_flat_beta": Value(value=beta, spread=0.2)}}},
        scores=(),
    )
    if told:
        with pytest.raises(ValueError, match=told):
            take_into_use(site, made)
    else:
        take_into_use(site, made)
        assert load_site(site).district.network.buildings[0].worst_flat_beta == beta
