"""`heatwarden identify`: small steps that show what each lever does, before AUTO may be armed."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.knowing.identification import Identified
    from controller.knowing.levers import Lever
    from controller.site import Site
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden identify sites/old-east --user wang --list
  heatwarden identify sites/old-east --user wang
  heatwarden identify sites/old-east --user wang --point P1.supply_temp.sp --yes

One lever after another, the stations all at once: half an hour of rest, a step of 3 K (5 % of a
pump's speed), downward where there is room, a hold, and back. The guard of the engine moves them.
What answers is fitted: dead time, lag, gain; of a plant's outlet also at every station. A lever
passes when its answer goes the right way by a sound share (of a station's valve, its authority).
AUTO can be armed only once every commissioned lever has passed, until point, profile, device or bus
change; `[auto] identification = "off"` in site.toml does without. An engine must not be running,
points must be commissioned, the user must be an engineer, and no measured flat may be cold.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--user", metavar="NAME", help="who tests; always needed")
    parser.add_argument(
        "--point", action="append", metavar="ID", help="only this lever; repeatable"
    )
    parser.add_argument("--list", action="store_true", help="say what is known, and test nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before each step")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Test levers.

    Args:
        arguments: The parsed command line.

    Returns:
        0 all passed, 1 one did not, or the test could not be made; 2 bad input; 3 an engine runs,
        no port or no store.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _identify(arguments, site, database))


def _identify(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from controller.asking import authenticated_user, need_user
    from controller.knowing.levers import levers
    from controller.roles import Role
    from controller.site import load_site
    from controller.site_store import refused

    user = authenticated_user(need_user(arguments), database)
    if not user.role.may(Role.ENGINEER):
        raise refused(user.name, f"is {user.role}", "an engineer tests levers")
    site = load_site(place.folder)
    groups = levers(site)
    known = {one.point_id for group in groups for one in group}
    unknown = sorted(set(arguments.point or ()) - known)
    if unknown:
        remedy = f"take one of {', '.join(sorted(known))}"
        raise refused(unknown[0], "is no lever of this site", remedy)
    chosen = [
        tuple(one for one in group if arguments.point is None or one.point_id in arguments.point)
        for group in groups
    ]
    chosen = [group for group in chosen if group]
    if arguments.list:
        return _listed(arguments, site, database, chosen)
    return _tested(arguments, site, database, chosen, user.name)


def _listed(
    arguments: argparse.Namespace,
    site: "Site",
    database: "Database",
    groups: "Sequence[Sequence[Lever]]",
) -> int:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from controller.problems import write_line
    from controller.report.numbers import site_time
    from controller.store.identifications import latest_identifications
    from controller.write_points import fingerprints

    prints = fingerprints(site)
    with database.reading() as connection:
        found = latest_identifications(connection)
    rows = []
    for lever in (one for group in groups for one in group):
        last = found.get(lever.point_id)
        in_force = last is not None and last.fingerprint == prints[lever.point_id]
        rows.append(
            {
                "point": lever.point_id,
                "passed": bool(last is not None and last.passed and in_force),
                "at": None if last is None else last.at.isoformat(),
                **({} if last is None else last.body),
            }
        )
    if arguments.json:
        write_line(json.dumps({"site": site.site_id, "levers": rows}, allow_nan=False))
    else:
        for row in rows:
            state, at, zone = "passed" if row["passed"] else "not passed", row["at"], site.timezone
            tested = site_time(datetime.fromisoformat(at), ZoneInfo(zone)) if at else "never"
            write_line(f"{row['point']}: {state}, tested {tested}")
    return 0 if all(row["passed"] for row in rows) else 1


def _tested(
    arguments: argparse.Namespace,
    site: "Site",
    database: "Database",
    groups: "Sequence[Sequence[Lever]]",
    actor: str,
) -> int:
    import time
    from datetime import UTC, datetime

    from controller.engine.core import SiteField
    from controller.knowing.identification import CannotIdentifyError, trial_of

    found: list[Identified] = []
    clock, wrong = (lambda: datetime.now(UTC)), ""
    try:
        with trial_of(
            site, database, SiteField(site), actor, clock=clock, sleep=time.sleep
        ) as trial:
            trial.check([one for group in groups for one in group])
            for group in groups:
                if arguments.yes or _agreed(group):
                    found += trial.run(group, _tell)
    except CannotIdentifyError as error:
        wrong = str(error)
    return _said(arguments, site, found, wrong)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _agreed(group: "Sequence[Lever]") -> bool:
    """Say what is going to happen and ask."""
    from controller.knowing.identification import REST_S

    minutes = (REST_S + 2.0 * max(one.hold_s for one in group)) / 60.0
    names = ", ".join(f"{one.point_id} ({one.quantity})" for one in group)
    sys.stderr.write(f"{names}: a small step and back, about {minutes:.0f} min. Begin? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _said(
    arguments: argparse.Namespace, site: "Site", found: "Sequence[Identified]", wrong: str
) -> int:
    from controller.knowing.identification import identified_json
    from controller.problems import write_line

    if arguments.json:
        rows = [
            {"point": one.lever.point_id, "passed": one.passed, **identified_json(one)}
            for one in found
        ]
        write_line(json.dumps({"site": site.site_id, "levers": rows, "ended": wrong}))
    else:
        for one in found:
            write_line(_row(one))
        if wrong:
            write_line(f"ended: {wrong}")
    return 0 if found and not wrong and all(one.passed for one in found) else 1


def _row(one: "Identified") -> str:
    from controller.counted import counted

    if one.response is None or one.why_not:
        return f"{one.lever.point_id}: not passed, {one.why_not}"
    seen = one.response
    far = max((w.delay_s for w in one.watched.values()), default=None)
    stations = counted(len(one.watched), "station")
    more = "" if far is None else f"; the last of {stations} answers {far / 60:.0f} min later"
    return (
        f"{one.lever.point_id}: passed, {one.lever.answer} answers by {seen.gain:.2f} "
        f"(+- {1.645 * seen.gain_sigma:.2f}) after {seen.delay_s / 60:.1f} min, "
        f"lag {seen.lag_s / 60:.1f} min{more}"
    )
