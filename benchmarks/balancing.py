"""Spoil a district's balance and mend it: what ten turns bring, and what all of them would.

python -m benchmarks.balancing SITE --weather FILE --start TIME [--hours 96] [--valves 10]
"""

import argparse
import sys
from dataclasses import replace

import numpy as np

from controller.case import Case, read_case
from optimizer.balance import BalanceTask, Balancing, balance, with_openings
from optimizer.baseline import baseline_schedule
from optimizer.model.arrays import FloatArray
from optimizer.model.network import Network
from optimizer.round import choice_solver
from optimizer.station_groups import distance_m

TOO_OPEN = 1.5


def openings(network: Network) -> FloatArray:
    """Openings of all stations, %, shape (stations,)."""
    return np.array([station.opening_pct for station in network.stations])


def spoilt(network: Network) -> Network:
    """Open the valves of the nearer half of the stations half as far again.

    Args:
        network: A network in balance.

    Returns:
        The same, badly balanced.
    """
    away_m = distance_m(network)
    near = away_m <= np.median(away_m)
    too_open = np.minimum(TOO_OPEN * openings(network), 100.0)
    return with_openings(network, np.where(near, too_open, openings(network)))


def balanced(case: Case, network: Network, most: int) -> Balancing:
    """Balance a network of a case under the weather curve."""
    district = replace(case.site.district, network=network)
    curve = baseline_schedule(district, case.forecast, case.state)
    task = BalanceTask(district=district, state=case.state, forecast=case.forecast, schedule=curve)
    return balance(task, most, choice_solver(), lambda _: None)


def turned(network: Network, found: Balancing) -> Network:
    """The network with the turns of a work list."""
    to = {turn.station_id: turn.to_pct for turn in found.turns}
    stations = network.stations
    return with_openings(network, np.array([to.get(s.station_id, s.opening_pct) for s in stations]))


def main() -> int:
    """Print the coldest flat before, after a few turns, and after all that help.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", help="site folder")
    parser.add_argument("--weather", required=True, help="weather file")
    parser.add_argument("--start", required=True, help="ISO 8601 with offset")
    parser.add_argument("--hours", type=float, default=96.0)
    parser.add_argument("--valves", type=int, default=10)
    words = parser.parse_args()
    case = read_case(
        words.site,
        words.weather,
        words.start,
        words.hours,
        shortest_h=6.0,
        longest_h=336.0,
        tell=lambda _: None,
    )
    network = case.site.district.network
    good = turned(network, balanced(case, network, len(network.stations)))
    bad = spoilt(good)
    few = balanced(case, bad, words.valves)
    every = balanced(case, bad, len(network.stations))
    cold = few.before.comfort.max_shortfall_k
    after = few.after.comfort.max_shortfall_k
    best = min(every.after.comfort.max_shortfall_k, after)
    print(f"spoilt: largest shortfall {cold:.3f} K, {few.before.comfort.shortfall_k_h:.1f} K h")
    print(f"{len(few.turns)} turns: {after:.3f} K, {few.after.comfort.shortfall_k_h:.1f} K h")
    print(
        f"{len(every.turns)} turns: {every.after.comfort.max_shortfall_k:.3f} K, "
        f"{every.after.comfort.shortfall_k_h:.1f} K h"
    )
    share = (cold - after) / max(cold - best, 1e-9)
    print(f"{100.0 * share:.0f} % of what perfect balance gives the coldest flat")
    return 0


if __name__ == "__main__":
    sys.exit(main())
