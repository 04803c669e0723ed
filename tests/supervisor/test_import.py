"""Readings out of a store and into another: nothing lost, nothing twice, bad rows refused whole."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from controller.cli import main
from controller.paths import config_dir
from controller.store.database import open_database
from controller.store.export import export_table
from controller.store.imported import import_readings
from controller.store.telemetry import readings_of, record_readings
from drivers.base import Quality, Reading
from tests.supervisor.conftest import NOW

POINT = "P1.supply_temp"
LATER = NOW + timedelta(days=1)


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
        assert import_readings(target, file, frozenset({POINT}), LATER).readings == 12
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
        ("point_id,at,value\nP1.supply_temp,2999-01-12T00:00:00Z,80\n", "is in the future"),
        ("point_id,at,value\nP1.supply_temp,2026-01-12T00:00:00Z\n", "can not be read"),
        ("", "can not be read"),
    ],
)
def test_a_file_with_one_bad_row_changes_nothing(tmp_path: Path, text: str, message: str) -> None:
    good = "point_id,at,value\n" + f"{POINT},2026-01-11T00:00:00Z,80\n"
    file = tmp_path / "bad.csv"
    file.write_text(good + text.partition("\n")[2] if text.startswith("point_id,at,v") else text)
    if ",quality" in text:
        file.write_text(text)
    database = open_database("sqlite:///a.db", tmp_path)
    found = import_readings(database, file, frozenset({POINT}), LATER)
    assert found.readings == 0
    assert message in found.problems[0].message
    with database.history() as connection:
        assert readings_of(connection, POINT, NOW - timedelta(days=9999), LATER) == ()


def test_the_command_imports_into_the_sites_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "old-east"
    shutil.copytree(config_dir() / "old-east", site)
    open_database("sqlite:///heatwarden.db", site).close()
    file = tmp_path / "winter.csv"
    file.write_text(f"point_id,at,value\n{POINT},2026-01-12T00:00:00+08:00,81.5\n")
    assert main(["import", str(site), "--in", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["readings"] == 1
    assert main(["import", str(site), "--in", str(tmp_path / "x.xlsx"), "--json"]) == 2
    assert main(["import", str(site), "--in", str(tmp_path / "absent.csv"), "--json"]) == 2
