"""A PostgreSQL server of the tests' own: a new cluster in a folder of its own, on loopback."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.peers import need_postgresql

UNPRIVILEGED = ("postgres", "nobody")


@dataclass
class Server:
    programs: Path
    folder: Path
    port: int
    user: str
    account: str | None  # the server refuses to run as root
    numbers: Iterator[int] = field(default_factory=count)

    def new_database(self) -> str:
        """Make an empty database and give its address."""
        name = f"store_{next(self.numbers)}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, name)
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        # The machine does not lose power in a test; waiting for its disk is most of the time.
        options = f"-c fsync=off -h 127.0.0.1 -p {self.port} -k {self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def run(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(self.programs / program), *words],
            user=self.account,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """Run a server; skip, or fail with REQUIRE_PEERS=1, where none is installed."""
    programs = need_postgresql()
    account = _unprivileged() if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="heatwarden-pg-"))
    if account is not None:
        shutil.chown(folder, account)
    user = account or getpass.getuser()
    server = Server(programs, folder, _free_port(), user, account)
    try:
        server.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-E", "UTF8", "--no-locale")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
