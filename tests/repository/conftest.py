"""Built distributions, and environments with nothing in them but what they install."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers import absent

ROOT = Path(__file__).parents[2]
OFFLINE = ("No matching distribution found", "Could not find a version", "Connection", "resolve")


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.folder.glob("lib/python3*/site-packages")
        return found

    def pip_install(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Install by the pip of the development environment: this one has none."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        return subprocess.run(
            [*pip, "--no-compile", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )

    def run(self, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment as a user would, from another folder."""
        program = str(self.folder / "bin" / words[0])
        return subprocess.run(
            [program, *words[1:]], cwd=cwd, capture_output=True, text=True, check=False
        )


def commands(page: str) -> list[str]:
    """The commands of a README, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def new_environment(folder: Path, wheel: Path) -> Environment:
    """Make an environment with the wheel and nothing that it needs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    made = Environment(folder)
    done = made.pip_install("--no-deps", str(wheel))
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and all that it needs, from the constraints."""
    made = new_environment(tmp_path_factory.mktemp("installed") / "env", wheel)
    done = made.pip_install("--constraint", "constraints.txt", str(wheel))
    if done.returncode != 0 and any(word in done.stderr for word in OFFLINE):
        absent(f"the packages of constraints.txt cannot be fetched: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def installed_compiled(installed: Environment) -> Environment:
    """The same with the machine code of the checkout, as far as there is any.

    Compiling takes minutes and is tested elsewhere. Machine code is taken for good while name,
    time and size of its sources are the same, and these are the same to the byte.
    """
    for source in (ROOT / "optimizer").rglob("*.py"):
        copy = installed.packages / source.relative_to(ROOT)
        assert copy.read_bytes() == source.read_bytes()
        stat = source.stat()
        os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for made in (ROOT / "optimizer").rglob("__pycache__/*.nb[ic]"):
        copy = installed.packages / made.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(made, copy)
    return installed
