"""Time the simulator, beside pandapipes on the same networks in the same run.

python -m benchmarks.speed [--json]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PEER_SIZES = (100, 1000, 5000)
GROWTH_SIZES = (100, 316, 1000, 3162, 10000)
LARGEST = 10000
MOST_MIB = 1024.0
MOST_GROWTH = 1.15
MOST_HELP_S = 0.3


def peak_mib() -> float:
    """Most memory that this process held, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure_memory() -> int:
    """Run the largest case once and print its memory: meant for a process of its own."""
    from benchmarks.cases.steady import first_state
    from benchmarks.cases.timing import large, weather_and_setpoints
    from optimizer.simulate import simulate

    net = large(LARGEST)
    weather, schedule = weather_and_setpoints(net)
    simulate(net, first_state(net, 90.0, 45.0, 90.0), weather, schedule)
    print(json.dumps({"peak_mib": peak_mib()}))
    return 0


def help_s() -> float:
    """Middle of seven starts of `heatwarden --help` in processes of their own, s."""
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        command = [sys.executable, "-m", "heatwarden", "--help"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2]


def memory_of_largest() -> float:
    """Peak memory of the largest case in a fresh process, MiB."""
    command = [sys.executable, "-m", "benchmarks.speed", "--memory"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["peak_mib"])


def start_up() -> tuple[float, float]:
    """CPU seconds of processes that compile with an empty cache and that start with a full one."""
    import tempfile

    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            begin = _children_s()
            subprocess.run(
                [sys.executable, "-c", _FIRST_RUN],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                check=True,
            )
            times.append(_children_s() - begin)
    return times[0], times[1]


def _children_s() -> float:
    """Time of a core that processes started from here have taken, s."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


_FIRST_RUN = """
from benchmarks.cases.districts import district
from benchmarks.cases.steady import constant_setpoints, constant_weather, first_state
from optimizer.simulate import simulate
net = district(20)
simulate(net, first_state(net, 90.0, 45.0, 90.0), constant_weather(net, 4, 900, 0.0),
         constant_setpoints(net, 4, 900, 90.0, 90.0))
"""


def main() -> int:
    """Run everything and print it.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    # Before numpy is imported: its thread pools read these once.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    if arguments.memory:
        return measure_memory()
    from benchmarks.cases.timing import alone, growth, steady_states, transient
    from benchmarks.validate import commit

    compile_s, start_s = start_up()
    timings = alone()
    grown, exponent = growth(GROWTH_SIZES)
    timings += grown
    memory = memory_of_largest()
    try:
        timings += [*steady_states(PEER_SIZES), transient(100)]
    except ImportError:
        print("pandapipes is not installed (pip install .[benchmarks])", file=sys.stderr)
    figures = {
        "growth exponent, 100 to 10,000 buildings": (exponent, MOST_GROWTH),
        "peak memory of 10,000 buildings, MiB": (memory, MOST_MIB),
        "heatwarden --help, s": (help_s(), MOST_HELP_S),
    }
    if arguments.json:
        rows = [
            {
                "case": timing.case,
                "ours": timing.ours._asdict(),
                "peer": None if timing.peer is None else timing.peer._asdict(),
                "ratio": timing.ratio,
                "at_most_s": timing.at_most_s,
                "at_least_ratio": timing.at_least_ratio,
                "verdict": timing.verdict,
                "note": timing.note,
            }
            for timing in timings
        ]
        others = {name: value for name, (value, _) in figures.items()}
        print(
            json.dumps(
                {
                    "commit": commit(),
                    "timings": rows,
                    "figures": others,
                    "first_compilation_s": compile_s,
                    "process_start_s": start_s,
                }
            )
        )
        return 0
    columns = ("case", "ours, CPU s", "clock, s", "pandapipes, CPU s", "times faster", "asked", "")
    print(f"| {' | '.join(columns)} | note |")
    print("|---|---|---|---|---|---|---|---|")
    for timing in timings:
        asked = "" if timing.at_most_s is None else f"<= {timing.at_most_s:g} s"
        if timing.at_least_ratio is not None:
            asked = f">= {timing.at_least_ratio:g} times"
        peer = "" if timing.peer is None else f"{timing.peer.cpu_s:.3g}"
        ratio = "" if timing.ratio is None else f"{timing.ratio:.0f}"
        print(
            f"| {timing.case} | {timing.ours.cpu_s:.3g} | {timing.ours.wall_s:.3g} | {peer} "
            f"| {ratio} | {asked} | {timing.verdict} | {timing.note} |"
        )
    for name, (value, most) in figures.items():
        verdict = "met" if value <= most else "missed"
        print(f"| {name} | {value:.3g} | | | | <= {most:g} | {verdict} | |")
    print(f"\nfirst compilation {compile_s:.0f} CPU s, process start after it {start_s:.1f} CPU s")
    print(f"commit {commit()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
