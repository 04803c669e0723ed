"""A strict Modbus RTU master: one request at a time, every reply checked, no write repeated.

RTU replies carry no transaction number, so a reply that comes after its timeout looks like the
answer to the next request. Four rules keep it from being taken for one:

1. After a timeout the bus stays quiet for `quiet_s`, the slowest device's time to answer.
2. Every request without an answer is remembered as a debt of its unit.
3. A unit with debts is first asked a question whose reply can not be mistaken for the reply to any
   of them (another function or another length). Devices answer in order: once that reply is here,
   nothing older can follow.
4. A unit that is silent to that question, as some old controllers are, is read only with two
   agreeing replies in a row, and is not written at all.

Source: MODBUS over Serial Line V1.02, section 2.5.1 (t1.5, t3.5; fixed at 750 us and 1.75 ms above
19,200 baud). Gaps inside a frame are tolerated up to SPLIT_GAP_S, because USB adapters hand over
their buffers every 16 ms or so; the silence before each request is kept.
"""

import logging
import threading
import time
from dataclasses import dataclass

from drivers.base import DeviceRefused, GarbledReply, NoReply, PortLost, UnknownOutcome
from drivers.modbus import pdu
from drivers.modbus.framing import (
    LONGEST_FRAME,
    SHORTEST_REPLY,
    check_unit,
    decode_frame,
    decode_reply_frame,
    encode_frame,
    reply_length,
)
from drivers.modbus.master import ModbusMaster
from drivers.modbus.pdu import Request
from drivers.serial_port import TICK_S, Direction, SerialPort

log = logging.getLogger(__name__)

SPLIT_GAP_S = 0.1  # a silence that ends a frame for good
LATEST_REPLY_S = 30.0  # a request this old is answered by nobody any more
FIXED_SILENCE_S = 0.00175
FIXED_SILENCE_ABOVE_BAUD = 19200
# Silence before a read of the unit that has itself just answered, above 19,200 baud: more than 3.5
# characters, less than the fixed time, by which the other units tell the frames of others apart.
OWN_TURN_SILENCE_S = 0.0008


@dataclass(frozen=True, kw_only=True, slots=True)
class _Debt:
    """A request whose answer never came and may still come."""

    request: Request
    since_s: float


