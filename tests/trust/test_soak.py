"""The soak runner: what is done is not done twice, what does not fit waits, every one is listed."""

from pathlib import Path

import pytest

from benchmarks import soak
from benchmarks.soak_campaigns import CAMPAIGNS, Campaign
from benchmarks.soak_page import IN_THE_SUITE, page_of
from tests.repository.conftest import ROOT

ENDED = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"


def campaign(name: str, code: str, usual_min: float = 0.0) -> Campaign:
    return Campaign(name=name, proves=name, words=("-c", code), seeds="7", usual_min=usual_min)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "STATE", tmp_path / "state")
    monkeypatch.setattr(soak, "PAGE", tmp_path / "trust.md")
    monkeypatch.setattr(soak, "WINTERS", tmp_path / "none")
    mark = f"open({str(tmp_path / 'ran')!r}, 'a').write('x')"
    monkeypatch.setattr(
        soak,
        "CAMPAIGNS",
        (
            campaign("fine", f"{mark}; print('much'); print('all fine')"),
            campaign("long", mark, usual_min=600.0),
            campaign("bad", f"{mark}; print('no'); raise SystemExit(3)"),
            campaign("ended", f"{mark}; print('half', flush=True); {ENDED}"),
        ),
    )


def test_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    assert soak.main(["--budget-h", "1", "--only", "fine"]) == 0
    assert soak.main(["--budget-h", "1", "--only", "fine", "long", "bad"]) == 1
    assert soak.main(["--budget-h", "1", "--only", "bad"]) == 0  # what failed has been said
    assert (tmp_path / "ran").read_text() == "xx"
    soak.main(["--budget-h", "1", "--only", "fine", "--again"])
    assert (tmp_path / "ran").read_text() == "xxx"
    page = (tmp_path / "trust.md").read_text(encoding="utf-8")
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| ")}
    assert "all fine | 0 |" in rows["| fine"]
    assert "**not run** (about 600 min)" in rows["| long"]
    assert "no | 3 |" in rows["| bad"]


def test_what_was_stopped_says_how_far_it_came_and_is_run_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert soak.main(["--only", "ended"]) == 1
    assert (tmp_path / "ran").read_text() == "xx"
    assert "half | stopped |" in (tmp_path / "trust.md").read_text(encoding="utf-8")


def test_what_was_run_on_another_machine_stays_on_the_page() -> None:
    one, other = (campaign(name, "", usual_min=1.0) for name in ("one", "other"))
    ran = {"figure": "all fine", "exit_code": 0, "commit": "c" * 40, "at": "2026-01-16T06:00",
           "seconds": 60, "command": "python"}  # fmt: skip
    there = page_of([one, other], {"one": ran}, ["", "## Winters", "", "| 7 | cold |"])
    assert page_of([one, other], {}, [], there) == there
    here = page_of([one, other], {"other": ran}, [], there)
    assert "**not run**" not in here
    assert here.count("| 7 | cold |") == 1


def test_the_page_names_every_campaign_and_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    assert [one.name for one in CAMPAIGNS if f"| {one.name} |" not in page] == []
    assert [test for _, _, test in IN_THE_SUITE if not (ROOT / test.strip("`")).exists()] == []
    for one in CAMPAIGNS:
        assert (ROOT / f"{one.words[1].replace('.', '/')}.py").exists()
