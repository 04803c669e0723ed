"""Balancing: few turns that warm the coldest flats, lawful, and nothing turned for nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.balancing import spoilt, turned
from benchmarks.cases.cities import city, cold_wave
from controller.cli import main
from controller.paths import config_dir
from optimizer.balance import BalanceTask, Balancing, balance
from optimizer.baseline import baseline_schedule, starting_state
from optimizer.comparison import newly_passed
from optimizer.model.network import StationControl
from optimizer.model.policy import District
from optimizer.round import choice_solver

MOST = 4


@pytest.fixture(scope="module")
def badly() -> BalanceTask:
    """Thirty stations whose valves stand, the near half too open, and pumps a little too weak."""
    built = city(30, 2, seed=6)
    stations = tuple(
        replace(one, control=StationControl.FIXED, offset_range_k=None, opening_pct=45.0)
        for one in built.network.stations
    )
    network = spoilt(replace(built.network, stations=stations))
    control = replace(built.control, fallback_speed_pct=62.0)
    district = replace(built, network=network, control=control)
    weather = cold_wave(district, 36)
    state = starting_state(district, weather, None)
    curve = baseline_schedule(district, weather, state)
    return BalanceTask(district=district, state=state, forecast=weather, schedule=curve)


@pytest.fixture(scope="module")
def found(badly: BalanceTask) -> Balancing:
    return balance(badly, MOST, choice_solver(), lambda _: None)


def test_a_few_turns_warm_the_coldest_flats(found: Balancing) -> None:
    assert 1 <= len(found.turns) <= MOST
    assert found.after.comfort.max_shortfall_k < found.before.comfort.max_shortfall_k - 0.05
    assert found.after.comfort.shortfall_k_h < found.before.comfort.shortfall_k_h


def test_the_list_passes_no_limit_that_was_kept(found: Balancing) -> None:
    assert not newly_passed(found.before, found.after)


def test_turns_are_in_whole_percent_within_what_a_valve_can(found: Balancing) -> None:
    for turn in found.turns:
        assert turn.to_pct == round(turn.to_pct)
        assert 0.0 < turn.to_pct <= 100.0
        assert abs(turn.to_pct - turn.from_pct) >= 1.0


def test_every_turn_is_missed_when_it_is_left_out(found: Balancing) -> None:
    for turn in found.turns:
        assert turn.largest_k >= 0.01 or turn.shortfall_k_h >= 0.1


def test_what_is_in_balance_already_is_left_alone(badly: BalanceTask, found: Balancing) -> None:
    warm = replace(
        badly.district,
        network=replace(
            turned(badly.district.network, found),
            buildings=tuple(
                replace(one, min_indoor_c=5.0) for one in badly.district.network.buildings
            ),
        ),
    )
    again = balance(replace(badly, district=warm), MOST, choice_solver(), lambda _: None)
    assert again.turns == ()
    assert again.after == again.before


def test_a_station_that_sends_its_water_back_hot_is_named(badly: BalanceTask) -> None:
    network = badly.district.network
    # An exchanger that has lost most of its surface cools its water hardly at all.
    clogged = network.stations[7]
    stations = tuple(
        replace(one, hx_ua_kw_k=0.05 * one.hx_ua_kw_k, opening_pct=100.0) if one is clogged else one
        for one in network.stations
    )
    sick: District = replace(badly.district, network=replace(network, stations=stations))
    named = balance(replace(badly, district=sick), 1, choice_solver(), lambda _: None)
    assert clogged.station_id in [one.station_id for one in named.short_circuits]


def test_the_command_gives_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    site = config_dir() / "old-east"
    words = ["balance", str(site), "--weather", str(site / "weather.csv"), "--hours", "12"]
    words += ["--valves", "1", "--json", "--start"]
    assert main([*words, "2026-01-17T00:00:00+08:00"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"turns", "short_circuits", "before", "after"} <= set(answer)
    assert len(answer["turns"]) <= 1
    assert np.isfinite(answer["before"]["comfort"]["shortfall_k_h"])
    assert main([*words, "2026-01-17T00:00"]) == 2
    assert "offset" in json.loads(capsys.readouterr().out)["errors"][0]["message"]


def test_where_every_station_sets_its_own_valve_there_is_none_to_turn(badly: BalanceTask) -> None:
    own = tuple(
        replace(one, control=StationControl.COMPENSATED) for one in badly.district.network.stations
    )
    district = replace(badly.district, network=replace(badly.district.network, stations=own))
    found = balance(replace(badly, district=district), MOST, choice_solver(), lambda _: None)
    assert found.turns == ()
    assert found.after == found.before
