"""An engine's hold on a site in a process of its own: its locks, and its buses polled.

Usage: python -m tests.fieldtools.engine_process SITE (site | buses); ends with its input.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

from controller.field import field_of
from controller.site import load_site
from drivers.base import PortBusy
from drivers.lock import site_lock


def main() -> int:
    folder, holds = Path(sys.argv[1]), sys.argv[2]
    field = field_of(load_site(folder)) if holds == "buses" else None
    with site_lock(folder) if holds == "site" else nullcontext():
        if field is not None:
            try:
                field.start()
            except PortBusy as error:
                sys.stdout.write(f"{error}\n")
                return 3
        sys.stdout.write("running\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
