"""A sound site is read whole, whatever optional parts it leaves out."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.cli import main
from controller.site import load_site
from controller.sitefiles.parts import BusKind, Direction
from optimizer.model.network import PumpControl, StationKind, ValveCharacteristic
from tests.data import need_site_example
from tests.site.sound import SOUND, write_site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_site(tmp_path)


def test_everything_that_is_written_is_read(folder: Path) -> None:
    site = load_site(folder)
    network = site.district.network
    assert (site.site_id, site.name, site.timezone) == ("north", "North", "Asia/Shanghai")
    assert [plant.plant_id for plant in network.plants] == ["P1", "P2"]
    assert network.plants[0].heat_price_per_mwh == (190.0,) * 24
    assert network.plants[1].heat_price_per_mwh[17] == 300.0
    assert network.plants[0].min_heat_mw == 0.1
    assert not network.plants[0].can_stop
    peak = network.plants[1]
    assert (peak.can_stop, peak.min_on_h, peak.min_off_h, peak.start_cost) == (
        True,
        3.0,
        2.0,
        150.0,
    )
    assert [pump.control for pump in network.pumps] == [
        PumpControl.SPEED,
        PumpControl.DIFFERENTIAL_PRESSURE,
        PumpControl.SPEED,
    ]
    assert (network.pumps[2].plant_id, network.pumps[2].pipe_id) == (None, "L2")
    assert network.makeup_temp_c == 12.0
    assert network.secondary_curve[0] == (-20.0, 68.0)
    assert site.district.limits.max_radiator_pressure_bar == 6.0
    assert site.district.prices.leak_risk_per_event == 50000.0
    assert [bus.kind for bus in site.buses] == [BusKind.RTU, BusKind.TCP]
    assert (site.buses[1].host, site.buses[1].tcp_port, site.buses[1].baudrate) == (
        "10.0.0.7",
        502,
        None,
    )
    assert site.trip is not None
    assert site.trip.max_makeup_m3_h == 0.8
    assert site.weather is not None
    assert site.weather.sources == ("open_meteo", "met_no", "csv")
    assert site.warnings == ()


def test_millimetres_become_metres_and_a_load_its_own_kind(folder: Path) -> None:
    network = load_site(folder).district.network
    pipe = network.pipes[0]
    assert pipe.inner_diameter_m == pytest.approx(0.107)
    assert pipe.wall_thickness_m == pytest.approx(0.003)
    assert pipe.roughness_m == pytest.approx(0.0012)
    exchanger, direct, load = network.stations
    assert exchanger.valve_characteristic is ValveCharacteristic.EQUAL_PERCENTAGE
    assert (direct.hx_ua_kw_k, direct.secondary_flow_kg_s) == (0.0, 0.0)
    assert (load.kind, load.load_kw, load.load_return_temp_c) == (StationKind.LOAD, 150.0, 42.0)


def test_a_written_offset_makes_a_station_writable(folder: Path) -> None:
    site = load_site(folder)
    exchanger, direct, _ = site.district.network.stations
    assert (exchanger.offset_range_k, exchanger.offset_rate_k_h) == ((-5.0, 8.0), 4.0)
    assert direct.offset_range_k is None
    beat = next(point for point in site.points if point.quantity == "heartbeat")
    assert (beat.direction, beat.max_rate_per_h) == (Direction.WRITE, None)


def test_a_heartbeat_needs_no_limits(tmp_path: Path) -> None:
    text = SOUND["points.csv"].replace("heartbeat,write,0,65535", "heartbeat,write,,")
    site = load_site(write_site(tmp_path, {**SOUND, "points.csv": text}))
    beat = next(point for point in site.points if point.quantity == "heartbeat")
    assert (beat.min_value, beat.max_value, beat.readback_point_id) == (None, None, None)


def test_stale_time_comes_from_the_polls_of_the_profile(folder: Path) -> None:
    stale = {point.point_id: point.stale_after_s for point in load_site(folder).points}
    assert (stale["P1.t"], stale["S1.off"]) == (30.0, 180.0)


def test_a_built_in_profile_serves_where_the_site_has_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = folder / "elsewhere"
    (built_in / "devices").mkdir(parents=True)
    (folder / "devices" / "plc.toml").rename(built_in / "devices" / "plc.toml")
    monkeypatch.setattr("controller.paths.config_dir", lambda: built_in)
    paths = {device.device_id: device.profile_path for device in load_site(folder).devices}
    assert paths["plc1"].parent == built_in / "devices"
    assert paths["st1"].parent == folder / "devices"


def test_operation_may_be_left_out_for_planning(tmp_path: Path) -> None:
    head, _, _ = SOUND["site.toml"].partition("[weather]")
    site = load_site(write_site(tmp_path, {**SOUND, "site.toml": head}))
    assert (site.buses, site.devices, site.weather, site.trip) == ((), (), None, None)
    assert site.fallback.writes is False
    assert site.store_url == "sqlite:///heatwarden.db"
    assert site.district.network.stations[0].offset_range_k == (-5.0, 8.0)


def test_loads_alone_need_no_buildings(tmp_path: Path) -> None:
    files = {
        **SOUND,
        "stations.csv": "station_id,node_id,kind,design_heat_kw\nS1,C1,load,100\n",
        "buildings.csv": SOUND["buildings.csv"].splitlines()[0] + "\n",
        "points.csv": SOUND["points.csv"].splitlines()[0] + "\n",
    }
    site = load_site(write_site(tmp_path, files))
    assert site.district.network.buildings == ()


def test_check_says_that_it_is_sound(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder)]) == 0
    assert "north is sound: 2 plants, 3 pumps, 7 nodes, 7 pipes" in capsys.readouterr().out


def test_check_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == []
    assert report["counts"]["stations"] == 3
    assert {one["column"] for one in report["derived"]} >= {"stale_after_s", "bus.timeout_s"}
    assert all(one["source"] for one in report["derived"])


def test_names_in_any_script_can_be_shown_anywhere(tmp_path: Path) -> None:
    text = SOUND["site.toml"].replace('id = "north"', 'id = "城北"')
    folder = write_site(tmp_path, {**SOUND, "site.toml": text})
    shown = subprocess.run(
        [sys.executable, "-m", "controller.cli", "check", str(folder), "--quiet"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert shown.stdout.startswith(r"\u57ce\u5317 is sound")


def test_the_published_example_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(need_site_example())]) == 0
    assert "example is sound" in capsys.readouterr().out
