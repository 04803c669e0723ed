"""Round trips on a wire paced at the baud rate, and 32 devices of which 3 are dead or die.

    python -m benchmarks.bus_round_trip trips
    python -m benchmarks.bus_round_trip dead --seconds 60

The wire is a pseudo-terminal whose far end sends one character of 10 bits at a time and starts its
reply no sooner than the last character of the request would have arrived. `bytes_ms` is the time of
all characters, request and reply, without any silence: the limit is 1.15 times that plus 3 ms.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from controller.paths import config_dir
from drivers.bus import Bus
from drivers.link import FieldDevice
from drivers.modbus.link import ModbusLink
from drivers.modbus.rtu import RtuMaster
from drivers.points import FieldPoint
from drivers.profiles import load_profile
from tests.drivers.wire import BITS_PER_CHAR, Registers, slave_on_pty

# The standard's silence before a request; at 115,200 baud also 3.5 characters.
SILENCES = ((9600, None), (19200, None), (115200, None), (115200, 3.5 * BITS_PER_CHAR / 115200))
IDLE_S = 0.02
FACTOR, ALLOWANCE_S = 1.15, 0.003
READ_BYTES = 8 + 5 + 2 * 10  # request and reply of ten registers
WRITE_BYTES = 8 + 8
READBACK_BYTES = 8 + 7
DEVICES, DEAD = 32, 3
HEALTHY_S = 5.0


def trips(count: int) -> tuple[list[dict[str, object]], bool]:
    """Time reads of ten registers, and writes followed by two readbacks."""
    rows = []
    for baudrate, silence_s in SILENCES:
        with (
            slave_on_pty(baudrate=baudrate) as (port, _),
            RtuMaster(port, baudrate=baudrate, timeout_s=1.0, silence_s=silence_s) as bus,
        ):

            def read(bus: RtuMaster = bus) -> None:
                bus.read_holding_registers(1, 20, 10)

            def write(bus: RtuMaster = bus) -> None:
                bus.write_register(1, 30, 700)
                for _ in range(2):
                    bus.read_holding_registers(1, 30, 1)

            for what, act, line_bytes in (
                ("read 10", read, READ_BYTES),
                ("write, 2 readbacks", write, WRITE_BYTES + 2 * READBACK_BYTES),
            ):
                row = _timed(act, baudrate, line_bytes, count)
                silence = "t3.5" if silence_s is None else f"{1e3 * silence_s:.2f} ms"
                rows.append({"what": what, "baudrate": baudrate, "silence": silence, **row})
    return rows, all(bool(row["held"]) for row in rows)


def _timed(
    act: Callable[[], None], baudrate: int, line_bytes: int, count: int
) -> dict[str, object]:
    times_s = []
    for _ in range(count):
        time.sleep(IDLE_S)  # a round trip begins on an idle line
        began_s = time.perf_counter()
        act()
        times_s.append(time.perf_counter() - began_s)
    bytes_s = line_bytes * BITS_PER_CHAR / baudrate
    limit_s = FACTOR * bytes_s + ALLOWANCE_S
    p50_s = statistics.median(times_s)
    p95_s = statistics.quantiles(times_s, n=20)[-1]
    return {
        "bytes_ms": round(1e3 * bytes_s, 2),
        "limit_ms": round(1e3 * limit_s, 2), "p50_ms": round(1e3 * p50_s, 2),
        "p95_ms": round(1e3 * p95_s, 2), "held": p50_s <= limit_s,
    }  # fmt: skip


def dead(seconds: float) -> tuple[dict[str, object], bool]:
    """Poll 29 living devices at 115,200 baud: without and with three dead ones beside them, and
    while those three die, after seconds of health."""
    living = range(DEAD, DEVICES)
    alone = _polls(seconds, living, there=living)
    beside = _polls(seconds, range(DEVICES), there=living)
    dying = _polls(seconds, range(DEVICES), there=range(DEVICES))
    result: dict[str, object] = {"seconds": seconds}
    held = True
    for name, polls in (("alone", alone), ("beside", beside), ("dying", dying)):
        shares = [polls[device] / alone[device] for device in alone]
        result[name] = {
            "polls": sum(polls[device] for device in alone),
            "least_share": round(min(shares), 3), "mean_share": round(statistics.mean(shares), 3),
        }  # fmt: skip
        held = held and min(shares) >= 0.8
    return result, held


def _polls(seconds: float, wanted: range, there: range) -> dict[str, int]:
    """Answers of each device in that time; devices up to DEAD that were there die at its start."""
    profile = load_profile(config_dir() / "devices" / "pump-drive.toml")
    # As fast as the bus carries them, so that lost time shows.
    tags = {name: replace(tag, poll_s=0.01) for name, tag in profile.tags.items()}
    profile = replace(profile, tags=tags)
    devices = [FieldDevice(device_id=f"d{i}", address=str(i + 1), profile=profile) for i in wanted]
    points = [_speed(device.device_id) for device in devices]
    units = {i + 1: Registers(3000) for i in there}
    with slave_on_pty(units, baudrate=115200) as (port, slave):
        link = ModbusLink(RtuMaster(port, baudrate=115200, timeout_s=0.3, retries=0))
        bus = Bus("bus", link, devices, points)
        bus.start()
        if 0 in there:
            time.sleep(HEALTHY_S)
            for i in range(DEAD):
                del slave.units[i + 1]
        before = {name: health.answers for name, health in bus.health().items()}
        time.sleep(seconds)
        bus.stop()
        after = bus.health()
    return {name: after[name].answers - before[name] for name in after}


def _speed(device_id: str) -> FieldPoint:
    return FieldPoint(
        point_id=f"{device_id}.speed", device_id=device_id, tag="speed", quantity="speed_pct",
        writable=False, min_value=None, max_value=None, stale_after_s=60.0,
    )  # fmt: skip


def main() -> int:
    """Run one measurement and print it as JSON.

    Returns:
        0 where the limits held, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("trips", "dead"))
    parser.add_argument("--count", type=int, default=100, help="round trips of each kind")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    measured, held = (
        trips(arguments.count) if arguments.what == "trips" else dead(arguments.seconds)
    )
    print(json.dumps({"measured": measured, "held": held}, indent=1))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
