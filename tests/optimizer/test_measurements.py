"""The simulator against measurements, where their folder is at hand."""

from pathlib import Path

import pytest

from benchmarks.cases.buried import ait
from benchmarks.cases.destest import ce0
from benchmarks.cases.fronts import tugraz, ulg
from benchmarks.cases.tables import Figure, as_json, as_markdown
from tests.data import need_data_with


def test_fronts_through_a_steel_pipe() -> None:
    figures = ulg(need_data_with("measured/ulg_pipe"))
    assert len(figures) >= 4
    asked = [figure for figure in figures if figure.at_most is not None]
    assert len(asked) == 4
    assert [figure for figure in asked if figure.verdict != "met"] == []


def test_fronts_through_a_copper_pipe() -> None:
    assert all(
        figure.verdict in ("met", "") for figure in tugraz(need_data_with("measured/tugraz_pipe"))
    )


def test_a_buried_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    """pandapipes' own run of these rows is left to the benchmark: its figure stands here."""
    monkeypatch.setattr(
        "benchmarks.cases.buried.pandapipes_errors",
        lambda rows, measured, late: {"P2": 1.85, "P3": 1.58},
    )
    assert all(
        figure.verdict in ("met", "") for figure in ait(need_data_with("measured/ait_pongau"))
    )


def test_a_common_exercise_stays_in_the_participants_band() -> None:
    figures = ce0(need_data_with("destest/peer_results_ce0"))
    assert len(figures) == 18
    assert [figure.quantity for figure in figures if figure.verdict != "met"] == []


def test_more_tests_in_a_folder_of_the_same_form_are_run(tmp_path: Path) -> None:
    """A test of a new name: water at the room's temperature stays there."""
    folder = tmp_path / "measured" / "ulg_pipe"
    folder.mkdir(parents=True)
    (folder / "tests.csv").write_text("test,rows\nnew,3\n")
    rows = [f"new,{t},1.2,18.0,18.0,18.0,18.0" for t in (0, 50, 100)]
    header = "test,time_s,m_kg_s,T_wall_out_C,T_water_out_C,T_wall_in_C,T_water_in_C"
    (folder / "data.csv").write_text("\n".join([header, *rows]) + "\n")
    (figure,) = ulg(tmp_path)
    assert figure.case == "ULg new"
    assert figure.ours < 1e-6
    assert figure.verdict == ""


def test_a_miss_is_shown_as_one() -> None:
    figure = Figure(
        case="c", quantity="q", unit="K", ours=2.0, peers={"other": 1.5}, at_most=1.0, note="why"
    )
    assert figure.verdict == "missed"
    assert "| c | q, K | 2 | <= 1 | missed | other 1.5 | why |" in as_markdown([figure])
    assert as_json([figure])[0]["verdict"] == "missed"
