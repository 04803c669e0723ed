"""What docs/supervisor.md says exists: commands parse, modules and alarm settings are there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from controller.alarms.settings import read_delivery
from controller.cli import build_parser
from controller.modes import Mode
from controller.site_store import store_place
from tests.site.sound import SOUND, write_site

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "supervisor.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (heatwarden [^#\n]*)", TEXT, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_parses(line: str) -> None:
    words = shlex.split(line)[1:]
    assert build_parser(words[0]).parse_args(words).run is not None


def test_every_command_of_the_supervisor_is_named() -> None:
    named = {line.split()[1] for line in COMMANDS}
    ours = {"user", "commission", "run", "status", "approve", "arm", "hold", "audit", "backup"}
    assert ours | {"restore", "export"} <= named


def test_every_module_is_there() -> None:
    names = re.findall(r"`(controller/[a-z_/]+(?:\.py)?)`", TEXT)
    assert len(names) > 10
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_every_mode_is_named() -> None:
    assert [mode for mode in Mode if f"| {mode.upper()} |" not in TEXT] == []


def test_the_alarm_settings_are_read(tmp_path: Path) -> None:
    block = TEXT.split("nobody is:\n")[1].split("\nA level")[0]
    text = "\n".join(line.removeprefix("    ") for line in block.splitlines())
    assert tomllib.loads(text)
    (tmp_path / "alarms.toml").write_text(text, encoding="utf-8")
    assert [level.lowest_priority for level in read_delivery(tmp_path).levels] == [3, 2]


def test_a_site_in_error_still_tells_its_store(tmp_path: Path) -> None:
    toml = SOUND["site.toml"].replace("max_velocity_m_s = 1.8", "max_velocity_m_s = -1")
    folder = write_site(tmp_path, {**SOUND, "site.toml": toml})
    place = store_place(str(folder))
    assert (place.site_id, place.url) == ("north", "sqlite:///heatwarden.db")
