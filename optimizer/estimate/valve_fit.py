"""Flow coefficient of a station's primary path, from its flow, opening and pressure difference.

The pressure difference is the station's own meters' or, without them, what the plant's pumps give
less the friction of the way there and back. A valve that stands is taken to stand where the site's
table says, since that is what the model knows; of one that is moved the opening must be measured.

Source: IEC 60534-2-1 (flow through a valve).
"""

from dataclasses import dataclass

import numpy as np

from optimizer.estimate.flows import TYPICAL_C, UnknownFlowsError
from optimizer.estimate.origin_fit import through_origin
from optimizer.estimate.pipe_friction import (
    ERROR_BAR,
    EVERY_H,
    NoPressuresError,
    left_bar,
    pressures_of,
)
from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network, Station, StationControl, StationKind
from optimizer.physics.layout import valve_share
from optimizer.physics.water import density_kg_m3

# Below these the error of a gauge, or of an opening, is too large a part of what is measured.
LEAST_BAR, LEAST_SHARE = 0.05, 0.02
LEAST_SAMPLES = 12
# Friction that is computed, as a share of itself; a flow meter's lasting error.
FRICTION_ERROR, METER_ERROR = 0.22, 0.015
# What is known worse than this is left as it is.
MOST_SPREAD = 0.15
# Beyond these of what it was, a station is shut or a meter wrong: that is no valve's size.
LEAST_FACTOR, MOST_FACTOR = 0.4, 2.5


@dataclass(frozen=True, kw_only=True)
class AcrossStations:
    """What drives the water through the stations, hour by hour.

    Attributes:
        flow_kg_s: Flow of each station, shape (hours, stations), NaN where unknown.
        dp_bar: Pressure difference, likewise.
        error_bar: Standard deviation of its lasting error, likewise.
        opening_pct: Opening of each valve, likewise.
    """

    flow_kg_s: FloatArray
    dp_bar: FloatArray
    error_bar: FloatArray
    opening_pct: FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class ValveFit:
    """A flow coefficient fully open, m3/h at 1 bar, and the standard deviation of its logarithm."""

    kvs: float
    spread: float


def across_stations(network: Network, record: Record) -> AcrossStations:
    """Take from a record what tells of the valves.

    Args:
        network: The network, for openings that stand and for friction.
        record: The record.

    Returns:
        Means of its hours; pressure differences that follow from friction in some of them only.
    """
    hours = record.hourly()
    at = hours.stations
    dp, error = np.array(at["dp_bar"]), np.full(at["dp_bar"].shape, ERROR_BAR)
    try:
        seen = pressures_of(network, record)
        left = left_bar(network, seen, np.ones(len(network.pipes)))
    except (UnknownFlowsError, NoPressuresError):
        pass  # their own meters alone tell
    else:
        some = slice(None, None, EVERY_H)
        lost = seen.given_bar[:, None] - left
        silent = ~np.isfinite(dp[some])
        error[some] = np.where(silent, np.hypot(ERROR_BAR, FRICTION_ERROR * lost), error[some])
        dp[some] = np.where(silent, left, dp[some])
    stands = np.array([station.control is StationControl.FIXED for station in network.stations])
    standing = np.array([station.opening_pct for station in network.stations])
    return AcrossStations(
        flow_kg_s=at["mass_flow_kg_s"],
        dp_bar=dp,
        error_bar=error,
        opening_pct=np.where(stands, standing, at["valve_opening_pct"]),
    )


def flow_at_one(station: Station, seen: AcrossStations, k: int) -> FloatArray:
    """Flow of a station were its flow coefficient one.

    Args:
        station: The station, for its valve's characteristic.
        seen: What drives the water.
        k: Its position.

    Returns:
        kg/s, shape (hours,); NaN where too little or nothing drives it.
    """
    share = np.array(
        [
            valve_share(float(opening) / 100.0, station.valve_characteristic)
            if np.isfinite(opening)
            else np.nan
            for opening in seen.opening_pct[:, k]
        ]
    )
    dp = seen.dp_bar[:, k]
    with np.errstate(invalid="ignore"):
        driven = (share >= LEAST_SHARE) & (dp >= LEAST_BAR)
    density = float(density_kg_m3(TYPICAL_C))
    # Kv is m3/h of water of 1000 kg/m3 at 1 bar.
    return np.where(
        driven, share * np.sqrt(np.where(driven, dp, 0.0) * 1e3 * density) / 3600.0, np.nan
    )


def fit_valve(station: Station, seen: AcrossStations, k: int) -> ValveFit | None:
    """Fit a station's flow coefficient.

    Args:
        station: The station.
        seen: What drives the water through it.
        k: Its position.

    Returns:
        The coefficient, or None where it can not be told.
    """
    if station.kind is StationKind.LOAD:
        return None
    unit, flow = flow_at_one(station, seen, k), seen.flow_kg_s[:, k]
    good = np.isfinite(unit) & np.isfinite(flow)
    if good.sum() < LEAST_SAMPLES:
        return None
    kvs, error = through_origin(flow[good], unit[good])
    if not LEAST_FACTOR <= kvs / station.valve_kvs <= MOST_FACTOR:
        return None
    lasting = 0.5 * float(np.mean(seen.error_bar[good, k] / seen.dp_bar[good, k]))
    spread = float(np.sqrt((error / kvs) ** 2 + lasting**2 + METER_ERROR**2))
    return ValveFit(kvs=kvs, spread=spread) if spread <= MOST_SPREAD else None
