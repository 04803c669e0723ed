"""Balancing: the few valve turns that warm the coldest flats most, at the same plant schedule.

Far buildings are often cold because the near ones take the water. Each round simulates a small
turn of every candidate valve, chooses the turns by a mixed-integer model of what that shows, and
accepts them only as far as the simulation of all of them together agrees.

Source: balancing by valve authority, S. Frederiksen, S. Werner, District Heating and Cooling
(2013), section 10.5; the choice is that of a sequential linear method with a trust region.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.solver.common.base import SolverBase
from pyomo.contrib.solver.common.results import SolutionStatus

from optimizer.blocks.turns import declare_turns
from optimizer.certify import certify
from optimizer.comfort import comfort_of_trace
from optimizer.comparison import newly_passed
from optimizer.merit import PER_LARGEST_K
from optimizer.model.arrays import FloatArray, IntArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, StationControl, StationKind
from optimizer.model.outcome import Certificate
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.side_by_side import side_by_side
from optimizer.simulate import simulate

# Valves are turned within this range, in whole percent.
LEAST_OPENING_PCT, MOST_OPENING_PCT = 3.0, 100.0
# A trial turn, and the widest turn of a round, as logarithms of the opening.
TRIAL = 0.05
WIDEST = math.log(2.0)
ROUNDS = 6
# So many valves are tried: those of the warmest and of the coldest flats.
MOST_TRIED = 80
# A valve is turned if it brings this share of a building's kelvin.
EFFORT_K = 0.02
# A turn that brings less than this is not worth the way.
IDLE_K, IDLE_K_H = 0.01, 0.1
# Turns that pass a limit are halved so many times at most.
HALVINGS = 4
# A station short-circuits below this share of the usual difference of supply and return.
SHORT_CIRCUIT_SHARE = 0.6


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One valve for the crew: from which opening to which, %, and what is lost without it.

    `largest_k` and `shortfall_k_h` say how much colder it would be if this turn alone were left
    out.
    """

    station_id: str
    from_pct: float
    to_pct: float
    largest_k: float
    shortfall_k_h: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortCircuit:
    """A station that sends its water back hot: its difference and the usual one, K."""

    station_id: str
    difference_k: float
    usual_k: float


@dataclass(frozen=True, kw_only=True)
class Balancing:
    """A work list with what the certificate says before and after it."""

    turns: tuple[Turn, ...]
    short_circuits: tuple[ShortCircuit, ...]
    before: Certificate
    after: Certificate


@dataclass(frozen=True, kw_only=True)
class BalanceTask:
    """What is balanced: a district from a state through a forecast under one schedule."""

    district: District
    state: PlantState
    forecast: Forecast
    schedule: Schedule

    def run(self, opening_pct: FloatArray) -> Trace:
        """Simulate other openings of the valves that stand."""
        network = with_openings(self.district.network, opening_pct)
        return simulate(network, self.state, self.forecast, self.schedule)

    def judged(self, opening_pct: FloatArray) -> Certificate:
        """Judge other openings."""
        network = with_openings(self.district.network, opening_pct)
        district = replace(self.district, network=network)
        return certify(district, self.state, self.forecast, self.schedule)


def with_openings(network: Network, opening_pct: FloatArray) -> Network:
    """Turn the valves that stand.

    Args:
        network: The network.
        opening_pct: Opening of each station, %, shape (stations,); only those of fixed stations
            matter.

    Returns:
        The network with these openings.
    """
    stations = tuple(
        replace(station, opening_pct=float(pct)) if is_fixed else station
        for station, pct, is_fixed in zip(
            network.stations, opening_pct, _fixed(network), strict=True
        )
    )
    return replace(network, stations=stations)


def _fixed(network: Network) -> list[bool]:
    return [
        station.control is StationControl.FIXED and station.kind is not StationKind.LOAD
        for station in network.stations
    ]


