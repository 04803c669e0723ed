"""What a user installs: a wheel that works from any folder, with its sites and profiles inside."""

import csv
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from importlib.metadata import requires
from pathlib import Path

import pytest

from controller.cli import COMMANDS
from tests.repository.conftest import ROOT, Environment, commands
from tests.repository.operations import INSTALLS, paste


def test_the_wheel_holds_code_and_configuration_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"heatwarden.py", "controller", "optimizer", "drivers", "hil_tests"}
    inside = {name.removeprefix("controller/_config/") for name in names if "/_config/" in name}
    files = [path for path in (ROOT / "config").rglob("*") if path.is_file()]
    assert inside == {path.relative_to(ROOT / "config").as_posix() for path in files}
    assert [name for name in names if "/test_" in name or "conftest" in name] == []
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_sdist_holds_what_the_make_targets_need(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"Makefile", "constraints.txt", "pyproject.toml", "README.md", "LICENSE",
                     "README.zh-CN.md", "CHANGELOG.md", "tests/data.py"}  # fmt: skip


def test_every_requirement_is_pinned() -> None:
    """Else the environment of a user would depend on the day."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {line.partition("==")[0] for line in text.splitlines() if "==" in line}
    needed = {
        "".join(c if c.isalnum() or c in "-_" else " " for c in line).split()[0].lower()
        for line in requires("heatwarden") or []
        if "extra ==" not in line
    }
    assert len(needed) > 10
    assert needed - pinned == set()


def test_what_is_installed_is_what_is_pinned(installed: Environment, tmp_path: Path) -> None:
    code = "from importlib.metadata import distributions as d\nimport json\n"
    code += "print(json.dumps({x.name.lower().replace('_', '-'): x.version for x in d()}))"
    found = json.loads(installed.run("python", "-c", code, cwd=tmp_path).stdout)
    del found["heatwarden"]
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = dict(line.split("==") for line in text.splitlines() if "==" in line)
    assert {name: pins.get(name) for name in found} == found


def test_help_lists_every_command_from_another_folder(
    installed: Environment, tmp_path: Path
) -> None:
    done = installed.run("heatwarden", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for command in {*COMMANDS, "demo"}:
        assert re.search(rf"^    {command}\b", done.stdout, re.MULTILINE)


def test_the_installed_code_runs_not_the_checkout(installed: Environment, tmp_path: Path) -> None:
    code = "import controller.paths as p; print(p.__file__); print(p.config_dir())"
    lines = installed.run("python", "-c", code, cwd=tmp_path).stdout.splitlines()
    packages = installed.packages.resolve() / "controller"
    assert [Path(line).resolve() for line in lines] == [packages / "paths.py", packages / "_config"]


def test_a_starter_site_is_written_and_read(installed: Environment, tmp_path: Path) -> None:
    assert installed.run("heatwarden", "init", "west", cwd=tmp_path).returncode == 0
    done = installed.run("heatwarden", "check", "west", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert {one["message"] for one in json.loads(done.stdout)["errors"]} == {
        "is still to be filled in"
    }


def test_the_demonstration_site_inside_is_sound(installed: Environment, tmp_path: Path) -> None:
    site = installed.packages / "controller" / "_config" / "old-east"
    done = installed.run("heatwarden", "check", str(site), "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("old-east is sound: ")


@pytest.mark.slow
def test_the_demonstration_plans_from_another_folder(
    installed_compiled: Environment, tmp_path: Path
) -> None:
    done = installed_compiled.run("heatwarden", "demo", "--once", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(installed_compiled.packages.resolve()) in done.stderr
    assert done.stdout.startswith("old-east: certified plan")
    (page,) = tmp_path.glob("*.html")
    assert page.stat().st_size > 10_000


# What makes a command of the page short enough to be run here.
_HOURS = {"plan": " --hours 3", "simulate": " --hours 3", "balance": " --hours 6"}


@pytest.mark.slow
def test_the_commands_of_the_readme_work_as_written(
    installed_compiled: Environment, tmp_path: Path
) -> None:
    """In the order of the page, from a folder with the sites beside it.

    Over hours instead of the usual two days, which the demonstration plans.
    """
    shutil.copytree(ROOT / "config", tmp_path / "config")
    lines = [line for line in commands("README.md") if line.startswith("heatwarden ")]
    assert len(lines) >= 5
    path = f"{installed_compiled.folder / 'bin'}:{os.environ['PATH']}"
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", f"{line.replace(' --hours 48', '')}{_HOURS.get(line.split()[1], '')}"],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
        assert "Traceback" not in done.stderr
        if "--json" in line:
            json.loads(done.stdout)
    assert (tmp_path / "plan.html").is_file()
    assert len(list((tmp_path / "run").glob("*.csv"))) == 5


@pytest.mark.slow
def test_operations_by_copy_and_paste(installed_compiled: Environment, tmp_path: Path) -> None:
    """From an empty folder to a cold snap in AUTO, a killed engine, a restored store, an end."""
    assert set(INSTALLS) <= set(commands("README.md"))
    said = paste(installed_compiled, tmp_path)
    assert said.count("unlocked: ") == 5
    assert "armed: by wang" in said
    assert "Traceback" not in said
    with (tmp_path / "writes.csv").open(encoding="utf-8") as file:
        stages = [row["stage"] for row in csv.DictReader(file)]
    assert set(stages) == {"intent", "confirmed"}
    assert stages.count("intent") >= 8  # four points, there and back
