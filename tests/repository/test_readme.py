"""The README's commands exist, parse and are the same in both languages."""

import re
import shlex

import pytest

from controller.cli import available_commands, build_parser
from tests.repository.conftest import ROOT, commands


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


def test_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {line.split()[1] for line in commands("README.md") if line.startswith("make ")}
    assert named <= targets
