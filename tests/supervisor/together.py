"""Two engines started at the same moment on one site: one runs, the other says why it does not.

The suite does it five times, `python -m tests.supervisor.together` a hundred.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.supervisor.running_site import QUICK, Plant, plant, with_users

PATIENCE_S = 120.0


def one_start_together(own: Plant) -> tuple[int, int]:
    """Start two, stop the one that runs; give the exit codes of the refused and the stopped one."""
    engines = [own.start(*QUICK) for _ in range(2)]
    refused, running = _first_ended(engines)
    code = refused.wait()
    assert refused.stderr is not None
    said = refused.stderr.read()
    assert "error:" in said, said
    own.until(lambda shown: shown["running"])
    assert running.poll() is None
    assert own.writes() == [], "written while two were starting"
    return code, own.stop(running)[0]


def _first_ended(
    engines: list[subprocess.Popen[str]],
) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        for one, other in (engines, engines[::-1]):
            if one.poll() is not None:
                return one, other
        time.sleep(0.05)
    raise AssertionError("both run")


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--times", type=int, default=100)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder, plant(Path(folder)) as own:
        with_users(own)
        for number in range(times):
            assert one_start_together(own) == (3, 0)
            sys.stdout.write(f"{number + 1} of {times}\r")
            sys.stdout.flush()
    sys.stdout.write(f"{times} times two engines together: one ran, the other ended with 3\n")


if __name__ == "__main__":
    main()
