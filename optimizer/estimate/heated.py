"""Buildings run by the heating water that was measured: heat and indoor temperature follow.

The same two capacities and radiators as the simulator's, driven by a record in place of the
network, so that each building's run depends on its own parameters alone.
"""

from typing import NamedTuple

import numpy as np

from optimizer.estimate.record import Record
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.network import Network, StationKind
from optimizer.physics.compiled import compiled
from optimizer.physics.radiators import radiator_heat_w
from optimizer.physics.rooms import AIR_TO_ENVELOPE, step_response
from optimizer.physics.water import REFERENCE_CP_J_KG_K

# Convention 7 of a site: 15 % of the capacity is air and furniture.
AIR_SHARE = 0.15
_J_PER_KWH = 3.6e6


class Drive(NamedTuple):
    """What the record gives each building.

    Attributes:
        step_s: Step length, s.
        outdoor_c, wind_m_s, ghi_w_m2: Weather, shape (steps,).
        supply_c: Heating water at each station, degC, shape (steps, stations).
        flow_w_k: Heat capacity flow of it, W/K, shape (steps, stations).
        station: Station of each building, shape (buildings,).
    """

    step_s: float
    outdoor_c: FloatArray
    wind_m_s: FloatArray
    ghi_w_m2: FloatArray
    supply_c: FloatArray
    flow_w_k: FloatArray
    station: IntArray


class Fabric(NamedTuple):
    """What the buildings are, each of shape (buildings,): W/K, J/K, W, -, W, m2, 1/(m/s), -."""

    ua_w_k: FloatArray
    capacity_j_k: FloatArray
    radiator_w: FloatArray
    exponent: FloatArray
    gain_w: FloatArray
    aperture_m2: FloatArray
    wind_ua: FloatArray
    flow_share: FloatArray
    rated_excess_k: float


def fabric_of(network: Network) -> Fabric:
    """Collect the buildings' parameters.

    Args:
        network: The network.

    Returns:
        The parameters as arrays.
    """
    buildings = network.buildings
    radiator = np.array([1e3 * b.radiator_kw for b in buildings])
    station = station_of(network)
    total = np.bincount(station, weights=radiator, minlength=len(network.stations))
    reference = network.radiators
    return Fabric(
        ua_w_k=np.array([1e3 * b.ua_kw_k for b in buildings]),
        capacity_j_k=np.array([_J_PER_KWH * b.capacity_kwh_k for b in buildings]),
        radiator_w=radiator,
        exponent=np.array([b.radiator_exponent for b in buildings]),
        gain_w=np.array([b.internal_gain_w_m2 * b.floor_area_m2 for b in buildings]),
        aperture_m2=np.array([b.solar_aperture_m2 for b in buildings]),
        wind_ua=np.array([b.wind_ua_pct_per_m_s / 100.0 for b in buildings]),
        flow_share=radiator / total[station],
        rated_excess_k=0.5 * (reference.supply_c + reference.return_c) - reference.indoor_c,
    )


def station_of(network: Network) -> IntArray:
    """Station of each building.

    Args:
        network: The network.

    Returns:
        Positions, shape (buildings,).
    """
    return np.array(
        [network.station_index[b.station_id] for b in network.buildings], dtype=np.int64
    )


def drive_of(network: Network, record: Record) -> Drive:
    """Take from a record what drives the buildings; gaps are bridged by the value before.

    Args:
        network: The network.
        record: The record.

    Returns:
        The drive; a station without a thermometer follows its curve.
    """
    # Without a loop of its own a direct station sends the network's water through the radiators.
    direct = np.array(
        [s.kind is StationKind.DIRECT and s.secondary_flow_kg_s <= 0.0 for s in network.stations]
    )
    curve = sorted(network.secondary_curve)
    usual = np.interp(record.outdoor_temp_c, [p[0] for p in curve], [p[1] for p in curve])
    measured = record.stations
    supply = np.where(direct, measured["supply_temp_c"], measured["secondary_supply_temp_c"])
    loop = np.array([s.secondary_flow_kg_s for s in network.stations])
    flow = np.where(direct, measured["mass_flow_kg_s"], loop)
    nominal = np.array(
        [s.design_heat_kw * 1e3 / (REFERENCE_CP_J_KG_K * 20.0) for s in network.stations]
    )
    return Drive(
        step_s=float(record.step_s),
        outdoor_c=np.array(record.outdoor_temp_c),
        wind_m_s=np.array(record.wind_m_s),
        ghi_w_m2=np.array(record.ghi_w_m2),
        supply_c=_bridged(supply, usual[:, None]),
        flow_w_k=_bridged(flow, nominal[None, :]) * REFERENCE_CP_J_KG_K,
        station=station_of(network),
    )


