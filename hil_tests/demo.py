"""`heatwarden demo`: plan the old district, then run it live with the console on top."""

import argparse
import os
from pathlib import Path

from controller.bounded_numbers import number_between
from controller.whole_numbers import whole_number

HELP = "plan the old district in a cold wave, then run it live on a simulated plant"

SITE_NAME = "old-east"
START = "2026-01-16T00:00:00+08:00"
HOURS = 48.0
REPORT_NAME = "old-east-plan.html"
CONSOLE_PORT = 8080
SPEED = 60.0
LIVE_SITE = "old-east"

_EXAMPLES = """\
examples:
  heatwarden demo
  heatwarden demo --once --report /tmp/plan.html
  heatwarden demo --live --speed 120 --port 8081
  heatwarden demo --live --site village

Plans 48 hours of the demonstration site old-east in a cold wave: no hardware, no network. Then the
engine runs on a simulated plant behind real bytes, sixty times real time, with the console at
http://127.0.0.1:8080; Ctrl-C ends it. --site village takes a plant whose plans take seconds. The
site is never written to: all of it happens in a working copy that is gone afterwards. The first
run also compiles the network model, which takes a minute or two.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--once", action="store_true", help="only plan, and always end with exit code 0"
    )
    part.add_argument("--live", action="store_true", help="only run it live")
    parser.add_argument(
        "--report", metavar="FILE.html", default=REPORT_NAME, help=f"default: {REPORT_NAME}"
    )
    parser.add_argument(
        "--site", default=LIVE_SITE, metavar="SITE", help="whose plant runs live (old-east)"
    )
    parser.add_argument("--speed", type=number_between(0.01, 1000.0), default=SPEED, metavar="X",
                        help="times real time (60)")  # fmt: skip
    parser.add_argument("--port", type=whole_number(1, 65535), default=CONSOLE_PORT,
                        metavar="PORT", help="of the console (8080)")  # fmt: skip
    language_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Plan the demonstration site through the plan command, as a user would; then run it live.

    Args:
        arguments: The parsed command line.

    Returns:
        The plan command's exit code where it is not 0, else 0; with --once always 0. Before that
        2 where there is no such site, 3 where the console's port is taken.
    """
    from controller.terminal_words import telling

    if not arguments.once and (code := _why_not_live(arguments)):
        return code
    if not _is_compiled():
        telling(arguments.lang)(
            "a first run compiles the network model: a minute or two without a word"
        )
    code = 0 if arguments.live else _plan(arguments.report, arguments.lang)
    if arguments.once:
        return 0
    if code:
        return code
    from hil_tests.live import run_live

    return run_live(arguments.site, arguments.speed, arguments.port, arguments.lang)


def _why_not_live(arguments: argparse.Namespace) -> int:
    """Say before the minutes of planning why it cannot run live; 0 where it can."""
    from controller.console_port import why_not_free
    from controller.problems import InputError, report_problems
    from controller.site import load_site
    from drivers.base import Problem
    from hil_tests.bench.session import site_folder

    try:
        load_site(site_folder(arguments.site))
    except InputError as refusal:
        report_problems(refusal.problems, as_json=False, language=arguments.lang)
        return 2
    if why := why_not_free(arguments.port):
        remedy = "stop what listens there, or give another: heatwarden demo --port 8081"
        problem = Problem(file=f"port {arguments.port}", message=why, remedy=remedy)
        report_problems([problem], as_json=False, language=arguments.lang)
        return 3
    return 0


def _is_compiled() -> bool:
    """Whether compiled code is where numba keeps it: beside the source, or in a folder named."""
    from optimizer.physics import compiled

    beside = Path(compiled.__file__).parent / "__pycache__"
    own = os.environ.get("NUMBA_CACHE_DIR")
    return any(Path(own).rglob("*.nbi") if own else beside.glob("*.nbi"))


def _plan(report: str, language: str) -> int:
    from controller.cli import main
    from controller.paths import config_dir
    from controller.terminal_words import telling

    folder = config_dir() / SITE_NAME
    telling(language)(f"planning {folder} from {START}")
    weather = str(folder / "weather.csv")
    when = ["--start", START, "--hours", f"{HOURS:g}"]
    return main(
        ["plan", str(folder), "--weather", weather, *when, "--report", report, "--lang", language]
    )
