"""Files as spreadsheets, editors, archives and file systems leave them: one message, exit code 2.

Each case changes a sound site's folder; `says` stands in the one error's message or remedy.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import main
from controller.sitefiles.text_file import read_text
from drivers.base import Problem
from tests.site.sound import SOUND, write_site
from tests.site.test_broken_sites import errors_of

NODES, TOML = "nodes.csv", "site.toml"
NOBODY = 65534


@dataclass(frozen=True)
class Odd:
    """What is done to a file of a sound site, and what is said about it."""

    name: str
    file: str
    change: Callable[[Path], object]
    says: str
    row: int | None = None


def rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def encoded(encoding: str, text: str = "First", other: str = "一马路") -> Callable[[Path], object]:
    return rewritten(lambda b: b.decode().replace(text, other).encode(encoding))


def replaced(old: str, new: str) -> Callable[[Path], object]:
    def change(content: bytes) -> bytes:
        assert old.encode() in content, "the change must change the file"
        return content.replace(old.encode(), new.encode(), 1)

    return rewritten(change)


def instead(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def large(path: Path) -> None:
    path.touch()
    os.truncate(path, 3 * 2**30)


ENCODINGS = [
    Odd("UTF-16 with its mark", NODES, encoded("utf-16"), "is not UTF-8 text", 1),
    Odd("UTF-16 without a mark", NODES, encoded("utf-16-le", "x", "x"), "has a NUL character", 1),
    Odd("UTF-32", TOML, encoded("utf-32"), "is not UTF-8 text", 1),
    Odd("GB18030", NODES, encoded("gb18030"), "is not UTF-8 text", 3),
    Odd("GB18030 in the TOML", TOML, encoded("gb18030", "North", "城北"), "is not UTF-8 text", 3),
    Odd("two byte order marks", NODES, rewritten(lambda b: b"\xef\xbb\xbf" * 2 + b),
        "rename the column", 1),
    Odd("only a byte order mark", NODES, rewritten(lambda b: b"\xef\xbb\xbf"), "is empty"),
    Odd("a workbook under the name of a table", NODES,
        rewritten(lambda b: b"PK\x03\x04\xff\xfe" + b), "is not UTF-8 text", 1),
    Odd("a web page", NODES, rewritten(lambda b: b"<html><body>404</body></html>"),
        "is no header of this table", 1),
    Odd("JSON for TOML", TOML, rewritten(lambda b: b'{"site": {"id": "north"}}'),
        "is not well-formed TOML", 1),
    Odd("empty TOML", TOML, rewritten(lambda b: b"# to do\n"), "says nothing"),
]  # fmt: skip

SPREADSHEETS = [
    Odd("tabs", NODES, rewritten(lambda b: b.replace(b",", b"\t")), "not separated by commas", 1),
    Odd("semicolons and decimal commas", NODES,
        rewritten(lambda b: b.replace(b",", b";").replace(b".", b",")),
        "not separated by commas", 1),
    Odd("commas of a Chinese keyboard", NODES, replaced("node_id,x_m,y_m,elevation_m,street",
        "node_id，x_m，y_m，elevation_m，street"), "not separated by commas", 1),
    Odd("a line for the spreadsheet first", NODES, rewritten(lambda b: b"sep=,\n" + b),
        "is no header of this table", 1),
    Odd("a title above the header", NODES, rewritten(lambda b: b"Nodes of the north\n" + b),
        "is no header of this table", 1),
    Odd("column names translated", NODES, replaced("node_id,x_m,y_m", "节点,横坐标,纵坐标"),
        "is no header of this table", 1),
    Odd("one column name translated", NODES, replaced("node_id", "节点"), "node_id", 1),
    Odd("a column name in capitals", NODES, replaced("node_id", "NODE_ID"),
        "rename the column 'NODE_ID'", 1),
    Odd("an error of the spreadsheet", NODES, replaced("N1,200", "N1,#REF!"), "is not a number", 3),
    Odd("a formula", NODES, replaced("N1,200", "N1,=A1+1"), "is not a number", 3),
    Odd("a unit in the cell", NODES, replaced("N1,200", "N1,200 m"), "is not a number", 3),
    Odd("a percentage", "buildings.csv", replaced("0.25,0.15", "25%,0.15"), "is not a number", 2),
    Odd("thousands", "pipes.csv", replaced("L1,N0,N1,205", 'L1,N0,N1,"1,205"'),
        "nothing between thousands", 2),
    Odd("digits of full width", NODES, replaced("N1,200", "N1,２００"), "is not a number", 3),
    Odd("a minus of the typesetter", NODES, replaced("C3,-60", "C3,−60"), "is not a number", 8),
    Odd("a comment", NODES, replaced("N1,200", "# moved in 2019\nN1,200"),
        "has 1 cell under a header of 5", 3),
    Odd("a character of no width in an id", NODES, replaced("N1,200", "N1\u200b,200"),
        "cannot be shown", 3),
    Odd("an id in the other case", "pipes.csv", replaced("L1,N0,N1", "L1,n0,N1"),
        "did you mean 'N0'", 2),
]  # fmt: skip

NUMBERS = [
    Odd("1e400 in a table", "pipes.csv", replaced("N1,205", "N1,1e400"), "not a finite number", 2),
    Odd("1e400 in the TOML", TOML, replaced("temp_c = 5.0", "temp_c = 1e400"), "not a finite", 9),
    Odd("negative zero for a length", "pipes.csv", replaced("N1,205", "N1,-0.0"), "outside", 2),
    Odd("a length that no pipe has", "pipes.csv", replaced("N1,205", "N1,1e-320"), "outside", 2),
    Odd("year 9999", "pipes.csv", replaced("3.0,1995", "3.0,9999"), "outside the possible", 2),
    Odd("hexadecimal", "pipes.csv", replaced("N1,205", "N1,0xCD"), "is not a number", 2),
    Odd("weather of the year 9999", "weather.csv", replaced("2026-01-04T02", "9999-12-31T23"),
        "not in this age", 4),
    Odd("weather with a stray underscore", "weather.csv", replaced("-4.5", "-4_5"),
        "is not a number", 2),
]  # fmt: skip

FILE_SYSTEM = [
    Odd("a link to itself", NODES, instead(lambda p: p.symlink_to(p.name)), "leads to no file"),
    Odd("a link to nothing", NODES, instead(lambda p: p.symlink_to("gone")), "leads to no file"),
    Odd("a named pipe", NODES, instead(os.mkfifo), "is not a file"),
    Odd("an endless device", NODES, instead(lambda p: p.symlink_to("/dev/zero")), "is not a file"),
    Odd("three gigabytes", NODES, instead(large), "is larger than 64 MiB"),
    Odd("200,000 columns", NODES, rewritten(lambda b: b"node_id,x_m,y_m" + b",a" * 200_000),
        "has 200003 columns", 1),
    Odd("a cell of 300,000 characters", NODES, replaced("N1,200", "N1," + "2" * 300_000),
        "is not well-formed CSV", 3),
    Odd("a name in capitals", NODES, lambda p: p.rename(p.with_name("Nodes.CSV")),
        "rename Nodes.CSV to nodes.csv"),
    Odd("a name with a second ending", NODES, lambda p: p.rename(p.with_name("nodes.csv.txt")),
        "rename nodes.csv.txt to nodes.csv"),
    Odd("a folder for a profile", "devices/plc.toml", instead(Path.mkdir), "is not a file"),
    Odd("weather in a folder", "weather.csv", instead(Path.mkdir), "is not a file"),
    Odd("weather in a pipe", "weather.csv", instead(os.mkfifo), "is not a file"),
]  # fmt: skip


@pytest.mark.parametrize(
    "odd", [*ENCODINGS, *SPREADSHEETS, *NUMBERS, *FILE_SYSTEM], ids=lambda odd: odd.name
)
def test_an_odd_file_gives_one_clear_message(
    odd: Odd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path)
    odd.change(folder / odd.file)
    errors = errors_of(folder, capsys)
    assert len(errors) == 1, errors
    (error,) = errors
    assert str(error["file"]).endswith(odd.file)
    assert odd.says in f"{error['column']} {error['message']} {error['remedy']}"
    assert error["row"] == odd.row
    assert error["remedy"]


def quoted(content: bytes) -> bytes:
    lines = content.decode().splitlines()
    cells = [",".join(f'"{cell}"' for cell in line.split(",")) for line in lines]
    return "\n".join(cells).encode()


SOUND_WAYS = {
    "line ends of an old Mac": rewritten(lambda b: b.replace(b"\n", b"\r")),
    "blanks and no-break spaces in the header": replaced("node_id,x_m", " node_id ,\u00a0x_m"),
    "empty lines between": rewritten(lambda b: b.replace(b"\n", b"\n\n")),
    "every cell quoted": rewritten(quoted),
    "commas at the end of every line": rewritten(lambda b: b.replace(b"\n", b",,,\n")),
    "no line end at the end": rewritten(lambda b: b.rstrip()),
    "names of streets in Chinese": encoded("utf-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND_WAYS)
def test_ways_of_saving_a_table_are_sound(name: str, tmp_path: Path) -> None:
    folder = write_site(tmp_path)
    SOUND_WAYS[name](folder / NODES)
    assert main(["check", str(folder)]) == 0


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    folder = write_site(tmp_path / "site")
    (folder / NODES).rename(tmp_path / "shared-nodes.csv")
    (folder / NODES).symlink_to(tmp_path / "shared-nodes.csv")
    assert main(["check", str(folder)]) == 0


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root may read every file; somebody else may not."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(own)


@pytest.mark.usefixtures("unprivileged")
def test_a_file_that_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / NODES
        path.write_text(SOUND[NODES])
        path.chmod(0)
        read = read_text(path, NODES)
    assert isinstance(read, Problem)
    assert read.message == "cannot be read: Permission denied"


NO_SITES = {
    "nothing": ("", "is not a folder"),
    "a folder of other things": ("../other", "is a folder without any file of a site"),
    "a table": (NODES, "is not a folder"),
    "a name that moves the cursor": ("a\nb", "is not a folder"),
}


@pytest.mark.parametrize("name", NO_SITES)
def test_what_is_no_site_is_said_once(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(write_site(tmp_path / "site"))
    given, says = NO_SITES[name]
    assert main(["check", given, "--json"]) == 2
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["file"], error["message"]) == (given, says)
