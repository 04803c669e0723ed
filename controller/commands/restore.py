"""`heatwarden restore`: read a backup into a site's empty store."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden restore sites/old-east --from /backup/old-east-2026-01-16

The store that [store] in site.toml names must be new or empty: move the old file away, or name a
new database. The backup's hashes and the chain of its audit are checked, before and after.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--from", dest="source", metavar="FOLDER", required=True, help="the backup")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Restore.

    Args:
        arguments: The parsed command line.

    Returns:
        0 done, 2 bad input, 3 the backup is damaged, or the store not empty or in use.
    """
    from controller.site_store import with_store

    return with_store(
        arguments,
        lambda site, database: _restore(arguments, site, database),
        begins=True,
        first=lambda: _need_backup(arguments),
    )


def _need_backup(arguments: argparse.Namespace) -> None:
    """Refuse a damaged backup before a store is made for it."""
    from pathlib import Path

    from controller.store.backup import read_manifest

    read_manifest(Path(arguments.source))


def _restore(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime
    from pathlib import Path

    from controller.problems import write_line
    from controller.store.backup import restore_from

    done = restore_from(Path(arguments.source), database, datetime.now(UTC))
    if arguments.json:
        found = {"site": site.site_id, "rows": dict(done.rows), "audit_head": done.audit_head}
        write_line(json.dumps(found))
    else:
        write_line(f"{sum(done.rows.values())} rows restored; the audit is whole")
    return 0
