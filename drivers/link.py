"""What the owner of a bus needs of the protocol below it, Modbus and meters alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.profiles import Profile, Tag


@dataclass(frozen=True, kw_only=True)
class FieldDevice:
    """A device on a bus: its address as the protocol writes it, and its profile."""

    device_id: str
    address: str
    profile: Profile


class Link(Protocol):
    """One bus with a protocol: raw numbers in and out, one device at a time."""

    def open(self) -> None:
        """Open the port; PortLost where that fails."""
        ...

    def close(self) -> None:
        """Close the port."""
        ...

    def read(self, device: FieldDevice, tags: Sequence[Tag]) -> Mapping[str, float]:
        """Read tags of one device once, without repeating.

        Args:
            device: The device.
            tags: Tags of its profile.

        Returns:
            Raw number of each tag; a tag that the device does not give is left out.

        Raises:
            DriverError: Whatever went wrong.
        """
        ...

    def write(self, device: FieldDevice, tag: Tag, value: float) -> None:
        """Write a tag once, without repeating.

        Args:
            device: The device.
            tag: A writable tag of its profile.
            value: In the tag's unit.

        Raises:
            BadRequest: Read-only, or outside the profile's range; nothing was sent.
            DriverError: As for `drivers.base.Writer.write`.
        """
        ...
