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
offset, not in the future), value, and, if known, quality. Readings that are in the store already
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

    from controller.problems import InputError, write_line
    from controller.site import load_site
    from controller.site_store import refused
    from controller.store.imported import FORMATS, import_readings

    path = Path(arguments.path)
    if path.suffix not in FORMATS:
        remedy = f"end the name in {' or '.join(FORMATS)}"
        raise refused(str(path), "is neither CSV nor Parquet by its name", remedy)
    if not path.is_file():
        raise refused(str(path), "is no file", "name a file that is there")
    points = frozenset(point.point_id for point in load_site(site.folder).points)
    found = import_readings(database, path, points, datetime.now(UTC))
    if found.problems:
        raise InputError(found.problems)
    if arguments.json:
        write_line(json.dumps({"site": site.site_id, "readings": found.readings}))
    else:
        write_line(f"{found.readings} readings imported from {path}")
    return 0
