"""Locks that say who owns a bus or a site, and that end with the process that holds them.

Convention: a running engine holds `site_lock(folder)`, and each of its `Bus` the `port_lock(name)`;
`heatwarden bus write` takes the port's lock (and looks at the site's) and is refused where it is
held. A lock is an exclusive transaction on an empty SQLite file: the operating system ends it with
the process, on every platform, so that a crash leaves nothing to clean up.
"""

import json
import os
import re
import socket
import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.base import PortBusy, PortLost

LOCK_FOLDER_VARIABLE = "HEATWARDEN_LOCK_DIR"
_SHARED_FOLDER = Path("/run/lock")
_EVERYONE = 0o666


class Lock:
    """One lock; a context manager.

    Args:
        path: The lock's file; made where it is not there.
        what: What it guards, for messages.
        wait_s: How long to wait for a holder that is soon done, s.
    """

    def __init__(self, path: Path, what: str, *, wait_s: float = 0.0) -> None:
        self.path = path
        self.what = what
        self.wait_s = wait_s
        self._connection: sqlite3.Connection | None = None

    def acquire(self, holder: str) -> None:
        """Take the lock, at once or within `wait_s`, or not at all.

        Args:
            holder: Who takes it, for others' messages.

        Raises:
            PortBusy: Somebody else holds it.
            PortLost: The lock's file can not be made or opened.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            new = not self.path.exists()
            connection = sqlite3.connect(
                self.path, timeout=self.wait_s, isolation_level=None, check_same_thread=False
            )
            if new:
                self.path.touch()
                self.path.chmod(_EVERYONE)
        except (OSError, sqlite3.Error) as error:
            raise PortLost(f"the lock {self.path} can not be opened: {error}") from error
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            raise PortBusy(f"{self.what} is in use by {self.holder()}") from error
        self._connection = connection
        self._tell(holder)

    def release(self) -> None:
        """Give the lock back; does nothing where it is not held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def is_held_by_another(self) -> bool:
        """Whether somebody else holds it now; a file that is not there is held by nobody.

        Returns:
            True too where that can not be told: then nothing may be written.
        """
        if not self.path.exists():
            return False
        try:
            self.acquire("a check")
        except PortLost:
            return True
        self.release()
        return False

    def __enter__(self) -> Self:
        self.acquire(f"process {os.getpid()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def _holder_path(self) -> Path:
        return self.path.with_name(self.path.name + ".holder")

    def _tell(self, holder: str) -> None:
        """Leave a note for others' messages; the lock itself does not hang on it."""
        note = {"holder": holder, "process": os.getpid(), "host": socket.gethostname()}
        try:
            self._holder_path.write_text(json.dumps(note), encoding="utf-8")
        except OSError:
            return

    def holder(self) -> str:
        """Who took the lock last, as far as is known, for messages.

        Returns:
            What the holder called itself, with its process.
        """
        try:
            note = json.loads(self._holder_path.read_text(encoding="utf-8"))
            return f"{note['holder']} (process {note['process']} on {note['host']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def port_lock(port: str) -> Lock:
    """The lock of a serial port or of a `tcp://host:port`.

    Args:
        port: As in the site file; links to the same device share a lock.

    Returns:
        The lock, not yet taken.
    """
    name = port if "://" in port else os.path.realpath(port)
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
    return Lock(_lock_folder() / f"heatwarden-{slug}.lock", port)


def site_lock(folder: Path) -> Lock:
    """The lock of a site, held by its engine.

    Args:
        folder: The site's folder.

    Returns:
        The lock, not yet taken.
    """
    return Lock(folder / ".heatwarden" / "engine.lock", f"site {folder}")


def _lock_folder() -> Path:
    """Where all users of the machine find the ports' locks."""
    chosen = os.environ.get(LOCK_FOLDER_VARIABLE)
    if chosen:
        return Path(chosen)
    shared = _SHARED_FOLDER.is_dir() and os.access(_SHARED_FOLDER, os.W_OK)
    return _SHARED_FOLDER if shared else Path(tempfile.gettempdir())
