"""What the supervisor itself costs, without the solve: passes, cycles and memory with 2,000 points.

    python -m benchmarks.supervisor_overhead

The field and the clock are simulated, the store, the guard, the write path and the alarms are real.
"""

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from controller.cycle import run_cycle
from controller.engine.cycling import after_cycle, cycle_ports
from controller.engine.planner import Planned, PlannerWorker, PlanTask, plan_with_prefixes
from controller.knowing.ahead import Ahead
from tests.supervisor.simulated import simulated

PASSES = 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--days", type=float, default=0.0, help="simulated days of passes")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between these passes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        own = simulated(Path(scratch), more_points=arguments.points)
        own.time.wall_at = datetime.now(UTC).replace(microsecond=0)
        own.run(5)
        began_s, began_core_s = time.perf_counter(), time.process_time()
        own.run(3.0 * PASSES, every_s=3.0)
        passes_s = (time.perf_counter() - began_s) / PASSES
        passes_core_s = (time.process_time() - began_core_s) / PASSES
        made: list[Planned] = []

        def plan(task: PlanTask) -> Planned:
            made[:] = made or [plan_with_prefixes(task)]
            return made[0]

        ports = replace(cycle_ports(own.core, PlannerWorker(1.0), Ahead(own.core)), plan=plan)
        run_cycle(own.time.wall(), ports)
        own.time.pass_by(900.0)
        began_s, began_core_s = time.perf_counter(), time.process_time()
        record = run_cycle(own.time.wall(), ports)
        after_cycle(own.core, record)
        cycle_s = time.perf_counter() - began_s
        cycle_core_s = time.process_time() - began_core_s
        points = len(own.core.tables.read_ids)
        sys.stdout.write(f"{points} points: a safety pass {1e3 * passes_s:.0f} ms "
                         f"({1e3 * passes_core_s:.0f} ms of a core), a cycle without the solve "
                         f"{cycle_s:.2f} s ({cycle_core_s:.2f} s of a core; "
                         f"{record.outcome})\n")  # fmt: skip
        if arguments.days:
            own.run(86400.0, every_s=arguments.every)
            before = _resident_mb()
            own.run(86400.0 * arguments.days, every_s=arguments.every)
            after = _resident_mb()
            sys.stdout.write(f"{arguments.days:g} simulated days: {before:.1f} to {after:.1f} MB, "
                             f"{100 * (after / before - 1):+.2f} %\n")  # fmt: skip
        own.database.close()


def _resident_mb() -> float:
    text = Path("/proc/self/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
