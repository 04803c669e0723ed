"""What if: a study on a copy of a site changes what it says and nothing else."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from controller.case import Case, read_case
from controller.paths import config_dir
from controller.problems import InputError
from controller.study import read_study
from controller.study_arguments import add_study_arguments
from optimizer.renewals import RETROFIT_FACTOR
from optimizer.what_if import renewed
from tests.planning.conftest import START

SITE = config_dir() / "old-east"


def studied(*words: str, tell: Callable[[str], None] = lambda _: None) -> Case:
    parser = argparse.ArgumentParser()
    add_study_arguments(parser)
    return read_case(
        str(SITE),
        str(SITE / "weather.csv"),
        START,
        2.0,
        shortest_h=1.0,
        longest_h=96.0,
        tell=tell,
        study=read_study(parser.parse_args(words)),
    )


@pytest.fixture(scope="module")
def usual() -> Case:
    return studied()


def test_a_changed_limit_a_plant_and_a_cell_of_a_table() -> None:
    district = studied(
        *("--set", "limits.max_makeup_m3_h=7.5"),
        *("--set", "plant.P1.max_supply_temp_c=101"),
        *("--set", "buildings.B011.worst_flat_beta=0.2"),
    ).site.district
    assert district.limits.max_makeup_m3_h == 7.5
    assert district.network.plants[0].max_supply_temp_c == 101.0
    changed = district.network.buildings[district.network.building_index["B011"]]
    assert changed.worst_flat_beta == 0.2


def test_a_pipe_that_is_taken_out_carries_nothing(usual: Case) -> None:
    network = usual.site.district.network
    pipe = network.pipes[-1].pipe_id
    closed = studied("--without-pipe", pipe).site.district.network
    assert [one.pipe_id for one in closed.pipes if not one.in_service] == [pipe]


def test_a_station_that_is_cut_off_is_told_of(usual: Case) -> None:
    network = usual.site.district.network
    last = next(one for one in network.pipes if one.to_node == network.stations[-1].node_id)
    said: list[str] = []
    studied("--without-pipe", last.pipe_id, tell=said.append)
    assert [one for one in said if network.stations[-1].station_id in one and "no heat" in one]
    said.clear()
    studied(tell=said.append)
    assert not [one for one in said if "no heat" in one]


def test_a_retrofit_leaves_so_much_of_the_loss(usual: Case) -> None:
    before = usual.site.district.network.buildings[0]
    after = studied("--retrofit", f"{before.building_id}=0.7").site.district.network.buildings
    assert after[0].ua_kw_k == pytest.approx(0.7 * before.ua_kw_k)
    assert after[1:] == usual.site.district.network.buildings[1:]


@pytest.mark.parametrize(
    ("words", "idle"),
    [
        (["--retrofit", "B011=1.0"], ["--retrofit B011=1 "]),
        (["--lost-boiler", "P1=0"], ["--lost-boiler P1=0 "]),
        (["--retrofit", "B011=0.9", "--lost-boiler", "2"], []),
    ],
)
def test_words_that_change_nothing_are_told_of(words: list[str], idle: list[str]) -> None:
    said: list[str] = []
    studied(*words, tell=said.append)
    found = [one for one in said if "has no effect" in one]
    assert len(found) == len(idle)
    assert all(one.startswith(word) for one, word in zip(found, idle, strict=True))


def test_a_lost_boiler_and_a_shift_begin_with_the_plan(usual: Case) -> None:
    case = studied("--lost-boiler", "10", "--lost-boiler", "P1=2", "--weather-shift", "-4")
    lost = usual.site.district.network.plants[0].max_heat_mw - 12.0
    assert case.site.district.network.plants[0].max_heat_mw == lost
    colder = case.forecast.outdoor_temp_c - usual.forecast.outdoor_temp_c
    hours = np.arange(colder.shape[-1]) * case.forecast.step_s / 3600.0
    assert colder == pytest.approx(np.broadcast_to(-np.minimum(hours, 4.0), colder.shape))
    assert case.state.indoor_temp_c == pytest.approx(usual.state.indoor_temp_c)


def test_the_files_stay_as_they_are() -> None:
    before = {path: path.read_bytes() for path in sorted(Path(SITE).glob("*.*"))}
    studied("--set", "limits.max_makeup_m3_h=7.5", "--without-pipe", "LN071")
    assert before == {path: path.read_bytes() for path in sorted(Path(SITE).glob("*.*"))}


def test_a_renewed_pipe_is_nowhere_worse(usual: Case) -> None:
    for pipe in usual.site.district.network.pipes:
        new = renewed(pipe, 2026)
        assert new.roughness_m <= pipe.roughness_m
        assert new.heat_loss_w_m_k <= pipe.heat_loss_w_m_k
        assert new.leak_m3_h <= pipe.leak_m3_h
        assert new.max_pressure_bar >= pipe.max_pressure_bar
        assert (new.length_m, new.inner_diameter_m) == (pipe.length_m, pipe.inner_diameter_m)
    assert 0.0 < RETROFIT_FACTOR < 1.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "limits.max_makup_m3_h=7"], "names no known key"),
        (["--set", "limit.max_makeup_m3_h=7"], "names no section or table"),
        (["--set", "limits.P1.max_makeup_m3_h=7"], "names an element of a section"),
        (["--set", "plant.max_heat_mw=7"], "names no element"),
        (["--set", "plant.P9.max_heat_mw=7"], "names an element that plant does not have"),
        (["--set", "pipes.P9.length_m=7"], "names an element that pipes does not have"),
        (["--set", "limits.max_makeup_m3_h"], "is not a change"),
        (["--set", "limits.max_makeup_m3_h=much"], "is not a number"),
        (["--set", "limits.max_makeup_m3_h=-4"], "outside the possible range"),
        (["--retrofit", "B001"], "names no element"),
        (["--retrofit", "B9999=0.7"], "names no building"),
        (["--retrofit", "B001=0"], "out of range"),
        (["--lost-boiler", "P9=1"], "names no plant"),
        (["--lost-boiler", "400"], "takes all of the"),
        (["--weather-shift", "nan"], "out of range"),
        (["--weather-shift", "cold"], "has no number"),
        (["--without-pipe", "P9"], "does not have"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        studied(*words)
    assert message in str(refused.value)
