"""What importing and asking for help may load, and contracts that fail when they are broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pandas", "pyomo", "highspy", "numba", "scipy", "apscheduler", "serial", "jinja2")


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom controller.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', [m for m in {HEAVY} if m in sys.modules])"
    )
    assert "LOADED []" in run(code)


@pytest.mark.parametrize("module", ["optimizer.certify"])
def test_the_judge_loads_no_pyomo(module: str) -> None:
    assert run(f"import sys, {module}\nprint('pyomo' in sys.modules)").strip() == "False"


def test_package_inits_are_empty() -> None:
    folders = ("controller", "optimizer", "drivers", "hil_tests")
    inits = [path for folder in folders for path in (ROOT / folder).rglob("__init__.py")]
    assert len(inits) >= len(folders)
    assert [str(path) for path in inits if path.read_text(encoding="utf-8").strip()] == []


# contract (a part of its name) -> the file that breaks it and the line that does
BREACHES = {
    "Layers": ("optimizer/timegrid.py", "import controller.cli"),
    "Only the controller schedules jobs": ("drivers/base.py", "import apscheduler"),
    "Serial ports belong to the drivers": ("controller/paths.py", "import serial"),
    "The optimizer computes": ("optimizer/timegrid.py", "import socket"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [str(tool), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("contract", sorted(BREACHES))
def test_a_broken_contract_is_found(contract: str, tmp_path: Path) -> None:
    for folder in ("controller", "optimizer", "drivers", "hil_tests"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    name, line = BREACHES[contract]
    broken_file = tmp_path / name
    text = broken_file.read_text(encoding="utf-8")
    broken_file.write_text(f"{text}\n{line}\n", encoding="utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    broken = [row for row in done.stdout.splitlines() if "BROKEN" in row]
    assert any(contract in row for row in broken), done.stdout


def test_the_contracts_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
