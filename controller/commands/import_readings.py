"""`heatwarden import`: readings from a file into a site's store."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden import sites/old-east --in readings.parquet
  heatwarden import sites/old-east --in last-winter.csv --json

The file has the columns of `heatwarden export SITE readings`: point_id, at (an instant with its
offset, of the last ten years), value, and, if known, quality. A good value lies in the range of the
point's device, and a point has one reading at an instant. Readings that are in the store already
stay as they are; where any row is wrong, nothing is imported.

Exit code 0: imported; 2: a row or the site was refused; 3: the file or the store failed.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--in", dest="path", metavar="FILE", required=True, help="CSV or Parquet")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Import.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 bad input, 3 the store or the file failed.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _import(arguments, site, database))


def _import(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.counted import counted
    from controller.device_ranges import device_ranges
    from controller.problems import InputError, write_line
    from controller.site import load_site
    from controller.site_store import refused
    from controller.store.imported import import_readings
    from controller.store.reading_file import FORMATS, Believable
    from controller.store.retention import Policy

    path = Path(arguments.path)
    if path.suffix not in FORMATS:
        remedy = f"end the name in {' or '.join(FORMATS)}"
        raise refused(str(path), "is neither CSV nor Parquet by its name", remedy)
    if not path.is_file():
        raise refused(str(path), "is no file", "name a file that is there")
    now = datetime.now(UTC)
    ranges = device_ranges(load_site(site.folder))
    believable = Believable(ranges=ranges, since=now - Policy().summaries, until=now)
    found = import_readings(database, path, believable)
    if found.problems:
        raise InputError(found.problems)
    if arguments.json:
        said = {"site": site.site_id, "readings": found.readings, "new": found.new}
        write_line(json.dumps(said))
    else:
        there = found.readings - found.new
        new = counted(found.new, "reading")
        write_line(f"{new} imported from {path}, {there} there already")
    return 0