class RtuMaster(ModbusMaster):
    """The master of one RS-485 line.

    Args:
        port: Device name or URL, as pyserial takes it.
        baudrate: Bits per second.
        parity: N, E or O.
        stop_bits: 1, 1.5 or 2.
        timeout_s: How long a device may take before its reply begins, s.
        quiet_s: How long the bus stays quiet after a timeout: what the slowest device may need
            beyond its timeout; `timeout_s` when None.
        retries: How often a read is repeated.
        direction: Who switches the RS-485 driver.
        silence_s: Silence kept before each request, s; the standard's t3.5 when None. Above 19,200
            baud that is a fixed 1.75 ms, or 0.8 ms before a read of the unit that has just
            answered, until that unit once fails to answer such a read.
    """

    def __init__(
        self,
        port: str,
        *,
        baudrate: int = 9600,
        parity: str = "N",
        stop_bits: float = 1,
        timeout_s: float = 0.3,
        quiet_s: float | None = None,
        retries: int = 1,
        direction: Direction = Direction.ADAPTER,
        silence_s: float | None = None,
    ) -> None:
        super().__init__(retries=retries)
        self.timeout_s = timeout_s
        self.quiet_s = timeout_s if quiet_s is None else quiet_s
        self._port = SerialPort(
            port, baudrate=baudrate, parity=parity, stop_bits=stop_bits, direction=direction
        )
        shortest_s = 3.5 * self._port.char_s if silence_s is None else silence_s
        fixed = silence_s is None and baudrate > FIXED_SILENCE_ABOVE_BAUD
        self._silence_s = FIXED_SILENCE_S if fixed else shortest_s
        self._own_turn_silence_s = max(shortest_s, OWN_TURN_SILENCE_S) if fixed else shortest_s
        self._answered_last: int | None = None
        self._needs_full_silence: set[int] = set()
        self._debts: dict[int, list[_Debt]] = {}
        self._quiet_until_s = 0.0
        self._last_activity_s = 0.0
        self._turn = threading.Lock()
        self._closing = threading.Event()

    def open(self) -> None:
        """Open the port for this process alone.

        Raises:
            PortLost: It is not there, held by another process, or refuses these settings.
        """
        self._closing.clear()
        self._port.open()

    def close(self) -> None:
        """Close the port; a transaction under way in another thread ends with PortLost."""
        self._closing.set()
        with self._turn:
            self._port.close()

    def _transact(self, unit: int, request: Request) -> tuple[int, ...]:
        check_unit(unit)
        with self._turn:
            if not self._port.is_open:
                self._port.open()
            if not self._owed(unit):
                return self._exchange(unit, request)
            if self._settle(unit):
                return self._exchange(unit, request)
            if request.is_write:
                raise NoReply(f"unit {unit} does not answer; nothing was written")
            return self._agreeing_reads(unit, request)

    def _owed(self, unit: int) -> list[_Debt]:
        """The unit's debts that may still be answered."""
        oldest_s = time.monotonic() - LATEST_REPLY_S
        alive = [debt for debt in self._debts.get(unit, ()) if debt.since_s > oldest_s]
        self._debts[unit] = alive
        return alive

    def _settle(self, unit: int) -> bool:
        """Ask questions that no debt could answer; True once the unit has answered one."""
        for probe in _probes([debt.request for debt in self._owed(unit)]):
            heard_before = self.counts.late
            try:
                self._exchange(unit, probe)
            except DeviceRefused:
                pass  # its function is not that of any debt, so the refusal is the probe's own
            except NoReply:
                if self.counts.late == heard_before:
                    return False
                continue
            self._debts[unit] = []
            return True
        return False

    def _agreeing_reads(self, unit: int, request: Request) -> tuple[int, ...]:
        first = self._exchange(unit, request)
        second = self._exchange(unit, request)
        if first != second:
            self._owe(unit, request)
            raise GarbledReply(f"unit {unit} gave {first}, then {second}, after being silent")
        self._debts[unit] = []
        return second

    def _exchange(self, unit: int, request: Request) -> tuple[int, ...]:
        """Send one request and wait for its reply."""
        frame = encode_frame(unit, request)
        own_turn = self._may_ask_sooner(unit, request)
        self._await_quiet(self._own_turn_silence_s if own_turn else self._silence_s)
        self._answered_last = None
        try:
            self._port.write(frame)
            sent_s = time.monotonic() + len(frame) * self._port.char_s
            return self._await_reply(unit, request, frame, sent_s)
        except (NoReply, GarbledReply, PortLost) as error:
            self._owe(unit, request)
            if own_turn:
                self._needs_full_silence.add(unit)
            if isinstance(error, NoReply):
                self._quiet_until_s = time.monotonic() + self.quiet_s
            if request.is_write:
                raise UnknownOutcome(f"unit {unit}: {error}; read it back") from error
            raise

    def _may_ask_sooner(self, unit: int, request: Request) -> bool:
        """Whether the shorter silence does: never before a write, whose loss is not made good."""
        own_turn = self._answered_last == unit and not request.is_write
        return own_turn and unit not in self._needs_full_silence

    def _await_reply(
        self, unit: int, request: Request, sent: bytes, sent_s: float
    ) -> tuple[int, ...]:
        """Wait for the reply, leaving out late replies to older requests."""
        deadline_s = sent_s + self.timeout_s
        while True:
            frame = self._receive(deadline_s)
            if not frame:
                raise NoReply(f"unit {unit} did not answer within {self.timeout_s:g} s")
            if self._is_late(frame, unit=unit, request=request):
                self.counts.late += 1
                log.info("unit %d: a late reply, left out: %s", frame[0], frame.hex(" "))
                continue
            if frame == sent and not request.is_write:
                raise GarbledReply("the adapter gave back what was sent; switch its local echo off")
            try:
                values = decode_reply_frame(unit, request, frame)
            except DeviceRefused:
                self._answered_last = unit
                raise
            self._answered_last = unit
            return values

    def _receive(self, deadline_s: float) -> bytes:
        """Receive one frame, or whatever comes up to a long silence; empty after the deadline."""
        received = b""
        wanted = SHORTEST_REPLY
        while len(received) < wanted:
            if self._closing.is_set():
                raise PortLost(f"{self._port.name} was closed")
            more = self._port.read(wanted - len(received))
            now_s = time.monotonic()
            if more:
                received += more
                self._last_activity_s = now_s
                wanted = _wanted(received)
            elif now_s > (self._last_activity_s + SPLIT_GAP_S if received else deadline_s):
                return received
        after = self._port.read_waiting()
        if after:
            self._last_activity_s = time.monotonic()
        return received + after

    def _is_late(self, frame: bytes, *, unit: int, request: Request | None) -> bool:
        """Whether a frame may answer an older request and is not sure to answer this one."""
        if not any(self._debts.values()):
            return False
        try:
            from_unit, reply = decode_frame(frame)
        except GarbledReply:
            return False
        older = [debt.request for debt in self._owed(from_unit)]
        if request is not None and from_unit == unit and _answers(request, reply):
            refusal = bool(reply[0] & pdu.EXCEPTION_FLAG)
            if not refusal:  # a debt of the same form: only when two agreeing reads are asked for
                return False
        return any(_answers(debt, reply) for debt in older)

    def _await_quiet(self, silence_s: float) -> None:
        """Wait until the bus may be used: after the quarantine and so much silence."""
        limit_s = max(self._quiet_until_s, time.monotonic()) + self.timeout_s + SPLIT_GAP_S
        stray = b""
        while True:
            more = self._port.read_waiting()
            now_s = time.monotonic()
            if more:
                stray += more
                silence_s = self._silence_s  # somebody else has spoken
                self._last_activity_s = now_s
                if self._is_late(stray, unit=0, request=None):
                    self.counts.late += 1
                    self._quiet_until_s = now_s  # what was waited for has come
            free_s = max(self._quiet_until_s, self._last_activity_s + silence_s)
            if now_s >= free_s:
                return
            if now_s > limit_s:
                raise GarbledReply(f"{self._port.name} never falls silent; nothing was sent")
            if self._closing.is_set():
                raise PortLost(f"{self._port.name} was closed")
            time.sleep(min(free_s - now_s, TICK_S))

    def _owe(self, unit: int, request: Request) -> None:
        self._debts.setdefault(unit, []).append(_Debt(request=request, since_s=time.monotonic()))


