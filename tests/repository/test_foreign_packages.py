"""The program refuses to start where a foreign package owns one of its common names."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import heatwarden
from tests.repository.conftest import Environment, new_environment


@pytest.fixture
def bare(wheel: Path, tmp_path: Path) -> Environment:
    """The wheel alone: the refusal comes before anything else is imported."""
    return new_environment(tmp_path / "env", wheel)


def plant(bare: Environment, files: dict[str, str]) -> None:
    """Install another project's wheel with these files beside ours."""
    wheel = bare.folder / "acme_heating-1.0-py3-none-any.whl"
    info = "acme_heating-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: acme-heating\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    done = bare.pip_install("--no-deps", str(wheel))
    assert done.returncode == 0, done.stderr


def test_alone_it_starts(bare: Environment, tmp_path: Path) -> None:
    assert bare.run("heatwarden", "--version", cwd=tmp_path).stdout.startswith("heatwarden ")


FOREIGN = {
    "a module beside ours": ("drivers", {"drivers/acme.py": "x = 1\n"}, "drivers/acme.py"),
    "a package inside ours": (
        "optimizer",
        {"optimizer/acme/__init__.py": ""},
        "optimizer/acme",
    ),
    "an __init__ over ours": (
        "controller",
        {"controller/__init__.py": "from acme import start\n"},
        "controller/__init__.py",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_another_project_mixed_in_is_refused(
    name: str, bare: Environment, tmp_path: Path
) -> None:
    room, files, place = FOREIGN[name]
    plant(bare, files)
    done = bare.run("heatwarden", "check", "anything", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (3, "")
    (error,) = json.loads(done.stdout)["errors"]
    assert error["file"] == str(bare.packages.resolve() / place)
    assert error["value"] == room
    assert "belongs to acme-heating" in error["message"]
    assert "environment of its own" in error["remedy"]


@pytest.mark.parametrize("room", heatwarden.ROOMS)
def test_a_package_that_comes_first_is_refused(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / room).mkdir()
    (tmp_path / room / "__init__.py").write_text("raise SystemExit('foreign code ran')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    started = "import heatwarden, sys; sys.exit(heatwarden.main(['--help']))"
    done = subprocess.run(
        [sys.executable, "-c", started], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: {tmp_path / room}: is not heatwarden's package {room}")


def test_a_folder_without_code_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "manual.txt").write_text("of some other thing")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(heatwarden.foreign_places(heatwarden.HOME)) == []
