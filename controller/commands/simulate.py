"""`heatwarden simulate`: run a schedule through the network model."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from controller.outcome_json import JsonObject
    from controller.site import Site
    from drivers.base import Problem
    from optimizer.model.forecast import Forecast
    from optimizer.model.outcome import Certificate
    from optimizer.model.schedule import Schedule
    from optimizer.model.state import PlantState
    from optimizer.model.trace import Trace

_EXAMPLES = """\
examples:
  heatwarden simulate sites/old-east --weather W.csv --schedule S.csv \\
      --start 2026-01-12T00:00:00+08:00 --hours 48 --out run
  heatwarden simulate sites/old-east --weather W.csv --start 2026-01-12T00:00+08:00 --out run --csv
                                                 # without a schedule: the heating curve

The schedule is a table with the columns time, id, quantity and value. Quantities are supply_temp_c
of a plant, speed_pct or dp_bar of a pump, secondary_offset_k of a station; values are linear
between the rows of an id and held before and after them. `running` of a plant is 1 from where it
runs and 0 from where it stands still. What it does not name follows the heating curve and the
fallback speed, and runs.

DIR gets plants, nodes, pipes, stations and buildings: one row for each at each step. Values are
means of the step that begins at `time`; outlet and building temperatures are those at `time`. Cost,
comfort and limits are judged on a finer grid, over all members of the weather; the tables show its
first. The run begins in the state that the heating curve leaves after the weather before --start.

