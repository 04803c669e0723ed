"""Members of weather and load: runs of one schedule in several, and which of them decide.

One plan serves all members. Its limits hold in each; its warmth is counted in the member that the
configured quantile names: so large a share of the members is no colder than that one. A search
watches the few members that come nearest to a limit, the certificate all of them.
"""

from collections.abc import Iterable

import numpy as np

from optimizer.comfort import comfort_of_trace, deciding_rank
from optimizer.model.arrays import FloatArray
from optimizer.model.forecast import Forecast
from optimizer.model.network import Network
from optimizer.model.outcome import LimitKind
from optimizer.model.policy import District
from optimizer.model.schedule import Schedule
from optimizer.model.state import PlantState
from optimizer.model.trace import Trace
from optimizer.side_by_side import side_by_side
from optimizer.simulate import simulate
from optimizer.watch import watch_limits

# A search watches the deciding member and so many that come near to limits.
MOST_WATCHED = 3
# Outdoors at which nobody needs heat, degC.
BALANCE_C = 20.0
# A member comes near to a limit from this many scales below it.
NEAR_SCALES = 3.0


def runs_in(
    network: Network,
    state: PlantState,
    forecast: Forecast,
    schedule: Schedule,
    members: Iterable[int],
) -> tuple[Trace, ...]:
    """Simulate a schedule in several members.

    Args:
        network: The network.
        state: State at the start.
        forecast: Weather, all members.
        schedule: The schedule.
        members: Which members.

    Returns:
        A trace each.
    """
    return tuple(side_by_side(lambda m: simulate(network, state, forecast, schedule, m), members))


def watched_members(
    district: District, state: PlantState, forecast: Forecast, traces: tuple[Trace, ...]
) -> tuple[int, ...]:
    """Choose the members that a search watches.

    Args:
        district: The district.
        state: State at the start.
        forecast: Weather, all members.
        traces: Runs of one schedule in all members.

    Returns:
        Their numbers, the one in which warmth is counted first.
    """
    chosen = [deciding_member(district, forecast, traces)]
    if len(traces) == 1:
        return tuple(chosen)
    nearness = np.stack([_nearness(district, state, trace) for trace in traces])
    worst = nearness.argmax(axis=0)
    for kind in np.argsort(-nearness.max(axis=0), kind="stable").tolist():
        member = int(worst[kind])
        near = nearness[member, kind] > -NEAR_SCALES
        if near and member not in chosen and len(chosen) <= MOST_WATCHED:
            chosen.append(member)
    return tuple(chosen)


def need_of_members(forecast: Forecast) -> FloatArray:
    """How much heat members ask for, to tell which ask for more.

    Args:
        forecast: The members.

    Returns:
        Degrees below BALANCE_C times the factor of the loads, K, shape (members,).
    """
    below_k = BALANCE_C - forecast.outdoor_temp_c.mean(axis=1)
    factor = 1.0 if forecast.load_factor is None else forecast.load_factor.mean(axis=1)
    return np.asarray(below_k * factor)


def deciding_member(district: District, forecast: Forecast, traces: tuple[Trace, ...]) -> int:
    """Find the member in which warmth is counted; where nobody is short, what needs more heat.

    Args:
        district: The district.
        forecast: Weather, all members.
        traces: Runs of one schedule in all members.

    Returns:
        The member that the quantile names.
    """
    results = [comfort_of_trace(district.network, trace) for trace in traces]
    need = need_of_members(forecast)
    order = sorted(
        range(len(results)),
        key=lambda m: (results[m].max_shortfall_k, results[m].shortfall_k_h, float(need[m])),
    )
    return order[deciding_rank(district.comfort.shortfall_quantile, len(order))]


def _nearness(district: District, state: PlantState, trace: Trace) -> FloatArray:
    """How far a run passes each kind of limit, in scales, minus infinity where it is far from."""
    near = np.full(len(LimitKind), -np.inf)
    limits = watch_limits(district, state, trace, {})
    kinds = list(LimitKind)
    np.maximum.at(near, [kinds.index(kind) for kind in limits.kind], limits.excess)
    return near
