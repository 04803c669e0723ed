"""The starter site: at most ten keys to fill in, named one by one, then sound."""

import json
import re
from pathlib import Path

import pytest

from controller.cli import main
from controller.site import load_site

_FILL_IN = re.compile(r'"FILL IN: [^"]*such as ([^"]+)"')


def fill_in(folder: Path) -> None:
    """Fill in what each marked key itself proposes."""
    path = folder / "site.toml"

    def proposal(match: re.Match[str]) -> str:
        value = match.group(1)
        return value if value[0].isdigit() else f'"{value}"'

    path.write_text(_FILL_IN.sub(proposal, path.read_text("utf-8")), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "sites" / "west end")]) == 0
    return tmp_path / "sites" / "west end"


def test_check_names_what_is_to_be_filled_in(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["check", str(folder), "--json"]) == 2
    errors = json.loads(capsys.readouterr().out)["errors"]
    marked = (folder / "site.toml").read_text("utf-8").count('"FILL IN')
    assert len(errors) == marked <= 10
    assert {error["message"] for error in errors} == {"is still to be filled in"}
    assert {error["value"] for error in errors} == {"FILL IN"}
    assert {error["column"] for error in errors} >= {"site.timezone", "plant.max_heat_mw"}
    assert all("such as" in error["remedy"] and error["row"] for error in errors)


def test_filled_in_it_is_sound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill_in(folder)
    assert main(["check", str(folder)]) == 0
    site = load_site(folder)
    assert site.site_id == "west-end"
    assert site.warnings == ()


def test_its_comments_describe_valid_keys(folder: Path) -> None:
    path = folder / "site.toml"
    fill_in(folder)
    text = path.read_text("utf-8")
    text = re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    path.write_text(text, "utf-8")
    site = load_site(folder)
    assert site.trip is not None
    assert [bus.bus_id for bus in site.buses] == ["plant"]
    assert site.district.network.plants[0].min_heat_mw == 0.0


def test_a_used_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    assert main(["init", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("precious")
    assert main(["init", str(path), "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert error["message"] == "is a file"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "site.toml").is_file()


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "site")]) == 3
    assert "cannot be written" in capsys.readouterr().err
