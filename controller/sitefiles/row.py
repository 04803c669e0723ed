"""One row of a table or one section of site.toml, read by its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.sitefiles.log import Derived, Log
from controller.sitefiles.rules import BrokenRuleError, Field, refuse_unfilled, shown
from drivers.base import Problem


@dataclass(frozen=True, slots=True)
class Row:
    """Typed values by name; a name that was left out is absent.

    `broken` says that a required value is missing or some value is wrong: the row cannot be
    used, but its id is still known. `lines` has the line of a name where it differs from the row's.
    """

    file: str
    line: int | None
    prefix: str
    values: Mapping[str, object]
    raw: Mapping[str, object]
    broken: bool
    lines: Mapping[str, int] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """Return a number that is there."""
        value = self.values[name]
        assert isinstance(value, (int, float)), name
        return float(value)

    def maybe_number(self, name: str) -> float | None:
        """Return a number, or None where it was left out."""
        return self.number(name) if name in self.values else None

    def text(self, name: str) -> str:
        """Return a text that is there."""
        value = self.values[name]
        assert isinstance(value, str), name
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a text, or None where it was left out."""
        return self.text(name) if name in self.values else None

    def flag(self, name: str) -> bool:
        """Return a truth value that is there."""
        return bool(self.values[name])

    def curve(self, name: str) -> tuple[tuple[float, float], ...]:
        """Return a curve that is there."""
        value = self.values[name]
        assert isinstance(value, tuple), name
        return value

    def place(self, name: str | None) -> tuple[int | None, str | None, str | None]:
        """Say where a value stands: line, column, and the value as written."""
        if name is None:
            return self.line, None, None
        raw = self.raw.get(name)
        value = None if raw is None else shown(raw)
        return self.lines.get(name, self.line), self.prefix + shown(name), value

    def spoilt(self) -> "Row":
        """Return this row without anything in it that could be used."""
        return replace(self, values={}, broken=True)

    def problem(self, name: str | None, message: str, remedy: str) -> Problem:
        """Describe what is wrong with a value of this row (or, without a name, with the row)."""
        line, column, value = self.place(name)
        return Problem(
            file=self.file, row=line, column=column, value=value, message=message, remedy=remedy
        )

    def derived(self, name: str, element: str, value: float | str, source: str) -> Derived:
        """Describe a value that this row leaves out."""
        return Derived(
            file=self.file,
            row=self.line,
            column=self.prefix + name,
            element=element,
            value=value,
            source=source,
        )


def read_values(
    raw: Mapping[str, object], fields: Mapping[str, Field]
) -> tuple[dict[str, object], list[tuple[str, BrokenRuleError]]]:
    """Read raw values by their rules.

    Args:
        raw: What is written, by name; names that are left out are absent.
        fields: The rule of each name.

    Returns:
        The typed values, and for each wrong or missing one its name and what is wrong.
    """
    values: dict[str, object] = {}
    faults: list[tuple[str, BrokenRuleError]] = []
    for name, one in fields.items():
        if name not in raw:
            if one.required:
                faults.append((name, BrokenRuleError("is missing", "fill it in")))
            continue
        try:
            refuse_unfilled(raw[name])
            values[name] = one.rule.read(raw[name])
        except BrokenRuleError as broken:
            faults.append((name, broken))
    return values, faults


def make_row(
    log: Log,
    *,
    file: str,
    line: int | None,
    prefix: str,
    raw: Mapping[str, object],
    fields: Mapping[str, Field],
    lines: Mapping[str, int] | None = None,
    excused: frozenset[str] = frozenset(),
) -> Row:
    """Read one row and log what is wrong with it.

    Args:
        log: Where errors go.
        file: File name for messages.
        line: Line of the row, from 1.
        prefix: What goes before a name in messages.
        raw: What is written, by name.
        fields: The rule of each name.
        lines: Lines of single names where they have their own.
        excused: Missing names about which something clearer has been said already.

    Returns:
        The row, broken or not.
    """
    values, faults = read_values(raw, fields)
    row = Row(file, line, prefix, values, raw, bool(faults), lines or {})
    log.errors.extend(
        row.problem(name, broken.message, broken.remedy)
        for name, broken in faults
        if name in raw or name not in excused
    )
    return row
