"""The systemd unit as systemd itself reads it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.peers import need_program

UNIT = Path(__file__).parents[2] / "deploy" / "heatwarden@.service"
PROGRAM = "/opt/heatwarden/bin/heatwarden"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = need_program("systemd-analyze")
    text = UNIT.read_text(encoding="utf-8")
    assert PROGRAM in text
    # The program lies elsewhere on this machine, and whether it is there is checked too.
    copy = tmp_path / "heatwarden@old-east.service"
    copy.write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
