"""Run every broken engine through the scenario that must catch it.

python -m hil_tests.catch_broken_engines [NAME ...]
"""

import sys
import tempfile
from pathlib import Path

from hil_tests.bench.runner import run_scenario
from hil_tests.bench.scenario import find_scenario, read_scenario
from hil_tests.broken_engines import BROKEN


def caught(name: str) -> list[str]:
    """Run a broken engine.

    Args:
        name: Which.

    Returns:
        The assertions that caught it.
    """
    scenario = read_scenario(find_scenario(BROKEN[name][1]))
    command = (sys.executable, "-m", "hil_tests.broken_engines", name)
    with tempfile.TemporaryDirectory() as work:
        outcome = run_scenario(scenario, Path(work), command=command)
    return [
        f"{one.name}: {one.measured:.4g} {one.unit}" for one in outcome.verdicts if not one.passed
    ]


def main(names: list[str]) -> int:
    """Say of each whether it was caught; 1 where one was not."""
    missed = 0
    for name in names or list(BROKEN):
        found = caught(name)
        missed += not found
        sys.stdout.write(f"{name:24} {'; '.join(found) or 'NOT CAUGHT'}\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
