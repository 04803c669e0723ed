"""`heatwarden hold`: stop every write at once, or go on."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden hold sites/old-east --user li             # the last confirmed values stay
  heatwarden hold sites/old-east --user li --release   # back to ADVISORY

A release needs two good cycles after the hold: at a plant, where one comes every 15 minutes, that
is up to half an hour. Asked sooner it is refused (exit code 1) and says how many are missing and
how often they come; ask again then.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.asking import asking_arguments

    parser.epilog = _EXAMPLES
    asking_arguments(parser)
    parser.add_argument(
        "--release",
        action="store_true",
        help="go on after HOLD or MANUAL, once two cycles were good",
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask the running engine.

    Args:
        arguments: The parsed command line.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.asking import run_asking

    return run_asking(arguments, "resume" if arguments.release else "hold", lambda _database: {})
