"""What more of a limit that binds would buy: marginal values around what a search has found.

One more round from where the search ended, solved again with a bit more of one limit at a time: of
the tier that minimises the largest shortfall, in kelvin, or where nobody is short of the tier that
minimises the cost, in money. One-sided, and good as long as the limits that bind stay the same.
"""

from collections.abc import Iterable
from dataclasses import replace

from pyomo.contrib.solver.common.base import PersistentSolverBase

from optimizer.linear_model import LinearModel, Task, linear_model
from optimizer.model.network import Network
from optimizer.model.outcome import LimitKind, LimitResult
from optimizer.round import RoundError, Worth, what_more_buys
from optimizer.round_model import NOTHING_TIGHT, Tight
from optimizer.search import units_of

# Around what was found; wide enough that the limits bind before it does.
RADIUS = 2.0
# Limits that a pipe has are watched at its ends, those of stations at their node.
AT_PIPE_ENDS = (
    LimitKind.PIPE_TEMP,
    LimitKind.PIPE_RAMP,
    LimitKind.PIPE_PRESSURE,
)
AT_STATION_NODE = (LimitKind.RADIATOR_PRESSURE, LimitKind.STATIC_HEAD)
AT_NODE = (LimitKind.MIN_PRESSURE, LimitKind.BOILING_MARGIN)


def worth_around(
    task: Task,
    linear: LinearModel,
    session: PersistentSolverBase,
    tight: Tight = NOTHING_TIGHT,
) -> tuple[Worth, ...]:
    """Ask what more of each limit would buy.

    Args:
        task: What is planned.
        linear: The linear model around what was found.
        session: Solver session.
        tight: What is likely to bind.

    Returns:
        The limits that would buy something; nothing where no answer can be believed.
    """
    if linear.as_they_stand:
        # What more of a plant's heat would buy shows only just below its capacity.
        linear = linear_model(task, linear.decisions, linear.trace, linear.limits)
    try:
        reach = RADIUS * units_of(task.levers)
        return what_more_buys(task.levers, linear, reach, session, tight)
    except RoundError:
        return ()


def marginal_of(network: Network, limit: LimitResult, worth: Iterable[Worth]) -> Worth | None:
    """Find what more of a limit at one place would buy, at all of its entries together.

    Args:
        network: The network.
        limit: The limit as the certificate names it.
        worth: What more of each watched limit would buy.

    Returns:
        The marginal value, or None where nothing is known of it.
    """
    places = _places(network, limit)
    own = [one for one in worth if one.kind is limit.limit and one.index in places]
    if not own:
        return None
    return replace(own[0], value=sum(one.value for one in own))


def _places(network: Network, limit: LimitResult) -> set[int]:
    """Indices that a limit is watched at."""
    kind, name = limit.limit, limit.where
    if kind in AT_PIPE_ENDS and name in network.pipe_index:
        pipe = network.pipes[network.pipe_index[name]]
        return {network.node_index[pipe.from_node], network.node_index[pipe.to_node]}
    if kind in AT_STATION_NODE and name in network.station_index:
        return {network.node_index[network.stations[network.station_index[name]].node_id]}
    for kinds, index in (
        (AT_NODE, network.node_index),
        ((LimitKind.VELOCITY,), network.pipe_index),
        ((LimitKind.RADIATOR_TEMP,), network.station_index),
        ((LimitKind.PLANT_HEAT,), network.plant_index),
    ):
        if kind in kinds and name in index:
            return {index[name]}
    return {0} if kind is LimitKind.MAKEUP else set()
