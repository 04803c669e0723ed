"""`heatwarden status`: what the engine of a site is doing."""

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden status sites/old-east
  heatwarden status sites/old-east --json

Exit code 1: no engine runs; what is shown is what the last one left.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Show it.

    Args:
        arguments: The parsed command line.

    Returns:
        0 an engine runs, 1 none does, 2 bad input, 3 no store.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _show(arguments, site, database))


def _show(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime

    from controller.problems import write_line
    from controller.store.lease import lease_holder
    from controller.store.present import published

    now = datetime.now(UTC)
    with database.reading() as connection:
        holder = lease_holder(connection, now)
        found = published(connection, "engine")
    at, body = found if found is not None else (None, {})
    shown: dict[str, Any] = {
        "site": site.site_id,
        "running": holder is not None,
        "engine": holder,
        "published_at": None if at is None else at.isoformat(),
        **{name: value for name, value in body.items() if name != "site"},
    }
    if arguments.json:
        write_line(json.dumps(shown, ensure_ascii=False))
    else:
        for line in _lines(shown, site.zone):
            write_line(line)
    return 0 if holder is not None else 1


def _lines(shown: dict[str, Any], zone: "ZoneInfo") -> list[str]:
    from datetime import datetime

    from controller.report.numbers import site_time

    def local(instant: str) -> str:
        return site_time(datetime.fromisoformat(instant), zone)

    lines = [f"engine: {shown['engine'] or 'none runs'}"]
    if shown["published_at"] is None:
        return lines
    lines.append(f"mode: {shown['mode']} since {local(shown['since'])} ({shown['reason']})")
    armed, owned = shown["armed"], shown["owned"]
    if armed:
        lines.append(f"armed: by {armed['by']} until {local(armed['until'])}")
    if owned:
        points = ", ".join(owned["points"])
        until = f"until {local(owned['until'])}"
        lines.append(f"owned: {points} ({owned['authority']} by {owned['by']}, {until})")
    lines += [
        f"by hand: {one['element']} {one['quantity']} {one['value']:g} "
        + (f"({one['how']}: {one['found']:g})" if one["how"] else "(not confirmed)")
        for one in shown.get("by_hand", ())
    ]
    if shown["recommendation_id"]:
        lines.append(f"recommendation: {shown['recommendation_id']}")
    if shown["unidentified"]:
        lines.append(f"not identified: {', '.join(shown['unidentified'])}")
    if shown["locked"]:
        lines.append(f"not commissioned: {', '.join(shown['locked'])}")
    if shown["unresolved"]:
        lines.append(f"not resolved: {', '.join(shown['unresolved'])}")
    bad = [name for name, one in shown["readings"].items() if one["quality"] != "good"]
    lines.append(f"readings: {len(shown['readings'])}, not good: {', '.join(bad) or 'none'}")
    lines += [
        f"alarm {one['priority']} {one['alarm_id']}: {one['detail']}"
        + ("" if one["active"] else " (gone)")
        + (f" (seen by {one['acknowledged_by']})" if one["acknowledged_by"] else "")
        for one in shown["alarms"]
    ]
    return lines
