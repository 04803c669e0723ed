"""`heatwarden balance`: the few valve turns that warm the coldest flats most."""

import argparse
from typing import TYPE_CHECKING

from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.case import Case
    from controller.outcome_json import JsonObject
    from optimizer.balance import Balancing

SHORTEST_H = 6.0
LONGEST_H = 24.0 * 14.0

_EXAMPLES = """\
examples:
  heatwarden balance sites/old-east --weather W.csv --start 2026-01-12T00:00:00+08:00
  heatwarden balance sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --valves 5
  heatwarden balance sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --hours 96 --json
  heatwarden balance sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --schedule S.csv

Only stations whose valves stand (control = fixed) are turned, at the plant schedule of the weather
curve or of --schedule. The list is judged like a plan: with its turns no limit is passed that is
not passed as far without them. Turns have their whole effect after some days; a week of hours shows
more of it than one. Stations that send their water back hardly cooled are named beside it.

Exit code 0: a list, also an empty one where no turn helps; 2: an input was refused.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("--weather", required=True, metavar="W", help="CSV, EPW or typical year")
    parser.add_argument("--start", required=True, metavar="T", help="ISO 8601 time with offset")
    parser.add_argument("--hours", type=float, metavar="H", help="length; the site's if not given")
    parser.add_argument(
        "--valves",
        type=whole_number(1, 1000),
        default=10,
        metavar="N",
        help="turn so many at most (10)",
    )
    parser.add_argument("--schedule", metavar="S.csv", help="setpoints other than the curve's")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Balance a site.

    Args:
        arguments: The parsed command line.

    Returns:
        0, or 2 where an input is refused.
    """
    from controller.case import read_case
    from controller.problems import InputError, report_problems
    from controller.schedule_file import schedule_or_curve
    from controller.terminal_words import telling
    from drivers.base import BadInput
    from optimizer.balance import BalanceTask, balance
    from optimizer.round import choice_solver

    tell = telling(arguments.lang)
    try:
        case = read_case(
            arguments.site,
            arguments.weather,
            arguments.start,
            arguments.hours,
            shortest_h=SHORTEST_H,
            longest_h=LONGEST_H,
            tell=tell,
        )
        schedule = schedule_or_curve(case, arguments.schedule, tell).schedule
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    task = BalanceTask(
        district=case.site.district, state=case.state, forecast=case.forecast, schedule=schedule
    )
    found = balance(task, arguments.valves, choice_solver(), tell)
    if arguments.json:
        _print_json(case, found)
    else:
        _print_list(case, found, arguments.lang)
    return 0


def _print_json(case: "Case", found: "Balancing") -> None:
    import json

    from controller.problems import write_line

    write_line(json.dumps(_as_json(case, found), allow_nan=False))


def _as_json(case: "Case", found: "Balancing") -> "JsonObject":
    from controller.outcome_json import comfort_json, limits_json, number

    return {
        "site": case.site.site_id,
        "start": case.forecast.start.isoformat(),
        "turns": [
            {
                "station": turn.station_id,
                "from_pct": number(turn.from_pct),
                "to_pct": number(turn.to_pct),
                "largest_k": number(turn.largest_k),
                "shortfall_k_h": number(turn.shortfall_k_h),
            }
            for turn in found.turns
        ],
        "short_circuits": [
            {
                "station": one.station_id,
                "difference_k": number(one.difference_k),
                "usual_k": number(one.usual_k),
            }
            for one in found.short_circuits
        ],
        **{
            name: {
                "certified": certificate.certified,
                "comfort": comfort_json(certificate.comfort),
                "limits": limits_json(certificate.limits),
            }
            for name, certificate in (("before", found.before), ("after", found.after))
        },
    }


def _print_list(case: "Case", found: "Balancing", language: str) -> None:
    """Print the work list for the crew."""
    from controller.problems import write_line
    from controller.terminal_words import column, saying
    from optimizer.model.network import StationControl

    say, before, after = saying(language), found.before.comfort, found.after.comfort
    stations = case.site.district.network.stations
    if found.turns:
        names = ("turn_from", "turn_to", "turn_without", "turn_short")
        heads = (column(say(name), -w) for name, w in zip(names, (9, 9, 16, 10), strict=True))
        write_line(column(say("turn_station"), 14) + "".join(heads))
    elif any(station.control is StationControl.FIXED for station in stations):
        write_line(say("no_turn"))
    else:
        write_line(say("no_valve"))
    for turn in found.turns:
        write_line(
            f"{turn.station_id:<14}{turn.from_pct:>9.0f}{turn.to_pct:>9.0f}"
            f"{turn.largest_k:>16.2f}{turn.shortfall_k_h:>10.1f}"
        )
    write_line(
        say(
            "balanced",
            before=before.max_shortfall_k,
            after=after.max_shortfall_k,
            before_h=before.shortfall_k_h,
            after_h=after.shortfall_k_h,
        )
    )
    if found.turns:
        write_line(say("list_certified" if found.after.certified else "list_no_further"))
    for one in found.short_circuits:
        usual = one.usual_k
        write_line(say("short_circuit", station=one.station_id, fall=one.difference_k, usual=usual))
