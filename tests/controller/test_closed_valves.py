"""A station that stands shut is an ordinary state, whatever the size of its valve."""

import csv
import json
from pathlib import Path

import pytest

from controller.cli import main
from tests.site.sound import SOUND, write_site

START = "2026-01-04T00:00:00+08:00"


@pytest.mark.parametrize("kvs", ["6", "0.01", "100000"])
@pytest.mark.parametrize("opening_pct", ["0", "1e-9", "1e-6"])
def test_a_direct_station_that_stands_shut(
    kvs: str, opening_pct: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = "S2,C2,direct,,6,linear,fixed,70,"
    assert old in SOUND["stations.csv"]
    new = f"S2,C2,direct,,{kvs},linear,fixed,{opening_pct},"
    files = {**SOUND, "stations.csv": SOUND["stations.csv"].replace(old, new)}
    folder = write_site(tmp_path / "site", files)
    words = ["simulate", str(folder), "--weather", str(folder / "weather.csv"), "--start", START]
    assert main([*words, "--hours", "1", "--out", str(tmp_path / "run"), "--csv", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["solve"]["energy_residual_pct"] < 0.1
    with (tmp_path / "run" / "stations.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["station_id"] == "S2"]
    assert len(rows) == 4
    assert all(abs(float(row["mass_flow_kg_s"])) < 0.01 for row in rows)
