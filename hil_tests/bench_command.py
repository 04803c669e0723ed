"""`heatwarden bench`: prove a controller against a virtual plant behind real bytes."""

import argparse
import json
from pathlib import Path

from controller.bounded_numbers import number_between
from controller.whole_numbers import whole_number

HELP = "run scenarios against the virtual plant, or serve it to another controller"

_MOST_SPEED = 1000.0
_MOST_SEED = 2**32 - 1
_EXAMPLES = """\
examples:
  heatwarden bench list
  heatwarden bench run ordinary-day --out /tmp/ordinary-day
  heatwarden bench run --short
  heatwarden bench run bus-drops --speed 60
  heatwarden bench plant village --speed 60
  heatwarden bench plant village --cold-snap --connect west --api 8099

`run` starts the engine in a process of its own on a working copy of the site; only ports, weather
file and store differ. At --speed 1 characters are paced to the baud rate, too. Each scenario leaves
report.html, junit.xml, the plant's trace and the wire log. `plant` serves the virtual plant alone,
its buses on pseudo-terminals that it names, and an API in BOPTEST's shape on the loopback.
docs/bench.md says more.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="what scenarios there are")
    language_argument(listed)
    listed.add_argument("--json", action="store_true", help="one JSON object")
    run_ = actions.add_parser("run", help="run scenarios and judge them")
    run_.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="a name or FILE.toml")
    run_.add_argument("--short", action="store_true", help="all that are short")
    run_.add_argument("--all", action="store_true", help="all there are")
    run_.add_argument("--out", metavar="FOLDER", default="bench-report", help="bench-report")
    run_.add_argument("--csv", action="store_true", help="traces as CSV instead of Parquet")
    run_.add_argument("--plant-seed", type=whole_number(0, _MOST_SEED), metavar="N",
                      help="another plant; 0 as modelled")  # fmt: skip
    run_.add_argument("--speed", type=number_between(0.01, _MOST_SPEED), metavar="X",
                      help="times real time; in lockstep, as fast as it goes, without")  # fmt: skip
    language_argument(run_)
    run_.add_argument("--json", action="store_true", help="one JSON object")
    plant = actions.add_parser("plant", help="serve the virtual plant to another controller")
    plant.add_argument("site", metavar="SITE", help="village, old-east or a site folder")
    plant.add_argument("--seed", type=whole_number(0, _MOST_SEED), default=1, metavar="N",
                       help="which plant; 0 as modelled")  # fmt: skip
    plant.add_argument("--speed", type=number_between(0.0, _MOST_SPEED), default=1.0, metavar="X",
                       help="times real time (1); at 0 only calls move it")  # fmt: skip
    plant.add_argument("--outdoor", type=number_between(-50.0, 50.0), default=-5.0, metavar="DEGC",
                       help="weather (-5)")  # fmt: skip
    plant.add_argument("--cold-snap", action="store_true",
                       help="12 K colder between the 12th and the 30th hour")  # fmt: skip
    plant.add_argument("--connect", metavar="FOLDER",
                       help="leave a copy of the site there that leads to this plant")  # fmt: skip
    plant.add_argument("--port", action="append", default=[], metavar="BUS=PORT",
                       help="a bus on a real adapter, such as plant=/dev/ttyUSB0")  # fmt: skip
    language_argument(plant)
    plant.add_argument("--api", type=whole_number(0, 65535), default=0, metavar="PORT",
                       help="of the API; any when 0")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action.

    Args:
        arguments: The parsed command line.

    Returns:
        0 all pass, 1 an assertion failed, 2 bad input, 3 could not run.
    """
    from controller.problems import InputError, report_problems
    from controller.site_store import failure
    from controller.terminal_words import telling
    from drivers.base import PortLost

    try:
        if arguments.action == "list":
            return _list(arguments)
        if arguments.action == "plant":
            from hil_tests.bench.serving import serve_plant

            say = telling(arguments.lang)
            say("the plant is built and settles; that takes a minute, the first time some more")
            return serve_plant(arguments, say)
        return _run(arguments)
    except InputError as refusal:
        as_json = getattr(arguments, "json", False)
        report_problems(refusal.problems, as_json=as_json, language=arguments.lang)
        return 2
    except PortLost as error:
        report_problems(
            [failure("heatwarden bench", error)], as_json=False, language=arguments.lang
        )
        return 3


