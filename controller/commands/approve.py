"""`heatwarden approve`: approve a recommendation as a whole."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden approve sites/old-east --user li                  # the newest; asks for the password
  heatwarden approve sites/old-east 20260116-080000-1a2b3c4d --user li --note "as discussed"

The engine checks expiry, limits, readbacks and commissioning again; a superseded recommendation is
refused. What lowers something is written first.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.asking import asking_arguments

    parser.epilog = _EXAMPLES
    asking_arguments(parser)
    parser.add_argument("recommendation", nargs="?", metavar="ID", help="the newest if left out")
    parser.add_argument("--note", help="kept with the decision")


def run(arguments: argparse.Namespace) -> int:
    """Ask the running engine.

    Args:
        arguments: The parsed command line.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.asking import chosen_recommendation, run_asking

    return run_asking(
        arguments, "approve", lambda database: chosen_recommendation(arguments, database)
    )
