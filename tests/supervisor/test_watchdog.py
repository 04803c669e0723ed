"""A safety loop that hangs ends the process; a process that slept goes on."""

import subprocess
import sys

import pytest

from controller.engine.watchdog import EXIT_CODE, Watch

# What happens at which second: p a sign of life, l a look of the watch.
COURSES = [
    ("alive", [(t, "pl") for t in range(200)], None),
    ("hangs", [(0, "p"), *((t, "l") for t in range(200))], 91),
    ("slept", [(0, "pl"), (1, "l"), (3600, "l"), (3601, "pl"), (3650, "pl")], None),
    ("slept, then hangs", [(0, "pl"), (3600, "l"), *((t, "l") for t in range(3601, 3700))], 3691),
    ("slow machine", [(t, "pl") for t in range(0, 200, 8)], None),
]


@pytest.mark.parametrize(("name", "course", "ends_at"), COURSES, ids=[one[0] for one in COURSES])
def test_what_counts_as_hanging(
    name: str, course: list[tuple[int, str]], ends_at: int | None
) -> None:
    watch, found = Watch(0.0), None
    for second, what in course:
        if "p" in what:
            watch.pet(float(second))
        if found is None and "l" in what and watch.hangs(float(second)):
            found = second
    assert found == ends_at


def test_a_process_whose_loop_hangs_ends() -> None:
    program = """
import itertools, time
from controller.engine import watchdog
watchdog.LOOKS_S = 0.01
seconds = itertools.count()
watchdog.Watchdog(lambda: float(next(seconds)))
time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == EXIT_CODE
