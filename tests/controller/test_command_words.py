"""Words that make no sense: usage for people, the JSON of every bad input for programs."""

import json
import os
import threading
from pathlib import Path

import pytest

from controller.cli import main
from drivers.weather.csv_file import read_weather_file
from tests.site.sound import SOUND

WRONG = {
    "no such command": (["fly"], "invalid choice: 'fly'"),
    "a site that is missing": (["check"], "the following arguments are required: SITE"),
    "a word for a number": (
        ["simulate", "x", "--weather", "w", "--start", "t", "--out", "o", "--hours", "two"],
        "invalid float value: 'two'",
    ),
    "an option that there is not": (["check", "x", "--fast"], "unrecognized arguments: --fast"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_words_are_bad_input(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, says = WRONG[name]
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--json"])
    said = capsys.readouterr()
    assert said.err == ""
    (error,) = json.loads(said.out)["errors"]
    assert says in error["message"]
    with pytest.raises(SystemExit, match="2"):
        main(words)
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.startswith("usage: heatwarden")


def test_weather_may_come_through_a_pipe(tmp_path: Path) -> None:
    """As from `--weather <(zcat archive.csv.gz)`: it can be read once only."""
    pipe = tmp_path / "weather.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(SOUND["weather.csv"]))
    writer.start()
    series = read_weather_file(pipe)
    writer.join()
    assert len(series.times) == 3
