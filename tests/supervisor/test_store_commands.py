"""user, audit, backup, restore and export as a user types them, on a sound site."""

import json
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from controller.engine.status import status_of
from controller.store.database import open_database
from controller.store.present import publish
from tests.site.sound import SITE_TOML, SOUND, write_site
from tests.supervisor.postgresql_server import Server
from tests.supervisor.simulated import simulated
from tests.terminal import heatwarden

URL = "sqlite:///heatwarden.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    url = URL
    if request.param == "postgresql":
        running: Server = request.getfixturevalue("server")
        url = running.new_database()
    return site_with_store(tmp_path / "site", url)


def site_with_store(folder: Path, url: str = URL) -> Path:
    return write_site(folder, {**SOUND, "site.toml": SITE_TOML.replace(URL, url)})


def answered(*words: object, typed: str = "", code: int = 0) -> dict[str, object]:
    done = heatwarden(*words, "--json", typed=[typed])
    assert done.returncode == code, done.stderr + done.stdout
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_from_users_to_a_restored_store(site: Path, tmp_path: Path) -> None:
    answered("user", "add", "wang", "--role", "engineer", site, typed="correct horse")
    answered("user", "add", "李", "--role", "operator", site, typed="battery staple")
    answered("user", "remove", "nobody", site, code=1)
    listed = answered("user", "list", site)["users"]
    assert listed == [{"name": "wang", "role": "engineer"}, {"name": "李", "role": "operator"}]
    verdict = answered("audit", "verify", site)
    assert (verdict["whole"], verdict["records"]) == (True, 2)
    answered("audit", "verify", site, "--head", "0" * 63 + "1", code=1)
    answered("audit", "verify", site, "--head", verdict["head"])
    answered("backup", site, "--to", tmp_path / "copy")
    answered("backup", site, "--to", tmp_path / "copy", code=3)
    assert answered("export", site, "audit", "--out", tmp_path / "audit.csv")["rows"] == 2
    other = site_with_store(tmp_path / "other")
    answered("restore", other, "--from", tmp_path / "copy")
    assert answered("audit", "verify", other)["head"] == verdict["head"]
    answered("restore", other, "--from", tmp_path / "copy", code=3)


def test_the_last_engineer_stays(tmp_path: Path) -> None:
    folder = site_with_store(tmp_path / "site")
    answered("user", "add", "li", "--role", "operator", folder, typed="battery staple")
    answered("user", "add", "wang", "--role", "engineer", folder, typed="correct horse")
    answered("user", "remove", "wang", folder, code=2)
    errors = answered("user", "add", "wang", "--role", "viewer", folder, typed="x" * 10, code=2)
    assert "the last engineer" in str(errors)
    answered("user", "add", "zhao", "--role", "admin", folder, typed="correct horse")
    answered("user", "remove", "wang", folder)
    listed = answered("user", "list", folder)["users"]
    assert listed == [{"name": "li", "role": "operator"}, {"name": "zhao", "role": "admin"}]
    assert answered("audit", "verify", folder)["records"] == 4


def test_a_tampered_audit_gives_1(tmp_path: Path) -> None:
    folder = site_with_store(tmp_path / "site")
    answered("user", "add", "wang", "--role", "engineer", folder, typed="correct horse")
    connection = sqlite3.connect(folder / "heatwarden.db")
    connection.executescript(
        "DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'somebody else'"
    )
    connection.close()
    verdict = answered("audit", "verify", folder, code=1)
    assert (verdict["whole"], verdict["broken_at"]) == (False, 1)


