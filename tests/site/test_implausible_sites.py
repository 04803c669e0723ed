"""What is possible but most probably a slip is said, once, and does not refuse the site."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import main
from controller.site import load_site
from tests.site.sound import SOUND, without_column, write_site


@dataclass(frozen=True)
class Slip:
    """Replace `old` by `new` in a file; expect one warning, at `file`, that says `says`."""

    name: str
    file: str
    old: str
    new: str
    column: str | None
    says: str
    at: str | None = None  # the file that the warning names, where it is another


SLIPS = [
    Slip("a pipe of 3.2 km", "pipes.csv", "L1,N0,N1,205", "L1,N0,N1,3205", "length_m",
         "longer than 3000 m"),
    Slip("a pipe shorter than the map", "pipes.csv", "L1,N0,N1,205", "L1,N0,N1,20.5", "length_m",
         "shorter than the straight line between its nodes, 200.0 m"),
    Slip("a pipe ten times the map", "pipes.csv", "K1,N1,C1,62", "K1,N1,C1,620", "length_m",
         "over 10 times the straight line"),
    Slip("a wall in the wrong unit", "pipes.csv", "107,3.0,1995", "107,30,1995",
         "wall_thickness_mm", "very thick"),
    Slip("a bore in the wrong unit", "pipes.csv", "107,3.0,1995,1.2", "107,3.0,1995,12",
         "roughness_mm", "very rough"),
    Slip("a leak in the wrong unit", "pipes.csv", "115,6,0.02,1\nL2", "115,6,20,1\nL2",
         "limits.max_makeup_m3_h", "less than what leaks with pumps at rest", "site.toml"),
    Slip("a pipe that cannot hold the pressure at rest", "pipes.csv", "0.9,10,115", "0.9,2,115",
         "max_pressure_bar", "exceeded with pumps at rest already: 3.00 bar"),
    Slip("a station without buildings", "buildings.csv", "B3,S2", "B3,S1", "station_id",
         "station without buildings", "stations.csv"),
    Slip("a building far too large for its station", "buildings.csv", "2400,1986,none,4.8",
         "9400,1986,none,18.8", "design_heat_kw",
         "far too little for its buildings, which need 586 kW", "stations.csv"),
    Slip("an exchanger far too small", "stations.csv", "exchanger,25,8", "exchanger,2.5,8",
         "hx_ua_kw_k", "far too little for its buildings, which need 208 kW"),
    Slip("a pipe of the future", "pipes.csv", "3.0,1995", "3.0,2095", "year_laid",
         "is later than 2026"),
    Slip("a fallback speed that a pump cannot run", "site.toml", "min_speed_pct = 0.0",
         "min_speed_pct = 95.0", "control.fallback_speed_pct", "outside the range of pump BOOST"),
    Slip("an offset that must never be zero", "points.csv", "write,-5,8,4", "write,1,8,4", "min",
         "leaves out 0"),
    Slip("a loss in the wrong unit", "buildings.csv", "2.9,190", "0.29,190", "ua_kw_k",
         "is 0.1 W/(m2 K)"),
    Slip("a top radiator above the pressure line", "buildings.csv", "110,1.3,15", "110,1.3,150",
         "height_m", "top radiator above the pressure line"),
    Slip("a direct building of unknown height", "buildings.csv", "110,1.3,15", "110,1.3,",
         "height_m", "assumed (16.8 m)"),
    Slip("a node without the elevation that others have", "nodes.csv", "N2,200,150,37",
         "N2,200,150,", "elevation_m", "is missing where other nodes have one"),
    Slip("a hill above the pressure line", "nodes.csv", "C1,260,0,36.5", "C1,260,0,65",
         "elevation_m", "lies above the pressure line: 0.17 bar"),
    Slip("a curve above every plant", "site.toml", "max_supply_temp_c = 110.0",
         "max_supply_temp_c = 100.0", "control.heating_curve", "above what any plant may deliver"),
    Slip("a year's horizon", "site.toml", "horizon_h = 48", "horizon_h = 12", "control.horizon_h",
         "outside the usual 24 to 96 h"),
    Slip("a plant without a pump", "site.toml", 'plant = "P2"', 'plant = "P1"', "pump.plant",
         "plant P2 has no pump"),
    Slip("no radiator pressure for direct buildings", "site.toml",
         "max_radiator_pressure_bar = 6.0\n", "", "limits.max_radiator_pressure_bar",
         "stations are direct: S2"),
    Slip("no radiator temperature for direct buildings", "site.toml",
         "max_radiator_temp_c = 95.0\n", "", "limits.max_radiator_temp_c",
         "stations are direct: S2"),
    Slip("the lowest radiator bursts at rest", "site.toml", "max_radiator_pressure_bar = 6.0",
         "max_radiator_pressure_bar = 2.5", "station_id", "the lowest radiator holds 2.81 bar",
         "buildings.csv"),
    Slip("a misspelt optional column", "pipes.csv", "leak_m3_h", "leak_m3h", "leak_m3h",
         "did you mean leak_m3_h"),
    Slip("a quantity nobody uses", "points.csv", "B1,indoor_temp_c", "B1,indor_temp_c", "quantity",
         "did you mean indoor_temp_c"),
    Slip("an offset to a fixed valve", "stations.csv", "equal_percentage,compensated,,",
         "equal_percentage,fixed,60,", "target", "an offset has no effect", "points.csv"),
    Slip("a weather file to come", "site.toml", '"weather.csv"', '"tomorrow.csv"',
         "weather.csv_path", "not there yet"),
]  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_one_slip_gives_one_warning(slip: Slip, tmp_path: Path) -> None:
    assert SOUND[slip.file].count(slip.old) >= 1, "the slip must change the file"
    text = SOUND[slip.file].replace(slip.old, slip.new, 1)
    site = load_site(write_site(tmp_path, {**SOUND, slip.file: text}), this_year=2026)
    assert len(site.warnings) == 1, site.warnings
    (warning,) = site.warnings
    assert warning.file == (slip.at or slip.file)
    assert warning.column == slip.column
    assert slip.says in f"{warning.message} {warning.remedy}"


def test_plants_too_small_for_the_coldest_day(tmp_path: Path) -> None:
    text = SOUND["site.toml"].replace("max_heat_mw = 2.0", "max_heat_mw = 0.3")
    text = text.replace("max_heat_mw = 1.0", "max_heat_mw = 0.3")
    (warning,) = load_site(write_site(tmp_path, {**SOUND, "site.toml": text})).warnings
    # Stations ask 300 + 180 + 150 kW.
    assert warning.column == "plant.max_heat_mw"
    assert "0.63 MW at the stations" in warning.message
    assert "at -9 degC outside" in warning.message


def test_a_narrow_pipe_of_a_tree_is_named(tmp_path: Path) -> None:
    text = SOUND["site.toml"].replace('node = "N3"', 'node = "N0"')
    pipes = SOUND["pipes.csv"].replace("155,107,3.0,2012,0.4,0.5,16,120,10,0.01,1", "155,107,3.0,"
                                       "2012,0.4,0.5,16,120,10,0.01,0")  # fmt: skip
    pipes = pipes.replace("K1,N1,C1,62,54.5", "K1,N1,C1,62,25")
    files = {**SOUND, "site.toml": text, "pipes.csv": pipes}
    (warning,) = load_site(write_site(tmp_path, files)).warnings
    # 300 kW / (4.19 kJ/(kg K) * 48 K) = 1.49 kg/s through 4.9 cm2 of water at 960 kg/m3.
    assert (warning.file, warning.row, warning.column) == ("pipes.csv", 6, "inner_diameter_mm")
    assert "300 kW beyond it flow at 3.17 m/s" in warning.message


def test_an_island_is_a_warning_with_the_stations_on_it(tmp_path: Path) -> None:
    text = SOUND["pipes.csv"].replace("0.4,16,120,10,0.01,1\nK3", "0.4,16,120,10,0.01,0\nK3")
    site = load_site(write_site(tmp_path, {**SOUND, "pipes.csv": text}))
    nodes, station = site.warnings
    assert (nodes.value, nodes.message.partition(" through")[0]) == (
        "C2",
        "no plant reaches this island of nodes",
    )
    assert station.message == "is on an island: station S2 gets no heat"


def test_points_without_devices_are_for_planning_only(tmp_path: Path) -> None:
    head, _, _ = SOUND["site.toml"].partition("[[device]]")
    assert load_site(write_site(tmp_path, {**SOUND, "site.toml": head})).warnings == ()


def test_warnings_do_not_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SOUND["pipes.csv"].replace("L1,N0,N1,205", "L1,N0,N1,3205")
    assert main(["check", str(write_site(tmp_path, {**SOUND, "pipes.csv": text}))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("warning: pipes.csv:2:length_m: is longer than 3000 m")


def test_what_age_gives_is_listed_with_its_source(tmp_path: Path) -> None:
    pipes = SOUND["pipes.csv"]
    for column in ("wall_thickness_mm", "max_pressure_bar", "max_temp_c", "max_ramp_k_h"):
        pipes = without_column(pipes, column)
    site = load_site(write_site(tmp_path, {**SOUND, "pipes.csv": pipes}), this_year=2035)
    listed = {(one.element, one.column): one for one in site.derived}
    # 40 years take 2 mm of a nominal 3.2 mm.
    assert listed["pipe L2", "wall_thickness_mm"].value == pytest.approx(1.2)
    assert listed["pipe L2", "max_pressure_bar"].value == pytest.approx(16.0)
    assert "40 years" in listed["pipe L2", "max_pressure_bar"].source
    assert listed["pipe L2", "max_temp_c"].value == pytest.approx(117.6, abs=0.1)
    assert listed["pipe L2", "max_ramp_k_h"].value == pytest.approx(10.0 * 1.2 / 3.2)
    pipe = site.district.network.pipes[1]
    assert pipe.max_ramp_k_h == listed["pipe L2", "max_ramp_k_h"].value


def test_an_entered_value_wins(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path), this_year=2100)
    pipe = site.district.network.pipes[0]
    assert (pipe.max_pressure_bar, pipe.max_temp_c, pipe.max_ramp_k_h) == (10.0, 115.0, 6.0)


def test_sizes_of_stations_come_from_their_buildings(tmp_path: Path) -> None:
    stations = SOUND["stations.csv"]
    for column in ("hx_ua_kw_k", "valve_kvs", "secondary_flow_kg_s", "design_heat_kw"):
        stations = without_column(stations, column)
    stations = "\n".join(line for line in stations.splitlines() if not line.startswith("S3")) + "\n"
    site = load_site(write_site(tmp_path, {**SOUND, "stations.csv": stations}))
    exchanger = site.district.network.stations[0]
    # (4.8 + 2.9) kW/K * 27 K; 36 K and 3 K at the ends of the exchanger; 15 K on the secondary.
    assert exchanger.design_heat_kw == pytest.approx(207.9)
    assert exchanger.hx_ua_kw_k == pytest.approx(207.9 / 13.280, rel=1e-3)
    assert exchanger.secondary_flow_kg_s == pytest.approx(207.9 / 62.85)
    # 207.9 / (4.19 * 48) * 3.75 m3/h at 0.5 bar
    assert exchanger.valve_kvs == pytest.approx(5.482, rel=1e-3)
