"""The engine's memory over hours in real time on a paced wire, or over a month in lockstep.

    python -m benchmarks.soak_memory benchmarks/memory-hour.toml --speed 1 --each-h 1 --warm-h 0.33
    python -m benchmarks.soak_memory benchmarks/memory-days.toml --each-h 24 --warm-h 48

The engine is the real one in its own process, on the bench; the scenario's faults come again every
`--each-h`. What engine and planner hold is sampled into out/soak/NAME.csv. The drift is from the
first quarter of the samples after the warm-up to the last one, medians. A cycle counts as missed
where the store has no record of it, as explained where an alarm says that it was late. The exit
code is 1 where memory grew by a hundredth, a cycle is missed unexplained, or a write was wrong.
"""

import argparse
import csv
import json
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path
from statistics import median

import psutil

from controller.store.alarm_log import alarm_history
from controller.store.database import Database, open_database
from controller.store.present import cycles_of
from hil_tests.bench.runner import Spent, outcome_of
from hil_tests.bench.scenario import Scenario, read_scenario
from hil_tests.bench.session import Session, SessionOptions
from hil_tests.bench.verbs import Order

LOOK_S = 0.5
MOST_DRIFT_PCT = 1.0
OUT = Path("out/soak")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the engine's process, and it with its planners, held at a time of the run, MB."""

    second: float
    engine_mb: float
    all_mb: float


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """How many cycles were due and ended how; at which hours one is missing, and why if known."""

    due: int
    ended: Counter[str]
    explained_h: tuple[float, ...]
    unexplained_h: tuple[float, ...]


class Sampler(threading.Thread):
    """Samples the engine's memory while a session runs."""

    def __init__(self, session: Session, site: Path, every_s: float, file: Path) -> None:
        super().__init__(daemon=True)
        self._session, self._site, self._every_s, self._file = session, site, every_s, file
        self._done = threading.Event()
        self.samples: list[Sample] = []

    def run(self) -> None:
        """Sample until told to stop; each sample is in the file at once."""
        due_s = 0.0
        with self._file.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["hour", "engine_mb", "with_planners_mb"])
            while not self._done.wait(LOOK_S):
                if self._session.second < due_s:
                    continue
                due_s = self._session.second + self._every_s
                found = sampled(self._site, self._session.second)
                if found is not None:
                    self.samples.append(found)
                    table.writerow([f"{found.second / 3600.0:.3f}", found.engine_mb, found.all_mb])
                    file.flush()

    def stop(self) -> None:
        """End it."""
        self._done.set()
        self.join()


def sampled(site: Path, second: float) -> Sample | None:
    """Look at the process of the engine on a site, and at its children; None where none runs."""
    for one in psutil.Process().children():
        try:
            if str(site) in one.cmdline():
                engine = one.memory_info().rss
                rest = sum(child.memory_info().rss for child in one.children(recursive=True))
                held, together = round(engine / 1e6, 2), round((engine + rest) / 1e6, 2)
                return Sample(second=second, engine_mb=held, all_mb=together)
        except psutil.Error:
            continue
    return None


