"""`python -m benchmarks.validate` on folders that nobody wrote for it."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.validate import main
from tests.terminal import command

HEADER = "test,time_s,m_kg_s,T_wall_out_C,T_water_out_C,T_wall_in_C,T_water_in_C"
ULG = Path("measured") / "ulg_pipe"
AIT = Path("measured") / "ait_pongau"


def ran(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command(main, "--data", data, *options)


def ulg_folder(data: Path, tests: str, rows: list[str], header: str = HEADER) -> Path:
    folder = data / ULG
    folder.mkdir(parents=True)
    (folder / "tests.csv").write_text(tests)
    (folder / "data.csv").write_text("\n".join([header, *rows]) + "\n")
    return data


def still(test: str) -> list[str]:
    """Water as warm as the room: it stays so."""
    return [f"{test},{t},1.2,18.0,18.0,18.0,18.0" for t in (0, 50, 100)]


def test_tests_and_rows_that_are_added_are_run(tmp_path: Path) -> None:
    data = ulg_folder(tmp_path, "test,rows\nold,3\nnew,3\n", [*still("old"), *still("new")])
    done = ran(data, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert [figure["case"] for figure in figures] == ["ULg old", "ULg new"]
    assert max(figure["ours"] for figure in figures) < 1e-6


BAD = {
    "a test without rows": ("test\nold\ngone\n", still("old"), HEADER, "gone"),
    "no such column": ("test\nold\n", still("old"), HEADER.replace("m_kg_s", "flow"), "m_kg_s"),
    "text for a number": ("test\nold\n", ["old,0,fast,0,18,0,18", *still("old")], HEADER, "fast"),
    "an empty cell": ("test\nold\n", ["old,0,,0,18,0,18", *still("old")], HEADER, "m_kg_s"),
    "not a number": ("test\nold\n", ["old,0,nan,0,18,0,18", *still("old")], HEADER, "nan"),
    "a short row": ("test\nold\n", [*still("old"), "old,150"], HEADER, "cells"),
    "time that falls": ("test\nold\n", still("old")[::-1], HEADER, "time_s"),
    "a header alone": ("test\n", still("old"), HEADER, "no rows"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    tests, rows, header, told = BAD[name]
    data = ulg_folder(tmp_path, tests, rows, header)
    done = ran(data)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert told in done.stderr
    assert "ulg_pipe" in done.stderr
    told_as_json = json.loads(ran(data, "--json").stdout)["errors"]
    assert set(told_as_json[0]) == {"file", "row", "column", "value", "message", "remedy"}


def test_a_folder_that_is_not_there_and_one_without_measurements(tmp_path: Path) -> None:
    for data in (tmp_path / "none", tmp_path):
        done = ran(data)
        assert done.returncode == 2
        assert str(data) in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_that_is_missing_does_not_hide_the_other_cases(tmp_path: Path) -> None:
    data = ulg_folder(tmp_path, "test\nold\n", still("old"))
    (data / AIT).mkdir()
    done = ran(data)
    assert done.returncode == 2
    assert "data.csv" in done.stderr
    assert "ULg old" in done.stdout
