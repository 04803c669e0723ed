"""`heatwarden simulate` as a user types it: traces, judged figures, and clear refusals."""

import csv
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from controller.cli import main
from controller.outcome_json import number

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "config" / "old-east"
START = "2026-01-17T00:00:00+08:00"
HOURS = 6
STEPS = 24

# Table -> (its things, the columns of the contract).
TABLES = {
    "plants": (1, ("supply_temp_c", "return_temp_c", "mass_flow_kg_s", "heat_power_mw",
                   "supply_pressure_bar", "return_pressure_bar", "makeup_m3_h", "pump_power_kw")),
    "nodes": (None, ("supply_temp_c", "return_temp_c", "supply_pressure_bar",
                     "return_pressure_bar")),
    "pipes": (None, ("mass_flow_kg_s", "velocity_m_s")),
    "stations": (60, ("supply_temp_c", "return_temp_c", "mass_flow_kg_s", "heat_power_kw",
                      "secondary_supply_temp_c", "valve_opening_pct", "dp_bar")),
    "buildings": (300, ("indoor_temp_c", "worst_flat_temp_c", "heat_power_kw")),
}  # fmt: skip


def schedule_file(folder: Path, *rows: str) -> Path:
    path = folder / "schedule.csv"
    path.write_text("time,id,quantity,value\n" + "".join(row + "\n" for row in rows))
    return path


def simulate(folder: Path, *extra: str, hours: float = HOURS) -> int:
    return main(
        ["simulate", str(SITE), "--weather", str(SITE / "weather.csv"), "--start", START,
         "--hours", str(hours), "--out", str(folder / "run"), "--json", *extra]
    )  # fmt: skip


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    def no_such(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(capsys.readouterr().out, parse_constant=no_such)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_tables_have_the_contracts_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path) == 0
    assert [Path(path).name for path in answer(capsys)["files"]] == [
        f"{name}.parquet" for name in TABLES
    ]
    for name, (things, columns) in TABLES.items():
        table = pyarrow.parquet.read_table(tmp_path / "run" / f"{name}.parquet")
        assert {"time", f"{name[:-1]}_id", *columns} <= set(table.column_names)
        if things is not None:
            assert table.num_rows == STEPS * things
        times = table["time"].to_pylist()
        assert times[0] == datetime.fromisoformat(START)
        assert len(set(times)) == STEPS
        for column in columns:
            known = [value for value in table[column].to_pylist() if value is not None]
            assert np.isfinite(known).all()


def test_cost_comfort_limits_and_residual_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path) == 0
    told = answer(capsys)
    assert (told["site"], told["step_s"]) == ("old-east", 900)
    assert datetime.fromisoformat(told["start"]) == datetime.fromisoformat(START)
    cost = told["cost"]
    parts = ("fuel", "electricity", "makeup", "risk", "stored_heat")
    assert cost["total"] == pytest.approx(sum(cost[part] for part in parts))
    assert told["comfort"]["max_shortfall_k"] > 0.0
    assert told["comfort"]["unwarmable"] == []
    assert {one["limit"] for one in told["limits"]} >= {"supply_temp", "pipe_ramp", "makeup"}
    assert told["solve"]["energy_residual_pct"] < 0.1


def test_csv_has_the_same_numbers_and_times_with_their_offset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate(tmp_path) == 0
    assert simulate(tmp_path, "--csv") == 0
    capsys.readouterr()
    rows = read_csv(tmp_path / "run" / "plants.csv")
    table = pyarrow.parquet.read_table(tmp_path / "run" / "plants.parquet").to_pylist()
    for row, wanted in zip(rows, table, strict=True):
        assert datetime.fromisoformat(row["time"]) == wanted["time"]
        assert float(row["heat_power_mw"]) == wanted["heat_power_mw"]


