"""`heatwarden report`: what happened in a shift, as a page and a workbook."""

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.site_store import StorePlace
    from controller.store.database import Database

_EXAMPLES = """\
examples:
  heatwarden report sites/old-east --shift --out reports          # the eight hours up to now
  heatwarden report sites/old-east --shift --end 2026-01-16T08:00:00+08:00 --out reports --lang en
  heatwarden report sites/old-east --shift --hours 12 --out reports --json

Writes shift-END-LANG.html, which prints well and needs nothing else, and shift-END-LANG.xlsx with
the same tables: modes, recommendations and decisions, writes and their confirmation, alarms, the
coldest buildings, heat and cost, cycles. No engine needs to run. Costs are of what was measured;
the share of the shift that was measured stands beside them. A running engine writes both languages
into SITE/reports at 00, 08 and 16 o'clock local time.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments.

    Args:
        parser: The command's parser.
    """
    parser.epilog = _EXAMPLES
    parser.add_argument("site", metavar="SITE", help="site folder")
    parser.add_argument(
        "--shift", action="store_true", required=True, help="of the hours up to --end"
    )
    parser.add_argument("--end", metavar="TIME", help="instant with offset; now if left out")
    parser.add_argument("--hours", type=float, default=8.0, help="length of the shift (8)")
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="language (zh)")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder, made where missing")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """Write the report.

    Args:
        arguments: The parsed command line.

    Returns:
        0 written, 2 bad input, 3 no store, or the folder can not be written.
    """
    from controller.site_store import with_store

    return with_store(arguments, lambda place, database: _report(arguments, place, database))


def _report(arguments: argparse.Namespace, place: "StorePlace", database: "Database") -> int:
    from datetime import UTC, datetime, timedelta
    from pathlib import Path

    from controller.problems import not_written, report_problems, write_line
    from controller.report.shift_facts import gather_shift
    from controller.report.shift_report import write_shift
    from controller.site import load_site
    from controller.site_store import instant_of_words, refused

    end = instant_of_words(arguments.end, datetime.now(UTC).replace(microsecond=0))
    if not 0.0 < arguments.hours <= 24.0 * 31.0:
        raise refused(f"{arguments.hours:g}", "--hours makes no sense", "give up to 744")
    site = load_site(place.folder)
    shift = gather_shift(database, site, end - timedelta(hours=arguments.hours), end)
    try:
        files = write_shift(shift, site, arguments.lang, Path(arguments.out))
    except OSError as error:
        report_problems([not_written(arguments.out, error)], as_json=arguments.json)
        return 3
    if arguments.json:
        shown = {
            "site": site.site_id,
            "since": shift.since.isoformat(),
            "until": shift.until.isoformat(),
            "files": [str(path) for path in files],
            "modes": [
                {"mode": one.mode, "since": one.since.isoformat(), "until": one.until.isoformat()}
                for one in shift.modes
            ],
            "cycles": len(shift.cycles),
            "recommendations": len(shift.recommendations),
            "writes": len(shift.writes),
            "alarms": len(shift.alarms),
        }
        write_line(json.dumps(shown, ensure_ascii=False))
    else:
        for path in files:
            write_line(f"written: {path}")
    return 0
