"""Calibrate old-east by a hidden plant: python -m benchmarks.twin_experiment [--seed N ...].

Three weeks of noisy meters and thermometers in a tenth of the buildings come from a plant whose
parameters and structure differ (benchmarks/twin); what is learned is held against the truth.
"""

import argparse
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.cases.tables import Figure, as_markdown, rmse
from benchmarks.twin.hidden import hidden
from benchmarks.twin.measured import Measured, made_up_weather, measure, run_truth
from benchmarks.twin.written import write_history
from controller.site import load_site
from optimizer.estimate.building_fit import age_of, fit_buildings, scaled, sensed_of
from optimizer.estimate.calibrate import FITTED_SHARE
from optimizer.estimate.calibrate_exchangers import around
from optimizer.estimate.calibrate_valves import calibrate_valves
from optimizer.estimate.exchanger import fit_exchanger
from optimizer.estimate.heated import Drive, Fabric, drive_of, fabric_of, run_buildings
from optimizer.estimate.pipe_loss import fit_losses
from optimizer.estimate.rooms import indoor_spread_k
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS, AHEAD_DAYS = 21, 3
Z90 = 1.645
# A room that is read by hand differs from its building by so much (standard deviation), K.
LOOK_K = 0.5


def experiment(site_path: Path, seed: int, out: Path | None) -> list[Figure]:
    """Run one hidden plant.

    Args:
        site_path: The site folder.
        seed: Which plant.
        out: Where the history is written as files, or None.

    Returns:
        The figures.
    """
    district = load_site(site_path).district
    truth = hidden(district, seed)
    weather = made_up_weather(START, DAYS + AHEAD_DAYS, seed, len(district.network.plants))
    trace = run_truth(district, truth, weather, seed)
    measured = measure(trace, weather, len(truth.buildings), seed).until(DAYS)
    if out is not None:
        write_history(district.network, measured.record, weather, out)
    name = f"twin, seed {seed}"
    return [
        *_rooms(name, district.network, truth, measured),
        *_with_own_meters(name, district.network, truth, measured),
        *_with_a_round(name, district.network, truth, measured, seed),
        _losses(name, district.network, truth, measured),
        _exchangers(name, district.network, truth, measured),
        _valves(name, district.network, truth, measured),
    ]


def _with_own_meters(
    name: str, network: Network, truth: Network, measured: Measured
) -> list[Figure]:
    """The same, were there a heat meter in every building; nothing is asked of that."""
    record = measured.record
    buildings = {**record.buildings, "heat_power_kw": measured.own_heat_kw}
    metered = replace(measured, record=replace(record, buildings=buildings))
    found = _rooms(f"{name}, heat meters in all buildings", network, truth, metered)
    return [replace(one, at_least=None, at_most=None) for one in found]


def _with_a_round(
    name: str, network: Network, truth: Network, measured: Measured, seed: int
) -> list[Figure]:
    """The same, were one room of each building read once by hand; nothing is asked of that."""
    rooms = with_one_look(measured, np.random.default_rng(seed + 2000))
    record = measured.record
    looked = replace(record, buildings={**record.buildings, "indoor_temp_c": rooms})
    case = f"{name}, one reading by hand in each building"
    found = _rooms(case, network, truth, replace(measured, record=looked))
    return [replace(one, at_least=None, at_most=None) for one in found]


