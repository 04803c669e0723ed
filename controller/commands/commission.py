"""`heatwarden commission`: unlock a point by comparing one small step with the plant's panel."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.commissioning import Ready
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden commission sites/old-east P1.supply_temp.sp --user wang

One small step is written (2 % of the point's range at most) and confirmed by its readback; then you
type what the plant's own panel shows. Where both agree, the step is taken back and the point is
unlocked until point, profile, device or bus are changed. Where they differ, nothing more is written
and the point stays locked. An engine must not be running; the user must be an engineer.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("point", metavar="POINT", help="the point to unlock")
    parser.add_argument("--user", metavar="NAME", help="who reads the panel; always needed")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Commission one point.

    Args:
        arguments: The parsed command line.

    Returns:
        0 unlocked, 1 the panel shows something else, or the step was not confirmed; 2 bad input, 3
        an engine runs, no port or no store.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _commission(arguments, site, database))


def _commission(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    import time
    from datetime import UTC, datetime

    from controller.asking import authenticated_user, need_user
    from controller.commissioning import CannotCommissionError, commission_point
    from controller.problems import write_line
    from controller.roles import Role
    from controller.site import load_site
    from controller.site_store import refused
    from controller.sitefiles.parts import Direction

    user = authenticated_user(need_user(arguments), database)
    if not user.role.may(Role.ENGINEER):
        raise refused(user.name, f"is {user.role}", "an engineer commissions")
    site = load_site(place.folder)
    written = [one.point_id for one in site.points if one.direction is Direction.WRITE]
    if arguments.point not in written:
        remedy = f"take one of {', '.join(sorted(written))}"
        raise refused(arguments.point, "is no point that is written", remedy)
    try:
        done = commission_point(
            site,
            database,
            arguments.point,
            user.name,
            panel=_ask_panel,
            clock=lambda: datetime.now(UTC),
            sleep=time.sleep,
        )
    except CannotCommissionError as error:
        found = {"point": arguments.point, "passed": False, "detail": str(error)}
        write_line(json.dumps(found) if arguments.json else f"still locked: {error}")
        return 1
    if arguments.json:
        write_line(
            json.dumps({"point": done.point_id, "passed": done.passed, "detail": done.detail})
        )
    else:
        write_line(f"{'unlocked' if done.passed else 'still locked'}: {done.detail}")
    return 0 if done.passed else 1


def _ask_panel(ready: "Ready") -> float:
    """Ask for what the panel shows, without saying what it should show."""
    sys.stderr.write(f"{ready.point_id} ({ready.unit_hint}) has been written once.\n")
    sys.stderr.write("What does the plant's own panel show for it now? ")
    sys.stderr.flush()
    try:
        return float(sys.stdin.readline().strip())
    except ValueError:
        return float("nan")
