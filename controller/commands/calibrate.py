"""`heatwarden calibrate`: learn a site's parameters from its meters."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from controller.knowing.calibrating import Outcome
    from controller.site import Site
    from controller.sitefiles.parameters import ParameterVersion

_EXAMPLES = """\
examples:
  heatwarden calibrate sites/old-east --history run
  heatwarden calibrate sites/old-east --history run --report calibration.html
  heatwarden calibrate sites/old-east --list
  heatwarden calibrate sites/old-east --rollback       # the version before; 0: the tables alone

The history is a folder with the tables that `simulate` writes (plants, stations, buildings) or with
the readings that `export SITE readings --out DIR/readings.parquet` writes, and weather.csv.

Loss and roughness of pipes by age, UA of exchangers, what the valves of stations let through, loss,
capacity and radiators of buildings and how much colder their coldest flats are: each is fitted to
the first 70 % of it, as far as the meters show it, and scored on the rest. What predicts better is
written to SITE/parameters as a new version and used from then on; `check` lists it, and it can be
rolled back. A running engine takes it at `reload`.

Lasting changes that the history shows (valves, exchangers, buildings, pipes) are named with their
likely cause and size.

Exit code 0: a new version is in use; 1: nothing predicts better, all stays; 2: an input was
refused; 3: a file cannot be written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("--history", metavar="DIR", help="folder of measurements")
    parser.add_argument("--weather", metavar="W.csv", help="weather; DIR/weather.csv if not given")
    parser.add_argument("--report", metavar="FILE.html", help="write a page with plots")
    parser.add_argument("--list", action="store_true", help="list the versions of the parameters")
    parser.add_argument(
        "--rollback", nargs="?", const=-1, type=int, metavar="N", help="take an earlier version"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Calibrate, list or roll back.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 1 where nothing predicts better, 2 where an input is refused, 3 where a file cannot
        be written.
    """
    from controller.problems import InputError, not_written, report_problems
    from drivers.base import BadInput

    try:
        if arguments.list:
            return _list(arguments)
        if arguments.rollback is not None:
            return _roll_back(arguments)
        return _calibrate(arguments)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    except OSError as error:
        report_problems([not_written(str(error.filename), error)], as_json=arguments.json)
        return 3


def _calibrate(arguments: argparse.Namespace) -> int:
    import json
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.knowing.calibrating import calibrate_site, outcome_json
    from controller.knowing.history import read_history
    from controller.problems import write_line
    from controller.site import load_site
    from controller.site_store import refused

    if arguments.history is None:
        raise refused("calibrate", "needs a history", "give --history DIR, --list or --rollback")
    site = load_site(arguments.site)
    record = read_history(site, arguments.history, arguments.weather)
    try:
        outcome = calibrate_site(site, record, datetime.now(UTC))
    except ValueError as error:
        remedy = "give a longer history"
        raise refused(arguments.history, str(error), remedy) from error
    if arguments.report is not None:
        from controller.knowing.calibration_page import write_calibration_page

        write_calibration_page(site, record, outcome, Path(arguments.report))
    if arguments.json:
        write_line(json.dumps(outcome_json(site, outcome), allow_nan=False))
    else:
        _tell(site, outcome)
    return 0 if outcome.version is not None else 1


def _tell(site: "Site", outcome: "Outcome") -> None:
    from controller.problems import write_line

    write_line(f"{site.site_id}: errors on the hours held back, before and after")
    for one in outcome.calibration.scores:
        if one.why_not:
            write_line(f"  {one.part:<10} not fitted: {one.why_not}")
            continue
        verdict = "better" if one.better else "not better"
        write_line(
            f"  {one.part:<10} {one.quantity:<52} {one.before:8.3f} {one.after:8.3f} {one.unit:<2} "
            f"{verdict}"
        )
    for event in outcome.events:
        size = f"{event.size:+.1f} K" if event.signal == "arrival" else f"{event.size:+.0%}"
        write_line(f"changed: {event.where} since {event.since:%Y-%m-%d}, {event.cause} ({size})")
    if outcome.version is None:
        write_line("nothing predicts better; the parameters stay as they were")
    else:
        write_line(f"{outcome.version}; in use")


def _list(arguments: argparse.Namespace) -> int:
    import json

    from controller.problems import write_line
    from controller.sitefiles import parameters

    folder = _folder(arguments.site)
    found = [_read(folder, number) for number in parameters.versions(folder)]
    present = parameters.current(folder)
    if arguments.json:
        rows = [
            {"version": one.version, "made_at": one.made_at.isoformat(), "source": one.source,
             "in_use": one.version == present, "scores": [dict(s) for s in one.scores]}
            for one in found
        ]  # fmt: skip
        write_line(json.dumps({"in_use": present, "versions": rows}, allow_nan=False))
        return 0
    for one in found:
        write_line(f"{'*' if one.version == present else ' '} {one}")
    if present is None:
        write_line("* the tables alone are in use")
    return 0


def _read(folder: "Path", number: int) -> "ParameterVersion":
    from controller.site_store import refused
    from controller.sitefiles import parameters

    try:
        return parameters.read(folder, number)
    except ValueError as error:
        remedy = "remove the file, or write it as calibrate does"
        raise refused(f"{parameters.FOLDER}/{number:04d}.json", str(error), remedy) from error


def _roll_back(arguments: argparse.Namespace) -> int:
    import json

    from controller.knowing.calibrating import roll_back
    from controller.problems import write_line
    from controller.site_store import refused

    folder = _folder(arguments.site)
    try:
        now = roll_back(folder, None if arguments.rollback < 0 else arguments.rollback)
    except ValueError as error:
        remedy = "see `heatwarden calibrate SITE --list`"
        raise refused("--rollback", str(error), remedy) from error
    if arguments.json:
        write_line(json.dumps({"in_use": now}))
    else:
        write_line("the tables alone are in use" if now is None else f"version {now} is in use")
    return 0


def _folder(site: str) -> "Path":
    from pathlib import Path

    from controller.site_store import refused

    if not (Path(site) / "site.toml").is_file():
        raise refused(site, "is no site folder", "name the folder that holds site.toml")
    return Path(site)
