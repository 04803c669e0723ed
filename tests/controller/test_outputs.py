"""Where commands do not write: over a site's own files, and where nothing can be written."""

import json
from pathlib import Path

import pytest

from controller.store.database import open_database
from tests.site.sound import SOUND, write_site
from tests.terminal import heatwarden

AT = ("--weather", "SITE/weather.csv", "--start", "2026-01-17T00:00:00+08:00")
EXPORT = ("export", "SITE", "journal", "--out")
PLAN = ("plan", "SITE", *AT, "--report")
SIMULATE = ("simulate", "SITE", *AT, "--csv", "--out")
REFUSED: list[tuple[int, tuple[str, ...], str]] = [
    (2, (*EXPORT, "SITE/nodes.csv"), "a file of the site"),
    (2, (*EXPORT, "SITE/../site/pipes.csv"), "a file of the site"),
    (2, (*EXPORT, "linked.csv"), "a file of the site"),
    (2, (*PLAN, "SITE/site.toml"), "a file of the site"),
    (3, (*PLAN, "none/plan.html"), "No such file"),
    (3, (*PLAN, "SITE"), "Is a directory"),
    (2, (*SIMULATE, "SITE"), "the site's own folder"),
    (3, (*SIMULATE, "SITE/nodes.csv"), "Not a directory"),
    (3, (*SIMULATE, "SITE/nodes.csv/run"), "Not a directory"),
]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked.csv").symlink_to("site/nodes.csv")
    folder = write_site(tmp_path / "site")
    open_database("sqlite:///heatwarden.db", folder).close()
    return folder


@pytest.mark.parametrize(("code", "words", "says"), REFUSED)
def test_it_is_said_before_anything_is_computed(
    code: int, words: tuple[str, ...], says: str, site: Path
) -> None:
    done = heatwarden(*(word.replace("SITE", "site") for word in words), "--json")
    assert done.returncode == code, done.stderr + done.stdout
    (error,) = json.loads(done.stdout)["errors"]
    assert says in error["message"]
    assert done.stderr == ""
    assert all((site / name).read_text(encoding="utf-8") == SOUND[name] for name in SOUND)


def test_what_lies_elsewhere_is_replaced(site: Path) -> None:
    out = site.parent / "journal.csv"
    for _ in range(2):
        assert heatwarden(*EXPORT[:1], site, *EXPORT[2:], out).returncode == 0
    assert out.read_text(encoding="utf-8").startswith('"')
