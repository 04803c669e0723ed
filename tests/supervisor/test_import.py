"""Readings out of a store and into another: nothing lost, nothing twice, bad rows refused whole."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from controller.cli import main
from controller.paths import config_dir
from controller.store.database import Database, open_database
from controller.store.export import export_table
from controller.store.imported import import_readings
from controller.store.reading_file import Believable
from controller.store.telemetry import readings_of, record_readings
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

POINT = "P1.supply_temp"
LATER = NOW + timedelta(days=1)
BELIEVABLE = Believable(ranges={POINT: (0.0, 150.0)}, since=NOW - timedelta(days=3653), until=LATER)


def history() -> list[Reading]:
    return [
        Reading(
            point_id=POINT,
            value=None if minute == 3 else 80.0 + minute / 7.0,
            time=NOW + timedelta(minutes=minute),
            quality=Quality.MISSING if minute == 3 else Quality.GOOD,
        )
        for minute in range(12)
    ]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_what_was_exported_comes_back_without_loss_and_once(tmp_path: Path, ending: str) -> None:
    source = open_database("sqlite:///a.db", tmp_path)
    with source.recording() as connection:
        record_readings(connection, history())
    file = tmp_path / f"readings{ending}"
    assert export_table(source, "readings", NOW, LATER, file) == 12
    target = open_database("sqlite:///b.db", tmp_path)
    for _ in range(2):
        assert import_readings(target, file, BELIEVABLE).readings == 12
    with target.history() as connection:
        assert readings_of(connection, POINT, NOW, LATER) == tuple(history())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("point_id,at\nP1.supply_temp,2026-01-12T00:00:00Z\n", "column that is missing"),
        ("point_id,at,value\nP9,2026-01-12T00:00:00Z,1\n", "is no point of the site"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00,1\n", "no instant with an offset"),
        ("point_id,at,value\nP1.supply_temp,yesterday,1\n", "no instant with an offset"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,warm\n", "is no value"),
        ("point_id,at,value,quality\nP1.supply_temp,2026-01-12T00:00:00Z,1,fair\n", "is no value"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,nan\n", "not be believed"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,-inf\n", "not be believed"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,\n", "not be believed"),
        ("point_id,at,value\nP1.supply_temp,1900-01-12T00:00:00Z,80\n", "is before 2016-01-16"),
        ("point_id,at,value\nP1.supply_temp,0001-01-01T00:00:00+14:00,80\n", "no instant with"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,800\n", "not between 0 and 150"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z,-1\n", "not between 0 and 150"),
        ("point_id,at,value\nP1.supply_temp,2026-01-11T08:00:00+08:00,81\n", "a second reading"),
        ("point_id,at,value\nP1.supply_temp,2026-01-11T00:00:00Z,80\n", "row 2 is another"),
        ("point_id,at,value,value\nP1.supply_temp,2026-01-12T00:00:00Z,1,2\n", "stands twice"),
        ("point_id,at,value\nP1.supply_temp,2999-01-12T00:00:00Z,80\n", "is in the future"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z\n", "has 2 cells, its header 3"),
        ('point_id,at,value\n"P1.supply_temp,2026-01-12T00:00:00Z,1\n', "can not be read"),
        ("", "column that is missing"),
    ],
)
def test_a_file_with_one_bad_row_changes_nothing(tmp_path: Path, text: str, message: str) -> None:
    good = "point_id,at,value\n" + f"{POINT},2026-01-11T00:00:00Z,80\n"
    file = tmp_path / "bad.csv"
    file.write_text(good + text.partition("\n")[2] if text.startswith("point_id,at,v") else text)
    if ",quality" in text or ",value,value" in text:
        file.write_text(text)
    database = open_database("sqlite:///a.db", tmp_path)
    found = import_readings(database, file, BELIEVABLE)
    assert (found.readings, found.new) == (0, 0)
    assert message in found.problems[0].message
    assert found.problems[0].remedy
    with database.history() as connection:
        assert readings_of(connection, POINT, NOW - timedelta(days=9999), LATER) == ()


@pytest.mark.parametrize(("wrong", "last"), [(20, None), (21, "1 more row"), (70, "50 more rows")])
def test_of_many_wrong_rows_the_first_are_named_and_the_others_counted(
    tmp_path: Path, wrong: int, last: str | None
) -> None:
    file = tmp_path / "bad.csv"
    rows = [f"{POINT},1900-01-12T00:00:{row:02d}Z,80" for row in range(60)]
    rows += [f"{POINT},2026-01-10T00:00:{row:02d}Z,8000" for row in range(60)]
    file.write_text("\n".join(["point_id,at,value", *rows[:wrong]]) + "\n")
    found = import_readings(open_database("sqlite:///a.db", tmp_path), file, BELIEVABLE).problems
    assert [one.row for one in found[:20]] == list(range(2, 22))
    assert len(found) == (20 if last is None else 21)
    assert last is None or found[-1].message.startswith(last)


def test_the_command_imports_into_the_sites_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "old-east"
    shutil.copytree(config_dir() / "old-east", site)
    open_database("sqlite:///heatwarden.db", site).close()
    file = tmp_path / "winter.csv"
    file.write_text(f"point_id,at,value\n{POINT},2026-01-12T00:00:00+08:00,81.5\n")
    assert main(["import", str(site), "--in", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["readings"], said["new"]) == (1, 1)
    assert main(["import", str(site), "--in", str(file)]) == 0
    assert "0 readings imported" in capsys.readouterr().out
    file.write_text(f"point_id,at,value\n{POINT},2026-01-12T00:00:00+08:00,8150\n")
    assert main(["import", str(site), "--in", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"{file}:2:value: is not between" in told
    assert main(["import", str(site), "--in", str(tmp_path / "x.xlsx"), "--json"]) == 2
    assert main(["import", str(site), "--in", str(tmp_path / "absent.csv"), "--json"]) == 2


def test_of_readings_that_are_there_only_the_others_are_new(
    database: Database, tmp_path: Path
) -> None:
    with database.recording() as connection:
        assert record_readings(connection, history()[:5]) == 5
    rows = [f"{POINT},{one.time.isoformat()},{one.value or 1.0}" for one in history()]
    file = tmp_path / "all.csv"
    file.write_text("\n".join(["point_id,at,value", *rows]) + "\n")
    found = import_readings(database, file, BELIEVABLE)
    assert (found.readings, found.new) == (12, 7)
    with database.history() as connection:
        assert readings_of(connection, POINT, NOW, LATER)[3].value is None, "it stays as it was"


def test_an_instant_without_offset_is_refused_in_a_table_of_columns_too(tmp_path: Path) -> None:
    naive = [NOW.replace(tzinfo=None)]
    table = pyarrow.table({"point_id": [POINT], "at": naive, "value": [80.0]})
    pyarrow.parquet.write_table(table, tmp_path / "naive.parquet")
    database = open_database("sqlite:///a.db", tmp_path)
    (problem,) = import_readings(database, tmp_path / "naive.parquet", BELIEVABLE).problems
    assert (problem.row, problem.message) == (1, "is no instant with an offset")


def test_a_row_is_named_as_an_editor_counts_lines(tmp_path: Path) -> None:
    file = tmp_path / "gaps.csv"
    file.write_text(f"\ufeffpoint_id,at,value\n\n\n{POINT},2026-01-11T00:00:00Z,warm\n\n")
    database = open_database("sqlite:///a.db", tmp_path)
    (problem,) = import_readings(database, file, BELIEVABLE).problems
    assert (problem.row, problem.column) == (4, "value")
    file.write_bytes(b"point_id,at,value\nP1.supply_temp,2026-01-11T00:00:00Z,8\xff\n")
    (problem,) = import_readings(database, file, BELIEVABLE).problems
    assert "can not be read" in problem.message
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    (problem,) = import_readings(database, tmp_path / "cut.parquet", BELIEVABLE).problems
    assert "can not be read" in problem.message
