"""`heatwarden reload`: let the engine read the site again; it returns to MONITOR."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden reload sites/old-east --user wang

A site with errors is refused and the engine goes on with the one it has.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from controller.asking import asking_arguments

    parser.epilog = _EXAMPLES
    asking_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask the running engine.

    Args:
        arguments: The parsed command line.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.asking import run_asking

    return run_asking(arguments, "reload", lambda _database: {})
