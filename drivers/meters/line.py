"""A serial line with meters on it: one question, one answer, quiet after a failure."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drivers.base import BadRequest, DriverError, GarbledReply, NoReply
from drivers.points import converted
from drivers.profiles import Tag
from drivers.serial_port import SerialPort

SPLIT_GAP_S = 0.15
LONGEST_ANSWER = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What a meter shows: a number and the unit it reports with it (a key of points.UNITS)."""

    value: float
    unit: str


class MeterLine:
    """The port below a meter protocol.

    Args:
        port: The port with its settings.
        timeout_s: How long a meter may take before its answer begins, s.
        quiet_s: How long the line stays quiet after a failure, s.
    """

    def __init__(self, port: SerialPort, *, timeout_s: float, quiet_s: float) -> None:
        self._port = port
        self._timeout_s = timeout_s
        self._quiet_s = quiet_s
        self._quiet_until_s = 0.0
        self._turn = threading.Lock()

    def open(self) -> None:
        """Open the port; PortLost where that fails."""
        self._port.open()

    def close(self) -> None:
        """Close the port."""
        with self._turn:
            self._port.close()

    def ask(self, question: bytes, length: Callable[[bytes], int]) -> bytes:
        """Send a question and receive the answer.

        Args:
            question: The bytes to send.
            length: Tells from the first bytes how long the answer is; may ask for one more byte
                as long as it can not tell.

        Returns:
            The answer, of that length.

        Raises:
            NoReply: Nothing came.
            GarbledReply: It ended early, or more came than an answer has.
            PortLost: The port failed.
        """
        with self._turn:
            self._await_quiet()
            try:
                self._port.write(question)
                sent_s = time.monotonic() + len(question) * self._port.char_s
                return self._receive(sent_s + self._timeout_s, length)
            except (NoReply, GarbledReply):
                self._quiet_until_s = time.monotonic() + self._quiet_s
                raise

    def _await_quiet(self) -> None:
        if not self._port.is_open:
            self._port.open()
        while (left_s := self._quiet_until_s - time.monotonic()) > 0:
            time.sleep(min(left_s, SPLIT_GAP_S))
        self._port.read_waiting()

    def _receive(self, deadline_s: float, length: Callable[[bytes], int]) -> bytes:
        received = b""
        heard_s = 0.0
        while len(received) < (wanted := length(received)):
            if wanted > LONGEST_ANSWER:
                raise GarbledReply(f"an answer of {wanted} bytes")
            more = self._port.read(wanted - len(received))
            now_s = time.monotonic()
            if more:
                received += more
                heard_s = now_s
            elif now_s > (heard_s + SPLIT_GAP_S if received else deadline_s):
                raise _unfinished(received)
        if self._port.read_waiting():
            raise GarbledReply("more bytes than an answer has")
        return received


def _unfinished(received: bytes) -> DriverError:
    if not received:
        return NoReply("the meter did not answer")
    return GarbledReply(f"an answer that ends after {len(received)} bytes: {received.hex(' ')}")


def raw_by_tag(measured: Mapping[str, Measurement], tags: Sequence[Tag]) -> dict[str, float]:
    """Pick the tags out of what a meter shows.

    Args:
        measured: Its values by field.
        tags: The tags that are wanted.

    Returns:
        Raw numbers by tag, such that raw * scale + offset is in the tag's unit.

    Raises:
        GarbledReply: The meter gives a value in a unit that does not measure what the tag does.
    """
    raw = {}
    for tag in tags:
        found = measured.get(tag.field or "")
        if found is None:
            continue
        try:
            value = converted(found.value, found.unit, tag.unit)
        except BadRequest as error:
            raise GarbledReply(f"tag {tag.name}: {error}") from error
        raw[tag.name] = (value - tag.offset) / tag.scale
    return raw
