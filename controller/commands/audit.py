"""`heatwarden audit`: verify the chain of the audit, or show its end."""

import argparse
import json
from typing import TYPE_CHECKING

from controller.whole_numbers import whole_number

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

MOST_SHOWN = 1_000_000  # more than a screen wants; `export` gives all
_EXAMPLES = """\
examples:
  heatwarden audit verify sites/old-east
  heatwarden audit verify sites/old-east --head 5c0f...   # the head that you kept elsewhere
  heatwarden audit show sites/old-east --last 20

Exit code 1: a record has been changed, removed, moved or added from outside. One who may rewrite
the whole database can rewrite the chain: keep its head elsewhere and give it with --head.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("action", choices=("verify", "show"))
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--head", metavar="HASH", help="a hash that the chain must hold")
    parser.add_argument(
        "--last",
        type=whole_number(1, MOST_SHOWN),
        default=20,
        metavar="N",
        help="records to show (20)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify or show.

    Args:
        arguments: The parsed command line.

    Returns:
        0 whole, 1 not whole, 2 bad input, 3 no store.
    """
    from controller.site_store import with_store

    work = _verify if arguments.action == "verify" else _show
    return with_store(arguments, lambda site, database: work(arguments, site, database))


def _verify(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from controller.counted import counted
    from controller.problems import write_line
    from controller.store.audit import FIRST, holds_hash, verify_audit

    with database.reading() as connection:
        verdict = verify_audit(connection)
        known = arguments.head in (None, FIRST) or holds_hash(connection, arguments.head)
    whole = verdict.broken_at is None and known
    message = verdict.message if known else "the chain does not hold the given head"
    if arguments.json:
        found = {
            "site": site.site_id,
            "whole": whole,
            "records": verdict.records,
            "head": verdict.head,
            "broken_at": verdict.broken_at,
            "message": message,
        }
        write_line(json.dumps(found))
    else:
        write_line(f"{counted(verdict.records, 'record')}: {message}")
        write_line(f"head {verdict.head}")
    return 0 if whole else 1


def _show(arguments: argparse.Namespace, site: "StorePlace", database: "Database") -> int:
    from controller.problems import write_line
    from controller.store.audit import last_records

    with database.reading() as connection:
        records = last_records(connection, arguments.last)
    rows = [
        {"seq": row["seq"], "at": row["at"].isoformat(), "actor": row["actor"],
         "action": row["action"], "details": json.loads(row["details"])}
        for row in records
    ]  # fmt: skip
    if arguments.json:
        write_line(json.dumps({"site": site.site_id, "records": rows}, ensure_ascii=False))
        return 0
    for record, row in zip(records, rows, strict=True):
        at = record["at"].astimezone(site.zone).isoformat(sep=" ", timespec="seconds")
        details = json.dumps(row["details"], ensure_ascii=False)
        write_line(f"{row['seq']:>6} {at} {row['actor']} {row['action']} {details}")
    return 0
