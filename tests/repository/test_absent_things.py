"""What is not at hand skips with its reason, and fails where it is required."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import data, peers

TESTS = Path(__file__).parents[1]
ABSENT: dict[str, tuple[str, Callable[[], object], str]] = {
    "a data file": (data.REQUIRE_VARIABLE, lambda: data.need_data("weather/x.csv"), "weather/x"),
    "a data folder": (data.REQUIRE_VARIABLE, lambda: data.need_data_with("destest"), "destest"),
    "the example site": (data.REQUIRE_VARIABLE, data.need_site_example, "site-example"),
    "a program": (peers.REQUIRE_VARIABLE, lambda: peers.need_program("no-such"), "no-such"),
    "a package": (peers.REQUIRE_VARIABLE, lambda: peers.need_package("no_such"), "no_such"),
}


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(data.PATH_VARIABLE, str(tmp_path / "data"))


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_absent_skips_with_its_reason(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable, ask, said = ABSENT[name]
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(pytest.skip.Exception, match=said):
        ask()


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_required_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variable, ask, said = ABSENT[name]
    monkeypatch.setenv(variable, "1")
    with pytest.raises(pytest.fail.Exception, match=said):
        ask()


def test_the_path_option_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data" / "weather").mkdir(parents=True)
    (tmp_path / "site-example").mkdir()
    assert data.need_data("weather") == tmp_path / "data" / "weather"
    assert data.need_data_with("weather") == tmp_path / "data"
    assert data.need_site_example() == tmp_path / "site-example"


def test_no_test_goes_another_way() -> None:
    """A path to the data, or a skip, of a test's own would escape the two variables."""
    ways = re.compile(r"""["']shared["']|mark\.skip|pytest\.skip\(|importorskip""")
    own = {TESTS / "data.py", TESTS / "peers.py", Path(__file__)}
    others = [path for path in TESTS.rglob("*.py") if path not in own]
    assert len(others) > 50
    found = [path.name for path in others if ways.search(path.read_text(encoding="utf-8"))]
    assert found == []
