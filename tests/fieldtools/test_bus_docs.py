"""docs/drivers.md and --help show commands that work."""

import argparse
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.cli import build_parser
from controller.commands import bus
from tests.drivers.wire import joined_ptys
from tests.fieldtools.bench import Bench
from tests.peers import need_package

PAGE = (Path(__file__).parents[2] / "docs" / "drivers.md").read_text("utf-8")
LINES = [
    line.strip()
    for text in (PAGE, bus._EXAMPLES)
    for line in text.splitlines()
    if line.strip().startswith("heatwarden bus ")
]


def words(line: str) -> list[str]:
    return shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("line", LINES)
def test_every_command_parses(line: str) -> None:
    assert build_parser("bus").parse_args(words(line)).command == "bus"


def test_every_option_is_described() -> None:
    parser = argparse.ArgumentParser()
    bus.configure(parser)
    (actions,) = parser._subparsers._group_actions  # type: ignore[union-attr]
    options = {
        option
        for action in actions.choices.values()  # type: ignore[union-attr]
        for option in action._option_string_actions
        if option.startswith("--") and option != "--help"
    }
    assert [option for option in sorted(options) if not re.search(rf"`{option}\b", PAGE)] == []


def test_the_page_s_device_is_read_and_written(bench: Bench, tmp_path: Path) -> None:
    need_package("pymodbus")
    device = PAGE.partition("```python\n")[2].partition("```")[0]
    section = PAGE.partition("python device.py &\n")[2].partition("```")[0]
    read, write = section.splitlines()
    with joined_ptys() as (ours, theirs):
        path = tmp_path / "device.py"
        path.write_text(device.replace("/tmp/bus-b", theirs))
        with subprocess.Popen([sys.executable, str(path)]) as program:
            try:
                done = await_answer(bench, [w.replace("/tmp/bus-a", ours) for w in words(read)])
                assert [row.split()[2] for row in done.stdout.splitlines()] == ["900", "900"]
                asked = [w.replace("/tmp/bus-a", ours) for w in words(write)]
                done = bench.run(*asked[1:], answer="yes\n")
            finally:
                program.terminate()
    assert (done.returncode, done.stdout) == (
        0,
        "confirmed: supply_temp_setpoint reads 92.5 degC\n",
    )


def await_answer(bench: Bench, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Ask until the device's program has started."""
    give_up_s = time.monotonic() + 20.0
    while True:
        done = bench.run(*command[1:])
        if done.returncode == 0 or time.monotonic() > give_up_s:
            assert done.returncode == 0, done.stderr
            return done
