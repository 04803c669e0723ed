"""Run every broken engine through the scenario that must catch it.

python -m hil_tests.catch_broken_engines [NAME ...]
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from hil_tests.bench.assertions import HOUR_S
from hil_tests.bench.runner import run_scenario
from hil_tests.bench.scenario import Scenario, find_scenario, read_scenario
from hil_tests.broken_engines import BROKEN


def scenario_for(name: str) -> Scenario:
    """Give the scenario that must catch a broken engine, as far as it is needed for that.

    Args:
        name: Which engine.

    Returns:
        The scenario, with the assertions that have to catch it and no others.
    """
    broken = BROKEN[name]
    scenario = read_scenario(find_scenario(broken.scenario))
    return replace(
        scenario,
        hours=broken.hours,
        checks=tuple(one for one in scenario.checks if one.name in broken.caught_by),
        timeline=tuple(one for one in scenario.timeline if one.second < broken.hours * HOUR_S),
    )


def caught(name: str) -> list[str]:
    """Run a broken engine.

    Args:
        name: Which.

    Returns:
        The assertions that caught it.
    """
    command = (sys.executable, "-m", "hil_tests.broken_engines", name)
    with tempfile.TemporaryDirectory() as work:
        outcome = run_scenario(scenario_for(name), Path(work), command=command)
    return [
        f"{one.name}: {one.measured:.4g} {one.unit}" for one in outcome.verdicts if not one.passed
    ]


def main(names: list[str]) -> int:
    """Say of each whether it was caught; 1 where one was not."""
    missed = []
    for name in names or list(BROKEN):
        found = caught(name)
        if not found:
            missed.append(name)
        sys.stdout.write(f"{name:24} {'; '.join(found) or 'NOT CAUGHT'}\n")
        sys.stdout.flush()
    count = len(names or BROKEN)
    not_caught = f"; not caught: {', '.join(missed)}" if missed else ""
    sys.stdout.write(f"{count - len(missed)} of {count} caught{not_caught}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
