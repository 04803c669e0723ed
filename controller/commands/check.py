"""`heatwarden check`: read a site folder and say everything that is wrong with it."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site import Site

_EXAMPLES = """\
examples:
  heatwarden check sites/old-east
  heatwarden check sites/old-east --json
  heatwarden check sites/old-east --quiet        # without the list of derived values

All errors come at once, each with file, row, column, value and remedy. Exit code 0: sound
(warnings are listed); 2: refused. docs/site.md describes every key and column.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--quiet", action="store_true", help="leave out the derived values")


def run(arguments: argparse.Namespace) -> int:
    """Check a site.

    Args:
        arguments: The parsed command line.

    Returns:
        0 where the site is sound, 2 where it is refused.
    """
    from controller.alarms.settings import read_delivery
    from controller.problems import InputError, report_problems
    from controller.site import load_site
    from drivers.base import BadInput

    try:
        site = _with_store_checked(load_site(arguments.site))
        _check_weather(site)
        read_delivery(site.folder)
    except (InputError, BadInput) as error:
        report_problems(error.problems, as_json=arguments.json)
        return 2
    (_write_json if arguments.json else _write_text)(site, quiet=arguments.quiet)
    return 0


def _with_store_checked(site: "Site") -> "Site":
    """Warn where the store's database needs a package that this machine has not."""
    from dataclasses import replace

    from controller.site import SITE_FILE
    from drivers.base import Problem

    if not site.store_url.startswith("postgresql"):  # SQLite needs none
        return site
    from controller.store.database import database_urls, need_driver
    from controller.store.errors import StoreUnavailable

    try:
        need_driver(database_urls(site.store_url, site.folder)[0])
    except StoreUnavailable as error:
        remedy = "install it where the engine runs"
        warning = Problem(file=SITE_FILE, column="store.url", message=str(error), remedy=remedy)
        return replace(site, warnings=(*site.warnings, warning))
    return site


def _check_weather(site: "Site") -> None:
    """Read the weather file that the site names, where it is there."""
    from controller.problems import InputError
    from controller.sitefiles.text_file import is_there
    from drivers.base import Problem
    from drivers.weather.csv_file import read_weather_csv

    path = None if site.weather is None else site.weather.csv_path
    if path is None or not is_there(path):
        return
    if not path.is_file():  # a pipe would be waited for
        remedy = "name a file in weather.csv_path"
        raise InputError([Problem(file=str(path), message="is not a file", remedy=remedy)])
    read_weather_csv(path)


def _counts(site: "Site") -> dict[str, int]:
    network = site.district.network
    return {
        "plants": len(network.plants),
        "pumps": len(network.pumps),
        "nodes": len(network.nodes),
        "pipes": len(network.pipes),
        "stations": len(network.stations),
        "buildings": len(network.buildings),
        "devices": len(site.devices),
        "points": len(site.points),
    }


def _write_json(site: "Site", *, quiet: bool) -> None:
    import json
    from dataclasses import asdict

    from controller.problems import as_json_object, write_line

    report = {
        "site": site.site_id,
        "errors": [],
        "warnings": [as_json_object(warning) for warning in site.warnings],
        "derived": [] if quiet else [asdict(one) for one in site.derived],
        "counts": _counts(site),
        "parameters": None if site.parameters is None else str(site.parameters),
    }
    write_line(json.dumps(report))


def _write_text(site: "Site", *, quiet: bool) -> None:
    from controller.counted import counted
    from controller.problems import write_line

    for warning in site.warnings:
        write_line(f"warning: {warning}")
    if site.derived and not quiet:
        write_line("derived:")
        for one in site.derived:
            write_line(f"  {one}")
    if site.parameters is not None:
        write_line(f"calibrated: {site.parameters}")
    counts = ", ".join(
        counted(count, what.removesuffix("s")) for what, count in _counts(site).items()
    )
    write_line(f"{site.site_id} is sound: {counts}")
    warnings = counted(len(site.warnings), "warning")
    write_line(f"{warnings}, {counted(len(site.derived), 'derived value')}")
