"""Every building's level corrected by its station's heat and by what thermometers there are.

The model's error of a building is one number for air and envelope together: what its parameters,
its people and its windows make it warmer or colder than the model thinks. It comes and goes with
the building's own time constant and is partly common to the buildings of a station. Stations do not
influence each other, so that all of them are corrected at once, with matrices as small as they are.

Source: Anderson and Moore (1979), Optimal Filtering, chapter 5 (sequential scalar updates);
Uhlenbeck and Ornstein (1930), doi:10.1103/PhysRev.36.823.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.heated import Fabric, station_of
from optimizer.model.arrays import BoolArray, FloatArray, IntArray, frozen
from optimizer.model.network import Network
from optimizer.physics.radiators import radiator_heat_w

# Standard deviations of a model's error, K: common to a station and each building's own.
COMMON_K, OWN_K = 1.0, 1.0
# Errors of what is measured: a thermometer in one room for a whole building, heat as a share.
ROOM_K, HEAT_SHARE = 0.35, 0.04
# What is farther off than this many standard deviations decides nothing.
GATE = 5.0


@dataclass(frozen=True, kw_only=True)
class Places:
    """Buildings laid out by station, the width that of the largest; -1 where there is none.

    Attributes:
        building: Shape (stations, width).
        time_constant_h: Of each building, h, shape (buildings,).
    """

    building: IntArray
    time_constant_h: FloatArray

    @property
    def there(self) -> BoolArray:
        """Where there is a building, shape (stations, width)."""
        return np.asarray(self.building >= 0)


@dataclass(frozen=True, kw_only=True)
class RoomErrors:
    """Errors of the buildings' levels: their covariance, K2, shape (stations, width, width)."""

    covariance: FloatArray


@dataclass(frozen=True, kw_only=True)
class RoomMeasurements:
    """What is measured in an instant, NaN where nothing is.

    Attributes:
        indoor_c: Thermometers, degC, shape (buildings,).
        heat_w: Heat of the stations, W, shape (stations,).
        supply_c: Heating water of the stations, degC, shape (stations,).
        flow_w_k: Heat capacity flow of it, W/K, shape (stations,).
    """

    indoor_c: FloatArray
    heat_w: FloatArray
    supply_c: FloatArray
    flow_w_k: FloatArray


@dataclass(frozen=True, kw_only=True)
class RoomUpdate:
    """A correction of the buildings.

    Attributes:
        errors: What is left of the errors.
        change_k: What every building's air and envelope change by, K, shape (buildings,).
        room_miss: Thermometers against the prediction in standard deviations, shape (buildings,).
        heat_miss: Heat likewise, shape (stations,).
    """

    errors: RoomErrors
    change_k: FloatArray
    room_miss: FloatArray
    heat_miss: FloatArray


def places_of(network: Network) -> Places:
    """Lay the buildings out by station.

    Args:
        network: The network.

    Returns:
        The places.
    """
    station = station_of(network)
    count = np.bincount(station, minlength=len(network.stations))
    table = np.full((len(network.stations), int(count.max(initial=1))), -1, dtype=np.int64)
    filled = np.zeros(len(network.stations), dtype=np.int64)
    for b, s in enumerate(station):
        table[s, filled[s]] = b
        filled[s] += 1
    constant = [b.capacity_kwh_k / b.ua_kw_k for b in network.buildings]
    return Places(building=table, time_constant_h=np.array(constant))


def first_errors(places: Places) -> RoomErrors:
    """What is known before anything was measured.

    Args:
        places: The buildings.

    Returns:
        The errors of an unwatched model.
    """
    return RoomErrors(covariance=frozen(_unwatched(places)))


def later(places: Places, errors: RoomErrors, hours: float) -> RoomErrors:
    """Errors some time later, without a measurement.

    Args:
        places: The buildings.
        errors: The errors now.
        hours: How much later, h.

    Returns:
        Nearer to those of an unwatched model.
    """
    constant = np.where(places.there, places.time_constant_h[places.building], 1.0)
    keep = np.exp(-hours / constant)
    both = keep[:, :, None] * keep[:, None, :]
    fresh = _unwatched(places)
    return RoomErrors(covariance=frozen(both * errors.covariance + (1.0 - both) * fresh))


