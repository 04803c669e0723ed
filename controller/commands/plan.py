"""`heatwarden plan`: plan outlet temperatures, pump setpoints and station offsets."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.study_arguments import add_study_arguments
from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.case import Case
    from controller.planning import PlannedSite, Ranking
    from controller.study import Study
    from optimizer.tangents import Lever

SHORTEST_H = 1.0
LONGEST_H = 96.0

# What `--no-…` leaves alone.
LEFT_ALONE = {
    "plants": "the plants' outlets to the weather curve",
    "pumps": "the pumps at their fallback speed",
    "offsets": "the stations' curves alone",
}

_EXAMPLES = """\
examples:
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00:00+08:00 --hours 48
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --json
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --report plan.html
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --no-pumps
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --history run
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --baseline --json
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 \\
      --weather-shift -4 --lost-boiler 10 --without-pipe LN071
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 \\
      --set limits.max_makeup_m3_h=12 --retrofit B011=0.7
  heatwarden plan sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --rank-renewals 6

The run begins in the state that the weather curve leaves after the weather before --start (a week
is enough), or, without any, in the steady state of the first day. A typical year's file is laid on
the year of --start. The plan is judged by a simulation of its own on a finer grid and is shown
beside what the weather curve would do.

With --history (a folder as `forecast` takes it, with weather.csv or the site's own outdoor sensor)
the total load is learned from what was measured before --start. The plan then serves three members,
the load as expected, at its P90 and at its P10, or several members of the weather with one of these
each: limits hold in all of them, shortfalls count at [comfort] shortfall_quantile. A fortnight and
eleven days are the least to learn from. `export SITE readings --out DIR/readings.parquet` writes
such a folder from the engine's store.

A boiler is lost from --start on, and a weather shift grows from there by 1 K an hour; the other
changes have always been so. Renewals are ranked by what a plan with each of them reaches: a pair of
pipes laid anew in the same bore, or a building that keeps 85 % of its heat loss.

Exit code 0: a certified plan, with a shortfall too, or the baseline where --baseline asks for it;
1: no plan could be certified and the weather curve is shown; 2: an input was refused; 3: the report
cannot be written.
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
        "--history",
        metavar="DIR",
        help="measurements up to --start, to learn the load from; the plan then serves P10 to P90",
    )
    parser.add_argument(
        "--baseline", action="store_true", help="show the weather curve as the plan"
    )
    for what, left in LEFT_ALONE.items():
        parser.add_argument(f"--no-{what}", action="store_true", help=f"leave {left}")
    parser.add_argument(
        "--rounds",
        type=whole_number(1, 100),
        metavar="N",
        help="rounds of search before each certificate, 1 to 100; more take longer",
    )
    parser.add_argument(
        "--rank-renewals",
        type=whole_number(1, 100),
        metavar="N",
        help="plan the N most promising renewals of one pipe or building, and rank them",
    )
    parser.add_argument("--report", metavar="FILE.html", help="write a page that shows the plan")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    add_study_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Plan a site.

    Args:
        arguments: The parsed command line.

    Returns:
        0 certified, 1 not, 2 where an input is refused, 3 where the report cannot be written.
    """
    from controller.case import read_case
    from controller.plan_summary import print_summary
    from controller.planning import baseline_shown, curve_alone, plan_site, renewals_of
    from controller.problems import InputError, report_problems
    from controller.study import read_study
    from controller.terminal_words import telling
    from drivers.base import BadInput
    from optimizer.model.plan import PlanStatus
    from optimizer.plan import PlanOptions
    from optimizer.tangents import Lever

    tell = telling(arguments.lang)
    if arguments.report is not None and (code := _report_refused(arguments)):
        return code
    try:
        study = read_study(arguments)
        _need_one_weather(arguments, study)
        case = read_case(
            arguments.site,
            arguments.weather,
            arguments.start,
            arguments.hours,
            shortest_h=SHORTEST_H,
            longest_h=LONGEST_H,
            tell=tell,
            study=study,
        )
        if arguments.history is not None:
            case = _with_history(case, arguments)
        movable = _movable(arguments, case)
        options = PlanOptions(movable=movable, may_stop=Lever.PLANT in movable)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    if arguments.rounds is not None:
        options = replace(options, max_rounds=arguments.rounds)
    ranking = None
    if arguments.baseline and arguments.rank_renewals is None:
        planned = curve_alone(case)
    else:
        tell(
            "K h of a round: of the flats that a plan can warm, by the search's own run; "
            "the result counts every flat, as certified"
        )
        planned = plan_site(case, options, tell)
        if arguments.rank_renewals is not None:
            ranking = renewals_of(planned, arguments.rank_renewals, options, tell)
        if arguments.baseline:
            planned = baseline_shown(planned)
    if arguments.report is not None and not _write_report(planned, arguments):
        return 3
    if arguments.json:
        _print_json(planned, ranking)
    else:
        print_summary(planned, arguments.lang, as_asked=arguments.baseline, report=arguments.report)
        _print_ranking(ranking or ())
    return 0 if arguments.baseline or planned.plan.status is PlanStatus.CERTIFIED else 1


def _need_one_weather(arguments: argparse.Namespace, study: "Study") -> None:
    """Refuse a load that would be forecast in another weather than the plan's."""
    from controller.problems import InputError
    from drivers.base import Problem

    if arguments.history is not None and study.weather_shift_k:
        message = (
            "--weather-shift shifts the plan's weather, not the one that the load is learned for"
        )
        remedy = "leave out --history or --weather-shift"
        raise InputError([Problem(file="command line", message=message, remedy=remedy)])


