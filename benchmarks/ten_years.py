"""Ten years of readings, down-sampled by policy, and how fast the trend page answers on them.

    python -m benchmarks.ten_years --points 2000 --out out/ten_years

Makes what the nights leave after ten years: quarter hours and days of each point, and the raw
readings of the last days, at one a minute. Then the trend page's data is asked of the real
application for spans up to ten years. `--points` fewer makes a smaller file; the pages are asked
for the same number of series.
"""

import argparse
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from controller.console.history import thinned
from controller.console.series import MOST_POINTS
from controller.console.settings import Console
from controller.store.database import Database, open_database
from controller.store.summaries import DAY, QUARTER
from controller.store.tables import EPOCH, MICROSECOND

YEARS = 10
ASKED_S = 0.3
SERIES = (1, 3, 12)  # one point, a usual page, the most a page shows
SPANS = {"a day": 1, "a week": 7, "a month": 30, "a year": 365, "ten years": 3652}
REPEATS = 5
# A day's and a year's wave and noise from the counter itself: SQLite makes the rows by itself.
_SUMMARIES = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO summaries
SELECT :point, :span_s, :first + i * :width, v, v - 0.8, v + 0.7, :readings
FROM (SELECT i, 60.0 + (i * 7919 % 1013) / 50.0 + (i % 96) / 10.0 AS v FROM n)
"""
_READINGS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
INSERT INTO readings
SELECT :point, :first + i * 60000000, 60.0 + (i * 7919 % 1013) / 50.0, 'good' FROM n
"""


def fill(database: Database, points: int, raw_days: int, now: datetime) -> dict[str, int]:
    """Put ten years of a number of points into a store.

    Args:
        database: A new store on SQLite.
        points: How many points.
        raw_days: How many days of raw readings.
        now: The present, tz-aware.

    Returns:
        Rows by table.
    """
    counts = {"summaries": 0, "readings": 0}
    end = (now - EPOCH) // DAY * DAY // MICROSECOND
    for number in range(points):
        with database.recording() as connection:
            for span in (QUARTER, DAY):
                count = int(timedelta(days=365.25 * YEARS) / span)
                values = {"point": f"p{number}", "span_s": int(span.total_seconds()),
                          "width": span // MICROSECOND, "count": count,
                          "first": end - count * (span // MICROSECOND),
                          "readings": int(span.total_seconds() // 60)}  # fmt: skip
                connection.exec_driver_sql(_SUMMARIES, values)
                counts["summaries"] += count
            count = raw_days * 1440
            raw = {"point": f"p{number}", "count": count, "first": end - count * 60_000_000}
            connection.exec_driver_sql(_READINGS, raw)
            counts["readings"] += count
    return counts


def measure(console: Console, points: int, now: datetime) -> list[dict[str, object]]:
    """Time what the page reads and thins, for each span and number of series, never the same twice.

    Args:
        console: With the store; nothing else of it is used.
        points: How many points there are.
        now: The present.

    Returns:
        A row a span and number of series: median and worst, CPU s.
    """
    rows, next_point = [], 0
    for name, days in SPANS.items():
        for series in SERIES:
            took = []
            for _ in range(REPEATS):
                began = time.process_time()
                for _ in range(series):
                    next_point = (next_point + 7) % points
                    found = thinned(console, f"p{next_point}", now - days * DAY, now, MOST_POINTS)
                    assert len(found) > 100
                took.append(time.process_time() - began)
            rows.append({"span": name, "series": series, "median_s": round(median(took), 3),
                         "worst_s": round(max(took), 3)})  # fmt: skip
    return rows


class _OnlyStore:
    """As much of a console as the reading of courses needs."""

    def __init__(self, database: Database) -> None:
        self.database = database


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--raw-days", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("out/ten_years"))
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True)
    now = datetime(2036, 1, 16, tzinfo=UTC)
    database = open_database("sqlite:///store.db", arguments.out)
    began = time.perf_counter()
    counts = fill(database, arguments.points, arguments.raw_days, now)
    filled_s = time.perf_counter() - began
    rows = measure(_OnlyStore(database), arguments.points, now)  # type: ignore[arg-type]
    database.close()
    size = sum(path.stat().st_size for path in arguments.out.iterdir())
    about = {"points": arguments.points, "rows": counts, "gb": round(size / 1e9, 2),
             "filled_s": round(filled_s),
             "bytes_a_row": round(size / sum(counts.values()), 1)}  # fmt: skip
    print(json.dumps(about))
    for row in rows:
        print(json.dumps(row))
    usual = [row for row in rows if row["series"] == 3]
    late = [row for row in usual if float(str(row["median_s"])) > ASKED_S]
    print(f"a usual page within {ASKED_S} s: {'no: ' + json.dumps(late) if late else 'yes'}")


if __name__ == "__main__":
    main()
