"""A store that is not there, or whose database cannot be spoken to: said, and nothing is made."""

import json
import sys
from pathlib import Path

import pytest

from tests.site.sound import SITE_TOML, SOUND, write_site
from tests.terminal import heatwarden

POSTGRESQL = SITE_TOML.replace("sqlite:///heatwarden.db", "postgresql://nobody@127.0.0.1:1/none")
LOOKING = [
    ("audit", "verify", "SITE"),
    ("audit", "show", "SITE"),
    ("status", "SITE"),
    ("user", "list", "SITE"),
    ("user", "remove", "wang", "SITE"),
    ("backup", "SITE", "--to", "SITE/../copy"),
    ("export", "SITE", "journal", "--out", "SITE/../journal.csv"),
    ("report", "SITE", "--shift", "--out", "SITE/../reports"),
    ("complaint", "list", "SITE"),
    ("approve", "SITE", "--user", "li"),
]


def message(*words: str, site: Path) -> str:
    done = heatwarden(*(word.replace("SITE", str(site)) for word in words), "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    return str(error["message"])


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_looking_makes_no_store(words: tuple[str, ...], tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    assert "there is no store" in message(*words, site=site)
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert there == set(SOUND)
    assert list(tmp_path.iterdir()) == [site]


@pytest.fixture
def without_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000", None)


@pytest.mark.usefixtures("without_driver")
@pytest.mark.parametrize("words", [("status", "SITE"), ("user", "list", "SITE")])
def test_postgresql_without_its_package_names_what_to_install(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    site = write_site(tmp_path / "site", {**SOUND, "site.toml": POSTGRESQL})
    assert "pip install heatwarden[postgresql]" in message(*words, site=site)


@pytest.mark.usefixtures("without_driver")
def test_check_warns_of_it(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site", {**SOUND, "site.toml": POSTGRESQL})
    done = heatwarden("check", site, "--json")
    assert done.returncode == 0
    said = [one["message"] for one in json.loads(done.stdout)["warnings"]]
    assert any("pip install heatwarden[postgresql]" in one for one in said)
