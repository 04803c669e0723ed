"""`heatwarden arm`: let the automatic mode be entered in a cold snap, for a bounded time."""

import argparse

_EXAMPLES = """\
examples:
  heatwarden arm sites/old-east --user wang --hours 72
  heatwarden arm sites/old-east --user wang --until 2026-01-19T08:00:00+08:00

Arming never survives a restart and lasts 14 days at most.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    from datetime import timedelta

    from controller.asking import asking_arguments
    from controller.bounded_numbers import number_between
    from controller.modes import LEAST_ARMING, LONGEST_ARMING

    least_h, longest_h = (one / timedelta(hours=1) for one in (LEAST_ARMING, LONGEST_ARMING))
    parser.epilog = _EXAMPLES
    asking_arguments(parser)
    until = parser.add_mutually_exclusive_group(required=True)
    until.add_argument("--hours", type=number_between(least_h, longest_h), help="from now on")
    until.add_argument(
        "--until", metavar="TIME", help="instant with offset, such as 2026-01-19T08:00:00+08:00"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask the running engine.

    Args:
        arguments: The parsed command line.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.asking import run_asking

    return run_asking(arguments, "arm", lambda _database: {"until": _until(arguments)})


def _until(arguments: argparse.Namespace) -> str:
    from datetime import UTC, datetime, timedelta

    from controller.site_store import instant_of_words

    now = datetime.now(UTC)
    if arguments.until is not None:
        return instant_of_words(arguments.until, now).isoformat()
    return (now + timedelta(hours=arguments.hours)).isoformat()