Exit code 0: done, whatever the limits say; 1: no flows were found that balance; 2: an input was
refused; 3: DIR cannot be written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("--weather", required=True, metavar="W.csv", help="weather over the run")
    parser.add_argument("--schedule", metavar="S.csv", help="setpoints; the heating curve if none")
    parser.add_argument("--start", required=True, metavar="T", help="ISO 8601 time with offset")
    parser.add_argument("--hours", type=float, metavar="H", help="length; the site's if not given")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the traces")
    parser.add_argument("--csv", action="store_true", help="write CSV instead of Parquet")
    language_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Simulate a schedule.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 1 where no flows were found that balance, 2 where an input is refused, 3 where the
        traces cannot be written.
    """
    from pathlib import Path

    from controller.outputs import keep_site_folder, need_room_for_folder
    from controller.problems import InputError, report_problems
    from controller.terminal_words import telling
    from drivers.base import BadInput, Problem

    out = Path(arguments.out)
    try:
        need_room_for_folder(out)
    except (OSError, ValueError) as error:
        return _say_not_written(arguments, error)
    try:
        keep_site_folder(out, Path(arguments.site))
        site, forecast, state, schedule, warnings = _inputs(arguments)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    trace, verdict = _simulated(site, state, forecast, schedule, telling(arguments.lang))
    if trace.unsolved:
        problem = Problem(
            file=arguments.site,
            message=f"flows and pressures of {len(trace.unsolved)} steps do not balance, first in "
            f"step {trace.unsolved[0]}",
            remedy="look for a pipe, valve or pump of extreme size; no trace was written",
        )
        report_problems([problem], as_json=arguments.json, language=arguments.lang)
        return 1
    try:
        files = _write(site, trace, out, as_csv=arguments.csv)
    except (OSError, ValueError) as error:
        return _say_not_written(arguments, error)
    if arguments.json:
        _print_json(_report(site, trace, verdict, files, warnings))
    else:
        _print_text(site, trace, verdict, files, arguments.lang)
    return 0


def _say_not_written(arguments: argparse.Namespace, error: OSError | ValueError) -> int:
    from controller.problems import not_written, report_problems

    problem = not_written(arguments.out, error)
    report_problems([problem], as_json=arguments.json, language=arguments.lang)
    return 3


def _inputs(
    arguments: argparse.Namespace,
) -> "tuple[Site, Forecast, PlantState, Schedule, tuple[Problem, ...]]":
    """Read everything; progress and warnings go to standard error."""
    from controller.case import LONGEST_RUN_H, read_case
    from controller.schedule_file import schedule_or_curve
    from controller.terminal_words import telling

    tell = telling(arguments.lang)
    case = read_case(
        arguments.site,
        arguments.weather,
        arguments.start,
        arguments.hours,
        shortest_h=MIN_RUN_H,
        longest_h=LONGEST_RUN_H,
        tell=tell,
    )
    read = schedule_or_curve(case, arguments.schedule, tell)
    return case.site, case.forecast, case.state, read.schedule, read.warnings


# A run shorter than a minute has not one step.
MIN_RUN_H = 1.0 / 60.0


def _simulated(
    site: "Site",
    state: "PlantState",
    forecast: "Forecast",
    schedule: "Schedule",
    tell: "Callable[[str], None]",
) -> "tuple[Trace, Certificate]":
    from optimizer.certify import examine
    from optimizer.simulate import simulate

    tell(f"simulating {forecast.steps} steps of {forecast.step_s} s")
    trace = simulate(site.district.network, state, forecast, schedule)
    tell("judging it on a finer grid")
    return trace, examine(site.district, state, forecast, schedule)


def _write(site: "Site", trace: "Trace", folder: "Path", *, as_csv: bool) -> "tuple[Path, ...]":
    from controller.traces import trace_tables, write_traces

    tables = trace_tables(site.district.network, trace)
    return write_traces(
        tables, start=trace.start, step_s=trace.step_s, folder=folder, as_csv=as_csv
    )


def _report(
    site: "Site",
    trace: "Trace",
    verdict: "Certificate",
    files: "Sequence[Path]",
    warnings: "Sequence[Problem]",
) -> "JsonObject":
    from controller.outcome_json import comfort_json, cost_json, limits_json, number
    from controller.problems import as_json_object

    return {
        "site": site.site_id,
        "start": trace.start.isoformat(),
        "step_s": trace.step_s,
        "cost": cost_json(verdict.cost),
        "comfort": comfort_json(verdict.comfort),
        "limits": limits_json(verdict.limits),
        "solve": {"simulations": 1, "energy_residual_pct": number(_residual_pct(trace, verdict))},
        "warnings": [as_json_object(warning) for warning in warnings],
        "files": [str(path) for path in files],
    }


def _residual_pct(trace: "Trace", verdict: "Certificate") -> float:
    """The larger residual of the two runs."""
    return max(trace.energy.residual_pct, verdict.energy_residual_pct)


def _print_json(report: "JsonObject") -> None:
    import json

    from controller.problems import write_line

    write_line(json.dumps(report, allow_nan=False))


def _print_text(
    site: "Site", trace: "Trace", verdict: "Certificate", files: "Sequence[Path]", language: str
) -> None:
    from dataclasses import asdict
    from zoneinfo import ZoneInfo

    from controller.problems import write_line
    from controller.report.numbers import site_time
    from controller.report.wording import LIMITS
    from controller.terminal_words import column, saying
    from optimizer.comparison import ROUNDING

    say, zone = saying(language), ZoneInfo(site.timezone)
    cost, comfort, currency = verdict.cost, verdict.comfort, site.district.prices.currency
    hours = len(trace.plants.supply_temp_c) * trace.step_s / 3600.0
    write_line(say("run", site=site.site_id, hours=hours, start=site_time(trace.start, zone)))
    write_line(say("costs", total=cost.total, currency=currency, **asdict(cost)))
    if comfort.building_id is None:
        write_line(say("warm_enough"))
    else:
        assert comfort.time is not None
        write_line(
            say(
                "short",
                total=comfort.shortfall_k_h,
                largest=comfort.max_shortfall_k,
                building=comfort.building_id,
                at=site_time(comfort.time, zone),
            )
        )
    for one in verdict.limits:
        name = LIMITS[one.limit].zh if language == "zh" else one.limit
        passed = say("exceeded") if one.margin < -ROUNDING else ""
        told = say(
            "of_limit",
            worst=one.worst,
            allowed=one.allowed,
            unit=one.unit,
            margin=one.margin,
            passed=passed,
        )
        write_line(f"  {column(name, 18)} {one.where:<12} {told}")
    write_line(say("residual", pct=_residual_pct(trace, verdict)))
    write_line(say("wrote", files=", ".join(str(path) for path in files)))
