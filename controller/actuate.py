"""The write path: durable intent, pre-read, one write, quiet time, two readbacks, durable outcome.

A write is on the wire once or not at all. Whatever interrupts it, what became of it is found out
by reading the device, never by writing again.
"""

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from controller.store.journal import OPEN_STAGES, Intent, Stage
from drivers.base import (
    BadRequest,
    DeviceRefused,
    DriverError,
    PortLost,
    Quality,
    Reading,
    Setpoint,
)

# A device may take a moment to show what it was told; more rounds than this are an unknown.
READBACK_ROUNDS = 3


class FieldPort(Protocol):
    """What the write path needs of the field: `drivers.bus.Field` and the fakes have it."""

    def read(self, point_ids: Sequence[str]) -> Mapping[str, Reading]:
        """Read points now; see `drivers.base.Reader`."""
        ...

    def write(self, setpoint: Setpoint) -> None:
        """Write once; see `drivers.base.Writer`."""
        ...


class JournalPort(Protocol):
    """What the write path needs of the journal: `controller.store.journal.Journal` has it."""

    def intend(self, intent: Intent, now: datetime) -> None:
        """Make an intent durable."""
        ...

    def settle(
        self, intent: Intent, stage: Stage, readback: float | None, detail: str, now: datetime
    ) -> None:
        """Make an outcome durable."""
        ...

    def open_intents(self) -> tuple[Intent, ...]:
        """Give the writes that are not resolved."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePoint:
    """A point that may be written, as the site's own table has it.

    `tolerance` is the largest difference of two values that are the same step of the device;
    `largest_step` the most that one write may move it; `quiet_s` how long its bus needs.
    """

    point_id: str
    readback_point_id: str
    min_value: float
    max_value: float
    largest_step: float
    tolerance: float
    quiet_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A setpoint that the guard let pass; `before` is what the point held when it did."""

    point_id: str
    value: float
    before: float
    mode: str
    actor: str
    set_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of an order; `readback` is what the point holds, None where that is not known."""

    point_id: str
    value: float
    stage: Stage
    readback: float | None
    detail: str

    @property
    def done(self) -> bool:
        """Whether the point holds what was ordered."""
        return self.stage is Stage.CONFIRMED


class WritePath:
    """Carries out orders, one at a time.

    Args:
        journal: Where intents and outcomes are made durable.
        field: The devices.
        points: The points that may be written.
        clock: Gives the present, tz-aware UTC.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        *,
        journal: JournalPort,
        field: FieldPort,
        points: Mapping[str, WritePoint],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._journal = journal
        self._field = field
        self._points = points
        self._clock = clock
        self._sleep = sleep

    def carry_out(self, order: Order) -> Outcome:
        """Write a setpoint once and find out what became of it.

        Args:
            order: What to write.

        Returns:
            The outcome. UNKNOWN stays open in the journal, and the point can not be written until
            `resolve_open` has settled it.

        Raises:
            StoreError: The journal failed. Before the intent was durable, nothing was written;
                after it, the intent is open.
        """
        objection = _objection(order, self._points.get(order.point_id))
        if objection:
            return _outcome(order, Stage.NOT_WRITTEN, None, objection)
        point = self._points[order.point_id]
        intent = Intent(
            intent_id=str(uuid.uuid4()),
            point_id=order.point_id,
            value=order.value,
            before=order.before,
            set_id=order.set_id,
            mode=order.mode,
            actor=order.actor,
        )
        self._journal.intend(intent, self._clock())
        stage, readback, detail = self._write(point, intent)
        self._journal.settle(intent, stage, readback, detail, self._clock())
        return _outcome(order, stage, readback, detail)

    def resolve_open(self) -> tuple[Outcome, ...]:
        """Settle what is open in the journal by reading the devices; writes nothing.

        Returns:
            What each open write turned out to be; UNKNOWN where the device can not be read.

        Raises:
            StoreError: The journal failed.
        """
        outcomes = []
        for intent in self._journal.open_intents():
            point = self._points.get(intent.point_id)
            if point is None:
                found: _Found = (Stage.UNKNOWN, None, "the site has this point no more")
            else:
                found = self._resolved(point, intent)
            if found[0] not in OPEN_STAGES:
                self._journal.settle(intent, *found, self._clock())
            outcomes.append(_outcome(intent, *found))
        return tuple(outcomes)

    def _write(self, point: WritePoint, intent: Intent) -> "_Found":
        present, why_not = self._read(point)
        if present is None:
            return Stage.NOT_WRITTEN, None, f"not written: {why_not}"
        if abs(present - intent.before) > point.tolerance:
            return Stage.FOREIGN, present, f"holds {present:g}, not {intent.before:g} as before"
        if abs(present - intent.value) <= point.tolerance:
            return Stage.CONFIRMED, present, "held it already; not written"
        detail = ""
        try:
            self._field.write(Setpoint(point_id=point.point_id, value=intent.value))
        except (BadRequest, DeviceRefused, PortLost) as error:
            return Stage.NOT_WRITTEN, present, f"{type(error).__name__}: {error}"
        except DriverError as error:
            detail = f"{type(error).__name__}: {error}; "
        stage, readback, found = self._resolved(point, intent)
        return stage, readback, detail + found

    def _resolved(self, point: WritePoint, intent: Intent) -> "_Found":
        """Wait until the bus is quiet and read until two reads in a row settle it."""
        last: _Found = (Stage.UNKNOWN, None, "not read")
        for _ in range(READBACK_ROUNDS):
            self._sleep(point.quiet_s)
            last = self._round(point, intent)
            if last[0] is Stage.CONFIRMED:
                return last
        return last

    def _round(self, point: WritePoint, intent: Intent) -> "_Found":
        first, why_not = self._read(point)
        second, why_not_again = self._read(point)
        if first is None or second is None:
            return Stage.UNKNOWN, None, why_not or why_not_again
        if abs(first - second) > point.tolerance:
            return Stage.UNKNOWN, None, f"two readbacks gave {first:g} and {second:g}"
        if abs(second - intent.value) <= point.tolerance:
            return Stage.CONFIRMED, second, ""
        if abs(second - intent.before) <= point.tolerance:
            return Stage.NOT_WRITTEN, second, f"still holds {second:g}"
        return (
            Stage.FOREIGN,
            second,
            f"holds {second:g}, neither {intent.before:g} nor the setpoint",
        )

    def _read(self, point: WritePoint) -> tuple[float | None, str]:
        """Read the readback point; only a good value counts."""
        back = point.readback_point_id
        try:
            reading = self._field.read([back])[back]
        except DriverError as error:
            return None, f"{back}: {type(error).__name__}: {error}"
        if reading.quality is not Quality.GOOD or reading.value is None:
            return None, f"{back} is {reading.quality}: {reading.detail}"
        return reading.value, ""


_Found = tuple[Stage, float | None, str]


def _objection(order: Order, point: WritePoint | None) -> str:
    """Check again, apart from the guard, what must hold of any write; empty where it does."""
    if point is None:
        return f"{order.point_id} is no point that may be written"
    if not (math.isfinite(order.value) and math.isfinite(order.before)):
        return f"{order.value} is no setpoint"
    if not point.min_value <= order.value <= point.max_value:
        return f"{order.value:g} is not between {point.min_value:g} and {point.max_value:g}"
    step = abs(order.value - order.before)
    if step > point.largest_step + point.tolerance:
        return f"a step of {step:g} is larger than {point.largest_step:g}"
    return ""


def _outcome(order: Order | Intent, stage: Stage, readback: float | None, detail: str) -> Outcome:
    return Outcome(
        point_id=order.point_id, value=order.value, stage=stage, readback=readback, detail=detail
    )
