"""Programs and packages of others that our own must agree with; absent ones skip plainly."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REQUIRE_VARIABLE = "REQUIRE_PEERS"


def need_program(name: str) -> str:
    """Give a program's path, or skip; with REQUIRE_PEERS=1 an absent one fails the test."""
    path = shutil.which(name)
    if path is None:
        absent(f"{name} is not installed; .ci/install-peers installs it")
    return str(path)


def need_package(name: str) -> None:
    """Skip, or fail with REQUIRE_PEERS=1, where a Python package is not installed."""
    if importlib.util.find_spec(name) is None:
        absent(f"{name} is not installed; pip install -e '.[dev,benchmarks]' installs it")


def need_node_package(name: str) -> tuple[str, str]:
    """Give the paths of node and of its global packages, one of which is the named one."""
    node, npm = need_program("node"), need_program("npm")
    found = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=True)
    folder = os.environ.get("NODE_PATH") or found.stdout.strip()
    if not os.path.isdir(os.path.join(folder, name)):
        absent(f"the node package {name} is not installed; .ci/install-peers installs it")
    return node, folder


def need_postgresql() -> Path:
    """Give the folder of the newest PostgreSQL server's programs, which are not on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not found:
        absent("no PostgreSQL server is installed; .ci/install-peers installs it")
    return found[-1].parent


def absent(reason: str) -> None:
    """Skip for a reason; with REQUIRE_PEERS=1 fail for it."""
    if os.environ.get(REQUIRE_VARIABLE) == "1":
        pytest.fail(reason)
    pytest.skip(reason)
