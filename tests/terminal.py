"""`heatwarden` typed at a terminal, in the tests' own process: starting another costs a second."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from controller.cli import main

Typed = str | Callable[[], str]  # a line, or what gives it once it is asked for


class Keyboard(io.StringIO):
    """Lines that are typed one after another, each when the program waits for it."""

    def __init__(self, lines: Sequence[Typed]) -> None:
        super().__init__()
        self._lines = list(lines)

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        if not self._lines:
            return ""
        line = self._lines.pop(0)
        return (line if isinstance(line, str) else line()) + "\n"


@contextmanager
def _typed(lines: Sequence[Typed]) -> Iterator[None]:
    before, sys.stdin = sys.stdin, Keyboard(lines)
    try:
        yield
    finally:
        sys.stdin = before


def heatwarden(*words: object, typed: Sequence[Typed] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command of the program; what a shell would give of it."""
    with _typed(typed):
        return command(main, *words)


def command(
    run: Callable[[Sequence[str]], int], *words: object
) -> subprocess.CompletedProcess[str]:
    """Run any command line; what a shell would give of it."""
    out, err = io.StringIO(), io.StringIO()
    given = [str(word) for word in words]
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = run(given)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(given, code, out.getvalue(), err.getvalue())