def _wanted(received: bytes) -> int:
    """How many bytes the frame that begins so will have; the longest where that is not known."""
    if len(received) < 3:
        return SHORTEST_REPLY
    length = reply_length(received)
    return LONGEST_FRAME if length is None else min(length, LONGEST_FRAME)


def _answers(request: Request, reply: bytes) -> bool:
    """Whether a PDU would be taken for the reply to a request."""
    try:
        pdu.decode_reply(request, reply)
    except DeviceRefused:
        return True
    except GarbledReply:
        return False
    return True


def _probes(debts: list[Request]) -> list[Request]:
    """Harmless reads whose replies can not be taken for the reply to any of the debts.

    First the same function with another length, which a device that answered before knows; its
    refusal could be that of a debt, so a function that no debt has comes second.
    """
    last = debts[-1]
    function = last.function
    if last.is_write:
        bits = function in pdu.BIT_WRITES
        function = pdu.READ_COILS if bits else pdu.READ_HOLDING_REGISTERS
    taken = {debt.reply_bytes for debt in debts if debt.function == function}
    step = 8 if function in pdu.BIT_READS else 1
    lengths = (
        Request(function=function, address=min(last.address, 0x10000 - count), count=count)
        for count in range(1, pdu.LARGEST_COUNT[function] + 1, step)
    )
    probes = [next(probe for probe in lengths if probe.reply_bytes not in taken)]
    used = {debt.function for debt in debts} | {function}
    others = (pdu.READ_INPUT_REGISTERS, pdu.READ_HOLDING_REGISTERS, pdu.READ_COILS)
    free = [other for other in others if other not in used]
    probes += [Request(function=other, address=last.address, count=1) for other in free[:1]]
    return probes