def _with_history(case: "Case", arguments: argparse.Namespace) -> "Case":
    from controller.case import years_around
    from controller.knowing.planned_loads import with_history
    from controller.terminal_words import telling
    from drivers.weather.csv_file import read_weather_file

    forecast = case.forecast
    first, last = years_around(forecast.start, forecast.steps * forecast.step_s / 3600.0)
    weather = read_weather_file(arguments.weather, year=first, last_year=last)
    return with_history(case, arguments.history, weather, telling(arguments.lang))


def _movable(arguments: argparse.Namespace, case: "Case") -> "frozenset[Lever]":
    """The kinds of levers that a plan may move; refused where the site has none of them."""
    from controller.problems import InputError
    from controller.terminal_words import telling
    from drivers.base import Problem
    from optimizer.levers import PUMP_LEVERS, movable_levers
    from optimizer.tangents import Lever

    kinds = {"plants": {Lever.PLANT}, "pumps": PUMP_LEVERS, "offsets": {Lever.OFFSET}}
    movable = movable_levers(case.site.district.network)
    left = [what for what in LEFT_ALONE if getattr(arguments, f"no_{what}")]
    for what in left:
        if not movable & kinds[what]:
            telling(arguments.lang)(
                f"--no-{what} has no effect: a plan could not move any on this site"
            )
    found = movable.difference(*(kinds[what] for what in left))
    if found:
        return found
    message = "nothing is left that a plan could move on this site"
    remedy = f"leave out one of {', '.join(f'--no-{what}' for what in left)}"
    raise InputError([Problem(file="command line", message=message, remedy=remedy)])


def _report_refused(arguments: argparse.Namespace) -> int:
    """Say before the minutes of a plan that its report cannot be written; 0 where it can."""
    from pathlib import Path

    from controller.outputs import keep_site_whole, need_room_for_file
    from controller.problems import InputError, report_problems

    path = Path(arguments.report)
    try:
        need_room_for_file(path)
        keep_site_whole(path, Path(arguments.site))
    except InputError as refusal:
        report_problems(refusal.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    except (OSError, ValueError) as error:
        _say_not_written(arguments, error)
        return 3
    return 0


def _write_report(planned: "PlannedSite", arguments: argparse.Namespace) -> bool:
    """Write the report; where that fails, say why and return False."""
    from pathlib import Path

    from controller.report.plan_report import write_plan_report
    from controller.terminal_words import telling

    try:
        write_plan_report(planned.plan, planned.case.site, Path(arguments.report))
    except OSError as error:
        _say_not_written(arguments, error)
        return False
    telling(arguments.lang)(f"the report is in {arguments.report}")
    return True


def _say_not_written(arguments: argparse.Namespace, error: OSError | ValueError) -> None:
    from controller.problems import not_written, report_problems

    problem = not_written(arguments.report, error, what="file in a folder")
    report_problems([problem], as_json=arguments.json, language=arguments.lang)


def _print_json(planned: "PlannedSite", ranking: "Ranking | None") -> None:
    import json

    from controller.plan_json import plan_json
    from controller.problems import write_line

    write_line(json.dumps(plan_json(planned, ranking), allow_nan=False))


def _print_ranking(ranking: "Ranking") -> None:
    """Print what single renewals buy, most warmth first, then most money."""
    from controller.problems import write_line

    if ranking:
        write_line(f"{'renewed':<28}{'warmer, K':>12}{'less short, K h':>18}{'saved':>12}")
    for one in ranking:
        name = f"{one.kind.value} {one.element_id}"
        write_line(f"{name:<28}{one.largest_k:>12.2f}{one.shortfall_k_h:>18.1f}{one.saved:>12.1f}")
