"""Device profiles: the built-in ones are right, broken ones say everything at once."""

from pathlib import Path

import pytest

from drivers.base import BadInput, BadRequest
from drivers.modbus.link import merged_blocks
from drivers.profiles import Table, find_profile, load_profile, raw_number
from drivers.values import Order

BUILT_IN = Path(__file__).parents[2] / "config" / "devices"
GOOD = """\
protocol = "modbus"
poll_s = 5

[tags.temp]
register = 3
table = "holding"
type = "int16"
scale = 0.1
unit = "degC"
min = -20
max = 160
write = true
"""


def written(folder: Path, text: str, name: str = "boiler.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.toml")), ids=lambda p: p.stem)
def test_built_in_profiles_are_valid(path: Path) -> None:
    profile = load_profile(path)
    assert profile.name == path.stem
    assert all(tag.poll_s > 0 for tag in profile.tags.values())


def test_the_promised_kinds_are_built_in() -> None:
    names = {path.stem for path in BUILT_IN.glob("*.toml")}
    assert names >= {"plant-plc", "station-plc", "pump-drive", "weather-station"}
    assert {name for name in names if name.startswith("heat-meter")} == {
        "heat-meter-modbus", "heat-meter-mbus", "heat-meter-cjt188"
    }  # fmt: skip


def test_a_profile_as_read(tmp_path: Path) -> None:
    tag = load_profile(written(tmp_path, GOOD)).tag("temp")
    assert tag.registers is not None
    assert (tag.registers.register, tag.registers.table) == (3, Table.HOLDING)
    assert tag.registers.word_order is Order.BIG
    assert (tag.scale, tag.unit, tag.writable, tag.poll_s) == (0.1, "degC", True, 5)


@pytest.mark.parametrize(
    ("change", "row", "column", "message"),
    [
        (("poll_s = 5", ""), None, "poll_s", "is missing"),
        (("poll_s = 5", "poll_s = 0"), 2, "poll_s", "number from 0.1"),
        (("poll_s = 5", "pol_s = 5"), 2, "pol_s", "is not a key"),
        (('"modbus"', '"profibus"'), 1, "protocol", "is not known"),
        (("register = 3", "register = 65536"), 5, "tags.temp.register", "0 to 65535"),
        (("register = 3", "register = 3.5"), 5, "tags.temp.register", "whole number"),
        (("register = 3", 'register = "3"'), 5, "tags.temp.register", "is not a number"),
        (('"holding"', '"hold"'), 6, "tags.temp.table", "is not known"),
        (('"holding"', '"input"'), 6, "tags.temp.table", "can not be written"),
        (('"holding"', '"coil"'), 7, "tags.temp.type", "does not fit table coil"),
        (('"int16"', '"int17"'), 7, "tags.temp.type", "is not known"),
        (("scale = 0.1", "scale = 0"), 8, "tags.temp.scale", "must not be 0"),
        (("scale = 0.1", "scale = nan"), 8, "tags.temp.scale", "number from"),
        (("scale = 0.1", ""), 4, "tags.temp.scale", "is missing"),
        (("scale = 0.1", "scale = 0.001"), 11, "tags.temp.max", "does not fit int16"),
        (('"degC"', '"celsius"'), 9, "tags.temp.unit", "is not a known unit"),
        (("min = -20", "min = 200"), 11, "tags.temp.max", "is below min"),
        (("write = true", 'write = "yes"'), 12, "tags.temp.write", "neither true nor false"),
        (("write = true", "sentinels = 32767"), 12, "tags.temp.sentinels", "is not a list"),
        (("write = true", "word_order = 3"), 12, "tags.temp.word_order", "is not known"),
        (("write = true", "fild = 3"), 12, "tags.temp.fild", "is not a key"),
    ],
)
def test_each_mistake_names_its_place(
    tmp_path: Path, change: tuple[str, str], row: int | None, column: str, message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        load_profile(written(tmp_path, GOOD.replace(*change)))
    found = {problem.column: problem for problem in refused.value.problems}
    assert message in found[column].message
    assert found[column].row == row
    assert found[column].remedy


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("3\n", "-3\n").replace('"degC"', '"C"').replace("poll_s = 5", "x = 1")
    with pytest.raises(BadInput) as refused:
        load_profile(written(tmp_path, text))
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("protocol = ", "is not TOML"),
        ('protocol = "modbus"\npoll_s = 1', "has no tags"),
        ('protocol = "modbus"\npoll_s = 1\n[tags]\nx = 3', "is not a table"),
    ],
)
def test_hopeless_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        load_profile(written(tmp_path, text))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_profile(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        load_profile(tmp_path / "bytes.toml")


def test_meter_profiles_have_their_own_keys(tmp_path: Path) -> None:
    text = 'protocol = "mbus"\npoll_s = 1\n[tags.e]\nfield = "warmth"\nunit = "kWh"\nmin = 0\n'
    with pytest.raises(BadInput) as refused:
        load_profile(written(tmp_path, text + "max = 1\nregister = 1\nwrite = true"))
    assert {problem.column for problem in refused.value.problems} == {
        "tags.e.field", "tags.e.register", "tags.e.write"
    }  # fmt: skip


def test_the_site_s_own_profile_comes_first(tmp_path: Path) -> None:
    own = written(tmp_path, GOOD, "pump-drive.toml")
    assert find_profile("pump-drive", (tmp_path, BUILT_IN)) == own
    assert find_profile("plant-plc", (tmp_path, BUILT_IN)).parent == BUILT_IN
    with pytest.raises(BadRequest, match="no profile"):
        find_profile("none", (tmp_path, BUILT_IN))


@pytest.mark.parametrize("value", [39.9, 130.1, float("nan"), float("inf")])
def test_a_write_outside_the_profile_is_refused(value: float) -> None:
    tag = load_profile(BUILT_IN / "plant-plc.toml").tag("supply_temp_setpoint")
    with pytest.raises(BadRequest, match="not between"):
        raw_number(tag, value)
    assert raw_number(tag, 95.5) == pytest.approx(955)


def test_a_read_only_tag_is_not_written() -> None:
    with pytest.raises(BadRequest, match="read-only"):
        raw_number(load_profile(BUILT_IN / "plant-plc.toml").tag("supply_temp"), 90)


@pytest.mark.parametrize(
    ("bridge", "expected"),
    [
        # the last of the first nine is at 108, the next wanted one at 120
        (10, [("holding", 10, 2), ("input", 100, 9), ("input", 120, 1)]),
        (11, [("holding", 10, 2), ("input", 100, 21)]),
    ],
)
def test_neighbouring_registers_are_read_together(
    bridge: int, expected: list[tuple[str, int, int]]
) -> None:
    tags = list(load_profile(BUILT_IN / "plant-plc.toml").tags.values())
    assert [(b.table, b.address, b.count) for b in merged_blocks(tags, bridge)] == expected
