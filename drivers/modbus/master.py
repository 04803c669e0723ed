"""What every Modbus master offers, whatever carries its bytes."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Self

from drivers.base import DeviceRefused, GarbledReply, NoReply, PortLost, UnknownOutcome
from drivers.modbus import pdu
from drivers.modbus.pdu import Request

log = logging.getLogger(__name__)

# The device has taken the write on, or a gateway sent it and lost the answer: it may have happened.
MAY_HAVE_HAPPENED = (5, 11)


@dataclass(slots=True)
class WireCounts:
    """What a bus has seen since it was opened."""

    requests: int = 0
    replies: int = 0
    no_reply: int = 0
    garbled: int = 0
    refused: int = 0
    late: int = 0
    port_lost: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


class ModbusMaster(ABC):
    """Reads that may be repeated and writes that never are.

    Attributes:
        retries: How often a read is repeated after no or a garbled reply.
        counts: What the wire has seen.
    """

    def __init__(self, *, retries: int) -> None:
        self.retries = retries
        self.counts = WireCounts()

    @abstractmethod
    def open(self) -> None:
        """Open the port or connection; does nothing where it is open.

        Raises:
            PortLost: It can not be opened.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the port or connection; does nothing where it is closed."""

    @abstractmethod
    def _transact(self, unit: int, request: Request) -> tuple[int, ...]:
        """Send one request once and return the values of its reply.

        Raises PortLost only where nothing of a write was sent, UnknownOutcome for a write that may
        have been.
        """

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def read_coils(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        """Read coils (function 1); see `read_holding_registers`."""
        return self.read(unit, pdu.READ_COILS, address, count)

    def read_discrete_inputs(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        """Read discrete inputs (function 2); see `read_holding_registers`."""
        return self.read(unit, pdu.READ_DISCRETE_INPUTS, address, count)

    def read_holding_registers(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        """Read holding registers (function 3).

        Args:
            unit: Device address, 1 to 247.
            address: First register, from 0.
            count: How many, 1 to 125.

        Returns:
            The values, 0 to 65535 each.

        Raises:
            BadRequest: Out of range; nothing was sent.
            NoReply: Nothing came in time, retries included.
            GarbledReply: No valid answer came, retries included.
            DeviceRefused: The device answered with an exception.
            PortLost: The port or connection is gone.
        """
        return self.read(unit, pdu.READ_HOLDING_REGISTERS, address, count)

    def read_input_registers(self, unit: int, address: int, count: int) -> tuple[int, ...]:
        """Read input registers (function 4); see `read_holding_registers`."""
        return self.read(unit, pdu.READ_INPUT_REGISTERS, address, count)

    def write_coil(self, unit: int, address: int, value: bool | int) -> None:
        """Write one coil (function 5); see `write_register`."""
        self.write(unit, pdu.WRITE_COIL, address, (int(value),))

    def write_register(self, unit: int, address: int, value: int) -> None:
        """Write one holding register (function 6), once.

        Args:
            unit: Device address, 1 to 247.
            address: The register, from 0.
            value: 0 to 65535.

        Raises:
            BadRequest: Out of range; nothing was sent.
            DeviceRefused: The device answered with an exception and did not write.
            PortLost: The port was gone before anything was sent.
            NoReply: The device had stopped answering before, so nothing was sent.
            UnknownOutcome: Sent, or perhaps sent, without a sure answer; read it back.
        """
        self.write(unit, pdu.WRITE_REGISTER, address, (value,))

    def write_coils(self, unit: int, address: int, values: Sequence[bool | int]) -> None:
        """Write neighbouring coils (function 15); see `write_register`."""
        self.write(unit, pdu.WRITE_COILS, address, tuple(int(value) for value in values))

    def write_registers(self, unit: int, address: int, values: Sequence[int]) -> None:
        """Write neighbouring holding registers (function 16), once; see `write_register`."""
        self.write(unit, pdu.WRITE_REGISTERS, address, tuple(values))

    def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Read with one of the functions 1 to 4; see `read_holding_registers`."""
        request = Request(function=function, address=address, count=count)
        for left in range(self.retries, -1, -1):
            try:
                return self._counted(unit, request)
            except (NoReply, GarbledReply) as error:
                if not left:
                    raise
                log.debug("unit %d: %s; reading again", unit, error)
        raise NoReply(f"unit {unit} was not asked: retries {self.retries} is below 0")

    def write(self, unit: int, function: int, address: int, values: tuple[int, ...]) -> None:
        """Write with one of the functions 5, 6, 15 and 16; see `write_register`."""
        request = Request(function=function, address=address, count=len(values), values=values)
        try:
            self._counted(unit, request)
        except DeviceRefused as refusal:
            if refusal.code in MAY_HAVE_HAPPENED:
                raise UnknownOutcome(f"unit {unit}: {refusal}; read it back") from refusal
            raise

    def _counted(self, unit: int, request: Request) -> tuple[int, ...]:
        self.counts.requests += 1
        try:
            values = self._transact(unit, request)
        except (NoReply, GarbledReply, DeviceRefused, PortLost) as error:
            self._count_failure(error)
            raise
        except UnknownOutcome as error:
            if isinstance(error.__cause__, (NoReply, GarbledReply, PortLost)):
                self._count_failure(error.__cause__)
            raise
        self.counts.replies += 1
        return values

    def _count_failure(self, error: NoReply | GarbledReply | DeviceRefused | PortLost) -> None:
        if isinstance(error, NoReply):
            self.counts.no_reply += 1
        elif isinstance(error, GarbledReply):
            self.counts.garbled += 1
        elif isinstance(error, DeviceRefused):
            self.counts.refused += 1
        else:
            self.counts.port_lost += 1
