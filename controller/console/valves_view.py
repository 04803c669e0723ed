"""Stations whose valves are not as the site's table says, as rows for the crew."""

from typing import Any

import numpy as np

from controller.console.languages import Words
from controller.console.settings import Console
from controller.knowing.valve_words import work_order
from controller.report.numbers import number
from controller.store.present import published
from optimizer.estimate.standing_valves import standing
from optimizer.model.network import Network, StationControl

# What a heat meter must give before anything is known of a valve.
HEAT_METER = ("flow_m3_h", "return_temp_c")


def valves_view(console: Console, words: Words) -> dict[str, Any]:
    """List the stations that let through much less or more than the site's table says.

    Args:
        console: The console.
        words: The reader's words.

    Returns:
        Whether there is an estimate, how many stations are fixed and how many of those have a
        heat meter, and a row for each that is worth a visit, the farthest off first.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = published(connection, "estimate")
    network = console.site.district.network
    fixed = [network.stations[s].station_id for s in np.flatnonzero(standing(network))]
    return {
        "known": found is not None,
        "fixed": len(fixed),
        "metered": sum(_has_meter(console, name) for name in fixed),
        "rows": [
            {
                "name": one["station_id"],
                "share": number(100.0 * one["share"], 0),
                "less": one["share"] < 1.0,
                "opening": _opening(network, one["station_id"]) or words("knowing.controlled"),
                "order": words.of(work_order(one)),
            }
            for one in (() if found is None else found[1].get("valves_off", ()))
            if one["station_id"] in network.station_index
        ],
    }


def _has_meter(console: Console, station_id: str) -> bool:
    return all(("station", station_id, quantity) in console.point_of for quantity in HEAT_METER)


def _opening(network: Network, station_id: str) -> str:
    """Where a fixed valve stands by the table, %; empty for one that is controlled."""
    station = network.stations[network.station_index[station_id]]
    return number(station.opening_pct, 0) if station.control is StationControl.FIXED else ""
