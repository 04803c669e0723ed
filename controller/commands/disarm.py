"""`heatwarden disarm`: end the armed window."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden disarm sites/old-east --user li
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

    return run_asking(arguments, "disarm", lambda _database: {})
