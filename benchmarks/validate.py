"""Hold the simulator against measurements and peers: python -m benchmarks.validate --data DIR."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases.buried import ait
from benchmarks.cases.destest import ce0, ce1
from benchmarks.cases.fronts import tugraz, ulg
from benchmarks.cases.substation import tartu
from benchmarks.cases.tables import Figure, as_json, as_markdown

# What each case needs in the data folder, and the function that runs it.
CASES: tuple[tuple[str, Callable[[Path], list[Figure]]], ...] = (
    ("measured/ulg_pipe", ulg),
    ("measured/tugraz_pipe", tugraz),
    ("measured/ait_pongau", ait),
    ("destest/peer_results_ce0", ce0),
    ("destest/peer_results_ce1", ce1),
    ("tartu_substation", tartu),
)


def commit() -> str:
    """The checkout's commit, marked where files differ from it.

    Returns:
        A short hash, or "unknown" outside a checkout.
    """
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def validate(data: Path) -> list[Figure]:
    """Run every case whose data is there.

    Args:
        data: The data folder.

    Returns:
        The figures, case by case.
    """
    figures = []
    for folder, case in CASES:
        if (data / folder).is_dir():
            print(f"{folder} ...", file=sys.stderr)
            figures += case(data)
        else:
            print(f"{folder}: not in {data}, left out", file=sys.stderr)
    return figures


def main() -> int:
    """Print the table.

    Returns:
        0, or 2 where there is no data at all.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the measurements")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    figures = validate(arguments.data)
    if not figures:
        print(f"no measurements in {arguments.data}", file=sys.stderr)
        return 2
    missed = [figure for figure in figures if figure.verdict == "missed"]
    if arguments.json:
        answer = {"commit": commit(), "figures": as_json(figures), "missed": len(missed)}
        print(json.dumps(answer, allow_nan=False))
        return 0
    print(as_markdown(figures))
    print(f"\ncommit {commit()}, {len(figures)} figures, {len(missed)} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
