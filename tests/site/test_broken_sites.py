"""One fault in a sound site gives one clear message, exit code 2 and never a traceback."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import main
from tests.site.sound import SOUND, without_column, write_site


@dataclass(frozen=True)
class Fault:
    """Replace `old` by `new` in a file; expect one error there whose text has `says`."""

    name: str
    file: str
    old: str
    new: str
    column: str | None
    says: str
    row: int | None = None


TOML = "site.toml"
P2_PRICES = SOUND[TOML].partition("heat_price_per_mwh = [")[2].partition("]")[0]

VALUES = [
    Fault("text for a number", TOML, "max_heat_mw = 2.0", 'max_heat_mw = "two"',
          "plant.max_heat_mw", "not a number", 15),
    Fault("true for a number", TOML, "temp_c = 5.0\n", "temp_c = true\n",
          "ground.temp_c", "not a number"),
    Fault("number for text", TOML, 'currency = "CNY"', "currency = 7", "prices.currency",
          "not text"),
    Fault("nan", TOML, "temp_c = 5.0\n", "temp_c = nan\n", "ground.temp_c", "finite"),
    Fault("inf", TOML, "max_heat_mw = 2.0", "max_heat_mw = inf", "plant.max_heat_mw", "finite"),
    Fault("huge integer", TOML, "max_heat_mw = 2.0", "max_heat_mw = 1" + "0" * 400,
          "plant.max_heat_mw", "finite"),
    Fault("out of range", TOML, "latitude = 36.8", "latitude = 136.8", "site.latitude",
          "outside the possible range"),
    Fault("unknown time zone", TOML, "Asia/Shanghai", "Asia/Shangai", "site.timezone",
          "did you mean 'Asia/Shanghai'", 4),
    Fault("time zone that is a folder", TOML, "Asia/Shanghai", "Asia", "site.timezone",
          "not a known time zone"),
    Fault("time zone outside the zones", TOML, "Asia/Shanghai", "/etc/passwd", "site.timezone",
          "not a known time zone"),
    Fault("empty id", TOML, 'id = "north"', 'id = " "', "site.id", "is empty"),
    Fault("control characters", TOML, 'name = "North"', 'name = "No\\u001brth"', "site.name",
          "cannot be shown"),
    Fault("still to be filled in", TOML, "latitude = 36.8", 'latitude = "FILL IN: degrees north"',
          "site.latitude", "still to be filled in"),
    Fault("step of seven minutes", TOML, "step_s = 900", "step_s = 420", "control.step_s",
          "does not divide an hour"),
    Fault("fraction of a second", TOML, "step_s = 900", "step_s = 900.5", "control.step_s",
          "not a whole number"),
    Fault("23 prices", TOML, P2_PRICES, P2_PRICES[:-5], "plant.heat_price_per_mwh",
          "has 23 prices"),
    Fault("25 prices", TOML, P2_PRICES, P2_PRICES + ", 1", "plant.heat_price_per_mwh",
          "has 25 prices"),
    Fault("curve of one point", TOML, "curve = [[10.0, 40.0], [0.0, 50.0], [-9.0, 60.0], "
          "[-20.0, 68.0]]", "curve = [[10.0, 40.0]]", "secondary.curve", "fewer than two points"),
    Fault("curve out of order", TOML, "[0.0, 50.0], [-9.0, 60.0]", "[-9.0, 60.0], [0.0, 50.0]",
          "secondary.curve", "out of order"),
    Fault("curve colder in the cold", TOML, "[-20.0, 110.0]]", "[-20.0, 80.0]]",
          "control.heating_curve", "colder water where it is colder"),
    Fault("curve with a doubled point", TOML, "[0.0, 82.0]", "[10.0, 82.0]",
          "control.heating_curve", "two points at one outdoor"),
    Fault("curve of triples", TOML, "[10.0, 68.0]", "[10.0, 68.0, 1.0]", "control.heating_curve",
          "not a list of"),
    Fault("unknown word", TOML, 'control = "dp"', 'control = "pressure"', "pump.control",
          "none of speed, dp"),
    Fault("unknown weather source", TOML, '"met_no"', '"metno"', "weather.sources",
          "did you mean 'met_no'"),
    Fault("weather source twice", TOML, '"met_no", "csv"', '"csv", "csv"', "weather.sources",
          "twice"),
    Fault("no database", TOML, "sqlite:///heatwarden.db", "heatwarden.db", "store.url",
          "no database URL"),
    Fault("word for a truth value", TOML, "writes = false", 'writes = "no"', "fallback.writes",
          "neither true nor false"),
    Fault("no number in a table", "pipes.csv", "L1,N0,N1,205", "L1,N0,N1,long", "length_m",
          "not a number", 2),
    Fault("decimal comma", "pipes.csv", "L1,N0,N1,205", 'L1,N0,N1,"205,5"', "length_m",
          "use a point"),
    Fault("zero length", "pipes.csv", "L1,N0,N1,205", "L1,N0,N1,0", "length_m",
          "outside the possible range"),
    Fault("negative length", "pipes.csv", "L3,N2,N3,210", "L3,N2,N3,-210", "length_m",
          "outside the possible range", 4),
    Fault("nan in a table", "nodes.csv", "N1,200,0", "N1,nan,0", "x_m", "not a number"),
    Fault("number too large for a float", "nodes.csv", "N1,200,0", "N1,1e999,0", "x_m", "finite"),
    Fault("underscores in a number", "nodes.csv", "N1,200,0", "N1,2_00,0", "x_m", "not a number"),
    Fault("digits of another script", "nodes.csv", "N1,200,0", "N1,٢٠٠,0", "x_m", "not a number"),
    Fault("empty required cell", "buildings.csv", "B1,S1,2400", "B1,S1,", "floor_area_m2",
          "is missing", 2),
    Fault("share above one", "buildings.csv", "0.25,0.15", "0.25,1.5", "vacant_share",
          "outside the possible range"),
    Fault("unknown kind", "stations.csv", "S1,C1,exchanger", "S1,C1,exchangr", "kind",
          "did you mean 'exchanger'"),
    Fault("unknown characteristic", "stations.csv", "equal_percentage", "quick",
          "valve_characteristic", "none of linear, equal_percentage"),
    Fault("neither in nor out of service", "pipes.csv", "0.02,1\nL2", "0.02,yes\nL2", "in_service",
          "neither true nor false", 2),
    Fault("year with a fraction", "pipes.csv", "3.0,1995", "3.0,1995.5", "year_laid",
          "not a whole number"),
]  # fmt: skip

STRUCTURE = [
    Fault("misspelt key", TOML, "max_heat_mw = 2.0", "max_heat_mv = 2.0", "plant.max_heat_mv",
          "did you mean max_heat_mw", 15),
    Fault("unknown key", TOML, "[ground]\n", "[ground]\ncolour = 1\n", "ground.colour",
          "not a known key"),
    Fault("misspelt section", TOML, "[comfort]", "[confort]", "confort", "did you mean [comfort]"),
    Fault("unknown section", TOML, "[ground]", "[extras]\n[ground]", "extras",
          "not a known section"),
    Fault("key outside sections", TOML, "[site]\n", "colour = 1\n[site]\n", "colour",
          "not a known section or key", 1),
    Fault("missing section", TOML, "[cold_snap]\nbelow_c = -10.0\ndrop_k_24h = 8.0\nmin_hours = 6",
          "", "cold_snap", "required section"),
    Fault("missing key", TOML, "ramp_up_k_h = 6.0\nramp_down_k_h = 8.0\nheat_price_per_mwh = 190.0",
          "ramp_down_k_h = 8.0\nheat_price_per_mwh = 190.0", "plant.ramp_up_k_h", "is missing"),
    Fault("list of tables for a table", TOML, "[site]", "[[site]]", "site",
          "not written as [site]"),
    Fault("not TOML", TOML, "latitude = 36.8", "latitude = = 36.8", None,
          "not well-formed TOML", 5),
    Fault("key twice", TOML, "latitude = 36.8", "latitude = 36.8\nlatitude = 36.9", None,
          "not well-formed TOML", 6),
    Fault("endless nesting", TOML, "[ground]", "x = " + "[" * 5000, None, "not well-formed TOML"),
    Fault("endless integer", TOML, "latitude = 36.8", "latitude = " + "9" * 5000, None,
          "not well-formed TOML"),
    Fault("plant id twice", TOML, 'id = "P2"', 'id = "P1"', "plant.id", "is the id of two"),
    Fault("device id twice", TOML, 'id = "plc2"', 'id = "plc1"', "device.id", "is the id of two"),
    Fault("required column missing", "pipes.csv", "length_m", "length", "length_m",
          "rename the column 'length'", 1),
    Fault("column twice", "nodes.csv", "street", "x_m", "x_m", "is a column twice", 1),
    Fault("semicolons", "nodes.csv", SOUND["nodes.csv"], SOUND["nodes.csv"].replace(",", ";"),
          None, "not separated by commas", 1),
    Fault("row too short", "nodes.csv", "N1,200,0,36,First", "N1,200,0", None,
          "has 3 cells under a header of 5", 3),
    Fault("row too long", "nodes.csv", "N1,200,0,36,First", "N1,200,0,36,First,more", None,
          "has 6 cells under a header of 5", 3),
    Fault("quote left open", "nodes.csv", "First\nN2", '"First\nN2', None, "not well-formed CSV"),
    Fault("quote in a cell", "nodes.csv", "35,Works", '35,"Wor"ks', None, "not well-formed CSV", 2),
    Fault("NUL byte", "nodes.csv", "Works", "Wo\0rks", None, "NUL character", 2),
    Fault("empty file", "nodes.csv", SOUND["nodes.csv"], "", None, "is empty"),
    Fault("no rows of stations", "stations.csv", SOUND["stations.csv"],
          SOUND["stations.csv"].splitlines()[0], None, "has no rows"),
    Fault("node twice", "nodes.csv", "N2,200,150", "N1,200,150", "node_id",
          "stands in line 3 too", 4),
    Fault("pipe twice", "pipes.csv", "L2,N1,N2", "L1,N1,N2", "pipe_id", "stands in line 2 too", 3),
    Fault("station twice", "stations.csv", "S3,C3", "S1,C3", "station_id", "stands in line 2 too"),
    Fault("building twice", "buildings.csv", "B2,S1", "B1,S1", "building_id",
          "stands in line 2 too"),
    Fault("point twice", "points.csv", "B1.t,st1", "P1.t,st1", "point_id", "stands in line 2 too"),
]  # fmt: skip

REFERENCES = [
    Fault("pipe from nowhere", "pipes.csv", "L1,N0,N1", "L1,N9,N1", "from_node", "is no node", 2),
    Fault("pipe to nowhere", "pipes.csv", "K1,N1,C1", "K1,N1,C11", "to_node", "did you mean 'C1'"),
    Fault("node in orbit", "nodes.csv", "N2,200,150,37", "N2,200,150,3700", "elevation_m",
          "more than 1000 m from the middle", 4),
    Fault("pipe to itself", "pipes.csv", "L1,N0,N1", "L1,N0,N0", "to_node",
          "where the pipe begins"),
    Fault("station nowhere", "stations.csv", "S1,C1", "S1,C7", "node_id", "is no node", 2),
    Fault("building without station", "buildings.csv", "B3,S2", "B3,S9", "station_id",
          "is no station", 4),
    Fault("building on a load", "buildings.csv", "B3,S2", "B3,S3", "station_id",
          "prescribed load, which has no buildings"),
    Fault("load without heat", "stations.csv", "0.3,150,42", "0.3,,42", "design_heat_kw",
          "missing on a prescribed load"),
    Fault("plant nowhere", TOML, 'node = "N3"', 'node = "N33"', "plant.node", "is no node"),
    Fault("pump without plant", TOML, 'plant = "P2"', 'plant = "P3"', "pump.plant", "is no plant"),
    Fault("booster without pipe", TOML, 'pipe = "L2"', 'pipe = "L22"', "pump.pipe", "is no pipe"),
    Fault("pump nowhere", TOML, 'plant = "P2"\n', "", None, "neither on a plant nor in a pipe"),
    Fault("pump in two places", TOML, 'plant = "P2"\n', 'plant = "P2"\npipe = "L1"\n', None,
          "on a plant and in a pipe"),
    Fault("least above most water", TOML, "min_supply_temp_c = 65.0\nmax_supply_temp_c = 110.0",
          "min_supply_temp_c = 115.0\nmax_supply_temp_c = 110.0", "plant.max_supply_temp_c",
          "must be at least min_supply_temp_c"),
    Fault("least above most heat", TOML, "min_heat_mw = 0.1", "min_heat_mw = 2.5",
          "plant.max_heat_mw", "must be at least min_heat_mw"),
    Fault("least above most speed", TOML, "min_speed_pct = 0.0", "min_speed_pct = 110.0",
          "pump.max_speed_pct", "must be at least min_speed_pct"),
    Fault("rising pump curve", TOML, "shutoff_head_m = 7.0", "shutoff_head_m = 4.0",
          "pump.shutoff_head_m", "must be above rated_head_m"),
    Fault("comfort upside down", TOML, "max_indoor_c = 24.0", "max_indoor_c = 17.0",
          "comfort.max_indoor_c", "must be above min_indoor_c"),
    Fault("radiators upside down", TOML, "reference_return_c = 45.0", "reference_return_c = 65.0",
          "radiators.reference_supply_c", "must be above reference_return_c"),
    Fault("no stop where pressure is held", TOML, "min_heat_mw = 0.1",
          "min_heat_mw = 0.1\ncan_stop = true", "plant.can_stop", "holds the pressure"),
    Fault("cost of a start without stops", TOML,
          "can_stop = true\nmin_on_h = 3.0\nmin_off_h = 2.0\n", "", "plant.start_cost",
          "cannot stop"),
    Fault("cost of a start where it may not", TOML,
          "can_stop = true\nmin_on_h = 3.0\nmin_off_h = 2.0\n", "can_stop = false\n",
          "plant.start_cost", "cannot stop"),
    Fault("neither running nor not", TOML, "can_stop = true", 'can_stop = "perhaps"',
          "plant.can_stop", "neither true nor false"),
    Fault("never running long enough", TOML, "min_on_h = 3.0", "min_on_h = 300.0",
          "plant.min_on_h", "96"),
    Fault("nothing else runs", TOML, 'plant = "P1"', 'plant = "P2"', "plant.can_stop",
          "nothing else would run"),
    Fault("no holding pressure", TOML, "holding_pressure_bar = 3.0\n", "",
          "plant.holding_pressure_bar", "first plant"),
    Fault("limit neither given nor computable", "pipes.csv", "2.5,2012,0.4,0.5,16,120,10",
          "2.5,,0.4,0.5,16,,10", "max_temp_c", "neither given nor can be computed", 4),
    Fault("no pressure, wall or year", "pipes.csv", "62,54.5,2.0,1995,1.2,0.7,10,115,6",
          "62,54.5,,,1.2,0.7,,115,6", "max_pressure_bar", "neither given nor can be computed", 6),
]  # fmt: skip

FIELD = [
    Fault("unknown bus", TOML, 'bus = "field"', 'bus = "feild"', "device.bus",
          "did you mean 'field'"),
    Fault("unknown profile", TOML, 'profile = "station"', 'profile = "statoin"', "device.profile",
          "no device profile"),
    Fault("profile outside the folder", TOML, 'profile = "station"',
          'profile = "../devices/station"', "device.profile", "no device profile"),
    Fault("address out of range", TOML, 'address = "2"', 'address = "248"', "device.address",
          "no address on a bus of kind rtu"),
    Fault("address twice on a bus", TOML, 'address = "2"', 'address = "1"', "device.address",
          "address of device plc1"),
    Fault("serial bus without parity", TOML, 'parity = "E"\n', "", "bus.parity", "is missing"),
    Fault("network bus without host", TOML, 'host = "10.0.0.7"\n', "", "bus.host", "is missing"),
    Fault("network bus with a serial port", TOML, "port = 502", 'port = "COM3"', "bus.port",
          "does not fit kind tcp"),
    Fault("impossible port", TOML, "port = 502", "port = 70000", "bus.port",
          "outside the possible range"),
    Fault("csv source without a path", TOML, 'csv_path = "weather.csv"\n', "", "weather.csv_path",
          "missing for the source csv"),
    Fault("met.no without a name", TOML, 'user_agent = "heat@example.org"\n', "",
          "weather.user_agent", "missing for the source met_no"),
    Fault("profile that is no TOML", "devices/plc.toml", "[tags.heartbeat]", "[tags.heartbeat",
          None, "not well-formed TOML"),
    Fault("profile without tags", "devices/station.toml", SOUND["devices/station.toml"],
          'protocol = "modbus"\npoll_s = 5\n', "tags", "has no tags"),
    Fault("profile with a mistake", "devices/station.toml", 'register = 20', 'register = 70000',
          "tags.offset.register", "is not a whole number from 0 to 65535", 5),
    Fault("profile with a number beyond numbers", "devices/station.toml", "max = 50",
          "max = 1" + "0" * 400, "tags.indoor_temp.max", "is not a number from"),
    Fault("meter on another bus", TOML, 'profile = "station"', 'profile = "heat-meter-mbus"',
          "device.profile", "speaks mbus, its bus tcp"),
    Fault("tag that measures something else", "points.csv", "B1,indoor_temp_c", "B1,flow_m3_h",
          "quantity", "does not fit tag indoor_temp"),
    Fault("limits wider than the tag's", "points.csv", "write,-5,8,4", "write,-5,18,4", "max",
          "is outside what tag offset takes, -10 to 10 K"),
    Fault("unknown device", "points.csv", "B1.t,st1", "B1.t,st9", "device", "is no device", 8),
    Fault("unknown tag", "points.csv", "st1,indoor_temp", "st1,indor_temp", "tag",
          "did you mean 'indoor_temp'"),
    Fault("unknown target", "points.csv", "building:B1", "building:B9", "target", "is no building"),
    Fault("unknown kind of target", "points.csv", "building:B1", "house:B1", "target",
          "names nothing"),
    Fault("unknown direction", "points.csv", "B1,indoor_temp_c,read", "B1,indoor_temp_c,reed",
          "direction", "did you mean 'read'"),
    Fault("written without a rate", "points.csv", "65,110,6,", "65,110,,", "max_rate_per_h",
          "is missing on a point that is written"),
    Fault("written without limits", "points.csv", "write,-5,8,4,S1.off.fb", "write,,,4,S1.off.fb",
          "min", "(min, max)"),
    Fault("written without readback", "points.csv", "-5,8,4,S1.off.fb", "-5,8,4,",
          "readback_point", "is missing on a point that is written"),
    Fault("limits upside down", "points.csv", "-5,8,4", "8,-5,4", "max", "must be above min"),
    Fault("readback of nothing", "points.csv", "110,6,P1.sp.fb", "110,6,P1.sp.bf",
          "readback_point", "is no point"),
    Fault("readback that is written", "points.csv", "110,6,P1.sp.fb", "110,6,P1.beat",
          "readback_point", "is itself written"),
    Fault("tag that cannot be written", "points.csv", "plc1,supply_temp_setpoint,plant:P1,"
          "supply_temp_c", "plc1,supply_temp,plant:P1,supply_temp_c", "tag", "cannot be written"),
    Fault("two writers of one value", "points.csv",
          "S1.off,st1,offset,station:S1,secondary_offset_k,write,-5,8,4,S1.off.fb,",
          "S1.off,st1,offset,station:S1,secondary_offset_k,write,-5,8,4,S1.off.fb,\n"
          "S1.off2,st1,offset,station:S1,secondary_offset_k,write,-5,8,4,S1.off.fb,",
          "quantity", "is written by point S1.off too"),
    Fault("weather that ends before it begins", "weather.csv", "2026-01-04T02", "2026-01-03T02",
          "time", "comes before row"),
]  # fmt: skip

FAULTS = [*VALUES, *STRUCTURE, *REFERENCES, *FIELD]


def errors_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Run check, expect a refusal, return its errors."""
    assert main(["check", str(folder), "--json"]) == 2
    captured = capsys.readouterr()
    assert captured.err == ""
    errors: list[dict[str, object]] = json.loads(captured.out)["errors"]
    return errors


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_fault_gives_one_clear_message(
    fault: Fault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SOUND[fault.file].count(fault.old) >= 1, "the fault must change the file"
    text = SOUND[fault.file].replace(fault.old, fault.new, 1)
    errors = errors_of(write_site(tmp_path, {**SOUND, fault.file: text}), capsys)
    assert len(errors) == 1, errors
    (error,) = errors
    assert str(error["file"]).endswith(fault.file)
    assert error["column"] == fault.column
    assert fault.says in f"{error['message']} {error['remedy']}"
    assert error["remedy"]
    if fault.row is not None:
        assert error["row"] == fault.row


def _replace_by_folder(folder: Path) -> None:
    (folder / "pipes.csv").unlink()
    (folder / "pipes.csv").mkdir()


FILES: list[tuple[str, Callable[[Path], object], str, str]] = [
    *(
        (f"no {name}", lambda f, n=name: (f / n).unlink(), name, "does not exist")
        for name in SOUND
        if "/" not in name and name != "weather.csv"
    ),
    ("a folder for a file", _replace_by_folder, "pipes.csv", "is not a file"),
    (
        "not UTF-8",
        lambda f: (f / "nodes.csv").write_bytes(b"node_id,x_m,y_m\nN0,0,0\n\xd6\xd0,0,0\n"),
        "nodes.csv",
        "is not UTF-8",
    ),
    (
        "UTF-16",
        lambda f: (f / "site.toml").write_bytes(SOUND["site.toml"].encode("utf-16")),
        "site.toml",
        "is not UTF-8",
    ),
]


@pytest.mark.parametrize(
    ("spoil", "file", "says"), [case[1:] for case in FILES], ids=[case[0] for case in FILES]
)
def test_a_spoilt_file_gives_one_clear_message(
    spoil: Callable[[Path], object],
    file: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_site(tmp_path)
    spoil(folder)
    errors = errors_of(folder, capsys)
    assert [(error["file"], says in str(error["message"])) for error in errors] == [(file, True)]


@pytest.mark.parametrize("name", ["nothing", "site.toml", "x" * 5000])
def test_what_is_no_folder_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (error,) = errors_of(write_site(tmp_path) / name, capsys)
    assert error["message"] == "is not a folder"


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    folder = write_site(tmp_path)
    for name in ("site.toml", "nodes.csv"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert main(["check", str(folder)]) == 0


def test_no_plant_that_reaches_a_station_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipes = SOUND["pipes.csv"]
    for pipe in ("K1", "K2", "K3"):
        line = next(line for line in pipes.splitlines() if line.startswith(pipe))
        pipes = pipes.replace(line, line.rpartition(",")[0] + ",0")
    (error,) = errors_of(write_site(tmp_path, {**SOUND, "pipes.csv": pipes}), capsys)
    assert error["message"] == "connects no station with a plant (P1, P2)"


def test_only_boosters_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SOUND["site.toml"].replace('plant = "P1"', 'pipe = "L1"')
    text = text.replace('plant = "P2"', 'pipe = "L3"')
    (error,) = errors_of(write_site(tmp_path, {**SOUND, "site.toml": text}), capsys)
    assert error["message"] == "is only a booster"


def test_a_limit_is_never_derived_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipes = SOUND["pipes.csv"]
    for column in ("max_pressure_bar", "max_temp_c", "max_ramp_k_h", "year_laid"):
        pipes = without_column(pipes, column)
    errors = errors_of(write_site(tmp_path, {**SOUND, "pipes.csv": pipes}), capsys)
    # The measured walls give pressure and ramp; only the allowed temperature needs the age.
    assert {error["column"] for error in errors} == {"max_temp_c"}
    assert len(errors) == 7


def test_all_errors_come_at_once_in_the_order_of_reading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = dict(SOUND)
    names = ("text for a number", "zero length", "building without station", "unknown tag")
    for fault in (fault for fault in FAULTS if fault.name in names):
        files[fault.file] = files[fault.file].replace(fault.old, fault.new, 1)
    errors = errors_of(write_site(tmp_path, files), capsys)
    assert [error["file"] for error in errors] == [
        "site.toml",
        "pipes.csv",
        "buildings.csv",
        "points.csv",
    ]


def test_lines_name_place_value_and_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SOUND["pipes.csv"].replace("L1,N0,N1,205", "L1,N0,N1,-4")
    assert main(["check", str(write_site(tmp_path, {**SOUND, "pipes.csv": text}))]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "error: pipes.csv:2:length_m: is outside the possible range (from 0.1 to 100000 m) [-4]; "
        "check the value and its unit\n1 error\n"
    )