def with_one_look(measured: Measured, dice: np.random.Generator) -> FloatArray:
    """Read a thermometer once in each building without one, in the record's first half.

    Args:
        measured: What is measured and what is true.
        dice: Chance: when, and by how much a room differs from its building.

    Returns:
        Rooms, degC, NaN where nobody looked, shape (steps, buildings).
    """
    rooms = np.array(measured.record.buildings["indoor_temp_c"])
    others = np.setdiff1d(np.arange(rooms.shape[1]), measured.sensored)
    at = dice.integers(0, len(rooms) // 2, len(others))
    rooms[at, others] = measured.indoor_c[at, others] + dice.normal(0.0, LOOK_K, len(others))
    return rooms


def _rooms(name: str, network: Network, truth: Network, measured: Measured) -> list[Figure]:
    record = measured.record
    drive, fabric = drive_of(network, record), fabric_of(network)
    years = np.array([b.year_built for b in network.buildings], dtype=np.int64)
    found = fit_buildings(drive, fabric, sensed_of(record), age_of(years))
    others = np.setdiff1d(np.arange(len(years)), measured.sensored)
    late = slice(record.steps // 2, None)
    true_c = measured.indoor_c[late][:, others]
    ours = _indoor(drive, scaled(fabric, found.factor), found.start_c)[late][:, others]
    site = _indoor(drive, fabric, found.start_c)[late][:, others]
    spread = indoor_spread_k(drive, fabric, found)[late][:, others]
    inside = np.abs(ours - true_c) < Z90 * spread
    true_ua = np.array([b.ua_kw_k for b in truth.buildings])
    site_ua = np.array([b.ua_kw_k for b in network.buildings])
    ratio = site_ua * found.factor[:, 0] / true_ua
    covered = np.abs(np.log(ratio)) < Z90 * found.spread[:, 0]
    return [
        Figure(
            case=name,
            quantity="indoor RMSE of buildings without a sensor",
            unit="K",
            ours=rmse(ours.ravel(), true_c.ravel()),
            peers={"the site's own values": rmse(site.ravel(), true_c.ravel())},
            at_most=0.7,
            note=_parts_of(ours - true_c, drive.station[others]),
        ),
        Figure(
            case=name,
            quantity="90 % intervals of those cover",
            unit="%",
            ours=float(inside.mean() * 100.0),
            peers={},
            at_least=85.0,
            at_most=95.0,
        ),
        Figure(
            case=name,
            quantity="buildings' UA, mean error of single ones",
            unit="%",
            ours=float(np.mean(np.abs(ratio - 1.0)) * 100.0),
            peers={"the site's own values": float(np.mean(np.abs(site_ua / true_ua - 1.0)) * 100)},
            at_most=10.0,
            note=f"{np.mean(np.abs(ratio - 1) < 0.1) * 100:.0f} % of the buildings within 10 %; "
            f"90 % intervals cover {covered.mean() * 100:.0f} %",
        ),
    ]


def _parts_of(missed_k: FloatArray, station: IntArray) -> str:
    """What errors consist of: for good, together with the station's others or alone; in time."""
    lasting = missed_k.mean(axis=0)
    count = np.maximum(np.bincount(station), 1)
    together = (np.bincount(station, weights=lasting) / count)[station]
    parts = (_rms(together), _rms(lasting - together), _rms(missed_k - lasting))
    return "for good {:.2f} K with its station and {:.2f} alone; in time {:.2f}".format(*parts)


def _rms(values: FloatArray) -> float:
    """Root of the mean square of all values."""
    return float(np.sqrt(np.mean(values**2)))


def _indoor(drive: Drive, fabric: Fabric, start_c: FloatArray) -> FloatArray:
    air, _, _ = run_buildings(drive, fabric, start_c)
    return 0.5 * (air[:-1] + air[1:])


def _losses(name: str, network: Network, truth: Network, measured: Measured) -> Figure:
    found = fit_losses(network, measured.record)
    length = np.array([p.length_m for p in network.pipes])
    true = np.array([p.heat_loss_w_m_k for p in truth.pipes])
    site = np.array([p.heat_loss_w_m_k for p in network.pipes])
    ours = site * found.factor[found.kind]
    error = (ours @ length) / (true @ length) - 1.0
    return Figure(
        case=name,
        quantity="heat loss of all pipes, error",
        unit="%",
        ours=float(abs(error) * 100.0),
        peers={
            "the site's own values": float(abs((site @ length) / (true @ length) - 1.0) * 100.0)
        },
        at_most=10.0,
        note="by class "
        + ", ".join(
            f"{f:.2f} +- {f * s:.2f}" for f, s in zip(found.factor, found.spread, strict=True)
        ),
    )


def _exchangers(name: str, network: Network, truth: Network, measured: Measured) -> Figure:
    errors, before = [], []
    for k, station in enumerate(network.stations):
        if station.hx_ua_kw_k <= 0.0:
            continue
        found = fit_exchanger(around(network, measured.record, k))
        if found is not None:
            errors.append(abs(found.ua_kw_k / truth.stations[k].hx_ua_kw_k - 1.0))
            before.append(abs(station.hx_ua_kw_k / truth.stations[k].hx_ua_kw_k - 1.0))
    return Figure(
        case=name,
        quantity="exchangers' UA, mean error of single ones",
        unit="%",
        ours=float(np.mean(errors) * 100.0),
        peers={"the site's own values": float(np.mean(before) * 100.0)},
        at_most=10.0,
        note=f"{len(errors)} exchangers, the worst {max(errors) * 100:.0f} %",
    )


def _valves(name: str, network: Network, truth: Network, measured: Measured) -> Figure:
    record = measured.record
    found, score = calibrate_valves(network, record, int(FITTED_SHARE * record.steps))
    true = np.array([one.valve_kvs for one in truth.stations])
    site = np.array([one.valve_kvs for one in network.stations])
    kept = np.array([one.station_id in found for one in network.stations])
    ours = [
        found[one.station_id]["valve_kvs"].value if one.station_id in found else one.valve_kvs
        for one in network.stations
    ]
    errors, before = np.abs(ours / true - 1.0), np.abs(site / true - 1.0)
    return Figure(
        case=name,
        quantity="flow coefficients of stations, mean error of single ones that were fitted",
        unit="%",
        ours=float(errors[kept].mean() * 100.0),
        peers={"the site's own values": float(before[kept].mean() * 100.0)},
        note=f"{kept.sum()} of {len(kept)} stations, the worst {errors[kept].max() * 100:.0f} %; "
        f"flow held back {score.before:.1f} to {score.after:.1f} %",
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=Path("config/old-east"))
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=Path, help="write the first history as files")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for i, seed in enumerate(arguments.seed):
        figures += experiment(arguments.site, seed, arguments.out if i == 0 else None)
    print(as_markdown(figures))
    print(f"\n{START:%Y-%m-%d} to {START + timedelta(days=DAYS):%Y-%m-%d}, {len(figures)} figures")


if __name__ == "__main__":
    main()
