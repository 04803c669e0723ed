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
    from controller.terminal_words import language_argument

    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="the site folder")
    language_argument(parser)
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
        report_problems(error.problems, as_json=arguments.json, language=arguments.lang)
        return 2
    if arguments.json:
        _write_json(site, quiet=arguments.quiet)
    else:
        _write_text(site, arguments.lang, quiet=arguments.quiet)
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


def _write_text(site: "Site", language: str, *, quiet: bool) -> None:
    from controller.counted import counted
    from controller.problems import write_line
    from controller.terminal_words import problem_said, saying

    say = saying(language)
    for warning in site.warnings:
        write_line(say("warning", problem=problem_said(language, warning)))
    if site.derived and not quiet:
        write_line(say("derived"))
        for one in site.derived:
            write_line(f"  {one}")
    if site.parameters is not None:
        write_line(say("calibrated", parameters=site.parameters))
    write_line(say("sound", site=site.site_id, counts=_counts_said(site, language)))
    warned, worked_out = len(site.warnings), len(site.derived)
    if language == "zh":
        write_line(f"{warned} 条警告，{worked_out} 个推导值")
    else:
        write_line(f"{counted(warned, 'warning')}, {counted(worked_out, 'derived value')}")


def _counts_said(site: "Site", language: str) -> str:
    from controller.counted import counted
    from controller.study_words import COUNTS_ZH

    counts = _counts(site).items()
    if language == "zh":
        return "，".join(f"{count} 个{COUNTS_ZH[what]}" for what, count in counts)
    return ", ".join(counted(count, what.removesuffix("s")) for what, count in counts)
