"""`heatwarden backup`: copy a site's store while its engine runs."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden backup sites/old-east --to /backup/old-east-2026-01-16

The folder must not exist yet. It gets two SQLite files and a manifest with their hashes, whatever
the store's own database is; `heatwarden restore` reads it into an empty store of either kind.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--to", metavar="FOLDER", required=True, help="new folder for the copy")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Make the backup.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 bad input, 3 the store or the folder failed.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda site, database: _copy(arguments, site, database))


def _copy(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.problems import write_line
    from controller.store.backup import backup_to

    made = backup_to(database, Path(arguments.to), datetime.now(UTC))
    if arguments.json:
        found = {"site": site.site_id, "folder": str(made.folder), "rows": dict(made.rows)}
        write_line(json.dumps({**found, "audit_head": made.audit_head}))
    else:
        write_line(f"{sum(made.rows.values())} rows copied to {made.folder}")
        write_line(f"audit head {made.audit_head}")
    return 0
