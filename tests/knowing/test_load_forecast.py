"""The load forecast: nothing from tomorrow, better than yesterday, honest about what it knows."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optimizer.forecast.forecaster import QUANTILES, Forecaster, Issued, train
from optimizer.forecast.known import HOUR, Known, LookAheadError
from tests.knowing.records import end_of, made_up_archive, with_load

HOURS, TRAINED = 24 * 60, 24 * 50


@pytest.fixture(scope="module")
def trained() -> Forecaster:
    return train(made_up_archive(HOURS).until(TRAINED), leads=(6, 24, 72), every_h=2)


def test_tomorrows_load_is_refused_by_type() -> None:
    archive = made_up_archive(400)
    known = archive.known_at(300)
    with pytest.raises(LookAheadError, match="was not known at"):
        Known(
            issue_time=known.issue_time,
            past=archive.past,
            weather=known.weather,
            calendar=known.calendar,
        )


def test_a_weather_forecast_of_tomorrow_is_refused_by_type() -> None:
    known = made_up_archive(400).known_at(300)
    later = replace(known.weather, issue_time=known.issue_time + 24 * HOUR)
    with pytest.raises(LookAheadError, match="weather of"):
        replace(known, weather=later)


def test_the_whole_record_in_the_place_of_what_was_known_is_refused_by_type(
    trained: Forecaster,
) -> None:
    archive = made_up_archive(400)
    with pytest.raises(LookAheadError, match="made from Known, not Archive"):
        trained.forecast(archive, 24)  # type: ignore[arg-type]
    with pytest.raises(LookAheadError, match="a Past and a WeatherIssue"):
        replace(archive.known_at(300), past=archive)  # type: ignore[arg-type]


def test_the_type_checker_refuses_it_too(tmp_path: Path) -> None:
    wrong = tmp_path / "look_ahead.py"
    wrong.write_text(
        "from optimizer.forecast.forecaster import Forecaster, LoadForecast\n"
        "from optimizer.forecast.known import Archive\n"
        "def tomorrow(ours: Forecaster, record: Archive) -> LoadForecast:\n"
        "    return ours.forecast(record, 24)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'incompatible type "Archive"; expected "Known"' in done.stdout


def test_what_comes_later_does_not_change_a_forecast() -> None:
    archive = made_up_archive(700)
    other = replace(
        archive, past=with_load(archive.past, np.r_[archive.past.load_kw[:501], [9e9] * 199])
    )
    ours, theirs = (train(one.until(500), leads=(24,), every_h=3) for one in (archive, other))
    for one in (archive, other):
        assert one.known_at(500).past.hours == 501
    first = ours.forecast(archive.known_at(500), 24)
    second = theirs.forecast(other.known_at(500), 24)
    assert np.array_equal(first.load_kw, second.load_kw)
    assert np.array_equal(first.quantiles_kw, second.quantiles_kw)


def test_it_is_better_than_persistence_and_its_quantiles_hold(trained: Forecaster) -> None:
    archive = made_up_archive(HOURS)
    load = archive.past.load_kw
    ours, naive, inside = [], [], []
    for index in range(TRAINED, HOURS - 73, 5):
        found = trained.forecast(archive.known_at(index), 72)
        came = load[index + 1 : index + 73]
        ours.append(np.abs(found.load_kw / came - 1.0))
        naive.append(np.abs(load[index - 23 : index + 1] / came[:24] - 1.0))
        low, high = (found.quantiles_kw[:, QUANTILES.index(level)] for level in (0.1, 0.9))
        inside.append((came >= low) & (came <= high))
        assert found.learned
        assert (np.diff(found.quantiles_kw, axis=1) >= 0.0).all()
    assert np.mean(ours) < 0.6 * np.mean(naive)
    assert 0.65 < np.mean(inside) < 0.95


def test_quantiles_follow_the_errors_of_the_last_week_as_they_were_issued(
    trained: Forecaster,
) -> None:
    archive = made_up_archive(HOURS)
    changed = archive.past.load_kw * np.where(np.arange(HOURS) < TRAINED, 1.0, 1.15)
    archive = replace(archive, past=with_load(archive.past, changed))
    issued: list[Issued] = []
    inside: dict[bool, list[bool]] = {True: [], False: []}
    low, high = QUANTILES.index(0.1), QUANTILES.index(0.9)
    for index in range(TRAINED, HOURS - 24, 2):
        known = archive.known_at(index)
        for follows in (True, False):
            found = trained.forecast(known, 24, issued if follows else ())
            came, said = changed[index + 24], found.quantiles_kw[-1]
            inside[follows].append(bool(said[low] <= came <= said[high]))
        issued.append(found.issued)
    late = slice(len(inside[True]) // 2, None)
    covered = {follows: np.mean(seen[late]) for follows, seen in inside.items()}
    assert covered[True] > covered[False] + 0.1
    assert 0.65 <= covered[True] <= 0.95
    with pytest.raises(LookAheadError, match="issued later"):
        trained.forecast(archive.known_at(TRAINED), 24, issued)


def test_with_little_to_learn_from_physics_stands_alone() -> None:
    archive = made_up_archive(24 * 8)
    found = train(archive.until(24 * 6)).forecast(archive.known_at(24 * 6), 24)
    assert not found.learned
    assert np.array_equal(found.load_kw, found.physics_kw)
    came = archive.past.load_kw[24 * 6 + 1 :][:24]
    assert np.mean(np.abs(found.load_kw / came - 1.0)) < 0.25


def test_gaps_in_load_and_weather_are_bridged_from_the_past(trained: Forecaster) -> None:
    archive = made_up_archive(HOURS)
    load = np.array(archive.past.load_kw)
    load[TRAINED - 30 : TRAINED + 1] = np.nan
    gappy = replace(archive, past=with_load(archive.past, load))
    found = trained.forecast(gappy.known_at(TRAINED), 72)
    assert np.isfinite(found.quantiles_kw).all()
    came = archive.past.load_kw[TRAINED + 1 : TRAINED + 73]
    assert np.mean(np.abs(found.load_kw / came - 1.0)) < 0.15


def test_a_lead_beyond_the_weather_is_refused(trained: Forecaster) -> None:
    known = made_up_archive(HOURS).known_at(TRAINED)
    with pytest.raises(ValueError, match="the weather reaches 72 h ahead, not 73"):
        trained.forecast(known, 73)


def test_hours_are_named_by_their_end() -> None:
    archive = made_up_archive(300)
    known = archive.known_at(200)
    assert known.issue_time == end_of(archive.past, 200)
    assert known.target_ends(2)[1] == end_of(archive.past, 202)
