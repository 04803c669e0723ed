"""The drivers' long campaigns: damaged frames by the million, late replies by the thousand.

The suite runs the same campaigns short. Each prints one JSON object; the exit code is 1 where
something that must never be accepted was. Without arguments all run, one after the other.

    python -m benchmarks.soak_drivers
    python -m benchmarks.soak_drivers frames --count 10000000
    python -m benchmarks.soak_drivers late --count 10000
    python -m benchmarks.soak_drivers meters --count 2000000
    python -m benchmarks.soak_drivers peers --count 100000
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.drivers.campaigns import (
    NEVER_ACCEPTED,
    FuzzResult,
    fuzz_cjt188,
    fuzz_mbus,
    fuzz_rtu,
)
from tests.drivers.late import LATE_DELAYS, LateResult, late_replies
from tests.drivers.peer_agreement import agreement_with_client, agreement_with_server
from tests.drivers.peer_clients import PEER_CLIENTS

PIECES = 20


def frames(count: int, seed: int, jobs: int) -> tuple[dict[str, object], bool]:
    """Damaged RTU frames of every kind; none of NEVER_ACCEPTED may be taken for an answer."""
    tried: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        seeds = range(seed, seed + PIECES)
        results: list[FuzzResult] = list(pool.map(partial(fuzz_rtu, count // PIECES), seeds))
    for result in results:
        tried += result.tried
        accepted += result.accepted
    wrong = sum(accepted[kind] for kind in NEVER_ACCEPTED)
    return {"tried": dict(tried), "accepted": dict(accepted), "wrong": wrong}, wrong == 0


def late(count: int, seed: int, jobs: int) -> tuple[dict[str, object], bool]:
    """Late replies, half of them in the quarantine and half after the next request."""
    delays = [LATE_DELAYS[i % 2] for i in range(PIECES)]
    with ProcessPoolExecutor(jobs) as pool:
        results: list[LateResult] = list(pool.map(partial(late_replies, count // PIECES), delays))
    total = {
        name: sum(getattr(result, name) for result in results)
        for name in ("late", "right", "wrong", "unanswered", "in_time")
    }
    return dict(total), total["wrong"] == 0 and total["unanswered"] == 0


def meters(count: int, seed: int, jobs: int) -> tuple[dict[str, object], bool]:
    """Damaged answers of meters, half of each kind; no single-bit error may give a value."""
    seeds = range(seed, seed + PIECES)
    each = count // PIECES // 2
    with ProcessPoolExecutor(jobs) as pool:
        cjt188 = sum(pool.map(partial(fuzz_cjt188, each), seeds))
        mbus = sum(pool.map(partial(fuzz_mbus, each), seeds))
    return {"cjt188_accepted": cjt188, "mbus_accepted": mbus}, cjt188 + mbus == 0


# Shares of the transactions, in thousandths; the slow peers get fewer.
PEER_SHARES = {
    "pymodbus serial server": 210,
    "pymodbus TCP server": 230,
    "pymodbus.simulator, serial": 120,
    "pymodbus.simulator, TCP": 120,
    "modbus-serial serial server": 70,
    "modbus-serial TCP server": 100,
    "minimalmodbus": 60,
    "pymodbus client": 48,
    "modbus-serial client": 40,
    "mbpoll": 2,
}


def peers(count: int, seed: int, jobs: int) -> tuple[dict[str, object], bool]:
    """Reads and writes with every peer, each compared with what must be there."""
    shares = {name: count * thousandths // 1000 for name, thousandths in PEER_SHARES.items()}
    with ProcessPoolExecutor(jobs) as pool:
        running = {
            name: pool.submit(
                agreement_with_client if name in PEER_CLIENTS else agreement_with_server,
                name, share, seed,
            )
            for name, share in shares.items()
        }  # fmt: skip
        agreed = {name: future.result() for name, future in running.items()}
    return {"agreed": agreed, "agreed_in_all": sum(agreed.values())}, agreed == shares


# name -> (campaign, how many of it a whole soak runs); a few frames come out undamaged.
CAMPAIGNS: dict[str, tuple[Callable[[int, int, int], tuple[dict[str, object], bool]], int]] = {
    "frames": (frames, 10_100_000),
    "late": (late, 10_000),
    "meters": (meters, 2_000_000),
    "peers": (peers, 100_000),
}


def held(name: str, count: int | None, seed: int, jobs: int) -> bool:
    """Run one campaign and print what came of it.

    Args:
        name: A key of CAMPAIGNS.
        count: How many of it; as in a whole soak when None.
        seed: Of its randomness.
        jobs: How many processes.

    Returns:
        Whether it held.
    """
    campaign, whole = CAMPAIGNS[name]
    count = whole if count is None else count
    began_s = time.monotonic()
    result, good = campaign(count, seed, jobs)
    wall_s = round(time.monotonic() - began_s, 1)
    print(json.dumps({"campaign": name, "count": count, **result, "held": good, "wall_s": wall_s}),
          flush=True)  # fmt: skip
    return good


def main() -> int:
    """Run one campaign, or all.

    Returns:
        0 where they held, else 1.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("campaign", choices=CAMPAIGNS, nargs="?", help="all when none is named")
    parser.add_argument("--count", type=int, help="as in a whole soak when not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    names = [arguments.campaign] if arguments.campaign else list(CAMPAIGNS)
    if arguments.count is not None and arguments.campaign is None:
        parser.error("--count needs a campaign")
    verdicts = [held(name, arguments.count, arguments.seed, arguments.jobs) for name in names]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
