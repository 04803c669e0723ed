"""Stations whose valve holds a setpoint: what they ask for at least, and how warm that gets rooms.

The bound is for runs in which throttling valves hold their secondary supply near its setpoint,
within `missed_k`. The simulator sets a valve for the water of the step before, so that it may miss:
by less than half a kelvin behind exchangers and by 1.5 K in mixing loops in every run tried.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.model.arrays import BoolArray, FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.physics.layout import HELD_EXCHANGER, HELD_MIXING, Layout
from optimizer.relaxation.radiators import heats_w
from optimizer.relaxation.returns import drive_w_k
from optimizer.relaxation.rooms import Rooms
from optimizer.relaxation.warmest import stays_warmer
from optimizer.timegrid import curve, step_means

MISSED_BY_EXCHANGERS_K = 1.0
MISSED_BY_MIXING_K = 3.0
BISECTIONS = 30
# Flows are looked for between these, kg/s.
FLOW_RANGE_KG_S = (1e-6, 1e4)


@dataclass(frozen=True, kw_only=True)
class Throttled:
    """Bounds of stations that hold a setpoint, of shape (stations,) but for the last axis's steps.

    Attributes:
        least_c: Lowest secondary supply while a valve throttles, degC, shape (steps, stations);
            minus infinity for stations that hold none.
        most_c: Highest secondary supply, degC, shape (steps, stations); infinity likewise.
        least_kg_s: Flow that a throttling valve lets through at least, kg/s, shape (stations,);
            zero likewise.
    """

    least_c: FloatArray
    most_c: FloatArray
    least_kg_s: FloatArray


def holds_setpoint(layout: Layout) -> BoolArray:
    """Tell which stations hold a secondary setpoint.

    Args:
        layout: The network.

    Returns:
        True where one does, shape (stations,).
    """
    modes = layout.stations.mode
    holding: BoolArray = (modes == HELD_EXCHANGER) | (modes == HELD_MIXING)
    return holding


def missed_k(layout: Layout) -> FloatArray:
    """Say how far throttling valves may miss their setpoint for the bound to hold.

    Args:
        layout: The network.

    Returns:
        Distances, K, shape (stations,).
    """
    mixing = layout.stations.mode == HELD_MIXING
    return np.where(mixing, MISSED_BY_MIXING_K, MISSED_BY_EXCHANGERS_K)


def find_throttled(
    network: Network,
    layout: Layout,
    rooms: Rooms,
    forecast: Forecast,
    member: int,
    start_c: FloatArray,
    hottest_c: float,
) -> Throttled:
    """Bound what stations that hold a setpoint do.

    Args:
        network: The network: the secondary curve and the range of the stations' offsets.
        layout: Its arrays.
        rooms: The buildings.
        forecast: Weather.
        member: Which member.
        start_c: Air and envelope at the start, degC, shape (buildings, 2).
        hottest_c: No primary water is hotter, degC.

    Returns:
        The bounds.
    """
    holds = holds_setpoint(layout)
    ranges = [s.offset_range_k or (0.0, 0.0) for s in network.stations]
    low, high = np.array(ranges).reshape(-1, 2).T
    base = curve(network.secondary_curve, step_means(forecast.outdoor_temp_c[member]))
    least, most = base[:, None] + low, base[:, None] + high
    missed = missed_k(layout)
    warmest = _warmest_c(layout, rooms, start_c, most + missed)
    flows = np.array(
        [
            _least_asked_kg_s(layout, i, least[:, i], warmest, hottest_c) if holds[i] else 0.0
            for i in range(len(holds))
        ]
    )
    return Throttled(
        least_c=np.where(holds, least - missed, -np.inf),
        most_c=np.where(holds, most + missed, np.inf),
        least_kg_s=flows,
    )


def _warmest_c(
    layout: Layout, rooms: Rooms, start_c: FloatArray, supply_c: FloatArray
) -> FloatArray:
    """Air at each step's start under the highest supplies, degC, shape (steps, buildings).

    Infinite where a warmer room need not stay the warmer one.
    """
    buildings = layout.buildings
    flow = buildings.share * layout.stations.secondary_w_k[buildings.station]
    laws = flow, buildings.radiator_w, buildings.excess_k, buildings.exponent
    air = np.empty((rooms.steps, len(flow)))
    now = start_c
    for k in range(rooms.steps):
        air[k] = now[:, 0]
        heat, _ = heats_w(supply_c[k][buildings.station] - air[k], *laws)
        now = np.einsum("bij,bj->bi", rooms.transition[k], now) + rooms.drift_c[k]
        now = now + rooms.input_k_w[k] * heat[:, None]
    most = np.full(len(flow), float(supply_c.max(initial=0.0)))
    air[1:, ~stays_warmer(rooms, most, laws)] = np.inf
    return air


def _least_asked_kg_s(
    layout: Layout, station: int, setpoint_c: FloatArray, warmest_c: FloatArray, hottest_c: float
) -> float:
    """Flow at the lowest setpoints, the warmest rooms and the hottest water: it rises with each
    setpoint and falls with the others."""
    stations, buildings = layout.stations, layout.buildings
    members = stations.member[stations.start[station] : stations.start[station + 1]]
    laws = (
        buildings.share[members] * stations.secondary_w_k[station],
        buildings.radiator_w[members],
        buildings.excess_k,
        buildings.exponent[members],
    )
    asked = np.array(
        [
            heats_w(setpoint - air, *laws)[0].sum()
            for setpoint, air in zip(setpoint_c, warmest_c[:, members], strict=True)
        ]
    )
    drive = float((asked / np.maximum(hottest_c - setpoint_c, 1e-6)).min(initial=np.inf))
    low, high = FLOW_RANGE_KG_S
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if drive_w_k(layout, station, middle) < drive else (low, middle)
    return low if low > FLOW_RANGE_KG_S[0] else 0.0
