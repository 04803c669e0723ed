"""How every command reports what is wrong with its input."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from drivers.base import Problem


class InputError(Exception):
    """An input was refused; carries everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def not_written(path: str, error: OSError | ValueError, *, what: str = "folder") -> Problem:
    """Describe an output that cannot be written.

    Args:
        path: Where it should go.
        error: What the operating system says of it, or of a name that no file can have.
        what: What the user named.

    Returns:
        The problem.
    """
    return Problem(
        file=path,
        message=f"cannot be written: {getattr(error, 'strerror', None) or error}",
        remedy=f"name a {what} that you may write",
    )


def as_json_object(problem: Problem) -> Mapping[str, object]:
    """Give a problem in the form of the JSON contract.

    Args:
        problem: The problem.

    Returns:
        file, row, column, value, message, remedy; null where one has no meaning.
    """
    names = ("file", "row", "column", "value", "message", "remedy")
    return {name: getattr(problem, name) for name in names}


def report_problems(problems: Sequence[Problem], *, as_json: bool, language: str = "en") -> None:
    """Say what is wrong: one JSON object on standard output, or lines on standard error.

    Args:
        problems: What to report, in the order of reading.
        as_json: Whether the caller asked for JSON.
        language: zh or en, of the lines.
    """
    if as_json:
        write_line(json.dumps({"errors": [as_json_object(problem) for problem in problems]}))
        return
    from controller.terminal_words import problem_said, saying

    say = saying(language)
    for problem in problems:
        write_error_line(say("error", problem=problem_said(language, problem)))
    write_error_line(say("one_error" if len(problems) == 1 else "errors", n=len(problems)))


def one_line(text: str) -> str:
    """Escape what would move the cursor or end the line: names come from files.

    Args:
        text: Any text.

    Returns:
        The same text, printable.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def write_line(text: str) -> None:
    """Write a line to standard output; what its encoding cannot hold is escaped.

    Args:
        text: The line without its end.
    """
    _write(sys.stdout, text)


def write_error_line(text: str) -> None:
    """Write a line to standard error; what its encoding cannot hold is escaped.

    Args:
        text: The line without its end.
    """
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(one_line(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
