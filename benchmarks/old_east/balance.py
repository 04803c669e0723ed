"""How the valves were set by hand: by the pressure that was expected, and then by complaints."""

import math
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.old_east.consumers import Substation
from benchmarks.old_east.dice import Dice
from benchmarks.old_east.pipes import SizedPipe, gradient_pa_m
from benchmarks.old_east.streets import PLANT_NODE

# Near the plant nobody ever throttled, at the end everything was opened and still is not enough.
_NEAR_EXCESS = 1.35
_FAR_EXCESS = 1.3
_SCATTER = 0.12


def available_bar(pipes: tuple[SizedPipe, ...], plant_dp_bar: float) -> dict[str, float]:
    """Differential pressure left at each node with the design flows.

    Args:
        pipes: The pipes, each drawn away from the plant, in that order.
        plant_dp_bar: Differential pressure at the plant.

    Returns:
        Differential pressure by node, bar.
    """
    left = {PLANT_NODE: plant_dp_bar}
    for pipe in pipes:
        street = pipe.street
        if not street.in_service:
            continue
        drop = (
            2e-5
            * street.length_m
            * gradient_pa_m(
                pipe.design_flow_kg_s, pipe.inner_diameter_mm / 1e3, pipe.roughness_mm / 1e3
            )
        )
        left[street.to_node] = left[street.from_node] - drop
    return left


def set_valves(
    stations: tuple[Substation, ...], left_bar: Mapping[str, float], dice: Dice
) -> tuple[Substation, ...]:
    """Set every fixed valve as it stands today.

    Args:
        stations: The stations.
        left_bar: Differential pressure by node, bar.
        dice: The randomness.

    Returns:
        The stations with their openings.
    """
    return tuple(
        station
        if station.control == "compensated"
        else replace(station, opening_pct=_opening(station, left_bar[station.plot.node_id], dice))
        for station in stations
    )


def _opening(station: Substation, dp_bar: float, dice: Dice) -> float:
    needed_kv = 3.6 * station.design_flow_kg_s / math.sqrt(max(dp_bar, 0.15))
    reach = station.plot.reach
    excess = _NEAR_EXCESS + (_FAR_EXCESS - _NEAR_EXCESS) * reach
    excess *= 1.0 + dice.between(-_SCATTER, _SCATTER)
    return min(max(100.0 * needed_kv / station.valve_kvs * excess, 12.0), 100.0)
