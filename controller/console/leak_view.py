"""Suspected leaks with their likeliest places, or why there are none, as rows and a drawing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.console.languages import Words
from controller.console.map_frame import frame_of
from controller.console.network_map import draw_map
from controller.console.settings import Console
from controller.knowing.leak_points import makeup_points, pressure_stations
from controller.knowing.leak_words import WHY_NOT
from controller.report.numbers import local_time, number
from controller.store.present import published

MOST_PLACES = 12


def leaks_view(console: Console, words: Words, now: datetime) -> dict[str, Any]:
    """Say what leaks are suspected, where, and whether the site could tell at all.

    Args:
        console: The console.
        words: The reader's words.
        now: tz-aware.

    Returns:
        How many make-up meters there are, how many stations measure pressure, and a row for each
        leak that is suspected.

    Raises:
        StoreError: The store failed.
    """
    with console.database.reading() as connection:
        found = published(connection, "leaks")
    site = console.site
    return {
        "meters": len(makeup_points(site)),
        "stations": len(site.district.network.stations),
        "pressures": pressure_stations(site),
        "rows": [
            _row(console, words, one, now.year)
            for one in (() if found is None else found[1]["suspected"])
        ],
    }


def _row(console: Console, words: Words, leak: Mapping[str, Any], year: int) -> dict[str, Any]:
    network = console.site.district.network
    places = [one for one in leak["places"] if one["pipe_id"] in network.pipe_index]
    drawn = draw_map(
        network,
        frame_of(network),
        year=year,
        label=words("knowing.leak_map", name=leak["point_id"]),
        marked=[one["pipe_id"] for one in places],
    )
    return {
        "source": leak["point_id"],
        "since": local_time(datetime.fromisoformat(leak["began"]), console.zone),
        "size": number(leak["size_m3_h"], 2),
        "usual": number(leak["usual_m3_h"], 2),
        "why_not": words.of(WHY_NOT[leak["why_not"]]) if leak["why_not"] else "",
        "stations": leak["stations"],
        "settled": leak["settled"],
        "metres": number(sum(one["length_m"] for one in places), 0),
        "places": [
            {
                "rank": rank,
                "pipe": one["pipe_id"],
                "ends": f"{one['from_node']} – {one['to_node']}",
                "length": number(one["length_m"], 0),
                "laid": one["year_laid"] or "",
            }
            for rank, one in enumerate(places[:MOST_PLACES], 1)
        ],
        "more": max(len(places) - MOST_PLACES, 0),
        "map": drawn if places else "",
    }
