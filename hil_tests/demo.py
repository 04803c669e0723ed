"""`heatwarden demo`: plan the old district's cold wave and show the plan as a page."""

import argparse
import sys

HELP = "plan the old district in a cold wave and write the report"

SITE_NAME = "old-east"
START = "2026-01-16T00:00:00+08:00"
HOURS = 48.0
REPORT_NAME = "old-east-plan.html"

_EXAMPLES = """\
examples:
  heatwarden demo
  heatwarden demo --once --report /tmp/plan.html

Plans 48 hours of the demonstration site old-east in a cold wave: no hardware, no network. The
first run also compiles the network model, which takes a minute or two.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("--once", action="store_true", help="always end with exit code 0")
    parser.add_argument(
        "--report", metavar="FILE.html", default=REPORT_NAME, help=f"default: {REPORT_NAME}"
    )


def run(arguments: argparse.Namespace) -> int:
    """Plan the demonstration site through the plan command, as a user would.

    Args:
        arguments: The parsed command line.

    Returns:
        The plan command's exit code; with --once always 0.
    """
    from controller.cli import main
    from controller.paths import config_dir

    folder = config_dir() / SITE_NAME
    sys.stderr.write(f"planning {folder} from {START}\n")
    code = main(
        [
            "plan",
            str(folder),
            "--weather",
            str(folder / "weather.csv"),
            "--start",
            START,
            "--hours",
            f"{HOURS:g}",
            "--report",
            arguments.report,
        ]
    )
    return 0 if arguments.once else code