REFUSALS: list[tuple[int, str, list[str], str]] = [
    (2, "", ["user", "add", "wang", "--role", "engineer", "SITE"], "short"),
    (2, "", ["user", "add", "wang", "--role", "engineer", "SITE"], ""),
    (2, "", ["user", "add", "a\nb", "--role", "engineer", "SITE"], "correct horse"),
    (2, "", ["user", "add", "wang", "--role", "engineer", "nowhere"], "correct horse"),
    (2, "", ["export", "SITE", "audit", "--out", "x.xlsx"], ""),
    (2, "", ["export", "SITE", "audit", "--out", "x.csv", "--from", "2026-01-01"], ""),
    (2, "", ["export", "SITE", "audit", "--out", "x.csv", "--from", "yesterday"], ""),
    (2, "", ["export", "SITE", "audit", "--out", "x.csv", "--until", "1969-01-01T00:00Z"], ""),
    (3, "", ["export", "SITE", "audit", "--out", "/proc/none/x.csv"], ""),
    (3, "", ["restore", "SITE", "--from", "nowhere"], ""),
    (3, "postgresql://nobody@127.0.0.1:1/none", ["audit", "verify", "SITE"], ""),
    (3, "sqlite:////proc/none/store.db", ["audit", "verify", "SITE"], ""),
]


@pytest.mark.parametrize(("code", "url", "words", "typed"), REFUSALS)
def test_what_is_wrong_is_said(
    code: int, url: str, words: list[str], typed: str, tmp_path: Path
) -> None:
    folder = site_with_store(tmp_path / "site", url or URL)
    if words[0] == "export":
        open_database(URL, folder).close()
    words = [str(folder) if word == "SITE" else word for word in words]
    errors = answered(*words, typed=typed, code=code)["errors"]
    assert isinstance(errors, list)
    assert set(errors[0]) == {"file", "row", "column", "value", "message", "remedy"}
    plain = heatwarden(*words, typed=[typed])
    assert plain.returncode == code
    assert plain.stderr.startswith("error: ")
    assert "Traceback" not in plain.stderr


def remedy(*words: object) -> object:
    errors = answered(*words, code=3)["errors"]
    assert isinstance(errors, list)
    return errors[0]["remedy"]


def test_each_remedy_is_of_what_failed(tmp_path: Path) -> None:
    folder, copy = site_with_store(tmp_path / "site"), tmp_path / "copy"
    assert remedy("run", folder) == f"begin one: heatwarden user add NAME --role engineer {folder}"
    answered("user", "add", "wang", "--role", "engineer", folder, typed="correct horse")
    answered("backup", folder, "--to", copy)
    assert remedy("backup", folder, "--to", copy) == "name a folder that is not there yet"
    told = str(remedy("backup", folder, "--to", "/proc/none"))
    assert told.startswith("see to that file or folder")
    assert str(remedy("restore", folder, "--from", copy)).startswith("move its files away")
    (copy / "core.db").write_bytes(b"")
    assert remedy("restore", folder, "--from", copy) == "take another backup"


def test_only_a_point_that_is_written_is_commissioned(tmp_path: Path) -> None:
    folder = site_with_store(tmp_path / "site")
    answered("user", "add", "wang", "--role", "engineer", folder, typed="correct horse")
    words = ("commission", folder, "nix", "--user", "wang")
    errors = answered(*words, typed="correct horse", code=2)["errors"]
    assert isinstance(errors, list)
    assert errors[0]["message"] == "is no point that is written"
    assert errors[0]["remedy"] == "take one of P1.beat, P1.sp, S1.off"


def test_times_are_as_on_the_site(tmp_path: Path) -> None:
    own = simulated(tmp_path)
    with own.database.writing() as connection:
        publish(connection, "engine", status_of(own.core), own.time.wall())
    own.database.close()
    shown = heatwarden("status", tmp_path).stdout
    since = own.core.state.since.astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"mode: advisory since {since:%Y-%m-%d %H:%M}+08:00 (" in shown
    records = heatwarden("audit", "show", tmp_path, "--last", "1").stdout
    assert f"{since:%Y-%m-%d %H:%M:%S}+08:00 engine mode" in records


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    folder = site_with_store(tmp_path / "site")
    done = heatwarden("user", "add", "wang", "--role", "admin", folder, typed=["correct horse"])
    shown = heatwarden("audit", "show", folder)
    assert done.returncode == shown.returncode == 0
    assert "user add" in shown.stdout
    assert "correct horse" not in done.stdout + done.stderr + shown.stdout
