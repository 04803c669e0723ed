"""Pasting docs/operations.md, block by block, as a stranger would."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from tests.repository.conftest import ROOT, Environment

PAGE = "docs/operations.md"
# The environment that is given stands for these lines.
INSTALLS = (
    "python3 -m venv .venv",
    ".venv/bin/pip install -c constraints.txt .",
    ". .venv/bin/activate",
)
ENDS_WITHIN_S = 800


def paste(environment: Environment, folder: Path) -> str:
    """Run every block in order in an empty folder; cycles of 15 s instead of 60, free ports.

    Returns:
        What was typed and said.
    """
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    script = "set -euo pipefail\n" + "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    changed = {**{f"{line}\n": "" for line in INSTALLS}, "--cycle 60": "--cycle 15"}
    for written, instead in {**changed, "8099": _free_port(), "8080": _free_port()}.items():
        assert written in script
        script = script.replace(written, instead)
    path = f"{environment.folder / 'bin'}:{os.environ['PATH']}"
    said = folder / "said.txt"
    with said.open("w") as file, subprocess.Popen(
        ["bash", "-xc", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=file,
        stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, "PATH": path, "HEATWARDEN_LOCK_DIR": str(folder)},
    ) as shell:  # fmt: skip
        try:
            code = shell.wait(timeout=ENDS_WITHIN_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    text = said.read_text(encoding="utf-8")
    assert code == 0, text[-3000:]
    return text


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
