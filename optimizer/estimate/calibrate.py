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
    Sensed,
    age_of,
    fit_buildings,
    scaled,
)
from optimizer.estimate.exchanger import Around, ExchangerFit, fit_exchanger, secondary_return_c
from optimizer.estimate.flows import NotATreeError
from optimizer.estimate.heated import drive_of, fabric_of, run_buildings, steady_start
from optimizer.estimate.pipe_friction import (
    FrictionFit,
    NoPressuresError,
    fit_friction,
    missed_bar,
    pressures_of,
)
from optimizer.estimate.pipe_loss import LossFit, arrivals, fit_losses
from optimizer.estimate.record import Record
from optimizer.estimate.values import Value, Values
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network
from optimizer.physics.exchanger import conductance_w_k
from optimizer.physics.water import REFERENCE_CP_J_KG_K

FITTED_SHARE = 0.7
LEAST_HOURS = 72
# Water that was in the pipes before the record began is not predicted.
WARM_UP_H = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class PartScore:
    """A part's error on the hours held back, with the network as it was and as fitted.

    `part` is pipes, friction, exchangers or buildings; `why_not` says why one was not fitted.
    """

    part: str
    quantity: str
    unit: str
    before: float
    after: float
    why_not: str = ""

    @property
    def better(self) -> bool:
        """Whether the fit is to be kept."""
        return bool(self.after < self.before)


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
    losses, pipe_score = _pipes(network, record, cut)
    roughness, friction_score = calibrate_friction(network, record, cut)
    stations, station_score = _exchangers(network, record, cut)
    buildings, building_scores, misfit = _buildings(network, record, cut)
    return Calibration(
        scores=(pipe_score, friction_score, station_score, *building_scores),
        pipes={
            name: {**losses.get(name, {}), **roughness.get(name, {})}
            for name in {**losses, **roughness}
        },
        stations=stations,
        buildings=buildings,
        misfit=misfit,
    )