def test_setpoints_are_linear_between_rows_and_held_beyond(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """80 degC at 01:00, 84 at 03:00: 80 before, 82 at 02:00, 84 after."""
    path = schedule_file(
        tmp_path,
        "2026-01-17T03:00:00+08:00,P1,supply_temp_c,84",  # in any order, with any offset
        "2026-01-16T17:00:00+00:00,P1,supply_temp_c,80",
        "2026-01-17T00:00:00+08:00,P1-M1,speed_pct,80",
        "2026-01-17T00:00:00+08:00,P1-M2,speed_pct,80",
    )
    assert simulate(tmp_path, "--schedule", str(path), "--csv") == 0
    warnings = answer(capsys)["warnings"]
    given = [float(row["setpoint_c"]) for row in read_csv(tmp_path / "run" / "plants.csv")]
    assert given[:5] == [80.0] * 5
    assert given[8] == pytest.approx(82.0)
    assert given[12:] == [84.0] * 12
    assert [one["message"] for one in warnings] == [
        "supply_temp_c of P1 begins after the start of the run"
    ]


def test_what_a_schedule_does_not_name_follows_the_curve_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = schedule_file(tmp_path, "2026-01-17T00:00:00+08:00,P1-M1,speed_pct,90")
    assert simulate(tmp_path, "--schedule", str(path), hours=1) == 0
    assert [one["message"] for one in answer(capsys)["warnings"]] == [
        "does not name plant P1",
        "does not name pump P1-M2",
    ]


def test_what_could_not_be_written_is_simulated_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = schedule_file(
        tmp_path,
        "2026-01-17T00:00:00+08:00,P1,supply_temp_c,95",
        "2026-01-17T00:00:00+08:00,P1-M1,speed_pct,105",
        "2026-01-17T00:00:00+08:00,P1-M2,speed_pct,90",
    )
    assert simulate(tmp_path, "--schedule", str(path), hours=1) == 0
    (warning,) = answer(capsys)["warnings"]
    assert (warning["row"], warning["column"], warning["value"]) == (3, "value", "105")
    assert "outside what P1-M1 can be set to" in warning["message"]


GOOD_ROW = "2026-01-17T00:00:00+08:00,P1,supply_temp_c,95"
BROKEN = [
    # rows below the header, then row, column and part of the message of the error
    (["2026-01-17T00:00:00,P1,supply_temp_c,95"], 2, "time", "no offset"),
    (["noon,P1,supply_temp_c,95"], 2, "time", "not an ISO 8601 time"),
    ([",P1,supply_temp_c,95"], 2, "time", "is missing"),
    (["0001-01-01T00:00:00+08:00,P1,supply_temp_c,95"], 2, "time", "not in this age"),
    (["2026-01-17T00:00:00+08:00,P9,supply_temp_c,95"], 2, "id", "not a plant of the site"),
    (["2026-01-17T00:00:00+08:00,P1-M1,supply_temp_c,95"], 2, "id", "is not a plant"),
    (["2026-01-17T00:00:00+08:00,P1-M1,dp_bar,3"], 2, "id", "holds a differential pressure"),
    (["2026-01-17T00:00:00+08:00,,supply_temp_c,95"], 2, "id", "is missing"),
    (["2026-01-17T00:00:00+08:00,P1,temperature,95"], 2, "quantity", "not a quantity"),
    (["2026-01-17T00:00:00+08:00,P1,,95"], 2, "quantity", "is missing"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,hot"], 2, "value", "not a number"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,nan"], 2, "value", "not a number"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,inf"], 2, "value", "not a number"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,1e400"], 2, "value", "makes no sense"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,8_0"], 2, "value", "not a number"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,８０"], 2, "value", "not a number"),
    (['2026-01-17T00:00:00+08:00,P1,supply_temp_c,"80,5"'], 2, "value", "not a number"),
    (["9999-12-31T23:59:59+08:00,P1,supply_temp_c,95"], 2, "time", "not in this age"),
    (["2026-01-17T24:30:00+08:00,P1,supply_temp_c,95"], 2, "time", "not an ISO 8601 time"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,950"], 2, "value", "makes no sense"),
    (["2026-01-17T00:00:00+08:00,P1,supply_temp_c,"], 2, "value", "is missing"),
    ([GOOD_ROW, GOOD_ROW], 3, "time", "line 2"),
    ([GOOD_ROW, "2026-01-17T00:00:00+08:00,P1"], 3, None, "2 cells"),
    ([], None, None, "no setpoints"),
]


