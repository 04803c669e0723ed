"""The command line as part of a pipe: a reader that leaves, a full disk, no stream, Ctrl-C."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = str(ROOT / "config" / "old-east")
HEATWARDEN = f'"{sys.executable}" -m heatwarden'


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash whose last command prints the exit code of heatwarden."""
    return subprocess.run(
        ["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False
    )


PIPES = {
    # what is done with the output -> the exit code, and what else is said
    f"check {SITE} | cat > /dev/null; echo ${{PIPESTATUS[0]}}": ("0\n", ""),
    f"check {SITE} > /dev/full; echo $?": (
        "3\n",
        "error: heatwarden: the operating system says: No space left on device; put that right "
        "and run the command again\n1 error\n",
    ),
    f"check {SITE} --json > /dev/full; echo $?": ("3\n", ""),
    "check /no/such 2> /dev/full; echo $?": ("3\n", ""),
    f"check {SITE} >&-; echo $?": ("0\n", ""),
    "check /no/such 2>&-; echo $?": ("2\n", ""),
}


@pytest.mark.parametrize("line", PIPES)
def test_lost_output_ends_without_a_traceback(line: str) -> None:
    done = shell(f"{HEATWARDEN} {line}")
    assert (done.stdout, done.stderr) == PIPES[line]


READER_GONE = 141
# Smaller than what is written: what a reader leaves unread can not all be in the pipe.
PIPE_BYTES = 4096


@pytest.mark.parametrize(
    ("words", "lines"), [(("check", SITE), 1), (("check", SITE, "--json"), 0), (("no-such",), 0)]
)
def test_a_reader_that_leaves_ends_it_without_a_traceback(
    words: tuple[str, ...], lines: int
) -> None:
    """As `| head -n 1` and `| true`, whatever the machine does first."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    errors = writer if words == ("no-such",) else subprocess.PIPE
    if not lines:
        os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-m", "heatwarden", *words], cwd=ROOT, stdout=writer, stderr=errors
    ) as process:
        os.close(writer)
        for _ in range(lines):
            while os.read(reader, 1) != b"\n":
                pass
        if lines:
            os.close(reader)
        _, said = process.communicate()
    assert (process.returncode, said or b"") == (READER_GONE, b"")


# A shell lets what it starts in the background ignore Ctrl-C, and so this test where it runs there.
LISTENING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import heatwarden
sys.exit(heatwarden.main(sys.argv[1:]))
"""


def test_an_interrupt_ends_with_130_and_no_traceback(tmp_path: Path) -> None:
    """Stopped for sure while it reads: the weather comes through a pipe that stays empty."""
    pipe = tmp_path / "weather.csv"
    os.mkfifo(pipe)
    words = ["simulate", SITE, "--weather", str(pipe), "--start", "2026-01-16T00:00Z", "--out", "x"]
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING, *words],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process, pipe.open("w"):  # fmt: skip
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "")
