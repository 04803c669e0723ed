"""Field devices: profiles come to life, with the local controllers' own rules.

A controller takes a setpoint from the bus only on remote and while the heartbeat beats; otherwise
it refuses, and holds what it has. Its switch and its panel belong to the operator beside it.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from drivers.points import converted
from drivers.profiles import Profile, Tag
from drivers.values import ValueType, encode_number
from hil_tests.bench.wire.frames import DEVICE_FAILURE, ILLEGAL_ADDRESS

HEARTBEAT_TIMEOUT_S = 120.0
METER_UNITS = {"energy": "kWh", "volume": "m3", "power": "kW", "flow": "m3/h",
               "supply_temp": "degC", "return_temp": "degC"}  # fmt: skip
GAP_REGISTERS = 16  # registers beside a profile's that read as 0, as real devices have them


@dataclass
class Device:
    """One device on a bus.

    Attributes:
        device_id: Its name.
        profile: Where what lies.
        shown: Gives what a detector shows, in the tag's unit; None for a tag without one.
        seconds: Gives the plant's time.
        needs_heartbeat: Whether it stops taking setpoints when the heartbeat ends.
        remote: Whether its switch stands on remote.
        held: What its writable tags hold, in the tag's unit.
        beaten_at: When the heartbeat last changed; None before the first one.
    """

    device_id: str
    profile: Profile
    shown: Callable[[str], float | None]
    seconds: Callable[[], float]
    needs_heartbeat: bool = False
    remote: bool = True
    held: dict[str, float] = field(default_factory=dict)
    beaten_at: float | None = None

    def __post_init__(self) -> None:
        self._places: dict[tuple[str, int], tuple[Tag, int]] = {}
        for tag in self.profile.tags.values():
            if tag.registers is not None:
                for i in range(tag.registers.count):
                    place = (str(tag.registers.table), tag.registers.register + i)
                    self._places[place] = (tag, i)
                if tag.writable:
                    self.held.setdefault(tag.name, min(max(0.0, tag.min_value), tag.max_value))

    @property
    def listens(self) -> bool:
        """Whether it takes setpoints from the bus now."""
        if not self.remote:
            return False
        if not self.needs_heartbeat or self.beaten_at is None:
            return True
        return self.seconds() - self.beaten_at <= HEARTBEAT_TIMEOUT_S

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """Give registers; None where there is nothing near."""
        places = [(table, address + i) for i in range(count)]
        if not any(place in self._places for place in places):
            near = [at for kind, at in self._places if kind == table]
            if not any(abs(at - address) <= GAP_REGISTERS for at in near):
                return None
        words: dict[str, tuple[int, ...]] = {}
        found = []
        for place in places:
            if place not in self._places:
                found.append(0)
                continue
            tag, at = self._places[place]
            if tag.name not in words:
                words[tag.name] = self._words(tag)
            found.append(words[tag.name][at])
        return found

    def write(self, table: str, address: int, words: list[int]) -> int:
        """Take registers that make up whole writable tags; 0, or why not."""
        given: dict[str, dict[int, int]] = {}
        for i, word in enumerate(words):
            if (table, address + i) not in self._places:
                return ILLEGAL_ADDRESS
            tag, at = self._places[table, address + i]
            if not tag.writable:
                return ILLEGAL_ADDRESS
            given.setdefault(tag.name, {})[at] = word
        for name, parts in given.items():
            tag = self.profile.tags[name]
            assert tag.registers is not None
            if len(parts) != tag.registers.count:
                return ILLEGAL_ADDRESS
            code = self._take(tag, tuple(parts[i] for i in sorted(parts)))
            if code:
                return code
        return 0

    def beats(self, address: int) -> bool:
        """Whether a holding register is the heartbeat."""
        found = self._places.get(("holding", address))
        return found is not None and found[0].name == "heartbeat"

    def _take(self, tag: Tag, words: tuple[int, ...]) -> int:
        value = _decoded(tag, words)
        if tag.name == "heartbeat":
            if value != self.held.get(tag.name):
                self.beaten_at = self.seconds()
            self.held[tag.name] = value
            return 0
        if not self.listens:
            return DEVICE_FAILURE
        self.held[tag.name] = value
        return 0

    def _words(self, tag: Tag) -> tuple[int, ...]:
        assert tag.registers is not None
        place = tag.registers
        value = self.held.get(tag.name) if tag.writable else self._measured(tag)
        raw = math.nan if value is None else (value - tag.offset) / tag.scale
        if not math.isfinite(raw):
            raw = tag.sentinels[0] if tag.sentinels else 0.0
        if place.type is ValueType.BIT:
            return (int(raw != 0.0),)
        return encode_number(
            _within(place.type, raw), place.type,
            word_order=place.word_order, byte_order=place.byte_order,
        )  # fmt: skip

    def _measured(self, tag: Tag) -> float | None:
        if tag.name == "remote":
            return float(self.remote)
        if tag.name == "running":
            return 1.0
        return self.shown(tag.name)


def _within(kind: ValueType, raw: float) -> float:
    """Keep a number within what its registers can hold."""
    low, high = _bounds(kind)
    return min(max(raw, low), high)


@cache
def _bounds(kind: ValueType) -> tuple[float, float]:
    if kind.startswith("float"):
        return -math.inf, math.inf
    bits = int(kind.removeprefix("uint").removeprefix("int"))
    if kind.startswith("uint"):
        return 0.0, 2.0**bits - 1
    return -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1


def _decoded(tag: Tag, words: tuple[int, ...]) -> float:
    """A number from registers, written again here so that an error in the drivers' shows."""
    place = tag.registers
    assert place is not None
    parts = list(words) if place.word_order == "big" else list(words)[::-1]
    if place.byte_order == "little":
        parts = [(w & 0xFF) << 8 | w >> 8 for w in parts]
    data = b"".join(w.to_bytes(2) for w in parts)
    if place.type.startswith("float"):
        raw = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    else:
        signed = place.type.startswith("int")
        raw = float(int.from_bytes(data, signed=signed))
    return float(raw * tag.scale + tag.offset)


class HeatMeter:
    """A heat meter on M-Bus or CJ/T 188: what its detectors show, and what they add up to.

    Args:
        device: The device.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._since = device.seconds()
        self._counted = {"energy": 0.0, "volume": 0.0}

    def show(self) -> dict[str, float]:
        """Give its fields in kWh, m3, kW, m3/h and degC."""
        found = {}
        for tag in self._device.profile.tags.values():
            value = self._device.shown(tag.name)
            if tag.field and value is not None and math.isfinite(value):
                found[tag.field] = converted(value, tag.unit, METER_UNITS.get(tag.field, tag.unit))
        hours = (self._device.seconds() - self._since) / 3600.0
        self._since = self._device.seconds()
        self._counted["energy"] += found.get("power", 0.0) * hours
        self._counted["volume"] += found.get("flow", 0.0) * hours
        return {**self._counted, **found}
