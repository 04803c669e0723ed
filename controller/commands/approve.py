"""`heatwarden approve`: approve a recommendation as a whole, as it is or changed."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden approve sites/old-east --user li                  # the newest; asks for the password
  heatwarden approve sites/old-east 20260116-080000-1a2b3c4d --user li --note "as discussed"
  heatwarden approve sites/old-east --user li --modify plant:P1=92.5
  heatwarden approve sites/old-east 20260116-080000-1a2b3c4d --user li --set-by-hand pump:P1-M2=80

The engine checks expiry, limits, readbacks and commissioning again; a superseded recommendation is
refused. What lowers something is written first. --modify lets a setpoint go to a value and stay
there: the changed set is certified again, becomes a recommendation of its own, and is approved as a
whole; that takes a minute or so. What no point writes is set by hand: the answer names it, and a
readback confirms it, or what you type with --set-by-hand, at once or afterwards.
"""
# A changed set is simulated again, once for each prefix of its order of writing.
_CHANGE_PATIENCE_S = 270.0


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
    parser.add_argument(
        "--modify", action="append", metavar="NAME=VALUE", help="let a setpoint go there and stay"
    )
    parser.add_argument(
        "--set-by-hand", action="append", metavar="NAME=VALUE", help="what stands there by hand now"
    )


def run(arguments: argparse.Namespace) -> int:
    """Ask the running engine.

    Args:
        arguments: The parsed command line.

    Returns:
        0 accepted, 1 refused, 2 bad input, 3 no store, or no engine that answers.
    """
    from controller.asking import PATIENCE_S, run_asking

    patience_s = _CHANGE_PATIENCE_S if arguments.modify else PATIENCE_S
    return run_asking(arguments, "approve", lambda database: _body(arguments, database), patience_s)


def _body(arguments: argparse.Namespace, database: "Database") -> dict[str, Any]:
    from controller.asking import chosen_recommendation, values_by_name

    return {
        "modify": values_by_name(arguments.modify, "--modify"),
        "set_by_hand": values_by_name(arguments.set_by_hand, "--set-by-hand"),
        **chosen_recommendation(arguments, database),
    }
