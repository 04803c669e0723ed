"""Everything that a record teaches of a network, each part kept only where it predicts better.

The first part of the record is fitted, the rest is held back: what is scored there is what is
written, and a part that does not predict better leaves the network as it was.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.building_fit import (
    HEAT_ERROR,
    ROOM_ERROR_K,
    BuildingFit,
    age_of,
    fit_buildings,
    scaled,
    sensed_of,
)
from optimizer.estimate.calibrate_exchangers import calibrate_exchangers
from optimizer.estimate.calibrate_flats import calibrate_flats, flat_courses
from optimizer.estimate.calibrate_pipes import calibrate_friction, calibrate_losses
from optimizer.estimate.calibrate_valves import calibrate_valves
from optimizer.estimate.heated import drive_of, fabric_of, run_buildings, steady_start
from optimizer.estimate.part_score import PartScore, root_mean_square
from optimizer.estimate.record import Record
from optimizer.estimate.values import Value, Values, merged, with_values
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network

FITTED_SHARE = 0.7
LEAST_HOURS = 72


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What a record taught.

    Attributes:
        scores: Of every part.
        pipes, stations, buildings: Values by id and column of the site's tables; empty where a
            part was not kept.
        misfit: Of the buildings' fit: squared misfit for each compared value.
    """

    scores: tuple[PartScore, ...]
    pipes: Values
    stations: Values
    buildings: Values
    misfit: float

    @property
    def accepted(self) -> bool:
        """Whether anything is to be kept."""
        return bool(self.pipes or self.stations or self.buildings)


def calibrate(network: Network, record: Record) -> Calibration:
    """Calibrate a network by a record.

    Args:
        network: The network as it is thought to be.
        record: The record.

    Returns:
        What was learned, and how well it predicts.

    Raises:
        ValueError: The record is shorter than LEAST_HOURS.
    """
    hours = record.steps * record.step_s / 3600.0
    if hours < LEAST_HOURS:
        raise ValueError(f"{hours:g} h are too short to calibrate by; give {LEAST_HOURS} h or more")
    cut = int(FITTED_SHARE * record.steps)
    losses, pipe_score = calibrate_losses(network, record, cut)
    roughness, friction_score = calibrate_friction(network, record, cut)
    exchangers, exchanger_score = calibrate_exchangers(network, record, cut)
    # Friction is what leaves the valves their pressure.
    rough = with_values(network, roughness, {}, {})
    valves, valve_score = calibrate_valves(rough, record, cut)
    buildings, building_scores, misfit = _buildings(network, record, cut)
    flats, flat_score = _flats(with_values(network, {}, {}, buildings), record, cut)
    return Calibration(
        scores=(
            pipe_score,
            friction_score,
            exchanger_score,
            valve_score,
            *building_scores,
            flat_score,
        ),
        pipes=merged(losses, roughness),
        stations=merged(exchangers, valves),
        buildings=merged(buildings, flats),
        misfit=misfit,
    )


def _buildings(
    network: Network, record: Record, cut: int
) -> tuple[Values, tuple[PartScore, ...], float]:
    """All buildings, kept where heat and rooms together are predicted better."""
    fabric, drive = fabric_of(network), drive_of(network, record)
    age = age_of(np.array([b.year_built for b in network.buildings], dtype=np.int64))
    early = record.part(0, cut)
    found = fit_buildings(drive_of(network, early), fabric, sensed_of(early), age)
    start = steady_start(drive, fabric, 86400 // record.step_s)
    runs = [
        run_buildings(drive, fabric, start),
        run_buildings(drive, scaled(fabric, found.factor), found.start_c),
    ]
    heat = [_heat_pct(record, heat, drive.station, cut) for _, _, heat in runs]
    room = [_room_k(record, air, cut) for air, _, _ in runs]
    scores = (
        PartScore(
            part="buildings",
            quantity="heat of the stations",
            unit="%",
            before=heat[0],
            after=heat[1],
        ),
        PartScore(
            part="buildings", quantity="measured rooms", unit="K", before=room[0], after=room[1]
        ),
    )
    together = [
        (h / 100.0 / HEAT_ERROR) ** 2 + (0.0 if np.isnan(r) else (r / ROOM_ERROR_K) ** 2)
        for h, r in zip(heat, room, strict=True)
    ]
    kept = together[1] < together[0]
    return (_building_values(network, found) if kept else {}), scores, found.misfit


def _flats(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Coldest flats; the buildings' means come from the model as it has been calibrated."""
    found = flat_courses(record, courses(network, record).indoor_temp_c)
    return calibrate_flats(network, found, cut)


def _heat_pct(record: Record, heat_w: FloatArray, station: IntArray, cut: int) -> float:
    measured = record.stations["heat_power_kw"][cut:] * 1e3
    given = np.zeros_like(measured)
    for b, s in enumerate(station):
        given[:, int(s)] += heat_w[cut:, b]
    known = np.isfinite(measured)
    level = np.nanmean(np.where(known, measured, np.nan))
    return float(np.mean(np.abs(given - measured)[known]) / max(float(level), 1e-9) * 100.0)


def _room_k(record: Record, air_c: FloatArray, cut: int) -> float:
    missed = (0.5 * (air_c[:-1] + air_c[1:]) - record.buildings["indoor_temp_c"])[cut:]
    return root_mean_square(missed)


def _building_values(network: Network, found: BuildingFit) -> Values:
    columns = ("ua_kw_k", "capacity_kwh_k", "radiator_kw")
    return {
        building.building_id: {
            column: Value(
                value=float(getattr(building, column) * found.factor[b, k]),
                spread=float(found.spread[b, k]),
            )
            for k, column in enumerate(columns)
        }
        for b, building in enumerate(network.buildings)
    }


@dataclass(frozen=True, kw_only=True)
class Courses:
    """What a network predicts over a whole record, driven by its meters from the start on.

    Attributes:
        heat_kw: Sum of the stations, shape (steps,).
        indoor_temp_c: Shape (steps, buildings).
    """

    heat_kw: FloatArray
    indoor_temp_c: FloatArray


def courses(network: Network, record: Record) -> Courses:
    """Run a network's buildings through a record.

    Args:
        network: The network.
        record: The record.

    Returns:
        What it predicts.
    """
    fabric, drive = fabric_of(network), drive_of(network, record)
    air, _, heat = run_buildings(drive, fabric, steady_start(drive, fabric, 86400 // record.step_s))
    return Courses(heat_kw=heat.sum(axis=1) / 1e3, indoor_temp_c=0.5 * (air[:-1] + air[1:]))
