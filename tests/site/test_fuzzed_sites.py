"""Whatever a site's files hold, check answers with a verdict; a sound variant is never refused."""

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.site import Site, SiteError, load_site
from tests.site.sound import SOUND, without_column, write_site

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = sorted(name for name in SOUND if name != "weather.csv")
NASTY = ["", "\0", "\ufeff", '"', "'", ",", ";", "\n", "\r", "[", "]", "{", "=", "#", "1e999", "-",
         "nan", "inf", "9" * 400, "0x1F", "true", "\x1b[2J", "名", "\u202e", "N0", "P1",
         "[[plant]]", "a.b = 1\n", "1979-05-27", '"""', "\\", "\u2028", "٣"]  # fmt: skip


def verdict(files: Mapping[str, str], spoilt: Mapping[str, bytes] | None = None) -> Site | None:
    """Load a site; a refusal must name its problems properly."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_site(Path(name), files)
        for file, content in (spoilt or {}).items():
            (folder / file).write_bytes(content)
        try:
            return load_site(folder, this_year=2026)
        except SiteError as refusal:
            problems = refusal.problems
    assert problems
    for problem in problems:
        assert problem.file
        assert problem.message
        assert problem.remedy
        assert problem.row is None or problem.row >= 1
        assert len(problem.column or "") < 100
        assert len(problem.value or "") < 100
    return None


@FUZZ
@given(name=st.sampled_from(NAMES), content=st.binary(max_size=400))
@example(name="site.toml", content=b"\xff\xfe")
@example(name="nodes.csv", content=b"node_id,x_m,y_m\r\r\rN0,0,0")
@example(name="nodes.csv", content=b'"' * 200_000)
def test_any_bytes_get_a_verdict(name: str, content: bytes) -> None:
    verdict(SOUND, {name: content})


@FUZZ
@given(
    name=st.sampled_from(NAMES),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(NASTY)),
        min_size=1,
        max_size=4,
    ),
)
def test_any_edit_gets_a_verdict(name: str, edits: list[tuple[float, int, str]]) -> None:
    text = SOUND[name]
    for share, length, new in edits:
        at = int(share * len(text))
        text = text[:at] + new + text[at + length :]
    verdict(SOUND, {name: text.encode()})


@FUZZ
@given(
    name=st.sampled_from([name for name in NAMES if name.endswith(".csv")]),
    row=st.integers(1, 8),
    column=st.integers(0, 17),
    cell=st.sampled_from(NASTY) | st.text(max_size=12) | st.floats().map(str),
)
def test_any_cell_gets_a_verdict(name: str, row: int, column: int, cell: str) -> None:
    lines = [line.split(",") for line in SOUND[name].splitlines()]
    cells = lines[row % (len(lines) - 1) + 1]
    cells[column % len(cells)] = '"' + cell.replace('"', '""') + '"'
    verdict({**SOUND, name: "\n".join(",".join(line) for line in lines)})


TOML_LEAVES = ["true", "1", "-1", "1e400", "nan", "-inf", '""', '"x"', "1979-05-27", "07:32:00",
               "9" * 30, '"\\u0000"', "[]", "{}"]  # fmt: skip
TOML_VALUES = st.recursive(
    st.sampled_from(TOML_LEAVES),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
        | inner.map(lambda item: "{a = " + item + "}")
    ),
    max_leaves=6,
)


@FUZZ
@given(line=st.integers(0, 500), value=TOML_VALUES)
def test_any_value_gets_a_verdict(line: int, value: str) -> None:
    lines = SOUND["site.toml"].splitlines()
    keys = [i for i, text in enumerate(lines) if " = " in text]
    at = keys[line % len(keys)]
    lines[at] = lines[at].partition(" = ")[0] + " = " + value
    verdict({**SOUND, "site.toml": "\n".join(lines)})


@FUZZ
@given(value=TOML_VALUES, where=st.sampled_from(["tags = ", "poll_s = ", "[tags]\noffset = "]))
def test_any_profile_gets_a_verdict(value: str, where: str) -> None:
    verdict({**SOUND, "devices/station.toml": where + value + "\n"})


OPTIONAL_COLUMNS: Mapping[str, list[str]] = {
    "nodes.csv": ["elevation_m"],
    "pipes.csv": ["wall_thickness_mm", "roughness_mm", "heat_loss_w_m_k", "max_pressure_bar",
                  "max_temp_c", "max_ramp_k_h", "leak_m3_h", "in_service"],
    "stations.csv": ["hx_ua_kw_k", "valve_kvs", "valve_characteristic", "control", "opening_pct",
                     "secondary_flow_kg_s", "min_dp_bar", "load_return_temp_c"],
    "buildings.csv": ["envelope", "ua_kw_k", "capacity_kwh_k", "radiator_kw", "radiator_exponent",
                      "height_m", "corner_share", "vacant_share", "worst_flat_beta",
                      "min_indoor_c", "internal_gain_w_m2", "solar_aperture_m2",
                      "wind_ua_pct_per_m_s"],
    "points.csv": ["stale_after_s"],
}  # fmt: skip
OPTIONAL_LINES = [
    'name = "North"', "makeup_temp_c = 12.0", "min_heat_mw = 0.1", "min_on_h = 3.0",
    "min_off_h = 2.0", "start_cost = 150.0", 'control = "dp"',
    "max_radiator_pressure_bar = 6.0", "max_radiator_temp_c = 95.0",
    "leak_risk_per_event = 50000.0", "fatigue_per_cycle = 100.0", "stale_after_h = 6.0",
    'api_key_env = "WEATHER_KEY"', "timeout_s = 0.3", "quiet_s = 0.5",
    "[fallback]\nwrites = false", '[store]\nurl = "sqlite:///heatwarden.db"',
    "[trip]\nmax_makeup_m3_h = 0.8\nmax_pressure_drop_bar_min = 0.5",
]  # fmt: skip


@FUZZ
@given(
    dropped_columns=st.sets(
        st.sampled_from(
            [(name, column) for name, all_ in OPTIONAL_COLUMNS.items() for column in all_]
        )
    ),
    dropped_lines=st.sets(st.sampled_from(OPTIONAL_LINES)),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    extra=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_sound_variant_is_never_refused(
    dropped_columns: set[tuple[str, str]],
    dropped_lines: set[str],
    line_end: str,
    mark: str,
    extra: bool,
    seed: int,
) -> None:
    files = dict(SOUND)
    for name, column in sorted(dropped_columns):
        files[name] = without_column(files[name], column)
    for line in sorted(dropped_lines):
        files["site.toml"] = files["site.toml"].replace(line + "\n", "\n")
    for name in OPTIONAL_COLUMNS:
        header, *rows = files[name].splitlines()
        random.Random(seed).shuffle(rows)
        if extra:
            header, rows = header + ",note,", [row + ',"a, b",' for row in rows]
        files[name] = mark + line_end.join([header, *rows, ""])
    site = verdict(files)
    assert site is not None
    everything = site.district.network
    assert all(pipe.max_pressure_bar > 0 and pipe.max_ramp_k_h > 0 for pipe in everything.pipes)
    assert all(station.valve_kvs > 0 for station in everything.stations)
    assert all(building.radiator_kw > 0 for building in everything.buildings)
    given_up = {column for _, column in dropped_columns}
    listed = {one.column for one in site.derived}
    contract_defaults = {"in_service", "valve_characteristic", "internal_gain_w_m2",
                         "solar_aperture_m2", "wind_ua_pct_per_m_s"}  # fmt: skip
    # The shares are needed, and so derived, only where beta itself is left out.
    if "worst_flat_beta" not in given_up:
        contract_defaults |= {"corner_share", "vacant_share"}
    # Without its column a direct station's control is the usual one, fixed; so is its opening.
    assert given_up - contract_defaults <= listed


NETWORK_VARIANTS = {
    "a tree": lambda t: t.replace("L4,N3,N0,155", "L4,N3,N0,155").replace(
        "10,115,6,0.02,1\nL2", "10,115,6,0.02,0\nL2"
    ),
    "pipes drawn the other way": lambda t: t.replace("L2,N1,N2", "L2,N2,N1"),
    "two pipes side by side": lambda t: t + "L1b,N0,N1,205,107,3.0,1995,1.2,0.9,10,115,6,0.02,1\n",
    "a pipe without roughness or loss": lambda t: t.replace("0.4,0.4,16", "0,0,16"),
}


@pytest.mark.parametrize("name", NETWORK_VARIANTS)
def test_meshes_and_trees_are_sound(name: str) -> None:
    assert verdict({**SOUND, "pipes.csv": NETWORK_VARIANTS[name](SOUND["pipes.csv"])}) is not None


STATION_VARIANTS = {
    "direct with mixing": (
        "S2,C2,direct,,6,linear,fixed,70,",
        "S2,C2,direct,,6,linear,compensated,,",
    ),
    "exchanger with a fixed valve": ("equal_percentage,compensated,,", "linear,fixed,60,"),
    "valve that stands shut": ("linear,fixed,70", "linear,fixed,0"),
    "two stations on a node": ("S2,C2", "S2,C1"),
    "station at the plant": ("S3,C3", "S3,N0"),
}


@pytest.mark.parametrize("name", STATION_VARIANTS)
def test_kinds_of_stations_are_sound(name: str) -> None:
    old, new = STATION_VARIANTS[name]
    assert old in SOUND["stations.csv"]
    site = verdict({**SOUND, "stations.csv": SOUND["stations.csv"].replace(old, new)})
    assert site is not None
    if name == "direct with mixing":
        assert site.district.network.stations[1].secondary_flow_kg_s > 0.0


TOML_VARIANTS = {
    "curves written from cold to warm": (
        "[[10.0, 40.0], [0.0, 50.0], [-9.0, 60.0], [-20.0, 68.0]]",
        "[[-20, 68], [-9, 60], [0, 50], [10, 40]]",
    ),
    "a curve with a level part": ("[0.0, 82.0]", "[0.0, 68.0]"),
    "two plants at one node": ('node = "N3"', 'node = "N0"'),
    "two pumps on one plant": ('plant = "P2"', 'plant = "P1"'),
    "pressure held at the second plant too": (
        "max_heat_mw = 1.0",
        "max_heat_mw = 1.0\nholding_pressure_bar = 2.5",
    ),
    "a database server": ("sqlite:///heatwarden.db", "postgresql+psycopg://db.local/heat"),
    "a serial port elsewhere": ("/dev/ttyUSB0", "socket://10.0.0.9:4001"),
    "a site in Chinese": ('name = "North"', 'name = "城北老区"'),
    "keys in another order": (
        "electricity_per_mwh = 680.0\nmakeup_per_m3 = 14.0",
        "makeup_per_m3 = 14\nelectricity_per_mwh = 680",
    ),
    "comments": ("[limits]", "# limits = 1\n[limits] # of the network"),
}


@pytest.mark.parametrize("name", TOML_VARIANTS)
def test_ways_of_writing_are_sound(name: str) -> None:
    old, new = TOML_VARIANTS[name]
    assert old in SOUND["site.toml"]
    assert verdict({**SOUND, "site.toml": SOUND["site.toml"].replace(old, new, 1)}) is not None