@pytest.mark.parametrize(("rows", "row", "column", "message"), BROKEN)
def test_a_broken_schedule_is_refused_clearly(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rows: list[str],
    row: int | None,
    column: str | None,
    message: str,
) -> None:
    path = schedule_file(tmp_path, *rows)
    assert simulate(tmp_path, "--schedule", str(path), hours=1) == 2
    (error,) = answer(capsys)["errors"]
    assert (error["file"], error["row"], error["column"]) == (str(path), row, column)
    assert message in error["message"]
    assert error["remedy"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"time;id;quantity;value\n", "is no header of a schedule"),
        (b"TIME,ID,QUANTITY,VALUE\n", "is no header of a schedule"),
        (b"time,id,value\n", "is a required column that is missing"),
        (b"time,id,quantity,value,value\n", "is a column twice"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"time,id,quantity,value\n\0,,,\n", "has a NUL character"),
        (b'time,id,quantity,value\n"2026', "is not a comma-separated table"),
    ],
)
def test_a_file_that_is_no_schedule_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    path = tmp_path / "schedule.csv"
    path.write_bytes(content)
    assert simulate(tmp_path, "--schedule", str(path), hours=1) == 2
    assert message in answer(capsys)["errors"][0]["message"]


def test_all_errors_of_a_schedule_come_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = schedule_file(
        tmp_path, "noon,P9,supply_temp_c,hot", "2026-01-17T00:00:00+08:00,p1,supply_temp_c,95"
    )
    assert simulate(tmp_path, "--schedule", str(path), hours=1) == 2
    errors = answer(capsys)["errors"]
    places = [(one["row"], one["column"]) for one in errors]
    assert places == [(2, "time"), (2, "id"), (2, "value"), (3, "id")]
    assert errors[-1]["remedy"] == "did you mean P1?"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("--start", "2026-01-17T00:00:00"), "no offset"),
        (("--start", "yesterday"), "not an ISO 8601 time"),
        (("--hours", "-1"), "makes no sense"),
        (("--hours", "nan"), "makes no sense"),
        (("--start", "2026-01-21T00:00:00+08:00"), "the weather ends"),
        (("--start", "9999-12-31T23:59:59+00:00"), "not in this age"),
        (("--start", "0001-01-01T00:00:00+23:59"), "not in this age"),
        (("--start", "2026-02-30T00:00:00Z"), "not an ISO 8601 time"),
        (("--hours", "1e400"), "makes no sense"),
        (("--weather", "/no/such/weather.csv"), "cannot be read"),
        (("--schedule", "/no/such/schedule.csv"), "cannot be read"),
    ],
)
def test_what_cannot_be_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: tuple[str, ...], message: str
) -> None:
    assert simulate(tmp_path, *changes) == 2
    assert any(message in one["message"] for one in answer(capsys)["errors"])


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert simulate(tmp_path, "--out", str(tmp_path / "file"), hours=1) == 3
    assert "cannot be written" in answer(capsys)["errors"][0]["message"]


def test_without_json_it_speaks_to_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(SITE), "--weather", str(SITE / "weather.csv"), "--start", START]
    assert main([*words, "--hours", "1", "--out", str(tmp_path / "run")]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("old-east: 1 h from 2026-01-17 00:00+08:00")
    assert "every worst flat is warm enough" in said.out
    assert "judging" in said.err


@pytest.mark.parametrize(
    ("value", "given"), [(1.5, 1.5), (float("nan"), None), (float("inf"), None), (None, None)]
)
def test_what_is_not_known_becomes_null(value: float | None, given: float | None) -> None:
    assert number(value) == given


def test_flows_that_do_not_balance_are_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No network is known that has none: a run is marked as if it had."""
    from optimizer import simulate as simulator

    found = simulator.simulate
    monkeypatch.setattr(simulator, "simulate", lambda *given: replace(found(*given), unsolved=(3,)))
    assert simulate(tmp_path, hours=1) == 1
    (problem,) = answer(capsys)["errors"]
    assert "step 3" in problem["message"]
    assert not (tmp_path / "run").exists()
