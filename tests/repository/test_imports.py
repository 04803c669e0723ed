"""What importing and asking for help may load, and contracts that fail when they are broken."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
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


@pytest.mark.parametrize("module", ["optimizer.certify", "controller.guard"])
def test_judge_and_guard_load_no_pyomo(module: str) -> None:
    assert run(f"import sys, {module}\nprint('pyomo' in sys.modules)").strip() == "False"


def test_package_inits_are_empty() -> None:
    folders = ("controller", "optimizer", "drivers", "hil_tests")
    inits = [path for folder in folders for path in (ROOT / folder).rglob("__init__.py")]
    assert len(inits) >= len(folders)
    assert [str(path) for path in inits if path.read_text(encoding="utf-8").strip()] == []


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [one["name"] for one in settings["tool"]["importlinter"]["contracts"]]


# the beginning of a contract's name, a file, and a line that breaks the contract there
BREACHES = [
    ("Layers", "optimizer/timegrid.py", "import controller.paths"),
    ("Layers", "optimizer/timegrid.py", "import drivers.base"),
    ("Layers", "drivers/points.py", "import optimizer.model.network"),
    ("Layers", "drivers/points.py", "import controller.paths"),
    ("Layers", "controller/paths.py", "import hil_tests.demo"),
    ("Only the controller schedules jobs", "drivers/base.py", "import apscheduler"),
    ("Only the controller schedules jobs", "hil_tests/demo.py", "import apscheduler"),
    ("Serial ports belong to the drivers", "controller/paths.py", "import serial"),
    ("Serial ports belong to the drivers", "optimizer/timegrid.py", "import serial"),
    ("The optimizer computes", "optimizer/timegrid.py", "import socket"),
    ("The optimizer computes", "optimizer/plan.py", "from time import monotonic"),
    ("The optimizer computes", "optimizer/judge/run.py", "import pathlib"),
    ("The judge", "optimizer/certify.py", "import pyomo.environ"),
    ("The judge", "optimizer/certify.py", "import highspy"),
    ("The judge", "optimizer/judge/run.py", "import optimizer.simulate"),
    ("The judge", "optimizer/judge/run.py", "import optimizer.physics.march"),
    ("The judge", "optimizer/timegrid.py", "import optimizer.plan"),  # by way of another module
    ("The guard stands alone", "controller/guard.py", "import optimizer.plan"),
    ("The guard stands alone", "controller/guard.py", "import controller.store.database"),
    ("The guard stands alone", "controller/guard.py", "import sqlalchemy"),
    ("The console", "controller/console/application.py", "import drivers.bus"),
    ("The console", "controller/console/parts.py", "import drivers.modbus.rtu"),
    ("The bench's assertions", "hil_tests/bench/assertions.py", "import controller.site"),
    ("The bench's assertions", "hil_tests/bench/kpi.py", "import drivers.base"),
]


def lint_imports(folder: Path) -> dict[str, bool]:
    """Whether each contract is kept by the packages of a folder."""
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [str(tool), "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+?) (KEPT|BROKEN)", done.stdout, re.MULTILINE)
    verdicts = {name: word == "KEPT" for name, word in found}
    assert set(verdicts) == set(contracts()), done.stdout + done.stderr
    assert (done.returncode == 0) == all(verdicts.values())
    return verdicts


def test_every_contract_is_broken_once_below() -> None:
    beginnings = {beginning for beginning, _, _ in BREACHES}
    assert [name for name in contracts() if not name.startswith(tuple(beginnings))] == []


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for name in ("controller", "optimizer", "drivers", "hil_tests"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(("contract", "name", "line"), BREACHES)
def test_a_broken_contract_is_found(contract: str, name: str, line: str, copied: Path) -> None:
    path = copied / name
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")
    try:
        verdicts = lint_imports(copied)
    finally:
        path.write_text(text, encoding="utf-8")
    (kept,) = (kept for full, kept in verdicts.items() if full.startswith(contract))
    assert not kept


# What may be reached from a module, directly or by way of others: a contract forbids what there
# was when it was written, this also what comes later.
REACH = {
    "optimizer.certify": (
        "optimizer.comfort", "optimizer.judge", "optimizer.limit_table", "optimizer.model",
        "optimizer.physics", "optimizer.risk", "optimizer.side_by_side", "optimizer.timegrid",
    ),
    "controller.guard": ("drivers.base", "optimizer.model"),
}  # fmt: skip


@pytest.mark.parametrize("module", REACH)
def test_who_must_stand_alone_reaches_nothing_new(module: str) -> None:
    graph = grimp.build_graph("controller", "optimizer", "drivers", "hil_tests")
    reached = graph.find_upstream_modules(module)
    assert reached
    allowed = tuple(f"{name}." for name in REACH[module])
    assert sorted(name for name in reached if not f"{name}.".startswith(allowed)) == []


def test_the_contracts_hold() -> None:
    assert all(lint_imports(ROOT).values())
