"""The console beside the engine: a process of its own, started again when it dies."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ENDS_WITHIN_S = 1.8
LOOK_EVERY_S = 0.5
# One that dies at once is not started again at once.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
LIVED_WELL_S = 60.0
BENCH_SLACK_S = 90.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsoleOptions:
    """Where the console listens; `names` are the host names by which it may be called. `clock` is
    the HOST:PORT of a bench's time service, None for the machine's own; the engine publishes every
    `looks_every_s`."""

    port: int
    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()
    demo: bool = False
    clock: str | None = None
    looks_every_s: float = 2.0

    @property
    def stale_after_s(self) -> float:
        """After two of the engine's looks without a word, nobody may act on what is shown.

        A bench's time may run so fast that reading the store takes a minute of it.
        """
        return 2.1 * self.looks_every_s + (BENCH_SLACK_S if self.clock is not None else 0.0)


class ConsoleProcess:
    """Keeps a site's console running until stopped.

    Args:
        folder: The site's folder.
        options: Where it listens.
        tell: Receives what happens, a line each.
        is_ending: Says whether all is to end: the console does not wait for the engine's end.
    """

    def __init__(
        self,
        folder: Path,
        options: ConsoleOptions,
        tell: Callable[[str], None],
        is_ending: Callable[[], bool],
    ) -> None:
        self._is_ending = is_ending
        self._words = command_of(folder, options)
        self._tell = tell
        self._ending = threading.Event()
        self._process = self._started()
        self._thread = threading.Thread(target=self._watch, name="console", daemon=True)
        self._thread.start()
        shown = f"[{options.host}]" if ":" in options.host else options.host
        tell(f"console: http://{shown}:{options.port}")

    @property
    def process_id(self) -> int:
        """The present process."""
        return self._process.pid

    def stop(self) -> None:
        """End it, in order if it does so in time."""
        self._ending.set()
        self._thread.join()
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        # The pipe is never written to: it ends when this process does, and the console with it.
        return subprocess.Popen(self._words, stdin=subprocess.PIPE)

    def _watch(self) -> None:
        pause_s, began_s = FIRST_PAUSE_S, time.monotonic()
        while not self._ending.wait(LOOK_EVERY_S):
            if self._is_ending():
                self._process.terminate()
                return
            code = self._process.poll()
            if code is None:
                continue
            if time.monotonic() - began_s > LIVED_WELL_S:
                pause_s = FIRST_PAUSE_S
            self._tell(f"the console ended with {code}; it is started again in {pause_s:.0f} s")
            if self._ending.wait(pause_s):
                return
            if self._process.stdin is not None:
                self._process.stdin.close()
            pause_s, began_s = min(2.0 * pause_s, LONGEST_PAUSE_S), time.monotonic()
            self._process = self._started()


def command_of(folder: Path, options: ConsoleOptions) -> Sequence[str]:
    """Give the command line of a console.

    Args:
        folder: The site's folder.
        options: Where it listens.

    Returns:
        The words.
    """
    words = [sys.executable, "-m", "controller.console.server", str(folder)]
    words += ["--host", options.host, "--port", str(options.port), "--with-parent"]
    words += ["--stale-after", f"{options.stale_after_s:g}"]
    for name in options.names:
        words += ["--name", name]
    if options.clock is not None:
        words += ["--clock", options.clock]
    return [*words, "--demo"] if options.demo else words
