"""The README's commands exist, parse and are the same in both languages."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.cli import available_commands, build_parser
from tests.repository.conftest import Environment

ROOT = Path(__file__).parents[2]


def commands(name: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_both_languages_give_the_same_commands() -> None:
    assert commands("README.md") == commands("README.zh-CN.md")


@pytest.mark.parametrize("line", [c for c in commands("README.md") if "heatwarden " in c])
def test_a_command_parses_and_its_site_exists(line: str) -> None:
    words = shlex.split(line)
    words = words[next(i for i, word in enumerate(words) if word.endswith("heatwarden")) + 1 :]
    assert words[0] in available_commands()
    if "--help" in words:
        with pytest.raises(SystemExit):
            build_parser(words[0]).parse_args(words)
        return
    arguments = build_parser(words[0]).parse_args(words)
    site = getattr(arguments, "site", None)
    assert site is None or (ROOT / site).is_dir() or (ROOT / "config" / site).is_dir()


@pytest.mark.slow
def test_the_commands_work_as_written(installed_compiled: Environment, tmp_path: Path) -> None:
    """In the order of the page, from a folder with the sites beside it.

    Plans are of 3 hours instead of 48; the demonstration of the wheel plans the 48.
    """
    shutil.copytree(ROOT / "config", tmp_path / "config")
    lines = [line for line in commands("README.md") if line.startswith("heatwarden ")]
    assert len(lines) >= 5
    path = f"{installed_compiled.folder / 'bin'}:{os.environ['PATH']}"
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line.replace("--hours 48", "--hours 3")],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr
        if "--json" in line:
            json.loads(done.stdout)
    assert (tmp_path / "plan.html").is_file()
    assert len(list((tmp_path / "run").glob("*.csv"))) == 5


def test_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {line.split()[1] for line in commands("README.md") if line.startswith("make ")}
    assert named <= targets
