"""`heatwarden balance`: the few valve turns that warm the coldest flats most."""

import argparse
import sys
from typing import TYPE_CHECKING

from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.case import Case
    from controller.outcome_json import JsonObject
    from optimizer.balance import Balancing
    from optimizer.model.schedule import Schedule

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
    from drivers.base import BadInput
    from optimizer.balance import BalanceTask, balance
    from optimizer.round import choice_solver

    try:
        case = read_case(
            arguments.site,
            arguments.weather,
            arguments.start,
            arguments.hours,
            shortest_h=SHORTEST_H,
            longest_h=LONGEST_H,
            tell=_tell,
        )
        schedule = _schedule(case, arguments.schedule)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    task = BalanceTask(
        district=case.site.district, state=case.state, forecast=case.forecast, schedule=schedule
    )
    found = balance(task, arguments.valves, choice_solver(), _tell)
    if arguments.json:
        _print_json(case, found)
    else:
        _print_list(case, found)
    return 0


def _tell(text: str) -> None:
    """Say on standard error what takes time."""
    sys.stderr.write(text + "\n")


def _schedule(case: "Case", path: str | None) -> "Schedule":
    from controller.schedule_file import schedule_or_curve

    return schedule_or_curve(case, path, _tell).schedule


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


def _why_none(case: "Case") -> str:
    from optimizer.model.network import StationControl

    stations = case.site.district.network.stations
    if any(station.control is StationControl.FIXED for station in stations):
        return ""
    return ": every station sets its own valve, there is none to turn by hand"


def _print_list(case: "Case", found: "Balancing") -> None:
    """Print the work list for the crew."""
    from controller.problems import write_line

    before, after = found.before.comfort, found.after.comfort
    if found.turns:
        write_line(f"{'station':<14}{'from, %':>9}{'to, %':>9}{'without it, K':>16}{'K h':>10}")
    else:
        write_line("no turn of a valve that stands warms the coldest flats" + _why_none(case))
    for turn in found.turns:
        write_line(
            f"{turn.station_id:<14}{turn.from_pct:>9.0f}{turn.to_pct:>9.0f}"
            f"{turn.largest_k:>16.2f}{turn.shortfall_k_h:>10.1f}"
        )
    write_line(
        f"largest shortfall {before.max_shortfall_k:.2f} -> {after.max_shortfall_k:.2f} K, "
        f"{before.shortfall_k_h:.1f} -> {after.shortfall_k_h:.1f} K h"
    )
    if found.turns:
        kept = "is certified" if found.after.certified else "passes no limit further than now"
        write_line(f"the list {kept}")
    for one in found.short_circuits:
        write_line(
            f"station {one.station_id} short-circuits: its water cools by "
            f"{one.difference_k:.1f} K, half of the others' by more than {one.usual_k:.1f} K"
        )
