"""`heatwarden reject`: reject a recommendation."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden reject sites/old-east --user li --note "boiler 2 is off tomorrow"
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
        arguments, "reject", lambda database: chosen_recommendation(arguments, database)
    )
