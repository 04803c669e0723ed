"""What docs/console.md says exists: modules, commands, pages."""

import re
import shlex
from pathlib import Path

import pytest

from controller.cli import build_parser
from controller.console.frame import NAVIGATION
from controller.console.languages import words

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for line in re.findall(r"^    (heatwarden [^#\n]*)", TEXT, re.MULTILINE)
    if not line.startswith("heatwarden demo")  # an entry point of another package
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_parses(line: str) -> None:
    given = shlex.split(line)[1:]
    assert build_parser(given[0]).parse_args(given).run is not None


def test_every_module_is_there() -> None:
    names = re.findall(r"`(controller/[a-z_/]+(?:\.py)?)`", TEXT)
    assert len(names) > 15
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_page_is_named() -> None:
    say = words("en")
    assert [key for _, key, _ in NAVIGATION if say(key).lower() not in TEXT.lower()] == []


def test_vendored_files_have_their_licences() -> None:
    assets = ROOT / "controller" / "console" / "assets"
    for name in ("htmx", "htmx-sse", "uplot"):
        assert (assets / f"{name}.min.js").exists()
        assert (assets / f"{name}.LICENSE").read_text(encoding="utf-8").strip()
