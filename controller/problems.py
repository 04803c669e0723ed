"""What is wrong with an input: the form in which every command reports it."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault of an input file and how to mend it.

    `row` is the line in the file, from 1 (a table's header is line 1); `column` a table's column
    or the dotted key of a TOML file; `value` what stands there. Each is None where it has no
    meaning.
    """

    file: str
    message: str
    remedy: str
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        """Give the problem as one readable line."""
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        column = "" if self.column is None else f" {self.column}"
        value = "" if self.value is None else f" = {self.value!r}"
        return f"{place}:{column}{value} {self.message}; {self.remedy}"


class InputError(Exception):
    """An input was refused; carries everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def report_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Say what is wrong: one JSON object on standard output, or lines on standard error.

    Args:
        problems: What to report, in the order of reading.
        as_json: Whether the caller asked for JSON.
    """
    if as_json:
        write_line(json.dumps({"errors": [asdict(problem) for problem in problems]}))
        return
    lines = [f"error: {problem}" for problem in problems]
    lines.append(f"{len(problems)} error{'' if len(problems) == 1 else 's'}")
    sys.stderr.write("\n".join(lines) + "\n")


def write_line(text: str) -> None:
    """Write a line to standard output; what its encoding cannot hold is escaped.

    Args:
        text: The line without its end.
    """
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
