"""Device profiles: what lies where in a device, read from a TOML file with all errors at once."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from drivers.base import BadInput, BadRequest, Problem
from drivers.points import UNITS
from drivers.values import Order, ValueType, encode_number, register_count

METER_PROTOCOLS = ("mbus", "cjt188")
PROTOCOLS = ("modbus", *METER_PROTOCOLS)


class Table(StrEnum):
    """The four tables of a Modbus device."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"


@dataclass(frozen=True, kw_only=True, slots=True)
class Registers:
    """Where a Modbus device keeps a value; `register` counts from 0."""

    register: int
    table: Table
    type: ValueType
    word_order: Order = Order.BIG
    byte_order: Order = Order.BIG

    @property
    def count(self) -> int:
        """How many registers or coils the value takes."""
        return register_count(self.type)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """One value of a device: value = raw * scale + offset, in `unit`.

    `field` names the value of a meter; `registers` is None there. `sentinels` are raw numbers by
    which the device says "no value". `dead_band` is the difference, in `unit`, within which two
    reads agree. A value that moves faster than `max_rate_per_s`, or not at all for
    `stuck_after_s`, is not believed; None where the profile does not say.
    """

    name: str
    registers: Registers | None
    field: str | None
    scale: float
    offset: float
    unit: str
    min_value: float
    max_value: float
    writable: bool
    poll_s: float
    dead_band: float | None
    sentinels: tuple[float, ...]
    max_rate_per_s: float | None
    stuck_after_s: float | None

    @property
    def agreement(self) -> float:
        """Largest difference of two reads that agree: the dead band, else 1 % of the range."""
        if self.dead_band is not None:
            return self.dead_band
        return max(abs(self.scale), 0.01 * (self.max_value - self.min_value))

    @property
    def resolution(self) -> float:
        """The least step that can be written; 0 for a float."""
        if self.registers is not None and self.registers.type.startswith("float"):
            return 0.0
        return abs(self.scale)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterDialect:
    """What differs between editions and makers of CJ/T 188 meters.

    `edition` is 2018 or 2004; `unit_first` where the unit byte comes before its number.
    """

    meter_type: int = 0x20
    edition: int = 2018
    unit_first: bool = False


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kind of device; `bridge` is how many unwanted registers a block read may span."""

    name: str
    protocol: str
    tags: Mapping[str, Tag]
    bridge: int
    dialect: MeterDialect

    def tag(self, name: str) -> Tag:
        """Find a tag.

        Args:
            name: Its name.

        Returns:
            The tag.

        Raises:
            BadRequest: There is none of that name.
        """
        if name not in self.tags:
            raise BadRequest(
                f"profile {self.name} has no tag {name}; it has {', '.join(self.tags)}"
            )
        return self.tags[name]


def raw_number(tag: Tag, value: float) -> float:
    """Turn a value to be written into the device's number, refusing what it must not get.

    Args:
        tag: What is written.
        value: In the tag's unit.

    Returns:
        The raw number, not yet rounded.

    Raises:
        BadRequest: The tag is read-only, or the value outside the profile's range.
    """
    if not tag.writable:
        raise BadRequest(f"tag {tag.name} is read-only in its profile")
    if not tag.min_value <= value <= tag.max_value:
        raise BadRequest(
            f"{tag.name} {value:g} {tag.unit} is not between {tag.min_value:g} and "
            f"{tag.max_value:g}"
        )
    return (value - tag.offset) / tag.scale


def load_profile(path: Path | str) -> Profile:
    """Read a device profile.

    Args:
        path: The TOML file; its name is the profile's.

    Returns:
        The profile.

    Raises:
        BadInput: With everything that is wrong with the file.
    """
    path = Path(path)
    try:
        return _profile_of(path, path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput([_whole_file(path, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise BadInput([_whole_file(path, "is not UTF-8 text")]) from error


@lru_cache(maxsize=64)  # hundreds of devices share a few profiles
def _profile_of(path: Path, text: str) -> Profile:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([_whole_file(path, f"is not TOML: {error}")]) from error
    reader = _Reader(str(path), text)
    profile = reader.profile(path.stem, content)
    if reader.problems or profile is None:
        raise BadInput(reader.problems)
    return profile


def _whole_file(path: Path, message: str) -> Problem:
    return Problem(file=str(path), message=message, remedy="see docs/drivers.md for a profile")


_TOP_KEYS = {
    "modbus": frozenset({"protocol", "poll_s", "bridge", "tags"}),
    "mbus": frozenset({"protocol", "poll_s", "tags"}),
    "cjt188": frozenset({"protocol", "poll_s", "tags", "meter_type", "edition", "unit_first"}),
}
_FIELDS = {
    "mbus": ("energy", "volume", "power", "flow", "mass_flow", "supply_temp", "return_temp",
             "temp_difference", "external_temp", "pressure", "on_time", "working_time", "status"),
    "cjt188": ("settled_energy", "energy", "power", "flow", "volume", "supply_temp",
               "return_temp", "working_time", "status"),
}  # fmt: skip
_COMMON_KEYS = frozenset(
    {"scale", "offset", "unit", "min", "max", "write", "poll_s", "dead_band", "sentinels",
     "max_rate_per_s", "stuck_after_s"}
)  # fmt: skip
_MODBUS_KEYS = _COMMON_KEYS | {"register", "table", "type", "word_order", "byte_order"}
_METER_KEYS = (_COMMON_KEYS - {"write"}) | {"field"}


class _Reader:
    """Reads one profile and collects what is wrong with it."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = [line.strip() for line in text.splitlines()]
        self.problems: list[Problem] = []
        self.section = ""

    def profile(self, name: str, content: dict[str, object]) -> Profile | None:
        protocol = self.choice(content, "protocol", PROTOCOLS, None)
        self.no_other_keys(content, _TOP_KEYS[protocol])
        dialect = MeterDialect(
            meter_type=int(self.number(content, "meter_type", 32.0, low=32, high=41, whole=True)),
            edition=int(self.number(content, "edition", 2018.0, low=2004, high=2018, whole=True)),
            unit_first=self.flag(content, "unit_first"),
        )
        poll_s = self.number(content, "poll_s", None, low=0.1)
        bridge = int(self.number(content, "bridge", 8.0, low=0.0))
        tables = content.get("tags")
        if not isinstance(tables, dict) or not tables:
            self.add("tags", None, "has no tags", "add [tags.NAME] for each value")
            return None
        tags = {}
        for tag_name, table in tables.items():
            self.section = f"tags.{tag_name}"
            if isinstance(table, dict):
                tags[tag_name] = self.tag(tag_name, table, protocol, poll_s)
            else:
                self.add(None, table, "is not a table", f"write [tags.{tag_name}]")
        return Profile(name=name, protocol=protocol, tags=tags, bridge=bridge, dialect=dialect)

    def tag(self, name: str, table: dict[str, object], protocol: str, poll_s: float) -> Tag:
        problems_before = len(self.problems)
        modbus = protocol not in METER_PROTOCOLS
        self.no_other_keys(table, _MODBUS_KEYS if modbus else _METER_KEYS)
        low = self.number(table, "min", None)
        high = self.number(table, "max", None)
        if low > high:
            self.add("max", high, f"is below min, which is {low:g}", "correct them")
        scale = self.number(table, "scale", 1.0 if not modbus else None)
        if scale == 0:
            self.add("scale", 0, "must not be 0", "give what one raw step means")
            scale = 1.0
        tag = Tag(
            name=name,
            registers=self.registers(table) if modbus else None,
            field=None if modbus else self.choice(table, "field", _FIELDS[protocol], None),
            scale=scale,
            offset=self.number(table, "offset", 0.0),
            unit=self.text(table, "unit"),
            min_value=low,
            max_value=high,
            writable=self.flag(table, "write"),
            poll_s=self.number(table, "poll_s", poll_s, low=0.1),
            dead_band=self.maybe_number(table, "dead_band"),
            sentinels=self.numbers(table, "sentinels"),
            max_rate_per_s=self.maybe_number(table, "max_rate_per_s"),
            stuck_after_s=self.maybe_number(table, "stuck_after_s"),
        )
        self.check_unit(tag.unit)
        if tag.writable and len(self.problems) == problems_before:
            self.check_writable(tag)
        return tag

    def registers(self, table: dict[str, object]) -> Registers:
        problems_before = len(self.problems)
        found = Registers(
            register=int(self.number(table, "register", None, low=0.0, high=65535.0, whole=True)),
            table=Table(self.choice(table, "table", tuple(Table), None)),
            type=ValueType(self.choice(table, "type", tuple(ValueType), None)),
            word_order=Order(self.choice(table, "word_order", tuple(Order), Order.BIG)),
            byte_order=Order(self.choice(table, "byte_order", tuple(Order), Order.BIG)),
        )
        if len(self.problems) > problems_before:
            return found
        bits = found.table in (Table.COIL, Table.DISCRETE)
        if bits != (found.type is ValueType.BIT):
            self.add("type", found.type, f"does not fit table {found.table}",
                     "coils and discrete inputs are of type bit, registers are not")  # fmt: skip
        if found.register + found.count > 0x10000:
            self.add("register", found.register, "ends beyond register 65535", "count from 0")
        return found

    def check_unit(self, unit: str) -> None:
        if unit not in UNITS:
            self.add("unit", unit, "is not a known unit", f"use one of {', '.join(UNITS)}")

    def check_writable(self, tag: Tag) -> None:
        """A tag that is written must be writable in its table, over the whole of its range."""
        if tag.registers is None:
            return
        if tag.registers.table in (Table.DISCRETE, Table.INPUT):
            self.add("table", tag.registers.table, "can not be written", "use holding or coil")
        for column, value in (("min", tag.min_value), ("max", tag.max_value)):
            try:
                encode_number(raw_number(tag, value), tag.registers.type)
            except BadRequest as error:
                self.add(column, value, f"can not be written: {error}", "narrow the range")

    def no_other_keys(self, table: Mapping[str, object], known: frozenset[str]) -> None:
        for key in table:
            if key not in known:
                self.add(key, table[key], "is not a key of a profile",
                         f"use {', '.join(sorted(known))}")  # fmt: skip

    def number(
        self,
        table: Mapping[str, object],
        key: str,
        default: float | None,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        whole: bool = False,
    ) -> float:
        """Read a number; a problem gives a harmless stand-in, since nothing is built then."""
        value = table.get(key, default)
        stand_in = 1.0 if default is None else default
        if value is None:
            self.add(key, None, "is missing", "give a number")
            return stand_in
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.add(key, value, "is not a number", "write it without quotation marks")
            return stand_in
        # TOML integers have no bound; those beyond a float are as bad as infinity.
        finite = abs(value) < math.inf if isinstance(value, float) else value.bit_length() < 1024
        if not finite or not low <= value <= high or (whole and value % 1):
            self.add(key, value, f"is not a {'whole ' if whole else ''}number from {low:g} to "
                     f"{high:g}", "correct it")  # fmt: skip
            return stand_in
        return float(value)

    def maybe_number(self, table: Mapping[str, object], key: str) -> float | None:
        return self.number(table, key, None, low=0.0) if key in table else None

    def numbers(self, table: Mapping[str, object], key: str) -> tuple[float, ...]:
        values = table.get(key, [])
        if not isinstance(values, list):
            self.add(key, values, "is not a list", "write [32767] or the like")
            return ()
        return tuple(self.number({key: value}, key, None) for value in values)

    def text(self, table: Mapping[str, object], key: str) -> str:
        value = table.get(key)
        if isinstance(value, str):
            return value
        self.add(key, value, "is missing" if value is None else "is not text", "give it in quotes")
        return ""

    def flag(self, table: Mapping[str, object], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.add(key, value, "is neither true nor false", "write true or false")
        return value is True

    def choice(
        self, table: Mapping[str, object], key: str, allowed: tuple[str, ...], default: str | None
    ) -> str:
        value = table.get(key, default)
        if isinstance(value, str) and value in allowed:
            return value
        message = "is missing" if value is None else "is not known here"
        self.add(key, value, message, f"use one of {', '.join(allowed)}")
        return allowed[0]

    def add(self, key: str | None, value: object, message: str, remedy: str) -> None:
        column = ".".join(part for part in (self.section, key) if part)
        self.problems.append(
            Problem(
                file=self.file,
                row=self.line_of(key),
                column=column or None,
                value=None if value is None else str(value),
                message=message,
                remedy=remedy,
            )
        )

    def line_of(self, key: str | None) -> int | None:
        """The line of a key, else of its section; tomllib does not tell."""
        start = 0
        if self.section:
            heads = [i for i, line in enumerate(self.lines) if line == f"[{self.section}]"]
            if not heads:
                return None
            start = heads[0] + 1
        for i in range(start, len(self.lines)):
            if self.lines[i].startswith("["):
                break
            if key is not None and self.lines[i].split("=")[0].strip() == key:
                return i + 1
        return start or None


Folders = tuple[Path, ...]


def find_profile(name: str, folders: Folders) -> Path:
    """Find a profile's file by its name.

    Args:
        name: Without the ending.
        folders: Where to look, the first that has it wins.

    Returns:
        Its path.

    Raises:
        BadRequest: None of the folders has it.
    """
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.exists():
            return path
    raise BadRequest(f"no profile {name} in {', '.join(str(folder) for folder in folders)}")