def corrected(
    places: Places,
    fabric: Fabric,
    errors: RoomErrors,
    indoor_c: FloatArray,
    measured: RoomMeasurements,
) -> RoomUpdate:
    """Correct the buildings by what is measured.

    Args:
        places: The buildings.
        fabric: Their parameters.
        errors: Their errors before.
        indoor_c: Their predicted air, degC, shape (buildings,).
        measured: The measurements; those beyond the gate are left out.

    Returns:
        The correction.
    """
    work = _Work(covariance=np.array(errors.covariance), change=np.zeros(places.building.shape))
    room_miss = _by_thermometers(places, work, indoor_c, measured)
    heat_miss = _by_heat(places, fabric, work, indoor_c, measured)
    change = np.zeros(len(indoor_c))
    change[places.building[places.there]] = work.change[places.there]
    return RoomUpdate(
        errors=RoomErrors(covariance=frozen(work.covariance)),
        change_k=frozen(change),
        room_miss=frozen(room_miss),
        heat_miss=frozen(heat_miss),
    )


def spread_k(places: Places, errors: RoomErrors, buildings: int) -> FloatArray:
    """Standard deviation of each building's level.

    Args:
        places: The buildings.
        errors: Their errors.
        buildings: How many.

    Returns:
        K, shape (buildings,).
    """
    spread = np.zeros(buildings)
    variance = np.einsum("sii->si", errors.covariance)
    spread[places.building[places.there]] = np.sqrt(np.maximum(variance, 0.0))[places.there]
    return frozen(spread)


@dataclass
class _Work:
    """The correction in the making."""

    covariance: FloatArray
    change: FloatArray

    def take(self, slope: FloatArray, miss: FloatArray, error: FloatArray, used: BoolArray) -> None:
        """One scalar measurement at each station: what it sees, by how much it missed."""
        seen = np.einsum("sij,sj->si", self.covariance, slope)
        total = np.einsum("si,si->s", slope, seen) + error**2
        gain = np.where(used[:, None], seen / total[:, None], 0.0)
        self.change += gain * np.where(used, miss, 0.0)[:, None]
        self.covariance -= gain[:, :, None] * seen[:, None, :]


def _unwatched(places: Places) -> FloatArray:
    there = places.there.astype(float)
    common = COMMON_K**2 * there[:, :, None] * there[:, None, :]
    return np.asarray(common + OWN_K**2 * np.eye(there.shape[1])[None] * there[:, None, :])


def _by_thermometers(
    places: Places, work: _Work, indoor_c: FloatArray, measured: RoomMeasurements
) -> FloatArray:
    missed = np.full(len(indoor_c), np.nan)
    width = places.building.shape[1]
    for place in range(width):
        b = places.building[:, place]
        miss = np.where(b >= 0, measured.indoor_c[b] - indoor_c[b], np.nan) - work.change[:, place]
        known = np.isfinite(miss)
        if not known.any():
            continue
        slope = np.zeros(work.change.shape)
        slope[:, place] = 1.0
        error = np.full(len(b), ROOM_K)
        doubt = np.sqrt(work.covariance[:, place, place] + error**2)
        missed[b[known]] = miss[known] / doubt[known]
        used = known & (np.abs(np.nan_to_num(miss)) <= GATE * doubt)
        work.take(slope, np.nan_to_num(miss), error, used)
    return missed


def _by_heat(
    places: Places,
    fabric: Fabric,
    work: _Work,
    indoor_c: FloatArray,
    measured: RoomMeasurements,
) -> FloatArray:
    heat, slope = _given(places, fabric, work.change, indoor_c, measured)
    total = heat.sum(axis=1)
    miss = measured.heat_w - total
    error = HEAT_SHARE * np.maximum(total, 1.0)
    doubt = np.sqrt(np.einsum("si,sij,sj->s", slope, work.covariance, slope) + error**2)
    known = np.isfinite(miss) & (total > 0.0)
    used = known & (np.abs(np.nan_to_num(miss)) <= GATE * doubt)
    work.take(slope, np.nan_to_num(miss), error, used)
    return np.asarray(np.where(known, miss / doubt, np.nan))


def _given(
    places: Places,
    fabric: Fabric,
    change: FloatArray,
    indoor_c: FloatArray,
    measured: RoomMeasurements,
) -> tuple[FloatArray, FloatArray]:
    """Heat that the radiators give at the predicted temperatures, and its slope by them."""
    heat, slope = np.zeros(places.building.shape), np.zeros(places.building.shape)
    for s, i in zip(*np.nonzero(places.there), strict=True):
        b = places.building[s, i]
        above = measured.supply_c[s] - indoor_c[b] - change[s, i]
        if not np.isfinite(above) or not np.isfinite(measured.flow_w_k[s]):
            continue
        heat[s, i], by_above, _ = radiator_heat_w(
            above,
            measured.flow_w_k[s] * fabric.flow_share[b],
            fabric.radiator_w[b],
            fabric.rated_excess_k,
            fabric.exponent[b],
        )
        slope[s, i] = -by_above
    return heat, slope
