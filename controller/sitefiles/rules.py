"""Rules for single values: what a table's cell or a TOML key may hold.

A rule reads the text of a CSV cell or the value of a TOML key and returns the typed value, or
raises `BrokenRuleError` with what is wrong and what to do.
"""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from drivers.plain_number import plain_number

_PLAIN = "write a plain number, such as 12.5"
_LONGEST_TEXT = 200
_LONGEST_SHOWN = 60
FILL_IN = "FILL IN"


class BrokenRuleError(Exception):
    """A value breaks its rule."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Rule(Protocol):
    """Reads one raw value."""

    def read(self, raw: object) -> object:
        """Return the typed value or raise `BrokenRuleError`."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column or key: its rule and whether it may be left out."""

    rule: Rule
    required: bool = True


def shown(raw: object) -> str:
    """Give a raw value as short text for a message.

    Args:
        raw: Any value of a CSV cell or a TOML key.

    Returns:
        Its text, cut where it is long.
    """
    # Huge integers refuse to become text; their size is all that matters.
    if isinstance(raw, int) and raw.bit_length() > 256:
        return f"an integer of {raw.bit_length()} bits"
    text = raw if isinstance(raw, str) else str(raw)
    if text.startswith(FILL_IN):
        return FILL_IN
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def refuse_unfilled(raw: object) -> None:
    """Refuse a value that the starter site leaves to its owner, `"FILL IN: what to give"`.

    Args:
        raw: Any value of a CSV cell or a TOML key.

    Raises:
        BrokenRuleError: It is still to be filled in; the remedy is what the value itself says.
    """
    if isinstance(raw, str) and raw.startswith(FILL_IN):
        what = raw.removeprefix(FILL_IN).lstrip(": ").strip()
        raise BrokenRuleError("is still to be filled in", what or "fill it in")


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a mistyped one most probably stands for.

    Args:
        word: The word as written.
        known: The words there are.

    Returns:
        The nearest word, or None where none is near.
    """
    words = list(known)
    # Most often only the case differs; that is also much faster than measuring likeness.
    same = next((one for one in words if one.lower() == word.lower()), None)
    if same is not None:
        return same
    near = difflib.get_close_matches(word[:_LONGEST_TEXT], words, n=1, cutoff=0.75)
    return near[0] if near else None


def choices(known: Iterable[str]) -> str:
    """List words for a remedy, cut where there are many.

    Args:
        known: The words there are.

    Returns:
        Words with commas between them.
    """
    words = sorted(known)
    return ", ".join(words[:8]) + (f", ... ({len(words)} in all)" if len(words) > 8 else "")


def _as_number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise BrokenRuleError("is not a number", "write a number without quotes")
    if isinstance(raw, str):
        read = plain_number(raw)
        if read is None:
            comma = plain_number(raw.replace(",", "")) is not None
            remedy = "use a point for decimals, and nothing between thousands" if comma else _PLAIN
            raise BrokenRuleError("is not a number", remedy)
        value = read
    else:
        try:
            value = float(raw)
        except OverflowError:
            value = math.inf
    if not math.isfinite(value):
        raise BrokenRuleError("is not a finite number", _PLAIN)
    return value


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number from `low` to `high`; `above` excludes `low` itself."""

    low: float
    high: float
    unit: str = ""
    above: bool = False

    def read(self, raw: object) -> float:
        """Read a number in the range."""
        value = _as_number(raw)
        too_low = value <= self.low if self.above else value < self.low
        if too_low or value > self.high:
            unit = f" {self.unit}" if self.unit else ""
            bottom = f"above {self.low:g}" if self.above else f"from {self.low:g}"
            raise BrokenRuleError(
                f"is outside the possible range ({bottom} to {self.high:g}{unit})",
                "check the value and its unit",
            )
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`."""

    low: int
    high: int

    def read(self, raw: object) -> int:
        """Read a whole number in the range."""
        value = Real(self.low, self.high).read(raw)
        if value != int(value):
            raise BrokenRuleError("is not a whole number", "leave out the decimals")
        return int(value)


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is not empty, in one line."""

    def read(self, raw: object) -> str:
        """Read one line of text."""
        if not isinstance(raw, str):
            raise BrokenRuleError("is not text", 'write it in quotes, such as "P1"')
        text = raw.strip()
        if not text:
            raise BrokenRuleError("is empty", "fill it in")
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            raise BrokenRuleError(
                "is too long or has characters that cannot be shown",
                f"use at most {_LONGEST_TEXT} printable characters",
            )
        return text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, raw: object) -> str:
        """Read one of the words."""
        text = raw.strip() if isinstance(raw, str) else None
        if text not in self.words:
            near = did_you_mean(text, self.words) if text else None
            remedy = f"did you mean {near!r}?" if near else f"use one of {', '.join(self.words)}"
            raise BrokenRuleError(f"is none of {', '.join(self.words)}", remedy)
        return text


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no: true/false in TOML, 1/0 or true/false in a table."""

    def read(self, raw: object) -> bool:
        """Read a truth value."""
        if isinstance(raw, bool):
            return raw
        words = {"1": True, "true": True, "0": False, "false": False}
        text = raw.strip().lower() if isinstance(raw, str) else ""
        if text not in words:
            raise BrokenRuleError(
                "is neither true nor false", "use true or false (1 or 0 in a table)"
            )
        return words[text]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points [outdoor temperature, water temperature]: outdoors falling or rising strictly, the
    water never colder where it is colder outside."""

    low_c: float
    high_c: float

    def read(self, raw: object) -> tuple[tuple[float, float], ...]:
        """Read a curve, sorted by rising outdoor temperature."""
        remedy = "write points like [[10.0, 40.0], [-20.0, 68.0]]"
        if not isinstance(raw, list) or not all(
            isinstance(point, list) and len(point) == 2 for point in raw
        ):
            raise BrokenRuleError("is not a list of [outdoor_temp_c, water_temp_c] points", remedy)
        if len(raw) < 2:
            raise BrokenRuleError("has fewer than two points", remedy)
        water, outdoor = Real(self.low_c, self.high_c, "degC"), Real(-90, 60, "degC")
        points = [(outdoor.read(x), water.read(y)) for x, y in raw]
        outdoors = [x for x, _ in points]
        if outdoors not in (sorted(outdoors), sorted(outdoors, reverse=True)):
            raise BrokenRuleError(
                "has outdoor temperatures out of order", "sort the points by outdoor temperature"
            )
        points.sort()
        pairs = list(pairwise(points))
        if any(cold[0] == warm[0] for cold, warm in pairs):
            raise BrokenRuleError("has two points at one outdoor temperature", "remove one of them")
        if any(cold[1] < warm[1] for cold, warm in pairs):
            raise BrokenRuleError(
                "asks for colder water where it is colder outside",
                "let the water temperature rise as the outdoor temperature falls",
            )
        return tuple(points)


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """A price, or 24 of them, one for each local hour."""

    def read(self, raw: object) -> tuple[float, ...]:
        """Read 24 prices."""
        price = Real(-1e5, 1e5, "per MWh")
        if isinstance(raw, list):
            if len(raw) != 24:
                raise BrokenRuleError(
                    f"has {len(raw)} prices", "give one price, or 24: one for each local hour"
                )
            return tuple(price.read(item) for item in raw)
        return (price.read(raw),) * 24


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words, each at most once, at least one."""

    words: tuple[str, ...]

    def read(self, raw: object) -> tuple[str, ...]:
        """Read a list of words."""
        if not isinstance(raw, list) or not raw:
            raise BrokenRuleError(
                "is not a list of words", f'write a list such as ["{self.words[0]}"]'
            )
        read = tuple(Choice(self.words).read(item) for item in raw)
        if len(set(read)) < len(read):
            raise BrokenRuleError("names one word twice", "name each once")
        return read


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port's name, or the number of a TCP port."""

    def read(self, raw: object) -> str | int:
        """Read a port."""
        if isinstance(raw, int):
            return Whole(1, 65535).read(raw)
        if not isinstance(raw, str):
            raise BrokenRuleError(
                "is no port", 'write "/dev/ttyUSB0" or "COM3", or a number for tcp'
            )
        return Text().read(raw)
