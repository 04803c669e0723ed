"""Errors planted in the physics are noticed by the conventions' hand-worked numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.optimizer.planted import ERRORS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def noticed() -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.optimizer.planted"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, list[str]] = json.loads(done.stdout)
    return answers


def test_the_physics_as_it_is_passes(noticed: dict[str, list[str]]) -> None:
    assert noticed["none"] == []


def test_there_are_enough_errors() -> None:
    assert len({error.name for error in ERRORS}) == len(ERRORS) >= 15


@pytest.mark.parametrize("name", [error.name for error in ERRORS])
def test_a_planted_error_is_noticed(name: str, noticed: dict[str, list[str]]) -> None:
    assert noticed[name], f"no hand-worked number notices: {name}"