def drift_pct(samples: Sequence[float]) -> float:
    """Give what the last quarter of the samples holds more than the first, medians, %."""
    quarter = max(len(samples) // 4, 1)
    return 100.0 * (median(samples[-quarter:]) / median(samples[:quarter]) - 1.0)


def repeated(timeline: Sequence[Order], each_h: float, hours: float) -> tuple[Order, ...]:
    """Let the orders of a timeline come again and again, to the end of a run."""
    times = [first * each_h * 3600.0 for first in range(int(hours / each_h) + 1)]
    return tuple(
        replace(order, second=order.second + later_s) for later_s in times for order in timeline
    )


def cycles_seen(database: Database, scenario: Scenario, hours: float) -> Cycles:
    """Compare the cycles in the store with those that were due.

    Args:
        database: The engine's.
        scenario: What was run.
        hours: How much of it.

    Returns:
        Both.
    """
    start, every = scenario.start.astimezone(UTC), timedelta(seconds=scenario.engine.cycle_s)
    end = start + timedelta(hours=hours)
    with database.reading() as connection:
        cycles = cycles_of(connection, start - every, end)
        alarms = alarm_history(connection, start)
    late = [one.at for one in alarms if one.alarm_id.startswith("cycle_late")]
    due = [start + number * every for number in range(int((end - start) / every))]
    missing = [at for at in due if not any(at <= one.at < at + every for one in cycles)]
    why = {at: any(at <= one < at + 2 * every for one in late) for at in missing}
    hour = timedelta(hours=1)
    return Cycles(
        due=len(due),
        ended=Counter(one.outcome for one in cycles),
        explained_h=tuple((at - start) / hour for at in missing if why[at]),
        unexplained_h=tuple((at - start) / hour for at in missing if not why[at]),
    )


def run(scenario: Scenario, told: argparse.Namespace, work: Path) -> dict[str, object]:
    """Run the engine and measure.

    Args:
        scenario: With its whole timeline.
        told: The command line.
        work: An empty folder.

    Returns:
        What it came to; `failed` names what ought not to be.
    """
    spent = Spent()
    OUT.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        session = Session(scenario, work, stack, SessionOptions(speed=told.speed), _say)
        signal.signal(signal.SIGTERM, lambda *_: session.ending.set())
        file = OUT / f"{scenario.name}.csv"
        sampler = Sampler(session, work / "site", 60.0 * told.every_min, file)
        sampler.start()
        session.run()
        sampler.stop()
        hours = session.second / 3600.0
        database = stack.enter_context(
            closing(open_database(session.site.store_url, work / "site"))
        )
        cycles = cycles_seen(database, scenario, hours)
        log = session.log_path.read_text(encoding="utf-8", errors="replace")
    verdicts = outcome_of(
        scenario, session.world, session.twin, session.wire, tuple(session.notes), log, spent
    ).verdicts
    warm = [one for one in sampler.samples if one.second >= 3600.0 * told.warm_h]
    if not warm:
        raise SystemExit(f"{hours:.2f} h are no more than the warm-up of {told.warm_h:g} h")
    drift = drift_pct([one.engine_mb for one in warm])
    failed = [one.name for one in verdicts if not one.passed]
    failed += [text for _, text in session.notes if "ended by itself" in text]
    failed += ["memory grew"] if drift >= MOST_DRIFT_PCT else []
    failed += ["a cycle is missing"] if cycles.unexplained_h else []
    return {
        "hours": round(hours, 2), "wire": "paced" if told.speed == 1.0 else "real bytes",
        "engine_mb": [warm[0].engine_mb, warm[-1].engine_mb], "drift_pct": round(drift, 2),
        "with_planners_pct": round(drift_pct([one.all_mb for one in warm]), 2),
        "samples": len(warm), "cycles_due": cycles.due, **cycles.ended,
        "late_h": [round(h, 2) for h in cycles.explained_h],
        "missed_h": [round(h, 2) for h in cycles.unexplained_h], "failed": failed,
    }  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenario", type=Path, help="FILE.toml")
    parser.add_argument("--speed", type=float, help="times real time; without, in lockstep")
    parser.add_argument("--hours", type=float, help="instead of the scenario's")
    parser.add_argument("--each-h", type=float, default=1.0, help="the faults come again")
    parser.add_argument("--warm-h", type=float, default=0.33, help="not counted for the drift")
    parser.add_argument("--every-min", type=float, default=1.0, help="between samples")
    told = parser.parse_args(words)
    scenario = read_scenario(told.scenario)
    hours = told.hours or scenario.hours
    timeline = repeated(scenario.timeline, told.each_h, hours)
    with tempfile.TemporaryDirectory(prefix="heatwarden-memory-") as work:
        found = run(replace(scenario, hours=hours, timeline=timeline), told, Path(work))
    sys.stdout.write(json.dumps(found) + "\n")
    return 1 if found["failed"] else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