def _pipes(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    quantity = "supply temperature at the stations"
    try:
        found = fit_losses(network, record.part(0, cut))
        before, after = (
            _rmse(_held(arrivals(network, record, factor), record, cut), record, cut)
            for factor in (np.ones(len(network.pipes)), found.factor[found.kind])
        )
    except NotATreeError as error:
        return {}, PartScore(
            part="pipes",
            quantity=quantity,
            unit="K",
            before=np.nan,
            after=np.nan,
            why_not=str(error),
        )
    score = PartScore(part="pipes", quantity=quantity, unit="K", before=before, after=after)
    return (_pipe_values(network, found) if score.better else {}), score


def _held(values: FloatArray, record: Record, cut: int) -> FloatArray:
    first = max(cut, WARM_UP_H * 3600 // record.step_s)
    return values[first:]


def _rmse(ours: FloatArray, record: Record, cut: int) -> float:
    return _root_mean_square(ours - _held(record.stations["supply_temp_c"], record, cut))


def _root_mean_square(missed: FloatArray) -> float:
    known = np.isfinite(missed)
    return float(np.sqrt(np.mean(missed[known] ** 2))) if known.any() else float("nan")


def _pipe_values(network: Network, found: LossFit) -> Values:
    return {
        pipe.pipe_id: {
            "heat_loss_w_m_k": Value(
                value=float(pipe.heat_loss_w_m_k * found.factor[kind]),
                spread=float(found.spread[kind]),
            )
        }
        for pipe, kind in zip(network.pipes, found.kind, strict=True)
    }


def calibrate_friction(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Calibrate the roughness of the pipes alone.

    Args:
        network: The network as it is thought to be.
        record: The record.
        cut: The step from which it is held back.

    Returns:
        The roughness of every pipe, empty where it is not to be kept, and how well it predicts.
    """
    quantity = "pressure difference at the stations"
    try:
        found = fit_friction(network, pressures_of(network, record.part(0, cut)))
        rest = pressures_of(network, record.part(cut, record.steps))
    except (NotATreeError, NoPressuresError) as error:
        return {}, PartScore(
            part="friction", quantity=quantity, unit="bar", before=np.nan, after=np.nan,
            why_not=str(error),
        )  # fmt: skip
    before, after = (
        _root_mean_square(missed_bar(network, rest, factor))
        for factor in (np.ones(len(network.pipes)), found.factor[found.kind])
    )
    score = PartScore(part="friction", quantity=quantity, unit="bar", before=before, after=after)
    return (_roughness_values(network, found) if score.better else {}), score


def _roughness_values(network: Network, found: FrictionFit) -> Values:
    return {
        pipe.pipe_id: {
            "roughness_m": Value(
                value=float(pipe.roughness_m * found.factor[kind]), spread=float(found.spread[kind])
            )
        }
        for pipe, kind in zip(network.pipes, found.kind, strict=True)
        if pipe.roughness_m > 0.0
    }


def around(network: Network, record: Record, k: int) -> Around:
    """What a record says around a station's exchanger.

    Args:
        network: The network, for the flow of the loop.
        record: The record.
        k: Position of the station.

    Returns:
        The measurements; the loop's return follows from its flow and the heat.
    """
    at, station = record.stations, network.stations[k]
    supply, heat = at["secondary_supply_temp_c"][:, k], at["heat_power_kw"][:, k]
    return Around(
        supply_c=at["supply_temp_c"][:, k],
        return_c=at["return_temp_c"][:, k],
        secondary_supply_c=supply,
        secondary_return_c=secondary_return_c(supply, heat, station.secondary_flow_kg_s),
        heat_kw=heat,
    )


def _exchangers(network: Network, record: Record, cut: int) -> tuple[Values, PartScore]:
    """Every exchanger, each kept where its heat is predicted better on the hours held back."""
    values: dict[str, dict[str, Value]] = {}
    before, after = [], []
    for k, station in enumerate(network.stations):
        if station.hx_ua_kw_k <= 0.0 or station.secondary_flow_kg_s <= 0.0:
            continue
        found = fit_exchanger(around(network, record.part(0, cut), k))
        if found is None:
            continue
        rest = record.part(cut, record.steps)
        old = _heat_error(network, rest, k, station.hx_ua_kw_k)
        new = _heat_error(network, rest, k, found.ua_kw_k)
        before.append(old)
        after.append(min(new, old))
        if new < old:
            values[station.station_id] = {"hx_ua_kw_k": _ua_value(found)}
    quantity = "heat from the primary side's temperatures and flow"
    if not before:
        why = "no station has an exchanger with meters on both sides"
        return {}, PartScore(
            part="exchangers", quantity=quantity, unit="%", before=np.nan, after=np.nan, why_not=why
        )
    score = PartScore(
        part="exchangers",
        quantity=quantity,
        unit="%",
        before=float(np.nanmean(before)),
        after=float(np.nanmean(after)),
    )
    return values, score


def _ua_value(found: ExchangerFit) -> Value:
    return Value(value=found.ua_kw_k, spread=found.error_kw_k / found.ua_kw_k)


def _heat_error(network: Network, record: Record, k: int, ua_kw_k: float) -> float:
    """Mean error of the heat that a UA gives, in % of the mean heat."""
    sides, flow = around(network, record, k), record.stations["mass_flow_kg_s"][:, k]
    inlet_k = sides.supply_c - sides.secondary_return_c
    good = np.isfinite(inlet_k) & np.isfinite(flow) & (np.nan_to_num(flow) > 0.0)
    if not good.any():
        return float("nan")
    loop = network.stations[k].secondary_flow_kg_s * REFERENCE_CP_J_KG_K
    given = np.array(
        [
            conductance_w_k(ua_kw_k * 1e3, mass * REFERENCE_CP_J_KG_K, loop)[0] * apart / 1e3
            for mass, apart in zip(flow[good], inlet_k[good], strict=True)
        ]
    )
    heat = sides.heat_kw[good]
    return float(np.mean(np.abs(given - heat)) / max(float(np.mean(heat)), 1e-9) * 100.0)


def _buildings(
    network: Network, record: Record, cut: int
) -> tuple[Values, tuple[PartScore, ...], float]:
    """All buildings, kept where heat and rooms together are predicted better."""
    fabric, drive = fabric_of(network), drive_of(network, record)
    age = age_of(np.array([b.year_built for b in network.buildings], dtype=np.int64))
    early = record.part(0, cut)
    found = fit_buildings(drive_of(network, early), fabric, _sensed(early), age)
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


def _sensed(record: Record) -> Sensed:
    return Sensed(
        heat_w=record.stations["heat_power_kw"] * 1e3,
        indoor_c=record.buildings["indoor_temp_c"],
    )


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
    return _root_mean_square(missed)


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
