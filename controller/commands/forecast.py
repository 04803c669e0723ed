"""`heatwarden forecast`: the load of the next days, beside the load of a day before."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.knowing.loads import LoadOutlook
    from controller.site import Site
    from optimizer.model.arrays import FloatArray

_EXAMPLES = """\
examples:
  heatwarden forecast sites/old-east --history run
  heatwarden forecast sites/old-east --history run --weather W.csv --hours 48 --station S01 --json

The history is a folder with the tables that `simulate` writes (plants, stations, buildings) or with
the readings that `export SITE readings --out DIR/readings.parquet` writes, and weather.csv. The
weather must reach beyond the history: what comes after it is what the forecast stands on.

A forecast is physics (the weather behind the walls' lag) and what a regression for each hour of the
day has learned beyond it; with less than a fortnight to learn from, physics alone. It is shown with
its P10 and P90. The last quarter of the history is held back to say how good such forecasts were
24 h ahead, beside the load of a day before; there, the weather that came stands for its forecast.

Exit code 0: done; 2: an input was refused.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("--history", required=True, metavar="DIR", help="folder of measurements")
    parser.add_argument("--weather", metavar="W.csv", help="weather; DIR/weather.csv if not given")
    parser.add_argument("--hours", type=int, metavar="H", help="hours ahead, at most 72")
    parser.add_argument("--station", metavar="ID", help="one station; the total if not given")
    parser.add_argument("--all", action="store_true", help="the total and every station")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Forecast.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 where an input is refused.
    """
    from controller.problems import InputError, report_problems
    from drivers.base import BadInput

    try:
        site, outlooks = _outlooks(arguments)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    if arguments.json:
        _write_json(site, outlooks)
    else:
        _write_text(site, outlooks, arguments.lang)
    return 0


def _outlooks(arguments: argparse.Namespace) -> "tuple[Site, Sequence[LoadOutlook]]":
    from pathlib import Path

    from controller.knowing.history import WEATHER_FILE, read_history
    from controller.knowing.loads import (
        MOST_LEADS,
        TOTAL,
        hours_ahead,
        load_names,
        outlook,
        read_ahead,
    )
    from controller.site import load_site
    from controller.site_store import refused

    site = load_site(arguments.site)
    names = load_names(site) if arguments.all else (arguments.station or TOTAL,)
    if names[0] not in load_names(site):
        raise refused(names[0], "is no station of this site", "take an id of stations.csv")
    record = read_history(site, arguments.history, arguments.weather)
    file = Path(arguments.weather or Path(arguments.history) / WEATHER_FILE)
    weather = read_ahead(file, record)
    reach = hours_ahead(record, weather)
    hours = reach if arguments.hours is None else arguments.hours
    if not 1 <= hours <= min(reach, MOST_LEADS):
        message = f"the weather reaches {max(reach, 0)} h beyond the history"
        raise refused(str(hours), message, "give weather that goes on, or fewer --hours")
    found = [outlook(site, record, name, weather, hours) for name in names]
    if not any(found):
        remedy = "record its flow and temperatures, or take another"
        raise refused(names[0], "was never measured in this history", remedy)
    return site, [one for one in found if one is not None]


def _write_json(site: "Site", outlooks: "Sequence[LoadOutlook]") -> None:
    import json

    from controller.outcome_json import number
    from controller.problems import write_line
    from optimizer.forecast.forecaster import QUANTILES

    def series(values: "FloatArray") -> list[float]:
        return [round(float(value), 3) for value in values]

    loads = [
        {
            "name": one.name,
            "issue_time": one.forecast.issue_time.isoformat(),
            "learned": one.forecast.learned,
            "load_kw": series(one.forecast.load_kw),
            "physics_kw": series(one.forecast.physics_kw),
            "quantiles_kw": {
                f"p{round(level * 100):02d}": series(one.forecast.quantiles_kw[:, k])
                for k, level in enumerate(QUANTILES)
            },
            "held_back": {
                "hours": one.score.hours,
                "mape_pct": number(one.score.mape_pct),
                "persistence_pct": number(one.score.persistence_pct),
                "physics_pct": number(one.score.physics_pct),
                "p10_p90_covers_pct": number(one.score.covered_pct),
            },
        }
        for one in outlooks
    ]
    write_line(json.dumps({"site": site.site_id, "step_s": 3600, "loads": loads}, allow_nan=False))


def _write_text(site: "Site", outlooks: "Sequence[LoadOutlook]", language: str) -> None:
    from controller.problems import write_line
    from controller.terminal_words import column, saying
    from optimizer.forecast.forecaster import QUANTILES

    say = saying(language)
    heads = (column(say("hours_ahead"), -13), column(say("physics_kw"), -13))
    low, high = QUANTILES.index(0.1), QUANTILES.index(0.9)
    for one in outlooks:
        made = one.forecast
        how, issued = say("learned" if made.learned else "physics"), made.issue_time.isoformat()
        write_line(say("forecast", site=site.site_id, load=one.name, issued=issued, how=how))
        write_line(f"{heads[0]}   P10 kW      kW    P90 kW{heads[1]}")
        for k in range(0, len(made.load_kw), 1 if len(made.load_kw) <= 12 else 6):
            write_line(
                f"  {k + 1:11d} {made.quantiles_kw[k, low]:8.0f} {made.load_kw[k]:7.0f} "
                f"{made.quantiles_kw[k, high]:9.0f} {made.physics_kw[k]:12.0f}"
            )
        if one.score.hours:
            write_line(
                say(
                    "held_back",
                    hours=one.score.hours,
                    mape=one.score.mape_pct,
                    persistence=one.score.persistence_pct,
                    physics=one.score.physics_pct,
                    covered=one.score.covered_pct,
                )
            )
        else:
            write_line(say("none_held_back"))
