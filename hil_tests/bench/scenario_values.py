"""Values of a scenario file, each against what is allowed; what is wrong is collected."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.base import Problem


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`; `open_low` and `open_high` leave that end itself out."""

    low: float
    high: float
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is a finite number of the span."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        # A whole number of a file may be longer than any other number can be.
        if abs(value) > sys.float_info.max or math.isnan(value):
            return False
        above = self.low < value if self.open_low else self.low <= value
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    @property
    def text(self) -> str:
        """The span in words."""
        low = f"{'above' if self.open_low else 'from'} {self.low:.10g}"
        high = f"{'below' if self.open_high else 'to'} {self.high:.10g}"
        return f"a number {low} {high}"


class Wrongs:
    """What is wrong with a scenario file.

    Args:
        file: The file, as the user named it.
    """

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file

    def add(self, key: str, message: str, remedy: str, value: object = None) -> None:
        """Note one thing; `value` is shown where it is given."""
        shown = None if value is None else str(value)
        self.problems.append(
            Problem(file=self._file, column=key, value=shown, message=message, remedy=remedy)
        )

    def refuse(self, key: str, value: object, allowed: str) -> None:
        """Note a value that is not allowed."""
        self.add(key, "is not allowed", f"give {allowed}", value)


class Values:
    """The values of one table.

    Args:
        table: The table.
        prefix: What stands before its keys, such as `weather.`; empty for the file itself.
        wrongs: Collects what is wrong.
    """

    def __init__(self, table: Mapping[str, Any], prefix: str, wrongs: Wrongs) -> None:
        self._table = table
        self._prefix = prefix
        self._wrongs = wrongs

    def number(self, key: str, usual: float, span: Span) -> float:
        """Give a number; `usual` where there is none or it is not allowed."""
        found = self.perhaps(key, span)
        return usual if found is None else found

    def perhaps(self, key: str, span: Span) -> float | None:
        """Give a number that may be missing."""
        if key not in self._table:
            return None
        value = self._table[key]
        if span.holds(value):
            return float(value)
        self._wrongs.refuse(self._prefix + key, value, span.text)
        return None

    def whole(self, key: str, usual: int, most: int) -> int:
        """Give a whole number from 0 to `most`."""
        value = self._table.get(key, usual)
        if isinstance(value, int) and Span(0, most).holds(value):
            return value
        self._wrongs.refuse(self._prefix + key, value, f"a whole number from 0 to {most}")
        return usual

    def truth(self, key: str, *, usual: bool) -> bool:
        """Give true or false."""
        value = self._table.get(key, usual)
        if isinstance(value, bool):
            return value
        self._wrongs.refuse(self._prefix + key, value, "true or false")
        return usual

    def text(self, key: str, usual: str = "") -> str:
        """Give a text that is not empty."""
        value = self._table.get(key, usual)
        if isinstance(value, str) and value.strip():
            return value
        self._wrongs.refuse(self._prefix + key, repr(value), "a text")
        return usual
