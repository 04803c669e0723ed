"""Hold the product against measurements and peers: python -m benchmarks.validate --data DIR."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.cases.buried import ait
from benchmarks.cases.destest import ce0, ce1
from benchmarks.cases.fronts import tugraz, ulg
from benchmarks.cases.loads import flensburg, sonderborg, tartu_load
from benchmarks.cases.room import armadillo
from benchmarks.cases.substation import tartu
from benchmarks.cases.tables import BadTableError, Figure, as_json, as_markdown

# What each case needs in the data folder, and the function that runs it.
CASES: tuple[tuple[str, Callable[[Path], list[Figure]]], ...] = (
    ("measured/ulg_pipe", ulg),
    ("measured/tugraz_pipe", tugraz),
    ("measured/ait_pongau", ait),
    ("destest/peer_results_ce0", ce0),
    ("destest/peer_results_ce1", ce1),
    ("tartu_substation", tartu),
    ("tartu_substation", tartu_load),
    ("flensburg_heatload", flensburg),
    ("sonderborg_heatload", sonderborg),
    ("armadillo_room", armadillo),
)


def commit() -> str:
    """The checkout's commit, marked where files differ from it.

    Returns:
        A short hash, or "unknown" outside a checkout.
    """
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def validate(data: Path) -> tuple[list[Figure], list[BadTableError]]:
    """Run every case whose data is there.

    Args:
        data: The data folder.

    Returns:
        The figures, case by case, and what could not be used.
    """
    figures: list[Figure] = []
    bad: list[BadTableError] = []
    for folder, case in CASES:
        if not (data / folder).is_dir():
            print(f"{folder}: not in {data}, left out", file=sys.stderr)
            continue
        print(f"{folder} ...", file=sys.stderr)
        try:
            figures += case(data)
        except BadTableError as error:
            bad.append(error)
    if not figures and not bad:
        names = ", ".join(dict.fromkeys(folder for folder, _ in CASES))
        message = "there are no measurements" if data.is_dir() else "there is no such folder"
        bad.append(BadTableError(str(data), message, f"name the folder that holds {names}"))
    return figures, bad


def main(words: Sequence[str] | None = None) -> int:
    """Print the table.

    Args:
        words: Of the command line; the process's own when None.

    Returns:
        0 where every case that is there ran, whatever its figures; 2 where one could not be used.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the measurements")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args(words)
    figures, bad = validate(arguments.data)
    if bad and arguments.json:
        print(json.dumps({"errors": [error.problem for error in bad]}))
    elif figures and not arguments.json:
        print(as_markdown(figures))
    for error in bad:
        print(f"error: {error}", file=sys.stderr)
    if bad:
        return 2
    missed = sum(figure.verdict == "missed" for figure in figures)
    if arguments.json:
        answer = {"commit": commit(), "figures": as_json(figures), "missed": missed}
        print(json.dumps(answer, allow_nan=False))
        return 0
    print(f"\ncommit {commit()}, {len(figures)} figures, {missed} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