def balance(
    case: BalanceTask, most: int, solver: SolverBase, progress: Callable[[str], None]
) -> Balancing:
    """Find the turns.

    Args:
        case: What is balanced.
        most: How many valves may be turned.
        solver: Solves the choice.
        progress: Receives a line now and then.

    Returns:
        The work list, the turns that bring most first; empty where none helps.
    """
    network = case.district.network
    begin = np.array([station.opening_pct for station in network.stations])
    first = case.run(begin)
    before = case.judged(begin)
    opening = _searched(case, begin, first, most, solver, progress)
    opening, turns = _needed(case, begin, _whole(begin, opening))
    after = before
    for _ in range(HALVINGS):
        after = case.judged(opening) if turns else before
        if after.certified or not newly_passed(before, after):
            break
        progress("the certificate finds a limit passed: half of each turn")
        opening, turns = _needed(case, begin, _whole(begin, np.sqrt(opening * begin)))
    else:
        turns, after = (), before
    return Balancing(
        turns=turns,
        short_circuits=_short_circuits(network, first),
        before=before,
        after=after,
    )


def _whole(begin: FloatArray, opening: FloatArray) -> FloatArray:
    """Turns in whole percent; what would be turned by less stays."""
    return np.where(np.abs(opening - begin) < 1.0, begin, np.round(opening))


def _needed(
    case: BalanceTask, begin: FloatArray, opening: FloatArray
) -> tuple[FloatArray, tuple[Turn, ...]]:
    """Leave out the turns that bring next to nothing."""
    turns = _turns(case, begin, opening)
    idle = {
        turn.station_id
        for turn in turns
        if turn.largest_k < IDLE_K and turn.shortfall_k_h < IDLE_K_H
    }
    if not idle:
        return opening, turns
    back = [station.station_id in idle for station in case.district.network.stations]
    kept = np.where(back, begin, opening)
    return kept, _turns(case, begin, kept)


def _searched(
    case: BalanceTask,
    begin: FloatArray,
    trace: Trace,
    most: int,
    solver: SolverBase,
    progress: Callable[[str], None],
) -> FloatArray:
    """Turn valves round by round while the simulation gets better."""
    opening, now = begin, _merit(case, trace)
    candidates, widest = _candidates(case.district.network, trace), WIDEST
    for number in range(1, ROUNDS + 1):
        turned = np.flatnonzero(opening != begin)
        tried = candidates if len(turned) < most else turned
        if not len(tried):
            break  # no valve stands at an opening of its own
        moves = _chosen(case, begin, opening, trace, tried, most, widest, solver)
        better = False
        for share in (1.0, 0.5, 0.25):
            proposal = np.clip(opening * np.exp(share * moves), LEAST_OPENING_PCT, MOST_OPENING_PCT)
            proposal = np.where(moves == 0.0, opening, proposal)
            run = case.run(proposal)
            better = _merit(case, run) < now - EFFORT_K
            if better:
                opening, trace, now = proposal, run, _merit(case, run)
                break
        largest = comfort_of_trace(case.district.network, trace).max_shortfall_k
        progress(
            f"round {number}: {int((opening != begin).sum())} valves turned, "
            f"largest shortfall {largest:.2f} K"
        )
        if not better:
            break
        widest *= share
    return opening


def _merit(case: BalanceTask, trace: Trace) -> float:
    """Kelvins that flats are short of, the largest weighted as in planning."""
    spare = _spare_k(case.district.network, trace)
    short = np.maximum(-spare, 0.0)
    weight = PER_LARGEST_K * len(spare)
    return float(weight * short.max(initial=0.0) + short.sum())


def _spare_k(network: Network, trace: Trace) -> FloatArray:
    """How far each worst flat stays above its minimum on the coldest of all instants but the
    first hours, which no valve changes, shape (buildings,)."""
    least = np.array([building.min_indoor_c for building in network.buildings])
    settled = len(trace.buildings.worst_flat_temp_c) // 8
    coldest: FloatArray = trace.buildings.worst_flat_temp_c[settled:].min(axis=0) - least
    return coldest


def _candidates(network: Network, trace: Trace) -> IntArray:
    """Fixed stations with the warmest and with the coldest flats."""
    spare = np.full(len(network.stations), np.inf)
    of = [network.station_index[building.station_id] for building in network.buildings]
    np.minimum.at(spare, of, _spare_k(network, trace))
    fixed = np.flatnonzero(np.array(_fixed(network)) & np.isfinite(spare))
    order = fixed[np.argsort(spare[fixed], kind="stable")]
    if len(order) <= MOST_TRIED:
        return order
    half = MOST_TRIED // 2
    return np.concatenate([order[:half], order[-half:]])


