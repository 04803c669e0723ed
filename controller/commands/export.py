"""`heatwarden export`: a table of a site's store as CSV or Parquet."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_TABLES = (
    "readings", "summaries", "journal", "audit", "alarms",
    "recommendations", "decisions", "hand_settings", "commissions", "cycles",
)  # fmt: skip
_EXAMPLES = """\
examples:
  heatwarden export sites/old-east readings --out readings.parquet --from 2026-01-01T00:00:00+08:00
  heatwarden export sites/old-east journal --out writes.csv

Instants in the file are UTC. The ending of --out chooses the form: .csv or .parquet. A file that is
there is replaced, but never one in the site's folder.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("table", metavar="TABLE", choices=_TABLES, help=", ".join(_TABLES))
    parser.add_argument("--out", metavar="FILE", required=True, help="FILE.csv or FILE.parquet")
    parser.add_argument("--from", dest="since", metavar="TIME", help="first instant, with offset")
    parser.add_argument("--until", metavar="TIME", help="the instant before which it ends")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Export.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 bad input, 3 the store or the file failed.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _export(arguments, site, database))


def _export(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.counted import counted
    from controller.outputs import keep_site_whole
    from controller.problems import write_line
    from controller.site_store import instant_of_words, refused
    from controller.store.export import export_table

    since = instant_of_words(arguments.since, datetime(1970, 1, 1, tzinfo=UTC))
    until = instant_of_words(arguments.until, datetime(9999, 1, 1, tzinfo=UTC))
    if until <= since:
        remedy = "let --until be later than --from"
        raise refused(arguments.until or arguments.since, "is not after --from", remedy)
    path = Path(arguments.out)
    keep_site_whole(path, site.folder)
    try:
        count = export_table(database, arguments.table, since, until, path)
    except ValueError as error:
        raise refused(str(path), str(error), "end the name in .csv or .parquet") from error
    if arguments.json:
        write_line(json.dumps({"site": site.site_id, "rows": count, "file": str(path)}))
    else:
        write_line(f"{counted(count, 'row')} written to {path}")
    return 0
