"""`heatwarden run`: the engine of a site, with its planner."""

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.timekeeping import Timekeeper

_EXAMPLES = """\
examples:
  heatwarden run sites/old-east
  heatwarden run sites/old-east --cycle 900 --planning-budget 600

One engine a site: a second one, or a held port, ends with exit code 3. SIGTERM and Ctrl-C end it in
order: the last values stay and the heartbeat ends. Who is told of alarms stands in alarms.toml.
docs/supervisor.md says more.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument(
        "--cycle", type=float, metavar="S", help="length of a cycle, the site's step"
    )
    parser.add_argument("--safety", type=float, default=3.0, metavar="S", help="between looks (3)")
    parser.add_argument(
        "--planning-budget", type=float, default=600.0, metavar="S", help="for one plan (600)"
    )
    parser.add_argument(
        "--clock", metavar="HOST:PORT", help="follow the time that a bench on this machine gives"
    )
    parser.add_argument("--json", action="store_true", help="errors as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run until told to stop.

    Args:
        arguments: The parsed command line.

    Returns:
        0 ended in order, 2 bad input, 3 another engine, no port, no store or no engineer.
    """
    import logging
    import signal

    from controller.engine.runner import EngineOptions, NoEngineerError, run_engine
    from controller.problems import InputError, report_problems
    from controller.site import load_site
    from controller.store.errors import StoreError
    from drivers.base import DriverError, Problem

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        time = _time(arguments.clock)
        stopping = time.event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        again = True
        while again:
            site = load_site(arguments.site)
            options = EngineOptions(
                safety_s=arguments.safety,
                cycle_s=arguments.cycle or float(site.district.control.step_s),
                planning_budget_s=arguments.planning_budget,
            )
            again = run_engine(site, options, stopping, _tell, time)
    except InputError as refusal:
        report_problems(refusal.problems, as_json=arguments.json)
        return 2
    except (DriverError, StoreError, NoEngineerError, OSError) as error:
        remedy = "stop what holds it, or see to the port or the store, then start again"
        problem = Problem(file=str(arguments.site), message=str(error), remedy=remedy)
        report_problems([problem], as_json=arguments.json)
        return 3
    return 0


def _time(clock: str | None) -> "Timekeeper":
    """Give the machine's own time, or that of a bench."""
    from controller.engine.lockstep import Lockstep, TimeService, local_address
    from controller.problems import InputError
    from drivers.base import Problem
    from drivers.timekeeping import WALL_TIME

    if clock is None:
        return WALL_TIME
    try:
        return Lockstep(TimeService(local_address(clock)))
    except ValueError as error:
        remedy = "give HOST:PORT as the bench prints it, such as 127.0.0.1:5021"
        raise InputError([Problem(file="--clock", message=str(error), remedy=remedy)]) from error


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