def _list(arguments: argparse.Namespace) -> int:
    from controller.problems import write_line
    from hil_tests.bench.scenario import read_scenario, scenario_files

    found = [read_scenario(path) for path in scenario_files()]
    if arguments.json:
        rows = [
            {"name": one.name, "purpose": one.purpose, "site": one.site, "hours": one.hours,
             "short": one.short, "assertions": [check.name for check in one.checks]}
            for one in found
        ]  # fmt: skip
        write_line(json.dumps({"scenarios": rows}, ensure_ascii=False))
        return 0
    for one in found:
        mark = "short" if one.short else ""
        write_line(f"{one.name:26} {one.site:9} {one.hours:6g} h  {mark:5}  {one.purpose}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from controller.problems import InputError, write_line
    from drivers.base import Problem
    from hil_tests.bench.scenario import find_scenario, read_scenario, scenario_files
    from hil_tests.bench.targets import unknown_targets

    _refuse_out(Path(arguments.out))
    paths = [find_scenario(name) for name in arguments.scenarios]
    if arguments.all or arguments.short:
        paths = scenario_files()
    read = [(path, read_scenario(path)) for path in paths]
    if arguments.short:
        read = [(path, one) for path, one in read if one.short]
    if problems := [each for path, one in read for each in unknown_targets(one, path)]:
        raise InputError(problems)
    scenarios = [one for _, one in read]
    if not scenarios:
        remedy = "name one of `heatwarden bench list`, or give --short or --all"
        raise InputError([Problem(file="bench run", message="no scenario is named", remedy=remedy)])
    if arguments.plant_seed is not None:
        seed = arguments.plant_seed or None
        scenarios = [replace(one, plant_seed=seed) for one in scenarios]
    rows = [_one(one, Path(arguments.out) / one.name, arguments) for one in scenarios]
    if arguments.json:
        write_line(json.dumps({"scenarios": rows}, ensure_ascii=False))
    return 0 if all(row["passed"] for row in rows) else 1


def _refuse_out(folder: Path) -> None:
    """Refuse a place that reports cannot go to before hours of runs."""
    from controller.outputs import need_room_for_folder
    from controller.problems import InputError, not_written

    try:
        need_room_for_folder(folder)
    except OSError as error:
        raise InputError([not_written(f"--out {folder}", error)]) from error


def _one(scenario: object, folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Run one scenario, say each verdict, and leave its report."""
    import tempfile

    from controller.terminal_words import telling
    from hil_tests.bench.report import write_report
    from hil_tests.bench.runner import run_scenario
    from hil_tests.bench.scenario import Scenario

    assert isinstance(scenario, Scenario)
    say = telling(arguments.lang)
    with tempfile.TemporaryDirectory(prefix="heatwarden-bench-") as work:
        outcome = run_scenario(scenario, Path(work), speed=arguments.speed, tell=say)
    page = write_report(outcome, folder, as_csv=arguments.csv)
    for one in outcome.verdicts:
        verdict = "passed" if one.passed else "FAILED"
        say(f"{verdict}  {one.name}: {one.measured:.4g} {one.unit} ({one.where})")
    say(f"{scenario.name}: {'passed' if outcome.passed else 'FAILED'}; {page}")
    return {"name": scenario.name, "passed": outcome.passed, "report": str(page),
            "cpu_s": round(outcome.cpu_s, 1), "wall_s": round(outcome.wall_s, 1)}  # fmt: skip
