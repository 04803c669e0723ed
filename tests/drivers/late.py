"""Replies that come after their timeout: a campaign, short in the suite and long under soak."""

from dataclasses import dataclass

from drivers.base import DriverError
from drivers.modbus.rtu import RtuMaster
from tests.drivers.wire import Slave, slave_on_pty

LATE_DELAYS = ("in the quarantine", "after the next request")
TIMEOUT_S, QUIET_S = 0.02, 0.05


@dataclass
class LateResult:
    """What the read after each late reply gave; `late` counts the replies that came late.

    On a busy machine a late reply may be there by the time the master looks: it then answers its
    own request, rightly, and is counted `in_time` alone.
    """

    right: int = 0
    wrong: int = 0
    unanswered: int = 0
    late: int = 0
    in_time: int = 0


class HeldReply:
    """Holds one reply back until the next request has arrived: the hardest late reply."""

    def __init__(self, slave: Slave) -> None:
        self.slave = slave
        self.held: bytes | None = None
        self.released = 0

    def hold(self, request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        self.held = reply
        self.slave.faults.append(self.release)
        return []

    def release(self, request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        held, self.held = self.held, None
        self.released += held is not None
        return [(0.0, held or b""), (0.002, reply)]


def late_replies(count: int, delay: str) -> LateResult:
    """Make one reply after another late, and read another register right after each.

    Args:
        count: How many replies that really come late.
        delay: One of LATE_DELAYS.

    Returns:
        How the reads that followed ended. They may be repeated, because the far end's own delays
        depend on how busy the machine is; a wrong value is wrong all the same.
    """
    result = LateResult()

    def slow(request: bytes, reply: bytes) -> list[tuple[float, bytes]]:
        return [(TIMEOUT_S + 0.6 * QUIET_S, reply)]

    with (
        slave_on_pty() as (port, slave),
        RtuMaster(port, baudrate=19200, timeout_s=TIMEOUT_S, quiet_s=QUIET_S, retries=0) as bus,
    ):
        held = HeldReply(slave)
        while result.late < count and result.in_time <= count:
            slave.faults.append(slow if delay == "in the quarantine" else held.hold)
            address = 10 + result.late % 400
            try:
                value = bus.read_holding_registers(1, address, 1)
            except DriverError:
                result.late += 1
                _read_after(bus, result)
            else:
                right = value == (7 * address + 3,)
                result.in_time += right
                result.wrong += not right
        if delay != "in the quarantine":
            result.late = held.released
    return result


def _read_after(bus: RtuMaster, result: LateResult) -> None:
    for _ in range(5):
        try:
            value = bus.read_holding_registers(1, 500, 1)
        except DriverError:
            continue
        result.right += value == (3503,)
        result.wrong += value != (3503,)
        return
    result.unanswered += 1
