"""Networks timed: ours beside pandapipes, then ours alone up to 10,000 buildings."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.cases.districts import district
from benchmarks.cases.peer import pandapipes_net, read_peer, solve_peer
from benchmarks.cases.steady import (
    START,
    constant_setpoints,
    constant_weather,
    first_state,
    steady,
)
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network, PumpControl, StationControl
from optimizer.model.schedule import Schedule
from optimizer.model.trace import Trace
from optimizer.simulate import simulate

SUPPLY_C, RETURN_C, LIFT_BAR = 90.0, 40.0, 6.0
RUNS = 5
# Cells of a pipe of 60 m in a transient of pandapipes: 4 m each.
PEER_SECTIONS = 15
HOURS, STEP_S = 48, 900
DAY_STEPS, DAY_STEP_S = 1440, 60


class Spent(NamedTuple):
    """Time of one run: of the one core it computes on, and on the clock.

    Both are the same on a machine that does nothing else; what is asked is held against the core's.
    """

    cpu_s: float
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One timed case.

    Attributes:
        case: What was run.
        ours: Our time, best of several runs.
        peer: pandapipes' time, best of as many (one for a transient); None where not run.
        at_most_s, at_least_ratio: What is asked, None for nothing.
        note: Accuracy, and whatever else is needed to read the figure.
    """

    case: str
    ours: Spent
    peer: Spent | None = None
    at_most_s: float | None = None
    at_least_ratio: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster ours is."""
        return None if self.peer is None else self.peer.cpu_s / self.ours.cpu_s

    @property
    def verdict(self) -> str:
        """Whether what is asked is met."""
        if self.at_most_s is not None:
            return "met" if self.ours.cpu_s <= self.at_most_s else "missed"
        if self.at_least_ratio is not None and self.ratio is not None:
            return "met" if self.ratio >= self.at_least_ratio else "missed"
        return ""


def best(run: Callable[[], object], runs: int = RUNS) -> Spent:
    """Shortest of several runs.

    Args:
        run: What to time; it must compute on one core.
        runs: How often.

    Returns:
        Its time.
    """
    times = []
    for _ in range(runs):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        run()
        times.append(Spent(time.process_time() - begin_cpu, time.perf_counter() - begin))
    return min(times)


def peers_district(consumers: int) -> Network:
    """Prescribed loads, level and tight, one pump that holds the pressure.

    Args:
        consumers: How many.

    Returns:
        The network.
    """
    net = district(consumers, load=True, buildings_per_station=1)
    pump = replace(
        net.pumps[0],
        control=PumpControl.DIFFERENTIAL_PRESSURE,
        shutoff_head_m=200.0,
        rated_head_m=190.0,
        min_speed_pct=1.0,
    )
    return replace(
        net,
        pumps=(pump,),
        nodes=tuple(replace(node, elevation_m=0.0) for node in net.nodes),
        pipes=tuple(replace(pipe, leak_m3_h=0.0) for pipe in net.pipes),
    )


def steady_states(sizes: tuple[int, ...]) -> list[Timing]:
    """Steady states beside pandapipes (bidirectional), with their agreement.

    Args:
        sizes: Numbers of consumers.

    Returns:
        One timing a size.
    """
    timings = []
    for size in sizes:
        net = peers_district(size)
        ours = steady(net, SUPPLY_C, RETURN_C, LIFT_BAR)
        theirs = pandapipes_net(net, LIFT_BAR, SUPPLY_C)
        solve_peer(theirs)
        timings.append(
            Timing(
                case=f"steady state, {size} consumers",
                ours=best(partial(steady, net, SUPPLY_C, RETURN_C, LIFT_BAR)),
                peer=best(partial(solve_peer, theirs)),
                at_least_ratio=5.0 if size >= 1000 else None,
                note=_agreement(net, ours, theirs),
            )
        )
    return timings


def _agreement(net: Network, ours: Trace, theirs_net: Any) -> str:
    theirs = read_peer(theirs_net, net)
    apart_k = max(
        float(np.abs(ours.nodes.supply_temp_c[-1] - theirs.supply_c).max()),
        float(np.abs(ours.nodes.return_temp_c[-1] - theirs.return_c).max()),
    )
    at = net.node_index[net.plants[0].node_id]
    lost = ours.nodes.supply_pressure_bar[-1, at] - ours.nodes.supply_pressure_bar[-1]
    their_lost = theirs.supply_bar[at] - theirs.supply_bar
    apart_pct = 100.0 * float(np.abs(lost - their_lost).max() / their_lost.max())
    delivered = ours.stations.heat_power_kw[-1].sum() / sum(s.load_kw for s in net.stations)
    return (
        f"apart at most {apart_k:.3f} K, {apart_pct:.2f} % of pressure drop; "
        f"delivered {100 * delivered:.3f} %"
    )


def transient(consumers: int) -> Timing:
    """A day in steps of a minute with a supply temperature that swings.

    Args:
        consumers: How many.

    Returns:
        The timing.
    """
    net = peers_district(consumers)
    weather = constant_weather(net, DAY_STEPS, DAY_STEP_S, 0.0)
    swing = SUPPLY_C + 5.0 * np.sin(np.arange(DAY_STEPS) / 100.0)
    schedule = constant_setpoints(net, DAY_STEPS, DAY_STEP_S, SUPPLY_C, LIFT_BAR)
    schedule = replace(schedule, supply_temp_c=swing[None])
    state = first_state(net, SUPPLY_C, RETURN_C, LIFT_BAR)
    trace = simulate(net, state, weather, schedule)
    asked_kwh = sum(s.load_kw for s in net.stations) * DAY_STEPS * DAY_STEP_S / 3600.0
    delivered = trace.stations.heat_power_kw.sum() * DAY_STEP_S / 3600.0 / asked_kwh
    theirs = pandapipes_net(net, LIFT_BAR, SUPPLY_C, sections=PEER_SECTIONS)
    return Timing(
        case=f"transient, {consumers} consumers, 24 h at 60 s",
        ours=best(lambda: simulate(net, state, weather, schedule)),
        peer=best(lambda: _peer_day(theirs, swing), runs=1),
        at_least_ratio=500.0,
        note=f"delivered {100 * delivered:.3f} % of the asked heat; theirs: cells of 4 m",
    )


def _peer_day(net: Any, supply_c: np.ndarray) -> None:
    for k, temp_c in enumerate(supply_c):
        net.circ_pump_pressure["t_flow_k"] = float(temp_c) + 273.15
        solve_peer(net, transient=True, dt=DAY_STEP_S, simulation_time_step=k)


def weather_and_setpoints(net: Network) -> tuple[Forecast, Schedule]:
    """Two days of swinging weather and supply temperature.

    Args:
        net: The network.

    Returns:
        Forecast and schedule.
    """
    steps = HOURS * 3600 // STEP_S
    hours = np.arange(steps + 1) * STEP_S / 3600.0
    weather = replace(
        constant_weather(net, steps, STEP_S, 0.0),
        start=START,
        outdoor_temp_c=(-8.0 + 5.0 * np.sin(hours / 24.0 * 2.0 * math.pi))[None],
    )
    schedule = replace(
        constant_setpoints(net, steps, STEP_S, 95.0, 90.0),
        supply_temp_c=np.tile(95.0 + 8.0 * np.sin(hours[:-1] / 9.0), (len(net.plants), 1)),
    )
    return weather, schedule


def two_days(net: Network) -> Spent:
    """Time of 48 h at 15 min, the whole call.

    Args:
        net: The network.

    Returns:
        Best of several runs.
    """
    weather, schedule = weather_and_setpoints(net)
    state = first_state(net, 90.0, 45.0, 90.0)
    return best(lambda: simulate(net, state, weather, schedule))


def alone() -> list[Timing]:
    """Ours alone: 1,000 stations in three kinds of network.

    Returns:
        The timings.
    """
    fixed = StationControl.FIXED
    return [
        Timing(
            case="1,000 stations, fixed openings, tree, 48 h at 15 min",
            ours=two_days(district(1000, control=fixed, buildings_per_station=1)),
            at_most_s=0.2,
            note="one building a station",
        ),
        Timing(
            case="the same, five buildings a station",
            ours=two_days(district(1000, control=fixed)),
        ),
        Timing(
            case="1,000 stations, compensated, tree",
            ours=two_days(district(1000)),
            at_most_s=1.0,
            note="five buildings a station",
        ),
        Timing(
            case="1,000 stations, compensated, meshed",
            ours=two_days(district(1000, meshed=True)),
            at_most_s=4.0,
            note="five buildings a station",
        ),
    ]


def large(buildings: int) -> Network:
    """A meshed district with three plants, 20 buildings to 3 stations.

    Args:
        buildings: How many buildings, nearly.

    Returns:
        The network.
    """
    stations = max(3, round(buildings * 0.15))
    per_station = round(buildings / stations)
    return district(stations, meshed=True, plants=3, buildings_per_station=per_station)


def growth(sizes: tuple[int, ...]) -> tuple[list[Timing], float]:
    """Time by number of buildings, and the exponent of its growth.

    Args:
        sizes: Numbers of buildings.

    Returns:
        Timings and the exponent between the first and the last size.
    """
    timings = []
    for size in sizes:
        net = large(size)
        counts = f"{len(net.buildings):,} buildings, {len(net.stations):,} stations"
        timings.append(
            Timing(
                case=f"{counts}, 3 plants, meshed, 48 h at 15 min",
                ours=two_days(net),
                at_most_s=8.0 if size >= 10000 else None,
            )
        )
    ratio = timings[-1].ours.cpu_s / timings[0].ours.cpu_s
    return timings, math.log(ratio) / math.log(sizes[-1] / sizes[0])
