"""Reloading: a slip in any file of the site is said, and the engine goes on with what it has."""

from pathlib import Path

import pytest

from controller.engine.runner import may_reload
from controller.site import load_site
from drivers.timekeeping import WALL_TIME
from tests.site.sound import write_site
from tests.terminal import heatwarden

SLIPS = [
    ("site.toml", "timezone =", "timezone = 5 #", "site.timezone"),
    ("points.csv", "point_id,", "point,", "points.csv"),
    ("site.toml", "sqlite:///heatwarden.db", "sqlite:///other.db", "names another store"),
    ("alarms.toml", "", "[[level]]", "level.after_min: is missing"),
]


@pytest.mark.parametrize(("name", "old", "new", "said"), SLIPS)
def test_a_slip_does_not_end_an_engine(
    name: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    folder = write_site(tmp_path / "site")
    site, reloading = load_site(folder), WALL_TIME.event()
    assert may_reload(site, reloading) == ""
    reloading.clear()
    path = folder / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
    assert said in may_reload(site, reloading)
    assert not reloading.is_set()


def test_check_reads_who_is_told_of_alarms(tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    (folder / "alarms.toml").write_text("[smtp]\nport = 25\n", encoding="utf-8")
    done = heatwarden("check", folder)
    assert done.returncode == 2
    assert "alarms.toml:smtp.host: is missing" in done.stderr
