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
    ("complaint", "add", "SITE", "--building", "B1", "--temp", "15"),
    ("approve", "SITE", "--user", "li"),
    ("import", "SITE", "--in", "SITE/points.csv"),
    ("commission", "SITE", "P1.sp", "--user", "wang"),
    ("identify", "SITE", "--user", "wang"),
]


def failure(*words: str, site: Path) -> dict[str, str]:
    done = heatwarden(*(word.replace("SITE", str(site)) for word in words), "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    return dict(error)


def message(*words: str, site: Path) -> str:
    return failure(*words, site=site)["message"]


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_looking_makes_no_store(words: tuple[str, ...], tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    said = failure(*words, site=site)
    assert "there is no store" in said["message"]
    assert said["remedy"] == f"begin one: heatwarden user add NAME --role engineer {site}"
    assert_untouched(site)
    assert list(tmp_path.iterdir()) == [site]


def assert_untouched(site: Path) -> None:
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert there == set(SOUND)


@pytest.mark.parametrize("zone", ["5", '"Mars"', '""', '"/"', '"../UTC"', "[1]"])
def test_a_wrong_time_zone_keeps_nobody_from_the_store(zone: str, tmp_path: Path) -> None:
    toml = SITE_TOML.replace('timezone = "Asia/Shanghai"', f"timezone = {zone}")
    assert toml != SITE_TOML
    site = write_site(tmp_path / "site", {**SOUND, "site.toml": toml})
    assert "there is no store" in message("status", "SITE", site=site)


def test_restoring_what_is_no_backup_makes_no_store(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    for source in ("nowhere", "empty"):
        said = failure("restore", "SITE", "--from", str(tmp_path / source), site=site)
        assert "is no whole backup" in said["message"]
        assert said["remedy"] == "name a folder that `heatwarden backup` has made"
        assert_untouched(site)


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
