"""In-memory devices behind the same link as the real ones, for tests and dry runs."""

from collections.abc import Callable, Mapping, Sequence

from drivers.base import DriverError, NoReply
from drivers.link import FieldDevice
from drivers.profiles import Tag, raw_number


class FakeLink:
    """Devices that hold raw numbers.

    Attributes:
        memory: Raw numbers by device id and tag.
        errors: What the device's next transactions fail with, in order.
        dead: Ids of devices that do not answer.
        writes: Every write that was carried out: device id, tag, raw number.
        took: Called with the device and whether it answered, for a clock of one's own.
    """

    def __init__(self, took: Callable[[FieldDevice, bool], None] | None = None) -> None:
        self.memory: dict[str, dict[str, float]] = {}
        self.errors: dict[str, list[DriverError]] = {}
        self.dead: set[str] = set()
        self.writes: list[tuple[str, str, float]] = []
        self.took = took or (lambda device, answered: None)
        self.is_open = False

    def open(self) -> None:
        """Open; never fails."""
        self.is_open = True

    def close(self) -> None:
        """Close."""
        self.is_open = False

    def read(self, device: FieldDevice, tags: Sequence[Tag]) -> Mapping[str, float]:
        """Read raw numbers; see `drivers.link.Link.read`."""
        self._reach(device)
        held = self.memory.get(device.device_id, {})
        return {tag.name: held[tag.name] for tag in tags if tag.name in held}

    def write(self, device: FieldDevice, tag: Tag, value: float) -> None:
        """Write a raw number; see `drivers.link.Link.write`."""
        raw = raw_number(tag, value)
        if tag.registers is not None and not tag.registers.type.startswith("float"):
            raw = round(raw)
        self._reach(device)
        self.memory.setdefault(device.device_id, {})[tag.name] = raw
        self.writes.append((device.device_id, tag.name, raw))

    def _reach(self, device: FieldDevice) -> None:
        answered = device.device_id not in self.dead
        self.took(device, answered)
        if not answered:
            raise NoReply(f"device {device.device_id} does not answer")
        if self.errors.get(device.device_id):
            raise self.errors[device.device_id].pop(0)