def _bridged(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], -1), axis=0)
    held = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.ascontiguousarray(np.where(last >= 0, held, np.broadcast_to(otherwise, values.shape)))


def steady_start(drive: Drive, fabric: Fabric, steps: int) -> FloatArray:
    """Indoor temperature at which the first steps' mean heat holds each building.

    Args:
        drive: What was measured.
        fabric: The buildings.
        steps: Number of steps that count.

    Returns:
        degC, shape (buildings,).
    """
    part = slice(0, max(steps, 1))
    outdoor = float(drive.outdoor_c[part].mean())
    supply = drive.supply_c[part].mean(axis=0)[drive.station]
    flow = drive.flow_w_k[part].mean(axis=0)[drive.station] * fabric.flow_share
    gain = fabric.gain_w + fabric.aperture_m2 * float(drive.ghi_w_m2[part].mean())
    return _steady(outdoor, supply, flow, gain, fabric)


@compiled
def _steady(
    outdoor_c: float, supply_c: FloatArray, flow_w_k: FloatArray, gain_w: FloatArray, fabric: Fabric
) -> FloatArray:
    indoor = np.full(len(supply_c), 18.0)
    for b in range(len(indoor)):
        low, high = outdoor_c - 5.0, supply_c[b] + 20.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            heat, _, _ = radiator_heat_w(
                supply_c[b] - middle,
                flow_w_k[b],
                fabric.radiator_w[b],
                fabric.rated_excess_k,
                fabric.exponent[b],
            )
            if heat + gain_w[b] > fabric.ua_w_k[b] * (middle - outdoor_c):
                low = middle
            else:
                high = middle
        indoor[b] = 0.5 * (low + high)
    return indoor


@compiled
def run_buildings(
    drive: Drive, fabric: Fabric, start_c: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Run the buildings through a record.

    Args:
        drive: What was measured.
        fabric: The buildings.
        start_c: Air at the start, degC, shape (buildings,); the envelope is in balance with it.

    Returns:
        Air and envelope at the steps' starts and the end, degC, shape (steps + 1, buildings), and
        the radiators' heat of each step, W, shape (steps, buildings).
    """
    steps, count = len(drive.outdoor_c), len(start_c)
    air = np.zeros((steps + 1, count))
    envelope = np.zeros((steps + 1, count))
    heat = np.zeros((steps, count))
    for b in range(count):
        station = drive.station[b]
        nominal = fabric.ua_w_k[b]
        inner = AIR_TO_ENVELOPE * nominal
        air_j, envelope_j = (
            AIR_SHARE * fabric.capacity_j_k[b],
            (1.0 - AIR_SHARE) * fabric.capacity_j_k[b],
        )
        air[0, b] = start_c[b]
        envelope[0, b] = start_c[b] - nominal / inner * (start_c[b] - drive.outdoor_c[0])
        for k in range(steps):
            ua = min(nominal * (1.0 + fabric.wind_ua[b] * drive.wind_m_s[k]), 0.9 * inner)
            aa, ae, ea, ee, by_air, by_envelope = step_response(
                ua, nominal, air_j, envelope_j, drive.step_s
            )
            given, _, _ = radiator_heat_w(
                drive.supply_c[k, station] - air[k, b],
                drive.flow_w_k[k, station] * fabric.flow_share[b],
                fabric.radiator_w[b],
                fabric.rated_excess_k,
                fabric.exponent[b],
            )
            heat[k, b] = given
            total = given + fabric.gain_w[b] + fabric.aperture_m2[b] * drive.ghi_w_m2[k]
            goal_air = drive.outdoor_c[k] + total * by_air
            goal_envelope = drive.outdoor_c[k] + total * by_envelope
            above_air, above_envelope = air[k, b] - goal_air, envelope[k, b] - goal_envelope
            air[k + 1, b] = goal_air + aa * above_air + ae * above_envelope
            envelope[k + 1, b] = goal_envelope + ea * above_air + ee * above_envelope
    return air, envelope, heat
