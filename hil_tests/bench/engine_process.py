"""The engine as a user starts it: `heatwarden run` in its own process, unaware of the bench."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from hil_tests.bench.scenario import EngineSettings

STARTED_BY = (sys.executable, "-m", "controller.cli")
PLANNING_S = 1800.0  # the wall clock only aborts; in lockstep a plan takes no time


class EngineProcess:
    """One engine on a working copy.

    Args:
        copy: The site's working copy.
        log: Where it says what it does.
        settings: How often it does what.
        clock: HOST:PORT of the bench's clock; None for the machine's own.
        command: What starts it; another for an engine that was broken on purpose.
        more: Words to add to the command line.
    """

    def __init__(
        self,
        copy: Path,
        log: Path,
        settings: EngineSettings,
        clock: str | None,
        command: Sequence[str] = STARTED_BY,
        more: Sequence[str] = (),
    ) -> None:
        words = [*command, "run", str(copy), "--cycle", f"{settings.cycle_s:g}"]
        words += ["--safety", f"{settings.safety_s:g}", "--planning-budget", f"{PLANNING_S:g}"]
        if clock is not None:
            words += ["--clock", clock]
        self._command = [*words, *more]
        self._log = log
        self._copy = copy
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start it."""
        environment = {**os.environ, "HEATWARDEN_LOCK_DIR": str(self._copy.parent / "locks")}
        self._file = self._log.open("ab")
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._file, stderr=self._file,
            env=environment, start_new_session=True,
        )  # fmt: skip

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if self.runs and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, its planner with it."""
        if self._process is None:
            return
        if self.runs:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._file is not None:
            self._file.close()
            self._file = None

    def wait(self, timeout_s: float) -> int:
        """Wait until it has ended by itself."""
        assert self._process is not None
        return self._process.wait(timeout_s)

    def fill_disk(self, *, full: bool) -> None:
        """Let no file of the engine grow any more, or again: what a full disk does to it."""
        import resource

        if self.runs and self._process is not None:
            most = 4096 if full else resource.RLIM_INFINITY
            resource.prlimit(
                self._process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)
            )
