"""`heatwarden run`: the engine of a site, with its planner and its console."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from controller.bounded_numbers import number_between
from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.site import Site
    from drivers.timekeeping import Event, Timekeeper

# A plant that is looked at less than once a minute is not watched.
MINUTE_S, DAY_S = 60.0, 86_400.0

_EXAMPLES = """\
examples:
  heatwarden run sites/old-east
  heatwarden run sites/old-east --console-port 8080
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
        "--cycle",
        type=number_between(1.0, DAY_S),
        metavar="S",
        help="length of a cycle, the site's step",
    )
    parser.add_argument(
        "--safety",
        type=number_between(0.05, MINUTE_S),
        default=2.0,
        metavar="S",
        help="between looks (2)",
    )
    parser.add_argument(
        "--planning-budget",
        type=number_between(1.0, DAY_S),
        default=600.0,
        metavar="S",
        help="for one plan (600)",
    )
    parser.add_argument(
        "--clock", metavar="HOST:PORT", help="follow the time that a bench on this machine gives"
    )
    parser.add_argument(
        "--console-port",
        type=whole_number(1, 65_535),
        metavar="PORT",
        help="serve the console there too",
    )
    parser.add_argument(
        "--console-host", default="127.0.0.1", metavar="HOST", help="this machine only by default"
    )
    parser.add_argument(
        "--console-name",
        action="append",
        default=[],
        metavar="NAME",
        help="host name by which the console may be called; may be given again",
    )
    parser.add_argument(
        "--demo", action="store_true", help="the plant is simulated: say so, refuse real ports"
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
    from functools import partial

    from controller.engine.runner import EngineOptions, run_engine
    from controller.problems import InputError, report_problems
    from controller.site import load_site
    from controller.site_store import failure
    from controller.store.errors import StoreError
    from drivers.base import DriverError

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    try:
        _need_console_port(arguments)
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
            _refuse_real_ports(arguments, site)
            beside = partial(_console, arguments, site, stopping)
            again = run_engine(site, options, stopping, _tell, time, beside=beside)
    except InputError as refusal:
        report_problems(refusal.problems, as_json=arguments.json)
        return 2
    except (DriverError, StoreError, OSError) as error:
        report_problems([failure(arguments.site, error)], as_json=arguments.json)
        return 3
    return 0


def _refuse_real_ports(arguments: argparse.Namespace, site: "Site") -> None:
    from controller.demo_ports import real_ports
    from controller.problems import InputError

    problems = real_ports(site) if arguments.demo else []
    if problems:
        raise InputError(problems)


def _need_console_port(arguments: argparse.Namespace) -> None:
    """Find a taken port before the engine starts: the console would be started for ever."""
    from controller.console_port import why_not_free
    from drivers.base import PortBusy

    if arguments.console_port is None:
        return
    why = why_not_free(arguments.console_port, arguments.console_host)
    if why:
        raise PortBusy(f"the console's port {arguments.console_port} {why}")


@contextmanager
def _console(arguments: argparse.Namespace, site: "Site", stopping: "Event") -> Iterator[None]:
    """Keep the console running beside the engine, where one is wanted."""
    if arguments.console_port is None:
        yield
        return
    from controller.console_process import ConsoleOptions, ConsoleProcess

    options = ConsoleOptions(
        port=arguments.console_port,
        host=arguments.console_host,
        names=tuple(arguments.console_name),
        demo=arguments.demo,
        clock=arguments.clock,
        looks_every_s=arguments.safety,
    )
    console = ConsoleProcess(site.folder, options, _tell, stopping.is_set)
    try:
        yield
    finally:
        console.stop()


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