def _chosen(
    case: BalanceTask,
    begin: FloatArray,
    opening: FloatArray,
    trace: Trace,
    tried: IntArray,
    most: int,
    widest: float,
    solver: SolverBase,
) -> FloatArray:
    """Changes of the logarithms of all openings, zero for valves that stay."""
    network = case.district.network
    spare = _spare_k(network, trace)

    def trial(station: int) -> FloatArray:
        # Toward the side on which there is room.
        size = TRIAL if opening[station] * math.exp(TRIAL) <= MOST_OPENING_PCT else -TRIAL
        moved = opening.copy()
        moved[station] *= math.exp(size)
        gained: FloatArray = (_spare_k(network, case.run(moved)) - spare) / size
        return gained

    slope = np.stack(side_by_side(trial, tried.tolist()), axis=1)
    low = np.maximum(-widest, np.log(LEAST_OPENING_PCT / opening[tried]))
    high = np.minimum(widest, np.log(MOST_OPENING_PCT / opening[tried]))
    free = most - int((opening != begin).sum()) + int((opening != begin)[tried].sum())
    moves = np.zeros(len(opening))
    moves[tried] = _solved(spare, slope, np.minimum(low, 0.0), np.maximum(high, 0.0), free, solver)
    return moves


def _solved(
    spare_k: FloatArray,
    slope: FloatArray,
    low: FloatArray,
    high: FloatArray,
    most: int,
    solver: SolverBase,
) -> FloatArray:
    """Solve the choice; flats that stay warm whatever is turned need no row."""
    reach = np.abs(slope) @ np.maximum(-low, high)
    needed = spare_k - reach < 0.0
    if not needed.any():
        return np.zeros(slope.shape[1])
    weight = PER_LARGEST_K * len(spare_k)
    model = declare_turns(spare_k[needed], slope[needed], low, high, most, weight, EFFORT_K)
    results = solver.solve(model)
    if results.solution_status not in (SolutionStatus.optimal, SolutionStatus.feasible):
        return np.zeros(slope.shape[1])
    return np.array(
        [
            float(pyo.value(model.move[v])) if pyo.value(model.turned[v]) > 0.5 else 0.0
            for v in range(slope.shape[1])
        ]
    )


def _turns(case: BalanceTask, begin: FloatArray, opening: FloatArray) -> tuple[Turn, ...]:
    """Each turn with what would be lost without it, the weightiest first."""
    network = case.district.network
    turned = np.flatnonzero(opening != begin).tolist()
    if not turned:
        return ()

    def comfort(left_out: int | None) -> tuple[float, float]:
        moved = opening.copy()
        if left_out is not None:
            moved[left_out] = begin[left_out]
        found = comfort_of_trace(network, case.run(moved))
        return found.max_shortfall_k, found.shortfall_k_h

    whole, *without = side_by_side(comfort, [None, *turned])
    turns = [
        Turn(
            station_id=network.stations[i].station_id,
            from_pct=float(begin[i]),
            to_pct=float(opening[i]),
            largest_k=largest - whole[0],
            shortfall_k_h=sum_k_h - whole[1],
        )
        for i, (largest, sum_k_h) in zip(turned, without, strict=True)
    ]
    return tuple(sorted(turns, key=lambda t: (-round(t.largest_k, 2), -t.shortfall_k_h)))


def _short_circuits(network: Network, trace: Trace) -> tuple[ShortCircuit, ...]:
    """Stations whose water comes back hardly cooled: half of the others cool it much more."""
    flow = trace.stations.mass_flow_kg_s
    drop = trace.stations.supply_temp_c - trace.stations.return_temp_c
    weight = flow.sum(axis=0)
    runs = weight > 1e-6 * max(float(weight.max(initial=0.0)), 1e-12)
    mean = np.where(runs, (flow * np.nan_to_num(drop)).sum(axis=0) / np.maximum(weight, 1e-12), 0.0)
    usual = float(np.median(mean[runs])) if runs.any() else 0.0
    found = [
        ShortCircuit(station_id=station.station_id, difference_k=float(mean[i]), usual_k=usual)
        for i, station in enumerate(network.stations)
        if runs[i] and mean[i] < SHORT_CIRCUIT_SHARE * usual
    ]
    return tuple(sorted(found, key=lambda one: one.difference_k))
